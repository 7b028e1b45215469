//! Changing what a page says: only what is named, and only the version that was looked at.

use diesel::prelude::*;

use super::PageId;
use super::model::{Page, name_key};
use super::ops::{campaign_of, fits};
use crate::db::Conn;
use crate::db::schema::pages;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Money, Timestamp};
use crate::media::{self, MediaId};
use crate::web::Site;
use crate::web::markdown::Story;

/// What is to be changed of a page; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Its title.
    pub title: Option<Line>,
    /// How the participant is called in public.
    pub participant: Option<Line>,
    /// Its story; empty shows the campaign's.
    pub story: Option<Story>,
    /// How much it wants to raise, in the campaign's currency.
    pub goal: Option<Money>,
    /// Its photograph; `Some(None)` takes it away.
    pub photo: Option<Option<MediaId>>,
    /// What the photograph shows.
    pub photo_alt: Option<String>,
    /// The same person's page of an earlier season.
    pub previous: Option<PageId>,
    /// Where the guided start goes on.
    pub step: Option<&'static str>,
}

#[derive(AsChangeset)]
#[diesel(table_name = pages)]
struct Row<'a> {
    title: Option<&'a str>,
    participant: Option<&'a str>,
    name_key: Option<String>,
    story: Option<&'a str>,
    goal: Option<i64>,
    photo: Option<Option<String>>,
    photo_alt: Option<&'a str>,
    previous_id: Option<PageId>,
    draft_step: Option<&'a str>,
    updated_at: Timestamp,
}

/// What came of a change.
#[derive(Debug, Clone, Copy)]
pub struct Changed {
    /// Which version the page is now.
    pub version: Timestamp,
    /// A photograph that no page shows any more; after the commit, call [`Changed::tell`].
    pub removed: Option<MediaId>,
}

impl Changed {
    /// After the commit: the page's views are made anew, and a photograph that is gone is served no more.
    pub fn tell(&self, site: &Site, page: PageId) {
        site.views.changed("page", &page.to_string());
        if let Some(photo) = self.removed {
            media::withdrawn(site, photo);
        }
    }
}

/// Changes a page that still is at version `base` (in whatever version, when `None`).
///
/// # Errors
/// [`AppError::Conflict`] `changed_meanwhile`; [`AppError::Invalid`] for a goal that is not the campaign's;
/// [`AppError::NotFound`].
pub fn change(
    conn: &mut Conn,
    page: PageId,
    changes: &Changes,
    base: Option<Timestamp>,
    now: Timestamp,
) -> AppResult<Changed> {
    let query = pages::table.find(page);
    let found: Option<Page> =
        each!(conn, c => query.select(Page::as_select()).first(c).optional())?;
    let found = found.ok_or(AppError::NotFound("the page"))?;
    if base.is_some_and(|base| base != found.version()) {
        return Err(AppError::Conflict {
            code: "changed_meanwhile",
            detail: "this page was changed meanwhile, in another window or by somebody else".into(),
        });
    }
    if let Some(goal) = changes.goal {
        fits(&campaign_of(conn, page)?, goal)?;
    }
    // Two changes in one instant are two versions all the same.
    let version = now.max(found.version().plus(chrono::Duration::microseconds(1)));
    let participant = changes.participant.as_ref().map(Line::as_str);
    let row = Row {
        title: changes.title.as_ref().map(Line::as_str),
        participant,
        name_key: participant.map(name_key),
        story: changes.story.as_ref().map(Story::as_str),
        goal: changes.goal.map(Money::minor),
        photo: changes.photo.map(|photo| photo.map(|id| id.to_string())),
        photo_alt: changes.photo_alt.as_deref(),
        previous_id: changes.previous,
        draft_step: changes.step,
        updated_at: version,
    };
    each!(conn, c => diesel::update(pages::table.find(page)).set(&row).execute(c))?;
    // One that is set on a page that is away stays unseen; just taken in, it has no views yet.
    if let Some(Some(_)) = changes.photo {
        drop(super::photos::follow(conn, page, now)?);
    }
    let old = found.photograph();
    let removed = match (old, changes.photo) {
        (Some(old), Some(new)) if new != Some(old) => remove_unused(conn, old, now)?,
        _ => None,
    };
    Ok(Changed { version, removed })
}

/// Removes a photograph unless another page (one that was brought over) shows it too.
fn remove_unused(conn: &mut Conn, photo: MediaId, now: Timestamp) -> AppResult<Option<MediaId>> {
    let query = pages::table.filter(pages::photo.eq(photo.to_string()));
    if each!(conn, c => query.count().get_result::<i64>(c))? > 0 {
        return Ok(None);
    }
    media::remove(conn, photo, now)?;
    Ok(Some(photo))
}

//! Photographs are seen while what they stand on is (S17): a page's own and its updates' until the page is hidden or put
//! away, its diary's on public days of a public diary of a live page. Else their owner
//! and the campaign's staff alone see them, a private day's the owner alone.
//!
//! It stands here, below the diary and the updates, since a page that moves takes all its photographs along.

use diesel::prelude::*;

use super::PageId;
use super::model::PageStatus;
use crate::db::Conn;
use crate::db::schema::{diary_entries, media, page_updates, pages};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::media::{self as photographs, MediaId};
use crate::web::Site;

/// Out of sight, with its photograph and its updates': a draft is not, since its photograph is tried on in its preview.
const AWAY: [PageStatus; 2] = [PageStatus::Hidden, PageStatus::Archived];

/// Photographs that came out of sight, or into it.
#[derive(Debug, Clone, Default)]
#[must_use = "views of hidden photographs are to be withdrawn after the commit"]
pub struct Followed {
    /// Seen no more by strangers.
    pub hidden: Vec<MediaId>,
    /// Seen again.
    pub shown: Vec<MediaId>,
}

impl Followed {
    /// After the commit: no view of a hidden photograph stands in, even while the database is away.
    pub fn tell(&self, site: &Site) {
        for id in &self.hidden {
            photographs::withdrawn(site, *id);
        }
        for id in &self.shown {
            photographs::shown_again(site, *id);
        }
    }
}

/// Hides and shows the photographs of a page, its updates and its diary as these are now. Then [`Followed::tell`].
///
/// # Errors
/// The database's.
pub fn follow(conn: &mut Conn, page: PageId, now: Timestamp) -> AppResult<Followed> {
    let query =
        pages::table
            .find(page)
            .select((pages::status, pages::is_diary_public, pages::photo));
    let found: Option<(PageStatus, bool, Option<String>)> =
        each!(conn, c => query.first(c).optional())?;
    let Some((status, is_diary_public, own)) = found else {
        return Ok(Followed::default());
    };
    let is_away = AWAY.contains(&status);
    let (mut seen, mut unseen) = (Vec::new(), Vec::new());
    let mut sort = |photo: MediaId, is_seen: bool| {
        if is_seen {
            seen.push(photo);
        } else {
            unseen.push(photo);
        }
    };
    if let Some(own) = photographs::named(own.as_deref()) {
        sort(own, own_is_seen(conn, (page, status), own)?);
    }
    let news = page_updates::table
        .filter(page_updates::page_id.eq(page))
        .filter(page_updates::removed_at.is_null())
        .filter(page_updates::photo.is_not_null())
        .select(page_updates::photo.assume_not_null());
    let news: Vec<MediaId> = each!(conn, c => news.load(c))?;
    for photo in news {
        sort(photo, !is_away);
    }
    let days = diary_entries::table
        .filter(diary_entries::page_id.eq(page))
        .filter(diary_entries::photo.is_not_null())
        .select((
            diary_entries::photo.assume_not_null(),
            diary_entries::is_public,
        ));
    let days: Vec<(MediaId, bool)> = each!(conn, c => days.load(c))?;
    for (photo, is_public) in days {
        sort(
            photo,
            is_public && is_diary_public && status == PageStatus::Live,
        );
    }
    let mut followed = Followed::default();
    if !unseen.is_empty() {
        let target = media::table
            .filter(media::id.eq_any(unseen))
            .filter(media::removed_at.is_null())
            .filter(media::hidden_at.is_null());
        followed.hidden = each!(conn, c => diesel::update(target)
            .set(media::hidden_at.eq(Some(now)))
            .returning(media::id)
            .get_results(c))?;
    }
    if !seen.is_empty() {
        let target = media::table
            .filter(media::id.eq_any(seen))
            .filter(media::removed_at.is_null())
            .filter(media::hidden_at.is_not_null());
        followed.shown = each!(conn, c => diesel::update(target)
            .set(media::hidden_at.eq(None::<Timestamp>))
            .returning(media::id)
            .get_results(c))?;
    }
    Ok(followed)
}

/// Whether a page's own photograph is seen. A page that is brought over shares it with last season's: put away there, it is
/// seen here; what staff hid with a page is seen on no other.
fn own_is_seen(
    conn: &mut Conn,
    (page, status): (PageId, PageStatus),
    photo: MediaId,
) -> AppResult<bool> {
    let is_away = AWAY.contains(&status);
    let is_shown = photographs::find(conn, photo)?.is_some_and(|media| media.hidden_at.is_none());
    // Photographs have no index of their pages: those are looked for only where it may matter.
    if status == PageStatus::Hidden || (!is_away && is_shown) {
        return Ok(!is_away);
    }
    let others = pages::table
        .filter(pages::photo.eq(photo.to_string()))
        .filter(pages::id.ne(page))
        .select(pages::status);
    let others: Vec<PageStatus> = each!(conn, c => others.load(c))?;
    let is_on_a_seen_one = others.iter().any(|other| !AWAY.contains(other));
    Ok(!others.contains(&PageStatus::Hidden) && (!is_away || is_on_a_seen_one))
}

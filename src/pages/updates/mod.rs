//! News on a page: a few words of its owner, with a photograph perhaps, newest first.
//!
//! Posted news is shown until it is taken down, with its photograph; it is never edited, since people may have answered it.

pub mod html;
mod view;

pub use view::NewsView;

use diesel::prelude::*;

use super::PageId;
use crate::db::Conn;
use crate::db::schema::{media, page_updates};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Limit, Listed, Timestamp};
use crate::media::{Media, MediaId, PhotoView};
use crate::web::markdown::Story;

crate::id!(
    /// News on a page.
    pub UpdateId,
    "upd"
);

/// Characters of one piece of news at most.
pub const BODY_MAX: usize = 4_000;

/// News that one page posts in a day at most.
const A_DAY: i64 = 12;

/// News on a page.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = page_updates)]
pub struct Update {
    /// The id.
    pub id: UpdateId,
    /// On which page.
    pub page_id: PageId,
    /// Markdown.
    pub body: String,
    /// Its photograph, if there is one.
    pub photo: Option<MediaId>,
    /// What the photograph shows.
    pub photo_alt: String,
    /// When it was posted.
    pub created_at: Timestamp,
}

/// News and its photograph.
#[derive(Debug, Clone, Queryable)]
pub struct News {
    /// The news.
    pub update: Update,
    /// Its photograph's row.
    pub media: Option<Media>,
}

impl News {
    /// The photograph, while everybody may see it.
    pub fn photo(&self) -> Option<PhotoView> {
        let media = self.media.as_ref()?;
        (media.hidden_at.is_none() && media.removed_at.is_none())
            .then(|| PhotoView::new(media, &self.update.photo_alt))
    }
}

/// News to be posted.
#[derive(Debug, Clone)]
pub struct PostUpdate {
    /// The id, made by the caller.
    pub id: UpdateId,
    /// On which page.
    pub page: PageId,
    /// Its words.
    pub body: Story,
    /// Its photograph, recorded in the same transaction.
    pub photo: Option<MediaId>,
    /// What the photograph shows.
    pub photo_alt: String,
}

/// The words of news.
///
/// # Errors
/// 422 on `body`.
pub fn parse_body(text: &str) -> AppResult<Story> {
    let wrong = |message: String| AppError::field("body", message);
    let text = parse_lines(text, BODY_MAX).map_err(|bad| match bad {
        BadText::Empty => wrong("write what is new".into()),
        bad => wrong(bad.to_string()),
    })?;
    Story::parse(&text).map_err(|bad| wrong(bad.to_string()))
}

/// A page's news, newest first, going on after a piece of it; its cost is that of `limit` rows.
///
/// # Errors
/// The database's.
pub fn newest(
    conn: &mut Conn,
    page: PageId,
    after: Option<UpdateId>,
    limit: Limit,
) -> AppResult<Listed<News>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            each!(conn, c => page_updates::table
                .left_join(media::table.on(media::id.nullable().eq(page_updates::photo)))
                .filter(page_updates::page_id.eq(page))
                .filter(page_updates::removed_at.is_null())
                $(.filter($condition))?
                .order(page_updates::id.desc())
                .limit(limit.and_one())
                .select((Update::as_select(), Option::<Media>::as_select()))
                .load(c))
        };
    }
    let rows: Vec<News> = match after {
        None => load!()?,
        Some(id) => load!(page_updates::id.lt(id))?,
    };
    Ok(Listed::cut(rows, limit, |news| news.update.id))
}

/// Posts news. Then say that the page changed.
///
/// # Errors
/// [`AppError::Unprocessable`] `too_many_updates` for more than twelve in a day.
pub fn post(conn: &mut Conn, new: &PostUpdate, now: Timestamp) -> AppResult<()> {
    let lately = page_updates::table
        .filter(page_updates::page_id.eq(new.page))
        .filter(page_updates::created_at.gt(now.plus(chrono::Duration::hours(-24))))
        .count();
    if each!(conn, c => lately.get_result::<i64>(c))? >= A_DAY {
        return Err(AppError::Unprocessable {
            code: "too_many_updates",
            detail: "that is a lot of news for one day; please go on tomorrow".into(),
        });
    }
    let row = (
        page_updates::id.eq(new.id),
        page_updates::page_id.eq(new.page),
        page_updates::body.eq(new.body.as_str()),
        page_updates::photo.eq(new.photo),
        page_updates::photo_alt.eq(&new.photo_alt),
        page_updates::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(page_updates::table).values(row).execute(c))?;
    if new.photo.is_some() {
        // Of a page that is away it stays unseen; just taken in, it has no views yet.
        drop(super::photos::follow(conn, new.page, now)?);
    }
    Ok(())
}

/// Takes news down, and its photograph with it; answers the photograph. Taking it down again changes nothing. Then say that
/// the page and the photograph are withdrawn.
///
/// # Errors
/// [`AppError::NotFound`] for news of another page.
pub fn remove(
    conn: &mut Conn,
    page: PageId,
    id: UpdateId,
    now: Timestamp,
) -> AppResult<Option<MediaId>> {
    let found = page_updates::table
        .filter(page_updates::id.eq(id))
        .filter(page_updates::page_id.eq(page))
        .select(page_updates::photo);
    let found: Option<Option<MediaId>> = each!(conn, c => found.first(c).optional())?;
    let photo = found.ok_or(AppError::NotFound("this update"))?;
    let target = page_updates::table
        .filter(page_updates::id.eq(id))
        .filter(page_updates::removed_at.is_null());
    each!(conn, c => diesel::update(target)
        .set(page_updates::removed_at.eq(Some(now)))
        .execute(c))?;
    if let Some(photo) = photo {
        crate::media::remove(conn, photo, now)?;
    }
    Ok(photo)
}

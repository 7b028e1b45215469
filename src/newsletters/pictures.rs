//! Pictures for newsletters: drawings, places, things. Who is in a picture has to agree, so pictures of people come with
//! their story, which stands on consents (S17).

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{media as media_table, newsletter_pictures};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Line, Timestamp};
use crate::media::{self, Media, MediaId, NewMedia};

/// Pictures to choose from at most: the newest ones.
const MOST: i64 = 60;

/// A picture to choose.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = newsletter_pictures)]
pub struct Picture {
    /// Its files.
    pub media_id: MediaId,
    /// What it shows, for people who cannot see it.
    pub alt: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// Adds a picture; its files lie there.
///
/// # Errors
/// The database's.
pub fn add(
    conn: &mut Conn,
    taken: &NewMedia,
    alt: &Line,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    media::insert(conn, taken, now)?;
    let row = (
        newsletter_pictures::media_id.eq(taken.id),
        newsletter_pictures::alt.eq(alt.as_str()),
        newsletter_pictures::made_by.eq(by),
        newsletter_pictures::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(newsletter_pictures::table).values(row).execute(c))?;
    Ok(())
}

/// The newest pictures.
///
/// # Errors
/// The database's.
pub fn newest(conn: &mut Conn) -> AppResult<Vec<Picture>> {
    let query = newsletter_pictures::table
        .inner_join(media_table::table.on(media_table::id.eq(newsletter_pictures::media_id)))
        .filter(media_table::removed_at.is_null())
        .order(newsletter_pictures::media_id.desc())
        .limit(MOST);
    Ok(each!(conn, c => query.select(Picture::as_select()).load(c))?)
}

/// Those of these pictures that were added for newsletters and are shown; any other picture has a story, a page or a consent
/// of its own to go by.
///
/// # Errors
/// The database's.
pub(super) fn among(conn: &mut Conn, ids: &[MediaId]) -> AppResult<Vec<Media>> {
    let query = newsletter_pictures::table
        .filter(newsletter_pictures::media_id.eq_any(ids))
        .select(newsletter_pictures::media_id);
    let known: Vec<MediaId> = each!(conn, c => query.load(c))?;
    media::by_ids(conn, &known)
}

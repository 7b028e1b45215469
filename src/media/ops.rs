//! Taking photographs into the records, and out of sight.

use diesel::prelude::*;

use super::model::MediaId;
use super::take::NewMedia;
use crate::db::Conn;
use crate::db::schema::media;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// Records a photograph whose files lie there; shown from now on.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, new: &NewMedia, now: Timestamp) -> AppResult<()> {
    let row = (
        media::id.eq(new.id),
        media::owner_id.eq(new.owner),
        media::used_for.eq(new.used_for),
        media::width.eq(new.width),
        media::height.eq(new.height),
        media::bytes.eq(new.bytes),
        media::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(media::table).values(row).execute(c))?;
    Ok(())
}

/// Hides a photograph from all but its owner and staff; hiding it again changes nothing. Then call [`super::withdrawn`].
///
/// # Errors
/// [`AppError::Conflict`] `photo_removed` for one that is removed or was never there.
pub fn hide(conn: &mut Conn, id: MediaId, now: Timestamp) -> AppResult<()> {
    let target = media::table
        .filter(media::id.eq(id))
        .filter(media::removed_at.is_null());
    one(each!(conn, c => diesel::update(target)
        .set(media::hidden_at.eq(Some(now)))
        .execute(c))?)
}

/// Shows a hidden photograph again. Then call [`super::shown_again`].
///
/// # Errors
/// As [`hide`].
pub fn show(conn: &mut Conn, id: MediaId) -> AppResult<()> {
    let target = media::table
        .filter(media::id.eq(id))
        .filter(media::removed_at.is_null());
    one(each!(conn, c => diesel::update(target)
        .set(media::hidden_at.eq(None::<Timestamp>))
        .execute(c))?)
}

/// Removes a photograph for good: it is served to nobody from the commit on, and a job takes its files away. Removing it
/// again changes nothing. Then call [`super::withdrawn`].
///
/// # Errors
/// The database's.
pub fn remove(conn: &mut Conn, id: MediaId, now: Timestamp) -> AppResult<()> {
    let target = media::table
        .filter(media::id.eq(id))
        .filter(media::removed_at.is_null());
    each!(conn, c => diesel::update(target)
        .set(media::removed_at.eq(Some(now)))
        .execute(c))?;
    Ok(())
}

/// Notes that the files of removed photographs are gone.
pub(super) fn swept(conn: &mut Conn, ids: &[MediaId]) -> AppResult<()> {
    let target = media::table.filter(media::id.eq_any(ids));
    each!(conn, c => diesel::update(target).set(media::bytes.eq(0)).execute(c))?;
    Ok(())
}

fn one(changed: usize) -> AppResult<()> {
    if changed == 1 {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "photo_removed",
        detail: "this photo is not there any more".into(),
    })
}

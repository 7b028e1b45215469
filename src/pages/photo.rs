//! The photograph of a page, from the form to the row.

use super::changes::Changes;
use crate::auth::UserId;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Timestamp;
use crate::media::{self, NewMedia, Use};
use crate::web::Site;
use crate::web::upload::Files;

/// What a form says about the photograph, besides the file.
pub(super) struct AboutPhoto<'a> {
    pub alt: &'a str,
    pub crop: &'a str,
    pub remove: bool,
}

/// Takes in the photograph that was sent, if one was; puts into `changes` what becomes of the page's.
///
/// # Errors
/// What hinders other than the picture or its words; those go into `faults`.
pub(super) async fn take(
    site: &Site,
    owner: UserId,
    mut files: Files,
    about: AboutPhoto<'_>,
    changes: &mut Changes,
    faults: &mut Vec<FieldError>,
) -> AppResult<Option<NewMedia>> {
    match media::parse_alt(about.alt) {
        Ok(alt) => changes.photo_alt = Some(alt),
        Err(AppError::Invalid(found)) => faults.extend(found),
        Err(other) => return Err(other),
    }
    let Some(bytes) = files.take("photo") else {
        if about.remove {
            changes.photo = Some(None);
            changes.photo_alt = Some(String::new());
        }
        return Ok(None);
    };
    match media::take(site, owner, Use::Page, media::crop_of(about.crop), bytes).await {
        Ok(new) => {
            changes.photo = Some(Some(new.id));
            Ok(Some(new))
        }
        Err(AppError::Invalid(found)) => {
            faults.extend(found);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// Records what [`take`] took in, in the transaction that uses it.
pub(super) fn insert(conn: &mut Conn, new: Option<&NewMedia>, now: Timestamp) -> AppResult<()> {
    match new {
        Some(new) => media::insert(conn, new, now),
        None => Ok(()),
    }
}

//! Passkeys (WebAuthn): a second factor that cannot be copied off a screen (S6).
//!
//! A ceremony has two steps; what the first must remember lies in `mailed_tokens`, good once and for ten minutes. Without
//! the feature `passkeys`, or at an address that is no domain name, there are none, and pages do not offer them.

use diesel::prelude::*;

use super::model::UserId;
use crate::db::Conn;
use crate::db::schema::passkeys;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Timestamp};

#[cfg(feature = "passkeys")]
mod ceremony;
#[cfg(not(feature = "passkeys"))]
#[path = "passkeys/none.rs"]
mod ceremony;

pub use ceremony::{Begun, Ceremonies};

crate::id!(
    /// A passkey.
    pub PasskeyId,
    "psk"
);

/// Passkeys of one account at most.
pub const MOST: usize = 10;

/// A passkey, as its owner sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = passkeys)]
pub struct Passkey {
    /// The id.
    pub id: PasskeyId,
    /// Whose.
    pub user_id: UserId,
    /// How its owner calls it.
    pub name: String,
    /// The credential as the library keeps it (JSON).
    pub credential: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last shown.
    pub used_at: Option<Timestamp>,
}

/// A passkey to be stored.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    /// The id, made by the caller.
    pub id: PasskeyId,
    /// Whose.
    pub user: UserId,
    /// How its owner calls it.
    pub name: Line,
    /// The device's own id of it.
    pub credential_id: String,
    /// The credential as the library keeps it (JSON).
    pub credential: String,
}

/// The passkeys of a user, oldest first.
///
/// # Errors
/// The database's.
pub fn of_user(conn: &mut Conn, user: UserId) -> AppResult<Vec<Passkey>> {
    let query = passkeys::table
        .filter(passkeys::user_id.eq(user))
        .order(passkeys::id);
    Ok(each!(conn, c => query.select(Passkey::as_select()).load(c))?)
}

/// Stores a passkey.
///
/// # Errors
/// [`AppError::Conflict`] `passkey_known` when the device's passkey is there already, `too_many` beyond [`MOST`].
pub fn insert(conn: &mut Conn, new: &NewPasskey, now: Timestamp) -> AppResult<()> {
    let known = passkeys::table
        .filter(passkeys::credential_id.eq(&new.credential_id))
        .count();
    if each!(conn, c => known.get_result::<i64>(c))? > 0 {
        return Err(AppError::Conflict {
            code: "passkey_known",
            detail: "this passkey is there already".into(),
        });
    }
    if of_user(conn, new.user)?.len() >= MOST {
        return Err(AppError::Conflict {
            code: "too_many",
            detail: format!("an account holds {MOST} passkeys; remove one first"),
        });
    }
    let row = (
        passkeys::id.eq(new.id),
        passkeys::user_id.eq(new.user),
        passkeys::credential_id.eq(&new.credential_id),
        passkeys::name.eq(new.name.as_str()),
        passkeys::credential.eq(&new.credential),
        passkeys::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(passkeys::table).values(row).execute(c))?;
    Ok(())
}

/// Notes that a passkey was shown, with what the library keeps of it since.
///
/// # Errors
/// The database's.
pub fn used(conn: &mut Conn, id: PasskeyId, credential: &str, now: Timestamp) -> AppResult<()> {
    each!(conn, c => diesel::update(passkeys::table.find(id))
        .set((passkeys::credential.eq(credential), passkeys::used_at.eq(now)))
        .execute(c))?;
    Ok(())
}

/// Calls a user's passkey otherwise.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn rename(conn: &mut Conn, user: UserId, id: PasskeyId, name: &Line) -> AppResult<()> {
    let target = passkeys::table.find(id).filter(passkeys::user_id.eq(user));
    match each!(conn, c => diesel::update(target).set(passkeys::name.eq(name.as_str())).execute(c))?
    {
        0 => Err(AppError::NotFound("the passkey")),
        _ => Ok(()),
    }
}

/// Removes a user's passkey.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn remove(conn: &mut Conn, user: UserId, id: PasskeyId) -> AppResult<()> {
    let target = passkeys::table.find(id).filter(passkeys::user_id.eq(user));
    match each!(conn, c => diesel::delete(target).execute(c))? {
        0 => Err(AppError::NotFound("the passkey")),
        _ => Ok(()),
    }
}

/// Removes all passkeys of a user.
///
/// # Errors
/// The database's.
pub fn remove_all(conn: &mut Conn, user: UserId) -> AppResult<()> {
    let all = passkeys::table.filter(passkeys::user_id.eq(user));
    each!(conn, c => diesel::delete(all).execute(c))?;
    Ok(())
}

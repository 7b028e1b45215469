//! A lost second factor: everything that counts as one goes, and the person sets a new one up after signing in anew.
//!
//! Whether who asks is who they say they are, people find out: an owner, or whoever runs the machine.

use super::{UserId, model, passkeys, recovery, sessions, totp};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// What a reset took away.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Whether codes of an app were asked for.
    pub codes: bool,
    /// Passkeys removed.
    pub passkeys: usize,
    /// Recovery codes that were left.
    pub recovery: i64,
    /// Sessions ended.
    pub sessions: usize,
}

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let codes = if self.codes { "on" } else { "not on" };
        let Self {
            passkeys,
            recovery,
            sessions,
            ..
        } = self;
        write!(
            f,
            "app codes were {codes}; passkeys removed: {passkeys}; recovery codes removed: {recovery}; sessions ended: {sessions}"
        )
    }
}

/// Takes app codes, passkeys and recovery codes away, and ends every session. Password and tokens stay. Record the deed in
/// the same transaction, as `user.reset_factor`.
///
/// # Errors
/// [`AppError::NotFound`] without such an account, or for one that was deleted.
pub fn reset(conn: &mut Conn, user: UserId, now: Timestamp) -> AppResult<Taken> {
    let found = model::user_by_id(conn, user)?;
    if found.deleted_at.is_some() {
        return Err(AppError::NotFound("the account"));
    }
    let taken = Taken {
        codes: found.totp_confirmed_at.is_some(),
        passkeys: passkeys::of_user(conn, user)?.len(),
        recovery: recovery::left(conn, user)?,
        sessions: sessions::end_all(conn, user, None, now)?,
    };
    totp::switch_off(conn, user)?;
    passkeys::remove_all(conn, user)?;
    recovery::remove(conn, user)?;
    Ok(taken)
}

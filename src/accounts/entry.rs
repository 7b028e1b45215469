//! Signing in: a session of its own each time (S1), and what is still owed after the first proof.

use crate::audit::{self, Deed};
use crate::auth::mailed::{self, Purpose};
use crate::auth::sessions::{self, NewSession, SessionId};
use crate::auth::{User, UserId, model, passkeys, recovery, totp};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// A session that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    /// The account asks for a second factor before anything else.
    pub(super) owes_factor: bool,
    /// Works here, and has no second factor yet.
    pub(super) is_bare_staff: bool,
}

/// Begins a session and ends the one that the browser had before.
///
/// # Errors
/// [`AppError::Forbidden`] for an account that is kept out.
pub(super) fn begin(
    conn: &mut Conn,
    session: &NewSession,
    before: Option<(UserId, SessionId)>,
    now: Timestamp,
) -> AppResult<Begun> {
    let user = model::user_by_id(conn, session.user)?;
    if user.disabled_at.is_some() {
        return Err(AppError::Forbidden(
            "this account has been closed; write to the people who run the campaign",
        ));
    }
    if let Some((user, before)) = before {
        match sessions::end(conn, user, before, now) {
            Ok(()) | Err(AppError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    sessions::begin(conn, session, now)?;
    let deed = Deed::new(user.id, "user.sign_in", ("user", user.id.to_string()));
    audit::record(conn, &deed, now)?;
    let has_factor = has_factor(conn, &user)?;
    let is_staff = model::roles_of(conn, user.id)?
        .iter()
        .any(|role| role.needs_factor());
    Ok(Begun {
        owes_factor: has_factor && !session.second_factor,
        is_bare_staff: is_staff && !has_factor,
    })
}

/// Whether an account asks for a second factor.
pub(super) fn has_factor(conn: &mut Conn, user: &User) -> AppResult<bool> {
    Ok(user.totp_confirmed_at.is_some() || !passkeys::of_user(conn, user.id)?.is_empty())
}

/// Signs in by a mailed link; answers where it leads. `None` when the link does not hold.
pub(super) fn by_link(
    conn: &mut Conn,
    secret: &str,
    session: &NewSession,
    now: Timestamp,
) -> AppResult<Option<(Begun, String)>> {
    let Some(link) = mailed::use_up(conn, Purpose::SignIn, secret, now)? else {
        return Ok(None);
    };
    let Some(user) = link.user else {
        return Ok(None);
    };
    model::verify(conn, user, now)?;
    Ok(Some((
        begin(conn, &session.of(user), None, now)?,
        link.payload,
    )))
}

/// What was typed as a second factor.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    /// A code of this time step, which fitted.
    Step(i64),
    /// A recovery code, as typed.
    Recovery(String),
    /// A passkey, with what is to be kept of it.
    Passkey(passkeys::PasskeyId, String),
    /// Nothing that could count.
    Nothing,
}

/// Takes a second factor: a code's step and a recovery code count once.
pub(super) fn take(
    conn: &mut Conn,
    user: UserId,
    shown: &Shown,
    now: Timestamp,
) -> AppResult<bool> {
    match shown {
        Shown::Step(step) => totp::take(conn, user, *step),
        Shown::Recovery(typed) => recovery::use_up(conn, user, typed, now),
        Shown::Passkey(id, credential) => passkeys::used(conn, *id, credential, now).map(|()| true),
        Shown::Nothing => Ok(false),
    }
}

/// Sets the new password of a reset's link: every session ends, every other open link too, and the browser that did it is
/// signed in, as far as a password alone signs in (S6). `None` when the link does not hold.
pub(super) fn reset(
    conn: &mut Conn,
    (secret, phc): (&str, &str),
    session: &NewSession,
    now: Timestamp,
) -> AppResult<Option<(Begun, User)>> {
    let Some(link) = mailed::use_up(conn, Purpose::Reset, secret, now)? else {
        return Ok(None);
    };
    let Some(user) = link.user else {
        return Ok(None);
    };
    model::set_password(conn, user, phc)?;
    model::verify(conn, user, now)?;
    sessions::end_all(conn, user, None, now)?;
    mailed::revoke_all(conn, user, Purpose::Reset, now)?;
    mailed::revoke_all(conn, user, Purpose::SignIn, now)?;
    let deed = Deed::new(user, "user.reset_password", ("user", user.to_string()));
    audit::record(conn, &deed, now)?;
    let begun = begin(conn, &session.of(user), None, now)?;
    Ok(Some((begun, model::user_by_id(conn, user)?)))
}

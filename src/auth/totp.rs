//! Codes of an authenticator app (RFC 6238; S6): six digits, 30 s, one step early or late, each step once.
//!
//! The secret lies in the database sealed by the installation's key, bound to its user: a row copied to another user
//! opens nothing.

use diesel::prelude::*;
use totp_rs::{Builder, Secret, Totp};

use super::model::UserId;
use crate::db::Conn;
use crate::db::schema::users;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// A new secret in Base32, 160 bit as RFC 4226 asks.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn new_secret() -> AppResult<String> {
    let mut bytes = [0u8; 20];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new_stack(bytes).to_base32())
}

fn generator(secret: &str, issuer: &str, account: &str) -> AppResult<Totp> {
    let secret = Secret::try_from_base32(secret)
        .map_err(|_| AppError::internal("a TOTP secret is no Base32"))?;
    // Both stand in the app's list; a colon would part them (otpauth key URI format).
    let plain = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .with_step_duration(30)
        .with_digits(6)
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(account))
        .build()
        .map_err(AppError::internal)
}

/// The address that an authenticator app reads from the QR code.
///
/// # Errors
/// When the secret is none of ours.
pub fn uri(secret: &str, issuer: &str, account: &str) -> AppResult<String> {
    generator(secret, issuer, account)?
        .to_url()
        .map_err(AppError::internal)
}

/// The time step that `code` is of, when it fits now, a step before or a step after.
///
/// # Errors
/// When the secret is none of ours.
pub fn step_of(secret: &str, code: &str, now: Timestamp) -> AppResult<Option<i64>> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.seconds()).unwrap_or_default();
    let step = generator(secret, "", "")?.check(&digits, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// The code of this moment, as an app would show it.
///
/// # Errors
/// When the secret is none of ours.
pub fn code_at(secret: &str, now: Timestamp) -> AppResult<String> {
    let seconds = u64::try_from(now.seconds()).unwrap_or_default();
    Ok(generator(secret, "", "")?.generate(seconds).to_string())
}

/// Keeps a secret that is offered; it counts for nothing until a code of it was shown.
///
/// # Errors
/// [`AppError::Conflict`] `factor_on` when codes are asked for already.
pub fn offer(conn: &mut Conn, user: UserId, sealed: &str) -> AppResult<()> {
    let target = users::table
        .find(user)
        .filter(users::totp_confirmed_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set((users::totp_secret.eq(sealed), users::totp_last_step.eq(None::<i64>)))
        .execute(c))?;
    if changed == 1 {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "factor_on",
        detail: "codes are asked for already; switch them off first".into(),
    })
}

/// From now on codes are asked for; the code of `step` was shown, and counts as taken.
///
/// # Errors
/// [`AppError::Conflict`] `factor_on` when they are already, or no secret was offered.
pub fn confirm(conn: &mut Conn, user: UserId, step: i64, now: Timestamp) -> AppResult<()> {
    let target = users::table
        .find(user)
        .filter(users::totp_confirmed_at.is_null())
        .filter(users::totp_secret.is_not_null());
    let changed = each!(conn, c => diesel::update(target)
        .set((users::totp_confirmed_at.eq(now), users::totp_last_step.eq(step)))
        .execute(c))?;
    if changed == 1 {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "factor_on",
        detail: "this was set up already".into(),
    })
}

/// Takes the code of `step`: the first caller gets `true`, every later one, and any earlier step, `false` (S6).
///
/// # Errors
/// The database's.
pub fn take(conn: &mut Conn, user: UserId, step: i64) -> AppResult<bool> {
    let target = users::table
        .find(user)
        .filter(users::totp_confirmed_at.is_not_null())
        .filter(
            users::totp_last_step
                .is_null()
                .or(users::totp_last_step.lt(step)),
        );
    let changed = each!(conn, c => diesel::update(target)
        .set(users::totp_last_step.eq(step))
        .execute(c))?;
    Ok(changed == 1)
}

/// Codes are asked for no more; the secret is gone.
///
/// # Errors
/// The database's.
pub fn switch_off(conn: &mut Conn, user: UserId) -> AppResult<()> {
    each!(conn, c => diesel::update(users::table.find(user))
        .set((
            users::totp_secret.eq(None::<String>),
            users::totp_confirmed_at.eq(None::<Timestamp>),
            users::totp_last_step.eq(None::<i64>),
        ))
        .execute(c))?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    #[test]
    fn codes_agree_with_rfc_6238_and_hold_one_step_either_way() {
        // The secret of RFC 6238's appendix B, "12345678901234567890"; its eight digits end with these six.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804")] {
            assert_eq!(code_at(secret, at(seconds)).unwrap(), code);
            for early_or_late in [-30, 0, 30] {
                let step = step_of(secret, code, at(seconds + early_or_late)).unwrap();
                assert_eq!(step, Some(seconds / 30), "{early_or_late}");
            }
            assert_eq!(step_of(secret, code, at(seconds + 90)).unwrap(), None);
        }
        for typed in ["", "28708", "2870822", "abcdef", "２８７０８２"] {
            assert_eq!(step_of(secret, typed, at(59)).unwrap(), None, "{typed}");
        }
        assert_eq!(step_of(secret, " 287 082 ", at(59)).unwrap(), Some(1));
    }

    #[test]
    fn the_address_for_the_app_names_site_and_account() {
        let secret = new_secret().unwrap();
        let uri = uri(&secret, "Selvedge: demo", "maya@example.org").unwrap();
        assert!(uri.starts_with("otpauth://totp/"), "{uri}");
        assert!(uri.contains(&secret));
    }
}

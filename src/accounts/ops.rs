//! Changes that people make to their own account. Each delicate one is told by mail to the address that the account has.

use super::mails::{self, Letter};
use super::model::Language;
use crate::audit::{self, Deed};
use crate::auth::lost_factor::{self, Taken};
use crate::auth::mailed::{self, NewMailed, Purpose};
use crate::auth::mutes::{self, MailKind};
use crate::auth::sessions::{self, SessionId};
use crate::auth::{User, UserId, model, recovery, totp, user_by_email};
use crate::config::Config;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Line, Timestamp};
use crate::mail::{Mails, NewMail};
use secrecy::SecretString;

/// Settings and outbox: what a verb needs to tell by mail.
pub type Post<'a> = (&'a Config, &'a Mails);

/// Records a deed of the person on their own account, and tells it by mail.
pub(super) fn tell(
    conn: &mut Conn,
    (config, outbox): Post<'_>,
    user: &User,
    (action, what): (&'static str, &str),
    now: Timestamp,
) -> AppResult<()> {
    let deed = Deed::new(user.id, action, ("user", user.id.to_string()));
    audit::record(conn, &deed, now)?;
    outbox.queue(conn, &[mails::changed(config, user, what)], now)?;
    Ok(())
}

/// Takes a lost second factor away ([`lost_factor::reset`]), records it as `deed`, and tells the person by mail: whoever was
/// impersonated hears of it at once.
///
/// # Errors
/// As [`lost_factor::reset`].
pub fn take_factor_away(
    conn: &mut Conn,
    (config, outbox): Post<'_>,
    user: UserId,
    deed: Deed,
    now: Timestamp,
) -> AppResult<Taken> {
    let person = model::user_by_id(conn, user)?;
    let taken = lost_factor::reset(conn, user, now)?;
    audit::record(conn, &deed.saying(taken.to_string()), now)?;
    let what = "Your second factor was taken away by whoever runs this site, because somebody said that you had lost it: codes, passkeys and recovery codes no longer work, and every browser was signed out. If it was not you who asked, choose a new password at once and write to us.";
    outbox.queue(conn, &[mails::changed(config, &person, what)], now)?;
    Ok(taken)
}

/// Changes name and language.
pub(super) fn rename(
    conn: &mut Conn,
    user: &User,
    name: &Line,
    language: Language,
    now: Timestamp,
) -> AppResult<()> {
    model::rename(conn, user.id, name, language.as_str())?;
    let deed = Deed::new(user.id, "user.rename", ("user", user.id.to_string()))
        .edited(user.name.as_str(), name.as_str());
    audit::record(conn, &deed, now)
}

/// Mails a link to the new address and word of it to the old one. An address that has another account gets the mail that
/// says so; whoever asks sees no difference (S4).
pub(super) fn ask_for_address(
    conn: &mut Conn,
    post: Post<'_>,
    (user, email): (&User, &Email),
    (link, secret): (&NewMailed, &SecretString),
    now: Timestamp,
) -> AppResult<()> {
    let (config, outbox) = post;
    let other = user_by_email(conn, email)?.filter(|other| other.id != user.id);
    let mail: NewMail = match &other {
        None => {
            mailed::revoke_all(conn, user.id, Purpose::ChangeAddress, now)?;
            mailed::insert(conn, link, now)?;
            Letter::Address.mail(config, email, Some(&user.name), Some(secret))
        }
        Some(_) => Letter::Known.mail(config, email, None, None),
    };
    outbox.queue(conn, &[mail], now)?;
    let what = "Somebody asked to move your account to another address. It moves once the link mailed there is used.";
    tell(conn, post, user, ("user.ask_for_address", what), now)
}

/// Moves an account to the address that its link was mailed to; `None` when the link does not hold.
///
/// # Errors
/// [`AppError::Conflict`] when the address got another account in the meantime.
pub(super) fn move_address(
    conn: &mut Conn,
    post: Post<'_>,
    secret: &str,
    now: Timestamp,
) -> AppResult<Option<()>> {
    let Some(link) = mailed::use_up(conn, Purpose::ChangeAddress, secret, now)? else {
        return Ok(None);
    };
    let id = link.user.ok_or(AppError::NotFound("the account"))?;
    let before = model::user_by_id(conn, id)?;
    let email: Email = link.payload.parse().map_err(AppError::internal)?;
    model::set_email(conn, id, &email, now)?;
    mailed::revoke_all(conn, id, Purpose::Reset, now)?;
    mailed::revoke_all(conn, id, Purpose::SignIn, now)?;
    let what = "Your account has moved to another address. This address gets no more of its mail.";
    tell(conn, post, &before, ("user.change_address", what), now)?;
    Ok(Some(()))
}

/// Stores a new password: every other session ends, and open reset links are useless.
pub(super) fn set_password(
    conn: &mut Conn,
    post: Post<'_>,
    (user, keep, phc): (&User, SessionId, &str),
    now: Timestamp,
) -> AppResult<()> {
    model::set_password(conn, user.id, phc)?;
    sessions::end_all(conn, user.id, Some(keep), now)?;
    mailed::revoke_all(conn, user.id, Purpose::Reset, now)?;
    let what = "Your password was changed. Other browsers have been signed out.";
    tell(conn, post, user, ("user.change_password", what), now)
}

/// From now on codes are asked for: the code of `step` was shown. The session that did it has shown its factor.
pub(super) fn switch_codes_on(
    conn: &mut Conn,
    post: Post<'_>,
    (user, session): (&User, SessionId),
    (step, codes): (i64, &[String]),
    now: Timestamp,
) -> AppResult<()> {
    totp::confirm(conn, user.id, step, now)?;
    recovery::replace(conn, user.id, codes)?;
    sessions::prove(conn, session, true, now)?;
    let what = "Signing in now asks for a code of your authenticator app.";
    tell(conn, post, user, ("user.codes_on", what), now)
}

/// Codes are asked for no more; recovery codes go with them when no passkey is left to recover.
pub(super) fn switch_codes_off(
    conn: &mut Conn,
    post: Post<'_>,
    user: &User,
    keeps_passkeys: bool,
    now: Timestamp,
) -> AppResult<()> {
    totp::switch_off(conn, user.id)?;
    if !keeps_passkeys {
        recovery::remove(conn, user.id)?;
    }
    let what = "Signing in asks for no code of an authenticator app any more.";
    tell(conn, post, user, ("user.codes_off", what), now)
}

/// Switches on the kinds of mail in `wanted`, and every other kind off.
pub(super) fn choose_mail(
    conn: &mut Conn,
    user: UserId,
    wanted: &[MailKind],
    now: Timestamp,
) -> AppResult<()> {
    for kind in MailKind::ALL {
        if wanted.contains(kind) {
            mutes::unmute(conn, user, *kind)?;
        } else {
            mutes::mute(conn, user, *kind, now)?;
        }
    }
    Ok(())
}

//! Signing up, and links that go by mail: the verbs.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::entry::{self, Begun};
use super::mails::Letter;
use crate::audit::{self, Deed};
use crate::auth::mailed::{self, NewMailed, Purpose};
use crate::auth::sessions::NewSession;
use crate::auth::{NewUser, Role, UserId, grant_role, insert_user, model, user_by_email};
use crate::config::Config;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Line, Timestamp};
use crate::mail::{Mails, NewMail};
use crate::subscribers;

/// The longest name.
pub(super) const NAME_MOST: usize = 80;

/// What a sign-up's link carries until it is used.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) name: String,
    pub(super) email: Email,
    /// A password chosen with it, and the digest of the browser that chose it: whoever reads the mail elsewhere may not
    /// be who filled the form in, and must not get a stranger's password.
    password: Option<(String, String)>,
    pub(super) next: String,
}

impl Waiting {
    /// Whether a password was chosen that `browser` does not take over.
    pub(super) fn leaves_password(&self, browser: &str) -> bool {
        self.password.as_ref().is_some_and(|(_, of)| of != browser)
    }
}

/// A link with its secret and, before it is known whether the address has an account, both mails that it may become.
struct Offer {
    link: NewMailed,
    mail: NewMail,
}

/// Somebody wants an account.
pub(super) struct Ask {
    email: Email,
    new: Offer,
    known: (SecretString, NewMailed),
}

impl Ask {
    /// Prepares both answers, so that a known address costs what a new one does (S4).
    pub(super) fn make(
        config: &Config,
        name: &Line,
        email: &Email,
        password: Option<(String, String)>,
        next: &str,
    ) -> AppResult<Self> {
        let waiting = Waiting {
            name: name.as_str().to_owned(),
            email: email.clone(),
            password,
            next: next.to_owned(),
        };
        let payload = serde_json::to_string(&waiting)?;
        let (link, secret) = NewMailed::make(Purpose::Verify, None, &payload)?;
        let mail = Letter::Verify.mail(config, email, Some(name.as_str()), Some(&secret));
        let (sign_in, sign_in_secret) = NewMailed::make(Purpose::SignIn, None, next)?;
        Ok(Self {
            email: email.clone(),
            new: Offer { link, mail },
            known: (sign_in_secret, sign_in),
        })
    }

    /// Mails the link that makes the account, or, to an address that has one, the link that signs in.
    pub(super) fn answer(
        &self,
        conn: &mut Conn,
        (config, mails): (&Config, &Mails),
        now: Timestamp,
    ) -> AppResult<()> {
        match user_by_email(conn, &self.email)? {
            None => {
                mailed::insert(conn, &self.new.link, now)?;
                mails.queue(conn, std::slice::from_ref(&self.new.mail), now)?;
            }
            Some(user) => {
                let (secret, link) = &self.known;
                let mut link = link.clone();
                link.user = Some(user.id);
                mailed::insert(conn, &link, now)?;
                let mail = Letter::Known.mail(config, &user.email, Some(&user.name), Some(secret));
                mails.queue(conn, &[mail], now)?;
            }
        }
        Ok(())
    }
}

/// Mails a link for signing in or for a new password; to an address without an account, word that it has none. Either
/// way one link is made, stored and mailed.
pub(super) fn mail_link(
    conn: &mut Conn,
    (config, mails): (&Config, &Mails),
    (letter, email): (Letter, &Email),
    (link, secret): (&NewMailed, &SecretString),
    now: Timestamp,
) -> AppResult<()> {
    let user = user_by_email(conn, email)?.filter(|user| user.disabled_at.is_none());
    let mut link = link.clone();
    link.user = user.as_ref().map(|user| user.id);
    mailed::insert(conn, &link, now)?;
    let mail = match &user {
        Some(user) => letter.mail(config, &user.email, Some(&user.name), Some(secret)),
        None => Letter::Nobody.mail(config, email, None, None),
    };
    mails.queue(conn, &[mail], now)?;
    Ok(())
}

/// What the link of a sign-up would do.
pub(super) fn peek(conn: &mut Conn, secret: &str, now: Timestamp) -> AppResult<Option<Waiting>> {
    match mailed::peek(conn, Purpose::Verify, secret, now)? {
        Some(link) => Ok(Some(serde_json::from_str(&link.payload)?)),
        None => Ok(None),
    }
}

/// Makes the account of a sign-up's link and signs in; a password is taken over only from the `browser` that chose it. Had the address got an account in the meantime, it is that one.
/// `None` when the link does not hold.
pub(super) fn verify(
    conn: &mut Conn,
    secret: &str,
    (fresh, browser): (UserId, &str),
    session: &NewSession,
    now: Timestamp,
) -> AppResult<Option<(Begun, String)>> {
    let Some(link) = mailed::use_up(conn, Purpose::Verify, secret, now)? else {
        return Ok(None);
    };
    let waiting: Waiting = serde_json::from_str(&link.payload)?;
    let user = match user_by_email(conn, &waiting.email)? {
        Some(user) => {
            model::verify(conn, user.id, now)?;
            user.id
        }
        None => {
            let name = Line::parse(&waiting.name, NAME_MOST).map_err(AppError::internal)?;
            let email = waiting.email.clone();
            let new = NewUser {
                id: fresh,
                email: waiting.email,
                name,
                password_hash: waiting
                    .password
                    .filter(|(_, of)| of == browser)
                    .map(|(phc, _)| phc),
                roles: vec![Role::Participant],
            };
            insert_user(conn, &new, now)?;
            // Whoever reads newsletters at this address is the same person (N19).
            subscribers::ops::link_account(conn, &email, fresh)?;
            let deed = Deed::new(fresh, "user.sign_up", ("user", fresh.to_string()));
            audit::record(conn, &deed, now)?;
            fresh
        }
    };
    grant_role(conn, user, Role::Participant, now)?;
    let begun = entry::begin(conn, &session.of(user), None, now)?;
    Ok(Some((begun, waiting.next)))
}

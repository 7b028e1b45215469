//! Links that go by mail, and other secrets that count once (S7): 256 bit, kept as SHA-256, single use, short-lived.

use chrono::Duration;
use diesel::prelude::*;
use secrecy::SecretString;

use super::model::UserId;
use crate::db::Conn;
use crate::db::schema::mailed_tokens;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::kernel::secret::{random_token, sha256_hex};

crate::id!(
    /// A mailed link.
    pub MailedId,
    "mlt"
);

crate::words! {
    /// What a mailed link is good for. It is good for nothing else.
    pub enum Purpose {
        /// Shows that the address is the person's own.
        Verify = "verify",
        /// Signs in without a password.
        SignIn = "sign_in",
        /// Sets a new password.
        Reset = "reset",
        /// Moves the account to the address it was mailed to.
        ChangeAddress = "change_address",
        /// The state of a passkey ceremony; never mailed.
        Passkey = "passkey",
        /// An earlier link of a promise to sponsor days, whose newest one stands with the promise.
        Sponsor = "sponsor",
        /// Confirms that the owner of an address wants newsletters.
        Subscribe = "subscribe",
    }
}

impl Purpose {
    /// How long it holds (S7: links 30 min, codes 10 min). An address may be confirmed for a day: nothing is opened by it.
    pub fn holds(self) -> Duration {
        match self {
            Self::Verify | Self::ChangeAddress => Duration::hours(24),
            Self::SignIn | Self::Reset => Duration::minutes(30),
            Self::Passkey => Duration::minutes(10),
            // As long as the promise waits to be confirmed.
            Self::Sponsor => Duration::days(14),
            // Nothing is opened by it, and newsletters wait until somebody looks into their mail.
            Self::Subscribe => Duration::days(7),
        }
    }
}

/// A link to be stored; its secret exists here and in the mail.
#[derive(Debug, Clone)]
pub struct NewMailed {
    /// The id.
    pub id: MailedId,
    /// What it is good for.
    pub purpose: Purpose,
    /// For whom.
    pub user: Option<UserId>,
    /// What it carries: the new address, say.
    pub payload: String,
    hash: String,
}

impl NewMailed {
    /// A new link with its secret.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make(
        purpose: Purpose,
        user: Option<UserId>,
        payload: &str,
    ) -> AppResult<(Self, SecretString)> {
        let secret = random_token()?;
        let new = Self {
            id: MailedId::new(),
            purpose,
            user,
            payload: payload.to_owned(),
            hash: sha256_hex(&secret),
        };
        Ok((new, SecretString::from(secret)))
    }
}

/// Stores a link.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, new: &NewMailed, now: Timestamp) -> AppResult<()> {
    let row = (
        mailed_tokens::id.eq(new.id),
        mailed_tokens::purpose.eq(new.purpose),
        mailed_tokens::token_hash.eq(&new.hash),
        mailed_tokens::user_id.eq(new.user),
        mailed_tokens::payload.eq(&new.payload),
        mailed_tokens::created_at.eq(now),
        mailed_tokens::expires_at.eq(now.plus(new.purpose.holds())),
    );
    each!(conn, c => diesel::insert_into(mailed_tokens::table).values(row).execute(c))?;
    Ok(())
}

/// Keeps a link that was mailed already, of which the hash alone is known.
///
/// # Errors
/// The database's.
pub fn keep(
    conn: &mut Conn,
    (id, purpose): (MailedId, Purpose),
    hash: &str,
    payload: &str,
    now: Timestamp,
) -> AppResult<()> {
    let link = NewMailed {
        id,
        purpose,
        user: None,
        payload: payload.to_owned(),
        hash: hash.to_owned(),
    };
    insert(conn, &link, now)
}

/// What a link that still holds is for.
#[derive(Debug, Clone, Queryable)]
pub struct Mailed {
    /// The id.
    pub id: MailedId,
    /// For whom.
    pub user: Option<UserId>,
    /// What it carries.
    pub payload: String,
}

/// A link that still holds, without using it: for the page that asks "shall I?", since scanners fetch links.
///
/// # Errors
/// The database's.
pub fn peek(
    conn: &mut Conn,
    purpose: Purpose,
    secret: &str,
    now: Timestamp,
) -> AppResult<Option<Mailed>> {
    if secret.len() > 64 {
        return Ok(None);
    }
    let query = mailed_tokens::table
        .filter(mailed_tokens::token_hash.eq(sha256_hex(secret)))
        .filter(mailed_tokens::purpose.eq(purpose))
        .filter(mailed_tokens::used_at.is_null())
        .filter(mailed_tokens::expires_at.gt(now))
        .select((
            mailed_tokens::id,
            mailed_tokens::user_id,
            mailed_tokens::payload,
        ));
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// Uses a link: the first caller gets it, every other gets `None`. What it carried is kept no longer.
///
/// # Errors
/// The database's.
pub fn use_up(
    conn: &mut Conn,
    purpose: Purpose,
    secret: &str,
    now: Timestamp,
) -> AppResult<Option<Mailed>> {
    let Some(found) = peek(conn, purpose, secret, now)? else {
        return Ok(None);
    };
    let target = mailed_tokens::table
        .find(found.id)
        .filter(mailed_tokens::used_at.is_null());
    let used = each!(conn, c => diesel::update(target)
        .set((mailed_tokens::used_at.eq(now), mailed_tokens::payload.eq("")))
        .execute(c))?;
    Ok((used == 1).then_some(found))
}

/// Makes every open link of a user and purpose useless: after a password was changed, say.
///
/// # Errors
/// The database's.
pub fn revoke_all(
    conn: &mut Conn,
    user: UserId,
    purpose: Purpose,
    now: Timestamp,
) -> AppResult<()> {
    let target = mailed_tokens::table
        .filter(mailed_tokens::user_id.eq(user))
        .filter(mailed_tokens::purpose.eq(purpose))
        .filter(mailed_tokens::used_at.is_null());
    each!(conn, c => diesel::update(target).set(mailed_tokens::used_at.eq(now)).execute(c))?;
    Ok(())
}

/// Takes away every link of a user, and those that carry `address`: a new address to be confirmed, or a sign-up's. Others'
/// links stay, also of addresses that end like this one.
///
/// # Errors
/// The database's.
pub fn remove_all(conn: &mut Conn, user: UserId, address: &str) -> AppResult<()> {
    let own = mailed_tokens::table.filter(mailed_tokens::user_id.eq(user));
    each!(conn, c => diesel::delete(own).execute(c))?;
    remove_carrying(conn, address)
}

/// Takes away the links that carry `address` and belong to nobody yet.
///
/// # Errors
/// The database's.
pub fn remove_carrying(conn: &mut Conn, address: &str) -> AppResult<()> {
    // Links live for days, so these are few; used ones carry nothing.
    let query = mailed_tokens::table
        .filter(mailed_tokens::purpose.eq_any([
            Purpose::Verify,
            Purpose::ChangeAddress,
            Purpose::Subscribe,
        ]))
        .filter(mailed_tokens::used_at.is_null())
        .select((mailed_tokens::id, mailed_tokens::payload));
    let waiting: Vec<(MailedId, String)> = each!(conn, c => query.load(c))?;
    let gone: Vec<MailedId> = waiting
        .into_iter()
        .filter(|(_, payload)| carries(payload, address))
        .map(|(id, _)| id)
        .collect();
    for chunk in gone.chunks(1_000) {
        let target = mailed_tokens::table.filter(mailed_tokens::id.eq_any(chunk));
        each!(conn, c => diesel::delete(target).execute(c))?;
    }
    Ok(())
}

/// Whether a payload is this address, or a record whose `email` is.
fn carries(payload: &str, address: &str) -> bool {
    let wanted = address.to_lowercase();
    if payload.to_lowercase() == wanted {
        return true;
    }
    serde_json::from_str::<serde_json::Value>(payload).is_ok_and(|record| {
        record
            .get("email")
            .and_then(serde_json::Value::as_str)
            .is_some_and(|email| email.to_lowercase() == wanted)
    })
}

/// Forgets links that ended before `before`; answers how many.
///
/// # Errors
/// The database's.
pub fn forget(conn: &mut Conn, before: Timestamp) -> AppResult<usize> {
    let old = mailed_tokens::table.filter(mailed_tokens::expires_at.lt(before));
    Ok(each!(conn, c => diesel::delete(old).execute(c))?)
}

//! Whom a newsletter would go to, counted and sampled.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::subscribers;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};
use crate::segments::{Audience, Bind, Compiled, compile, run};
use crate::subscribers::SubscriberId;

/// To how many it would go now.
///
/// # Errors
/// When a segment that it names is gone; the database's.
pub fn count(conn: &mut Conn, audience: &Audience, now: Timestamp) -> AppResult<i64> {
    let who = compile(conn, audience, now)?;
    run::count(conn, &who)
}

/// Some of them, the newest first: to preview as.
///
/// # Errors
/// As [`count`].
pub fn some(
    conn: &mut Conn,
    audience: &Audience,
    most: i64,
    now: Timestamp,
) -> AppResult<Vec<SubscriberId>> {
    let among = compile(conn, audience, now)?;
    run::newest(conn, &among, most)
}

/// Whether it would go to `who`.
///
/// # Errors
/// As [`count`].
pub fn holds(
    conn: &mut Conn,
    audience: &Audience,
    who: SubscriberId,
    now: Timestamp,
) -> AppResult<bool> {
    let one = Compiled::plain("SELECT q.id AS id FROM (")
        .then(&compile(conn, audience, now)?)
        .and(") q WHERE q.id = ")
        .then(&Compiled::value(Bind::Text(who.to_string())));
    Ok(run::count(conn, &one)? > 0)
}

/// The subscriber of an address (N19).
///
/// # Errors
/// The database's.
pub fn by_email(conn: &mut Conn, email: &Email) -> AppResult<Option<SubscriberId>> {
    let query = subscribers::table
        .filter(subscribers::email_folded.eq(email.folded()))
        .select(subscribers::id);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// How these people are called and written to, to choose one of.
///
/// # Errors
/// The database's.
pub fn names(
    conn: &mut Conn,
    ids: &[SubscriberId],
) -> AppResult<Vec<(SubscriberId, String, Email)>> {
    let query = subscribers::table
        .filter(subscribers::id.eq_any(ids))
        .order(subscribers::id.desc())
        .select((subscribers::id, subscribers::name, subscribers::email));
    Ok(each!(conn, c => query.load(c))?)
}

//! Whom a newsletter would go to, counted and sampled.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamp as Time};

use crate::db::Conn;
use crate::db::schema::subscribers;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};
use crate::segments::{Audience, Bind, Compiled, compile};
use crate::subscribers::SubscriberId;

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    id: SubscriberId,
}

/// `sql` with its binds, ready to be run on the engine that is there.
macro_rules! bound {
    ($db:ty, $sql:expr, $binds:expr) => {{
        let mut query = diesel::sql_query($sql).into_boxed::<$db>();
        for bind in $binds {
            query = match bind {
                Bind::Text(text) => query.bind::<Text, _>(text.clone()),
                Bind::Number(number) => query.bind::<BigInt, _>(*number),
                Bind::Time(at) => query.bind::<Time, _>(*at),
            };
        }
        query
    }};
}

/// To how many it would go now.
///
/// # Errors
/// When a segment that it names is gone; the database's.
pub fn count(conn: &mut Conn, audience: &Audience, now: Timestamp) -> AppResult<i64> {
    let Compiled { sql, binds } = compile(conn, audience, now)?;
    let sql = format!("SELECT COUNT(*) AS n FROM ({sql}) q");
    let row: Counted = each!(conn, c: Db => bound!(Db, sql, &binds).get_result(c))?;
    Ok(row.n)
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
    let Compiled { sql, binds } = compile(conn, audience, now)?;
    let sql = format!("{sql} ORDER BY s.id DESC LIMIT {most}");
    let rows: Vec<Found> = each!(conn, c: Db => bound!(Db, sql, &binds).load(c))?;
    Ok(rows.into_iter().map(|row| row.id).collect())
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
    let Compiled { sql, mut binds } = compile(conn, audience, now)?;
    binds.push(Bind::Text(who.to_string()));
    let sql = format!(
        "SELECT COUNT(*) AS n FROM ({sql}) q WHERE q.id = ${}",
        binds.len()
    );
    let row: Counted = each!(conn, c: Db => bound!(Db, sql, &binds).get_result(c))?;
    Ok(row.n > 0)
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

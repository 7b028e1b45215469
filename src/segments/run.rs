//! Compiled queries run: how many, who, and `INSERT … SELECT` around one.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp as Time};

use super::compile::{Bind, Compiled};
use crate::db::Conn;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
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

#[derive(QueryableByName)]
struct Happened {
    #[diesel(sql_type = Text)]
    id: SubscriberId,
    #[diesel(sql_type = Time)]
    at: Timestamp,
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

#[derive(QueryableByName)]
struct Reached {
    #[diesel(sql_type = Nullable<Text>)]
    id: Option<SubscriberId>,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many.
///
/// # Errors
/// The database's.
pub fn count(conn: &mut Conn, who: &Compiled) -> AppResult<i64> {
    let sql = format!("SELECT COUNT(*) AS n FROM ({}) q", who.sql);
    let row: Counted = each!(conn, c: Db => bound!(Db, sql, &who.binds).get_result(c))?;
    Ok(row.n)
}

/// So many of them at most, those who came last first.
///
/// # Errors
/// The database's.
pub fn newest(conn: &mut Conn, who: &Compiled, most: i64) -> AppResult<Vec<SubscriberId>> {
    let sql = format!("{} ORDER BY s.id DESC LIMIT {most}", who.sql);
    let rows: Vec<Found> = each!(conn, c: Db => bound!(Db, sql, &who.binds).load(c))?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// All of them: of a batch, or in tests.
///
/// # Errors
/// The database's.
pub fn all(conn: &mut Conn, who: &Compiled) -> AppResult<BTreeSet<SubscriberId>> {
    let rows: Vec<Found> = each!(conn, c: Db => bound!(Db, &who.sql, &who.binds).load(c))?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Rows of `id` and `at`.
///
/// # Errors
/// The database's.
pub fn happenings(conn: &mut Conn, asked: &Compiled) -> AppResult<Vec<(SubscriberId, Timestamp)>> {
    let rows: Vec<Happened> = each!(conn, c: Db => bound!(Db, &asked.sql, &asked.binds).load(c))?;
    Ok(rows.into_iter().map(|row| (row.id, row.at)).collect())
}

/// Runs a statement around a compiled query: `head` with `$1 … $m` for `binds`, then `SELECT … FROM (query) q`, then `tail`
/// without binds. `run::around(c, "INSERT INTO t (a, b) SELECT $1, q.id FROM (", &[…], &who, ") q ON CONFLICT DO NOTHING")`.
///
/// # Errors
/// The database's.
pub fn around(
    conn: &mut Conn,
    head: &str,
    binds: &[Bind],
    who: &Compiled,
    tail: &str,
) -> AppResult<usize> {
    let all = binds.iter().chain(&who.binds).cloned();
    execute(
        conn,
        &Compiled {
            sql: format!("{head}{}{tail}", who.moved(binds.len())),
            binds: all.collect(),
        },
    )
}

/// Runs a statement that was put together; answers how many rows it changed.
///
/// # Errors
/// The database's.
pub fn execute(conn: &mut Conn, statement: &Compiled) -> AppResult<usize> {
    Ok(each!(conn, c: Db => bound!(Db, &statement.sql, &statement.binds).execute(c))?)
}

/// The last of the next `most` people behind `after` in the order of ids, and how many these are.
///
/// # Errors
/// The database's.
pub fn piece(
    conn: &mut Conn,
    who: &Compiled,
    after: Option<SubscriberId>,
    most: i64,
) -> AppResult<(Option<SubscriberId>, i64)> {
    let after = Bind::Text(after.map_or_else(String::new, |id| id.to_string()));
    let asked = Compiled::plain("WITH who AS (")
        .then(who)
        .and(") SELECT MAX(q.id) AS id, COUNT(*) AS n FROM (SELECT who.id AS id FROM who WHERE who.id > ")
        .then(&Compiled::value(after))
        .and(" ORDER BY who.id LIMIT ")
        .then(&Compiled::value(Bind::Number(most)))
        .and(") q");
    let row: Reached = each!(conn, c: Db => bound!(Db, &asked.sql, &asked.binds).get_result(c))?;
    Ok((row.id, row.n))
}

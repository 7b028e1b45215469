//! Facts of this installation that are made once and then stay: keys, markers.

use diesel::prelude::*;

use super::Conn;
use super::schema::installation;
use crate::each;
use crate::error::AppResult;

/// A kept fact.
///
/// # Errors
/// The database's.
pub fn kept(conn: &mut Conn, name: &str) -> AppResult<Option<String>> {
    let query = installation::table.find(name).select(installation::value);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// Keeps `value` under `name`, unless something is kept there; answers what is kept.
///
/// # Errors
/// The database's.
pub fn keep(conn: &mut Conn, name: &str, value: &str) -> AppResult<String> {
    if let Some(known) = kept(conn, name)? {
        return Ok(known);
    }
    let row = (installation::name.eq(name), installation::value.eq(value));
    each!(conn, c => diesel::insert_into(installation::table).values(row).execute(c))?;
    Ok(value.to_owned())
}

//! Addresses whose owners had everything erased are known again without being kept (S16): what stands in their place among
//! suppressions is a digest that nobody without this installation's key can make.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::links::KEY_NAME;
use crate::db::schema::suppressions;
use crate::db::{Conn, installation};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Email;
use crate::kernel::secret::hmac_sha256_hex;

/// What would stand in the place of each of these addresses. None before the program has started once: nothing was erased
/// then.
///
/// # Errors
/// The database's.
pub(super) fn marks(conn: &mut Conn, folded: &[String]) -> AppResult<Vec<String>> {
    let key = installation::kept(conn, KEY_NAME)?;
    let marks = |key: String| folded.iter().map(|one| mark(&key, one)).collect();
    Ok(key.map(marks).unwrap_or_default())
}

/// As [`marks`], of one address.
///
/// # Errors
/// As there.
pub(super) fn mark_of(conn: &mut Conn, email: &Email) -> AppResult<Option<String>> {
    Ok(marks(conn, &[email.folded()])?.pop())
}

/// Those of these folded addresses whose owners had everything erased and have not come back: until their own yes nothing
/// makes readers of them again.
///
/// # Errors
/// The database's.
pub fn among(conn: &mut Conn, folded: &[String]) -> AppResult<BTreeSet<String>> {
    let marks = marks(conn, folded)?;
    let query = suppressions::table
        .filter(suppressions::email_folded.eq_any(&marks))
        .select(suppressions::email_folded);
    let standing: Vec<String> = each!(conn, c => query.load(c))?;
    let standing: BTreeSet<String> = standing.into_iter().collect();
    let pairs = folded.iter().zip(&marks);
    let erased = pairs.filter(|(_, mark)| standing.contains(*mark));
    Ok(erased.map(|(address, _)| address.clone()).collect())
}

/// Whether the owner of `email` had everything erased and has not come back.
///
/// # Errors
/// The database's.
pub fn is_erased(conn: &mut Conn, email: &Email) -> AppResult<bool> {
    Ok(!among(conn, &[email.folded()])?.is_empty())
}

fn mark(key: &str, folded: &str) -> String {
    let digest = hmac_sha256_hex(key.as_bytes(), &[b"erased:", folded.as_bytes()]);
    format!("erased:{digest}")
}

//! The verbs.

use diesel::prelude::*;

use super::model::SuppressionReason;
use crate::db::Conn;
use crate::db::schema::suppressions;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};

/// No bulk mail goes to `email` any more (N14). The first reason stands.
///
/// # Errors
/// The database's.
pub fn suppress(
    conn: &mut Conn,
    email: &Email,
    reason: SuppressionReason,
    detail: &str,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        suppressions::email_folded.eq(email.folded()),
        suppressions::reason.eq(reason),
        suppressions::detail.eq(detail),
        suppressions::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(suppressions::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

//! Rows, and how they are found.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{findings, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Limit, Listed, Timestamp};

/// Something for staff to look at.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = findings)]
pub struct Finding {
    /// The id, as whoever opened it made it.
    pub id: String,
    /// What is wrong: `payment_quarantined`, `payout_item_missing`, `deposit_differs` …
    pub kind: String,
    /// With what: the id of a gift, a payout, a deposit, a job.
    pub subject: String,
    /// In words, without names or addresses of people.
    pub detail: String,
    /// When it was found.
    pub opened_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Who looks after it.
    pub owner_id: Option<UserId>,
    /// What came of it.
    pub resolution: Option<String>,
    /// Who closed it; nobody, when the difference went by itself.
    pub closed_by: Option<UserId>,
}

/// A finding, and how its owner is called.
pub type Owned = (Finding, Option<String>);

/// Findings that are open, oldest first, or closed ones, newest first; going on after a place.
///
/// # Errors
/// The database's.
pub fn listed(
    conn: &mut Conn,
    is_open: bool,
    after: Option<(Timestamp, String)>,
    limit: Limit,
) -> AppResult<Listed<Owned>> {
    let rows: Vec<Owned> = each!(conn, c: Db => {
        let mut query = findings::table
            .left_join(users::table.on(users::id.nullable().eq(findings::owner_id)))
            .select((Finding::as_select(), users::name.nullable()))
            .limit(limit.and_one())
            .into_boxed::<Db>();
        query = if is_open {
            let open = query.filter(findings::closed_at.is_null());
            let open = match &after {
                Some((at, id)) => open.filter(
                    findings::opened_at.gt(*at).or(findings::opened_at.eq(*at).and(findings::id.gt(id.clone()))),
                ),
                None => open,
            };
            open.order((findings::opened_at, findings::id))
        } else {
            let closed = query.filter(findings::closed_at.is_not_null());
            let closed = match &after {
                Some((at, id)) => closed.filter(
                    findings::closed_at.lt(*at).or(findings::closed_at.eq(*at).and(findings::id.lt(id.clone()))),
                ),
                None => closed,
            };
            closed.order((findings::closed_at.desc(), findings::id.desc()))
        };
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |(finding, _)| {
        let at = if is_open {
            finding.opened_at
        } else {
            finding.closed_at.unwrap_or(finding.opened_at)
        };
        (at, finding.id.clone())
    }))
}

/// A finding by its id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: &str) -> AppResult<Finding> {
    let query = findings::table.find(id);
    each!(conn, c => query.select(Finding::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this finding"))
}

/// Open findings of a kind: how many.
///
/// # Errors
/// The database's.
pub fn count_open(conn: &mut Conn, kinds: &[&str]) -> AppResult<i64> {
    let query = findings::table
        .filter(findings::closed_at.is_null())
        .filter(findings::kind.eq_any(kinds.to_vec()))
        .count();
    Ok(each!(conn, c => query.get_result(c))?)
}

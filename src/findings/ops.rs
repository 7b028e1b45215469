//! Opening, taking and closing.

use diesel::prelude::*;

use super::model::by_id;
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::findings;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::sha256_hex;
use crate::kernel::{Line, Timestamp};

/// Opens a finding, unless there is one of this kind and subject: what a person explained stays explained, and only one
/// that had closed by itself opens again.
///
/// # Errors
/// The database's.
pub fn open(
    conn: &mut Conn,
    kind: &str,
    subject: &str,
    detail: &str,
    now: Timestamp,
) -> AppResult<()> {
    // Derived from what it is about, so that a transaction that runs twice opens one.
    let digest = sha256_hex(format!("{kind}:{subject}"));
    let row = (
        findings::id.eq(format!("fin_{}", digest.split_at(32).0)),
        findings::kind.eq(kind),
        findings::subject.eq(subject),
        findings::detail.eq(detail),
        findings::opened_at.eq(now),
    );
    let opened = each!(conn, c => diesel::insert_into(findings::table)
        .values(row)
        .on_conflict((findings::kind, findings::subject))
        .do_nothing()
        .execute(c))?;
    if opened == 0 {
        let own = findings::table
            .filter(findings::kind.eq(kind))
            .filter(findings::subject.eq(subject))
            .filter(findings::closed_at.is_not_null())
            .filter(findings::resolution.is_not_null())
            .filter(findings::closed_by.is_null());
        let change = diesel::update(own).set((
            findings::detail.eq(detail),
            findings::closed_at.eq(None::<Timestamp>),
            findings::resolution.eq(None::<String>),
        ));
        each!(conn, c => change.execute(c))?;
    }
    Ok(())
}

/// Closes a finding of which the difference is gone, if it is open.
///
/// # Errors
/// The database's.
pub fn close_by_itself(
    conn: &mut Conn,
    kind: &str,
    subject: &str,
    why: &str,
    now: Timestamp,
) -> AppResult<()> {
    let own = findings::table
        .filter(findings::kind.eq(kind))
        .filter(findings::subject.eq(subject))
        .filter(findings::closed_at.is_null());
    let change =
        diesel::update(own).set((findings::closed_at.eq(now), findings::resolution.eq(why)));
    each!(conn, c => change.execute(c))?;
    Ok(())
}

/// Makes `owner` the one who looks after an open finding.
///
/// # Errors
/// [`AppError::Conflict`] `finding_closed`; [`AppError::NotFound`].
pub fn take(conn: &mut Conn, id: &str, owner: UserId, now: Timestamp) -> AppResult<()> {
    by_id(conn, id)?;
    let own = findings::table
        .find(id)
        .filter(findings::closed_at.is_null());
    let change = diesel::update(own).set(findings::owner_id.eq(owner));
    moved(each!(conn, c => change.execute(c))?)?;
    let deed = Deed::new(owner, "finding.take", ("finding", id.to_owned()));
    audit::record(conn, &deed, now)
}

/// Closes a finding with what came of it; whoever closes one that nobody had taken owns it.
///
/// # Errors
/// [`AppError::Conflict`] `finding_closed`; [`AppError::NotFound`].
pub fn close(
    conn: &mut Conn,
    id: &str,
    by: UserId,
    resolution: &Line,
    now: Timestamp,
) -> AppResult<()> {
    let found = by_id(conn, id)?;
    let own = findings::table
        .find(id)
        .filter(findings::closed_at.is_null());
    let change = diesel::update(own).set((
        findings::closed_at.eq(now),
        findings::closed_by.eq(by),
        findings::owner_id.eq(found.owner_id.unwrap_or(by)),
        findings::resolution.eq(resolution.as_str()),
    ));
    moved(each!(conn, c => change.execute(c))?)?;
    let deed = Deed::new(by, "finding.close", ("finding", id.to_owned())).saying(found.kind);
    audit::record(conn, &deed, now)
}

fn moved(rows: usize) -> AppResult<()> {
    if rows == 1 {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "finding_closed",
        detail: "this finding is closed already; what was said of it stays".into(),
    })
}

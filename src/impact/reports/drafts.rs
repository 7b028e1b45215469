//! What was typed into a step and is not saved yet: a closed tab goes on, and what could not be taken is not lost.

use diesel::prelude::*;

use super::ReportId;
use super::content::Step;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::report_drafts;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Json, Timestamp};

/// Fields as they were typed, in the form's order.
pub type Fields = Vec<(String, String)>;

/// Keeps what `user` typed into a step, in the place of what they typed there before.
///
/// # Errors
/// The database's.
pub fn keep(
    conn: &mut Conn,
    (report, step, user): (ReportId, Step, UserId),
    typed: &Fields,
    now: Timestamp,
) -> AppResult<()> {
    drop_kept(conn, report, step, user)?;
    let row = (
        report_drafts::report_id.eq(report),
        report_drafts::step.eq(step),
        report_drafts::user_id.eq(user),
        report_drafts::typed.eq(Json(typed.clone())),
        report_drafts::kept_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(report_drafts::table).values(row).execute(c))?;
    Ok(())
}

/// What `user` typed into a step and did not save, and when.
///
/// # Errors
/// The database's.
pub fn kept(
    conn: &mut Conn,
    report: ReportId,
    step: Step,
    user: UserId,
) -> AppResult<Option<(Fields, Timestamp)>> {
    let query = report_drafts::table
        .find((report, step, user))
        .select((report_drafts::typed, report_drafts::kept_at));
    let found: Option<(Json<Fields>, Timestamp)> = each!(conn, c => query.first(c).optional())?;
    Ok(found.map(|(typed, at)| (typed.0, at)))
}

/// Forgets what `user` typed into a step: it was saved, or they want it no more.
///
/// # Errors
/// The database's.
pub fn drop_kept(conn: &mut Conn, report: ReportId, step: Step, user: UserId) -> AppResult<()> {
    let own = report_drafts::table.find((report, step, user));
    each!(conn, c => diesel::delete(own).execute(c))?;
    Ok(())
}

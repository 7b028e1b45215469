//! Jobs that fail: tried again, given up with a finding, queued again by hand.

use diesel::prelude::*;

use super::claims::{Claimed, queued_twin};
use super::{JobId, JobState, TRIES};
use crate::db::Conn;
use crate::db::schema::{findings, jobs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// A finding's id, made outside the transaction that may write it.
pub(super) fn finding_id() -> String {
    format!("fnd_{}", uuid::Uuid::now_v7().simple())
}

/// What became of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    /// It will be tried again.
    Again,
    /// It was given up.
    Dead,
    /// Another worker had taken it over; nothing was written.
    Lost,
}

/// A try failed: the job waits until `again_at`, or is dead after [`TRIES`].
pub(super) fn failed(
    conn: &mut Conn,
    job: &Claimed,
    why: &str,
    again_at: Timestamp,
    finding: &str,
    now: Timestamp,
) -> AppResult<Failed> {
    let dead = job.attempts >= TRIES;
    let twin = match &job.dedup_key {
        Some(key) if !dead => queued_twin(conn, key)?,
        _ => None,
    };
    let mine = jobs::table
        .filter(jobs::id.eq(job.id))
        .filter(jobs::lease_token.eq(job.token()));
    if let Some(twin) = twin {
        // The same work was asked for again meanwhile: one job goes on, with the tries that were made.
        if each!(conn, c => diesel::delete(mine).execute(c))? == 0 {
            return Ok(Failed::Lost);
        }
        each!(conn, c => diesel::update(jobs::table.filter(jobs::id.eq(twin)))
            .set((
                jobs::attempts.eq(job.attempts),
                jobs::run_at.eq(again_at),
                jobs::last_error.eq(Some(why)),
            ))
            .execute(c))?;
        return Ok(Failed::Again);
    }
    let state = if dead {
        JobState::Dead
    } else {
        JobState::Queued
    };
    let written = each!(conn, c => diesel::update(mine)
        .set((
            jobs::state.eq(state),
            jobs::run_at.eq(again_at),
            jobs::last_error.eq(Some(why)),
            jobs::lease_token.eq(None::<String>),
            jobs::lease_until.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    match (written, dead) {
        (0, _) => Ok(Failed::Lost),
        (_, false) => Ok(Failed::Again),
        (_, true) => {
            bury(conn, job, why, finding, now)?;
            Ok(Failed::Dead)
        }
    }
}

/// What a finding about a dead job is about.
fn subject(id: JobId, dedup_key: Option<&String>) -> String {
    dedup_key.cloned().unwrap_or_else(|| id.to_string())
}

/// A dead job opens a finding; older dead ones of its key are the same trouble and go.
fn bury(conn: &mut Conn, job: &Claimed, why: &str, finding: &str, now: Timestamp) -> AppResult<()> {
    if let Some(key) = &job.dedup_key {
        each!(conn, c => diesel::delete(jobs::table
                .filter(jobs::dedup_key.eq(key))
                .filter(jobs::state.eq(JobState::Dead))
                .filter(jobs::id.ne(job.id)))
            .execute(c))?;
    }
    let detail = format!(
        "{} was given up after {} tries: {why}",
        job.kind, job.attempts
    );
    each!(conn, c => diesel::insert_into(findings::table)
        .values((
            findings::id.eq(finding),
            findings::kind.eq("job_dead"),
            findings::subject.eq(subject(job.id, job.dedup_key.as_ref())),
            findings::detail.eq(&detail),
            findings::opened_at.eq(now),
        ))
        .on_conflict((findings::kind, findings::subject))
        .do_update()
        .set((
            findings::detail.eq(&detail),
            findings::opened_at.eq(now),
            findings::closed_at.eq(None::<Timestamp>),
            findings::closed_by.eq(None::<String>),
            findings::resolution.eq(None::<String>),
        ))
        .execute(c))?;
    Ok(())
}

/// Queues the dead job that a finding `job_dead` is about again, as if it were new, and closes the finding.
///
/// # Errors
/// [`AppError::Conflict`] `job_not_dead`, when it runs by itself or is done.
pub fn requeue(conn: &mut Conn, subject: &str, now: Timestamp) -> AppResult<()> {
    // A finding is about the job's key, or else its id.
    let own = subject.parse::<JobId>().ok();
    let key = own.is_none().then(|| subject.to_owned());
    let dead = jobs::table
        .filter(jobs::state.eq(JobState::Dead))
        .select(jobs::id);
    let found: Option<JobId> = match own {
        Some(id) => each!(conn, c => dead.filter(jobs::id.eq(id)).first(c).optional())?,
        None => each!(conn, c => dead.filter(jobs::dedup_key.eq(subject)).first(c).optional())?,
    };
    let Some(id) = found else {
        return Err(AppError::Conflict {
            code: "job_not_dead",
            detail: "this job is not given up any more; it runs by itself or is done".into(),
        });
    };
    let twin = match &key {
        Some(key) => queued_twin(conn, key)?,
        None => None,
    };
    if twin.is_some() {
        each!(conn, c => diesel::delete(jobs::table.filter(jobs::id.eq(id))).execute(c))?;
    } else {
        each!(conn, c => diesel::update(jobs::table.filter(jobs::id.eq(id)))
            .set((
                jobs::state.eq(JobState::Queued),
                jobs::attempts.eq(0),
                jobs::run_at.eq(now),
            ))
            .execute(c))?;
    }
    each!(conn, c => diesel::update(findings::table
            .filter(findings::kind.eq("job_dead"))
            .filter(findings::subject.eq(subject)))
        .set((
            findings::closed_at.eq(Some(now)),
            findings::resolution.eq(Some("run again by hand")),
        ))
        .execute(c))?;
    Ok(())
}

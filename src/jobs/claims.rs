//! Leases: how a job is taken, kept, and written off. Every move is one guarded statement.

use chrono::Duration;
use diesel::prelude::*;

use super::{JobId, JobState, TRIES};
use crate::db::Conn;
use crate::db::schema::{findings, jobs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// How long a lease holds unless it is renewed (N4): short enough that what a killed process held goes on within a minute
/// (P8), and four times the pace of renewal.
pub(super) const LEASE_SECONDS: i64 = 40;

/// A job in a worker's hands.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Claimed {
    pub id: JobId,
    pub kind: String,
    pub payload: String,
    pub dedup_key: Option<String>,
    /// Tries begun, this one included.
    pub attempts: i32,
    /// This claim's own, so that even a worker that slept through its lease and claimed again is fenced off.
    pub token: Option<String>,
}

impl Claimed {
    fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }
}

/// A finding's id, made outside the transaction that may write it.
pub(super) fn finding_id() -> String {
    format!("fnd_{}", uuid::Uuid::now_v7().simple())
}

/// Whether any job of `kinds` may be claimed now: a look that takes no writer's time.
pub(super) fn any_due(conn: &mut Conn, kinds: &[&'static str], now: Timestamp) -> AppResult<bool> {
    Ok(!due(conn, kinds, now, 1, false)?.is_empty())
}

/// Takes up to `most` due jobs of `kinds` under `token`.
pub(super) fn claim(
    conn: &mut Conn,
    kinds: &[&'static str],
    token: &str,
    most: i64,
    now: Timestamp,
) -> AppResult<Vec<Claimed>> {
    let ids = due(conn, kinds, now, most, true)?;
    let free = jobs::table.filter(jobs::id.eq_any(ids)).filter(
        jobs::state
            .eq(JobState::Queued)
            .or(jobs::lease_until.lt(now)),
    );
    let until = now.plus(Duration::seconds(LEASE_SECONDS));
    let mut claimed: Vec<Claimed> = each!(conn, c => diesel::update(free)
        .set((
            jobs::state.eq(JobState::Running),
            jobs::attempts.eq(jobs::attempts + 1),
            jobs::lease_token.eq(Some(token)),
            jobs::lease_until.eq(Some(until)),
        ))
        .returning((jobs::id, jobs::kind, jobs::payload, jobs::dedup_key, jobs::attempts, jobs::lease_token))
        .get_results(c))?;
    claimed.sort_by_key(|job| job.id);
    Ok(claimed)
}

/// Ids of due jobs, the longest due first. With `lock`, PostgreSQL passes over rows that another worker is taking
/// just now (N4); SQLite has one writer and needs no such thing.
fn due(
    conn: &mut Conn,
    kinds: &[&'static str],
    now: Timestamp,
    most: i64,
    lock: bool,
) -> AppResult<Vec<JobId>> {
    let queued = jobs::state.eq(JobState::Queued).and(jobs::run_at.le(now));
    let abandoned = jobs::state
        .eq(JobState::Running)
        .and(jobs::lease_until.assume_not_null().lt(now));
    let rows = jobs::table
        .filter(jobs::kind.eq_any(kinds.to_vec()))
        .filter(queued.or(abandoned))
        .select(jobs::id)
        .order((jobs::run_at, jobs::id))
        .limit(most);
    Ok(match conn {
        Conn::Sqlite(c) => rows.load(c)?,
        Conn::Postgres(c) if lock => rows.for_update().skip_locked().load(c)?,
        Conn::Postgres(c) => rows.load(c)?,
    })
}

/// Keeps the lease of a job that takes long; `false` when it was lost to another worker.
pub(super) fn renew(conn: &mut Conn, job: &Claimed, now: Timestamp) -> AppResult<bool> {
    let until = now.plus(Duration::seconds(LEASE_SECONDS));
    let kept = each!(conn, c => diesel::update(jobs::table
            .filter(jobs::id.eq(job.id))
            .filter(jobs::lease_token.eq(job.token())))
        .set(jobs::lease_until.eq(Some(until)))
        .execute(c))?;
    Ok(kept == 1)
}

/// Done: the job goes. `false` when the lease was lost meanwhile.
pub(super) fn done(conn: &mut Conn, job: &Claimed) -> AppResult<bool> {
    let gone = each!(conn, c => diesel::delete(jobs::table
            .filter(jobs::id.eq(job.id))
            .filter(jobs::lease_token.eq(job.token())))
        .execute(c))?;
    Ok(gone == 1)
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

fn queued_twin(conn: &mut Conn, key: &str) -> AppResult<Option<JobId>> {
    Ok(each!(conn, c => jobs::table
        .filter(jobs::dedup_key.eq(key))
        .filter(jobs::state.eq(JobState::Queued))
        .select(jobs::id)
        .first(c)
        .optional())?)
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
        ))
        .execute(c))?;
    Ok(())
}

/// A stopping worker, whose tokens begin with `runner`, gives back what it did not finish; the try does not count.
pub(super) fn release(conn: &mut Conn, runner: &str, now: Timestamp) -> AppResult<usize> {
    let mine: Vec<(JobId, Option<String>)> = each!(conn, c => jobs::table
        .filter(jobs::lease_token.like(format!("{runner}:%")))
        .filter(jobs::state.eq(JobState::Running))
        .select((jobs::id, jobs::dedup_key))
        .load(c))?;
    for (id, key) in &mine {
        let twin = match key {
            Some(key) => queued_twin(conn, key)?,
            None => None,
        };
        let row = jobs::table.filter(jobs::id.eq(id));
        if twin.is_some() {
            each!(conn, c => diesel::delete(row).execute(c))?;
            continue;
        }
        each!(conn, c => diesel::update(row)
            .set((
                jobs::state.eq(JobState::Queued),
                jobs::attempts.eq(jobs::attempts - 1),
                jobs::run_at.eq(now),
                jobs::lease_token.eq(None::<String>),
                jobs::lease_until.eq(None::<Timestamp>),
            ))
            .execute(c))?;
    }
    Ok(mine.len())
}

/// A dead job is queued again by hand, as if it were new, and its finding closes.
pub(super) fn requeue(conn: &mut Conn, id: JobId, now: Timestamp) -> AppResult<()> {
    let found: Option<(JobState, Option<String>)> = each!(conn, c => jobs::table
        .filter(jobs::id.eq(id))
        .select((jobs::state, jobs::dedup_key))
        .first(c)
        .optional())?;
    let (state, key) = found.ok_or(AppError::NotFound("this job"))?;
    if state != JobState::Dead {
        return Err(AppError::Conflict {
            code: "job_not_dead",
            detail: "this job has not been given up; it runs by itself".into(),
        });
    }
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
            .filter(findings::subject.eq(subject(id, key.as_ref()))))
        .set(findings::closed_at.eq(Some(now)))
        .execute(c))?;
    Ok(())
}

/// Kinds, one entry a job, that are due, running or dead.
pub(super) fn left_over(conn: &mut Conn, now: Timestamp) -> AppResult<Vec<String>> {
    Ok(each!(conn, c => jobs::table
        .filter(jobs::run_at.le(now).or(jobs::state.ne(JobState::Queued)))
        .select(jobs::kind)
        .order(jobs::kind)
        .load(c))?)
}

/// How many due jobs are of no kind in `kinds`, and the due time of the oldest known one.
pub(super) fn health(
    conn: &mut Conn,
    kinds: &[&'static str],
    now: Timestamp,
) -> AppResult<(i64, Option<Timestamp>)> {
    let due = jobs::table
        .filter(jobs::state.eq(JobState::Queued))
        .filter(jobs::run_at.le(now));
    let unknown = each!(conn, c => due
        .filter(jobs::kind.ne_all(kinds.to_vec()))
        .count()
        .get_result(c))?;
    let oldest = each!(conn, c => due
        .filter(jobs::kind.eq_any(kinds.to_vec()))
        .select(diesel::dsl::min(jobs::run_at))
        .get_result(c))?;
    Ok((unknown, oldest))
}

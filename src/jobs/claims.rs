//! Leases: how a job is taken, kept, finished and given back. Every move is one guarded statement.

use chrono::Duration;
use diesel::prelude::*;

use super::{JobId, JobState};
use crate::db::Conn;
use crate::db::schema::jobs;
use crate::each;
use crate::error::AppResult;
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
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }
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

/// A queued job of `key`, if there is one.
pub(super) fn queued_twin(conn: &mut Conn, key: &str) -> AppResult<Option<JobId>> {
    Ok(each!(conn, c => jobs::table
        .filter(jobs::dedup_key.eq(key))
        .filter(jobs::state.eq(JobState::Queued))
        .select(jobs::id)
        .first(c)
        .optional())?)
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

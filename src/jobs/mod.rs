//! Jobs: work that follows a fact, written in the fact's own transaction and done afterwards, at least once.
//!
//! A job is `queued`, then `running` under a lease, then gone, or after ten tries `dead`, shown to staff by a finding.
//! Claiming commits by itself; the work runs without a transaction; what became of it is written by a second short
//! one that is fenced by the lease's token, so that a worker which fell asleep cannot overrule the one that took over.
//! Handlers must be idempotent: a process that dies between the work and its note leaves a job that runs again.
//!
//! Invariants: at most one queued job per deduplication key; at most one dead one; schedules are rows, so that several
//! instances enqueue each turn once.

mod claims;
mod failures;
mod registry;
mod runner;
mod schedules;

pub use failures::requeue;
pub use registry::Registry;
pub use runner::Runner;

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::jobs;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;

crate::id!(
    /// A job.
    pub JobId,
    "job"
);

crate::words! {
    /// Where a job stands. Moves: queued → running → (gone | queued | dead), dead → queued by hand.
    pub enum JobState {
        /// Waits for its time and a worker.
        Queued = "queued",
        /// A worker holds its lease.
        Running = "running",
        /// Given up after [`TRIES`] tries; staff may queue it again.
        Dead = "dead",
    }
}

/// Tries of one job before it is dead (F20).
pub const TRIES: i32 = 10;

/// Work to be done once its transaction commits and its time has come.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Made by the caller, outside the transaction.
    pub id: JobId,
    /// Which handler does it.
    pub kind: &'static str,
    /// What the handler gets. Ids, not facts: the handler reads what is true when it runs.
    pub payload: serde_json::Value,
    /// While a job of this key is queued, another is not added.
    pub dedup_key: Option<String>,
    /// Not before.
    pub run_at: Timestamp,
}

/// Adds `job` in the caller's transaction; adds nothing when one of its deduplication key is queued already.
///
/// # Errors
/// The database's.
pub fn enqueue(conn: &mut Conn, job: &NewJob, now: Timestamp) -> AppResult<()> {
    let row = (
        jobs::id.eq(job.id),
        jobs::kind.eq(job.kind),
        jobs::payload.eq(job.payload.to_string()),
        jobs::state.eq(JobState::Queued),
        jobs::dedup_key.eq(job.dedup_key.as_deref()),
        jobs::run_at.eq(job.run_at),
        jobs::attempts.eq(0),
        jobs::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(jobs::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;

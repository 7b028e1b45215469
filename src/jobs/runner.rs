//! The worker: claims, runs handlers side by side, writes down what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::claims::{self, Claimed};
use super::failures::{self, Failed};
use super::registry::Registry;
use super::schedules;
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::kernel::{Clock, Timestamp};

/// How often a worker looks by itself.
const LOOK: Duration = Duration::from_millis(500);
/// How long jobs in flight may take to finish when the worker is told to stop (F10).
const PATIENCE: Duration = Duration::from_secs(20);
/// A lease is renewed this often while the work goes on.
const RENEW: Duration = Duration::from_secs(10);
/// How often the queue's health is measured.
const MEASURE: Duration = Duration::from_secs(15);

/// Works the queue. Several may run, in one process or many.
pub struct Runner {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Clock,
    registry: Registry,
    kinds: Vec<&'static str>,
    concurrency: usize,
    wake: Notify,
    /// Begins the tokens of all that this runner claims.
    name: String,
    claims: AtomicU64,
}

impl Runner {
    /// A worker of `concurrency` jobs at the same time.
    pub fn new(db: Db, clock: Clock, registry: Registry, concurrency: usize) -> Self {
        let kinds = registry.kinds();
        Self {
            inner: Arc::new(Inner {
                db,
                clock,
                registry,
                kinds,
                concurrency: concurrency.max(1),
                wake: Notify::new(),
                name: uuid::Uuid::now_v7().simple().to_string(),
                claims: AtomicU64::new(0),
            }),
        }
    }

    /// Something was enqueued in this process: look now.
    pub fn wake(&self) {
        self.inner.wake.notify_one();
    }

    /// Works until `stop` turns true; then finishes what is in flight, at most 20 s, and gives back the rest.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let inner = &self.inner;
        let mut flight = JoinSet::new();
        let mut measured: Option<tokio::time::Instant> = None;
        while !*stop.borrow() {
            if measured.is_none_or(|at| at.elapsed() >= MEASURE) {
                inner.measure().await;
                measured = Some(tokio::time::Instant::now());
            }
            let free = inner.concurrency.saturating_sub(flight.len());
            let claimed = match inner.look(free).await {
                Ok(claimed) => claimed,
                Err(cause) => {
                    tracing::warn!(%cause, "the queue cannot be read; trying again");
                    Vec::new()
                }
            };
            let full = free > 0 && claimed.len() == free;
            for job in claimed {
                let inner = Arc::clone(inner);
                flight.spawn(async move { inner.work(job).await });
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(ended) = flight.join_next() => note(ended),
                () = inner.wake.notified(), if !full => {}
                () = tokio::time::sleep(LOOK), if !full => {}
            }
        }
        self.finish(flight).await;
    }

    async fn finish(&self, mut flight: JoinSet<()>) {
        let all = async {
            while let Some(ended) = flight.join_next().await {
                note(ended);
            }
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!("jobs in flight did not finish in time; they will run again");
            flight.shutdown().await;
        }
        let (name, now) = (self.inner.name.clone(), self.inner.clock.now());
        let released = self
            .inner
            .db
            .tx(move |conn| claims::release(conn, &name, now))
            .await;
        if let Err(cause) = released {
            tracing::warn!(%cause, "leases not given back; they will run out");
        }
    }

    /// For tests and rehearsal: works until nothing is due at the clock's now; answers how many tries that took.
    ///
    /// # Errors
    /// The database's. A failing job is no error here: it waits for its next try.
    pub async fn run_due(&self) -> AppResult<usize> {
        let mut ran = 0;
        loop {
            let claimed = self.inner.look(self.inner.concurrency).await?;
            if claimed.is_empty() {
                return Ok(ran);
            }
            ran += claimed.len();
            let mut flight = JoinSet::new();
            for job in claimed {
                let inner = Arc::clone(&self.inner);
                flight.spawn(async move { inner.work(job).await });
            }
            while let Some(ended) = flight.join_next().await {
                note(ended);
            }
        }
    }

    /// The kinds, one entry a job, that are due, running or dead: empty when all work is done.
    ///
    /// # Errors
    /// The database's.
    pub async fn left_over(&self) -> AppResult<Vec<String>> {
        let now = self.inner.clock.now();
        self.inner
            .db
            .read(move |conn| claims::left_over(conn, now))
            .await
    }
}

/// A task that panicked outside its handler has left its lease to run out; say so.
fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(cause) = ended {
        tracing::error!(%cause, "a worker's task ended badly");
    }
}

impl Inner {
    /// Lets due schedules have their turn and claims up to `free` jobs; writes only when something is due.
    async fn look(&self, free: usize) -> AppResult<Vec<Claimed>> {
        let now = self.clock.now();
        schedules::tick(&self.db, &self.registry.schedules, now).await?;
        let kinds = self.kinds.clone();
        if free == 0
            || !self
                .db
                .read(move |conn| claims::any_due(conn, &kinds, now))
                .await?
        {
            return Ok(Vec::new());
        }
        let most = i64::try_from(free).unwrap_or(i64::MAX);
        let kinds = self.kinds.clone();
        let token = format!(
            "{}:{}",
            self.name,
            self.claims.fetch_add(1, Ordering::SeqCst)
        );
        self.db
            .tx(move |conn| claims::claim(conn, &kinds, &token, most, now))
            .await
    }

    /// One try of one job, to its note in the database.
    async fn work(&self, job: Claimed) {
        let noted = match self.attempt(&job).await {
            Some(Ok(())) => self.note_done(&job).await,
            Some(Err(cause)) => self.note_failed(&job, &cause.to_string()).await,
            None => Ok(()),
        };
        if let Err(cause) = noted {
            tracing::warn!(job = %job.id, kind = job.kind, %cause, "a job's end was not written; it will run again");
        }
    }

    /// Runs the handler in a task of its own, so that its panic is its own (F20), renewing the lease meanwhile.
    /// `None` when the lease was lost: another worker has the job now.
    async fn attempt(&self, job: &Claimed) -> Option<AppResult<()>> {
        let Some(handler) = self.registry.handlers.get(job.kind.as_str()).cloned() else {
            return Some(Err(AppError::internal("no handler")));
        };
        let payload = match serde_json::from_str(&job.payload) {
            Ok(payload) => payload,
            Err(cause) => return Some(Err(AppError::internal(cause))),
        };
        // In a set, so that the task ends with this future when the worker is told to stop.
        let mut task = JoinSet::new();
        task.spawn(async move { handler(payload).await });
        let mut beat = tokio::time::interval(RENEW);
        beat.tick().await;
        loop {
            tokio::select! {
                ended = task.join_next() => return Some(match ended {
                    Some(Ok(result)) => result,
                    _ => {
                        metrics::counter!("selvedge_panics_total").increment(1);
                        Err(AppError::internal("the handler panicked"))
                    }
                }),
                _ = beat.tick() => {
                    let (row, now) = (job.clone(), self.clock.now());
                    let kept = self.db.tx(move |conn| claims::renew(conn, &row, now)).await;
                    if matches!(kept, Ok(false)) {
                        tracing::warn!(job = %job.id, kind = job.kind, "lease lost; leaving the job to its new worker");
                        return None;
                    }
                }
            }
        }
    }

    async fn note_done(&self, job: &Claimed) -> AppResult<()> {
        let row = job.clone();
        if self.db.tx(move |conn| claims::done(conn, &row)).await? {
            metrics::counter!("selvedge_jobs_done_total", "kind" => job.kind.clone()).increment(1);
        }
        Ok(())
    }

    async fn note_failed(&self, job: &Claimed, why: &str) -> AppResult<()> {
        let now = self.clock.now();
        let again_at = again_at(now, job.attempts)?;
        let finding = failures::finding_id();
        let (row, why) = (job.clone(), why.chars().take(500).collect::<String>());
        let cause = why.clone();
        let end = self
            .db
            .tx(move |conn| failures::failed(conn, &row, &why, again_at, &finding, now))
            .await?;
        let kind = job.kind.clone();
        match end {
            Failed::Again => {
                metrics::counter!("selvedge_jobs_failed_total", "kind" => kind).increment(1);
                tracing::warn!(job = %job.id, kind = job.kind, attempt = job.attempts, cause, "job failed; it comes again");
            }
            Failed::Dead => {
                metrics::counter!("selvedge_jobs_dead_total", "kind" => kind).increment(1);
                tracing::error!(job = %job.id, kind = job.kind, cause, "job given up; see the console");
            }
            Failed::Lost => {}
        }
        Ok(())
    }

    /// Gauges of the queue: kinds that no handler here knows, and how long the oldest due job has waited.
    async fn measure(&self) {
        let (kinds, now) = (self.kinds.clone(), self.clock.now());
        match self
            .db
            .read(move |conn| claims::health(conn, &kinds, now))
            .await
        {
            Ok((unknown, oldest)) => {
                let unknown = u32::try_from(unknown).unwrap_or(u32::MAX);
                if unknown > 0 {
                    tracing::warn!(unknown, "jobs wait whose kind this binary does not know");
                }
                metrics::gauge!("selvedge_jobs_unknown").set(f64::from(unknown));
                metrics::gauge!("selvedge_jobs_oldest_seconds").set(age(oldest, now));
            }
            Err(cause) => tracing::warn!(%cause, "the queue cannot be measured"),
        }
    }
}

/// Seconds since `since`, 0 for never.
fn age(since: Option<Timestamp>, now: Timestamp) -> f64 {
    let seconds = since.map_or(0, |since| now.seconds() - since.seconds());
    f64::from(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}

/// After `attempts` tries a job waits 2^attempts minutes, give or take a tenth at random (F20).
fn again_at(now: Timestamp, attempts: i32) -> AppResult<Timestamp> {
    let minutes = 1i64 << attempts.clamp(1, super::TRIES);
    let mut bytes = [0u8; 4];
    getrandom::fill(&mut bytes)?;
    let span = minutes * 60 / 5;
    let jitter = i64::from(u32::from_le_bytes(bytes)) % (span + 1) - span / 2;
    Ok(now.plus(chrono::Duration::seconds(minutes * 60 + jitter)))
}

//! Whether this process lives (`/livez`) and whether it can serve (`/readyz`, with reasons) (F18).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::web::{Data, ServiceConfig, resource};
use actix_web::{HttpResponse, HttpResponseBuilder};
use diesel::prelude::*;
use futures_util::future::{BoxFuture, join_all};
use parking_lot::RwLock;
use serde::Serialize;

use super::site::Site;
use crate::db::schema::installation;
use crate::db::{Conn, Db, migrations};
use crate::error::AppResult;

/// Free bytes of the data directory's disk that are too few (F18).
const DISK_LOW: u64 = 200 << 20;

/// A worker silent for longer has died or hangs (F18).
const HEARTBEAT_MAX: Duration = Duration::from_secs(60);

/// The answer must be there within a second even when the database is not (F9).
const CHECK_MAX: Duration = Duration::from_millis(800);

/// Whoever asks more often gets the last answer: each one writes to the database.
const KEEP: Duration = Duration::from_secs(1);

/// Why the process cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Which condition does not hold.
    pub check: &'static str,
    /// What was found and how to mend it.
    pub reason: String,
}

type Check = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// The conditions under which this process can serve.
#[derive(Default)]
pub struct Readiness {
    added: RwLock<Vec<(&'static str, Arc<Check>)>>,
    last: tokio::sync::Mutex<Option<(Instant, Vec<Reason>)>>,
}

impl Readiness {
    /// Adds a condition: `check` answers `Err` with a sentence for operators when it does not hold. It is asked at most
    /// once a second and counts as failed after 800 ms.
    pub fn add<F>(&self, name: &'static str, check: F)
    where
        F: Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync + 'static,
    {
        self.added.write().push((name, Arc::new(check)));
    }
}

/// Signs of life of this process's workers. It goes by the machine's time: turning the [`Clock`](crate::kernel::Clock)
/// makes nobody ill.
pub struct Heartbeat {
    start: Instant,
    /// Milliseconds after `start`; -1 where no workers run.
    last: AtomicI64,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            last: AtomicI64::new(-1),
        }
    }
}

impl Heartbeat {
    /// A worker lives. From the first call on, silence makes the process not ready.
    pub fn beat(&self) {
        let now = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    fn check(&self, max: Duration) -> Result<(), String> {
        let Ok(last) = u64::try_from(self.last.load(Ordering::Relaxed)) else {
            return Ok(());
        };
        let silence = self
            .start
            .elapsed()
            .saturating_sub(Duration::from_millis(last));
        if silence > max {
            return Err(format!(
                "the workers have been silent for {} seconds; restart the process",
                silence.as_secs()
            ));
        }
        Ok(())
    }
}

/// Everything that keeps this process from serving; empty when it is ready.
pub async fn reasons(site: &Site) -> Vec<Reason> {
    if site.stopping.is_asked() {
        return vec![Reason {
            check: "stopping",
            reason: "the process is stopping".into(),
        }];
    }
    let mut last = site.readiness.last.lock().await;
    if let Some((at, reasons)) = last.as_ref()
        && at.elapsed() < KEEP
    {
        return reasons.clone();
    }
    let found = ask_all(site).await;
    *last = Some((Instant::now(), found.clone()));
    found
}

async fn ask_all(site: &Site) -> Vec<Reason> {
    let (writing, reading) = (site.db.clone(), site.db.clone());
    let folder = site.config.site.data_dir.clone();
    let now = site.clock.now().rfc3339();
    let beat = site.heartbeat.check(HEARTBEAT_MAX);
    let mut checks: Vec<(&'static str, BoxFuture<'static, Result<(), String>>)> = vec![
        ("database", Box::pin(write_probe(writing, now))),
        ("migrations", Box::pin(schema_is_current(reading))),
        ("disk", Box::pin(disk_has_room(folder))),
        ("workers", Box::pin(async move { beat })),
    ];
    for (name, check) in site.readiness.added.read().iter() {
        checks.push((name, check()));
    }
    let asked = checks.into_iter().map(|(check, answer)| async move {
        let answer = tokio::time::timeout(CHECK_MAX, answer).await;
        match answer.unwrap_or_else(|_| Err("no answer in time".into())) {
            Ok(()) => None,
            Err(reason) => Some(Reason { check, reason }),
        }
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// A row written for good: only that proves that gifts can be recorded.
async fn write_probe(db: Db, now: String) -> Result<(), String> {
    db.tx(move |conn| put_probe(conn, &now))
        .await
        .map_err(|error| error.to_string())
}

fn put_probe(conn: &mut Conn, now: &str) -> AppResult<()> {
    let row = (
        installation::name.eq("write_probe"),
        installation::value.eq(now),
    );
    crate::each!(conn, c => diesel::insert_into(installation::table)
        .values(row)
        .on_conflict(installation::name)
        .do_update()
        .set(installation::value.eq(now))
        .execute(c))?;
    Ok(())
}

async fn schema_is_current(db: Db) -> Result<(), String> {
    let pending = db.read(migrations::lacking).await;
    match pending.map_err(|error| error.to_string())?.as_slice() {
        [] => Ok(()),
        some => Err(format!(
            "{} migrations have not run; run `selvedge migrate`",
            some.len()
        )),
    }
}

async fn disk_has_room(folder: PathBuf) -> Result<(), String> {
    let free = tokio::task::spawn_blocking(move || free_bytes(folder)).await;
    match free {
        Ok(Ok(free)) if free < DISK_LOW => Err(format!(
            "only {} MB are free for the data directory; make room",
            free >> 20
        )),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("the data directory cannot be looked at: {error}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Free bytes on the disk of `folder`, or of the nearest folder above it that exists.
fn free_bytes(mut folder: PathBuf) -> std::io::Result<u64> {
    while !folder.exists() {
        if !folder.pop() || folder.as_os_str().is_empty() {
            folder = PathBuf::from(".");
        }
    }
    let disk = rustix::fs::statvfs(&folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

async fn livez() -> HttpResponse {
    plain(HttpResponse::Ok()).body("alive\n")
}

async fn readyz(site: Data<Site>) -> HttpResponse {
    let reasons = reasons(&site).await;
    let builder = if reasons.is_empty() {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    let body = serde_json::json!({ "ready": reasons.is_empty(), "reasons": reasons });
    plain(builder).json(body)
}

fn plain(mut builder: HttpResponseBuilder) -> HttpResponseBuilder {
    builder.insert_header((header::CACHE_CONTROL, "no-store"));
    builder
}

/// The routes of health.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/livez").get(livez))
        .service(resource("/readyz").get(readyz));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_workers_that_beat_once_can_fall_silent() {
        let heartbeat = Heartbeat::default();
        assert_eq!(heartbeat.check(Duration::ZERO), Ok(()));
        heartbeat.beat();
        assert_eq!(heartbeat.check(Duration::from_secs(60)), Ok(()));
        std::thread::sleep(Duration::from_millis(5));
        assert!(heartbeat.check(Duration::ZERO).is_err());
    }
}

//! The engine: freezes, claims, hands over, writes down. Several may run, in one process or many (N4).
//!
//! A *feeder* keeps a small [`pool`] of claimed recipients filled, a few hundred at most, so memory is the same for a thousand
//! and a million. *Lines* take from it, each with one mail in hand, and have the [`registrar`] mark it and write down how
//! it went; [`super::turn`] says why that is safe. *Chores* go on beside: schedules, freezing, sweeping up, ending.

mod chores;
mod clearance;
mod faults;
mod feed;
mod line;
mod pool;
mod registrar;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use self::pool::Pool;
use super::bulk::{Bulk, House};
use super::claim;
use super::pace::Pace;
use super::preflight::{self, Check, Resolver};
use super::return_path::ReturnPath;
use crate::config::{Config, MailTransport};
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::random_token;
use crate::kernel::{Clock, Timestamp};
use crate::mail::{Dkim, Transport};
use crate::newsletters::NewsletterId;
use crate::subscribers::links::Links;

/// How often the engine looks by itself.
const LOOK: Duration = Duration::from_millis(500);
/// How often a rehearsal asks a database again that is away.
const PATIENCE: usize = 40;
/// How often the chores are done.
const CHORES: Duration = Duration::from_secs(1);

/// The engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Clock,
    transport: Transport,
    house: House,
    pace: Pace,
    lease: chrono::Duration,
    halt_percent: usize,
    is_off: bool,
    wake: Notify,
    /// Begins the tokens of all that this engine claims.
    name: String,
    claims: AtomicU64,
    memory: Mutex<Memory>,
    /// What is looked up about us (N8).
    resolver: RwLock<Arc<dyn Resolver>>,
    /// Mail goes out of this machine: what mailboxes ask matters.
    is_real: bool,
    relay_selectors: String,
}

/// What an engine remembers; all of it can be lost.
#[derive(Default)]
struct Memory {
    /// Newsletters made ready, by version.
    ready: HashMap<NewsletterId, (i64, Arc<Bulk>)>,
    /// Whose turn was last.
    last: Option<NewsletterId>,
    /// Up to when mails were put off, by newsletter and lane.
    put_off: HashMap<NewsletterId, BTreeMap<String, Timestamp>>,
    /// Faults of the server in a row, and until when everything rests.
    faults: usize,
    rests_until: Option<Timestamp>,
    /// Whether each of the last recipients was refused for good.
    outcomes: HashMap<NewsletterId, VecDeque<bool>>,
    /// Whether a worker's life was noted, and when.
    alive: Option<Timestamp>,
    /// How often in a row a newsletter could not be worked on.
    errors: HashMap<NewsletterId, usize>,
}

impl Engine {
    /// An engine as the settings say, over `db`.
    ///
    /// # Errors
    /// When the settings cannot be used, or the database is away.
    pub async fn open(
        config: &Config,
        db: Db,
        clock: Clock,
        dkim: Arc<Vec<Dkim>>,
    ) -> AppResult<Self> {
        use secrecy::ExposeSecret;
        let own = &config.newsletters.smtp_url;
        let url = if own.expose_secret().is_empty() {
            &config.mail.smtp_url
        } else {
            own
        };
        let connections = config.newsletters.connections.max(1);
        let transport = Transport::over(config, (url, connections), &db, &clock)?;
        let fresh = random_token().map_err(AppError::internal)?;
        let domain = config.newsletters.bounce_domain.clone();
        let path = db
            .tx(move |conn| ReturnPath::open(conn, &domain, &fresh))
            .await?;
        let links = Links::load(&db, config).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                transport,
                house: House::new(config, path, dkim, links),
                pace: Pace::new(config),
                lease: chrono::Duration::seconds(config.newsletters.lease_seconds),
                halt_percent: usize::try_from(config.newsletters.pause_at_failed_percent)
                    .unwrap_or(0),
                is_off: config.newsletters.paused,
                wake: Notify::new(),
                name: uuid::Uuid::now_v7().simple().to_string(),
                claims: AtomicU64::new(0),
                memory: Mutex::new(Memory::default()),
                resolver: RwLock::new(preflight::of_machine()),
                is_real: config.mail_transport() == MailTransport::Smtp,
                relay_selectors: config.newsletters.relay_selectors.clone(),
                db,
                clock,
            }),
        })
    }

    /// What every newsletter has in common: addresses of our own.
    pub fn house(&self) -> &House {
        &self.inner.house
    }

    /// What mailboxes ask of whoever sends many, and whether it is so; nothing where mail does not leave this machine.
    pub async fn preflight(&self) -> Vec<Check> {
        self.inner.preflight().await
    }

    /// Looks names up with `resolver` from now on: for tests.
    pub fn resolve_with(&self, resolver: Arc<dyn Resolver>) {
        *self.inner.resolver.write() = resolver;
    }

    /// Something was started or resumed in this process: look now.
    pub fn wake(&self) {
        self.inner.wake.notify_one();
    }

    /// Sends until `stop` turns true; what a server has in hand is finished, at most one time-out long, and the rest given
    /// back.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        if self.inner.is_off {
            tracing::warn!("newsletters.paused is true: no newsletter is sent");
            return;
        }
        while !*stop.borrow() {
            if let Err(cause) = Inner::work(&self.inner, Some(stop.clone())).await {
                tracing::warn!(%cause, "newsletters cannot be sent; trying again");
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => break,
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
        self.inner.transport.close().await;
    }

    /// For tests and rehearsal: sends until nothing is due at the clock's now, or the server is at fault.
    ///
    /// # Errors
    /// The database's. A recipient that is refused is no error here.
    pub async fn deliver_due(&self) -> AppResult<()> {
        if self.inner.is_off {
            return Ok(());
        }
        for _ in 0..PATIENCE {
            match Inner::work(&self.inner, None).await {
                // As in `run`: somebody else was faster too often, or the database was away for a moment.
                Err(AppError::Unavailable { .. }) => tokio::time::sleep(LOOK / 10).await,
                done => return done,
            }
        }
        Inner::work(&self.inner, None).await
    }
}

impl Inner {
    async fn preflight(&self) -> Vec<Check> {
        if !self.is_real {
            return Vec::new();
        }
        let resolver = Arc::clone(&self.resolver.read());
        preflight::look(resolver.as_ref(), &self.house, &self.relay_selectors).await
    }

    /// Lines, registrar and feeder, until told to stop; without a stop, until nothing is due.
    async fn work(inner: &Arc<Self>, stop: Option<watch::Receiver<bool>>) -> AppResult<()> {
        let pool = Arc::new(Pool::new(&inner.pace));
        let (desk, registrar) = registrar::open(inner.db.clone(), inner.clock.clone(), inner.lease);
        let mut lines = JoinSet::new();
        for _ in 0..inner.transport.connections() {
            lines.spawn(line::run(
                Arc::clone(inner),
                Arc::clone(&pool),
                desk.clone(),
            ));
        }
        drop(desk);
        let fed = Self::feed(inner, &pool, stop).await;
        pool.close();
        let left = pool.drain(None);
        while let Some(ended) = lines.join_next().await {
            if let Err(cause) = ended {
                tracing::error!(%cause, "a line ended badly");
            }
        }
        if let Err(cause) = registrar.await {
            tracing::error!(%cause, "the registrar ended badly");
        }
        inner.give_back(left).await?;
        fed?;
        // What the last lines wrote down may have been a newsletter's end.
        inner.chores().await.map(|_| ())
    }

    /// Keeps the pool filled and does the chores.
    async fn feed(
        inner: &Arc<Self>,
        pool: &Arc<Pool>,
        stop: Option<watch::Receiver<bool>>,
    ) -> AppResult<()> {
        let stopped = || stop.as_ref().is_some_and(|stop| *stop.borrow());
        let mut chores: Option<tokio::time::Instant> = None;
        loop {
            if stopped() {
                return Ok(());
            }
            if chores.is_none_or(|at| at.elapsed() >= CHORES) {
                inner.chores().await?;
                inner.transport.tidy().await;
                chores = Some(tokio::time::Instant::now());
            }
            let mut found = 0;
            if pool.waiting() < feed::LOW {
                found = inner.fill(pool).await?;
            }
            if found > 0 {
                continue;
            }
            if stop.is_none() && pool.is_idle() {
                return Ok(());
            }
            let is_full = pool.waiting() >= feed::LOW;
            tokio::select! {
                () = pool.moved(), if is_full || stop.is_none() => {}
                () = inner.wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = until(stop.clone()) => {}
            }
        }
    }

    fn token(&self) -> String {
        let claim = self.claims.fetch_add(1, Ordering::SeqCst);
        format!("{}:{claim}", self.name)
    }

    async fn give_back(&self, claimed: Vec<claim::Claimed>) -> AppResult<()> {
        if claimed.is_empty() {
            return Ok(());
        }
        self.db.tx(move |conn| claim::release(conn, &claimed)).await
    }
}

/// Resolves when it is time to stop; never without a stop.
async fn until(stop: Option<watch::Receiver<bool>>) {
    match stop {
        Some(mut stop) => {
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        None => std::future::pending().await,
    }
}

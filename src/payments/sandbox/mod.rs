//! The sandbox processor: a payment processor in the shape of Stripe's HTTP API, for the demo and the tests.
//!
//! The program talks to it with the client it uses in production, by base URL, so a rehearsal runs the production
//! path: sessions, the hosted pay page, intents, charges, balance transactions with fees, refunds, events, signed
//! webhooks. On demand it misbehaves as processors do ([`routes`] lists the addresses, `control.rs` the faults).
//!
//! | file | holds |
//! |---|---|
//! | `api` | the HTTP face under `/sandbox/stripe/v1`: keys, idempotency, faults, routes |
//! | `sessions` `payments` `settle` `refunds` `disputes` `payouts` `due` | what the objects go through |
//! | `shapes` `lists` `events` `params` `refusal` | the objects, lists, events, parameters and errors as Stripe prints them |
//! | `pay` `pay_page` `cards` | the hosted page and the test cards |
//! | `webhooks` | the sender |
//! | `control` `mood` `state` | faults, the clock, the dashboard's deeds, the account for tests |
//! | `store` `schema` `keys` `json` | the file |
//!
//! Invariants: a session is charged at most once; refunds never pass what was captured; an act and the answer kept
//! under its key are one transaction; every event has its sends in the transaction of the fact it tells. Everything
//! is in one SQLite file of its own and outlives `kill -9`. Card numbers never reach the file or a log.

mod api;
mod cards;
mod control;
mod currency;
mod disputes;
mod due;
mod events;
mod json;
mod keys;
mod lists;
mod mood;
mod params;
mod pay;
mod pay_page;
mod payments;
mod payouts;
mod refunds;
mod refusal;
mod schema;
mod sessions;
mod settle;
mod shapes;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod webhooks;

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use diesel::SqliteConnection;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::kernel::secret::SecretString;
use crate::kernel::{Clock, Timestamp};

use super::API_VERSION;
use refusal::Fault;
use store::{Origin, Teller};

/// How many calls [`Sandbox::log`] remembers.
const LOG_LENGTH: usize = 50_000;

/// What the sandbox needs to know.
pub struct SandboxSettings {
    /// Its own SQLite file; survives `kill -9`. Several processes may open it.
    pub file: PathBuf,
    /// `http://host:port` under which browsers reach the pay page; no slash at the end.
    pub public_url: String,
    /// Where events go.
    pub webhook_url: String,
    /// Webhook secrets. The first signs; all sign while `control` says `rotating`.
    pub secrets: Vec<SecretString>,
    /// The clock, shared with the program.
    pub clock: Clock,
}

/// Why the sandbox cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The file cannot be opened.
    #[error("the sandbox's file cannot be opened: {0}")]
    Open(#[from] diesel::ConnectionError),
    /// The file cannot be read or written.
    #[error("the sandbox's file does not answer: {0}")]
    Database(#[from] diesel::result::Error),
    /// The file holds what this program did not write.
    #[error("the sandbox's file is unreadable")]
    Unreadable,
    /// A stored object is not JSON.
    #[error("the sandbox's file holds a broken object: {0}")]
    Json(#[from] serde_json::Error),
    /// The operating system has no randomness.
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// The HTTP client for webhooks cannot be made.
    #[error("webhooks cannot be sent: {0}")]
    Http(#[from] reqwest::Error),
    /// There is nothing to sign webhooks with.
    #[error("the sandbox needs at least one webhook secret")]
    NoSecret,
    /// The program is stopping.
    #[error("the program is stopping")]
    Stopping,
}

/// One call to the API, for tests that count calls and look for keys (P4, P5, P10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedCall {
    /// `GET` or `POST`.
    pub method: String,
    /// Such as `/v1/checkout/sessions`, without the query.
    pub path: String,
    /// `Idempotency-Key`, of POSTs.
    pub idempotency_key: Option<String>,
    /// When it came, by the shared clock.
    pub at: Timestamp,
}

/// What every transaction may look at.
struct House {
    public_url: String,
    webhook_url: String,
    secrets: Vec<SecretString>,
}

struct Inner {
    house: House,
    clock: Clock,
    conn: Mutex<SqliteConnection>,
    http: reqwest::Client,
    log: Mutex<VecDeque<LoggedCall>>,
    in_flight: Mutex<HashSet<String>>,
    wake: Notify,
}

/// The processor. Clones are one processor.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

/// Keeps an idempotency key taken while its first call is being answered. In memory only: what a killed process was
/// doing is either committed with its answer or never happened.
struct Held {
    inner: Arc<Inner>,
    key: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.inner.in_flight.lock().remove(&self.key);
    }
}

impl Sandbox {
    /// Opens the processor's file and takes up what an earlier process left.
    ///
    /// # Errors
    /// When the file cannot be opened, or there is no secret to sign with.
    pub fn open(settings: SandboxSettings) -> Result<Self, SandboxError> {
        if settings.secrets.is_empty() {
            return Err(SandboxError::NoSecret);
        }
        let conn = schema::open(&settings.file)?;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("Selvedge-Sandbox/1.0")
            .build()?;
        let sandbox = Self(Arc::new(Inner {
            house: House {
                public_url: settings.public_url.trim_end_matches('/').to_owned(),
                webhook_url: settings.webhook_url,
                secrets: settings.secrets,
            },
            clock: settings.clock,
            conn: Mutex::new(conn),
            http,
            log: Mutex::new(VecDeque::new()),
            in_flight: Mutex::new(HashSet::new()),
            wake: Notify::new(),
        }));
        let opened = sandbox.work_now(Origin::default(), |teller| {
            teller.release_sends()?;
            teller.clock_offset()
        });
        match opened {
            Ok(offset) => sandbox.follow_clock(offset),
            Err(Fault::Broken(error)) => return Err(error),
            Err(Fault::Refused(_)) => return Err(SandboxError::Unreadable),
        }
        Ok(sandbox)
    }

    /// What [`routes`] takes as application data.
    pub fn handle(&self) -> web::Data<Self> {
        web::Data::new(self.clone())
    }

    /// The calls to the API since this process started, oldest first; the last 50,000.
    pub fn log(&self) -> Vec<LoggedCall> {
        self.0.log.lock().iter().cloned().collect()
    }

    fn note(&self, method: &str, path: &str, key: Option<&str>) {
        let mut log = self.0.log.lock();
        if log.len() >= LOG_LENGTH {
            log.pop_front();
        }
        log.push_back(LoggedCall {
            method: method.to_owned(),
            path: path.to_owned(),
            idempotency_key: key.map(str::to_owned),
            at: self.0.clock.now(),
        });
    }

    fn hold(&self, key: &str) -> Option<Held> {
        let fresh = self.0.in_flight.lock().insert(key.to_owned());
        fresh.then(|| Held {
            inner: self.0.clone(),
            key: key.to_owned(),
        })
    }

    fn house(&self) -> &House {
        &self.0.house
    }

    fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    async fn something_happened(&self) {
        self.0.wake.notified().await;
    }

    /// Does one piece of work in one transaction, on a thread that may block, and wakes the sender: there may be
    /// something to send now.
    async fn work<T: Send + 'static>(
        &self,
        origin: Origin,
        work: impl FnOnce(&mut Teller<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let done = self.work_quietly(origin, work).await;
        self.0.wake.notify_one();
        done
    }

    /// The same for the sender itself, which must not wake itself for ever.
    async fn work_quietly<T: Send + 'static>(
        &self,
        origin: Origin,
        work: impl FnOnce(&mut Teller<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let sandbox = self.clone();
        tokio::task::spawn_blocking(move || sandbox.work_now(origin, work))
            .await
            .unwrap_or(Err(Fault::Broken(SandboxError::Stopping)))
    }

    fn work_now<T>(
        &self,
        origin: Origin,
        work: impl FnOnce(&mut Teller<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut conn = self.0.conn.lock();
        let now = self.0.clock.now();
        let house = &self.0.house;
        let done = conn.immediate_transaction(|conn| {
            let mut teller = Teller {
                conn,
                house,
                now,
                origin: Origin::default(),
            };
            teller.run_due()?;
            teller.origin = origin;
            work(&mut teller)
        });
        drop(conn);
        done
    }

    /// Turns the shared clock, and remembers it for this file's other processes and the next start.
    async fn turn_clock(&self, seconds: i64) -> Result<(), Fault> {
        self.0.clock.advance(chrono::Duration::seconds(seconds));
        let offset = self.clock_offset();
        self.work(Origin::default(), move |teller| {
            teller.set_clock_offset(offset)
        })
        .await
    }

    /// Follows a clock that another process of this file has turned, or this one before its restart. Only forward: a
    /// test that turned its own clock further is not turned back.
    fn follow_clock(&self, offset: i64) {
        let behind = offset.saturating_sub(self.clock_offset());
        // The two readings of the clock are not one instant.
        if behind > 1 {
            self.0.clock.advance(chrono::Duration::seconds(behind));
        }
    }

    fn clock_offset(&self) -> i64 {
        self.0
            .clock
            .now()
            .seconds()
            .saturating_sub(Clock::system().now().seconds())
    }
}

/// Mounts the processor: `/sandbox/stripe/v1/…`, `/sandbox/pay/{session}`, `/sandbox/control`, `/sandbox/state`.
/// Takes `web::Data<Sandbox>` ([`Sandbox::handle`]).
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sandbox/stripe/v1/{tail:.*}", web::route().to(api::call))
        .route("/sandbox/pay/{session}", web::get().to(pay::show))
        .route("/sandbox/pay/{session}", web::post().to(pay::pay))
        .route(
            "/sandbox/pay/{session}/authenticate",
            web::get().to(pay::show_authenticate),
        )
        .route(
            "/sandbox/pay/{session}/authenticate",
            web::post().to(pay::authenticate),
        )
        .route("/sandbox/control", web::post().to(control::control))
        .route("/sandbox/state", web::get().to(state::state));
}

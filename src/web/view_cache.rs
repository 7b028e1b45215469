//! Views kept in memory for a moment, so that a page that everybody looks at is made once.
//!
//! - A view is fresh for [`ViewCache::TTL`], and only until something that it depends on changes: operations call
//!   [`ViewCache::changed`] after their commit, so a paid gift shows at once on this instance, elsewhere within the TTL.
//! - Many requests for one missing view make it once; who asks after a change never gets a view begun before it.
//! - While the database is away, a view up to [`ViewCache::STALE`] old is better than none (F9), unless what it shows was
//!   [withdrawn](ViewCache::withdrawn).
//! - A view keeps its nonce for as long as it is kept, so equal content keeps its entity tag and a reader's copy its policy.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use parking_lot::Mutex;
use serde::Serialize;

use super::headers::{Nonce, SecurityHeaders};
use super::invalidation::{Changes, Scope};
use super::rendered::Rendered;
use crate::error::faults;
use crate::error::{AppError, AppResult};

/// A page or other answer that is the same for everybody, as a handler makes it.
pub struct View {
    pub(super) body: Bytes,
    pub(super) content_type: &'static str,
    pub(super) keep_seconds: u32,
    pub(super) policy: Option<HeaderValue>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    scopes: Vec<(String, String)>,
    may_age: bool,
}

impl View {
    /// A view of `body`.
    pub fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            content_type,
            keep_seconds: 0,
            policy: None,
            headers: Vec::new(),
            scopes: Vec::new(),
            may_age: true,
        }
    }

    /// A page, rendered with the nonce that the cache handed out.
    pub fn html(body: String) -> Self {
        Self::new("text/html; charset=utf-8", body)
    }

    /// A JSON answer.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> AppResult<Self> {
        Ok(Self::new("application/json", serde_json::to_vec(value)?))
    }

    /// Depends on one more thing, found out while it was made.
    #[must_use]
    pub fn depends_on(mut self, kind: &str, id: &str) -> Self {
        self.scopes.push((kind.to_owned(), id.to_owned()));
        self
    }

    /// Does not stand in while the database is away: what may have been taken back meanwhile, on another instance or by the
    /// clock (S17).
    #[must_use]
    pub fn never_stale(mut self) -> Self {
        self.may_age = false;
        self
    }

    /// May be kept by browsers and proxies for `seconds` without asking (share cards); otherwise they ask each time.
    #[must_use]
    pub fn keep(mut self, seconds: u32) -> Self {
        self.keep_seconds = seconds;
        self
    }

    /// Is sent with a content security policy of its own.
    #[must_use]
    pub fn policy(mut self, policy: HeaderValue) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Is sent with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

struct Entry {
    rendered: Arc<Rendered>,
    scopes: Vec<Arc<Scope>>,
    /// The moment of [`Changes`] that the rendering began at.
    moment: u64,
    born: Instant,
    may_age: bool,
}

impl Entry {
    fn is_fresh(&self, ttl: Duration) -> bool {
        self.born.elapsed() < ttl
            && self
                .scopes
                .iter()
                .all(|scope| scope.unchanged_since(self.moment))
    }

    fn may_stand_in(&self) -> bool {
        self.may_age
            && self.born.elapsed() < ViewCache::STALE
            && self
                .scopes
                .iter()
                .all(|scope| scope.not_withdrawn_since(self.moment))
    }
}

/// One rendering at a time a key; inside, when the last one found the database away.
type Flight = tokio::sync::Mutex<Option<Instant>>;

/// The cache of views.
pub struct ViewCache {
    entries: moka::sync::Cache<String, Arc<Entry>>,
    changes: Changes,
    flights: Mutex<HashMap<String, Weak<Flight>>>,
    security: SecurityHeaders,
    ttl: Duration,
}

impl ViewCache {
    /// How long a view is fresh.
    pub const TTL: Duration = Duration::from_secs(1);
    /// How old a view may be while the database is away (F9).
    pub const STALE: Duration = Duration::from_secs(300);
    /// Bytes of all views at most.
    const CAPACITY: u64 = 64 << 20;
    /// How long a reader waits for somebody else's rendering before a view that has merely aged is good enough.
    const PATIENCE: Duration = Duration::from_millis(500);

    /// A cache whose answers carry `security`.
    pub fn new(security: SecurityHeaders) -> Self {
        Self::with_ttl(security, Self::TTL)
    }

    /// A cache whose views are fresh for `ttl`.
    pub fn with_ttl(security: SecurityHeaders, ttl: Duration) -> Self {
        let entries = moka::sync::Cache::builder()
            .max_capacity(Self::CAPACITY)
            .weigher(|key: &String, entry: &Arc<Entry>| {
                let key = u32::try_from(key.len()).unwrap_or(u32::MAX);
                entry.rendered.weight().saturating_add(key)
            })
            .time_to_live(Self::STALE)
            .build();
        Self {
            entries,
            changes: Changes::default(),
            flights: Mutex::default(),
            security,
            ttl,
        }
    }

    /// Says that a thing (`"page"`, its id) has changed: views that show it are made anew.
    pub fn changed(&self, kind: &str, id: &str) {
        self.changes.change(kind, id, false);
    }

    /// Says that a thing must not be seen any more: its views do not even stand in while the database is away.
    pub fn withdrawn(&self, kind: &str, id: &str) {
        self.changes.change(kind, id, true);
    }

    /// Answers with the view of `key`, made by `render` unless a fresh one is kept.
    ///
    /// `key` holds all that the view depends on of the request: the path and the query fields that matter, in one
    /// form, so that no stranger's query fills the cache. `render` gets the nonce to put into the page.
    ///
    /// # Errors
    /// Those of `render`.
    pub async fn respond<R, F>(
        &self,
        request: &HttpRequest,
        key: &str,
        scopes: &[(&str, &str)],
        render: R,
    ) -> AppResult<HttpResponse>
    where
        R: FnOnce(Nonce) -> F,
        F: Future<Output = AppResult<View>>,
    {
        let known = self.entries.get(key);
        if let Some(entry) = known.as_ref().filter(|entry| entry.is_fresh(self.ttl)) {
            return Ok(entry.rendered.answer(request));
        }
        let rendered = self.renew(key, scopes, known, render).await?;
        Ok(rendered.answer(request))
    }

    async fn renew<R, F>(
        &self,
        key: &str,
        scopes: &[(&str, &str)],
        known: Option<Arc<Entry>>,
        render: R,
    ) -> AppResult<Arc<Rendered>>
    where
        R: FnOnce(Nonce) -> F,
        F: Future<Output = AppResult<View>>,
    {
        let seat = Seat::take(self, key);
        let stand_in = known.filter(|entry| entry.may_stand_in());
        let aged = stand_in.as_ref().filter(|entry| {
            let unchanged = |scope: &Arc<Scope>| scope.unchanged_since(entry.moment);
            entry.scopes.iter().all(unchanged)
        });
        let mut last_away = match (
            tokio::time::timeout(Self::PATIENCE, seat.flight.lock()).await,
            aged,
        ) {
            (Ok(turn), _) => turn,
            (Err(_), Some(entry)) => return Ok(Arc::clone(&entry.rendered)),
            (Err(_), None) => seat.flight.lock().await,
        };
        let latest = self.entries.get(key);
        if let Some(entry) = latest.as_ref().filter(|entry| entry.is_fresh(self.ttl)) {
            return Ok(Arc::clone(&entry.rendered));
        }
        // Whoever waited for a rendering that found the database away need not find it out again.
        let just_away = last_away.is_some_and(|at| at.elapsed() < self.ttl);
        let made = if just_away {
            Err(AppError::database_away())
        } else {
            self.make(key, scopes, latest, render).await
        };
        match made {
            Err(error) if is_away(&error) => {
                if !just_away {
                    *last_away = Some(Instant::now());
                }
                match stand_in {
                    Some(entry) => {
                        metrics::counter!("selvedge_views_stale_total").increment(1);
                        Ok(Arc::clone(&entry.rendered))
                    }
                    None => Err(error),
                }
            }
            other => other,
        }
    }

    async fn make<R, F>(
        &self,
        key: &str,
        scopes: &[(&str, &str)],
        latest: Option<Arc<Entry>>,
        render: R,
    ) -> AppResult<Arc<Rendered>>
    where
        R: FnOnce(Nonce) -> F,
        F: Future<Output = AppResult<View>>,
    {
        let moment = self.changes.now();
        let nonce = match &latest {
            Some(entry) => entry.rendered.nonce.clone(),
            None => Nonce::fresh()?,
        };
        metrics::counter!("selvedge_views_rendered_total").increment(1);
        let mut view = render(nonce.clone()).await?;
        let found = std::mem::take(&mut view.scopes);
        let found = found.iter().map(|(kind, id)| (kind.as_str(), id.as_str()));
        let scopes = scopes.iter().copied().chain(found);
        let scopes = scopes
            .map(|(kind, id)| self.changes.scope(kind, id))
            .collect();
        let may_age = view.may_age;
        let fresh = Rendered::new(view, nonce, &self.security);
        // Unchanged content keeps its compressed forms.
        let rendered = match latest {
            Some(entry) if entry.rendered.is_same(&fresh) => Arc::clone(&entry.rendered),
            _ => Arc::new(fresh),
        };
        let entry = Entry {
            rendered: Arc::clone(&rendered),
            scopes,
            moment,
            born: Instant::now(),
            may_age,
        };
        self.entries.insert(key.to_owned(), Arc::new(entry));
        Ok(rendered)
    }
}

fn is_away(error: &AppError) -> bool {
    match error {
        AppError::Unavailable { .. } => true,
        AppError::Database(cause) => faults::is_passing(cause),
        _ => false,
    }
}

/// A place in the queue for one key's rendering; the last to leave clears the queue away, however it leaves.
struct Seat<'a> {
    cache: &'a ViewCache,
    key: &'a str,
    flight: Arc<Flight>,
}

impl<'a> Seat<'a> {
    fn take(cache: &'a ViewCache, key: &'a str) -> Self {
        let mut flights = cache.flights.lock();
        let flight = match flights.get(key).and_then(Weak::upgrade) {
            Some(flight) => flight,
            None => {
                let flight = Arc::new(Flight::default());
                flights.insert(key.to_owned(), Arc::downgrade(&flight));
                flight
            }
        };
        Self { cache, key, flight }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = self.cache.flights.lock();
        if Arc::strong_count(&self.flight) == 1 {
            flights.remove(self.key);
        }
    }
}

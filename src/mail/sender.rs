//! The sender: claims due mails by lease, hands them to the transport, writes down what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::letter::{Letter, Origin};
use super::outgoing::{self, Outgoing};
use super::transport::{Outcome, Transport};
use crate::db::Db;
use crate::error::AppResult;
use crate::kernel::{Clock, Timestamp, crash};

/// How often the sender looks by itself.
const LOOK: Duration = Duration::from_millis(500);
/// How often the outbox is measured.
const MEASURE: Duration = Duration::from_secs(15);
/// Mails claimed at once per connection: what remains of a batch waits for the lease when a process dies.
const CLAIMS: usize = 4;
/// A batch's lease is renewed this often while it is being sent.
const RENEW: Duration = Duration::from_secs(10);
/// How long a transport that failed is left alone.
const REST_SECONDS: i64 = 30;

/// Sends the outbox. Several may run, in one process or many.
pub struct Sender {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Clock,
    transport: Transport,
    origin: Origin,
    wake: Notify,
    /// Begins the tokens of all that this sender claims.
    name: String,
    claims: AtomicU64,
    /// Until when the transport rests after a fault of its own.
    rests_until: Mutex<Option<Timestamp>>,
}

/// One batch's end.
struct Batch {
    claimed: usize,
    sent: usize,
    whole: bool,
}

impl Sender {
    /// A sender of what `db`'s outbox holds, from `origin` over `transport`.
    pub fn new(db: Db, clock: Clock, transport: Transport, origin: Origin) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                clock,
                transport,
                origin,
                wake: Notify::new(),
                name: uuid::Uuid::now_v7().simple().to_string(),
                claims: AtomicU64::new(0),
                rests_until: Mutex::new(None),
            }),
        }
    }

    /// Something was queued in this process: look now.
    pub fn wake(&self) {
        self.inner.wake.notify_one();
    }

    /// Sends until `stop` turns true; mails in a server's hands are finished, at most one time-out long.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let inner = &self.inner;
        let mut measured: Option<tokio::time::Instant> = None;
        while !*stop.borrow() {
            if measured.is_none_or(|at| at.elapsed() >= MEASURE) {
                inner.measure().await;
                measured = Some(tokio::time::Instant::now());
            }
            let idle = match Inner::batch(inner, Some(stop.clone())).await {
                Ok(batch) => batch.claimed == 0 || !batch.whole,
                Err(cause) => {
                    tracing::warn!(%cause, "the outbox cannot be read; trying again");
                    true
                }
            };
            inner.transport.tidy().await;
            if idle {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => break,
                    () = inner.wake.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
        inner.transport.close().await;
    }

    /// For tests and rehearsal: sends until nothing is due at the clock's now, or the transport fails; answers how
    /// many were sent.
    ///
    /// # Errors
    /// The database's. A mail that is refused is no error here.
    pub async fn deliver_due(&self) -> AppResult<usize> {
        let mut sent = 0;
        loop {
            let batch = Inner::batch(&self.inner, None).await?;
            sent += batch.sent;
            if batch.claimed == 0 || !batch.whole {
                return Ok(sent);
            }
        }
    }
}

impl Inner {
    /// Claims a batch and sends it over as many connections as the transport has.
    async fn batch(inner: &Arc<Self>, stop: Option<watch::Receiver<bool>>) -> AppResult<Batch> {
        let claimed = inner.claim().await?;
        let mut batch = Batch {
            claimed: claimed.len(),
            sent: 0,
            whole: true,
        };
        let Some(token) = claimed.first().and_then(|mail| mail.token.clone()) else {
            return Ok(batch);
        };
        let halted = Arc::new(AtomicBool::new(false));
        let waiting = Arc::new(Mutex::new(claimed.into_iter()));
        let mut lines = JoinSet::new();
        for _ in 0..inner.transport.connections() {
            let (inner, halted) = (Arc::clone(inner), Arc::clone(&halted));
            let (waiting, stop) = (Arc::clone(&waiting), stop.clone());
            lines.spawn(async move {
                let mut sent = 0usize;
                loop {
                    if stop.as_ref().is_some_and(|stop| *stop.borrow()) {
                        halted.store(true, Ordering::SeqCst);
                    }
                    if halted.load(Ordering::SeqCst) {
                        return sent;
                    }
                    let Some(mail) = waiting.lock().next() else {
                        return sent;
                    };
                    match inner.deliver(mail).await {
                        Some(true) => sent += 1,
                        Some(false) => {}
                        None => halted.store(true, Ordering::SeqCst),
                    }
                }
            });
        }
        let mut beat = tokio::time::interval(RENEW);
        beat.tick().await;
        loop {
            tokio::select! {
                line = lines.join_next() => match line {
                    Some(Ok(sent)) => batch.sent += sent,
                    Some(Err(cause)) => tracing::error!(%cause, "a sender's task ended badly"),
                    None => break,
                },
                _ = beat.tick() => inner.renew(&token).await,
            }
        }
        if halted.load(Ordering::SeqCst) {
            batch.whole = false;
            inner
                .db
                .tx(move |conn| outgoing::release(conn, &token))
                .await?;
        }
        Ok(batch)
    }

    async fn claim(&self) -> AppResult<Vec<Outgoing>> {
        let now = self.clock.now();
        if self.rests_until.lock().is_some_and(|until| now < until) {
            return Ok(Vec::new());
        }
        if !self
            .db
            .read(move |conn| outgoing::any_due(conn, now))
            .await?
        {
            return Ok(Vec::new());
        }
        let most = i64::try_from(self.transport.connections() * CLAIMS).unwrap_or(1);
        let claim = self.claims.fetch_add(1, Ordering::SeqCst);
        let token = format!("{}:{claim}", self.name);
        self.db
            .tx(move |conn| outgoing::claim(conn, &token, most, now))
            .await
    }

    /// A batch may take longer than its lease; one that is lost all the same is sent again under the same Message-IDs.
    async fn renew(&self, token: &str) {
        let (token, now) = (token.to_owned(), self.clock.now());
        if let Err(cause) = self
            .db
            .tx(move |conn| outgoing::renew(conn, &token, now))
            .await
        {
            tracing::warn!(%cause, "a batch's lease could not be renewed");
        }
    }

    /// One try of one mail. `Some(true)` when it was sent, `None` when the transport itself is at fault and the rest
    /// must wait.
    async fn deliver(&self, mail: Outgoing) -> Option<bool> {
        let outcome = match Letter::compose(mail.draft(), &self.origin) {
            Ok(letter) => self.transport.deliver(&letter).await,
            Err(why) => Outcome::Refused(why.into()),
        };
        let word = outcome.word();
        metrics::counter!("selvedge_mail_tries_total", "outcome" => word).increment(1);
        match &outcome {
            Outcome::Down(why) => {
                self.rest(&why.said);
                return None;
            }
            Outcome::Sent => self.is_up(),
            // What the server said may name the recipient: it is kept with the mail, not logged (S14).
            Outcome::Later(_) | Outcome::InDoubt(_) | Outcome::Refused(_) => {
                tracing::warn!(mail = %mail.id, attempt = mail.attempts, outcome = word, "mail not sent");
            }
        }
        let sent = matches!(outcome, Outcome::Sent);
        if sent {
            crash::point("mail-handed-over");
        }
        let (id, now) = (mail.id, self.clock.now());
        let noted = self
            .db
            .tx(move |conn| outgoing::settle(conn, &mail, &outcome, now))
            .await;
        if let Err(cause) = noted {
            tracing::warn!(mail = %id, %cause, "a mail's end was not written; when its lease runs out it goes again under the same Message-ID");
        }
        Some(sent)
    }

    /// The transport failed: everything waits, no mail is blamed (N13).
    fn rest(&self, why: &str) {
        let until = self
            .clock
            .now()
            .plus(chrono::Duration::seconds(REST_SECONDS));
        if self.rests_until.lock().replace(until).is_none() {
            tracing::error!(cause = why, "mail cannot leave; the outbox waits");
        }
        metrics::gauge!("selvedge_mail_transport_up").set(0.0);
    }

    fn is_up(&self) {
        if self.rests_until.lock().take().is_some() {
            tracing::info!("mail leaves again");
        }
        metrics::gauge!("selvedge_mail_transport_up").set(1.0);
    }

    /// The age of the oldest mail that should have left (F8).
    async fn measure(&self) {
        let now = self.clock.now();
        match self.db.read(outgoing::oldest).await {
            Ok(oldest) => {
                let seconds = oldest.map_or(0, |at| (now.seconds() - at.seconds()).max(0));
                metrics::gauge!("selvedge_mail_oldest_seconds")
                    .set(f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)));
            }
            Err(cause) => tracing::warn!(%cause, "the outbox cannot be measured"),
        }
    }
}

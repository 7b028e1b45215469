//! The processor's events: stored durably, then worked off in batches by asking the processor (P12, P13).
//!
//! The table is its own queue: storing an event is the one statement that a webhook needs, and a lease on the row
//! replaces a job beside it (docs/DECISIONS.md).

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::Giving;
use super::alerts;
use super::settle::{self, Applied, Settling};
use crate::db::Conn;
use crate::db::schema::processor_events as rows;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::jobs::{self, JobId, NewJob};
use crate::kernel::{Timestamp, crash};
use crate::payments::client::{CallError, Payment};
use crate::payments::webhook::{self, Event, Reference};

crate::words! {
    /// How an event stands.
    pub enum EventState {
        /// To be worked off.
        Stored = "stored",
        /// Its payment was asked for and applied.
        Processed = "processed",
        /// Of a kind that says nothing of payments, or about nothing that the processor or we know.
        Ignored = "ignored",
        /// Tried often, in vain: for staff.
        Quarantined = "quarantined",
    }
}

/// The kinds that lead to a payment. Others are stored and ignored.
pub const KINDS: &[&str] = &[
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.succeeded",
    "charge.updated",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
];

/// The kinds that are listed when no webhook brought them: those of payments, and those that tell of payouts.
pub const LISTED: &[&str] = &[
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.succeeded",
    "charge.updated",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "payout.paid",
    "payout.failed",
];

/// Tries before an event is set aside for staff.
const TRIES: i32 = 12;
/// Seconds for which a worker may hold a batch.
const LEASE: i64 = 60;

/// Stores an event once; `false` for a repeat. `origin`: `webhook`, or `list` when the reconcile job found it.
///
/// # Errors
/// The database's: then nothing was stored and the processor sends again.
pub fn store(
    conn: &mut Conn,
    event: &Event,
    payload: &str,
    origin: &str,
    now: Timestamp,
) -> AppResult<bool> {
    let leads_somewhere = KINDS.contains(&event.kind.as_str()) && event.reference.is_some();
    let state = if leads_somewhere {
        EventState::Stored
    } else {
        EventState::Ignored
    };
    let row = (
        rows::id.eq(&event.id),
        rows::kind.eq(&event.kind),
        rows::object_id.eq(&event.object_id),
        rows::api_version.eq(&event.api_version),
        rows::payload.eq(payload),
        rows::origin.eq(origin),
        rows::state.eq(state),
        rows::attempts.eq(0),
        rows::run_at.eq(now),
        rows::created_at.eq(Timestamp::from_seconds(event.created).unwrap_or(now)),
        rows::received_at.eq(now),
    );
    let stored = each!(conn, c => diesel::insert_into(rows::table)
        .values(row)
        .on_conflict(rows::id)
        .do_nothing()
        .execute(c))?;
    if stored == 1 && event.kind.starts_with("payout.") {
        // Payouts are read back from the processor as payments are (P13). The queue keeps one such job, so an id made anew
        // when the transaction runs again does no harm.
        let job = NewJob {
            id: JobId::new(),
            kind: "reconcile_payouts",
            payload: serde_json::Value::Null,
            dedup_key: Some("reconcile_payouts".into()),
            run_at: now,
        };
        jobs::enqueue(conn, &job, now)?;
    }
    Ok(stored == 1)
}

#[derive(Debug, Clone, Queryable)]
struct Claimed {
    seq: i64,
    payload: String,
    attempts: i32,
}

fn claim(conn: &mut Conn, limit: i64, lease: &str, now: Timestamp) -> AppResult<Vec<Claimed>> {
    let due = rows::table
        .filter(rows::state.eq(EventState::Stored))
        .filter(rows::run_at.le(now))
        .filter(rows::lease_until.is_null().or(rows::lease_until.le(now)))
        .order(rows::seq)
        .limit(limit)
        .select(rows::seq);
    let seqs: Vec<i64> = each!(conn, c => due.load(c))?;
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let taken = diesel::update(rows::table.filter(rows::seq.eq_any(&seqs))).set((
        rows::lease_token.eq(lease),
        rows::lease_until.eq(now.plus(chrono::Duration::seconds(LEASE))),
        rows::attempts.eq(rows::attempts + 1),
    ));
    each!(conn, c => taken.execute(c))?;
    let query = rows::table
        .filter(rows::seq.eq_any(&seqs))
        .order(rows::seq)
        .select((rows::seq, rows::payload, rows::attempts));
    Ok(each!(conn, c => query.load(c))?)
}

/// How each event of a batch ended.
#[derive(Debug, Default, Clone)]
struct Ends {
    processed: Vec<i64>,
    ignored: Vec<i64>,
    /// To be tried again: seq, tries so far, cause.
    again: Vec<(i64, i32, String)>,
}

impl Giving {
    /// Works off one batch of stored events; answers how many it took (0: none were due).
    ///
    /// # Errors
    /// The database's: the lease ends by itself and another worker takes over.
    pub async fn work_events(&self) -> AppResult<usize> {
        let limit = self.site.config.jobs.settle_batch;
        let (lease, now) = (
            crate::kernel::secret::random_token()?,
            self.site.clock.now(),
        );
        let token = lease.clone();
        let batch = self
            .site
            .db
            .tx(move |conn| claim(conn, limit, &token, now))
            .await?;
        if batch.is_empty() {
            return Ok(0);
        }
        let taken = batch.len();
        let live = self.site.config.is_live();
        let mut wanted: BTreeMap<Reference, Vec<Claimed>> = BTreeMap::new();
        let mut ends = Ends::default();
        for event in batch {
            match webhook::parse(event.payload.as_bytes(), live)
                .ok()
                .and_then(|parsed| parsed.reference)
            {
                Some(reference) => wanted.entry(reference).or_default().push(event),
                None => ends.ignored.push(event.seq),
            }
        }
        let (payments, failed) = self.fetch(wanted.keys().cloned().collect()).await;
        crash::point("events-fetched");
        for (reference, error) in failed {
            for event in wanted.remove(&reference).unwrap_or_default() {
                match &error {
                    CallError::Missing => ends.ignored.push(event.seq),
                    other => ends
                        .again
                        .push((event.seq, event.attempts, other.to_string())),
                }
            }
        }
        ends.processed = wanted
            .into_values()
            .flatten()
            .map(|event| event.seq)
            .collect();
        self.finish(payments, ends, lease).await?;
        Ok(taken)
    }

    /// Applies the batch and ends its events in one transaction; if the batch fails, each payment on its own, so that
    /// one bad gift does not hold up the others.
    async fn finish(&self, payments: Vec<Payment>, ends: Ends, lease: String) -> AppResult<()> {
        let (with, now) = (self.settling(), self.site.clock.now());
        let applied = self
            .site
            .db
            .tx(move |conn| {
                let applied = apply_or_single_out(conn, &with, &payments, now)?;
                alerts::quarantine(conn, &applied.quarantined, now)?;
                end(conn, &ends, &lease, now)?;
                Ok(applied)
            })
            .await?;
        crash::point("settle-committed");
        self.show(&applied);
        Ok(())
    }

    /// Works events off until `stop`: woken by webhooks, and by itself twice a second for what others stored.
    pub async fn run_events(self, mut stop: tokio::sync::watch::Receiver<bool>) {
        while !*stop.borrow() {
            let worked = match self.work_events().await {
                Ok(worked) => worked,
                Err(error) => {
                    tracing::warn!(cause = %error, "events could not be worked off");
                    0
                }
            };
            if worked > 0 {
                continue;
            }
            tokio::select! {
                () = self.events.notified() => {}
                () = tokio::time::sleep(std::time::Duration::from_millis(500)) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

fn apply_or_single_out(
    conn: &mut Conn,
    with: &Settling,
    payments: &[Payment],
    now: Timestamp,
) -> AppResult<Applied> {
    let whole = conn.atomically(|conn| settle::apply(conn, with, payments, now));
    let error = match whole {
        Ok(applied) => return Ok(applied),
        Err(AppError::Database(cause)) if crate::error::faults::is_passing(&cause) => {
            return Err(cause.into());
        }
        Err(error) => error,
    };
    // PostgreSQL's savepoint is rolled back, so the transaction goes on.
    tracing::warn!(cause = %error, payments = payments.len(), "a batch failed; trying its payments one by one");
    let mut all = Applied::default();
    let mut seen = BTreeSet::new();
    for payment in payments {
        if !seen.insert(payment.intent_id.clone()) && payment.intent_id.is_some() {
            continue;
        }
        let one = std::slice::from_ref(payment);
        match conn.atomically(|conn| settle::apply(conn, with, one, now)) {
            Ok(applied) => {
                all.settled.extend(applied.settled);
                all.changed.extend(applied.changed);
                all.quarantined.extend(applied.quarantined);
            }
            Err(AppError::Database(cause)) if crate::error::faults::is_passing(&cause) => {
                return Err(cause.into());
            }
            Err(error) => {
                tracing::error!(cause = %error, "a payment could not be settled");
                if let Some(donation) = payment
                    .reference
                    .as_ref()
                    .and_then(|text| text.parse().ok())
                {
                    all.quarantined.push(settle::Quarantined {
                        donation,
                        why: format!("could not be settled: {error}"),
                    });
                }
            }
        }
    }
    Ok(all)
}

fn end(conn: &mut Conn, ends: &Ends, lease: &str, now: Timestamp) -> AppResult<()> {
    for (seqs, state) in [
        (&ends.processed, EventState::Processed),
        (&ends.ignored, EventState::Ignored),
    ] {
        let own = rows::table
            .filter(rows::seq.eq_any(seqs))
            .filter(rows::lease_token.eq(lease));
        let change = diesel::update(own).set((
            rows::state.eq(state),
            rows::processed_at.eq(now),
            rows::lease_until.eq(None::<Timestamp>),
        ));
        if !seqs.is_empty() {
            each!(conn, c => change.execute(c))?;
        }
    }
    for (seq, attempts, cause) in &ends.again {
        let state = if *attempts >= TRIES {
            EventState::Quarantined
        } else {
            EventState::Stored
        };
        let pause =
            chrono::Duration::seconds(2i64.pow(u32::try_from(*attempts).unwrap_or(1).min(10)));
        let own = rows::table.find(seq).filter(rows::lease_token.eq(lease));
        let change = diesel::update(own).set((
            rows::state.eq(state),
            rows::run_at.eq(now.plus(pause)),
            rows::last_error.eq(cause),
            rows::lease_until.eq(None::<Timestamp>),
        ));
        each!(conn, c => change.execute(c))?;
    }
    Ok(())
}

//! Asking the processor about what it has not told us (P6, P21 first part).
//!
//! Two questions: how does each gift stand that has been pending too long, and which events did no webhook bring. Both
//! end where every sighting of a payment ends, in [`settle`](super::settle).

use diesel::prelude::*;

use super::Giving;
use super::events;
use super::model::{Donation, DonationId, DonationStatus};
use crate::db::Conn;
use crate::db::schema::{donations, idempotency_keys, reconciliations};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::payments::client::CallError;
use crate::payments::webhook::{self, Reference};

/// Gifts asked about in one run.
const ASK: i64 = 200;
/// Hours of events that are listed again, whatever the last run saw (P21).
const OVERLAP_HOURS: i64 = 24;
/// Days for which the processor keeps events.
const KEPT_DAYS: i64 = 30;
/// Hours after which an idempotency key is forgotten (P8).
const KEY_HOURS: i64 = 72;

/// What a run found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// Pending gifts asked about.
    pub asked: usize,
    /// Gifts taken as paid because of that.
    pub settled: usize,
    /// Events that no webhook had brought.
    pub missed_events: usize,
}

impl Giving {
    /// Asks about every gift that has been pending for longer than the set time; gifts without a checkout get one,
    /// or end when theirs could no longer be paid.
    ///
    /// # Errors
    /// The database's.
    pub async fn ask_about_pending(&self) -> AppResult<Reconciled> {
        if self.processor.is_none() {
            return Ok(Reconciled::default());
        }
        let now = self.site.clock.now();
        let since = now.minus(chrono::Duration::seconds(
            self.site.config.payments.ask_after_seconds,
        ));
        let pending = self
            .site
            .db
            .read(move |conn| long_pending(conn, since))
            .await?;
        let mut found = Reconciled {
            asked: pending.len(),
            ..Reconciled::default()
        };
        let ids: Vec<DonationId> = pending.iter().map(|donation| donation.id).collect();
        let (with, without): (Vec<Donation>, Vec<Donation>) = pending
            .into_iter()
            .partition(|donation| donation.session_id.is_some());
        for donation in without {
            self.finish_opening(&donation, now).await?;
        }
        let references = with
            .iter()
            .filter_map(|donation| donation.session_id.clone())
            .map(Reference::Session);
        let (applied, failed) = self.sync(references.collect()).await?;
        found.settled = applied.settled.len();
        for (_, error) in failed
            .iter()
            .filter(|(_, error)| !matches!(error, CallError::Missing))
        {
            tracing::warn!(cause = %error, "a pending gift could not be asked about");
        }
        self.site
            .db
            .tx(move |conn| mark_asked(conn, &ids, now))
            .await?;
        Ok(found)
    }

    /// The completer of an interrupted request (P8): the same key opens the checkout that may already be there. A gift
    /// too old to be paid is closed.
    async fn finish_opening(&self, donation: &Donation, now: Timestamp) -> AppResult<()> {
        let open_for = chrono::Duration::seconds(self.site.config.payments.checkout_seconds);
        if donation.created_at.plus(open_for) < now {
            let id = donation.id;
            return self.site.db.tx(move |conn| expire(conn, id, now)).await;
        }
        match self.open_checkout(donation.id).await {
            Ok(_) | Err(AppError::Unavailable { .. } | AppError::Unprocessable { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Lists the processor's events since the last run, with an overlap, and stores those that no webhook brought.
    ///
    /// # Errors
    /// The database's, and [`AppError::Unavailable`] when the processor cannot be reached.
    pub async fn list_events(&self) -> AppResult<Reconciled> {
        let Some(processor) = &self.processor else {
            return Ok(Reconciled::default());
        };
        let now = self.site.clock.now();
        let last = self.site.db.read(|conn| last_run(conn, "events")).await?;
        let earliest = now.minus(chrono::Duration::days(KEPT_DAYS));
        let since = last.map_or(earliest, |at| {
            at.minus(chrono::Duration::hours(OVERLAP_HOURS))
                .max(earliest)
        });
        let listed = processor
            .events_since(since, events::LISTED)
            .await
            .map_err(|error| {
                tracing::warn!(cause = %error, "events could not be listed");
                AppError::Unavailable {
                    what: "The card processor cannot be reached right now".into(),
                    retry_after: 60,
                }
            })?;
        let live = self.site.config.is_live();
        let bodies: Vec<(webhook::Event, String)> = listed
            .iter()
            .filter_map(|event| {
                let body = event.body();
                Some((webhook::parse(body.as_bytes(), live).ok()?, body))
            })
            .collect();
        let missed = self
            .site
            .db
            .tx(move |conn| {
                let mut missed = 0;
                for (event, body) in &bodies {
                    missed += usize::from(events::store(conn, event, body, "list", now)?);
                }
                remember_run(conn, "events", now)?;
                Ok(missed)
            })
            .await?;
        if missed > 0 {
            tracing::warn!(missed, "events that no webhook had brought");
            metrics::counter!("selvedge_webhooks_missed_total")
                .increment(u64::try_from(missed).unwrap_or_default());
            self.events.notify_one();
        }
        Ok(Reconciled {
            missed_events: missed,
            ..Reconciled::default()
        })
    }

    /// Both questions, and the events that they brought worked off: after it the books know all that the processor knows.
    ///
    /// # Errors
    /// As its parts.
    pub async fn reconcile(&self) -> AppResult<Reconciled> {
        let listed = self.list_events().await?;
        while self.work_events().await? > 0 {}
        let asked = self.ask_about_pending().await?;
        Ok(Reconciled {
            missed_events: listed.missed_events,
            ..asked
        })
    }
}

fn long_pending(conn: &mut Conn, since: Timestamp) -> AppResult<Vec<Donation>> {
    let query = donations::table
        .filter(
            donations::status
                .eq(DonationStatus::Pending)
                .and(donations::checked_at.le(since)),
        )
        .order(donations::checked_at)
        .limit(ASK);
    Ok(each!(conn, c => query.select(Donation::as_select()).load(c))?)
}

fn mark_asked(conn: &mut Conn, ids: &[DonationId], now: Timestamp) -> AppResult<()> {
    let change = diesel::update(donations::table.filter(donations::id.eq_any(ids)))
        .set(donations::checked_at.eq(now));
    each!(conn, c => change.execute(c))?;
    Ok(())
}

fn expire(conn: &mut Conn, id: DonationId, now: Timestamp) -> AppResult<()> {
    let own = donations::table
        .find(id)
        .filter(donations::status.eq(DonationStatus::Pending));
    let change = diesel::update(own).set((
        donations::status.eq(DonationStatus::Expired),
        donations::checked_at.eq(now),
    ));
    each!(conn, c => change.execute(c))?;
    Ok(())
}

fn last_run(conn: &mut Conn, name: &str) -> AppResult<Option<Timestamp>> {
    let query = reconciliations::table
        .find(name)
        .select(reconciliations::ran_at);
    Ok(each!(conn, c => query.first(c).optional())?)
}

fn remember_run(conn: &mut Conn, name: &str, now: Timestamp) -> AppResult<()> {
    let row = (
        reconciliations::name.eq(name),
        reconciliations::position.eq(""),
        reconciliations::ran_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(reconciliations::table)
        .values(row)
        .on_conflict(reconciliations::name)
        .do_update()
        .set(reconciliations::ran_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// Forgets idempotency keys after 72 hours (P8); the gifts stay.
///
/// # Errors
/// The database's.
pub fn forget_old_keys(conn: &mut Conn, now: Timestamp) -> AppResult<usize> {
    let before = now.minus(chrono::Duration::hours(KEY_HOURS));
    let old =
        diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(before)));
    Ok(each!(conn, c => old.execute(c))?)
}

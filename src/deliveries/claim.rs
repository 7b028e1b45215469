//! Recipients in a worker's hands (N4): claimed in batches under a lease, and given back.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use diesel::prelude::*;

use super::freeze::WAITS;
use super::grounds::Grounds;
use super::model::{DeliveryId, DeliveryState};
use super::pace::{self, Pace, Slot};
use crate::db::Conn;
use crate::db::schema::{deliveries, newsletters, sendings};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::{NewsletterId, NewsletterState};
use crate::subscribers::SubscriberId;

/// A recipient in a worker's hands.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    pub(super) id: DeliveryId,
    pub(super) newsletter: NewsletterId,
    pub(super) subscriber: SubscriberId,
    pub(super) variant: String,
    pub(super) lane: String,
    pub(super) message_id: String,
    /// Tries made before this one.
    pub(super) attempts: i32,
    /// When it was first tried, if it was.
    pub(super) first_at: Option<Timestamp>,
    /// When it may go.
    pub(super) at: Timestamp,
    pub(super) token: String,
    /// When it was claimed: in whose hour and day it counts.
    pub(super) since: Timestamp,
}

/// Claims by their token: a row is ours only by its own, and two claims of one row never share one.
pub(super) fn by_token<'a>(
    all: impl Iterator<Item = &'a Claimed>,
) -> BTreeMap<&'a str, Vec<DeliveryId>> {
    let mut found: BTreeMap<&str, Vec<DeliveryId>> = BTreeMap::new();
    for one in all {
        found.entry(&one.token).or_default().push(one.id);
    }
    found
}

/// What a worker asks for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) newsletter: NewsletterId,
    /// By whose word it comes to its readers.
    pub(super) grounds: Arc<Grounds>,
    pub(super) token: String,
    pub(super) most: i64,
    pub(super) lease: Duration,
    pub(super) now: Timestamp,
}

/// What a claim came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) claimed: Vec<Claimed>,
    /// Others that were dealt with: skipped, or put off.
    pub(super) passed: usize,
    /// The hour's or the day's limit is met.
    pub(super) is_capped: bool,
}

#[derive(Queryable)]
struct Due {
    id: DeliveryId,
    subscriber: SubscriberId,
    variant: String,
    domain: String,
    message_id: Option<String>,
    attempts: i32,
    first_at: Option<Timestamp>,
}

/// A newsletter that is under way and has a recipient whose turn has come, the one after `last` in the order of ids if there
/// is one: several take turns.
pub(super) fn work(
    conn: &mut Conn,
    last: Option<NewsletterId>,
    now: Timestamp,
) -> AppResult<Option<(NewsletterId, i64)>> {
    let due = deliveries::table
        .filter(deliveries::newsletter_id.eq(newsletters::id))
        .filter(deliveries::state.eq(DeliveryState::Queued))
        .filter(deliveries::run_at.le(now))
        .filter(deliveries::variant.ne(WAITS));
    let query = newsletters::table
        .inner_join(sendings::table.on(sendings::newsletter_id.eq(newsletters::id)))
        .filter(newsletters::state.eq(NewsletterState::Sending))
        .filter(sendings::frozen_at.is_not_null())
        .filter(diesel::dsl::exists(due))
        .order(newsletters::id)
        .select((newsletters::id, newsletters::version));
    let all: Vec<(NewsletterId, i64)> = each!(conn, c => query.load(c))?;
    let after = all
        .iter()
        .find(|(id, _)| last.is_none_or(|last| *id > last));
    Ok(after.or(all.first()).copied())
}

/// Claims recipients whose turn has come. Who may not be written to any more is passed over here, in the same transaction
/// (N2, N5); who must wait for room in a lane is put off.
pub(super) fn claim(
    conn: &mut Conn,
    ask: &Ask,
    pace: &Pace,
    put_off: &mut BTreeMap<String, Timestamp>,
) -> AppResult<Taken> {
    let now = ask.now;
    let left = pace.left(conn, now)?;
    let most = left.map_or(ask.most, |left| left.min(ask.most));
    if most == 0 {
        return Ok(Taken {
            is_capped: true,
            ..Taken::default()
        });
    }
    let due = due(conn, ask.newsletter, most, now)?;
    let people: Vec<SubscriberId> = due.iter().map(|one| one.subscriber).collect();
    let refused = ask.grounds.refused(conn, &people)?;
    let mut by_reason: BTreeMap<String, Vec<DeliveryId>> = BTreeMap::new();
    let mut may: Vec<&Due> = Vec::with_capacity(due.len());
    for one in &due {
        match refused.get(&one.subscriber) {
            Some(why) => by_reason.entry(why.to_string()).or_default().push(one.id),
            None => may.push(one),
        }
    }
    for (why, ids) in &by_reason {
        skip(conn, ids, why, now)?;
    }
    let lanes: Vec<&str> = may.iter().map(|one| pace.lane(&one.domain)).collect();
    let slots = pace.slots(conn, &lanes, put_off, now)?;
    let mut claimed = Vec::with_capacity(may.len());
    let mut off: BTreeMap<i64, Vec<DeliveryId>> = BTreeMap::new();
    for ((one, lane), slot) in may.iter().zip(lanes).zip(slots) {
        match slot {
            Slot::At(at) => claimed.push(Claimed {
                id: one.id,
                newsletter: ask.newsletter,
                subscriber: one.subscriber,
                variant: one.variant.clone(),
                lane: lane.to_owned(),
                message_id: one.message_id.clone().unwrap_or_default(),
                attempts: one.attempts,
                first_at: one.first_at,
                at,
                token: ask.token.clone(),
                since: now,
            }),
            // By the second: a statement moves all of one second.
            Slot::Off(at) => off.entry(at.seconds() + 1).or_default().push(one.id),
        }
    }
    put(conn, &off)?;
    hold(conn, &claimed, ask)?;
    pace.count(conn, claimed.len(), now)?;
    Ok(Taken {
        passed: due.len() - claimed.len(),
        claimed,
        is_capped: false,
    })
}

/// Recipients whose turn has come, the longest due first; PostgreSQL passes over those being claimed just now (N4).
fn due(
    conn: &mut Conn,
    newsletter: NewsletterId,
    most: i64,
    now: Timestamp,
) -> AppResult<Vec<Due>> {
    let rows = deliveries::table
        .filter(deliveries::newsletter_id.eq(newsletter))
        .filter(deliveries::state.eq(DeliveryState::Queued))
        .filter(deliveries::run_at.le(now))
        .filter(deliveries::variant.ne(WAITS))
        .filter(
            deliveries::newsletter_id.eq_any(
                newsletters::table
                    .filter(newsletters::id.eq(newsletter))
                    .filter(newsletters::state.eq(NewsletterState::Sending))
                    .select(newsletters::id),
            ),
        )
        .select((
            deliveries::id,
            deliveries::subscriber_id,
            deliveries::variant,
            deliveries::domain,
            deliveries::message_id,
            deliveries::attempts,
            deliveries::first_at,
        ))
        .order((deliveries::run_at, deliveries::id))
        .limit(most);
    Ok(match conn {
        Conn::Sqlite(c) => rows.load(c)?,
        Conn::Postgres(c) => rows.for_update().skip_locked().load(c)?,
    })
}

/// Passes over recipients, saying why: those that no server has, or may have had.
pub(super) fn skip(
    conn: &mut Conn,
    ids: &[DeliveryId],
    why: &str,
    now: Timestamp,
) -> AppResult<()> {
    for chunk in ids.chunks(1_000) {
        let rows = deliveries::table
            .filter(deliveries::id.eq_any(chunk))
            .filter(
                deliveries::state
                    .eq(DeliveryState::Queued)
                    .or(deliveries::state
                        .eq(DeliveryState::Sending)
                        .and(deliveries::handed_at.is_null())),
            );
        each!(conn, c => diesel::update(rows)
            .set((
                deliveries::state.eq(DeliveryState::Skipped),
                deliveries::detail.eq(Some(why)),
                deliveries::lease_token.eq(None::<String>),
                deliveries::lease_until.eq(None::<Timestamp>),
                deliveries::changed_at.eq(now),
            ))
            .execute(c))?;
    }
    Ok(())
}

fn put(conn: &mut Conn, off: &BTreeMap<i64, Vec<DeliveryId>>) -> AppResult<()> {
    for (second, ids) in off {
        let Some(at) = Timestamp::from_seconds(*second) else {
            continue;
        };
        let rows = deliveries::table.filter(deliveries::id.eq_any(ids));
        each!(conn, c => diesel::update(rows).set(deliveries::run_at.eq(at)).execute(c))?;
    }
    Ok(())
}

fn hold(conn: &mut Conn, claimed: &[Claimed], ask: &Ask) -> AppResult<()> {
    let ids: Vec<DeliveryId> = claimed.iter().map(|one| one.id).collect();
    for chunk in ids.chunks(1_000) {
        let rows = deliveries::table.filter(deliveries::id.eq_any(chunk));
        each!(conn, c => diesel::update(rows)
            .set((
                deliveries::state.eq(DeliveryState::Sending),
                deliveries::lease_token.eq(Some(&ask.token)),
                deliveries::lease_until.eq(Some(ask.now.plus(ask.lease))),
                deliveries::handed_at.eq(None::<Timestamp>),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Gives back what a worker claimed and handed to nobody.
pub(super) fn release(conn: &mut Conn, claimed: &[Claimed]) -> AppResult<()> {
    let mut since: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for one in claimed {
        since.insert(&one.token, one.since);
    }
    for (token, ids) in by_token(claimed.iter()) {
        for chunk in ids.chunks(1_000) {
            let rows = deliveries::table
                .filter(deliveries::id.eq_any(chunk))
                .filter(deliveries::lease_token.eq(token))
                .filter(deliveries::state.eq(DeliveryState::Sending))
                .filter(deliveries::handed_at.is_null());
            let released = each!(conn, c => diesel::update(rows)
                .set((
                    deliveries::state.eq(DeliveryState::Queued),
                    deliveries::lease_token.eq(None::<String>),
                    deliveries::lease_until.eq(None::<Timestamp>),
                ))
                .execute(c))?;
            if let Some(since) = since.get(token) {
                pace::uncount(conn, released, *since)?;
            }
        }
    }
    Ok(())
}

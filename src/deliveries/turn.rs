//! A turn: one transaction that writes down what became of some recipients and marks others as about to be handed over.
//!
//! # Why it holds (N2, N3)
//!
//! A server's answer can be lost, a process can die at any instruction, and no mail server takes part in our transactions.
//! So for each recipient some moment exists in which nobody can know whether the message was taken. What can be had is
//! that such recipients are *few* and *told apart*:
//!
//! 1. A claimed recipient that was not marked has not been handed over: `handed_at` is null. When its lease runs out it waits
//!    again, and is lost to nobody.
//! 2. A marked one may have been. When its lease runs out it is in doubt; a person decides. It is never sent by itself.
//! 3. A line (one of `newsletters.connections`) marks its next recipient in the very transaction that writes down the result
//!    of its last one, and hands over only after that commit. So a line has at most one marked recipient without a
//!    written result, and a process that is killed leaves at most as many in doubt as it has lines.
//! 4. The mark is guarded by the lease's token, by `handed_at` being null and by the newsletter being under way. A worker
//!    that slept through its lease (N4) finds its token gone and hands nothing over; a pause or a cancellation that was
//!    committed before a mark stands in front of that mail. A worker that slept between its mark and the handing over
//!    looks at the time before it speaks to the server, and lets it be when half its lease has gone by.
//! 5. A result is written where the token still fits, to a row that is being sent *or in doubt*: a worker that comes back late
//!    clears up the doubt that its sleep raised, and one who was not handed over after all waits again, if need be in a
//!    newsletter that was over already. Once a person has decided, the token is gone and a late result changes nothing.
//!
//! Consent was asked in the claim; a claim that is older than half a second is asked once more here, so that somebody who
//! left in the meantime gets nothing (N5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::Duration;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamp as SqlTimestamp};

use super::claim::{Claimed, by_token, skip};
use super::grounds::Grounds;
use super::model::{DeliveryId, DeliveryState};
use super::ops::moved;
use super::pace;
use super::refusals::{is_dead, status_in};
use crate::db::Conn;
use crate::db::schema::{deliveries, newsletters, subscribers};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};
use crate::mail::transport::{Fault, Outcome};
use crate::newsletters::{NewsletterId, NewsletterState};
use crate::subscribers::ops::suppress;
use crate::subscribers::{SubscriberId, SuppressionReason};

/// Minutes until the next try, by the number of tries made; the last holds from then on (N13).
const WAITS: [i64; 5] = [1, 5, 15, 60, 240];
/// A recipient whom no server took for so long has failed (N13).
const GIVE_UP_HOURS: i64 = 48;
/// What is kept of a server's words.
const WORDS: usize = 500;

/// How a recipient's turn ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// By what the transport says.
    Tried(Outcome),
    /// No message can be made of it; why.
    Unmade(String),
    /// It was not tried, or nobody was there to take it: it waits again, and the try does not count.
    Back,
}

/// A recipient whose turn is over.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) claimed: Claimed,
    pub(super) end: End,
}

/// A recipient whose turn has come.
#[derive(Debug, Clone)]
pub(super) struct Next {
    pub(super) claimed: Claimed,
    /// By whose word it comes; set where the claim is old enough for consent to be asked again.
    pub(super) ask_again: Option<Arc<Grounds>>,
}

/// A claim that was marked: the row, and the token by which it is ours.
pub(super) type Marked = BTreeSet<(DeliveryId, String)>;

/// Writes down `done` and marks `next`; answers which claims were marked. Who was not is let be: its lease is gone, its newsletter
/// halts, or it wants no mail any more.
pub(super) fn turn(
    conn: &mut Conn,
    done: &[Done],
    next: &[Next],
    lease: Duration,
    now: Timestamp,
) -> AppResult<Marked> {
    settle(conn, done, now)?;
    let refused = refused(conn, next)?;
    for (why, ids) in &refused {
        skip(conn, ids, why, now)?;
    }
    let may: Vec<&Claimed> = next
        .iter()
        .map(|one| &one.claimed)
        .filter(|one| !refused.values().flatten().any(|id| *id == one.id))
        .collect();
    let mut marked = Marked::new();
    for (token, ids) in by_token(may.into_iter()) {
        let own = mark(conn, token, &ids, lease, now)?;
        marked.extend(own.into_iter().map(|id| (id, token.to_owned())));
    }
    Ok(marked)
}

/// Marks what is still ours by this token.
fn mark(
    conn: &mut Conn,
    token: &str,
    ids: &[DeliveryId],
    lease: Duration,
    now: Timestamp,
) -> AppResult<Vec<DeliveryId>> {
    let under_way = newsletters::table
        .filter(newsletters::state.eq(NewsletterState::Sending))
        .select(newsletters::id);
    let rows = deliveries::table
        .filter(deliveries::id.eq_any(ids))
        .filter(deliveries::lease_token.eq(token))
        .filter(deliveries::state.eq(DeliveryState::Sending))
        .filter(deliveries::handed_at.is_null())
        .filter(deliveries::newsletter_id.eq_any(under_way));
    Ok(each!(conn, c => diesel::update(rows)
        .set((
            deliveries::handed_at.eq(Some(now)),
            deliveries::attempts.eq(deliveries::attempts + 1),
            deliveries::lease_until.eq(Some(now.plus(lease))),
            deliveries::first_at.eq(
                sql::<Nullable<SqlTimestamp>>("COALESCE(first_at, ")
                    .bind::<SqlTimestamp, _>(now)
                    .sql(")"),
            ),
        ))
        .returning(deliveries::id)
        .get_results(c))?)
}

/// Who of those whose claim has grown old may not be written to any more, by reason.
fn refused(conn: &mut Conn, next: &[Next]) -> AppResult<BTreeMap<String, Vec<DeliveryId>>> {
    let mut found: BTreeMap<String, Vec<DeliveryId>> = BTreeMap::new();
    let mut asked: BTreeMap<NewsletterId, (&Grounds, Vec<&Claimed>)> = BTreeMap::new();
    for one in next {
        if let Some(grounds) = &one.ask_again {
            let of_it = asked.entry(one.claimed.newsletter);
            of_it.or_insert((grounds, Vec::new())).1.push(&one.claimed);
        }
    }
    for (grounds, all) in asked.into_values() {
        let people: Vec<SubscriberId> = all.iter().map(|one| one.subscriber).collect();
        let refused = grounds.refused(conn, &people)?;
        for one in all {
            if let Some(why) = refused.get(&one.subscriber) {
                found.entry(why.to_string()).or_default().push(one.id);
            }
        }
    }
    Ok(found)
}

/// An address that its server calls dead in our face is suppressed at once, as by a report (N14).
fn suppress_dead(
    conn: &mut Conn,
    claimed: &Claimed,
    fault: &Fault,
    now: Timestamp,
) -> AppResult<()> {
    let status = fault.code.and_then(|_| status_in(&fault.said));
    let Some(status) = status.filter(|status| is_dead(status)) else {
        return Ok(());
    };
    let email = subscribers::table
        .find(claimed.subscriber)
        .select(subscribers::email);
    let email: Option<Email> = each!(conn, c => email.first(c).optional())?;
    match email {
        Some(email) => suppress(conn, &email, SuppressionReason::HardBounce, &status, now),
        None => Ok(()),
    }
}

/// What a row becomes.
struct Written {
    state: DeliveryState,
    run_at: Option<Timestamp>,
    code: Option<i32>,
    detail: Option<String>,
    /// Whether the try counts.
    counts: bool,
}

/// Writes down what became of recipients. All that were taken are one statement.
pub(super) fn settle(conn: &mut Conn, done: &[Done], now: Timestamp) -> AppResult<()> {
    let sent: Vec<&Claimed> = done
        .iter()
        .filter(|one| matches!(one.end, End::Tried(Outcome::Sent)))
        .map(|one| &one.claimed)
        .collect();
    for (token, ids) in by_token(sent.into_iter()) {
        let rows = deliveries::table
            .filter(deliveries::id.eq_any(ids))
            .filter(deliveries::lease_token.eq(token))
            .filter(deliveries::state.eq_any([DeliveryState::Sending, DeliveryState::Unknown]));
        each!(conn, c => diesel::update(rows)
            .set((
                deliveries::state.eq(DeliveryState::Sent),
                deliveries::sent_at.eq(Some(now)),
                deliveries::code.eq(Some(250)),
                deliveries::detail.eq(None::<String>),
                deliveries::lease_token.eq(None::<String>),
                deliveries::lease_until.eq(None::<Timestamp>),
                deliveries::changed_at.eq(now),
            ))
            .execute(c))?;
    }
    for one in done {
        if let Some(written) = written(one, now) {
            write(conn, &one.claimed, &written, now)?;
            if let End::Tried(Outcome::Refused(fault)) = &one.end {
                suppress_dead(conn, &one.claimed, fault, now)?;
            }
        }
    }
    Ok(())
}

/// N13, as a table. `None` for those that were taken.
fn written(done: &Done, now: Timestamp) -> Option<Written> {
    let plain = |state, fault: &Fault| Written {
        state,
        run_at: None,
        code: fault.code.map(i32::from),
        detail: Some(fault.said.chars().take(WORDS).collect()),
        counts: true,
    };
    Some(match &done.end {
        End::Tried(Outcome::Sent) => return None,
        End::Tried(Outcome::Refused(fault)) => plain(DeliveryState::Failed, fault),
        End::Tried(Outcome::InDoubt(fault)) => plain(DeliveryState::Unknown, fault),
        End::Tried(Outcome::Later(fault)) => {
            let tries = usize::try_from(done.claimed.attempts.max(0)).unwrap_or(0);
            let wait = WAITS.get(tries).or(WAITS.last()).copied().unwrap_or(1);
            let next = now.plus(Duration::minutes(wait));
            let first = done.claimed.first_at.unwrap_or(now);
            if next > first.plus(Duration::hours(GIVE_UP_HOURS)) {
                plain(DeliveryState::Failed, fault)
            } else {
                Written {
                    run_at: Some(next),
                    ..plain(DeliveryState::Queued, fault)
                }
            }
        }
        End::Tried(Outcome::Down(_)) | End::Back => Written {
            state: DeliveryState::Queued,
            run_at: None,
            code: None,
            detail: None,
            counts: false,
        },
        End::Unmade(why) => plain(DeliveryState::Failed, &Fault::from(why.as_str())),
    })
}

fn write(conn: &mut Conn, claimed: &Claimed, to: &Written, now: Timestamp) -> AppResult<()> {
    let is_doubt = to.state == DeliveryState::Unknown;
    let row = || {
        deliveries::table
            .filter(deliveries::id.eq(claimed.id))
            .filter(deliveries::lease_token.eq(&claimed.token))
            .filter(deliveries::state.eq_any([DeliveryState::Sending, DeliveryState::Unknown]))
    };
    if !to.counts {
        let marked = row().filter(deliveries::handed_at.is_not_null());
        each!(conn, c => diesel::update(marked)
            .set((deliveries::attempts.eq(deliveries::attempts - 1), deliveries::handed_at.eq(None::<Timestamp>)))
            .execute(c))?;
    }
    // Whoever is in doubt keeps the token of the worker that had it: it may still come back and say.
    let token = is_doubt.then(|| claimed.token.clone());
    let changed = each!(conn, c => diesel::update(row())
        .set((
            deliveries::state.eq(to.state),
            to.run_at.map(|at| deliveries::run_at.eq(at)),
            deliveries::code.eq(to.code),
            deliveries::detail.eq(to.detail.as_deref()),
            deliveries::lease_token.eq(token),
            deliveries::lease_until.eq(None::<Timestamp>),
            deliveries::changed_at.eq(now),
        ))
        .execute(c))?;
    if !to.counts {
        pace::uncount(conn, changed, claimed.since)?;
    }
    if changed > 0 && to.state == DeliveryState::Queued {
        // A worker that slept may come back after its newsletter was over, its recipient in doubt: whoever waits again must
        // not wait for ever.
        let over = [NewsletterState::Sent];
        moved(
            conn,
            claimed.newsletter,
            &over,
            NewsletterState::Sending,
            now,
        )?;
    }
    Ok(())
}

//! What follows from a report.

use chrono::Duration;
use diesel::dsl::count;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{bounces, deliveries, newsletters, subscribers};
use crate::deliveries::model::counts;
use crate::deliveries::{DeliveryId, DeliveryState, PauseWhy, ops as sending};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Timestamp};
use crate::newsletters::{NewsletterId, NewsletterState};
use crate::subscribers::model::standing_for;
use crate::subscribers::proofs::{Door, Said};
use crate::subscribers::{SubscriberId, SuppressionReason, ops as subscribing};

crate::id!(
    /// A report about a mail.
    pub BounceId,
    "bnc"
);

crate::words! {
    /// What a report says.
    pub enum Kind {
        /// The address is dead (5.1.1 and its like).
        Hard = "hard",
        /// It did not arrive, for a reason that may pass.
        Soft = "soft",
        /// Its reader called it spam.
        Complaint = "complaint",
        /// Its reader wants to leave.
        Leave = "leave",
    }
}

/// Whom a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// A delivery whose token stood in it.
    Delivery(DeliveryId),
    /// An address, in a provider's signed words: the newest mail to it.
    Address(Email),
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it says.
    pub kind: Kind,
    /// About whom.
    pub whose: Whose,
    /// The enhanced status code, where there is one.
    pub status: String,
    /// By which door it came.
    pub source: &'static str,
    /// Its own id: one that comes twice counts once.
    pub id: String,
}

/// So many mails that bounced softly …
const SOFT: i64 = 3;
/// … within so many days suppress an address (N14).
const SOFT_DAYS: i64 = 30;
/// Of ten thousand readers, so many complaints halt a newsletter (N8: 0.30%) …
const COMPLAINTS_HALT: i64 = 30;
/// … if there are at least so many: one angry reader of forty is no rate.
const COMPLAINTS_LEAST: i64 = 3;

/// Takes a report in; whether it was new and about somebody whom we know.
///
/// # Errors
/// The database's.
pub fn take(conn: &mut Conn, id: BounceId, report: &Report, now: Timestamp) -> AppResult<bool> {
    let Some((subscriber, email)) = person(conn, &report.whose)? else {
        return Ok(false);
    };
    let delivery = delivery(conn, &report.whose, subscriber)?;
    let row = (
        bounces::id.eq(id),
        bounces::delivery_id.eq(delivery.map(|(id, _)| id)),
        bounces::subscriber_id.eq(Some(subscriber)),
        bounces::kind.eq(report.kind),
        bounces::status.eq(&report.status),
        bounces::source.eq(report.source),
        bounces::report.eq(&report.id),
        bounces::at.eq(now),
    );
    let is_new = each!(conn, c => diesel::insert_into(bounces::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?
        > 0;
    if !is_new {
        return Ok(false);
    }
    let why = match report.kind {
        Kind::Hard => Some(SuppressionReason::HardBounce),
        Kind::Complaint => Some(SuppressionReason::Complaint),
        Kind::Soft if soft_lately(conn, subscriber, now)? >= SOFT => {
            Some(SuppressionReason::SoftBounces)
        }
        Kind::Soft | Kind::Leave => None,
    };
    if let (Some(why), Some(email)) = (why, email) {
        subscribing::suppress(conn, &email, why, &report.status, now)?;
    }
    if report.kind == Kind::Leave {
        leave(conn, subscriber, now)?;
    }
    if let Some((delivery, newsletter)) = delivery {
        match report.kind {
            Kind::Hard | Kind::Soft => came_back(conn, delivery, report, now)?,
            Kind::Complaint => halt_if_unloved(conn, newsletter, now)?,
            Kind::Leave => {}
        }
    }
    Ok(true)
}

/// Whom a report is about, and the address that it tells of: none of somebody who reads at another domain by now, as it is the
/// old address's report.
fn person(conn: &mut Conn, whose: &Whose) -> AppResult<Option<(SubscriberId, Option<Email>)>> {
    let columns = (subscribers::id, subscribers::email);
    Ok(match whose {
        Whose::Delivery(id) => {
            let query = deliveries::table
                .inner_join(subscribers::table.on(subscribers::id.eq(deliveries::subscriber_id)))
                .filter(deliveries::id.eq(id))
                .select((deliveries::domain, columns));
            let found: Option<(String, (SubscriberId, Email))> =
                each!(conn, c => query.first(c).optional())?;
            found.map(|(domain, (id, email))| {
                let is_there = email.folded().ends_with(&format!("@{domain}"));
                (id, Some(email).filter(|_| is_there))
            })
        }
        Whose::Address(email) => {
            let query = subscribers::table
                .filter(subscribers::email_folded.eq(email.folded()))
                .select(columns);
            let found: Option<(SubscriberId, Email)> = each!(conn, c => query.first(c).optional())?;
            found.map(|(id, email)| (id, Some(email)))
        }
    })
}

/// The delivery of a report: the one of its token, or the newest that a server took for this person.
fn delivery(
    conn: &mut Conn,
    whose: &Whose,
    subscriber: SubscriberId,
) -> AppResult<Option<(DeliveryId, NewsletterId)>> {
    let columns = (deliveries::id, deliveries::newsletter_id);
    Ok(match whose {
        Whose::Delivery(id) => each!(conn, c => deliveries::table
            .find(id)
            .select(columns)
            .first(c)
            .optional())?,
        Whose::Address(_) => each!(conn, c => deliveries::table
            .filter(deliveries::subscriber_id.eq(subscriber))
            .filter(deliveries::sent_at.is_not_null())
            .order(deliveries::sent_at.desc())
            .select(columns)
            .first(c)
            .optional())?,
    })
}

fn soft_lately(conn: &mut Conn, subscriber: SubscriberId, now: Timestamp) -> AppResult<i64> {
    let since = now.minus(Duration::days(SOFT_DAYS));
    Ok(each!(conn, c => bounces::table
        .filter(bounces::subscriber_id.eq(subscriber))
        .filter(bounces::kind.eq(Kind::Soft))
        .filter(bounces::at.gt(since))
        .select(count(bounces::delivery_id).aggregate_distinct())
        .get_result(c))?)
}

/// A mail that a server took, or may have taken, did not arrive.
fn came_back(conn: &mut Conn, id: DeliveryId, report: &Report, now: Timestamp) -> AppResult<()> {
    let out = [DeliveryState::Sent, DeliveryState::Unknown];
    let row = deliveries::table
        .filter(deliveries::id.eq(id))
        .filter(deliveries::state.eq_any(out));
    each!(conn, c => diesel::update(row)
        .set((
            deliveries::state.eq(DeliveryState::Bounced),
            deliveries::detail.eq(Some(&report.status)),
            deliveries::lease_token.eq(None::<String>),
            deliveries::changed_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// A newsletter that too many readers call spam halts, before it costs the sender's good name (N8).
fn halt_if_unloved(conn: &mut Conn, id: NewsletterId, now: Timestamp) -> AppResult<()> {
    let (complaints, sent) = complaints(conn, id)?;
    if complaints < COMPLAINTS_LEAST || complaints * 10_000 <= sent * COMPLAINTS_HALT {
        return Ok(());
    }
    let state: NewsletterState = each!(conn, c => newsletters::table
        .find(id)
        .select(newsletters::state)
        .first(c))?;
    if state != NewsletterState::Sending {
        return Ok(());
    }
    let said = format!("{complaints} complaints of {sent} readers");
    sending::pause(conn, id, (None, PauseWhy::Complaints, &said), now).map(|_| ())
}

/// How many readers of a newsletter complained, and how many got it.
///
/// # Errors
/// The database's.
pub fn complaints(conn: &mut Conn, id: NewsletterId) -> AppResult<(i64, i64)> {
    let complaints: i64 = each!(conn, c => bounces::table
        .inner_join(deliveries::table.on(deliveries::id.nullable().eq(bounces::delivery_id)))
        .filter(deliveries::newsletter_id.eq(id))
        .filter(bounces::kind.eq(Kind::Complaint))
        .select(count(bounces::delivery_id).aggregate_distinct())
        .get_result(c))?;
    let sent = counts(conn, id)?
        .get(&DeliveryState::Sent)
        .copied()
        .unwrap_or(0);
    Ok((complaints, sent))
}

/// Somebody leaves by mail (RFC 2369): everything, since a mail names no list.
fn leave(conn: &mut Conn, subscriber: SubscriberId, now: Timestamp) -> AppResult<()> {
    // Who was merged leaves as whom they turned out to be.
    let reader = standing_for(conn, subscriber)?.id;
    subscribing::leave_all(conn, reader, &Said::by(Door::Mail), now).map(|_| ())
}

/// Reports of unknown kinds say so.
pub(super) fn unreadable() -> AppError {
    AppError::BadRequest("the report cannot be read".into())
}

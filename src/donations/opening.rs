//! The steps by which a gift's checkout is opened: each a transaction of its own, so that whoever comes after a crash
//! knows what was tried and under which key (P5, P6, P7, P8).

use diesel::prelude::*;

use super::model::{Donation, DonationId, DonationStatus};
use crate::db::Conn;
use crate::db::schema::{donations, processor_operations};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::payments::client::Checkout;

crate::words! {
    /// How a call to the processor stands.
    pub enum OperationState {
        /// Somebody is at it until the lease ends.
        Claimed = "claimed",
        /// It ended without an answer that can be used: look before acting again (P6, P7).
        Unknown = "unknown",
        /// The processor keeps a fault under the key: look, then use another key.
        Faulted = "faulted",
        /// The answer is stored.
        Done = "done",
        /// The processor said no.
        Refused = "refused",
    }
}

/// What whoever wants the checkout is to do.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Nothing: it is there, or the gift has moved on.
    Ready(Box<Donation>),
    /// Wait: somebody else is at it.
    Wait,
    /// The processor refused this gift.
    Refused,
    /// Make the call under this key, after looking for an earlier one where `look_since` is set.
    Call {
        donation: Box<Donation>,
        key: String,
        look_since: Option<Timestamp>,
    },
}

/// Seconds for which one caller may hold the operation.
const LEASE: i64 = 30;
/// Hours for which the processor keeps a key (P6).
const KEY_HOURS: i64 = 24;

#[derive(Queryable)]
struct Operation {
    key: String,
    number: i32,
    state: OperationState,
    lease_until: Option<Timestamp>,
    created_at: Timestamp,
}

/// Takes the next step towards a gift's checkout; a `Call` is leased to `lease`.
pub(super) fn claim(
    conn: &mut Conn,
    id: DonationId,
    lease: &str,
    now: Timestamp,
) -> AppResult<Step> {
    let donation = Box::new(super::model::by_id(conn, id)?);
    if donation.checkout_url.is_some() || donation.status != DonationStatus::Pending {
        return Ok(Step::Ready(donation));
    }
    let query = processor_operations::table
        .filter(processor_operations::donation_id.eq(id))
        .order(processor_operations::number.desc())
        .select((
            processor_operations::key,
            processor_operations::number,
            processor_operations::state,
            processor_operations::lease_until,
            processor_operations::created_at,
        ));
    let newest: Option<Operation> = each!(conn, c => query.first(c).optional())?;
    let Some(newest) = newest else {
        let key = start(conn, id, 1, lease, now)?;
        return Ok(Step::Call {
            donation,
            key,
            look_since: None,
        });
    };
    let held = newest.lease_until.is_some_and(|until| until > now);
    match newest.state {
        OperationState::Refused => return Ok(Step::Refused),
        OperationState::Claimed if held => return Ok(Step::Wait),
        _ => {}
    }
    let kept = newest.created_at.plus(chrono::Duration::hours(KEY_HOURS)) > now;
    if kept && newest.state != OperationState::Faulted {
        hold(conn, &newest.key, lease, now)?;
        return Ok(Step::Call {
            donation,
            key: newest.key,
            look_since: None,
        });
    }
    let key = start(conn, id, newest.number + 1, lease, now)?;
    // Whatever an earlier key brought about, it is not older than the gift.
    let look_since = Some(donation.created_at);
    Ok(Step::Call {
        donation,
        key,
        look_since,
    })
}

fn start(
    conn: &mut Conn,
    id: DonationId,
    number: i32,
    lease: &str,
    now: Timestamp,
) -> AppResult<String> {
    let key = format!("donation:{id}:checkout:{number}");
    let row = (
        processor_operations::key.eq(&key),
        processor_operations::donation_id.eq(id),
        processor_operations::number.eq(number),
        processor_operations::state.eq(OperationState::Claimed),
        processor_operations::lease_token.eq(lease),
        processor_operations::lease_until.eq(now.plus(chrono::Duration::seconds(LEASE))),
        processor_operations::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(processor_operations::table).values(row).execute(c))?;
    Ok(key)
}

fn hold(conn: &mut Conn, key: &str, lease: &str, now: Timestamp) -> AppResult<()> {
    let change = diesel::update(processor_operations::table.find(key)).set((
        processor_operations::state.eq(OperationState::Claimed),
        processor_operations::lease_token.eq(lease),
        processor_operations::lease_until.eq(now.plus(chrono::Duration::seconds(LEASE))),
    ));
    each!(conn, c => change.execute(c))?;
    Ok(())
}

/// Stores the checkout that the processor opened. A late answer of a lost lease is as good as any: the key is the same.
pub(super) fn store_checkout(
    conn: &mut Conn,
    id: DonationId,
    key: &str,
    checkout: &Checkout,
    now: Timestamp,
) -> AppResult<Donation> {
    let own = donations::table
        .find(id)
        .filter(donations::session_id.is_null());
    let change = diesel::update(own).set((
        donations::session_id.eq(&checkout.id),
        donations::checkout_url.eq(&checkout.url),
    ));
    each!(conn, c => change.execute(c))?;
    let done = diesel::update(processor_operations::table.find(key)).set((
        processor_operations::state.eq(OperationState::Done),
        processor_operations::object_id.eq(&checkout.id),
        processor_operations::lease_until.eq(None::<Timestamp>),
        processor_operations::finished_at.eq(now),
    ));
    each!(conn, c => done.execute(c))?;
    super::model::by_id(conn, id)
}

/// Stores that the call ended without a checkout, and in which state it leaves the operation.
pub(super) fn store_fault(
    conn: &mut Conn,
    id: DonationId,
    key: &str,
    lease: &str,
    state: OperationState,
    cause: &str,
    now: Timestamp,
) -> AppResult<()> {
    let own = processor_operations::table
        .find(key)
        .filter(processor_operations::lease_token.eq(lease))
        .filter(processor_operations::state.eq(OperationState::Claimed));
    let change = diesel::update(own).set((
        processor_operations::state.eq(state),
        processor_operations::last_error.eq(cause),
        processor_operations::lease_until.eq(None::<Timestamp>),
    ));
    let mine = each!(conn, c => change.execute(c))? == 1;
    if mine && state == OperationState::Refused {
        let own = donations::table
            .find(id)
            .filter(donations::status.eq(DonationStatus::Pending));
        let failed = diesel::update(own).set((
            donations::status.eq(DonationStatus::Failed),
            donations::failure.eq("refused_by_processor"),
            donations::checked_at.eq(now),
        ));
        each!(conn, c => failed.execute(c))?;
    }
    Ok(())
}

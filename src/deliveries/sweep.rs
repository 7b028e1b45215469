//! What is left lying: leases of dead workers, recipients of newsletters that were given up, newsletters that are over.

use diesel::prelude::*;

use super::claim::skip;
use super::model::{DeliveryId, DeliveryState};
use super::pace;
use crate::db::Conn;
use crate::db::schema::{deliveries, newsletters, sendings};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::{NewsletterId, NewsletterState};

/// What those who were in a server's hands when their worker died are told as.
const DIED: &str = "the program stopped while a server had it";
/// Recipients of a given-up newsletter that are marked at once.
const PIECE: i64 = 5_000;

/// Whether any lease has run out.
pub(super) fn any_lapsed(conn: &mut Conn, now: Timestamp) -> AppResult<bool> {
    let rows = deliveries::table
        .filter(deliveries::lease_until.lt(now))
        .filter(deliveries::state.eq(DeliveryState::Sending));
    Ok(each!(conn, c => diesel::select(diesel::dsl::exists(rows)).get_result(c))?)
}

/// Sweeps up after workers whose lease ran out: what no server had waits again; what one may have had is in doubt, and stays
/// so until a person decides or the worker comes back and says what became of it (N2, N3).
pub(super) fn sweep(conn: &mut Conn, now: Timestamp) -> AppResult<usize> {
    let lapsed = || {
        deliveries::table
            .filter(deliveries::lease_until.lt(now))
            .filter(deliveries::state.eq(DeliveryState::Sending))
    };
    let doubt = lapsed().filter(deliveries::handed_at.is_not_null());
    let in_doubt = each!(conn, c => diesel::update(doubt)
        .set((
            deliveries::state.eq(DeliveryState::Unknown),
            deliveries::detail.eq(Some(DIED)),
            deliveries::lease_until.eq(None::<Timestamp>),
            deliveries::changed_at.eq(now),
        ))
        .execute(c))?;
    let free = lapsed().filter(deliveries::handed_at.is_null());
    let freed = each!(conn, c => diesel::update(free)
        .set((
            deliveries::state.eq(DeliveryState::Queued),
            deliveries::lease_token.eq(None::<String>),
            deliveries::lease_until.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    pace::uncount(conn, freed, now)?;
    Ok(in_doubt + freed)
}

/// Whether anybody waits in a newsletter that was given up.
pub(super) fn any_cancelled(conn: &mut Conn) -> AppResult<bool> {
    Ok(!cancelled(conn, 1)?.is_empty())
}

/// Marks a piece of what waits in newsletters that were given up; whether there was any.
pub(super) fn skip_cancelled(conn: &mut Conn, now: Timestamp) -> AppResult<bool> {
    let ids = cancelled(conn, PIECE)?;
    skip(conn, &ids, "cancelled", now)?;
    Ok(!ids.is_empty())
}

fn cancelled(conn: &mut Conn, most: i64) -> AppResult<Vec<DeliveryId>> {
    let query = deliveries::table
        .filter(
            deliveries::newsletter_id.eq_any(
                newsletters::table
                    .filter(newsletters::state.eq(NewsletterState::Cancelled))
                    .select(newsletters::id),
            ),
        )
        .filter(deliveries::state.eq(DeliveryState::Queued))
        .select(deliveries::id)
        .limit(most);
    Ok(each!(conn, c => query.load(c))?)
}

/// Newsletters under way whose every recipient has an end.
pub(super) fn finished(conn: &mut Conn) -> AppResult<Vec<NewsletterId>> {
    let open = [DeliveryState::Queued, DeliveryState::Sending];
    let rows = deliveries::table
        .filter(deliveries::newsletter_id.eq(newsletters::id))
        .filter(deliveries::state.eq_any(open));
    let query = newsletters::table
        .inner_join(sendings::table.on(sendings::newsletter_id.eq(newsletters::id)))
        .filter(newsletters::state.eq(NewsletterState::Sending))
        .filter(sendings::frozen_at.is_not_null())
        .filter(diesel::dsl::not(diesel::dsl::exists(rows)))
        .select(newsletters::id);
    Ok(each!(conn, c => query.load(c))?)
}

/// Ends them. Answers which.
pub(super) fn finish(conn: &mut Conn, now: Timestamp) -> AppResult<Vec<NewsletterId>> {
    let done = finished(conn)?;
    for id in &done {
        if super::ops::moved(
            conn,
            *id,
            &[NewsletterState::Sending],
            NewsletterState::Sent,
            now,
        )? {
            let one = newsletters::table.filter(newsletters::id.eq(id));
            each!(conn, c => diesel::update(one).set(newsletters::ended_at.eq(Some(now))).execute(c))?;
        }
    }
    Ok(done)
}

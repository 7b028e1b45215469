//! What becomes of recipients that are in doubt, or failed: decided by people, one by one or all together.

use diesel::prelude::*;

use super::model::{DeliveryId, DeliveryState};
use super::ops::{conflict, moved, record};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::deliveries;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::model::by_id;
use crate::newsletters::{Newsletter, NewsletterId, NewsletterState};

/// What becomes of recipients in doubt (N2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// They are written to once more, under the same Message-ID.
    SendAgain,
    /// It is left at that.
    Leave,
}

/// Decides what becomes of recipients in doubt, of one or of all (N2). Answers of how many.
///
/// # Errors
/// [`AppError::Conflict`] when the newsletter was given up.
pub fn decide(
    conn: &mut Conn,
    id: NewsletterId,
    (one, what): (Option<DeliveryId>, Doubt),
    by: UserId,
    now: Timestamp,
) -> AppResult<usize> {
    let newsletter = by_id(conn, id)?;
    let decided = each!(conn, c: Db => {
        let mut open = deliveries::table
            .filter(deliveries::newsletter_id.eq(id))
            .filter(deliveries::state.eq(DeliveryState::Unknown))
            .filter(deliveries::lease_token.is_not_null())
            .select(deliveries::id)
            .into_boxed::<Db>();
        if let Some(one) = one {
            open = open.filter(deliveries::id.eq(one));
        }
        open.load::<DeliveryId>(c)?
    });
    for chunk in decided.chunks(1_000) {
        let rows = deliveries::table.filter(deliveries::id.eq_any(chunk));
        match what {
            Doubt::SendAgain => each!(conn, c => diesel::update(rows)
                .set((
                    deliveries::state.eq(DeliveryState::Queued),
                    deliveries::run_at.eq(now),
                    deliveries::handed_at.eq(None::<Timestamp>),
                    deliveries::lease_token.eq(None::<String>),
                    deliveries::lease_until.eq(None::<Timestamp>),
                    deliveries::detail.eq(None::<String>),
                    deliveries::changed_at.eq(now),
                ))
                .execute(c))?,
            Doubt::Leave => each!(conn, c => diesel::update(rows)
                .set((
                    deliveries::lease_token.eq(None::<String>),
                    deliveries::lease_until.eq(None::<Timestamp>),
                    deliveries::changed_at.eq(now),
                ))
                .execute(c))?,
        };
    }
    if decided.is_empty() {
        return Ok(0);
    }
    let action = match what {
        Doubt::SendAgain => {
            go_on(conn, &newsletter, now)?;
            "newsletter.doubt_again"
        }
        Doubt::Leave => "newsletter.doubt_leave",
    };
    let said = format!("{} recipients", decided.len());
    record(conn, (Some(by), action), &newsletter, &said, now)?;
    Ok(decided.len())
}

/// Those that failed, and no others, are tried once more (N23). Answers how many.
///
/// # Errors
/// [`AppError::Conflict`] when the newsletter was given up.
pub fn retry_failed(
    conn: &mut Conn,
    id: NewsletterId,
    one: Option<DeliveryId>,
    by: UserId,
    now: Timestamp,
) -> AppResult<usize> {
    let newsletter = by_id(conn, id)?;
    let failed = each!(conn, c: Db => {
        let mut failed = deliveries::table
            .filter(deliveries::newsletter_id.eq(id))
            .filter(deliveries::state.eq(DeliveryState::Failed))
            .select(deliveries::id)
            .into_boxed::<Db>();
        if let Some(one) = one {
            failed = failed.filter(deliveries::id.eq(one));
        }
        failed.load::<DeliveryId>(c)?
    });
    for chunk in failed.chunks(1_000) {
        let rows = deliveries::table.filter(deliveries::id.eq_any(chunk));
        each!(conn, c => diesel::update(rows)
            .set((
                deliveries::state.eq(DeliveryState::Queued),
                deliveries::run_at.eq(now),
                deliveries::attempts.eq(0),
                deliveries::handed_at.eq(None::<Timestamp>),
                deliveries::first_at.eq(None::<Timestamp>),
                deliveries::code.eq(None::<i32>),
                deliveries::detail.eq(None::<String>),
                deliveries::changed_at.eq(now),
            ))
            .execute(c))?;
    }
    if !failed.is_empty() {
        go_on(conn, &newsletter, now)?;
        let said = format!("{} recipients", failed.len());
        record(
            conn,
            (Some(by), "newsletter.retry"),
            &newsletter,
            &said,
            now,
        )?;
    }
    Ok(failed.len())
}

/// A newsletter that was over is under way again, for those who wait anew.
fn go_on(conn: &mut Conn, newsletter: &Newsletter, now: Timestamp) -> AppResult<()> {
    if newsletter.state == NewsletterState::Cancelled {
        return Err(conflict(
            "cancelled",
            "It was cancelled: nobody is written to any more.",
        ));
    }
    moved(
        conn,
        newsletter.id,
        &[NewsletterState::Sent],
        NewsletterState::Sending,
        now,
    )?;
    Ok(())
}

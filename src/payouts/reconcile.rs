//! Asking the processor for its payouts, and comparing them with our books: hourly, and when an event tells of one.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::ops::{self, NOT_PAID_OUT, Recorded, Told};
use crate::db::Conn;
use crate::donations::Giving;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::findings;
use crate::kernel::Timestamp;
use crate::payments::client::{CallError, Payout};

/// A payout may still fail five working days after it was paid; a month leaves room.
const LOOK_BACK_DAYS: i64 = 35;
/// Days after which an entry must have been in a payout.
const LATE_DAYS: i64 = 8;

/// Lists the processor's payouts, takes them into the books, and opens a finding for whatever does not agree.
///
/// # Errors
/// The database's, and [`AppError::Unavailable`] when the processor cannot be reached.
pub async fn reconcile(giving: &Giving) -> AppResult<Recorded> {
    let Some(processor) = &giving.processor else {
        return Ok(Recorded::default());
    };
    let (db, now) = (&giving.site.db, giving.site.clock.now());
    let since = now.minus(chrono::Duration::days(LOOK_BACK_DAYS));
    let is_live = giving.site.config.is_live();
    let listed = processor.payouts_since(since).await.map_err(away)?;
    let listed: Vec<Payout> = listed
        .into_iter()
        .filter(|one| one.live == is_live)
        .collect();
    let asked = listed.clone();
    let look = db.read(move |c| ops::to_look_at(c, &asked)).await?;
    let mut done = Recorded::default();
    for payout in listed.into_iter().filter(|one| look.contains(&one.id)) {
        let moved = processor.moved_by_payout(&payout.id).await.map_err(away)?;
        let told = [Told { payout, moved }];
        let recorded = db.tx(move |c| ops::record(c, &told, now)).await?;
        done.booked += recorded.booked;
        done.reversed += recorded.reversed;
        done.differing += recorded.differing;
    }
    if !look.is_empty() {
        let late = db.read(not_paid_out).await?;
        db.tx(move |c| {
            for entry in &late {
                let why = format!(
                    "{} of our books is in no payout, though later ones are",
                    entry.what
                );
                findings::open(c, NOT_PAID_OUT, &entry.id, &why, now)?;
            }
            Ok(())
        })
        .await?;
    }
    if done.differing > 0 {
        tracing::error!(
            differing = done.differing,
            "entries of payouts do not agree with the books"
        );
    }
    Ok(done)
}

fn away(error: CallError) -> AppError {
    tracing::warn!(cause = %error, "payouts could not be read");
    AppError::Unavailable {
        what: "The card processor cannot be reached right now".into(),
        retry_after: 60,
    }
}

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    what: String,
}

#[derive(QueryableByName)]
struct Span {
    #[diesel(sql_type = BigInt)]
    payouts: i64,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Timestamp>)]
    first: Option<Timestamp>,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Timestamp>)]
    last: Option<Timestamp>,
}

/// Charges and refunds between the first payout that we know and some days before the newest, which none of them took.
const LATE: &str = "
    SELECT d.charge_id AS id, 'charge ' || d.charge_id AS what FROM donations d
    WHERE d.charge_id IS NOT NULL AND d.paid_at >= $1 AND d.paid_at < $2
      AND NOT EXISTS (SELECT 1 FROM payout_items i WHERE i.source_id = d.charge_id)
    UNION ALL
    SELECT r.id, 'refund ' || r.id FROM refunds r
    WHERE r.state = 'posted' AND r.id LIKE 're_%' AND r.made_by IS NULL AND r.created_at >= $3 AND r.created_at < $4
      AND NOT EXISTS (SELECT 1 FROM payout_items i WHERE i.source_id = r.id)
    LIMIT 200";

fn not_paid_out(conn: &mut Conn) -> AppResult<Vec<Entry>> {
    let span =
        "SELECT COUNT(*) AS payouts, MIN(made_at) AS first, MAX(made_at) AS last FROM payouts";
    let span: Span = each!(conn, c => diesel::sql_query(span).get_result(c))?;
    let (Some(first), Some(last)) = (span.first, span.last) else {
        return Ok(Vec::new());
    };
    let before = last.minus(chrono::Duration::days(LATE_DAYS));
    if span.payouts < 2 || before <= first {
        return Ok(Vec::new());
    }
    Ok(each!(conn, c => diesel::sql_query(LATE)
        .bind::<diesel::sql_types::Timestamp, _>(first.naive())
        .bind::<diesel::sql_types::Timestamp, _>(before.naive())
        .bind::<diesel::sql_types::Timestamp, _>(first.naive())
        .bind::<diesel::sql_types::Timestamp, _>(before.naive())
        .load(c))?)
}

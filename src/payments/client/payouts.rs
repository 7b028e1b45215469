//! Payouts and what each is made up of, read narrowly.

use stripe_types::RangeQueryTs;

use super::narrow::Narrow;
use super::shapes::CallError;
use super::{Processor, amounts};
use crate::kernel::{Currency, Money, Timestamp};

/// Money on its way from the processor to the bank, or there.
#[derive(Debug, Clone)]
pub struct Payout {
    /// `po_…`
    pub id: String,
    /// What the bank gets; `None` when it is no whole number of our units, or in a currency that we do not handle.
    pub amount: Option<Money>,
    /// `pending`, `in_transit`, `paid`, `failed`, `canceled`.
    pub status: String,
    /// Why the bank did not take it, in the processor's word.
    pub failure: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it arrives at the bank.
    pub arrives: Timestamp,
    /// Real money or test money.
    pub live: bool,
}

/// One movement of the processor's balance that a payout took along.
#[derive(Debug, Clone)]
pub struct Moved {
    /// `txn_…`
    pub id: String,
    /// `charge`, `payment`, `refund`, `refund_failure`, `payout_failure`, `adjustment` …
    pub kind: String,
    /// What it came from: `ch_…`, `re_…`, `po_…`; empty where it has none.
    pub source: String,
    /// Before the fee.
    pub amount: Option<Money>,
    /// The processor's fee.
    pub fee: Option<Money>,
    /// What it moved the balance by.
    pub net: Option<Money>,
}

#[derive(miniserde::Deserialize)]
struct Page<T> {
    data: Vec<T>,
    has_more: bool,
}

#[derive(miniserde::Deserialize)]
struct ListedPayout {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    failure_code: Option<String>,
    created: i64,
    arrival_date: i64,
    livemode: bool,
}

#[derive(miniserde::Deserialize)]
struct ListedMove {
    id: String,
    amount: i64,
    fee: i64,
    net: i64,
    currency: String,
    #[serde(rename = "type")]
    kind: String,
    source: Option<String>,
}

#[derive(serde::Serialize)]
struct PayoutQuery<'a> {
    created: RangeQueryTs,
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

#[derive(serde::Serialize)]
struct MoveQuery<'a> {
    payout: &'a str,
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

fn money(minor: i64, currency: &str) -> Option<Money> {
    let currency: Currency = currency.to_uppercase().parse().ok()?;
    amounts::from_processor(minor, currency)
}

impl Processor {
    /// Payouts made since `since`, oldest first.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn payouts_since(&self, since: Timestamp) -> Result<Vec<Payout>, CallError> {
        let mut all: Vec<ListedPayout> = Vec::new();
        loop {
            let query = PayoutQuery {
                created: RangeQueryTs::gte(since.seconds()),
                limit: 100,
                starting_after: all.last().map(|one| one.id.as_str()),
            };
            let request = Narrow::<Page<ListedPayout>>::get("/payouts", &query);
            let page = self.send(&request, None).await?;
            let more = page.has_more && !page.data.is_empty();
            all.extend(page.data);
            if !more {
                break;
            }
        }
        let time = |seconds| Timestamp::from_seconds(seconds).unwrap_or(since);
        let payouts = all.into_iter().rev().map(|one| Payout {
            amount: money(one.amount, &one.currency),
            created: time(one.created),
            arrives: time(one.arrival_date),
            id: one.id,
            status: one.status,
            failure: one.failure_code,
            live: one.livemode,
        });
        Ok(payouts.collect())
    }

    /// What a payout is made up of, without the payout's own movement.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn moved_by_payout(&self, payout: &str) -> Result<Vec<Moved>, CallError> {
        let mut all: Vec<ListedMove> = Vec::new();
        loop {
            let query = MoveQuery {
                payout,
                limit: 100,
                starting_after: all.last().map(|one| one.id.as_str()),
            };
            let request = Narrow::<Page<ListedMove>>::get("/balance_transactions", &query);
            let page = self.send(&request, None).await?;
            let more = page.has_more && !page.data.is_empty();
            all.extend(page.data);
            if !more {
                break;
            }
        }
        let own = all.into_iter().filter(|one| one.kind != "payout");
        let moved = own.map(|one| Moved {
            amount: money(one.amount, &one.currency),
            fee: money(one.fee, &one.currency),
            net: money(one.net, &one.currency),
            id: one.id,
            kind: one.kind,
            source: one.source.unwrap_or_default(),
        });
        Ok(moved.collect())
    }
}

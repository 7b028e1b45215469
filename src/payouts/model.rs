//! Rows, and how they are found.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{payout_items, payouts};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Currency, Limit, Listed, Money, Timestamp};

crate::words! {
    /// How a payout stands at the processor.
    pub enum PayoutState {
        /// Not yet with the bank.
        Pending = "pending",
        /// With the bank, on its way.
        InTransit = "in_transit",
        /// Arrived.
        Paid = "paid",
        /// The bank sent it back.
        Failed = "failed",
        /// It was called back before it left.
        Canceled = "canceled",
    }
}

impl PayoutState {
    /// The state in words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pending => "to be sent",
            Self::InTransit => "on its way",
            Self::Paid => "at the bank",
            Self::Failed => "sent back by the bank",
            Self::Canceled => "called back",
        }
    }

    /// Whether the money is with the processor again.
    pub fn came_back(self) -> bool {
        matches!(self, Self::Failed | Self::Canceled)
    }
}

/// A payout as we know it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payouts, treat_none_as_default_value = false)]
pub struct Payout {
    /// `po_…`
    pub id: String,
    /// In which currency the bank gets it.
    pub currency: Currency,
    /// What the bank gets, minor units; below zero: what it gives, to a processor whose balance is below nothing.
    pub amount: i64,
    /// How it stands.
    pub state: PayoutState,
    /// Why the bank did not take it, in the processor's word.
    pub failure: Option<String>,
    /// When the processor made it.
    pub made_at: Timestamp,
    /// When it arrives, or arrived.
    pub arrives_at: Timestamp,
    /// When we looked last.
    pub seen_at: Timestamp,
    /// When it came into our books.
    pub booked_at: Option<Timestamp>,
    /// When it was taken out of them again.
    pub reversed_at: Option<Timestamp>,
    /// Since when every entry of it agrees with ours.
    pub agreed_at: Option<Timestamp>,
}

impl Payout {
    /// What the bank gets, or, below zero, gives.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// One balance transaction of a payout, and what our books say of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payout_items, treat_none_as_default_value = false)]
pub struct PayoutItem {
    /// `txn_…`
    pub transaction_id: String,
    /// The payout.
    pub payout_id: String,
    /// `charge`, `refund`, `payout_failure` …
    pub kind: String,
    /// What it came from: `ch_…`, `re_…`, `po_…`.
    pub source_id: String,
    /// Before the fee, minor units.
    pub amount: i64,
    /// The processor's fee.
    pub fee: i64,
    /// What it moved the processor's balance by.
    pub net: i64,
    /// What it moved our account of the processor by; `None`: we have no such entry.
    pub ours: Option<i64>,
}

impl PayoutItem {
    /// Whether both books say the same.
    pub fn agrees(&self) -> bool {
        self.ours == Some(self.net)
    }
}

/// A payout by its id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: &str) -> AppResult<Payout> {
    let query = payouts::table.find(id);
    each!(conn, c => query.select(Payout::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this payout"))
}

/// Payouts, newest first, going on after a place.
///
/// # Errors
/// The database's.
pub fn newest(
    conn: &mut Conn,
    after: Option<(Timestamp, String)>,
    limit: Limit,
) -> AppResult<Listed<Payout>> {
    let rows: Vec<Payout> = each!(conn, c: Db => {
        let mut query = payouts::table
            .select(Payout::as_select())
            .order((payouts::made_at.desc(), payouts::id.desc()))
            .limit(limit.and_one())
            .into_boxed::<Db>();
        if let Some((at, id)) = &after {
            query = query.filter(payouts::made_at.lt(*at).or(payouts::made_at.eq(*at).and(payouts::id.lt(id.clone()))));
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |one| {
        (one.made_at, one.id.clone())
    }))
}

/// Payouts by their ids.
///
/// # Errors
/// The database's.
pub fn known(conn: &mut Conn, ids: &[String]) -> AppResult<BTreeMap<String, Payout>> {
    let query = payouts::table.filter(payouts::id.eq_any(ids));
    let rows: Vec<Payout> = each!(conn, c => query.select(Payout::as_select()).load(c))?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

/// What a payout is made up of: the first `most` of it, what differs first.
///
/// # Errors
/// The database's.
pub fn items_of(conn: &mut Conn, payout: &str, most: i64) -> AppResult<Vec<PayoutItem>> {
    let query = payout_items::table
        .filter(payout_items::payout_id.eq(payout))
        .order((payout_items::kind, payout_items::transaction_id))
        .limit(most);
    let mut items: Vec<PayoutItem> =
        each!(conn, c => query.select(PayoutItem::as_select()).load(c))?;
    items.sort_by_key(PayoutItem::agrees);
    Ok(items)
}

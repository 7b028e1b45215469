//! Money that goes back to donors: reversed by what remains (L6), shown at once, re-credited when a refund fails.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::counters::{Change, Counters};
use super::disputes;
use super::fees;
use super::matched;
use super::model::{Donation, DonationId, DonationStatus, Split, Taken, splits_of};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{donations, refunds, splits, transfers};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::apportion::largest_remainder;
use crate::kernel::{Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};
use crate::payments::PROCESSOR;
use crate::payments::client::Refund;

crate::words! {
    /// How a refund stands in our books.
    pub enum RefundState {
        /// Taken out of what was set aside.
        Posted = "posted",
        /// It failed at the processor: the money was set aside again, or had not been taken out.
        Recredited = "recredited",
    }
}

/// The kinds of source that bring a gift's own money: the processor's charge, an entry that staff confirmed, what was left
/// of a match pool.
const BRINGERS: [&str; 3] = ["charge", "offline_gift", "match_release"];
/// Why money goes back: both ways divide it alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Somebody gave it back.
    Refund,
    /// The donor's bank took it back.
    Dispute,
}

impl Way {
    /// The source of what is taken.
    fn source(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Dispute => "dispute",
        }
    }

    /// The source of what is set aside again.
    fn undone(self) -> &'static str {
        match self {
            Self::Refund => "refund_failed",
            Self::Dispute => "dispute_won",
        }
    }
}

/// The code of what a refund takes out of a fund.
const REFUND: &str = "refund";
/// The code of what a refund takes out of the reserve, since the fund's part was granted.
const REFUND_CARRIED: &str = "refund_carried";

/// A refund as we booked it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refunds)]
pub struct RefundRow {
    /// `re_…`: unique, so a refund is booked once whoever reports it (P14, P16).
    pub id: String,
    /// The gift.
    pub donation_id: DonationId,
    /// Minor units.
    pub amount: i64,
    /// How it stands.
    pub state: RefundState,
    /// When it was booked.
    pub created_at: Timestamp,
    /// Who of staff gave it back, where the processor has no part in it.
    pub made_by: Option<UserId>,
    /// Why, in staff's words.
    pub reason: Option<String>,
}

/// The refunds of a gift, oldest first.
///
/// # Errors
/// The database's.
pub fn of_donation(conn: &mut Conn, id: DonationId) -> AppResult<Vec<RefundRow>> {
    let query = refunds::table
        .filter(refunds::donation_id.eq(id))
        .order((refunds::created_at, refunds::id));
    Ok(each!(conn, c => query.select(RefundRow::as_select()).load(c))?)
}

/// What each refund of a gift took out of the gift's parts, in funds or from the reserve that carries what had been granted,
/// by the refund's id; the rest of it was the fee's part.
///
/// # Errors
/// The database's.
pub fn taken_from_funds(conn: &mut Conn, id: DonationId) -> AppResult<BTreeMap<String, i64>> {
    let query = transfers::table
        .filter(transfers::donation_id.eq(id.to_string()))
        .filter(transfers::source_kind.eq_any(["refund", "dispute"]))
        .filter(
            transfers::debit
                .like("fund:%")
                .or(transfers::debit.like("reserve:%")),
        )
        .select((transfers::source_id, transfers::amount));
    let rows: Vec<(String, i64)> = each!(conn, c => query.load(c))?;
    let mut taken = BTreeMap::new();
    for (refund, minor) in rows {
        *taken.entry(refund).or_default() += minor;
    }
    Ok(taken)
}

/// Books what is new among the processor's `seen` refunds. The inner error tells what does not fit.
pub(super) fn follow(
    conn: &mut Conn,
    donation: &mut Donation,
    seen: &[Refund],
    now: Timestamp,
) -> AppResult<Result<bool, String>> {
    if seen.is_empty() {
        return Ok(Ok(false));
    }
    let known: BTreeMap<String, RefundState> = of_donation(conn, donation.id)?
        .into_iter()
        .map(|row| (row.id, row.state))
        .collect();
    let mut changed = false;
    // Failed ones first: what they give back may be refunded again.
    for refund in seen.iter().filter(|refund| has_failed(refund)) {
        match known.get(&refund.id) {
            Some(RefundState::Posted) => {
                undo(conn, donation, Way::Refund, (&refund.id, &refund.id), now)?;
                changed = true;
            }
            Some(RefundState::Recredited) => {}
            // Remembered, so that an older sighting that comes later does not book what has failed (P13).
            None => {
                let minor = refund.amount.map_or(0, Money::minor);
                passed_by(conn, donation, &refund.id, minor, now)?;
            }
        }
    }
    for refund in seen.iter().filter(|refund| !has_failed(refund)) {
        if known.contains_key(&refund.id) {
            continue;
        }
        let amount = match refund.amount {
            Some(money) if money.currency() == donation.currency && money.minor() > 0 => money,
            _ => {
                return Ok(Err(format!(
                    "refund {} has an amount that we cannot book",
                    refund.id
                )));
            }
        };
        if amount.minor() > donation.charged - donation.refunded {
            return Ok(Err(format!(
                "refund {} exceeds what is left of the gift",
                refund.id
            )));
        }
        take(conn, donation, Way::Refund, (&refund.id, amount), now)?;
        changed = true;
    }
    Ok(Ok(changed))
}

/// Books that the processor gave back, or had to give back, `amount` of what is left of a gift, under an id of the processor's.
pub(super) fn take(
    conn: &mut Conn,
    donation: &mut Donation,
    way: Way,
    (id, amount): (&str, Money),
    now: Timestamp,
) -> AppResult<()> {
    remember(
        conn,
        donation,
        (id, amount.minor()),
        RefundState::Posted,
        now,
    )?;
    let processor = Account::processor(PROCESSOR);
    give_back(conn, donation, way, (id, amount), &processor, now)
}

/// Whether something was booked, or passed by, under this id.
pub(super) fn is_known(conn: &mut Conn, id: &str) -> AppResult<bool> {
    let known = refunds::table.find(id).count();
    Ok(each!(conn, c => known.get_result::<i64>(c))? > 0)
}

/// Remembers what had come back before we heard of it: no older sighting books it any more.
pub(super) fn passed_by(
    conn: &mut Conn,
    donation: &Donation,
    id: &str,
    minor: i64,
    now: Timestamp,
) -> AppResult<()> {
    if minor > 0 {
        remember(conn, donation, (id, minor), RefundState::Recredited, now)?;
    }
    Ok(())
}

/// Whether the money stayed with us after all.
pub(super) fn has_failed(refund: &Refund) -> bool {
    matches!(refund.status.as_str(), "failed" | "canceled")
}

/// Takes `amount` out of the fee's part and each fund's, in proportion to what remains of them: none goes below zero,
/// and a full refund leaves nothing (L6). The processor's fee is not returned: it stays on `fees` as a loss (P18). What was
/// granted before does not come back from the partner: the campaign's reserve carries it. The money leaves `from`, where it
/// lies; what a match pool added goes back into the pool in the same proportion.
fn give_back(
    conn: &mut Conn,
    donation: &mut Donation,
    way: Way,
    (id, amount): (&str, Money),
    from: &Account,
    now: Timestamp,
) -> AppResult<()> {
    let parts = splits_of(conn, donation.id)?;
    let held: i64 = parts.iter().map(Split::remaining).sum();
    let fee_part = donation.charged - donation.refunded - held;
    let weights: Vec<i64> = std::iter::once(fee_part)
        .chain(parts.iter().map(Split::remaining))
        .collect();
    let shares = largest_remainder(amount.minor(), &weights)
        .ok_or_else(|| AppError::internal(format!("refund {id} cannot be divided")))?;
    let (from_fee, from_funds) = shares
        .split_first()
        .ok_or_else(|| AppError::internal("no shares"))?;
    let originals = allocations_of(conn, donation.id)?;
    let transfer = |debit: Account, set_aside: &Account, minor, code| NewTransfer {
        reverses: originals.get(set_aside.as_str()).copied(),
        debit,
        credit: from.clone(),
        amount: Money::new(minor, donation.currency),
        code,
        source: Source {
            kind: way.source(),
            id: id.to_owned(),
        },
        donation: Some(donation.id.to_string()),
    };
    let received = Account::received(donation.campaign_id);
    let mut all = vec![transfer(
        received.clone(),
        &received,
        *from_fee,
        Code::new("refund_fee_part"),
    )];
    let taken: Vec<Taken> = parts
        .iter()
        .zip(from_funds)
        .map(|(split, minor)| split.taken(*minor))
        .collect();
    for (split, taken) in parts.iter().zip(&taken) {
        let fund = Account::fund(split.fund_id);
        let reserve = Account::reserve(donation.campaign_id);
        let (code, carried) = (Code::of(REFUND, &fund), Code::of(REFUND_CARRIED, &fund));
        all.push(transfer(fund.clone(), &fund, taken.from_fund, code));
        all.push(transfer(reserve, &fund, taken.carried, carried));
    }
    ledger::post(conn, &all, now)?;
    take_back(conn, &parts, &taken)?;
    let matched = matched::give_back(conn, donation, id, amount.minor(), now)?;
    move_refunded(conn, donation, amount.minor(), -matched, now)
}

/// A refund that staff make of a gift that the processor has no part in: the cash goes back, or the cheque bounced.
#[derive(Debug, Clone)]
pub(super) struct ByStaff {
    /// Made by the caller; unique as the processor's are.
    pub id: String,
    /// How much.
    pub amount: Money,
    /// Where the money lies.
    pub from: Account,
    /// Who does it.
    pub by: UserId,
    /// Why.
    pub reason: String,
}

/// Books it; the same form twice is one refund. Answers whether it was new.
///
/// # Errors
/// [`AppError::Invalid`] for more than is left of the gift; [`AppError::Conflict`] when the place does not hold it, and
/// `sent_before` when the id is another refund's.
pub(super) fn by_staff(
    conn: &mut Conn,
    donation: &mut Donation,
    refund: &ByStaff,
    now: Timestamp,
) -> AppResult<bool> {
    let known = refunds::table.find(&refund.id);
    let known: Option<RefundRow> =
        each!(conn, c => known.select(RefundRow::as_select()).first(c).optional())?;
    if let Some(known) = known {
        let is_same = known.donation_id == donation.id
            && known.amount == refund.amount.minor()
            && known.made_by == Some(refund.by)
            && known.reason.as_deref() == Some(refund.reason.as_str());
        return if is_same {
            Ok(false)
        } else {
            Err(AppError::sent_before())
        };
    }
    let left = Money::new(donation.charged - donation.refunded, donation.currency);
    if refund.amount.minor() <= 0 || refund.amount.minor() > left.minor() {
        let word = format!("{left} of this gift is left to be given back");
        return Err(AppError::field("amount", word));
    }
    let row = RefundRow {
        id: refund.id.clone(),
        donation_id: donation.id,
        amount: refund.amount.minor(),
        state: RefundState::Posted,
        created_at: now,
        made_by: Some(refund.by),
        reason: Some(refund.reason.clone()),
    };
    each!(conn, c => diesel::insert_into(refunds::table).values(&row).execute(c))?;
    let (id, amount) = (refund.id.as_str(), refund.amount);
    give_back(conn, donation, Way::Refund, (id, amount), &refund.from, now)?;
    Ok(true)
}

fn remember(
    conn: &mut Conn,
    donation: &Donation,
    (id, minor): (&str, i64),
    state: RefundState,
    now: Timestamp,
) -> AppResult<()> {
    let row = RefundRow {
        id: id.to_owned(),
        donation_id: donation.id,
        amount: minor,
        state,
        created_at: now,
        made_by: None,
        reason: None,
    };
    each!(conn, c => diesel::insert_into(refunds::table).values(&row).execute(c))?;
    Ok(())
}

/// A refund failed, or a dispute was won: each transfer of `id` is reversed, under the source `by`, and the gift stands as
/// before.
pub(super) fn undo(
    conn: &mut Conn,
    donation: &mut Donation,
    way: Way,
    (id, by): (&str, &str),
    now: Timestamp,
) -> AppResult<()> {
    let booked = transfers::table
        .filter(
            transfers::source_kind
                .eq(way.source())
                .and(transfers::source_id.eq(id)),
        )
        .order(transfers::id)
        .select((transfers::id, transfers::code, transfers::amount));
    let booked: Vec<(i64, String, i64)> = each!(conn, c => booked.load(c))?;
    let parts = splits_of(conn, donation.id)?;
    let mut back = vec![Taken::default(); parts.len()];
    let mut all = Vec::new();
    for (number, code, minor) in &booked {
        let mut credit = Account::received(donation.campaign_id);
        for (split, back) in parts.iter().zip(&mut back) {
            let fund = Account::fund(split.fund_id);
            if code == Code::of(REFUND, &fund).as_str() {
                back.from_fund -= minor;
                credit = fund;
            } else if code == Code::of(REFUND_CARRIED, &fund).as_str() {
                back.carried -= minor;
                credit = Account::reserve(donation.campaign_id);
            }
        }
        all.push(NewTransfer {
            debit: Account::processor(PROCESSOR),
            code: Code::new(&format!("recredit_{code}")),
            credit,
            amount: Money::new(*minor, donation.currency),
            source: Source {
                kind: way.undone(),
                id: by.to_owned(),
            },
            donation: Some(donation.id.to_string()),
            reverses: Some(*number),
        });
    }
    ledger::post(conn, &all, now)?;
    take_back(conn, &parts, &back)?;
    let matched = matched::restore(conn, donation, id, now)?;
    let own = refunds::table
        .find(id)
        .filter(refunds::state.eq(RefundState::Posted));
    let change = diesel::update(own).set(refunds::state.eq(RefundState::Recredited));
    each!(conn, c => change.execute(c))?;
    let total: i64 = booked.iter().map(|(_, _, minor)| minor).sum();
    move_refunded(conn, donation, -total, matched, now)?;
    fees::bear(
        conn,
        donation,
        &Source {
            kind: way.undone(),
            id: by.to_owned(),
        },
        now,
    )
}

/// Moves the gift's refunded sum, its status and the totals; `matched`: by how much more a pool adds to it.
fn move_refunded(
    conn: &mut Conn,
    donation: &mut Donation,
    by: i64,
    matched: i64,
    now: Timestamp,
) -> AppResult<()> {
    let was_whole_gone = donation.refunded == donation.charged;
    donation.refunded += by;
    let whole_gone = donation.refunded == donation.charged;
    donation.status = match donation.refunded {
        _ if disputes::stands(conn, donation.id)? => DonationStatus::Disputed,
        0 => DonationStatus::Paid,
        _ if whole_gone => DonationStatus::Refunded,
        _ => DonationStatus::PartiallyRefunded,
    };
    let change = diesel::update(donations::table.find(donation.id)).set((
        donations::refunded.eq(donation.refunded),
        donations::status.eq(donation.status),
    ));
    each!(conn, c => change.execute(c))?;
    let gifts = i64::from(was_whole_gone) - i64::from(whole_gone);
    let mut counters = Counters::default();
    let change = Change {
        raised: -by,
        gifts,
        matched,
    };
    counters.add(donation, change);
    counters.write(conn, now)
}

/// Raises (or, negative, lowers) what has been taken back from each part.
pub(super) fn take_back(conn: &mut Conn, parts: &[Split], taken: &[Taken]) -> AppResult<()> {
    let some = parts.iter().zip(taken);
    for (split, taken) in some.filter(|(_, taken)| **taken != Taken::default()) {
        let own = splits::table.find((split.donation_id, split.fund_id, split.origin));
        let change = diesel::update(own).set((
            splits::reversed.eq(splits::reversed + (taken.from_fund + taken.carried)),
            splits::carried.eq(splits::carried + taken.carried),
            splits::held.eq(splits::held - taken.from_fund),
        ));
        each!(conn, c => change.execute(c))?;
    }
    Ok(())
}

/// The gift's own transfers that a later one can take back, by the account that they credited.
pub(super) fn allocations_of(conn: &mut Conn, id: DonationId) -> AppResult<BTreeMap<String, i64>> {
    let query = transfers::table
        .filter(
            transfers::donation_id
                .eq(id.to_string())
                .and(transfers::source_kind.eq_any(BRINGERS)),
        )
        .select((transfers::credit, transfers::id));
    let rows: Vec<(String, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

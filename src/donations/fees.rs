//! Fees that become known after the money was set aside (P20): borne by what remains, and both postings stay.

use diesel::prelude::*;

use super::model::{Donation, Split, Taken, splits_of};
use super::refunds;
use crate::db::Conn;
use crate::db::schema::{donations, transfers};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::apportion::largest_remainder;
use crate::kernel::{Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};
use crate::payments::PROCESSOR;

/// Books a fee that was not known when the gift was settled.
pub(super) fn arrive(
    conn: &mut Conn,
    donation: &mut Donation,
    fee: Money,
    id: &str,
    now: Timestamp,
) -> AppResult<()> {
    let source = Source {
        kind: "balance_transaction",
        id: id.to_owned(),
    };
    let transfer = NewTransfer {
        debit: Account::fees(),
        credit: Account::processor(PROCESSOR),
        amount: fee,
        code: Code::new("fee"),
        source: source.clone(),
        donation: Some(donation.id.to_string()),
        reverses: None,
    };
    ledger::post(conn, &[transfer], now)?;
    let change =
        diesel::update(donations::table.find(donation.id)).set(donations::fee.eq(fee.minor()));
    each!(conn, c => change.execute(c))?;
    donation.fee = Some(fee.minor());
    bear(conn, donation, &source, now)
}

/// Lets the gift's parts bear what they have not borne of the fee, as far as they were not given back: a fee that came while
/// all was refunded is borne when a refund fails and the money is set aside again. What was granted before the fee came, the
/// campaign's reserve bears.
pub(super) fn bear(
    conn: &mut Conn,
    donation: &Donation,
    source: &Source,
    now: Timestamp,
) -> AppResult<()> {
    let parts = splits_of(conn, donation.id)?;
    let remaining: Vec<i64> = parts.iter().map(Split::remaining).collect();
    let held: i64 = remaining.iter().sum();
    let set_aside: i64 = parts.iter().map(|split| split.amount).sum();
    let borne = donation.charged - set_aside + shares_so_far(conn, donation)?;
    let due = (donation.fee.unwrap_or_default() - borne).clamp(0, held);
    if due == 0 {
        return Ok(());
    }
    let taken = largest_remainder(due, &remaining)
        .ok_or_else(|| AppError::internal("a late fee cannot be divided"))?;
    let originals = refunds::allocations_of(conn, donation.id)?;
    let taken: Vec<Taken> = parts
        .iter()
        .zip(&taken)
        .map(|(split, minor)| split.taken(*minor))
        .collect();
    let mut shares = Vec::new();
    for (split, taken) in parts.iter().zip(&taken) {
        let fund = Account::fund(split.fund_id);
        let share = |debit: Account, minor, word| NewTransfer {
            code: Code::of(word, &fund),
            reverses: originals.get(fund.as_str()).copied(),
            debit,
            credit: Account::received(donation.campaign_id),
            amount: Money::new(minor, donation.currency),
            source: source.clone(),
            donation: Some(donation.id.to_string()),
        };
        let reserve = Account::reserve(donation.campaign_id);
        shares.push(share(fund.clone(), taken.from_fund, "fee_share"));
        shares.push(share(reserve, taken.carried, "fee_share_carried"));
    }
    ledger::post(conn, &shares, now)?;
    refunds::take_back(conn, &parts, &taken)
}

fn shares_so_far(conn: &mut Conn, donation: &Donation) -> AppResult<i64> {
    let own = transfers::table
        .filter(transfers::donation_id.eq(donation.id.to_string()))
        .filter(transfers::code.like("fee_share%"))
        .select(transfers::amount);
    let amounts: Vec<i64> = each!(conn, c => own.load(c))?;
    Ok(amounts.into_iter().sum())
}

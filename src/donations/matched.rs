//! What match pools add to gifts: in the transaction that settles them, by the gift's own division, and back into the pool
//! with what is given back.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::arrived::Arrived;
use super::model::{Donation, Origin, Split, Taken, matched_splits_of};
use super::refunds;
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::transfers;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::apportion::largest_remainder;
use crate::kernel::{Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};
use crate::matching::{self, Given, Match, PoolId};

/// What a pool adds to a gift.
pub(super) struct Added {
    /// By which pool.
    pub pool: PoolId,
    /// Who gives it.
    pub sponsor: String,
    /// How much, minor units.
    pub amount: i64,
    /// Divided as the gift is.
    pub splits: Vec<Split>,
    /// When.
    pub at: Timestamp,
}

/// The source of what is added to a gift.
const MATCH: &str = "match";
/// The source of what goes back into a pool with a refund.
const BACK: &str = "match_refund";
/// The source of what comes out of it again when that refund failed.
const BACK_FAILED: &str = "match_refund_failed";
/// The code of what goes back out of a fund.
const OUT_OF_FUND: &str = "match_back";
/// The code of what goes back out of the reserve, since the fund's part was granted.
const OUT_OF_RESERVE: &str = "match_back_carried";

/// Lets the live pools add to `arrived`, in the order of the gifts. The pools are read once a batch.
pub(super) fn add(conn: &mut Conn, arrived: &mut [Arrived], now: Timestamp) -> AppResult<()> {
    let may = arrived.iter().filter(|one| one.given.is_some());
    let campaigns: BTreeSet<CampaignId> = may.map(|one| one.donation.campaign_id).collect();
    let campaigns: Vec<CampaignId> = campaigns.into_iter().collect();
    if campaigns.is_empty() {
        return Ok(());
    }
    let mut pools = matching::pick::live(conn, &campaigns)?;
    if pools.is_empty() {
        return Ok(());
    }
    for one in arrived {
        let Some(when) = one.given else {
            continue;
        };
        let gift = &one.donation;
        let given = Given {
            campaign: gift.campaign_id,
            page: gift.page_id,
            program: gift.program_id,
            amount: gift.gift(),
            when,
        };
        let Some((pool, amount)) = matching::pick::take(&mut pools, &given) else {
            continue;
        };
        let sponsor = pools
            .iter()
            .find(|live| live.pool.id == pool)
            .map(|live| live.pool.sponsor.clone())
            .unwrap_or_default();
        let weights: Vec<i64> = one.weights.iter().map(|(_, weight)| *weight).collect();
        let shares = largest_remainder(amount, &weights)
            .ok_or_else(|| AppError::internal("what a pool adds cannot be divided"))?;
        let splits = one
            .weights
            .iter()
            .zip(shares)
            .filter(|(_, share)| *share > 0)
            .map(|((fund, _), share)| Split::fresh(gift.id, *fund, Origin::Match, share, now));
        one.matched = Some(Added {
            pool,
            sponsor,
            amount,
            splits: splits.collect(),
            at: now,
        });
    }
    Ok(())
}

/// Out of the pool, into the funds.
pub(super) fn transfers_of(one: &Arrived) -> Vec<NewTransfer> {
    let Some(added) = &one.matched else {
        return Vec::new();
    };
    let gift = &one.donation;
    let all = added.splits.iter().map(|split| {
        let fund = Account::fund(split.fund_id);
        NewTransfer {
            debit: Account::matching(added.pool),
            code: Code::of(MATCH, &fund),
            credit: fund,
            amount: Money::new(split.amount, gift.currency),
            source: Source {
                kind: MATCH,
                id: gift.id.to_string(),
            },
            donation: Some(gift.id.to_string()),
            reverses: None,
        }
    });
    all.collect()
}

/// Writes down which pool added what.
pub(super) fn record(conn: &mut Conn, arrived: &[Arrived]) -> AppResult<()> {
    let rows: Vec<Match> = arrived
        .iter()
        .filter_map(|one| {
            let added = one.matched.as_ref()?;
            Some(Match {
                donation_id: one.donation.id,
                pool_id: added.pool,
                amount: added.amount,
                reversed: 0,
                matched_at: added.at,
            })
        })
        .collect();
    matching::ops::record(conn, &rows)
}

/// Takes back what was added in proportion to what is given back of the gift: all of it with the last cent. `donation` is as
/// it stood before this refund of `minor`. What was granted of it, the campaign's reserve gives back. Answers how much.
pub(super) fn give_back(
    conn: &mut Conn,
    donation: &Donation,
    refund: &str,
    minor: i64,
    now: Timestamp,
) -> AppResult<i64> {
    let parts = matched_splits_of(conn, donation.id)?;
    let remaining: Vec<i64> = parts.iter().map(Split::remaining).collect();
    let added: i64 = remaining.iter().sum();
    let left = donation.charged - donation.refunded;
    if added == 0 || left <= 0 {
        return Ok(0);
    }
    let back = i128::from(added) * i128::from(minor.min(left)) / i128::from(left);
    let back = i64::try_from(back).map_err(AppError::internal)?;
    if back == 0 {
        return Ok(0);
    }
    let Some((found, _)) = matching::match_of(conn, donation.id)? else {
        return Err(AppError::internal("a gift was added to by no pool"));
    };
    let shares = largest_remainder(back, &remaining)
        .ok_or_else(|| AppError::internal("what was added to a gift cannot be divided"))?;
    let taken: Vec<Taken> = parts
        .iter()
        .zip(shares)
        .map(|(split, share)| split.taken(share))
        .collect();
    let originals = originals_of(conn, donation)?;
    let mut all = Vec::new();
    for (split, taken) in parts.iter().zip(&taken) {
        let fund = Account::fund(split.fund_id);
        let out = |debit: Account, minor, word| NewTransfer {
            code: Code::of(word, &fund),
            reverses: originals.get(fund.as_str()).copied(),
            debit,
            credit: Account::matching(found.pool_id),
            amount: Money::new(minor, donation.currency),
            source: Source {
                kind: BACK,
                id: refund.to_owned(),
            },
            donation: Some(donation.id.to_string()),
        };
        let reserve = Account::reserve(donation.campaign_id);
        all.push(out(fund.clone(), taken.from_fund, OUT_OF_FUND));
        all.push(out(reserve, taken.carried, OUT_OF_RESERVE));
    }
    ledger::post(conn, &all, now)?;
    refunds::take_back(conn, &parts, &taken)?;
    matching::ops::reverse(conn, donation.id, back)?;
    Ok(back)
}

/// A refund failed: what had gone back into the pool is added again, as far as the pool still holds it. What it has promised
/// to others since, or was released, stays there. Answers how much is added again.
pub(super) fn restore(
    conn: &mut Conn,
    donation: &Donation,
    refund: &str,
    now: Timestamp,
) -> AppResult<i64> {
    let booked = transfers::table
        .filter(transfers::source_kind.eq(BACK))
        .filter(transfers::source_id.eq(refund))
        .order(transfers::id)
        .select((transfers::id, transfers::code, transfers::amount));
    let booked: Vec<(i64, String, i64)> = each!(conn, c => booked.load(c))?;
    let found = match booked.is_empty() {
        true => None,
        false => matching::match_of(conn, donation.id)?,
    };
    let Some((found, _)) = found else {
        return Ok(0);
    };
    let pool = Account::matching(found.pool_id);
    let mut free = ledger::balance(conn, &pool, donation.currency)?.minor();
    let parts = matched_splits_of(conn, donation.id)?;
    let mut again = vec![Taken::default(); parts.len()];
    let (mut all, mut total) = (Vec::new(), 0);
    for (number, code, minor) in &booked {
        let share = (*minor).min(free);
        free -= share;
        for (split, again) in parts.iter().zip(&mut again) {
            let fund = Account::fund(split.fund_id);
            let credit = if code == Code::of(OUT_OF_FUND, &fund).as_str() {
                again.from_fund -= share;
                fund
            } else if code == Code::of(OUT_OF_RESERVE, &fund).as_str() {
                again.carried -= share;
                Account::reserve(donation.campaign_id)
            } else {
                continue;
            };
            total += share;
            all.push(NewTransfer {
                debit: pool.clone(),
                credit,
                code: Code::new(&format!("again_{code}")),
                amount: Money::new(share, donation.currency),
                source: Source {
                    kind: BACK_FAILED,
                    id: refund.to_owned(),
                },
                donation: Some(donation.id.to_string()),
                reverses: Some(*number),
            });
        }
    }
    ledger::post(conn, &all, now)?;
    refunds::take_back(conn, &parts, &again)?;
    matching::ops::reverse(conn, donation.id, -total)?;
    Ok(total)
}

/// The transfers that added to the gift, by the fund that they credited.
fn originals_of(conn: &mut Conn, donation: &Donation) -> AppResult<BTreeMap<String, i64>> {
    let query = transfers::table
        .filter(transfers::source_kind.eq(MATCH))
        .filter(transfers::source_id.eq(donation.id.to_string()))
        .select((transfers::credit, transfers::id));
    let rows: Vec<(String, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

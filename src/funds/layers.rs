//! Layers: what of each gift lies in a fund. Grants take them oldest first, so that every cent of a grant is a named gift's.
//!
//! A row of `splits` is a layer. The order is `settled_at`, then gift, then origin; what is found out later (a late fee, a
//! refund) changes a layer's size and never its place.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::FundId;
use crate::db::Conn;
use crate::db::schema::{grant_layers, splits};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{DonationId, TrancheId};
use crate::kernel::Timestamp;

crate::words! {
    /// Whose money a layer is.
    pub enum Origin {
        /// The giver's own.
        Gift = "gift",
        /// A sponsor's, from a match pool, set aside because of the gift.
        Match = "match",
    }
}

/// Layers read at once, and rows written by one statement.
const PAGE: usize = 1_000;

/// A literal, as the partial index is chosen by its text: a bound zero would not do.
const HELD: &str = "splits.held > 0";

/// A layer that still holds something.
#[derive(Debug, Clone, Queryable)]
struct Layer {
    settled_at: Timestamp,
    donation: DonationId,
    origin: Origin,
    held: i64,
}

/// What a tranche took of a layer.
#[derive(Insertable)]
#[diesel(table_name = grant_layers)]
struct Taken {
    tranche_id: TrancheId,
    donation_id: DonationId,
    fund_id: FundId,
    origin: Origin,
    amount: i64,
}

/// What is taken by one tranche: layers wholly, the last of them perhaps in part.
#[derive(Default)]
struct Plan {
    taken: Vec<Taken>,
    /// The youngest layer that is taken wholly, and how many are.
    whole: Option<Layer>,
    wholes: usize,
    part: Option<(Layer, i64)>,
}

/// Takes `amount` minor units out of a fund's layers for a tranche, oldest first, and answers how many layers it took from.
/// What it costs grows with the layers taken, not with the fund.
///
/// # Errors
/// [`AppError::Conflict`] `fund_short` when the layers hold less; nothing was written then.
pub fn consume(conn: &mut Conn, fund: FundId, amount: i64, tranche: TrancheId) -> AppResult<usize> {
    let plan = plan(conn, fund, amount, tranche)?;
    for chunk in plan.taken.chunks(PAGE) {
        each!(conn, c => diesel::insert_into(grant_layers::table).values(chunk).execute(c))?;
    }
    let mut moved = 0;
    if let Some(last) = &plan.whole {
        let all = splits::table
            .filter(splits::fund_id.eq(fund))
            .filter(sql::<Bool>(HELD))
            .filter(splits::settled_at.le(last.settled_at))
            .filter(
                splits::settled_at
                    .lt(last.settled_at)
                    .or(splits::donation_id.lt(last.donation))
                    .or(splits::donation_id
                        .eq(last.donation)
                        .and(splits::origin.le(last.origin))),
            );
        let take = (
            splits::granted.eq(splits::granted + splits::held),
            splits::held.eq(0),
        );
        moved += each!(conn, c => diesel::update(all).set(take).execute(c))?;
    }
    if let Some((layer, minor)) = &plan.part {
        let one = splits::table.find((layer.donation, fund, layer.origin));
        let take = (
            splits::granted.eq(splits::granted + minor),
            splits::held.eq(splits::held - minor),
        );
        moved += each!(conn, c => diesel::update(one).set(take).execute(c))?;
    }
    if moved == plan.wholes + usize::from(plan.part.is_some()) {
        Ok(plan.taken.len())
    } else {
        Err(AppError::internal(format!(
            "tranche {tranche} took {moved} layers of {}",
            plan.taken.len()
        )))
    }
}

fn plan(conn: &mut Conn, fund: FundId, amount: i64, tranche: TrancheId) -> AppResult<Plan> {
    let mut plan = Plan::default();
    let (mut left, mut place) = (amount, None);
    while left > 0 {
        let page = next(conn, fund, place.as_ref())?;
        let Some(last) = page.last().cloned() else {
            return Err(AppError::Conflict {
                code: "fund_short",
                detail: "the fund does not hold that much".into(),
            });
        };
        place = Some(last);
        for layer in page {
            let minor = left.min(layer.held);
            plan.taken.push(Taken {
                tranche_id: tranche,
                donation_id: layer.donation,
                fund_id: fund,
                origin: layer.origin,
                amount: minor,
            });
            left -= minor;
            if minor == layer.held {
                (plan.whole, plan.wholes) = (Some(layer), plan.wholes + 1);
            } else {
                plan.part = Some((layer, minor));
            }
            if left == 0 {
                break;
            }
        }
    }
    Ok(plan)
}

/// The oldest layers after a place that hold something.
fn next(conn: &mut Conn, fund: FundId, after: Option<&Layer>) -> AppResult<Vec<Layer>> {
    let most = i64::try_from(PAGE).map_err(AppError::internal)?;
    Ok(each!(conn, c: Db => {
        let mut query = splits::table
            .filter(splits::fund_id.eq(fund))
            .filter(sql::<Bool>(HELD))
            .order((splits::settled_at, splits::donation_id, splits::origin))
            .limit(most)
            .select((splits::settled_at, splits::donation_id, splits::origin, splits::held))
            .into_boxed::<Db>();
        if let Some(last) = after {
            query = query.filter(splits::settled_at.ge(last.settled_at)).filter(
                splits::settled_at
                    .gt(last.settled_at)
                    .or(splits::donation_id.gt(last.donation))
                    .or(splits::donation_id.eq(last.donation).and(splits::origin.gt(last.origin))),
            );
        }
        query.load(c)
    })?)
}

/// Puts back what a tranche took: its money came back. Its layers are the oldest again; the rows stay, for whoever adds the
/// ledger up anew, and count no more, as the tranche is returned.
///
/// # Errors
/// The database's.
pub fn put_back(conn: &mut Conn, tranche: TrancheId) -> AppResult<()> {
    const BACK: &str = "
        UPDATE splits SET
            granted = granted - (SELECT l.amount FROM grant_layers l WHERE l.tranche_id = $1 AND l.donation_id = splits.donation_id
                AND l.fund_id = splits.fund_id AND l.origin = splits.origin),
            held = held + (SELECT l.amount FROM grant_layers l WHERE l.tranche_id = $2 AND l.donation_id = splits.donation_id
                AND l.fund_id = splits.fund_id AND l.origin = splits.origin)
        WHERE (donation_id, fund_id, origin) IN (SELECT donation_id, fund_id, origin FROM grant_layers WHERE tranche_id = $3)";
    let id = tranche.to_string();
    each!(conn, c => diesel::sql_query(BACK)
        .bind::<Text, _>(&id)
        .bind::<Text, _>(&id)
        .bind::<Text, _>(&id)
        .execute(c))?;
    Ok(())
}

//! What a policy would have done: "had it applied so far, this fund would hold … instead of …".

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::model::{fund_shares, policy};
use super::{FundId, PolicyId};
use crate::db::Conn;
use crate::db::schema::funds;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::apportion::largest_remainder;

/// One fund of a preview, minor units. Both sums are of the season's undesignated gifts alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The fund.
    pub fund: FundId,
    /// Its name.
    pub name: String,
    /// What it got of the undesignated gifts so far.
    pub got: i64,
    /// What it would have got.
    pub would: i64,
    /// Its share in the policy, basis points.
    pub points: i32,
}

#[derive(QueryableByName)]
struct Got {
    #[diesel(sql_type = Text)]
    fund_id: String,
    #[diesel(sql_type = BigInt)]
    got: i64,
}

/// One aggregate over the splits of the season's paid gifts that chose no program.
const GOT: &str = "
    SELECT s.fund_id AS fund_id, CAST(SUM(s.amount - s.reversed) AS BIGINT) AS got
    FROM splits s JOIN donations d ON d.id = s.donation_id
    WHERE d.campaign_id = $1 AND d.program_id IS NULL AND d.paid_at IS NOT NULL AND s.origin = 'gift'
    GROUP BY s.fund_id";

/// Compares a policy with what its season's undesignated gifts became under the versions that they were made under; funds
/// with the largest share first. The division of the whole differs from that of each gift by less than a cent a gift.
///
/// # Errors
/// [`AppError::NotFound`] without such a policy.
pub fn preview(conn: &mut Conn, id: PolicyId) -> AppResult<Vec<Preview>> {
    let version = policy(conn, id)?.ok_or(AppError::NotFound("this policy"))?;
    let campaign = version.campaign_id.to_string();
    let rows: Vec<Got> =
        each!(conn, c => diesel::sql_query(GOT).bind::<Text, _>(&campaign).load(c))?;
    let mut got = BTreeMap::new();
    for row in rows {
        let fund: FundId = row.fund_id.parse().map_err(AppError::internal)?;
        got.insert(fund, row.got);
    }
    let whole: i64 = got.values().sum();
    let shares = fund_shares(conn, id)?;
    let weights: Vec<i64> = shares
        .iter()
        .map(|share| i64::from(share.basis_points))
        .collect();
    let would = largest_remainder(whole, &weights)
        .ok_or_else(|| AppError::internal(format!("policy {id} divides nothing")))?;
    let mut all: Vec<Preview> = shares
        .into_iter()
        .zip(would)
        .map(|(share, would)| Preview {
            got: got.remove(&share.fund_id).unwrap_or_default(),
            fund: share.fund_id,
            name: share.name,
            would,
            points: share.basis_points,
        })
        .collect();
    let rest: Vec<FundId> = got.keys().copied().collect();
    let query = funds::table
        .filter(funds::id.eq_any(rest))
        .order(funds::id)
        .select((funds::id, funds::name));
    let names: Vec<(FundId, String)> = each!(conn, c => query.load(c))?;
    all.extend(names.into_iter().map(|(fund, name)| Preview {
        got: got.get(&fund).copied().unwrap_or_default(),
        fund,
        name,
        would: 0,
        points: 0,
    }));
    Ok(all)
}

//! Rows of funds and policies.

use diesel::prelude::*;

use super::{FundId, PolicyId};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{allocation_policies, allocation_shares, funds};
use crate::each;
use crate::error::AppResult;
use crate::ids::{CampaignId, ProgramId};
use crate::kernel::{Currency, Timestamp};

crate::words! {
    /// Whose money a fund holds.
    pub enum FundKind {
        /// Restricted to one program.
        Program = "program",
        /// A campaign's, not yet shared out.
        Undesignated = "undesignated",
    }
}

/// A pot of money.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = funds)]
pub struct Fund {
    /// The id; the ledger's account is `fund:<id>`.
    pub id: FundId,
    /// Whose money it holds.
    pub kind: FundKind,
    /// The program that it is restricted to.
    pub program_id: Option<ProgramId>,
    /// The campaign whose undesignated money it holds.
    pub campaign_id: Option<CampaignId>,
    /// Of which currency.
    pub currency: Currency,
    /// Its name, for people.
    pub name: String,
}

/// One version of how a campaign's undesignated money is shared out.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = allocation_policies)]
pub struct Policy {
    /// The id.
    pub id: PolicyId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// 1, 2, 3 … within the campaign.
    pub version: i32,
    /// From when on gifts are made under it, until the next version's.
    pub effective_from: Timestamp,
    /// Why it is as it is, for people.
    pub note: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// Who drafted it; `None`: the program, from a seed or from last year's.
    pub drafted_by: Option<UserId>,
    /// Who approved it.
    pub approved_by: Option<UserId>,
    /// When it was approved; `None`: a draft, or discarded.
    pub approved_at: Option<Timestamp>,
    /// When it was discarded.
    pub discarded_at: Option<Timestamp>,
}

impl Policy {
    /// Whether it waits for a second person.
    pub fn is_draft(&self) -> bool {
        self.approved_at.is_none() && self.discarded_at.is_none()
    }
}

/// One share of a policy, with what it goes to.
#[derive(Debug, Clone, Queryable)]
pub struct Share {
    /// The fund.
    pub fund_id: FundId,
    /// The fund's program; `None` for the campaign's own fund.
    pub program_id: Option<ProgramId>,
    /// The fund's name.
    pub name: String,
    /// Ten-thousandths of the undesignated money.
    pub basis_points: i32,
}

/// The fund of a program in a currency.
///
/// # Errors
/// The database's.
pub fn fund_of_program(
    conn: &mut Conn,
    program: ProgramId,
    currency: Currency,
) -> AppResult<Option<Fund>> {
    let query = funds::table
        .filter(funds::program_id.eq(program))
        .filter(funds::currency.eq(currency));
    Ok(each!(conn, c => query.select(Fund::as_select()).first(c).optional())?)
}

/// The fund of a campaign's undesignated money.
///
/// # Errors
/// The database's.
pub fn campaign_fund(conn: &mut Conn, campaign: CampaignId) -> AppResult<Option<Fund>> {
    let query = funds::table.filter(funds::campaign_id.eq(campaign));
    Ok(each!(conn, c => query.select(Fund::as_select()).first(c).optional())?)
}

/// The policy under which a gift made `now` is shared out: the newest approved version that is effective already.
///
/// # Errors
/// The database's.
pub fn policy_in_force(
    conn: &mut Conn,
    campaign: CampaignId,
    now: Timestamp,
) -> AppResult<Option<Policy>> {
    let query = allocation_policies::table
        .filter(allocation_policies::campaign_id.eq(campaign))
        .filter(allocation_policies::approved_at.is_not_null())
        .filter(allocation_policies::effective_from.le(now))
        .order(allocation_policies::version.desc());
    Ok(each!(conn, c => query.select(Policy::as_select()).first(c).optional())?)
}

/// The programs that share in a campaign's undesignated money, now or under an approved version that is still to come.
///
/// # Errors
/// The database's.
pub fn programs_fed(
    conn: &mut Conn,
    campaign: CampaignId,
    now: Timestamp,
) -> AppResult<Vec<ProgramId>> {
    let coming = allocation_policies::table
        .filter(allocation_policies::campaign_id.eq(campaign))
        .filter(allocation_policies::approved_at.is_not_null())
        .filter(allocation_policies::effective_from.gt(now))
        .select(allocation_policies::id);
    let mut policies: Vec<PolicyId> = each!(conn, c => coming.load(c))?;
    policies.extend(policy_in_force(conn, campaign, now)?.map(|policy| policy.id));
    let query = allocation_shares::table
        .inner_join(funds::table.on(funds::id.eq(allocation_shares::fund_id)))
        .filter(allocation_shares::policy_id.eq_any(policies))
        .filter(allocation_shares::basis_points.gt(0))
        .filter(funds::program_id.is_not_null())
        .select(funds::program_id.assume_not_null())
        .distinct();
    Ok(each!(conn, c => query.load(c))?)
}

/// The newest approved version, in force or still to come.
///
/// # Errors
/// The database's.
pub fn newest_policy(conn: &mut Conn, campaign: CampaignId) -> AppResult<Option<Policy>> {
    let query = allocation_policies::table
        .filter(allocation_policies::campaign_id.eq(campaign))
        .filter(allocation_policies::approved_at.is_not_null())
        .order(allocation_policies::version.desc());
    Ok(each!(conn, c => query.select(Policy::as_select()).first(c).optional())?)
}

/// A policy by its id.
///
/// # Errors
/// The database's.
pub fn policy(conn: &mut Conn, id: PolicyId) -> AppResult<Option<Policy>> {
    let query = allocation_policies::table.find(id);
    Ok(each!(conn, c => query.select(Policy::as_select()).first(c).optional())?)
}

/// A policy's shares in basis points by fund id, the order in which left-over units are dealt out (L5).
///
/// # Errors
/// The database's.
pub fn shares(conn: &mut Conn, policy: PolicyId) -> AppResult<Vec<(FundId, i64)>> {
    let query = allocation_shares::table
        .filter(allocation_shares::policy_id.eq(policy))
        .select((allocation_shares::fund_id, allocation_shares::basis_points));
    let mut shares: Vec<(FundId, i32)> = each!(conn, c => query.load(c))?;
    shares.sort_unstable_by_key(|(fund, _)| *fund);
    Ok(shares
        .into_iter()
        .map(|(fund, points)| (fund, i64::from(points)))
        .collect())
}

/// A policy's shares with what they go to, largest first.
///
/// # Errors
/// The database's.
pub fn fund_shares(conn: &mut Conn, policy: PolicyId) -> AppResult<Vec<Share>> {
    let query = allocation_shares::table
        .inner_join(funds::table.on(funds::id.eq(allocation_shares::fund_id)))
        .filter(allocation_shares::policy_id.eq(policy))
        .order((allocation_shares::basis_points.desc(), funds::id))
        .select((
            funds::id,
            funds::program_id,
            funds::name,
            allocation_shares::basis_points,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

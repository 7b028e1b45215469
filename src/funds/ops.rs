//! Opening funds and drafting policies.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::approval::open_draft;
use super::{FundId, FundKind, PolicyId};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{
    allocation_policies, allocation_shares, campaign_programs, campaigns, funds,
};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, ProgramId};
use crate::kernel::{Currency, Line, Timestamp};

/// What the shares of a policy sum to.
pub const WHOLE: i32 = 10_000;

/// Whose money a new fund holds.
#[derive(Debug, Clone, Copy)]
pub enum FundOf {
    /// Restricted to a program.
    Program(ProgramId),
    /// A campaign's undesignated money.
    Campaign(CampaignId),
}

/// A fund to be opened.
#[derive(Debug, Clone)]
pub struct OpenFund {
    /// The id, made by the caller.
    pub id: FundId,
    /// Whose money it holds.
    pub of: FundOf,
    /// Of which currency.
    pub currency: Currency,
    /// Its name, for people.
    pub name: Line,
}

/// Opens a fund.
///
/// # Errors
/// [`AppError::Conflict`] `fund_exists` when the program or campaign has one of this currency.
pub fn open_fund(conn: &mut Conn, new: &OpenFund, now: Timestamp) -> AppResult<()> {
    let (kind, program, campaign) = match new.of {
        FundOf::Program(program) => (FundKind::Program, Some(program), None),
        FundOf::Campaign(campaign) => (FundKind::Undesignated, None, Some(campaign)),
    };
    let same = funds::table
        .filter(funds::currency.eq(new.currency))
        .filter(
            funds::program_id
                .eq(program)
                .or(funds::campaign_id.eq(campaign)),
        );
    if each!(conn, c => same.count().get_result::<i64>(c))? > 0 {
        return Err(AppError::Conflict {
            code: "fund_exists",
            detail: "there is a fund of this currency already".into(),
        });
    }
    let row = (
        funds::id.eq(new.id),
        funds::kind.eq(kind),
        funds::program_id.eq(program),
        funds::campaign_id.eq(campaign),
        funds::currency.eq(new.currency),
        funds::name.eq(new.name.as_str()),
        funds::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(funds::table).values(row).execute(c))?;
    Ok(())
}

/// A policy to be drafted: the next version of its campaign's.
#[derive(Debug, Clone)]
pub struct DraftPolicy {
    /// The id, made by the caller.
    pub id: PolicyId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// From when on; not earlier than now.
    pub effective_from: Timestamp,
    /// Why it is as it is.
    pub note: Line,
    /// Basis points by fund, 10,000 together.
    pub shares: Vec<(FundId, i32)>,
}

/// Drafts the next version of a campaign's policy and answers its number. It holds for nothing until it is approved.
///
/// # Errors
/// [`AppError::Invalid`] when the shares do not sum to 10,000, a fund is not one that this campaign may feed, or the
/// policy would reach into the past or behind the version before it; [`AppError::Conflict`] `open_draft`.
pub fn draft_policy(
    conn: &mut Conn,
    new: &DraftPolicy,
    by: UserId,
    now: Timestamp,
) -> AppResult<i32> {
    if let Some(draft) = open_draft(conn, new.campaign)? {
        return Err(AppError::Conflict {
            code: "open_draft",
            detail: format!(
                "version {} is still a draft: approve it or discard it first",
                draft.version
            ),
        });
    }
    write(conn, new, Some(by), None, now)
}

/// The newest version and since when it holds; of the approved ones, or of all.
pub(super) fn newest(
    conn: &mut Conn,
    campaign: CampaignId,
    approved: bool,
) -> AppResult<Option<(i32, Timestamp)>> {
    Ok(each!(conn, c: Db => {
        let mut query = allocation_policies::table
            .filter(allocation_policies::campaign_id.eq(campaign))
            .order(allocation_policies::version.desc())
            .select((allocation_policies::version, allocation_policies::effective_from))
            .into_boxed::<Db>();
        if approved {
            query = query.filter(allocation_policies::approved_at.is_not_null());
        }
        query.first(c).optional()
    })?)
}

/// Writes the rows of a version, approved or not.
pub(super) fn write(
    conn: &mut Conn,
    new: &DraftPolicy,
    by: Option<UserId>,
    approved_at: Option<Timestamp>,
    now: Timestamp,
) -> AppResult<i32> {
    check_shares(&new.shares)?;
    let fed: Vec<FundId> = new.shares.iter().map(|(fund, _)| *fund).collect();
    check_funds(conn, new.campaign, &fed)?;
    let version = newest(conn, new.campaign, false)?.map_or(1, |(version, _)| version + 1);
    let since = newest(conn, new.campaign, true)?.map(|(_, since)| since);
    if new.effective_from < since.map_or(now, |since| since.max(now)) {
        return Err(AppError::field(
            "effective_from",
            "a policy reaches neither into the past nor behind the version before it",
        ));
    }
    let row = (
        allocation_policies::id.eq(new.id),
        allocation_policies::campaign_id.eq(new.campaign),
        allocation_policies::version.eq(version),
        allocation_policies::effective_from.eq(new.effective_from),
        allocation_policies::note.eq(new.note.as_str()),
        allocation_policies::created_at.eq(now),
        allocation_policies::drafted_by.eq(by),
        allocation_policies::approved_at.eq(approved_at),
    );
    each!(conn, c => diesel::insert_into(allocation_policies::table).values(row).execute(c))?;
    let shares: Vec<_> = new
        .shares
        .iter()
        .map(|(fund, points)| {
            (
                allocation_shares::policy_id.eq(new.id),
                allocation_shares::fund_id.eq(*fund),
                allocation_shares::basis_points.eq(*points),
            )
        })
        .collect();
    each!(conn, c => diesel::insert_into(allocation_shares::table).values(shares).execute(c))?;
    Ok(version)
}

fn check_shares(shares: &[(FundId, i32)]) -> AppResult<()> {
    let refuse = |message: &str| Err(AppError::field("shares", message));
    let funds: BTreeSet<FundId> = shares.iter().map(|(fund, _)| *fund).collect();
    if funds.len() != shares.len() {
        return refuse("name each fund once");
    }
    if shares
        .iter()
        .any(|(_, points)| !(0..=WHOLE).contains(points))
    {
        return refuse("a share is 0 to 10,000 basis points");
    }
    let sum: i64 = shares.iter().map(|(_, points)| i64::from(*points)).sum();
    if sum != i64::from(WHOLE) {
        return refuse(&format!(
            "the shares sum to {sum} basis points; they must sum to 10,000"
        ));
    }
    Ok(())
}

/// A share goes to a fund of the campaign's currency: of one of the programs that the campaign names, or its own.
pub(super) fn check_funds(conn: &mut Conn, campaign: CampaignId, fed: &[FundId]) -> AppResult<()> {
    let own = campaigns::table
        .filter(campaigns::id.eq(campaign))
        .select(campaigns::currency);
    let currency: Currency =
        each!(conn, c => own.first(c).optional())?.ok_or(AppError::NotFound("the campaign"))?;
    let named = campaign_programs::table
        .filter(campaign_programs::campaign_id.eq(campaign))
        .select(campaign_programs::program_id);
    let named: Vec<ProgramId> = each!(conn, c => named.load(c))?;
    let found = funds::table
        .filter(funds::id.eq_any(fed))
        .filter(funds::currency.eq(currency))
        .select((funds::program_id, funds::campaign_id));
    let found: Vec<(Option<ProgramId>, Option<CampaignId>)> = each!(conn, c => found.load(c))?;
    let may = found.iter().filter(|(program, of)| {
        program.is_some_and(|program| named.contains(&program)) || *of == Some(campaign)
    });
    if may.count() == fed.len() {
        Ok(())
    } else {
        Err(AppError::field(
            "shares",
            "share between funds of this campaign's currency: its programs' and its own",
        ))
    }
}

//! Sharing out a season's undesignated money, said by programs instead of funds.

use super::CampaignId;
use super::model::by_id;
use crate::auth::UserId;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::funds::ops::{DraftPolicy, FundOf, OpenFund, draft_policy, open_fund};
use crate::funds::{self, FundId, PolicyId};
use crate::ids::ProgramId;
use crate::kernel::{Line, Timestamp};

/// A share of undesignated money.
#[derive(Debug, Clone)]
pub struct ProgramShare {
    /// The program.
    pub program: ProgramId,
    /// Its name, should a fund be opened for it.
    pub name: Line,
    /// Basis points.
    pub points: i32,
    /// The id of its fund, made by the caller, used when it has none of the campaign's currency yet.
    pub fund: FundId,
}

/// How undesignated money shall be shared out.
#[derive(Debug, Clone)]
pub struct ShareOut {
    /// The policy's id, made by the caller.
    pub id: PolicyId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// From when on; not earlier than now.
    pub effective_from: Timestamp,
    /// Why it is as it is, for people.
    pub note: Line,
    /// Who says so.
    pub by: UserId,
    /// Basis points by program, 10,000 together.
    pub shares: Vec<ProgramShare>,
}

/// Drafts the next version of the policy and answers its number.
///
/// # Errors
/// As [`draft_policy`]; [`AppError::NotFound`].
pub fn share_out(conn: &mut Conn, new: &ShareOut, now: Timestamp) -> AppResult<i32> {
    let campaign = by_id(conn, new.campaign)?;
    if new.shares.is_empty() {
        return Err(AppError::field("shares", "name a program first"));
    }
    let mut shares = Vec::with_capacity(new.shares.len());
    for share in new.shares.iter().filter(|share| share.points > 0) {
        let found = funds::fund_of_program(conn, share.program, campaign.currency)?;
        let fund = match found {
            Some(fund) => fund.id,
            None => {
                let open = OpenFund {
                    id: share.fund,
                    of: FundOf::Program(share.program),
                    currency: campaign.currency,
                    name: share.name.clone(),
                };
                open_fund(conn, &open, now)?;
                share.fund
            }
        };
        shares.push((fund, share.points));
    }
    let draft = DraftPolicy {
        id: new.id,
        campaign: new.campaign,
        effective_from: new.effective_from,
        note: new.note.clone(),
        shares,
    };
    draft_policy(conn, &draft, new.by, now)
}

//! Drafts of policies become versions in force when a second person approves them, or are discarded.

use diesel::prelude::*;

use super::model::{Policy, policy, shares};
use super::ops::{DraftPolicy, check_funds, newest, write};
use super::{FundId, PolicyId};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{allocation_policies, donations};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::Timestamp;

/// Whether any gift was ever begun in the season: from then on a policy is a matter for two.
///
/// # Errors
/// The database's.
pub fn has_gifts(conn: &mut Conn, campaign: CampaignId) -> AppResult<bool> {
    let own = donations::table
        .filter(donations::campaign_id.eq(campaign))
        .select(donations::id);
    let query = diesel::select(diesel::dsl::exists(own));
    Ok(each!(conn, c => query.get_result(c))?)
}

/// The draft of a campaign that waits for a second person; there is one at most.
///
/// # Errors
/// The database's.
pub fn open_draft(conn: &mut Conn, campaign: CampaignId) -> AppResult<Option<Policy>> {
    let query = allocation_policies::table
        .filter(allocation_policies::campaign_id.eq(campaign))
        .filter(allocation_policies::approved_at.is_null())
        .filter(allocation_policies::discarded_at.is_null());
    Ok(each!(conn, c => query.select(Policy::as_select()).first(c).optional())?)
}

/// Every version of a campaign's policy, newest first, drafts and discarded ones too.
///
/// # Errors
/// The database's.
pub fn versions(conn: &mut Conn, campaign: CampaignId) -> AppResult<Vec<Policy>> {
    let query = allocation_policies::table
        .filter(allocation_policies::campaign_id.eq(campaign))
        .order(allocation_policies::version.desc());
    Ok(each!(conn, c => query.select(Policy::as_select()).load(c))?)
}

/// Puts a policy in force that no person drafted: a season's first one, which the program seeds or copies.
///
/// # Errors
/// As [`super::ops::draft_policy`].
pub fn enact_policy(conn: &mut Conn, new: &DraftPolicy, now: Timestamp) -> AppResult<i32> {
    write(conn, new, None, Some(now), now)
}

/// Approves a draft. It holds from its own day on, or from now on if that has passed: never for gifts made before (L7).
///
/// Who drafted it cannot approve it, unless no gift was ever begun in the season: then it touches nobody's money.
///
/// # Errors
/// [`AppError::Conflict`] `needs_second_person`, or `no_such_move` when it is no draft any more; [`AppError::Invalid`] when
/// a fund of it is none of the campaign's any more; [`AppError::NotFound`].
pub fn approve_policy(
    conn: &mut Conn,
    id: PolicyId,
    by: UserId,
    now: Timestamp,
) -> AppResult<Policy> {
    let draft = policy(conn, id)?.ok_or(AppError::NotFound("this policy"))?;
    if draft.drafted_by == Some(by) && has_gifts(conn, draft.campaign_id)? {
        return Err(AppError::Conflict {
            code: "needs_second_person",
            detail: "you drafted this policy; somebody else must approve it".into(),
        });
    }
    let funds: Vec<FundId> = shares(conn, id)?
        .into_iter()
        .map(|(fund, _)| fund)
        .collect();
    check_funds(conn, draft.campaign_id, &funds)?;
    let since = newest(conn, draft.campaign_id, true)?.map(|(_, since)| since);
    let effective = draft.effective_from.max(now).max(since.unwrap_or(now));
    let own = allocation_policies::table
        .find(id)
        .filter(allocation_policies::approved_at.is_null())
        .filter(allocation_policies::discarded_at.is_null());
    let moved = each!(conn, c => diesel::update(own)
        .set((
            allocation_policies::approved_by.eq(by),
            allocation_policies::approved_at.eq(now),
            allocation_policies::effective_from.eq(effective),
        ))
        .execute(c))?;
    if moved == 0 {
        return Err(no_draft());
    }
    policy(conn, id)?.ok_or(AppError::NotFound("this policy"))
}

/// Discards a draft; its number stays with it.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is no draft any more; [`AppError::NotFound`].
pub fn discard_policy(conn: &mut Conn, id: PolicyId, now: Timestamp) -> AppResult<Policy> {
    let draft = policy(conn, id)?.ok_or(AppError::NotFound("this policy"))?;
    let own = allocation_policies::table
        .find(id)
        .filter(allocation_policies::approved_at.is_null())
        .filter(allocation_policies::discarded_at.is_null());
    let change = allocation_policies::discarded_at.eq(now);
    let moved = each!(conn, c => diesel::update(own).set(change).execute(c))?;
    if moved == 0 {
        return Err(no_draft());
    }
    Ok(draft)
}

fn no_draft() -> AppError {
    AppError::Conflict {
        code: "no_such_move",
        detail: "this policy is no draft any more; what was decided stays".into(),
    }
}

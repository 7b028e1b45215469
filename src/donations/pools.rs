//! What is left of a match pool, decided by a second person: back to the sponsor, or into the campaign's undesignated fund
//! as the sponsor's gift.

use super::arrived::Arrived;
use super::hands::{Made, NewIds};
use super::model::{Donation, Method};
use super::settle::{self, Settling};
use crate::auth::UserId;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Money, Timestamp};
use crate::ledger::{Account, Source};
use crate::matching::model::{Pool, PoolId, Release, ReleaseId, ReleaseKind, ReleaseState};
use crate::matching::ops;
use crate::{campaigns, funds};

/// Decides a proposal; answers the pool and the sponsor's gift, where it became one.
///
/// # Errors
/// [`AppError::Conflict`] `second_person` for its own maker, `no_such_move` when it is decided, `pledge_outstanding` when
/// money shall be given that has not arrived, `nothing_left` when gifts took the rest since it was proposed.
pub fn decide(
    conn: &mut Conn,
    with: &Settling,
    (of, ids): ((ReleaseId, PoolId), &NewIds),
    by: UserId,
    now: Timestamp,
) -> AppResult<(Pool, Option<Donation>)> {
    let (release, pool) = ops::proposal_for(conn, of, by)?;
    let donation = match release.kind {
        ReleaseKind::Return => {
            ops::give_back(conn, &release, &pool, by, now)?;
            None
        }
        ReleaseKind::Give => Some(give(conn, with, &release, &pool, ids, by, now)?),
    };
    Ok((pool, donation))
}

fn give(
    conn: &mut Conn,
    with: &Settling,
    release: &Release,
    pool: &Pool,
    ids: &NewIds,
    by: UserId,
    now: Timestamp,
) -> AppResult<Donation> {
    let (left, outstanding) = (pool.holds(conn)?, pool.outstanding(conn)?);
    if outstanding.minor() > 0 {
        return Err(AppError::Conflict {
            code: "pledge_outstanding",
            detail: format!(
                "{outstanding} of the pledge has not arrived; record it first, or give the rest back"
            ),
        });
    }
    // A refund that failed is matched again, whenever that is.
    if left.minor() == 0 {
        return Err(AppError::Conflict {
            code: "nothing_left",
            detail: "nothing is left in this pool any more; refuse the proposal".into(),
        });
    }
    let fund = funds::campaign_fund(conn, pool.campaign_id)?
        .ok_or_else(|| AppError::internal("a campaign has no fund of its own"))?;
    let campaign = campaigns::model::by_id(conn, pool.campaign_id)?;
    let made = Made {
        campaign: &campaign,
        ids,
        method: Method::MatchPool,
        amount: left,
        donor_name: &pool.sponsor,
        donor_email: pool.sponsor_email.as_ref(),
        created_at: now,
    };
    let donation = made.row(conn, now)?;
    let source = Source {
        kind: "match_release",
        id: release.id.to_string(),
    };
    let hand = super::hands::Hand {
        how: "out of your match pool".to_owned(),
        on: day_of(campaign.time_zone.day_of(now))?,
        note: "It is what was left of the pool when its time had ended.".to_owned(),
        is_receipt: true,
    };
    let mut arrived = Arrived::by_hand(donation, source, Account::matching(pool.id), Some(hand));
    arrived.fund = Some(fund.id);
    let mut arrived = [arrived];
    settle::settle(conn, with, &mut arrived, now)?;
    let [arrived] = arrived;
    let donation = arrived.donation;
    let amount = Some(Money::new(donation.charged, donation.currency));
    ops::decided(
        conn,
        release.id,
        pool,
        ReleaseState::Done,
        amount,
        Some(donation.id),
        by,
        now,
    )?;
    Ok(donation)
}

fn day_of(day: Option<crate::kernel::Day>) -> AppResult<crate::kernel::Day> {
    day.ok_or_else(|| AppError::internal("today is no day of the calendar"))
}

//! Which pool matches which gift, and by how much.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{Pool, PoolId, PoolState, TargetKind, targets_of};
use crate::db::Conn;
use crate::db::schema::{accounts, match_pools};
use crate::each;
use crate::error::AppResult;
use crate::ids::{CampaignId, PageId, ProgramId};
use crate::kernel::{Money, Timestamp};
use crate::ledger::Account;

/// When a gift was given: one instant, or the day on which it was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From when.
    pub from: Timestamp,
    /// To when; not in, unless it is the same instant.
    pub to: Timestamp,
}

impl Span {
    /// One instant.
    pub fn at(instant: Timestamp) -> Self {
        Self {
            from: instant,
            to: instant,
        }
    }
}

/// A gift as a pool looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    /// To which campaign.
    pub campaign: CampaignId,
    /// On which page.
    pub page: Option<PageId>,
    /// To which program it is designated.
    pub program: Option<ProgramId>,
    /// The gift itself, without what covers the fee.
    pub amount: Money,
    /// When it was given.
    pub when: Span,
}

/// A pool with what it holds, as a batch of gifts takes from it.
#[derive(Debug, Clone)]
pub struct LivePool {
    /// The pool.
    pub pool: Pool,
    /// What it is narrowed to; nothing: every gift to its campaign.
    pub targets: Vec<(TargetKind, String)>,
    /// What it holds, minor units.
    pub holds: i64,
}

impl LivePool {
    fn takes(&self, gift: &Given) -> bool {
        let pool = &self.pool;
        let in_time = gift.when.from < pool.ends_at
            && (gift.when.to > pool.starts_at
                || (gift.when.to == gift.when.from && gift.when.from == pool.starts_at));
        pool.campaign_id == gift.campaign
            && pool.currency == gift.amount.currency()
            && in_time
            && self.holds > 0
            && self.is_for(gift.page, gift.program)
    }

    /// Whether it matches gifts on this page, or to this program.
    pub fn is_for(&self, page: Option<PageId>, program: Option<ProgramId>) -> bool {
        let (page, program) = (
            page.map(|id| id.to_string()),
            program.map(|id| id.to_string()),
        );
        self.targets.is_empty()
            || self.targets.iter().any(|(kind, id)| match kind {
                TargetKind::Page => Some(id) == page.as_ref(),
                TargetKind::Program => Some(id) == program.as_ref(),
            })
    }

    /// What it promises to add, whether or not it holds that much.
    fn share_of(&self, gift: Money) -> i64 {
        let ratio = i128::from(gift.minor()) * i128::from(self.pool.ratio) / 10_000;
        let most = self.pool.cap.unwrap_or(i64::MAX);
        i64::try_from(ratio).unwrap_or(i64::MAX).min(most).max(0)
    }
}

/// Takes what a pool adds to `gift` out of that pool's hand; nothing where none does. Of the pools that take it, oldest first,
/// it is the first that holds all of its share, or else the one that adds most: a cent that is left in one pool must not cost
/// the gift what another has.
pub fn take(pools: &mut [LivePool], gift: &Given) -> Option<(PoolId, i64)> {
    let mut found: Option<(&mut LivePool, i64)> = None;
    for pool in pools.iter_mut().filter(|pool| pool.takes(gift)) {
        let full = pool.share_of(gift.amount);
        let share = full.min(pool.holds);
        if share > found.as_ref().map_or(0, |(_, most)| *most) || (share == full && full > 0) {
            found = Some((pool, share));
        }
        if full > 0 && share == full {
            break;
        }
    }
    let (pool, share) = found?;
    pool.holds -= share;
    Some((pool.pool.id, share))
}

/// The live pools of `campaigns`, oldest first, with what each holds: one statement where there is none.
///
/// # Errors
/// The database's.
pub fn live(conn: &mut Conn, campaigns: &[CampaignId]) -> AppResult<Vec<LivePool>> {
    let query = match_pools::table
        .filter(match_pools::campaign_id.eq_any(campaigns))
        .filter(match_pools::state.eq(PoolState::Live))
        .order((match_pools::created_at, match_pools::id));
    let pools: Vec<Pool> = each!(conn, c => query.select(Pool::as_select()).load(c))?;
    if pools.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<PoolId> = pools.iter().map(|pool| pool.id).collect();
    let mut targets: BTreeMap<PoolId, Vec<(TargetKind, String)>> = BTreeMap::new();
    for (pool, kind, id) in targets_of(conn, &ids)? {
        targets.entry(pool).or_default().push((kind, id));
    }
    let names: Vec<String> = ids
        .iter()
        .map(|id| Account::matching(id).as_str().to_owned())
        .collect();
    let query = accounts::table
        .filter(accounts::name.eq_any(&names))
        .select((accounts::name, accounts::debits, accounts::credits));
    let sums: Vec<(String, i64, i64)> = each!(conn, c => query.load(c))?;
    let holds: BTreeMap<String, i64> = sums
        .into_iter()
        .map(|(name, debits, credits)| (name, credits - debits))
        .collect();
    let live = pools.into_iter().map(|pool| LivePool {
        targets: targets.remove(&pool.id).unwrap_or_default(),
        holds: holds
            .get(Account::matching(pool.id).as_str())
            .copied()
            .unwrap_or_default(),
        pool,
    });
    Ok(live.collect())
}

/// The pools that match gifts made `now` on this page, or to a program: what a giver is told before giving.
///
/// # Errors
/// The database's.
pub fn offers(
    conn: &mut Conn,
    campaign: CampaignId,
    page: Option<PageId>,
    now: Timestamp,
) -> AppResult<Vec<LivePool>> {
    let mut all = live(conn, &[campaign])?;
    all.retain(|one| {
        let by_program = one
            .targets
            .iter()
            .any(|(kind, _)| *kind == TargetKind::Program);
        one.holds > 0 && one.pool.is_open(now) && (one.is_for(page, None) || by_program)
    });
    Ok(all)
}

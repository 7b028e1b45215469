//! Rows, and how they are found.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{match_arrivals, match_pools, match_releases, match_targets, matches};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, DonationId};
use crate::kernel::{Currency, Day, Email, Limit, Listed, Money, Timestamp};
use crate::ledger::{self, Account};

crate::id!(
    /// A match pool.
    pub PoolId,
    "mpo"
);
crate::id!(
    /// Money of a pledge that arrived.
    pub ArrivalId,
    "mar"
);
crate::id!(
    /// A decision about what is left of a pool.
    pub ReleaseId,
    "mre"
);

crate::words! {
    /// What a pool's money is.
    pub enum Basis {
        /// At the bank when the pool is confirmed.
        Gift = "gift",
        /// Promised in writing; it arrives later.
        Pledge = "pledge",
    }
}

crate::words! {
    /// How a pool stands.
    pub enum PoolState {
        /// Written down; nothing is reserved.
        Draft = "draft",
        /// Its money is reserved; gifts within its window are matched.
        Live = "live",
        /// What was left has been released.
        Closed = "closed",
    }
}

crate::words! {
    /// What a pool may be narrowed to.
    pub enum TargetKind {
        /// Gifts designated to a program.
        Program = "program",
        /// Gifts on a page.
        Page = "page",
    }
}

crate::words! {
    /// Where the rest of a pool goes.
    pub enum ReleaseKind {
        /// Back to the sponsor: a pledge is waived, money leaves the bank.
        Return = "return",
        /// Into the campaign's undesignated fund, as a gift of the sponsor's.
        Give = "give",
    }
}

crate::words! {
    /// How a decision stands.
    pub enum ReleaseState {
        /// Waits for a second person.
        Proposed = "proposed",
        /// Done, and in the ledger.
        Done = "done",
        /// Turned down.
        Refused = "refused",
    }
}

/// A match pool.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = match_pools)]
pub struct Pool {
    /// The id; the ledger's account is `match:<id>`.
    pub id: PoolId,
    /// Gifts to which campaign it matches.
    pub campaign_id: CampaignId,
    /// Who gives it, as it is shown to everybody.
    pub sponsor: String,
    /// Where the sponsor is written to.
    pub sponsor_email: Option<Email>,
    /// What its money is.
    pub basis: Basis,
    /// Of which currency.
    pub currency: Currency,
    /// What was reserved, minor units.
    pub amount: i64,
    /// What it adds to a gift, in ten-thousandths of it: 10,000 doubles it.
    pub ratio: i32,
    /// The most that it adds to one gift, minor units.
    pub cap: Option<i64>,
    /// From when on gifts are matched.
    pub starts_at: Timestamp,
    /// Until when; not in.
    pub ends_at: Timestamp,
    /// How it stands.
    pub state: PoolState,
    /// What staff note of it: the letter, who spoke to whom.
    pub note: String,
    /// Who wrote it down.
    pub made_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Who confirmed that the money is there, or promised.
    pub confirmed_by: Option<UserId>,
    /// When.
    pub confirmed_at: Option<Timestamp>,
    /// When the rest was released.
    pub closed_at: Option<Timestamp>,
    /// What leads the sponsor to its page, and nobody else.
    pub token: Option<String>,
}

impl Pool {
    /// What was reserved.
    pub fn reserved(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// The most that it adds to one gift.
    pub fn cap(&self) -> Option<Money> {
        self.cap.map(|minor| Money::new(minor, self.currency))
    }

    /// What it adds to one whole unit of the currency.
    pub fn per_unit(&self) -> Money {
        let minor = self.currency.scale().saturating_mul(self.ratio.into()) / 10_000;
        Money::new(minor, self.currency)
    }

    /// Whether gifts made `now` fall into its window.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == PoolState::Live && self.starts_at <= now && now < self.ends_at
    }

    /// What the pool holds right now.
    ///
    /// # Errors
    /// The database's.
    pub fn holds(&self, conn: &mut Conn) -> AppResult<Money> {
        ledger::balance(conn, &Account::matching(self.id), self.currency)
    }

    /// What of its pledge has not arrived.
    ///
    /// # Errors
    /// The database's.
    pub fn outstanding(&self, conn: &mut Conn) -> AppResult<Money> {
        ledger::balance(conn, &Account::pledged(self.id), self.currency)
    }
}

/// What was added to a gift.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = matches)]
pub struct Match {
    /// The gift.
    pub donation_id: DonationId,
    /// By which pool.
    pub pool_id: PoolId,
    /// How much, minor units.
    pub amount: i64,
    /// What has gone back into the pool since.
    pub reversed: i64,
    /// When.
    pub matched_at: Timestamp,
}

impl Match {
    /// What is still added.
    pub fn remaining(&self) -> i64 {
        self.amount - self.reversed
    }
}

/// Money of a pledge that arrived.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = match_arrivals)]
pub struct Arrival {
    /// The id.
    pub id: ArrivalId,
    /// How much, minor units.
    pub amount: i64,
    /// On which day, by the bank's statement.
    pub arrived_on: Day,
    /// The statement's words.
    pub reference: String,
}

/// A decision about the rest of a pool.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = match_releases)]
pub struct Release {
    /// The id.
    pub id: ReleaseId,
    /// Of which pool.
    pub pool_id: PoolId,
    /// Where it goes.
    pub kind: ReleaseKind,
    /// How the decision stands.
    pub state: ReleaseState,
    /// Why.
    pub reason: String,
    /// What was released, minor units, once done.
    pub amount: Option<i64>,
    /// The sponsor's gift that it became.
    pub donation_id: Option<DonationId>,
    /// Who proposed it.
    pub proposed_by: UserId,
    /// When.
    pub proposed_at: Timestamp,
    /// Who decided it: another person.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// A pool by its sponsor's private token.
///
/// # Errors
/// [`AppError::NotFound`], also for one that is still a draft: nothing is reserved yet.
pub fn by_token(conn: &mut Conn, token: &str) -> AppResult<Pool> {
    let query = match_pools::table
        .filter(match_pools::token.eq(token))
        .filter(match_pools::state.ne(PoolState::Draft));
    each!(conn, c => query.select(Pool::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("This match"))
}

/// A pool by its id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: PoolId) -> AppResult<Pool> {
    let query = match_pools::table.find(id);
    each!(conn, c => query.select(Pool::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this match pool"))
}

/// The pools of a campaign, newest first. There are few.
///
/// # Errors
/// The database's.
pub fn of_campaign(conn: &mut Conn, campaign: CampaignId) -> AppResult<Vec<Pool>> {
    let query = match_pools::table
        .filter(match_pools::campaign_id.eq(campaign))
        .order((match_pools::created_at.desc(), match_pools::id.desc()))
        .limit(200);
    Ok(each!(conn, c => query.select(Pool::as_select()).load(c))?)
}

/// What a pool is narrowed to: kinds and ids; nothing: every gift to its campaign.
///
/// # Errors
/// The database's.
pub fn targets_of(
    conn: &mut Conn,
    pools: &[PoolId],
) -> AppResult<Vec<(PoolId, TargetKind, String)>> {
    let query = match_targets::table
        .filter(match_targets::pool_id.eq_any(pools))
        .order((match_targets::kind, match_targets::target_id))
        .select((
            match_targets::pool_id,
            match_targets::kind,
            match_targets::target_id,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

/// What was added to a gift, and who gave it.
///
/// # Errors
/// The database's.
pub fn match_of(conn: &mut Conn, gift: DonationId) -> AppResult<Option<(Match, String)>> {
    let query = matches::table
        .inner_join(match_pools::table.on(match_pools::id.eq(matches::pool_id)))
        .filter(matches::donation_id.eq(gift));
    Ok(each!(conn, c => query
        .select((Match::as_select(), match_pools::sponsor))
        .first(c)
        .optional())?)
}

/// The gifts that a pool matched, newest first, going on after one.
///
/// # Errors
/// The database's.
pub fn matched_by(
    conn: &mut Conn,
    pool: PoolId,
    after: Option<DonationId>,
    limit: Limit,
) -> AppResult<Listed<Match>> {
    let rows: Vec<Match> = each!(conn, c: Db => {
        let mut query = matches::table
            .filter(matches::pool_id.eq(pool))
            .order(matches::donation_id.desc())
            .limit(limit.and_one())
            .select(Match::as_select())
            .into_boxed::<Db>();
        if let Some(id) = after {
            query = query.filter(matches::donation_id.lt(id));
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |one| one.donation_id))
}

/// How many gifts a pool matched, and what is still added to them.
///
/// # Errors
/// The database's.
pub fn matched_sum(conn: &mut Conn, pool: PoolId) -> AppResult<(i64, i64)> {
    use diesel::sql_types::BigInt;
    let sum = "CAST(COALESCE(SUM(amount - reversed), 0) AS BIGINT)";
    let query = matches::table.filter(matches::pool_id.eq(pool)).select((
        diesel::dsl::sql::<BigInt>("COUNT(*)"),
        diesel::dsl::sql::<BigInt>(sum),
    ));
    Ok(each!(conn, c => query.first(c))?)
}

/// What arrived of a pool's pledge, oldest first.
///
/// # Errors
/// The database's.
pub fn arrivals_of(conn: &mut Conn, pool: PoolId) -> AppResult<Vec<Arrival>> {
    let query = match_arrivals::table
        .filter(match_arrivals::pool_id.eq(pool))
        .order(match_arrivals::id);
    Ok(each!(conn, c => query.select(Arrival::as_select()).load(c))?)
}

/// The decisions about a pool, newest first.
///
/// # Errors
/// The database's.
pub fn releases_of(conn: &mut Conn, pool: PoolId) -> AppResult<Vec<Release>> {
    let query = match_releases::table
        .filter(match_releases::pool_id.eq(pool))
        .order(match_releases::id.desc());
    Ok(each!(conn, c => query.select(Release::as_select()).load(c))?)
}

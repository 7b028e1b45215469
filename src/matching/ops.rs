//! The verbs: writing a pool down, reserving its money, what arrives of a pledge, and what becomes of the rest.

use diesel::prelude::*;

use super::model::{
    ArrivalId, Basis, Match, Pool, PoolId, PoolState, Release, ReleaseId, ReleaseKind,
    ReleaseState, TargetKind, by_id,
};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{match_arrivals, match_pools, match_releases, match_targets, matches};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, DonationId};
use crate::kernel::{Day, Email, Line, Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};

/// A pool to be written down.
#[derive(Debug, Clone)]
pub struct NewPool {
    /// The id, made by the caller.
    pub id: PoolId,
    /// Its campaign; the amount is in its currency.
    pub campaign: CampaignId,
    /// Who gives it, as it is shown to everybody.
    pub sponsor: Line,
    /// Where the sponsor is written to.
    pub sponsor_email: Option<Email>,
    /// What its money is.
    pub basis: Basis,
    /// What is to be reserved.
    pub amount: Money,
    /// Ten-thousandths of a gift; 10,000 doubles it.
    pub ratio: i32,
    /// The most for one gift.
    pub cap: Option<Money>,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// What it is narrowed to; nothing: every gift to the campaign.
    pub targets: Vec<(TargetKind, String)>,
    /// For staff.
    pub note: String,
    /// What will lead its sponsor to its page.
    pub token: String,
    /// Who writes it down.
    pub by: UserId,
}

fn conflict(code: &'static str, detail: &str) -> AppError {
    AppError::Conflict {
        code,
        detail: detail.to_owned(),
    }
}

/// Writes a pool down; nothing is reserved yet. The same id twice is one pool.
///
/// # Errors
/// [`AppError::Invalid`] for amounts, ratios or windows that make no sense.
pub fn draft(conn: &mut Conn, new: &NewPool, now: Timestamp) -> AppResult<()> {
    if new.amount.minor() <= 0 {
        return Err(AppError::field("amount", "write how much the pool holds"));
    }
    if !(1..=100_000).contains(&new.ratio) {
        return Err(AppError::field(
            "ratio",
            "a pool adds a hundredth of a percent to ten times the gift",
        ));
    }
    if new.cap.is_some_and(|cap| cap.minor() <= 0) {
        return Err(AppError::field("cap", "leave it empty for no cap"));
    }
    if new.ends_at <= new.starts_at {
        return Err(AppError::field("ends_at", "it ends after it starts"));
    }
    let row = (
        match_pools::id.eq(new.id),
        match_pools::campaign_id.eq(new.campaign),
        match_pools::sponsor.eq(new.sponsor.as_str()),
        match_pools::sponsor_email.eq(new.sponsor_email.as_ref()),
        match_pools::basis.eq(new.basis),
        match_pools::currency.eq(new.amount.currency()),
        match_pools::amount.eq(new.amount.minor()),
        match_pools::ratio.eq(new.ratio),
        match_pools::cap.eq(new.cap.map(Money::minor)),
        match_pools::starts_at.eq(new.starts_at),
        match_pools::ends_at.eq(new.ends_at),
        match_pools::state.eq(PoolState::Draft),
        match_pools::note.eq(&new.note),
        match_pools::token.eq(&new.token),
        match_pools::made_by.eq(new.by),
        match_pools::created_at.eq(now),
    );
    let made = each!(conn, c => diesel::insert_into(match_pools::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if made == 0 {
        return Ok(());
    }
    for (kind, id) in &new.targets {
        let row = (
            match_targets::pool_id.eq(new.id),
            match_targets::kind.eq(kind),
            match_targets::target_id.eq(id),
        );
        each!(conn, c => diesel::insert_into(match_targets::table).values(row).execute(c))?;
    }
    let deed = Deed::new(
        new.by,
        "match_pool.draft",
        ("match_pool", new.id.to_string()),
    )
    .of(new.campaign)
    .saying(new.amount.to_string());
    audit::record(conn, &deed, now)
}

/// One transfer of a pool's own money.
pub(crate) fn transfer(
    (debit, credit): (Account, Account),
    amount: Money,
    code: &str,
    (kind, id): (&'static str, String),
) -> NewTransfer {
    NewTransfer {
        debit,
        credit,
        amount,
        code: Code::new(code),
        source: Source { kind, id },
        donation: None,
        reverses: None,
    }
}

/// Reserves a drafted pool's money: staff say that it is at the bank, or that they hold the pledge. From then on gifts are
/// matched.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is no draft.
pub fn confirm(conn: &mut Conn, id: PoolId, by: UserId, now: Timestamp) -> AppResult<Pool> {
    let pool = by_id(conn, id)?;
    let own = match_pools::table
        .find(id)
        .filter(match_pools::state.eq(PoolState::Draft));
    let change = diesel::update(own).set((
        match_pools::state.eq(PoolState::Live),
        match_pools::confirmed_by.eq(by),
        match_pools::confirmed_at.eq(now),
    ));
    if each!(conn, c => change.execute(c))? == 0 {
        return Err(conflict("no_such_move", "this pool was confirmed before"));
    }
    let from = match pool.basis {
        Basis::Gift => Account::bank(),
        Basis::Pledge => Account::pledged(id),
    };
    let reserve = transfer(
        (from, Account::matching(id)),
        pool.reserved(),
        "reserve",
        ("match_pool", id.to_string()),
    );
    ledger::post(conn, &[reserve], now)?;
    let deed = Deed::new(by, "match_pool.confirm", ("match_pool", id.to_string()))
        .of(pool.campaign_id)
        .saying(pool.reserved().to_string());
    audit::record(conn, &deed, now)?;
    by_id(conn, id)
}

/// Ends a live pool's window now: no gift made later is matched.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is not open.
pub fn end_now(conn: &mut Conn, id: PoolId, by: UserId, now: Timestamp) -> AppResult<Pool> {
    let pool = by_id(conn, id)?;
    let own = match_pools::table
        .find(id)
        .filter(match_pools::state.eq(PoolState::Live))
        .filter(match_pools::ends_at.gt(now));
    // A window that never opened ends where it would have begun.
    let end = now.max(pool.starts_at);
    let change = diesel::update(own).set(match_pools::ends_at.eq(end));
    if each!(conn, c => change.execute(c))? == 0 {
        return Err(conflict(
            "no_such_move",
            "this pool matches nothing any more",
        ));
    }
    let deed = Deed::new(by, "match_pool.end", ("match_pool", id.to_string())).of(pool.campaign_id);
    audit::record(conn, &deed, now)?;
    by_id(conn, id)
}

/// Money of a pledge that is on the bank's statement.
#[derive(Debug, Clone)]
pub struct NewArrival {
    /// The id, made by the caller.
    pub id: ArrivalId,
    /// Of which pool.
    pub pool: PoolId,
    /// How much.
    pub amount: Money,
    /// On which day.
    pub on: Day,
    /// The statement's words.
    pub reference: Line,
    /// Who says so.
    pub by: UserId,
}

/// Books what arrived of a pledge; the same form twice is one arrival.
///
/// # Errors
/// [`AppError::Invalid`] for an amount that is none or more than is outstanding; [`AppError::Conflict`] `no_pledge`, and
/// `sent_before` when the id is another arrival's.
pub fn arrive(conn: &mut Conn, new: &NewArrival, now: Timestamp) -> AppResult<Pool> {
    let pool = by_id(conn, new.pool)?;
    if pool.basis != Basis::Pledge || pool.state == PoolState::Draft {
        return Err(conflict("no_pledge", "this pool has no pledge to be paid"));
    }
    let row = (
        match_arrivals::id.eq(new.id),
        match_arrivals::pool_id.eq(new.pool),
        match_arrivals::amount.eq(new.amount.minor()),
        match_arrivals::arrived_on.eq(new.on),
        match_arrivals::reference.eq(new.reference.as_str()),
        match_arrivals::recorded_by.eq(new.by),
        match_arrivals::created_at.eq(now),
    );
    let outstanding = pool.outstanding(conn)?;
    let known = match_arrivals::table.find(new.id).select((
        match_arrivals::pool_id,
        match_arrivals::amount,
        match_arrivals::arrived_on,
        match_arrivals::reference,
        match_arrivals::recorded_by,
    ));
    let known: Option<(PoolId, i64, Day, String, UserId)> =
        each!(conn, c => known.first(c).optional())?;
    if let Some(known) = known {
        let reference = new.reference.as_str().to_owned();
        let same = (new.pool, new.amount.minor(), new.on, reference, new.by);
        return if known == same {
            Ok(pool)
        } else {
            Err(AppError::sent_before())
        };
    }
    if new.amount.minor() <= 0 || new.amount.minor() > outstanding.minor() {
        return Err(AppError::field(
            "amount",
            format!("{outstanding} of this pledge is outstanding"),
        ));
    }
    each!(conn, c => diesel::insert_into(match_arrivals::table).values(row).execute(c))?;
    let arrived = transfer(
        (Account::bank(), Account::pledged(new.pool)),
        new.amount,
        "arrival",
        ("match_arrival", new.id.to_string()),
    );
    ledger::post(conn, &[arrived], now)?;
    let deed = Deed::new(
        new.by,
        "match_pool.arrival",
        ("match_pool", new.pool.to_string()),
    )
    .of(pool.campaign_id)
    .saying(new.amount.to_string());
    audit::record(conn, &deed, now)?;
    Ok(pool)
}

/// Writes down what was added to gifts, in the transaction that settles them.
///
/// # Errors
/// The database's.
pub fn record(conn: &mut Conn, rows: &[Match]) -> AppResult<()> {
    for chunk in rows.chunks(1000) {
        each!(conn, c => diesel::insert_into(matches::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Raises (or, negative, lowers) what has gone back into the pool of what was added to a gift.
///
/// # Errors
/// The database's.
pub fn reverse(conn: &mut Conn, gift: DonationId, minor: i64) -> AppResult<()> {
    let change = diesel::update(matches::table.find(gift))
        .set(matches::reversed.eq(matches::reversed + minor));
    each!(conn, c => change.execute(c))?;
    Ok(())
}

/// A decision about the rest of a pool, proposed by one person.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The id, made by the caller.
    pub id: ReleaseId,
    /// Of which pool.
    pub pool: PoolId,
    /// Where it shall go.
    pub kind: ReleaseKind,
    /// Why.
    pub reason: Line,
    /// Who proposes it.
    pub by: UserId,
}

/// Proposes what becomes of the rest, once the window has ended; another person decides.
///
/// # Errors
/// [`AppError::Conflict`] `pool_open` while gifts are matched, `nothing_left`, `already_proposed`.
pub fn propose(conn: &mut Conn, new: &Proposal, now: Timestamp) -> AppResult<Pool> {
    let pool = by_id(conn, new.pool)?;
    if pool.state == PoolState::Draft || now < pool.ends_at {
        return Err(conflict(
            "pool_open",
            "the rest is released after the window has ended",
        ));
    }
    if pool.holds(conn)?.minor() == 0 {
        return Err(conflict("nothing_left", "nothing is left in this pool"));
    }
    let open = match_releases::table
        .filter(match_releases::pool_id.eq(new.pool))
        .filter(match_releases::state.eq(ReleaseState::Proposed))
        .count();
    if each!(conn, c => open.get_result::<i64>(c))? > 0 {
        return Err(conflict(
            "already_proposed",
            "a proposal waits for a second person already",
        ));
    }
    let row = (
        match_releases::id.eq(new.id),
        match_releases::pool_id.eq(new.pool),
        match_releases::kind.eq(new.kind),
        match_releases::state.eq(ReleaseState::Proposed),
        match_releases::reason.eq(new.reason.as_str()),
        match_releases::proposed_by.eq(new.by),
        match_releases::proposed_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(match_releases::table).values(row).execute(c))?;
    let deed = Deed::new(
        new.by,
        "match_pool.propose",
        ("match_pool", new.pool.to_string()),
    )
    .of(pool.campaign_id)
    .saying(new.kind.to_string());
    audit::record(conn, &deed, now)?;
    Ok(pool)
}

/// The proposal about a pool that waits, for somebody who did not make it.
///
/// # Errors
/// [`AppError::NotFound`], also for another pool's: whoever runs one season decides nothing of another (S9);
/// [`AppError::Conflict`] `no_such_move` when it is decided, `second_person` for its own maker.
pub fn proposal_for(
    conn: &mut Conn,
    (id, pool): (ReleaseId, PoolId),
    by: UserId,
) -> AppResult<(Release, Pool)> {
    let query = match_releases::table
        .find(id)
        .filter(match_releases::pool_id.eq(pool));
    let found: Option<Release> =
        each!(conn, c => query.select(Release::as_select()).first(c).optional())?;
    let found = found.ok_or(AppError::NotFound("this proposal"))?;
    if found.state != ReleaseState::Proposed {
        return Err(conflict("no_such_move", "this proposal was decided before"));
    }
    if found.proposed_by == by {
        return Err(conflict(
            "second_person",
            "a second person decides this, not whoever proposed it",
        ));
    }
    let pool = by_id(conn, found.pool_id)?;
    Ok((found, pool))
}

/// Turns a proposal down.
///
/// # Errors
/// As [`proposal_for`].
pub fn refuse(
    conn: &mut Conn,
    of: (ReleaseId, PoolId),
    by: UserId,
    now: Timestamp,
) -> AppResult<Pool> {
    let (_, pool) = proposal_for(conn, of, by)?;
    decided(
        conn,
        of.0,
        &pool,
        ReleaseState::Refused,
        None,
        None,
        by,
        now,
    )?;
    Ok(pool)
}

/// Gives the rest back to the sponsor: a pledge is waived as far as it has not arrived, the rest leaves the bank.
///
/// # Errors
/// As [`proposal_for`]; [`AppError::Conflict`] `account_overdrawn` when the bank does not hold it.
pub fn give_back(
    conn: &mut Conn,
    release: &Release,
    pool: &Pool,
    by: UserId,
    now: Timestamp,
) -> AppResult<Money> {
    let left = pool.holds(conn)?;
    let waived = left.minor().min(pool.outstanding(conn)?.minor());
    let source = || ("match_release", release.id.to_string());
    let all = [
        transfer(
            (Account::matching(pool.id), Account::pledged(pool.id)),
            Money::new(waived, pool.currency),
            "waive",
            source(),
        ),
        transfer(
            (Account::matching(pool.id), Account::bank()),
            Money::new(left.minor() - waived, pool.currency),
            "return",
            source(),
        ),
    ];
    ledger::post(conn, &all, now)?;
    decided(
        conn,
        release.id,
        pool,
        ReleaseState::Done,
        Some(left),
        None,
        by,
        now,
    )?;
    Ok(left)
}

/// Writes a decision down, and closes the pool when it was done.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is decided.
#[allow(clippy::too_many_arguments)] // A row's columns.
pub fn decided(
    conn: &mut Conn,
    id: ReleaseId,
    pool: &Pool,
    state: ReleaseState,
    amount: Option<Money>,
    donation: Option<DonationId>,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let own = match_releases::table
        .find(id)
        .filter(match_releases::state.eq(ReleaseState::Proposed));
    let change = diesel::update(own).set((
        match_releases::state.eq(state),
        match_releases::amount.eq(amount.map(Money::minor)),
        match_releases::donation_id.eq(donation),
        match_releases::decided_by.eq(by),
        match_releases::decided_at.eq(now),
    ));
    if each!(conn, c => change.execute(c))? == 0 {
        return Err(conflict("no_such_move", "this proposal was decided before"));
    }
    if state == ReleaseState::Done {
        let change = diesel::update(match_pools::table.find(pool.id)).set((
            match_pools::state.eq(PoolState::Closed),
            match_pools::closed_at.eq(now),
        ));
        each!(conn, c => change.execute(c))?;
    }
    let deed = Deed::new(by, "match_pool.decide", ("match_pool", pool.id.to_string()))
        .of(pool.campaign_id)
        .saying(state.to_string());
    audit::record(conn, &deed, now)
}

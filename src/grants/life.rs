//! Approving, cancelling, closing; reports that were accepted; payments that came back.

use diesel::prelude::*;

use super::model::{
    Grant, GrantState, Tranche, TrancheState, approvals_of, by_id, tranche, tranches_of,
};
use super::plan::{PlanTranche, planned};
use super::room;
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{grant_approvals, grant_tranches, grants, transfers};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::funds::layers;
use crate::ids::{GrantId, TrancheId};
use crate::kernel::{Line, Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};

/// Approves a grant as `by`, one of finance or an owner. Above `two_above` (in the grant's currency) two people must, and
/// whoever planned it may be the first of them, not the second. Answers how many approvals are still missing.
///
/// # Errors
/// [`AppError::Conflict`] `already_approved` by the same person, `planner_is_not_second`, `fund_short`, `no_such_move`;
/// [`AppError::NotFound`].
pub fn approve(
    conn: &mut Conn,
    id: GrantId,
    by: UserId,
    two_above: Money,
    now: Timestamp,
) -> AppResult<usize> {
    let grant = by_id(conn, id)?;
    if grant.state != GrantState::Planned {
        return Err(no_move(&grant, GrantState::Approved));
    }
    let so_far = approvals_of(conn, id)?;
    let needed = if grant.amount > two_above.minor() {
        2
    } else {
        1
    };
    if so_far.iter().any(|(who, _)| *who == by) {
        return conflict("already_approved", "you approved this grant already");
    }
    if needed > 1 && !so_far.is_empty() && grant.planned_by == by {
        return conflict(
            "planner_is_not_second",
            "you planned this grant: above the limit somebody else must be the second to approve it",
        );
    }
    let row = (
        grant_approvals::grant_id.eq(id),
        grant_approvals::user_id.eq(by),
        grant_approvals::approved_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(grant_approvals::table).values(row).execute(c))?;
    let said = so_far.len() + 1;
    if said >= needed {
        room::check(conn, grant.fund_id, grant.money(), id)?;
        let own = grants::table
            .find(id)
            .filter(grants::state.eq_any(GrantState::Approved.comes_from()));
        let change = (
            grants::state.eq(GrantState::Approved),
            grants::approved_at.eq(now),
        );
        one(each!(conn, c => diesel::update(own).set(change).execute(c))?)?;
    }
    let deed = of(&grant, by, "grant.approve")
        .saying(format!("{}: {said} of {needed} approvals", grant.number));
    audit::record(conn, &deed, now)?;
    Ok(needed.saturating_sub(said))
}

/// What shall not be paid any more.
#[derive(Debug, Clone)]
pub struct Cancel {
    /// Of which grant.
    pub grant: GrantId,
    /// Who says so.
    pub by: UserId,
    /// Why, for whoever reads the books.
    pub reason: Line,
}

/// Cancels what is unpaid of a grant: all of it, or the rest. What it was promised is free again.
///
/// # Errors
/// [`AppError::Conflict`] `nothing_to_cancel` when all of it is paid or decided; [`AppError::NotFound`].
pub fn cancel(conn: &mut Conn, new: &Cancel, now: Timestamp) -> AppResult<()> {
    let grant = by_id(conn, new.grant)?;
    let open = grant_tranches::table
        .filter(grant_tranches::grant_id.eq(new.grant))
        .filter(grant_tranches::state.eq_any(TrancheState::Cancelled.comes_from()));
    let change = grant_tranches::state.eq(TrancheState::Cancelled);
    let count = each!(conn, c => diesel::update(open).set(change).execute(c))?;
    if count == 0 {
        return conflict(
            "nothing_to_cancel",
            "nothing of this grant waits to be paid",
        );
    }
    let own = grants::table.find(new.grant);
    let why = grants::reason.eq(new.reason.as_str());
    each!(conn, c => diesel::update(own).set(why).execute(c))?;
    follow(conn, &grant, now)?;
    let deed = of(&grant, new.by, "grant.cancel")
        .saying(format!("{}: {count} unpaid tranches", grant.number));
    audit::record(conn, &deed, now)
}

/// Closes a grant of which everything paid is reported.
///
/// # Errors
/// [`AppError::Conflict`] `not_finished` while a tranche waits, `no_such_move` otherwise; [`AppError::NotFound`].
pub fn close(conn: &mut Conn, id: GrantId, by: UserId, now: Timestamp) -> AppResult<()> {
    let grant = by_id(conn, id)?;
    let open = tranches_of(conn, id)?;
    if open.iter().any(|one| one.state == TrancheState::Planned) {
        return conflict(
            "not_finished",
            "a tranche of it waits to be paid: pay it, or cancel what is left",
        );
    }
    let own = grants::table
        .find(id)
        .filter(grants::state.eq_any(GrantState::Closed.comes_from()));
    let change = (
        grants::state.eq(GrantState::Closed),
        grants::closed_at.eq(now),
    );
    if each!(conn, c => diesel::update(own).set(change).execute(c))? == 0 {
        return Err(no_move(&grant, GrantState::Closed));
    }
    let deed = of(&grant, by, "grant.close").saying(grant.number.clone());
    audit::record(conn, &deed, now)
}

/// A tranche's report was accepted. Whoever accepts reports calls it in the same transaction.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it owes none; [`AppError::NotFound`].
pub fn mark_reported(conn: &mut Conn, id: TrancheId, by: UserId, now: Timestamp) -> AppResult<()> {
    let found = tranche(conn, id)?;
    let grant = by_id(conn, found.grant_id)?;
    let change = (
        grant_tranches::state.eq(TrancheState::Reported),
        grant_tranches::reported_at.eq(now),
    );
    let own = grant_tranches::table
        .find(id)
        .filter(grant_tranches::state.eq_any(TrancheState::Reported.comes_from()));
    one(each!(conn, c => diesel::update(own).set(change).execute(c))?)?;
    follow(conn, &grant, now)?;
    let deed = of(&grant, by, "grant.reported").saying(said(&grant, &found));
    audit::record(conn, &deed, now)
}

/// The partner's bank sent a tranche back: its two transfers are reversed, its layers lie in the fund again as the oldest,
/// and a tranche like it, of the id `again`, waits to be paid. What had been refunded meanwhile stays with the reserve.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is not with the partner or is reported; [`AppError::NotFound`].
pub fn come_back(
    conn: &mut Conn,
    id: TrancheId,
    again: TrancheId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let found = tranche(conn, id)?;
    let grant = by_id(conn, found.grant_id)?;
    let own = grant_tranches::table
        .find(id)
        .filter(grant_tranches::state.eq_any(TrancheState::Returned.comes_from()));
    let change = grant_tranches::state.eq(TrancheState::Returned);
    one(each!(conn, c => diesel::update(own).set(change).execute(c))?)?;
    reverse(conn, &grant, &found, now)?;
    layers::put_back(conn, id)?;
    let last = tranches_of(conn, grant.id)?
        .last()
        .map_or(0, |tranche| tranche.position);
    let new = PlanTranche {
        id: again,
        amount: Money::new(found.amount, grant.currency),
        planned_on: found.planned_on,
        report_due_on: found.report_due_on,
    };
    let row = planned(grant.id, last + 1, &new);
    each!(conn, c => diesel::insert_into(grant_tranches::table).values(row).execute(c))?;
    follow(conn, &grant, now)?;
    let deed = of(&grant, by, "grant.returned").saying(said(&grant, &found));
    audit::record(conn, &deed, now)
}

fn reverse(conn: &mut Conn, grant: &Grant, tranche: &Tranche, now: Timestamp) -> AppResult<()> {
    let booked = transfers::table
        .filter(transfers::source_kind.eq(super::pay::SOURCE))
        .filter(transfers::source_id.eq(tranche.id.to_string()))
        .select((transfers::code, transfers::id));
    let booked: Vec<(String, i64)> = each!(conn, c => booked.load(c))?;
    let back = |debit, credit, word: &str| NewTransfer {
        debit,
        credit,
        amount: Money::new(tranche.amount, grant.currency),
        code: Code::new(&format!("return_{word}")),
        source: Source {
            kind: "grant_returned",
            id: tranche.id.to_string(),
        },
        donation: None,
        reverses: booked
            .iter()
            .find(|(code, _)| code == word)
            .map(|(_, id)| *id),
    };
    let all = [
        back(
            Account::granted(grant.id),
            Account::fund(grant.fund_id),
            super::pay::GRANT,
        ),
        back(
            Account::bank(),
            Account::partner(grant.partner_id),
            super::pay::PAY,
        ),
    ];
    ledger::post(conn, &all, now)
}

/// Lets a grant follow its tranches.
pub(super) fn follow(conn: &mut Conn, grant: &Grant, now: Timestamp) -> AppResult<()> {
    let states: Vec<TrancheState> = tranches_of(conn, grant.id)?
        .into_iter()
        .map(|tranche| tranche.state)
        .collect();
    let to = GrantState::of(&states);
    if to == grant.state {
        return Ok(());
    }
    let own = grants::table
        .find(grant.id)
        .filter(grants::state.eq_any(to.comes_from()));
    let ended = (to == GrantState::Cancelled).then_some(now);
    let change = (grants::state.eq(to), grants::closed_at.eq(ended));
    if each!(conn, c => diesel::update(own).set(change).execute(c))? == 0 {
        return Err(no_move(grant, to));
    }
    Ok(())
}

pub(super) fn of(grant: &Grant, by: UserId, action: &'static str) -> Deed {
    Deed::new(by, action, ("grant", grant.id.to_string())).of(grant.campaign_id)
}

pub(super) fn said(grant: &Grant, tranche: &Tranche) -> String {
    let money = Money::new(tranche.amount, grant.currency);
    format!("{}, tranche {}: {money}", grant.number, tranche.position)
}

/// That a guarded update of a tranche found it.
pub(super) fn one(rows: usize) -> AppResult<()> {
    if rows == 1 {
        return Ok(());
    }
    conflict(
        "no_such_move",
        "somebody decided this meanwhile: look again how it stands",
    )
}

fn conflict<T>(code: &'static str, detail: &str) -> AppResult<T> {
    Err(AppError::Conflict {
        code,
        detail: detail.into(),
    })
}

fn no_move(grant: &Grant, to: GrantState) -> AppError {
    let (is, to) = (grant.state.as_str(), to.as_str());
    AppError::Conflict {
        code: "no_such_move",
        detail: format!("a grant that is {is} cannot become {to}").replace('_', " "),
    }
}

//! How much a fund has left to promise and to pay.

use diesel::prelude::*;

use super::model::TrancheState;
use crate::db::Conn;
use crate::db::schema::{grant_tranches, grants};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{FundId, GrantId};
use crate::kernel::{Currency, Money};
use crate::ledger::{self, Account};

/// How a fund stands towards grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What lies in it.
    pub held: Money,
    /// What was approved and is not paid.
    pub promised: Money,
}

impl Room {
    /// What is promised to nobody; below zero when refunds took what had been promised.
    pub fn free(self) -> i64 {
        self.held.minor() - self.promised.minor()
    }
}

/// How a fund stands, leaving out what `except` was promised.
///
/// # Errors
/// The database's.
pub fn room(
    conn: &mut Conn,
    fund: FundId,
    currency: Currency,
    except: Option<GrantId>,
) -> AppResult<Room> {
    let open = grant_tranches::table
        .inner_join(grants::table.on(grants::id.eq(grant_tranches::grant_id)))
        .filter(grants::fund_id.eq(fund))
        .filter(grants::approved_at.is_not_null())
        .filter(grant_tranches::state.eq(TrancheState::Planned))
        .select((grants::id, grant_tranches::amount));
    let open: Vec<(GrantId, i64)> = each!(conn, c => open.load(c))?;
    let promised = open
        .into_iter()
        .filter(|(grant, _)| Some(*grant) != except)
        .map(|(_, minor)| minor)
        .sum();
    Ok(Room {
        held: ledger::balance(conn, &Account::fund(fund), currency)?,
        promised: Money::new(promised, currency),
    })
}

/// That the fund has `wanted` beside what others were promised.
///
/// # Errors
/// [`AppError::Conflict`] `fund_short`, in words that say what it holds.
pub(super) fn check(
    conn: &mut Conn,
    fund: FundId,
    wanted: Money,
    except: GrantId,
) -> AppResult<()> {
    let room = room(conn, fund, wanted.currency(), Some(except))?;
    if wanted.minor() <= room.free() {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "fund_short",
        detail: format!(
            "the fund holds {}, and {} of it is promised to other grants: that is not enough for {wanted}",
            room.held, room.promised
        ),
    })
}

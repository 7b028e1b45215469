//! Where a gift went: the grants that took of it, to the cent.

use diesel::prelude::*;

use super::model::TrancheState;
use crate::db::Conn;
use crate::db::schema::{grant_layers, grant_tranches, grants};
use crate::each;
use crate::error::AppResult;
use crate::funds::Origin;
use crate::ids::{DonationId, FundId, GrantId, TrancheId};
use crate::kernel::{Currency, Day, Money};

/// What one tranche took of one part of a gift.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct GiftGrant {
    /// Out of which fund.
    pub fund_id: FundId,
    /// Whose money: the giver's own, or a sponsor's that it brought along.
    pub origin: Origin,
    /// How much, minor units.
    pub amount: i64,
    /// The grant.
    pub grant_id: GrantId,
    /// Its number.
    pub number: String,
    /// What it is for.
    pub purpose: String,
    /// Of which currency.
    pub currency: Currency,
    /// The tranche.
    pub tranche_id: TrancheId,
    /// Its place in the grant.
    pub position: i32,
    /// How it stands.
    pub state: TrancheState,
    /// When it was paid.
    pub paid_on: Option<Day>,
    /// When its report is due.
    pub report_due_on: Day,
}

impl GiftGrant {
    /// How much.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// The grants that took of a gift, oldest first.
///
/// # Errors
/// The database's.
pub fn of_gift(conn: &mut Conn, gift: DonationId) -> AppResult<Vec<GiftGrant>> {
    let query = grant_layers::table
        .inner_join(grant_tranches::table.on(grant_tranches::id.eq(grant_layers::tranche_id)))
        .inner_join(grants::table.on(grants::id.eq(grant_tranches::grant_id)))
        .filter(grant_layers::donation_id.eq(gift))
        .filter(grant_tranches::state.ne(TrancheState::Returned))
        .order((
            grant_tranches::paid_at,
            grant_tranches::id,
            grant_layers::origin,
        ))
        .select((
            grant_layers::fund_id,
            grant_layers::origin,
            grant_layers::amount,
            grants::id,
            grants::number,
            grants::purpose,
            grants::currency,
            grant_tranches::id,
            grant_tranches::position,
            grant_tranches::state,
            grant_tranches::paid_on,
            grant_tranches::report_due_on,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

/// The tranches that took of several gifts, each with how much it took of them together; oldest first, without those whose
/// money came back.
///
/// # Errors
/// The database's.
pub fn of_tranches(
    conn: &mut Conn,
    took: &[(TrancheId, i64)],
    origin: Origin,
) -> AppResult<Vec<GiftGrant>> {
    type Row = (
        FundId,
        GrantId,
        String,
        String,
        Currency,
        TrancheId,
        i32,
        TrancheState,
        Option<Day>,
        Day,
    );
    let ids: Vec<TrancheId> = took.iter().map(|(id, _)| *id).collect();
    let query = grant_tranches::table
        .inner_join(grants::table.on(grants::id.eq(grant_tranches::grant_id)))
        .filter(grant_tranches::id.eq_any(ids))
        .filter(grant_tranches::state.ne(TrancheState::Returned))
        .order((grant_tranches::paid_at, grant_tranches::id))
        .select((
            grants::fund_id,
            grants::id,
            grants::number,
            grants::purpose,
            grants::currency,
            grant_tranches::id,
            grant_tranches::position,
            grant_tranches::state,
            grant_tranches::paid_on,
            grant_tranches::report_due_on,
        ));
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    let all = rows.into_iter().filter_map(|row| {
        let (_, amount) = took.iter().find(|(id, _)| *id == row.5)?;
        Some(GiftGrant {
            fund_id: row.0,
            origin,
            amount: *amount,
            grant_id: row.1,
            number: row.2,
            purpose: row.3,
            currency: row.4,
            tranche_id: row.5,
            position: row.6,
            state: row.7,
            paid_on: row.8,
            report_due_on: row.9,
        })
    });
    Ok(all.collect())
}

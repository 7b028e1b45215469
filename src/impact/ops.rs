//! Entering figures and unit costs.

use diesel::prelude::*;

use super::{FigureId, Grade, UnitCostId};
use crate::db::Conn;
use crate::db::schema::{impact_figures, unit_costs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Line, Money, Timestamp};
use crate::partners::ProgramId;

/// A figure to be entered.
#[derive(Debug, Clone)]
pub struct AddFigure {
    /// The id, made by the caller.
    pub id: FigureId,
    /// Of which program.
    pub program: ProgramId,
    /// What is counted.
    pub label: Line,
    /// How many.
    pub value: i64,
    /// Over which time.
    pub period: Line,
    /// Who says so, and where.
    pub source: Line,
    /// How far it can be relied on.
    pub grade: Grade,
    /// Its place among the program's figures.
    pub position: i32,
}

/// Enters a figure.
///
/// # Errors
/// [`AppError::Invalid`] for a negative number.
pub fn add_figure(conn: &mut Conn, new: &AddFigure, now: Timestamp) -> AppResult<()> {
    if new.value < 0 {
        return Err(AppError::field("value", "a count is not negative"));
    }
    let row = (
        impact_figures::id.eq(new.id),
        impact_figures::program_id.eq(new.program),
        impact_figures::label.eq(new.label.as_str()),
        impact_figures::value.eq(new.value),
        impact_figures::period.eq(new.period.as_str()),
        impact_figures::source.eq(new.source.as_str()),
        impact_figures::grade.eq(new.grade),
        impact_figures::position.eq(new.position),
        impact_figures::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(impact_figures::table).values(row).execute(c))?;
    Ok(())
}

/// A unit cost to be entered.
#[derive(Debug, Clone)]
pub struct AddUnitCost {
    /// The id, made by the caller.
    pub id: UnitCostId,
    /// At which program.
    pub program: ProgramId,
    /// How much.
    pub amount: Money,
    /// What it covers.
    pub covers: Line,
    /// Who says so, and where.
    pub source: Line,
    /// The first day on which it may be shown.
    pub valid_from: Day,
    /// The last day, if there is one.
    pub valid_to: Option<Day>,
}

/// Enters a unit cost.
///
/// # Errors
/// [`AppError::Invalid`] for no amount, or an end before the beginning.
pub fn add_unit_cost(conn: &mut Conn, new: &AddUnitCost) -> AppResult<()> {
    if new.amount.minor() <= 0 {
        return Err(AppError::field("amount", "name an amount above zero"));
    }
    if new.valid_to.is_some_and(|end| end < new.valid_from) {
        return Err(AppError::field(
            "valid_to",
            "the last day comes before the first",
        ));
    }
    let row = (
        unit_costs::id.eq(new.id),
        unit_costs::program_id.eq(new.program),
        unit_costs::amount.eq(new.amount.minor()),
        unit_costs::currency.eq(new.amount.currency()),
        unit_costs::covers.eq(new.covers.as_str()),
        unit_costs::source.eq(new.source.as_str()),
        unit_costs::valid_from.eq(new.valid_from),
        unit_costs::valid_to.eq(new.valid_to),
    );
    each!(conn, c => diesel::insert_into(unit_costs::table).values(row).execute(c))?;
    Ok(())
}

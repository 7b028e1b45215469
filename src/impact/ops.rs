//! Entering figures and unit costs.

use diesel::prelude::*;

use super::{FigureId, Grade, UnitCostId, model};
use crate::audit::{self, Deed};
use crate::auth::UserId;
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

/// Enters a figure as a member of staff, with the record of it.
///
/// # Errors
/// As [`add_figure`].
pub fn enter_figure(conn: &mut Conn, new: &AddFigure, by: UserId, now: Timestamp) -> AppResult<()> {
    add_figure(conn, new, now)?;
    let own = impact_figures::table.find(new.id);
    each!(conn, c => diesel::update(own)
        .set((
            impact_figures::graded_by.eq(Some(by)),
            impact_figures::graded_at.eq(Some(now)),
        ))
        .execute(c))?;
    let deed = Deed::new(by, "figure.add", ("figure", new.id.to_string()))
        .saying(new.grade.to_string())
        .edited(
            "",
            format!(
                "{}\n{}\n{}\n{}",
                new.label, new.value, new.period, new.source
            ),
        );
    audit::record(conn, &deed, now)
}

/// Takes a figure out of what is shown, since a newer one stands in its place or it does not hold. The row stays.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when that was done already.
pub fn supersede(
    conn: &mut Conn,
    (program, figure): (ProgramId, FigureId),
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let target = impact_figures::table
        .find(figure)
        .filter(impact_figures::program_id.eq(program))
        .filter(impact_figures::superseded_at.is_null());
    let moved = each!(conn, c => diesel::update(target)
        .set((
            impact_figures::superseded_at.eq(Some(now)),
            impact_figures::superseded_by.eq(Some(by)),
        ))
        .execute(c))?;
    if moved == 0 {
        return Err(AppError::Conflict {
            code: "no_such_move",
            detail: "this figure is not shown any more".into(),
        });
    }
    let deed = Deed::new(by, "figure.supersede", ("figure", figure.to_string()));
    audit::record(conn, &deed, now)
}

/// Enters a line into the unit-cost book as a member of staff, with the record of it.
///
/// # Errors
/// As [`add_unit_cost`].
pub fn enter_unit_cost(
    conn: &mut Conn,
    new: &AddUnitCost,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    add_unit_cost(conn, new)?;
    let said = match new.valid_to {
        Some(end) => format!("{}, {} to {end}", new.amount, new.valid_from),
        None => format!("{}, from {}", new.amount, new.valid_from),
    };
    let deed = Deed::new(by, "unit_cost.add", ("unit_cost", new.id.to_string()))
        .saying(said)
        .edited("", format!("{}\n{}", new.covers, new.source));
    audit::record(conn, &deed, now)
}

/// Ends a line of the unit-cost book with `last` as its last day, which is yesterday or later: what was shown cannot be
/// undone. It stays in the book.
///
/// # Errors
/// [`AppError::Invalid`] for a day that cannot be; [`AppError::Conflict`] `no_such_move` when it ends by then already;
/// [`AppError::NotFound`].
pub fn end_unit_cost(
    conn: &mut Conn,
    (id, last): (UnitCostId, Day),
    (by, yesterday): (UserId, Day),
    now: Timestamp,
) -> AppResult<()> {
    let cost = model::unit_cost(conn, id)?;
    if last < yesterday {
        return Err(AppError::field("last", "name yesterday or a later day"));
    }
    if last < cost.valid_from {
        return Err(AppError::field("last", "that is before its first day"));
    }
    let target = unit_costs::table.find(id).filter(
        unit_costs::valid_to
            .is_null()
            .or(unit_costs::valid_to.gt(last)),
    );
    let moved = each!(conn, c => diesel::update(target)
        .set(unit_costs::valid_to.eq(Some(last)))
        .execute(c))?;
    if moved == 0 {
        return Err(AppError::Conflict {
            code: "no_such_move",
            detail: "this line ends by that day already".into(),
        });
    }
    let before = cost
        .valid_to
        .map_or("open".to_owned(), |day| day.to_string());
    let deed = Deed::new(by, "unit_cost.end", ("unit_cost", id.to_string()))
        .saying(format!("last day {last}, was {before}"));
    audit::record(conn, &deed, now)
}

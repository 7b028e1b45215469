//! Rows of figures and unit costs.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{impact_figures, unit_costs};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Currency, Day, Money, Timestamp};
use crate::partners::ProgramId;

crate::id!(
    /// An impact figure.
    pub FigureId,
    "fig"
);
crate::id!(
    /// A unit cost.
    pub UnitCostId,
    "uco"
);

crate::words! {
    /// How far a figure can be relied on, weakest first.
    pub enum Grade {
        /// Somebody says so.
        Claimed = "claimed",
        /// The partner says so, under its name.
        PartnerReported = "partner_reported",
        /// Documents were handed in.
        EvidenceAttached = "evidence_attached",
        /// Somebody independent looked.
        Verified = "verified",
    }
}

/// One number about a program's work.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = impact_figures)]
pub struct Figure {
    /// The id.
    pub id: FigureId,
    /// Of which program.
    pub program_id: ProgramId,
    /// What is counted: "survivors rescued".
    pub label: String,
    /// How many.
    pub value: i64,
    /// Over which time: "since 2006".
    pub period: String,
    /// Who says so, and where.
    pub source: String,
    /// How far it can be relied on.
    pub grade: Grade,
    /// Its place among the program's figures.
    pub position: i32,
    /// When it was entered.
    pub created_at: Timestamp,
}

/// What an amount covers at a program.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = unit_costs)]
pub struct UnitCost {
    /// The id.
    pub id: UnitCostId,
    /// At which program.
    pub program_id: ProgramId,
    amount: i64,
    currency: Currency,
    /// What it covers: "a therapy session".
    pub covers: String,
    /// Who says so, and where.
    pub source: String,
    /// The first day on which it may be shown.
    pub valid_from: Day,
    /// The last day, if there is one.
    pub valid_to: Option<Day>,
}

impl UnitCost {
    /// The amount.
    pub fn amount(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// A program's figures in their order.
///
/// # Errors
/// The database's.
pub fn figures(conn: &mut Conn, program: ProgramId) -> AppResult<Vec<Figure>> {
    figures_of(conn, &[program])
}

/// The figures of several programs, each program's in their order.
///
/// # Errors
/// The database's.
pub fn figures_of(conn: &mut Conn, programs: &[ProgramId]) -> AppResult<Vec<Figure>> {
    let query = impact_figures::table
        .filter(impact_figures::program_id.eq_any(programs))
        .order((
            impact_figures::program_id,
            impact_figures::position,
            impact_figures::id,
        ));
    Ok(each!(conn, c => query.select(Figure::as_select()).load(c))?)
}

/// What amounts cover at any of `programs` on `day`, smallest amount first.
///
/// # Errors
/// The database's.
pub fn unit_costs(conn: &mut Conn, programs: &[ProgramId], day: Day) -> AppResult<Vec<UnitCost>> {
    let query = unit_costs::table
        .filter(unit_costs::program_id.eq_any(programs))
        .filter(unit_costs::valid_from.le(day))
        .filter(
            unit_costs::valid_to
                .is_null()
                .or(unit_costs::valid_to.ge(day)),
        )
        .order((unit_costs::amount, unit_costs::id));
    Ok(each!(conn, c => query.select(UnitCost::as_select()).load(c))?)
}

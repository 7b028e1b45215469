//! Rows of figures and unit costs.

use diesel::prelude::*;

use super::count::Count;
use super::reports::ReportId;
use crate::db::Conn;
use crate::db::schema::{impact_figures, impact_reports, programs as programs_table, unit_costs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Currency, Day, Money, Slug, Timestamp};
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

/// One number about a program's work, as it is shown.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The id.
    pub id: FigureId,
    /// Of which program.
    pub program_id: ProgramId,
    /// What is counted: "survivors rescued".
    pub label: String,
    /// How many.
    pub count: Count,
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
    /// When it was graded by hand.
    pub graded_at: Option<Timestamp>,
    /// The report that it was filed in.
    pub report_id: Option<ReportId>,
    /// Where that report can be read: `/programs/{slug}/reports/{number}`.
    pub report_path: Option<String>,
    /// When a newer figure took its place.
    pub superseded_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = impact_figures)]
struct FigureRow {
    id: FigureId,
    program_id: ProgramId,
    label: String,
    value: i64,
    period: String,
    source: String,
    grade: Grade,
    position: i32,
    created_at: Timestamp,
    graded_at: Option<Timestamp>,
    report_id: Option<ReportId>,
    superseded_at: Option<Timestamp>,
}

type FoundFigure = (FigureRow, Slug, Option<i32>);

fn figure((row, slug, number): FoundFigure) -> Figure {
    Figure {
        id: row.id,
        program_id: row.program_id,
        label: row.label,
        count: Count::stored(row.value),
        period: row.period,
        source: row.source,
        grade: row.grade,
        position: row.position,
        created_at: row.created_at,
        graded_at: row.graded_at,
        report_id: row.report_id,
        report_path: number.map(|number| report_path(&slug, number)),
        superseded_at: row.superseded_at,
    }
}

/// Where a published report stands.
pub fn report_path(program: &Slug, number: i32) -> String {
    format!("/programs/{program}/reports/{number}")
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

/// Figures that fulfil a condition, each with where its report stands.
macro_rules! load {
    ($conn:expr, $condition:expr, $order:expr) => {{
        let query = impact_figures::table
            .inner_join(programs_table::table.on(programs_table::id.eq(impact_figures::program_id)))
            .left_join(
                impact_reports::table
                    .on(impact_reports::id.nullable().eq(impact_figures::report_id)),
            )
            .filter($condition)
            .order($order);
        let rows: Vec<FoundFigure> = each!($conn, c => query
            .select((
                FigureRow::as_select(),
                programs_table::slug,
                impact_reports::number.nullable(),
            ))
            .load(c))?;
        rows.into_iter().map(figure).collect::<Vec<_>>()
    }};
}

/// The figures of several programs that hold, each program's in their order; none in whose place a newer one stands.
///
/// # Errors
/// The database's.
pub fn figures_of(conn: &mut Conn, programs: &[ProgramId]) -> AppResult<Vec<Figure>> {
    Ok(load!(
        conn,
        impact_figures::program_id
            .eq_any(programs)
            .and(impact_figures::superseded_at.is_null()),
        (
            impact_figures::program_id,
            impact_figures::position,
            impact_figures::id,
        )
    ))
}

/// Every figure that a program ever had, those that hold first: for staff.
///
/// # Errors
/// The database's.
pub fn all_figures(conn: &mut Conn, program: ProgramId) -> AppResult<Vec<Figure>> {
    let mut all = figures(conn, program)?;
    all.extend(load!(
        conn,
        impact_figures::program_id
            .eq(program)
            .and(impact_figures::superseded_at.is_not_null()),
        (impact_figures::superseded_at.desc(), impact_figures::id)
    ));
    Ok(all)
}

/// The figures that were published with these reports, in the order of their filing.
pub(super) fn figures_in_reports(conn: &mut Conn, reports: &[ReportId]) -> AppResult<Vec<Figure>> {
    let reports = reports.iter().copied().map(Some);
    Ok(load!(
        conn,
        impact_figures::report_id.eq_any(reports),
        (impact_figures::position, impact_figures::id)
    ))
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

/// A line of the unit-cost book with whose it is.
#[derive(Debug, Clone)]
pub struct BookLine {
    /// The line.
    pub cost: UnitCost,
    /// The program's name.
    pub program: String,
    /// The program's place in URLs.
    pub slug: Slug,
}

/// The whole unit-cost book, lines that have ended included: by program, then the newest first.
///
/// # Errors
/// The database's.
pub fn unit_cost_book(conn: &mut Conn) -> AppResult<Vec<BookLine>> {
    let query = unit_costs::table
        .inner_join(programs_table::table.on(programs_table::id.eq(unit_costs::program_id)))
        .order((
            programs_table::name,
            programs_table::id,
            unit_costs::valid_from.desc(),
            unit_costs::amount,
            unit_costs::id,
        ));
    let rows: Vec<(UnitCost, String, Slug)> = each!(conn, c => query
        .select((UnitCost::as_select(), programs_table::name, programs_table::slug))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|(cost, program, slug)| BookLine {
            cost,
            program,
            slug,
        })
        .collect())
}

/// One line of the unit-cost book.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn unit_cost(conn: &mut Conn, id: UnitCostId) -> AppResult<UnitCost> {
    let query = unit_costs::table.find(id);
    each!(conn, c => query.select(UnitCost::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this line"))
}

//! Figures that a partner files in a report.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde_json::json;

use super::ReportId;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::report_figures;
use crate::documents::{self, DocumentId};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::impact::{Count, FigureId, Grade};
use crate::kernel::{Line, Timestamp};

/// Figures of a report at most.
pub const FIGURES: usize = 30;

/// A figure to be filed. Figures are aggregates: a label that names a person has no place here.
#[derive(Debug, Clone)]
pub struct NewFigure {
    /// The id: of the figure that is edited, or a new one made by the caller.
    pub id: FigureId,
    /// What is counted.
    pub label: Line,
    /// How many.
    pub count: Count,
    /// Over which time.
    pub period: Line,
    /// Who says so, and where.
    pub source: Line,
    /// How it was counted; may be empty.
    pub method: String,
    /// The document of the report that shows it.
    pub document: Option<DocumentId>,
}

/// A filed figure.
#[derive(Debug, Clone)]
pub struct FiledFigure {
    /// The id; it keeps it when it is published.
    pub id: FigureId,
    /// In which report.
    pub report_id: ReportId,
    /// What is counted.
    pub label: String,
    /// How many.
    pub count: Count,
    /// Over which time.
    pub period: String,
    /// Who says so, and where.
    pub source: String,
    /// How it was counted.
    pub method: String,
    /// The document that shows it.
    pub document_id: Option<DocumentId>,
    /// How far it can be relied on.
    pub grade: Grade,
    /// Who graded it; `None` while it is as the partner reported it.
    pub graded_by: Option<UserId>,
    /// When.
    pub graded_at: Option<Timestamp>,
    /// Its place in the report.
    pub position: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = report_figures)]
struct Row {
    id: FigureId,
    report_id: ReportId,
    position: i32,
    label: String,
    value: i64,
    period: String,
    source: String,
    method: String,
    document_id: Option<DocumentId>,
    grade: Grade,
    graded_by: Option<UserId>,
    graded_at: Option<Timestamp>,
}

impl From<Row> for FiledFigure {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            report_id: row.report_id,
            label: row.label,
            count: Count::stored(row.value),
            period: row.period,
            source: row.source,
            method: row.method,
            document_id: row.document_id,
            grade: row.grade,
            graded_by: row.graded_by,
            graded_at: row.graded_at,
            position: row.position,
        }
    }
}

/// The figures of a report, in their order.
///
/// # Errors
/// The database's.
pub fn of_report(conn: &mut Conn, report: ReportId) -> AppResult<Vec<FiledFigure>> {
    let query = report_figures::table
        .filter(report_figures::report_id.eq(report))
        .order((report_figures::position, report_figures::id));
    let rows: Vec<Row> = each!(conn, c => query.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// What stands in the figures of a report, in one text; for digests alone.
pub(super) fn words(all: &[FiledFigure]) -> String {
    let each = all.iter().map(|one| {
        json!([
            one.id,
            one.label,
            one.count.value(),
            one.period,
            one.source,
            one.method,
            one.document_id,
        ])
    });
    json!(each.collect::<Vec<_>>()).to_string()
}

/// Puts these figures in the place of those that stood in the report. One whose words changed is as the partner reports it,
/// whatever it was graded before.
pub(super) fn replace(conn: &mut Conn, report: ReportId, new: &[NewFigure]) -> AppResult<()> {
    let before = of_report(conn, report)?;
    let own = documents::of_owner(conn, ("impact_report", &report.to_string()))?;
    let own: BTreeSet<DocumentId> = own.iter().map(|document| document.id).collect();
    let gone = report_figures::table.filter(report_figures::report_id.eq(report));
    each!(conn, c => diesel::delete(gone).execute(c))?;
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(new.len());
    for (position, one) in (0_i32..).zip(new) {
        if one.document.is_some_and(|id| !own.contains(&id)) {
            return Err(AppError::field(
                "figures",
                "choose documents of this report",
            ));
        }
        let known = before.iter().find(|old| old.id == one.id);
        // An id of another report's figure, or one sent twice, would write over a stranger's row.
        if !seen.insert(one.id) || (known.is_none() && is_taken(conn, one.id)?) {
            return Err(AppError::field(
                "figures",
                "reload the page and file them again",
            ));
        }
        let same = known.filter(|old| {
            old.label == one.label.as_str()
                && old.count == one.count
                && old.period == one.period.as_str()
                && old.source == one.source.as_str()
                && old.method == one.method
                && old.document_id == one.document
        });
        rows.push((
            report_figures::id.eq(one.id),
            report_figures::report_id.eq(report),
            report_figures::position.eq(position),
            report_figures::label.eq(one.label.as_str()),
            report_figures::value.eq(one.count.value()),
            report_figures::period.eq(one.period.as_str()),
            report_figures::source.eq(one.source.as_str()),
            report_figures::method.eq(&one.method),
            report_figures::document_id.eq(one.document),
            report_figures::grade.eq(same.map_or(Grade::PartnerReported, |old| old.grade)),
            report_figures::graded_by.eq(same.and_then(|old| old.graded_by)),
            report_figures::graded_at.eq(same.and_then(|old| old.graded_at)),
        ));
    }
    for row in rows {
        each!(conn, c => diesel::insert_into(report_figures::table).values(row).execute(c))?;
    }
    Ok(())
}

fn is_taken(conn: &mut Conn, id: FigureId) -> AppResult<bool> {
    let query = report_figures::table.find(id).count();
    Ok(each!(conn, c => query.get_result::<i64>(c))? > 0)
}

//! What staff do with a report: ask for more, accept, grade its figures, write and publish its plain-language part.

use diesel::prelude::*;

use super::filed::FiledFigure;
use super::messages::{self, NewMessage};
use super::model::{self, Move, ReportOverview, no_such_move};
use super::ops::note;
use super::{GradingId, ReportId, documents, filed, mails};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{figure_grades, impact_figures, impact_reports, report_figures, users};
use crate::documents::DocumentId;
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::{FigureId, Grade};
use crate::kernel::{Line, Timestamp};
use crate::partners::PartnerLetters;
use crate::web::markdown::Story;

/// Asks the partner for more, in a message that is also mailed to its staff.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move`.
pub fn ask(
    conn: &mut Conn,
    letters: &PartnerLetters,
    found: &ReportOverview,
    (by, message): (UserId, &NewMessage),
    now: Timestamp,
) -> AppResult<()> {
    let id = found.report.id;
    model::advance(conn, id, Move::Ask, now)?;
    messages::write(conn, id, (by, true), message, now)?;
    mails::needs_info(conn, letters, found, message, now)?;
    note(conn, by, "report.ask", id, Some(found), now)
}

/// Accepts a report. Whoever accepts one that answers a tranche tells the grants in the same transaction.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move`.
pub fn accept(
    conn: &mut Conn,
    letters: &PartnerLetters,
    found: &ReportOverview,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let id = found.report.id;
    model::advance(conn, id, Move::Accept, now)?;
    each!(conn, c => diesel::update(impact_reports::table.find(id))
        .set((
            impact_reports::accepted_by.eq(Some(by)),
            impact_reports::accepted_at.eq(Some(now)),
        ))
        .execute(c))?;
    mails::accepted(conn, letters, found, now)?;
    note(conn, by, "report.accept", id, Some(found), now)
}

/// A grade to be given to a figure.
#[derive(Debug, Clone)]
pub struct Grading {
    /// The id, made by the caller.
    pub id: GradingId,
    /// Of which report.
    pub report: ReportId,
    /// Which of its figures.
    pub figure: FigureId,
    /// How far it can be relied on.
    pub grade: Grade,
    /// Why; who verified it.
    pub note: String,
    /// The document that shows it; `None` leaves what the partner named.
    pub document: Option<DocumentId>,
}

/// Grades a figure. Evidence needs a document of the report, verification a note that says who verified it.
///
/// # Errors
/// [`AppError::Invalid`] on `document` or `note`; [`AppError::NotFound`] for another report's figure; [`AppError::Conflict`]
/// `no_such_move` while the report is with the partner.
pub fn grade(
    conn: &mut Conn,
    found: &ReportOverview,
    new: &Grading,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let report = &found.report;
    let all = filed::of_report(conn, report.id)?;
    let figure = all
        .iter()
        .find(|one| one.id == new.figure)
        .ok_or(AppError::NotFound("the figure"))?;
    if !report.state.is_with_staff() {
        return Err(no_such_move());
    }
    let document = new.document.or(figure.document_id);
    if let Some(document) = document
        && !documents::has(conn, report, document)?
    {
        return Err(AppError::field(
            "document",
            "choose a document of this report",
        ));
    }
    if new.grade == Grade::EvidenceAttached && document.is_none() {
        return Err(AppError::field(
            "document",
            "choose the document that shows it",
        ));
    }
    if new.grade == Grade::Verified && new.note.is_empty() {
        return Err(AppError::field("note", "write who verified it, and how"));
    }
    let own = report_figures::table.find(new.figure);
    each!(conn, c => diesel::update(own)
        .set((
            report_figures::grade.eq(new.grade),
            report_figures::graded_by.eq(Some(by)),
            report_figures::graded_at.eq(Some(now)),
            report_figures::document_id.eq(document),
        ))
        .execute(c))?;
    let shown = impact_figures::table.find(new.figure);
    each!(conn, c => diesel::update(shown)
        .set((
            impact_figures::grade.eq(new.grade),
            impact_figures::graded_by.eq(Some(by)),
            impact_figures::graded_at.eq(Some(now)),
        ))
        .execute(c))?;
    let row = (
        figure_grades::id.eq(new.id),
        figure_grades::figure_id.eq(new.figure),
        figure_grades::grade.eq(new.grade),
        figure_grades::note.eq(&new.note),
        figure_grades::graded_by.eq(by),
        figure_grades::graded_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(figure_grades::table).values(row).execute(c))?;
    let mut deed = Deed::new(by, "figure.grade", ("figure", new.figure.to_string()))
        .saying(format!("{} to {}", figure.grade, new.grade));
    deed.campaign = found.campaign();
    audit::record(conn, &deed, now)
}

/// One grade that a figure was given.
#[derive(Debug, Clone, Queryable)]
pub struct Graded {
    /// Which figure.
    pub figure: FigureId,
    /// The grade.
    pub grade: Grade,
    /// Why.
    pub note: String,
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Every grade that these figures were given, oldest first.
///
/// # Errors
/// The database's.
pub fn history(conn: &mut Conn, figures: &[FiledFigure]) -> AppResult<Vec<Graded>> {
    let ids: Vec<FigureId> = figures.iter().map(|one| one.id).collect();
    let query = figure_grades::table
        .inner_join(users::table.on(users::id.eq(figure_grades::graded_by)))
        .filter(figure_grades::figure_id.eq_any(ids))
        .order(figure_grades::id)
        .select((
            figure_grades::figure_id,
            figure_grades::grade,
            figure_grades::note,
            users::name,
            figure_grades::graded_at,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

/// The plain-language part, to be kept or published.
#[derive(Debug, Clone)]
pub struct Plain {
    /// Its title.
    pub title: Line,
    /// Its text.
    pub text: Story,
}

/// Keeps the plain-language part; on a published report it shows at once.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` while the report is with the partner; [`AppError::Invalid`] without a text.
pub fn write_plain(
    conn: &mut Conn,
    found: &ReportOverview,
    plain: &Plain,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let report = &found.report;
    if plain.text.as_str().is_empty() {
        return Err(AppError::field("plain", "fill this in"));
    }
    use model::ReportState as S;
    let target = impact_reports::table
        .find(report.id)
        .filter(impact_reports::state.eq_any([S::InReview, S::Accepted, S::Published]));
    let moved = each!(conn, c => diesel::update(target)
        .set((
            impact_reports::plain_title.eq(plain.title.as_str()),
            impact_reports::plain.eq(plain.text.as_str()),
            impact_reports::updated_at.eq(now),
        ))
        .execute(c))?;
    if moved == 0 {
        return Err(no_such_move());
    }
    let mut deed = Deed::new(
        by,
        "report.edit_plain",
        ("impact_report", report.id.to_string()),
    )
    .edited(
        format!("{}\n{}", report.plain_title, report.plain),
        format!("{}\n{}", plain.title, plain.text.as_str()),
    );
    deed.campaign = found.campaign();
    audit::record(conn, &deed, now)
}

/// Publishes the plain-language part and the figures, which stand among the program's public figures from now on, in the place of
/// those in `replaced`. Answers the report's number.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` unless it was accepted; [`AppError::Invalid`] without a plain-language part.
pub fn publish(
    conn: &mut Conn,
    found: &ReportOverview,
    (by, replaced): (UserId, &[FigureId]),
    now: Timestamp,
) -> AppResult<i32> {
    let report = &found.report;
    if report.plain.trim().is_empty() {
        let fault = FieldError::new("plain", "write the plain-language part first");
        return Err(AppError::Invalid(vec![fault]));
    }
    model::advance(conn, report.id, Move::Publish, now)?;
    let number = match report.number {
        Some(number) => number,
        None => next_number(conn, found)?,
    };
    each!(conn, c => diesel::update(impact_reports::table.find(report.id))
        .set((
            impact_reports::number.eq(Some(number)),
            impact_reports::published_by.eq(Some(by)),
            impact_reports::published_at.eq(Some(now)),
        ))
        .execute(c))?;
    for figure in replaced {
        crate::impact::ops::supersede(conn, (report.program_id, *figure), by, now)?;
    }
    for figure in filed::of_report(conn, report.id)? {
        show(conn, found, &figure, now)?;
    }
    note(conn, by, "report.publish", report.id, Some(found), now)?;
    Ok(number)
}

fn next_number(conn: &mut Conn, found: &ReportOverview) -> AppResult<i32> {
    let query = impact_reports::table
        .filter(impact_reports::program_id.eq(found.report.program_id))
        .select(diesel::dsl::max(impact_reports::number));
    let last: Option<i32> = each!(conn, c => query.first(c))?;
    Ok(last.unwrap_or_default().saturating_add(1))
}

/// Puts a filed figure among the program's public ones, under the id that it has.
fn show(
    conn: &mut Conn,
    found: &ReportOverview,
    figure: &FiledFigure,
    now: Timestamp,
) -> AppResult<()> {
    // One that was published before and taken down is written anew.
    let before = impact_figures::table.find(figure.id);
    each!(conn, c => diesel::delete(before).execute(c))?;
    let row = (
        impact_figures::id.eq(figure.id),
        impact_figures::program_id.eq(found.report.program_id),
        impact_figures::label.eq(&figure.label),
        impact_figures::value.eq(figure.count.value()),
        impact_figures::period.eq(&figure.period),
        impact_figures::source.eq(&figure.source),
        impact_figures::grade.eq(figure.grade),
        impact_figures::position.eq(figure.position),
        impact_figures::created_at.eq(now),
        impact_figures::report_id.eq(Some(figure.report_id)),
        impact_figures::graded_by.eq(figure.graded_by),
        impact_figures::graded_at.eq(figure.graded_at),
    );
    each!(conn, c => diesel::insert_into(impact_figures::table).values(row).execute(c))?;
    Ok(())
}

/// Takes a published report down: its page is gone, and its figures are shown no more.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` unless it is published.
pub fn take_down(
    conn: &mut Conn,
    found: &ReportOverview,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let id = found.report.id;
    model::advance(conn, id, Move::TakeDown, now)?;
    let own = impact_figures::table
        .filter(impact_figures::report_id.eq(id))
        .filter(impact_figures::superseded_at.is_null());
    each!(conn, c => diesel::update(own)
        .set((
            impact_figures::superseded_at.eq(Some(now)),
            impact_figures::superseded_by.eq(Some(by)),
        ))
        .execute(c))?;
    note(conn, by, "report.take_down", id, Some(found), now)
}

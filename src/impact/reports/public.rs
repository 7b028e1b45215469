//! What everybody may read of reports: the plain-language part, the figures, and what it was paid from. No people.

use diesel::prelude::*;

use super::tranches::{self, Tranche};
use super::{ReportId, ReportState};
use crate::db::Conn;
use crate::db::schema::{impact_reports, programs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::TrancheId;
use crate::impact::model::{self, Figure, report_path};
use crate::kernel::{Slug, Timestamp};
use crate::partners::ProgramId;
use crate::partners::model::{ProgramOfPartner, program_by_slug};

/// A published report in a list.
#[derive(Debug, Clone)]
pub struct ReportLink {
    /// The report.
    pub id: ReportId,
    /// Its title, in plain words.
    pub title: String,
    /// Where it stands, relative to the site.
    pub path: String,
    /// When it was published.
    pub published_at: Timestamp,
    /// The tranche that it reports on.
    pub tranche: Option<TrancheId>,
}

/// A published report.
#[derive(Debug, Clone)]
pub struct PublishedReport {
    /// Title, place and time.
    pub link: ReportLink,
    /// The plain-language part: Markdown.
    pub plain: String,
    /// The program and whose it is.
    pub row: ProgramOfPartner,
    /// The tranche that it was paid from, without people.
    pub paid_from: Option<Tranche>,
    /// Its figures, also those in whose place newer ones stand by now.
    pub figures: Vec<Figure>,
}

type Row = (
    ReportId,
    String,
    Slug,
    Option<i32>,
    Option<Timestamp>,
    Option<TrancheId>,
);

fn link((id, title, slug, number, at, tranche): Row) -> Option<ReportLink> {
    Some(ReportLink {
        id,
        title,
        path: report_path(&slug, number?),
        published_at: at?,
        tranche,
    })
}

macro_rules! links {
    ($conn:expr, $condition:expr, $most:expr) => {{
        let query = impact_reports::table
            .inner_join(programs::table.on(programs::id.eq(impact_reports::program_id)))
            .filter(impact_reports::state.eq(ReportState::Published))
            .filter($condition)
            .order(impact_reports::published_at.desc())
            .limit($most)
            .select((
                impact_reports::id,
                impact_reports::plain_title,
                programs::slug,
                impact_reports::number,
                impact_reports::published_at,
                impact_reports::tranche_id,
            ));
        let rows: Vec<Row> = each!($conn, c => query.load(c))?;
        rows.into_iter().filter_map(link).collect::<Vec<_>>()
    }};
}

/// The published reports of a program, the newest first, at most twelve.
///
/// # Errors
/// The database's.
pub fn of_program(conn: &mut Conn, program: ProgramId) -> AppResult<Vec<ReportLink>> {
    Ok(links!(conn, impact_reports::program_id.eq(program), 12))
}

/// The published report at its address.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Gone`] for one that was taken down.
pub fn published(conn: &mut Conn, program: &Slug, number: i32) -> AppResult<PublishedReport> {
    let row = program_by_slug(conn, program)?;
    let query = impact_reports::table
        .filter(impact_reports::program_id.eq(row.program.id))
        .filter(impact_reports::number.eq(number))
        .select((
            impact_reports::id,
            impact_reports::state,
            impact_reports::plain,
        ));
    let found: Option<(ReportId, ReportState, String)> =
        each!(conn, c => query.first(c).optional())?;
    let (id, state, plain) = found.ok_or(AppError::NotFound("the report"))?;
    if state != ReportState::Published {
        return Err(AppError::Gone("this report"));
    }
    let link = links!(conn, impact_reports::id.eq(id), 1)
        .pop()
        .ok_or(AppError::NotFound("the report"))?;
    let paid_from = match link.tranche {
        Some(tranche) => Some(tranches::by_id(conn, tranche)?),
        None => None,
    };
    let figures = model::figures_in_reports(conn, &[id])?;
    Ok(PublishedReport {
        link,
        plain,
        row,
        paid_from,
        figures,
    })
}

/// A published report on a tranche, with its figures: for the trace of a gift and the open books.
#[derive(Debug, Clone)]
pub struct TrancheReport {
    /// The tranche.
    pub tranche: TrancheId,
    /// Title, place and time of the report.
    pub link: ReportLink,
    /// Its figures.
    pub figures: Vec<Figure>,
}

/// The published reports on these tranches, the newest first: two statements, however many tranches.
///
/// # Errors
/// The database's.
pub fn published_for_tranches(conn: &mut Conn, ids: &[TrancheId]) -> AppResult<Vec<TrancheReport>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let some = ids.iter().copied().map(Some);
    let links = links!(conn, impact_reports::tranche_id.eq_any(some), 1_000);
    let reports: Vec<ReportId> = links.iter().map(|link| link.id).collect();
    let figures = model::figures_in_reports(conn, &reports)?;
    Ok(links
        .into_iter()
        .filter_map(|link| {
            Some(TrancheReport {
                tranche: link.tranche?,
                figures: figures
                    .iter()
                    .filter(|figure| figure.report_id == Some(link.id))
                    .cloned()
                    .collect(),
                link,
            })
        })
        .collect())
}

/// The figures of these programs that hold, the newest first: for newsletters.
///
/// # Errors
/// The database's.
pub fn newest_figures(conn: &mut Conn, programs: &[ProgramId]) -> AppResult<Vec<Figure>> {
    let mut all = model::figures_of(conn, programs)?;
    all.sort_by(|a, b| (b.created_at, a.position, a.id).cmp(&(a.created_at, b.position, b.id)));
    Ok(all)
}

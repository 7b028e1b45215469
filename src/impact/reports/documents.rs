//! Documents of a report: private files that prove what it says (`kind` `report`, owner `impact_report`). They are handed to the
//! partner's own staff and to those who review reports, and to nobody else.

use diesel::prelude::*;

use super::ReportId;
use super::model::{self, Report};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{impact_reports, report_figures};
use crate::documents::{self, Document, DocumentId, NewDocument};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::impact::Grade;
use crate::kernel::Timestamp;
use crate::partners::PartnerStaff;

/// The noun of what documents of reports belong to.
const OWNER: &str = "impact_report";
/// Documents of a report at most.
pub const DOCUMENTS: usize = 20;

/// The documents of a report, in the order of their coming.
///
/// # Errors
/// The database's.
pub fn of_report(conn: &mut Conn, report: ReportId) -> AppResult<Vec<Document>> {
    documents::of_owner(conn, (OWNER, &report.to_string()))
}

/// Attaches a document while the report is with the partner.
///
/// # Errors
/// [`AppError::Conflict`] when it is not, or has enough of them.
pub fn attach(
    conn: &mut Conn,
    report: ReportId,
    new: &NewDocument,
    now: Timestamp,
) -> AppResult<()> {
    touch(conn, report, now)?;
    if of_report(conn, report)?.len() >= DOCUMENTS {
        return Err(AppError::Conflict {
            code: "enough_documents",
            detail: format!("a report has at most {DOCUMENTS} documents"),
        });
    }
    documents::insert(conn, new, "report", (OWNER, &report.to_string()), now)
}

/// Takes a document away while the report is with the partner; figures that pointed at it point at none, and are graded as
/// the partner reports them: what somebody graded is not there any more.
///
/// # Errors
/// [`AppError::Conflict`] when it is not; [`AppError::NotFound`] for a document of something else.
pub fn detach(
    conn: &mut Conn,
    (report, document): (ReportId, DocumentId),
    now: Timestamp,
) -> AppResult<()> {
    let found = documents::find(conn, document)?;
    if report_of(&found) != Some(report) {
        return Err(AppError::NotFound("this document"));
    }
    touch(conn, report, now)?;
    let shown = report_figures::table.filter(report_figures::document_id.eq(document));
    each!(conn, c => diesel::update(shown)
        .set((
            report_figures::document_id.eq(None::<DocumentId>),
            report_figures::grade.eq(Grade::PartnerReported),
            report_figures::graded_by.eq(None::<UserId>),
            report_figures::graded_at.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    documents::remove(conn, document, now)
}

/// The report that a document belongs to, if it belongs to one.
pub fn report_of(document: &Document) -> Option<ReportId> {
    (document.owner_kind == OWNER)
        .then(|| document.owner_id.parse().ok())
        .flatten()
}

/// A document of a report of one's own partner (S9).
///
/// # Errors
/// [`AppError::NotFound`], also for another partner's and for documents of other things.
pub fn for_staff(conn: &mut Conn, staff: &PartnerStaff, id: DocumentId) -> AppResult<Document> {
    let document = documents::find(conn, id)?;
    let report = report_of(&document).ok_or(AppError::NotFound("this document"))?;
    model::of_staff(conn, staff, report)?;
    Ok(document)
}

/// That the report is with the partner, whose work on it goes on.
pub(super) fn touch(conn: &mut Conn, report: ReportId, now: Timestamp) -> AppResult<()> {
    use super::model::ReportState as S;
    let target = impact_reports::table
        .find(report)
        .filter(impact_reports::state.eq_any([S::Draft, S::NeedsInfo]));
    let moved = each!(conn, c => diesel::update(target)
        .set(impact_reports::updated_at.eq(now))
        .execute(c))?;
    if moved == 0 {
        return Err(AppError::Conflict {
            code: "no_such_move",
            detail:
                "The report is with the people who run the campaign, so it cannot be changed now."
                    .into(),
        });
    }
    Ok(())
}

/// Whether the report has this document.
pub(super) fn has(conn: &mut Conn, report: &Report, document: DocumentId) -> AppResult<bool> {
    Ok(of_report(conn, report.id)?
        .iter()
        .any(|one| one.id == document))
}

//! What a partner's staff do with a report: begin, save, send in, take back.

use diesel::prelude::*;

use super::content::{self, Content, Question, Step};
use super::documents::touch;
use super::messages::{self, NewMessage};
use super::model::{self, Move, ReportOverview};
use super::{ReportId, ReportState, drafts, filed, mails, tranches};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{funds, impact_reports};
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::ids::TrancheId;
use crate::kernel::{Currency, Line, Timestamp};
use crate::partners::{self, PartnerId, PartnerLetters, PartnerStaff, ProgramId};

/// What a report is about.
#[derive(Debug, Clone)]
pub enum About {
    /// A tranche of a grant.
    Tranche(TrancheId),
    /// A program's work in a year, say; its title is typed.
    Program(ProgramId, Line),
}

/// Begins a report; on a tranche that has one, that one goes on. Answers which.
///
/// # Errors
/// [`AppError::NotFound`] for what is another partner's; [`AppError::Conflict`] `not_due` for a tranche that was not paid.
pub fn begin(
    conn: &mut Conn,
    staff: &PartnerStaff,
    (fresh, about): (ReportId, &About),
    now: Timestamp,
) -> AppResult<ReportId> {
    let (partner, program, tranche, title, currency) = match about {
        About::Tranche(id) => {
            let tranche = tranches::by_id(conn, *id)?;
            staff.check(tranche.partner, "the tranche")?;
            if let Some((_, report, _)) = tranches::reports_on(conn, &[*id])?.first() {
                return Ok(*report);
            }
            if !tranche.owes_report() {
                return Err(AppError::Conflict {
                    code: "not_due",
                    detail: "no report is due on this tranche".into(),
                });
            }
            let title = format!("Grant {}, part {}", tranche.grant_number, tranche.position);
            (
                tranche.partner,
                tranche.program,
                Some(*id),
                title,
                tranche.amount.currency(),
            )
        }
        About::Program(id, title) => {
            let program = partners::model::program_by_id(conn, *id)?;
            staff.check(program.partner_id, "the program")?;
            let currency = currency_of(conn, *id)?;
            (program.partner_id, *id, None, title.to_string(), currency)
        }
    };
    let new = NewReport {
        id: fresh,
        partner,
        program,
        tranche,
        title,
        currency,
        by: staff.user(),
    };
    insert(conn, &new, now)?;
    note(conn, new.by, "report.begin", fresh, None, now)?;
    Ok(fresh)
}

/// A report to be stored, empty.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// The id, made by the caller.
    pub id: ReportId,
    /// Whose.
    pub partner: PartnerId,
    /// Of which program.
    pub program: ProgramId,
    /// On which tranche.
    pub tranche: Option<TrancheId>,
    /// Its title.
    pub title: String,
    /// The currency of its budget.
    pub currency: Currency,
    /// Who begins it.
    pub by: UserId,
}

/// Stores an empty draft.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, new: &NewReport, now: Timestamp) -> AppResult<()> {
    let row = (
        impact_reports::id.eq(new.id),
        impact_reports::partner_id.eq(new.partner),
        impact_reports::program_id.eq(new.program),
        impact_reports::tranche_id.eq(new.tranche),
        impact_reports::title.eq(&new.title),
        impact_reports::state.eq(ReportState::Draft),
        impact_reports::currency.eq(new.currency),
        (
            impact_reports::scope.eq(""),
            impact_reports::progress.eq(""),
            impact_reports::measurement.eq(""),
            impact_reports::challenges.eq(""),
            impact_reports::sustainability.eq(""),
            impact_reports::plain_title.eq(""),
            impact_reports::plain.eq(""),
        ),
        impact_reports::created_by.eq(new.by),
        impact_reports::created_at.eq(now),
        impact_reports::updated_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(impact_reports::table).values(row).execute(c))?;
    Ok(())
}

/// The currency of a program's fund; dollars where it has none.
pub(super) fn currency_of(conn: &mut Conn, program: ProgramId) -> AppResult<Currency> {
    let query = funds::table
        .filter(funds::program_id.eq(program))
        .order(funds::id)
        .select(funds::currency);
    let found: Option<Currency> = each!(conn, c => query.first(c).optional())?;
    Ok(found.unwrap_or(Currency::USD))
}

/// The content of one step, to be saved.
#[derive(Debug, Clone)]
pub struct Save {
    /// Which report.
    pub report: ReportId,
    /// The digest of what stood in the step when the form was opened ([`content::basis`]).
    pub basis: String,
    /// What shall stand there.
    pub content: Content,
}

/// Saves a step; what the person had typed there and not saved is forgotten.
///
/// # Errors
/// [`AppError::Conflict`] `changed_meanwhile` when somebody saved it after the form was opened, `no_such_move` when the report
/// is not with the partner; [`AppError::NotFound`] for another partner's.
pub fn save(conn: &mut Conn, staff: &PartnerStaff, new: &Save, now: Timestamp) -> AppResult<()> {
    let ReportOverview { report, .. } = model::of_staff(conn, staff, new.report)?;
    touch(conn, report.id, now)?;
    let step = match &new.content {
        Content::Answers(_) => Step::Answers,
        Content::Budget(_) => Step::Budget,
        Content::Figures(_) => Step::Figures,
    };
    if content::basis(conn, &report, step)? != new.basis {
        return Err(AppError::Conflict {
            code: "changed_meanwhile",
            detail: "This part was saved from another tab or by a colleague after you opened it. What you typed stands below; save again to put it in its place.".into(),
        });
    }
    write(conn, report.id, &new.content)?;
    drafts::drop_kept(conn, report.id, step, staff.user())
}

/// Writes the content of a step.
///
/// # Errors
/// [`AppError::Invalid`] for figures that are not this report's.
pub fn write(conn: &mut Conn, report: ReportId, content: &Content) -> AppResult<()> {
    match content {
        Content::Answers(new) => {
            let [scope, progress, measurement, challenges, sustainability] = &new.answers;
            each!(conn, c => diesel::update(impact_reports::table.find(report))
                .set((
                    impact_reports::title.eq(new.title.as_str()),
                    impact_reports::scope.eq(scope),
                    impact_reports::progress.eq(progress),
                    impact_reports::measurement.eq(measurement),
                    impact_reports::challenges.eq(challenges),
                    impact_reports::sustainability.eq(sustainability),
                ))
                .execute(c))?;
            Ok(())
        }
        Content::Budget(lines) => content::write_budget(conn, report, lines),
        Content::Figures(figures) => filed::replace(conn, report, figures),
    }
}

/// What is missing before a report can be sent in, by the step that mends it.
///
/// # Errors
/// The database's.
pub fn missing(conn: &mut Conn, found: &ReportOverview) -> AppResult<Vec<FieldError>> {
    let mut all = Vec::new();
    for question in Question::ALL {
        if found.report.answer(*question).is_empty() {
            let word = format!("Answer the question of {question}.");
            all.push(FieldError::new(Step::Answers.as_str(), word));
        }
    }
    if content::budget(conn, &found.report)?.is_empty() {
        let word = "Set what was spent against what was planned.";
        all.push(FieldError::new(Step::Budget.as_str(), word));
    }
    if filed::of_report(conn, found.report.id)?.is_empty() {
        let word = "File at least one figure.";
        all.push(FieldError::new(Step::Figures.as_str(), word));
    }
    Ok(all)
}

/// Sends a report in, with a word to those who read it, who are told by mail.
///
/// # Errors
/// [`AppError::Invalid`] naming the steps in which something is missing; [`AppError::Conflict`] `no_such_move`.
pub fn submit(
    conn: &mut Conn,
    staff: &PartnerStaff,
    letters: &PartnerLetters,
    (id, word): (ReportId, Option<&NewMessage>),
    now: Timestamp,
) -> AppResult<()> {
    let found = model::of_staff(conn, staff, id)?;
    send_in(conn, &found, (staff.user(), word), now)?;
    mails::sent_in(conn, letters, &found, word, now)
}

/// [`submit`] for a report that was found already, without the mails.
///
/// # Errors
/// As there.
pub fn send_in(
    conn: &mut Conn,
    found: &ReportOverview,
    (by, word): (UserId, Option<&NewMessage>),
    now: Timestamp,
) -> AppResult<()> {
    let id = found.report.id;
    let missing = missing(conn, found)?;
    if !missing.is_empty() {
        return Err(AppError::Invalid(missing));
    }
    model::advance(conn, id, Move::Submit, now)?;
    each!(conn, c => diesel::update(impact_reports::table.find(id))
        .set(impact_reports::submitted_at.eq(now))
        .execute(c))?;
    if let Some(word) = word {
        messages::write(conn, id, (by, false), word, now)?;
    }
    note(conn, by, "report.submit", id, Some(found), now)
}

/// Takes a report back; another can be begun in its place.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` once it was accepted.
pub fn withdraw(
    conn: &mut Conn,
    staff: &PartnerStaff,
    id: ReportId,
    now: Timestamp,
) -> AppResult<()> {
    let found = model::of_staff(conn, staff, id)?;
    model::advance(conn, id, Move::Withdraw, now)?;
    note(conn, staff.user(), "report.withdraw", id, Some(&found), now)
}

/// Writes a deed about a report into the record.
pub(super) fn note(
    conn: &mut Conn,
    by: UserId,
    action: &'static str,
    report: ReportId,
    found: Option<&ReportOverview>,
    now: Timestamp,
) -> AppResult<()> {
    let mut deed = Deed::new(by, action, ("impact_report", report.to_string()));
    deed.campaign = found.and_then(ReportOverview::campaign);
    audit::record(conn, &deed, now)
}

//! `/desk/reports/{id}`: the whole report as it stands, what is missing, what was said about it; sending it in, taking it back.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::table::{Table, report_id};
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::model::report_path;
use crate::impact::reports::messages::NewMessage;
use crate::impact::reports::views::{
    self, AnswerView, BudgetView, DocumentView, FiledView, MessageView, PaidView, Whole,
};
use crate::impact::reports::{Move, ReportId, ReportState, Step, model, ops};
use crate::partners::{PartnerLetters, PartnerStaff};
use crate::web::site::see;
use crate::web::typed::{Mend, Typed};
use crate::web::{CsrfForm, Path, Site};

/// A way to one of the steps.
#[derive(Serialize)]
pub(super) struct StepTab {
    label: &'static str,
    href: String,
    is_current: bool,
}

/// The ways between the steps of a report; `None`: the whole of it is looked at.
pub(super) fn tabs(id: ReportId, current: Option<Step>) -> Vec<StepTab> {
    let mut all: Vec<StepTab> = Step::ALL
        .iter()
        .map(|step| StepTab {
            label: label(*step),
            href: format!("/desk/reports/{id}/{step}"),
            is_current: current == Some(*step),
        })
        .collect();
    all.push(StepTab {
        label: "Documents, and send in",
        href: format!("/desk/reports/{id}"),
        is_current: current.is_none(),
    });
    all
}

pub(super) fn label(step: Step) -> &'static str {
    match step {
        Step::Answers => "Five questions",
        Step::Budget => "Budget and spent",
        Step::Figures => "Figures",
    }
}

#[derive(Serialize)]
struct MissingView {
    href: String,
    message: String,
}

/// Context of `desk/report`.
#[derive(Serialize)]
struct ReportView {
    id: String,
    title: String,
    program: String,
    partner: String,
    state: &'static str,
    is_with_partner: bool,
    is_asked: bool,
    can_withdraw: bool,
    public_url: Option<String>,
    paid: Option<PaidView>,
    tabs: Vec<StepTab>,
    answers: Vec<AnswerView>,
    budget: BudgetView,
    figures: Vec<FiledView>,
    documents: Vec<DocumentView>,
    messages: Vec<MessageView>,
    missing: Vec<MissingView>,
    message: String,
    message_error: Option<String>,
    name: String,
    name_error: Option<String>,
    document_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let id = report_id(&path.0)?;
    let table = Table::new(&site, &request, staff);
    draw(&table, id, &Typed::default(), Mend::none()).await
}

pub(super) async fn draw(
    table: &Table,
    id: ReportId,
    typed: &Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let staff = table.staff.clone();
    let (whole, missing) = table
        .site
        .db
        .read(move |c| {
            let found = model::of_staff(c, &staff, id)?;
            let missing = ops::missing(c, &found)?;
            Ok((Whole::read(c, found)?, missing))
        })
        .await?;
    let (status, title) = (mend.status, whole.found.report.title.clone());
    table.show(
        "report",
        &title,
        status,
        view(table, &whole, &missing, typed, mend)?,
    )
}

fn view(
    table: &Table,
    whole: &Whole,
    missing: &[FieldError],
    typed: &Typed,
    mend: Mend,
) -> AppResult<ReportView> {
    let report = &whole.found.report;
    let id = report.id;
    let number = report
        .number
        .filter(|_| report.state == ReportState::Published);
    Ok(ReportView {
        id: id.to_string(),
        title: report.title.clone(),
        program: whole.found.program.name.clone(),
        partner: whole.found.partner.name.clone(),
        state: report.state.words(),
        is_with_partner: report.state.is_with_partner(),
        is_asked: report.state == ReportState::NeedsInfo,
        can_withdraw: Move::Withdraw.from().contains(&report.state),
        public_url: number.map(|number| report_path(&whole.found.program.slug, number)),
        paid: whole.found.tranche.as_ref().map(views::paid),
        tabs: if report.state.is_with_partner() {
            tabs(id, None)
        } else {
            Vec::new()
        },
        answers: views::answers(report),
        budget: views::budget(report, &whole.budget)?,
        figures: views::figures(whole, &table.staff),
        documents: views::documents_of(whole),
        messages: views::messages_of(whole),
        missing: missing
            .iter()
            .map(|fault| MissingView {
                href: format!("/desk/reports/{id}/{}", fault.field),
                message: fault.message.clone(),
            })
            .collect(),
        message: typed.text("message").to_owned(),
        message_error: mend.at("message"),
        name: typed.text("name").to_owned(),
        name_error: mend.at("name"),
        document_error: mend.at("document"),
        // What is missing stands on the page by itself.
        errors: mend
            .faults
            .into_iter()
            .filter(|fault| ["message", "name", "document", "do"].contains(&fault.field.as_str()))
            .collect(),
        notice: mend.notice,
    })
}

/// Sends the report in (`do` of `submit`, with an optional `message`) or takes it back (`withdraw`).
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    path: Path<String>,
    form: CsrfForm<Typed>,
    letters: Data<PartnerLetters>,
) -> AppResult<HttpResponse> {
    let id = report_id(&path.0)?;
    let table = Table::new(&site, &request, staff.clone());
    let now = table.now();
    let done = match form.0.text("do") {
        "submit" => match NewMessage::optional(form.0.text("message")) {
            Err(error) => Err(error),
            Ok(word) => site
                .db
                .tx(move |c| ops::submit(c, &staff, &letters, (id, word.as_ref()), now))
                .await
                .map(|()| "submitted"),
        },
        "withdraw" => site
            .db
            .tx(move |c| ops::withdraw(c, &staff, id, now))
            .await
            .map(|()| "withdrawn"),
        _ => Err(AppError::field("do", "choose what to do")),
    };
    match done {
        Ok(word) => Ok(see(&format!("/desk/reports/{id}?done={word}"))),
        Err(error) => draw(&table, id, &form.0, Mend::of(error)?).await,
    }
}

//! `/console/partner-reports`: partners' reports read, asked about, accepted, graded, published. A role that is narrowed to seasons
//! sees those on its seasons' grants alone.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::listing::{self, Choice};
use super::partner_report_acts as acts;
use super::record::{self, DeedView};
use super::scope::Scope;
use crate::audit::{self, Recorded};
use crate::auth::{Coordinator, UserId};
use crate::db::Conn;
use crate::documents::{self as files, DocumentId};
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::Grade;
use crate::impact::model::{self as impact_model, Figure, report_path};
use crate::impact::reports::model::Listing;
use crate::impact::reports::views::{
    self, AnswerView, BudgetView, DocumentView, FiledView, MessageView, PaidView, RowView, Whole,
};
use crate::impact::reports::{
    Move, ReportId, ReportOverview, ReportState, documents, model, tranches,
};
use crate::partners::PartnerLetters;
use crate::web::query::value;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
}

/// Context of `console/partner_reports`.
#[derive(Serialize)]
struct ListView {
    states: Vec<Choice>,
    rows: Vec<RowView>,
}

/// Whether the reader's role holds for the grant of a report, or for all seasons where it has none.
fn check(scope: &Scope, found: &ReportOverview) -> AppResult<()> {
    match found.campaign() {
        Some(campaign) => scope.check(campaign),
        None => scope.check_whole(),
    }
}

pub(super) fn visible(
    conn: &mut Conn,
    scope: &Scope,
    state: ReportState,
) -> AppResult<Vec<Listing>> {
    let mut all = model::in_state(conn, state)?;
    if !scope.is_whole() {
        let ids: Vec<_> = all
            .iter()
            .filter_map(|(report, ..)| report.tranche_id)
            .collect();
        let mine = tranches::by_ids(conn, &ids)?;
        all.retain(|(report, ..)| {
            let own = mine.iter().find(|one| Some(one.id) == report.tranche_id);
            own.is_some_and(|one| scope.holds(one.campaign))
        });
    }
    Ok(all)
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::PartnerReports);
    let scope = Scope::of(&desk.signed);
    let given = Some(query.0.state.as_str()).filter(|text| !text.is_empty());
    let state = value("state", given)?.unwrap_or(ReportState::InReview);
    let all = site.db.read(move |c| visible(c, &scope, state)).await?;
    let view = ListView {
        states: listing::choices(ReportState::ALL, state.as_str()),
        rows: all.iter().map(views::row).collect(),
    };
    desk.page("partner_reports", "Partner reports", view)
}

#[derive(Serialize)]
struct GradeChoice {
    value: &'static str,
    label: &'static str,
    is_current: bool,
}

#[derive(Serialize)]
struct DocumentChoice {
    id: String,
    name: String,
    is_current: bool,
}

/// A figure with the form that grades it.
#[derive(Serialize)]
struct GradingView {
    figure: FiledView,
    grades: Vec<GradeChoice>,
    documents: Vec<DocumentChoice>,
    note: String,
    error: Option<String>,
}

/// A public figure that a new one may stand in the place of.
#[derive(Serialize)]
struct ReplaceView {
    id: String,
    words: String,
    is_ticked: bool,
}

/// Context of `console/partner_report`.
#[derive(Serialize)]
struct ReportView {
    id: String,
    title: String,
    state: &'static str,
    partner: String,
    partner_url: String,
    program: String,
    program_url: String,
    public_url: Option<String>,
    paid: Option<PaidView>,
    submitted_at: Option<String>,
    answers: Vec<AnswerView>,
    budget: BudgetView,
    figures: Vec<GradingView>,
    documents: Vec<DocumentView>,
    messages: Vec<MessageView>,
    can_ask: bool,
    can_accept: bool,
    can_grade: bool,
    can_write: bool,
    can_publish: bool,
    can_take_down: bool,
    replaces: Vec<ReplaceView>,
    message: String,
    message_error: Option<String>,
    plain_title: String,
    plain_title_error: Option<String>,
    plain: String,
    plain_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
    deeds: Vec<DeedView>,
}

/// Everything that the page of a report tells.
struct Found {
    whole: Whole,
    shown: Vec<Figure>,
    deeds: Vec<Recorded>,
    names: std::collections::HashMap<UserId, String>,
}

fn id_of(text: &str) -> AppResult<ReportId> {
    text.parse().map_err(|_| AppError::NotFound("the report"))
}

fn find(conn: &mut Conn, scope: &Scope, id: ReportId) -> AppResult<ReportOverview> {
    let found = model::by_id(conn, id)?;
    check(scope, &found)?;
    // What the partner has not sent in is the partner's own.
    if found.report.state == ReportState::Draft {
        return Err(AppError::NotFound("the report"));
    }
    Ok(found)
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0.clone(), Room::PartnerReports);
    draw(
        &desk,
        &staff,
        id_of(&path.0)?,
        &Typed::default(),
        Mend::none(),
    )
    .await
}

async fn draw(
    desk: &Desk,
    staff: &Coordinator,
    id: ReportId,
    typed: &Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let found = desk
        .site
        .db
        .read(move |c| {
            let found = find(c, &scope, id)?;
            let deeds = audit::of_subject(c, "impact_report", &id.to_string(), 30)?;
            Ok(Found {
                shown: impact_model::figures(c, found.report.program_id)?,
                whole: Whole::read(c, found)?,
                names: record::names(c, &deeds)?,
                deeds,
            })
        })
        .await?;
    let (status, title) = (mend.status, found.whole.found.report.title.clone());
    desk.show(
        "partner_report",
        &title,
        status,
        view(&found, staff, typed, mend)?,
    )
}

fn gradings(found: &Found, staff: &Coordinator, typed: &Typed, mend: &Mend) -> Vec<GradingView> {
    let figures = views::figures(&found.whole, staff);
    let filed = found.whole.figures.iter();
    figures
        .into_iter()
        .zip(filed)
        .map(|(figure, filed)| {
            let is_typed = typed.text("figure") == figure.id;
            let faults = ["grade", "document", "note"].iter();
            let chosen = filed.document_id.map(|id| id.to_string());
            GradingView {
                grades: Grade::ALL
                    .iter()
                    .map(|grade| GradeChoice {
                        value: grade.as_str(),
                        label: views::grade_words(*grade),
                        is_current: if is_typed {
                            typed.text("grade") == grade.as_str()
                        } else {
                            filed.grade == *grade
                        },
                    })
                    .collect(),
                documents: found
                    .whole
                    .documents
                    .iter()
                    .map(|one| {
                        let id = one.id.to_string();
                        DocumentChoice {
                            is_current: chosen.as_ref() == Some(&id),
                            name: one.name.clone(),
                            id,
                        }
                    })
                    .collect(),
                note: if is_typed {
                    typed.text("note").to_owned()
                } else {
                    String::new()
                },
                error: is_typed
                    .then(|| faults.into_iter().find_map(|field| mend.at(field)))
                    .flatten(),
                figure,
            }
        })
        .collect()
}

fn replaces(found: &Found) -> Vec<ReplaceView> {
    let own = found.whole.found.report.id;
    found
        .shown
        .iter()
        .filter(|one| one.report_id != Some(own))
        .map(|one| ReplaceView {
            id: one.id.to_string(),
            words: format!("{} {}, {}", one.count, one.label, one.period),
            is_ticked: found.whole.figures.iter().any(|new| new.label == one.label),
        })
        .collect()
}

fn view(found: &Found, staff: &Coordinator, typed: &Typed, mend: Mend) -> AppResult<ReportView> {
    let overview = &found.whole.found;
    let report = &overview.report;
    let may = |step: Move| step.from().contains(&report.state);
    let is_plain = typed.text("do").starts_with("plain");
    let stands = |name: &str, stored: &str| {
        if is_plain {
            typed.text(name).to_owned()
        } else {
            stored.to_owned()
        }
    };
    let number = report
        .number
        .filter(|_| report.state == ReportState::Published);
    Ok(ReportView {
        id: report.id.to_string(),
        title: report.title.clone(),
        state: report.state.words(),
        partner: overview.partner.name.clone(),
        partner_url: format!("/console/partners/{}", overview.partner.slug),
        program: overview.program.name.clone(),
        program_url: format!("/console/programs/{}", overview.program.slug),
        public_url: number.map(|number| report_path(&overview.program.slug, number)),
        paid: overview.tranche.as_ref().map(views::paid),
        submitted_at: report.submitted_at.map(crate::kernel::Timestamp::rfc3339),
        answers: views::answers(report),
        budget: views::budget(report, &found.whole.budget)?,
        figures: gradings(found, staff, typed, &mend),
        documents: views::documents_of(&found.whole),
        messages: views::messages_of(&found.whole),
        can_ask: may(Move::Ask),
        can_accept: may(Move::Accept),
        can_grade: report.state.is_with_staff(),
        can_write: report.state.is_with_staff(),
        can_publish: may(Move::Publish),
        can_take_down: may(Move::TakeDown),
        replaces: if may(Move::Publish) {
            replaces(found)
        } else {
            Vec::new()
        },
        message: typed.text("message").to_owned(),
        message_error: mend.at("message"),
        plain_title: stands(
            "plain_title",
            match report.plain_title.as_str() {
                "" => &report.title,
                title => title,
            },
        ),
        plain_title_error: mend.at("plain_title"),
        plain: stands("plain", &report.plain),
        plain_error: mend.at("plain"),
        // Those of a grade stand at the figure.
        errors: if typed.text("figure").is_empty() {
            mend.faults
        } else {
            Vec::new()
        },
        notice: mend.notice,
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
    })
}

/// Does what field `do` says: see [`acts`].
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    letters: Data<PartnerLetters>,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0.clone(), Room::PartnerReports);
    let id = id_of(&path.0)?;
    let (scope, by, now) = (Scope::of(&desk.signed), desk.signed.user(), desk.now());
    let found = site.db.read(move |c| find(c, &scope, id)).await?;
    let (program, partner) = (found.report.program_id, found.report.partner_id);
    let done = match acts::parse(&form.0, id) {
        Err(error) => Err(error),
        Ok(act) => {
            let word = act.word();
            site.db
                .tx(move |c| {
                    // As it stands now, which may not be as it was read.
                    let found = model::by_id(c, id)?;
                    act.run(c, &letters, &found, by, now)
                })
                .await
                .map(|()| word)
        }
    };
    match done {
        Ok(word) => {
            let program = program.to_string();
            if word == "taken-down" {
                site.views.withdrawn("program", &program);
            } else {
                site.views.changed("program", &program);
            }
            site.views.changed("partner", &partner.to_string());
            Ok(see(&format!("/console/partner-reports/{id}?done={word}")))
        }
        Err(error) => draw(&desk, &staff, id, &form.0, Mend::of(error)?).await,
    }
}

/// Hands a document of a report to whoever reviews it.
pub(super) async fn document(
    site: Data<Site>,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let id: DocumentId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this document"))?;
    let scope = Scope::of(&staff.0);
    let found = site
        .db
        .read(move |c| {
            let document = files::find(c, id)?;
            let report =
                documents::report_of(&document).ok_or(AppError::NotFound("this document"))?;
            find(c, &scope, report)?;
            Ok(document)
        })
        .await?;
    files::download(&site, &found).await
}

//! `/desk/reports/{id}/{step}`: the forms of a report. Each saves by itself; what cannot be taken, or was typed before the tab was
//! closed, is kept for whoever typed it.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::reports::{StepTab, label, tabs};
use super::rows::{self, BudgetRow, Cell, FigureRow};
use super::table::{Table, report_id};
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::reports::content::{self, Step};
use crate::impact::reports::ops::{self, Save};
use crate::impact::reports::views::{self, BudgetView, Whole};
use crate::impact::reports::{ReportId, drafts, model};
use crate::kernel::Timestamp;
use crate::partners::PartnerStaff;
use crate::web::site::see;
use crate::web::typed::{Mend, Typed};
use crate::web::{CsrfForm, Path, Site};

/// Context of `desk/step`.
#[derive(Serialize)]
struct StepView {
    id: String,
    title: String,
    program: String,
    step: &'static str,
    heading: &'static str,
    tabs: Vec<StepTab>,
    is_with_partner: bool,
    is_answers: bool,
    is_budget: bool,
    is_figures: bool,
    basis: String,
    kept_at: Option<String>,
    currency: String,
    cells: Vec<Cell>,
    budget_rows: Vec<BudgetRow>,
    budget: BudgetView,
    figure_rows: Vec<FigureRow>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// The report and the step of a path.
fn place(path: &(String, String)) -> AppResult<(ReportId, Step)> {
    let step = path
        .1
        .parse()
        .map_err(|_| AppError::NotFound("this address"))?;
    Ok((report_id(&path.0)?, step))
}

/// What a form is drawn with.
struct Drawn {
    typed: Option<Typed>,
    mend: Mend,
    /// Whether what is typed shall be saved over what was saved meanwhile.
    knows_now: bool,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (id, step) = place(&path.0)?;
    let table = Table::new(&site, &request, staff);
    let plain = Drawn {
        typed: None,
        mend: Mend::none(),
        knows_now: false,
    };
    draw(&table, (id, step), plain).await
}

async fn draw(
    table: &Table,
    (id, step): (ReportId, Step),
    drawn: Drawn,
) -> AppResult<HttpResponse> {
    let staff = table.staff.clone();
    let (whole, basis, kept) = table
        .site
        .db
        .read(move |c| {
            let found = model::of_staff(c, &staff, id)?;
            let basis = content::basis(c, &found.report, step)?;
            let kept = drafts::kept(c, id, step, staff.user())?;
            Ok((Whole::read(c, found)?, basis, kept))
        })
        .await?;
    let Drawn {
        typed,
        mend,
        knows_now,
    } = drawn;
    let (typed, kept_at) = match (typed, kept) {
        (Some(typed), _) => (typed, None),
        (None, Some((fields, at))) => (Typed(fields), Some(at)),
        (None, None) => (rows::of(&whole, step, &table.staff), None),
    };
    // What was typed on an older state says so when it is saved.
    let basis = match typed.text("basis") {
        begun if !begun.is_empty() && !knows_now => begun.to_owned(),
        _ => basis,
    };
    let status = mend.status;
    let title = whole.found.report.title.clone();
    let view = view(&whole, step, (&typed, mend), (basis, kept_at))?;
    table.show("step", &title, status, view)
}

fn view(
    whole: &Whole,
    step: Step,
    (typed, mend): (&Typed, Mend),
    (basis, kept_at): (String, Option<Timestamp>),
) -> AppResult<StepView> {
    let report = &whole.found.report;
    Ok(StepView {
        id: report.id.to_string(),
        title: report.title.clone(),
        program: whole.found.program.name.clone(),
        step: step.as_str(),
        heading: label(step),
        tabs: tabs(report.id, Some(step)),
        is_with_partner: report.state.is_with_partner(),
        is_answers: step == Step::Answers,
        is_budget: step == Step::Budget,
        is_figures: step == Step::Figures,
        basis,
        kept_at: kept_at.map(Timestamp::rfc3339),
        currency: report.currency.code().to_owned(),
        cells: match step {
            Step::Answers => rows::question_cells(typed, &mend),
            _ => Vec::new(),
        },
        budget_rows: match step {
            Step::Budget => rows::budget_rows(typed, &mend),
            _ => Vec::new(),
        },
        budget: views::budget(report, &whole.budget)?,
        figure_rows: match step {
            Step::Figures => rows::figure_rows(typed, &mend, whole),
            _ => Vec::new(),
        },
        errors: mend.faults,
        notice: mend.notice,
    })
}

/// Where one goes on from a step.
fn next(id: ReportId, step: Step) -> String {
    match step {
        Step::Answers => format!("/desk/reports/{id}/budget"),
        Step::Budget => format!("/desk/reports/{id}/figures"),
        Step::Figures => format!("/desk/reports/{id}"),
    }
}

/// Saves a step, and goes on where `do` is `next`. `keep` keeps what is typed without saving it (a script sends it now and
/// then), `discard` forgets that.
pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    path: Path<(String, String)>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (id, step) = place(&path.0)?;
    let here = format!("/desk/reports/{id}/{step}");
    let typed = form.0;
    match typed.text("do") {
        "keep" => {
            keep(&site, staff, (id, step), typed).await?;
            let mut answer = HttpResponse::NoContent();
            return Ok(answer
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .finish());
        }
        "discard" => {
            site.db
                .tx(move |c| {
                    model::of_staff(c, &staff, id)?;
                    drafts::drop_kept(c, id, step, staff.user())
                })
                .await?;
            return Ok(see(&format!("{here}?done=discarded")));
        }
        _ => {}
    }
    let table = Table::new(&site, &request, staff.clone());
    match write(&table, (id, step), &typed).await {
        Ok(()) if typed.text("do") == "next" => Ok(see(&format!("{}?done=saved", next(id, step)))),
        Ok(()) => Ok(see(&format!("{here}?done=saved"))),
        Err(error) => {
            let mend = Mend::of(error)?;
            let knows_now = mend.status == StatusCode::CONFLICT;
            // A closed tab goes on with it, also from another browser.
            keep(&site, staff, (id, step), typed.clone()).await?;
            let drawn = Drawn {
                typed: Some(typed),
                mend,
                knows_now,
            };
            draw(&table, (id, step), drawn).await
        }
    }
}

async fn write(table: &Table, (id, step): (ReportId, Step), typed: &Typed) -> AppResult<()> {
    let (staff, now) = (table.staff.clone(), table.now());
    let db = &table.site.db;
    let found = db.read(move |c| model::of_staff(c, &staff, id)).await?;
    let new = Save {
        report: id,
        basis: typed.text("basis").to_owned(),
        content: rows::parse(step, typed, found.report.currency)?,
    };
    let staff = table.staff.clone();
    db.tx(move |c| ops::save(c, &staff, &new, now)).await
}

async fn keep(
    site: &Site,
    staff: PartnerStaff,
    (id, step): (ReportId, Step),
    typed: Typed,
) -> AppResult<()> {
    let now = site.clock.now();
    let mut fields = typed.0;
    fields.retain(|(name, _)| name != "do");
    site.db
        .tx(move |c| {
            let found = model::of_staff(c, &staff, id)?;
            if !found.report.state.is_with_partner() {
                return Ok(());
            }
            drafts::keep(c, (id, step, staff.user()), &fields, now)
        })
        .await
}

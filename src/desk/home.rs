//! `/desk`: reports that are due first, then grants with their parts, own reports and programs.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::table::Table;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::ids::TrancheId;
use crate::impact::reports::model::Listing;
use crate::impact::reports::ops::{self, About};
use crate::impact::reports::tranches::{self, Tranche};
use crate::impact::reports::views::{self, RowView};
use crate::impact::reports::{ReportId, ReportState, model};
use crate::kernel::{Day, Line, Money, Zone};
use crate::partners::{self, PartnerStaff, Program};
use crate::web::site::see;
use crate::web::typed::{Mend, Typed};
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Site};

struct Found {
    partners: Vec<String>,
    programs: Vec<Program>,
    tranches: Vec<Tranche>,
    reports_on: Vec<(TrancheId, ReportId, ReportState)>,
    reports: Vec<Listing>,
}

impl Found {
    fn read(conn: &mut Conn, staff: &PartnerStaff) -> AppResult<Self> {
        let mut names = Vec::new();
        for id in staff.partners() {
            names.push(partners::model::partner_by_id(conn, *id)?.name);
        }
        let tranches = tranches::own(conn, staff)?;
        let ids: Vec<TrancheId> = tranches.iter().map(|one| one.id).collect();
        Ok(Self {
            partners: names,
            programs: partners::model::programs_of_all(conn, staff.partners())?,
            reports_on: tranches::reports_on(conn, &ids)?,
            tranches,
            reports: model::own(conn, staff)?,
        })
    }
}

#[derive(Serialize)]
struct TrancheView {
    id: String,
    grant: String,
    program: String,
    part: i32,
    amount: MoneyView,
    state: String,
    planned_on: String,
    paid_on: Option<String>,
    due_on: String,
    is_overdue: bool,
    days: i64,
    can_begin: bool,
    report_url: Option<String>,
    report_state: Option<&'static str>,
}

#[derive(Serialize)]
struct GrantView {
    grant: String,
    purpose: String,
    program: String,
    campaign: String,
    amount: MoneyView,
    tranches: Vec<TrancheView>,
}

#[derive(Serialize)]
struct ProgramView {
    id: String,
    name: String,
    href: String,
    public_url: String,
    is_chosen: bool,
}

/// Context of `desk/home`.
#[derive(Serialize)]
struct HomeView {
    partners: String,
    due: Vec<TrancheView>,
    grants: Vec<GrantView>,
    reports: Vec<RowView>,
    programs: Vec<ProgramView>,
    title: String,
    title_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
) -> AppResult<HttpResponse> {
    draw(
        &Table::new(&site, &request, staff),
        &Typed::default(),
        Mend::none(),
    )
    .await
}

async fn draw(table: &Table, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let staff = table.staff.clone();
    let found = table.site.db.read(move |c| Found::read(c, &staff)).await?;
    let today = Zone::UTC
        .day_of(table.now())
        .ok_or_else(|| AppError::internal("the clock is out of range"))?;
    let status = mend.status;
    table.show(
        "home",
        "Your desk",
        status,
        view(&found, today, typed, mend)?,
    )
}

/// Whether the partner still has to write the report on it.
fn is_due(found: &Found, tranche: &Tranche) -> bool {
    let report = found.reports_on.iter().find(|(id, ..)| *id == tranche.id);
    tranche.owes_report() && report.is_none_or(|(_, _, state)| state.is_with_partner())
}

fn tranche(found: &Found, tranche: &Tranche, today: Day) -> TrancheView {
    let report = found.reports_on.iter().find(|(id, ..)| *id == tranche.id);
    let days = today.days_to(tranche.due_on);
    TrancheView {
        id: tranche.id.to_string(),
        grant: tranche.grant_number.clone(),
        program: tranche.program_name.clone(),
        part: tranche.position,
        amount: tranche.amount.into(),
        state: tranche.state.replace('_', " "),
        planned_on: tranche.planned_on.to_string(),
        paid_on: tranche.paid_on.map(|day| day.to_string()),
        due_on: tranche.due_on.to_string(),
        is_overdue: days < 0 && is_due(found, tranche),
        days: days.abs(),
        can_begin: report.is_none() && tranche.owes_report(),
        report_url: report.map(|(_, id, _)| format!("/desk/reports/{id}")),
        report_state: report.map(|(_, _, state)| state.words()),
    }
}

fn view(found: &Found, today: Day, typed: &Typed, mend: Mend) -> AppResult<HomeView> {
    let due = found.tranches.iter().filter(|one| is_due(found, one));
    let due = due.map(|one| tranche(found, one, today)).collect();
    let mut grants: Vec<GrantView> = Vec::new();
    let mut own: Vec<&Tranche> = found.tranches.iter().collect();
    own.sort_by(|a, b| (&b.grant_number, a.position).cmp(&(&a.grant_number, b.position)));
    for parts in own.chunk_by(|a, b| a.grant == b.grant) {
        let Some(first) = parts.first() else { continue };
        let mut sum = Money::zero(first.amount.currency());
        for part in parts {
            sum = sum.plus(part.amount)?;
        }
        grants.push(GrantView {
            grant: first.grant_number.clone(),
            purpose: first.purpose.clone(),
            program: first.program_name.clone(),
            campaign: first.campaign_title.clone(),
            amount: sum.into(),
            tranches: parts.iter().map(|one| tranche(found, one, today)).collect(),
        });
    }
    let chosen = typed.text("program");
    Ok(HomeView {
        partners: found.partners.join(", "),
        due,
        grants,
        reports: found.reports.iter().map(views::row).collect(),
        programs: found
            .programs
            .iter()
            .map(|program| ProgramView {
                id: program.id.to_string(),
                name: program.name.clone(),
                href: format!("/desk/programs/{}", program.slug),
                public_url: format!("/programs/{}", program.slug),
                is_chosen: program.id.to_string() == chosen,
            })
            .collect(),
        title: typed.text("title").to_owned(),
        title_error: mend.at("title"),
        errors: mend.faults,
        notice: mend.notice,
    })
}

fn about(typed: &Typed) -> AppResult<About> {
    let tranche = typed.text("tranche");
    if !tranche.is_empty() {
        let id = tranche
            .parse()
            .map_err(|_| AppError::NotFound("the tranche"))?;
        return Ok(About::Tranche(id));
    }
    let program = typed
        .text("program")
        .parse()
        .map_err(|_| AppError::field("program", "choose a program"))?;
    let title =
        Line::parse(typed.text("title"), 120).map_err(|bad| AppError::field("title", bad))?;
    Ok(About::Program(program, title))
}

/// Begins a report: on the tranche of field `tranche`, or on the program of field `program` under a `title`.
pub(super) async fn begin(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let table = Table::new(&site, &request, staff.clone());
    let (fresh, now) = (ReportId::new(), table.now());
    let done = match about(&form.0) {
        Err(error) => Err(error),
        Ok(about) => {
            site.db
                .tx(move |c| ops::begin(c, &staff, (fresh, &about), now))
                .await
        }
    };
    match done {
        Ok(id) => Ok(see(&format!("/desk/reports/{id}/answers"))),
        Err(error) => draw(&table, &form.0, Mend::of(error)?).await,
    }
}

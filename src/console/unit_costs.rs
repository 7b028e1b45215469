//! `/console/unit-costs`: the book of what amounts cover. Lines are entered and end; none is edited or taken out.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::Duration;
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::scope::Scope;
use crate::auth::Coordinator;
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::UnitCostId;
use crate::impact::model::{BookLine, unit_cost_book};
use crate::impact::ops::{AddUnitCost, end_unit_cost, enter_unit_cost};
use crate::kernel::{Currency, Day, Limit, Line, Money, Zone};
use crate::partners::ProgramId;
use crate::partners::model::programs;
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Path, Site};

#[derive(Serialize)]
struct LineView {
    id: String,
    program: String,
    program_url: String,
    amount: MoneyView,
    covers: String,
    source: String,
    valid_from: String,
    valid_to: Option<String>,
    state: &'static str,
    can_end: bool,
    last: String,
    error: Option<String>,
    record_url: String,
}

#[derive(Serialize)]
struct ProgramChoice {
    id: String,
    name: String,
    is_current: bool,
}

/// Context of `console/unit_costs`.
#[derive(Serialize)]
struct BookView {
    lines: Vec<LineView>,
    programs: Vec<ProgramChoice>,
    program_error: Option<String>,
    fields: Vec<Field>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::UnitCosts);
    Scope::of(&desk.signed).check_whole()?;
    draw(&desk, None, &Typed::default(), Mend::none()).await
}

fn day(desk: &Desk, before: Duration) -> AppResult<Day> {
    Zone::UTC
        .day_of(desk.now().minus(before))
        .ok_or_else(|| AppError::internal("the clock is out of range"))
}

async fn draw(
    desk: &Desk,
    ending: Option<UnitCostId>,
    typed: &Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let today = day(desk, Duration::zero())?;
    let (book, programs) = desk
        .site
        .db
        .read(|c| Ok((unit_cost_book(c)?, programs(c, None, Limit::MOST)?)))
        .await?;
    let entering = if ending.is_none() {
        typed.clone()
    } else {
        Typed::default()
    };
    let d = Draw {
        typed: &entering,
        mend: &mend,
    };
    let chosen = entering.text("program");
    let view = BookView {
        lines: book
            .iter()
            .map(|line| line_view(line, today, ending, typed, &mend))
            .collect(),
        programs: programs
            .items
            .iter()
            .map(|row| ProgramChoice {
                id: row.program.id.to_string(),
                name: row.program.name.clone(),
                is_current: row.program.id.to_string() == chosen,
            })
            .collect(),
        program_error: mend.at("program"),
        fields: vec![
            d.text("amount", "Amount"),
            d.text("currency", "Currency").hint("Like USD."),
            d.text("covers", "What it covers")
                .hint("Fit for “$30 covers …”: a therapy session"),
            d.text("source", "Who says so, and where"),
            d.date("valid_from", "First day"),
            d.date("valid_to", "Last day, if it is known"),
        ],
        // Those of a line stand in its own row.
        errors: match ending {
            None => mend.faults.clone(),
            Some(_) => Vec::new(),
        },
        notice: mend.notice.clone(),
    };
    desk.show("unit_costs", "Unit costs", mend.status, view)
}

fn line_view(
    line: &BookLine,
    today: Day,
    ending: Option<UnitCostId>,
    typed: &Typed,
    mend: &Mend,
) -> LineView {
    let cost = &line.cost;
    let has_ended = cost.valid_to.is_some_and(|end| end < today);
    let is_asked = ending == Some(cost.id);
    LineView {
        id: cost.id.to_string(),
        program: line.program.clone(),
        program_url: format!("/console/programs/{}", line.slug),
        amount: cost.amount().into(),
        covers: cost.covers.clone(),
        source: cost.source.clone(),
        valid_from: cost.valid_from.to_string(),
        valid_to: cost.valid_to.map(|day| day.to_string()),
        state: if has_ended {
            "ended"
        } else if cost.valid_from > today {
            "to come"
        } else {
            "shown"
        },
        can_end: !has_ended,
        last: if is_asked {
            typed.text("last").to_owned()
        } else {
            today.to_string()
        },
        error: is_asked.then(|| mend.at("last")).flatten(),
        record_url: format!("/console/audit?subject=unit_cost+{}", cost.id),
    }
}

fn parse(typed: &Typed) -> AppResult<AddUnitCost> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| faults.push(FieldError::new(field, message));
    let text = |name: &str| typed.text(name).trim().to_owned();
    let program: Option<ProgramId> = text("program")
        .parse()
        .map_err(|_| fault("program", "choose a program".into()))
        .ok();
    let code = match text("currency") {
        code if code.is_empty() => "USD".to_owned(),
        code => code,
    };
    let currency: Option<Currency> = code
        .parse()
        .map_err(|error: crate::kernel::money::BadCurrency| fault("currency", error.to_string()))
        .ok();
    let amount = currency.and_then(|currency| {
        Money::parse_typed(&text("amount"), currency)
            .map_err(|error| fault("amount", error.to_string()))
            .ok()
    });
    let mut line = |field: &str| {
        Line::parse(&text(field), 200)
            .map_err(|error| fault(field, error.to_string()))
            .ok()
    };
    let (covers, source) = (line("covers"), line("source"));
    let valid_from: Option<Day> = text("valid_from")
        .parse()
        .map_err(|error: crate::kernel::day::BadDay| fault("valid_from", error.to_string()))
        .ok();
    let valid_to: Option<Option<Day>> = match text("valid_to").as_str() {
        "" => Some(None),
        day => day
            .parse()
            .map(Some)
            .map_err(|error: crate::kernel::day::BadDay| fault("valid_to", error.to_string()))
            .ok(),
    };
    let new = || {
        Some(AddUnitCost {
            id: UnitCostId::new(),
            program: program?,
            amount: amount?,
            covers: covers?,
            source: source?,
            valid_from: valid_from?,
            valid_to: valid_to?,
        })
    };
    new().ok_or(AppError::Invalid(faults))
}

/// What shows unit costs is made anew.
fn tell(site: &Site, program: ProgramId) {
    site.views.withdrawn("program", &program.to_string());
}

/// Enters a line.
pub(super) async fn add(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::UnitCosts);
    Scope::of(&desk.signed).check_whole()?;
    let (by, now) = (desk.signed.user(), desk.now());
    let done = match parse(&form.0) {
        Err(error) => Err(error),
        Ok(new) => {
            let program = new.program;
            site.db
                .tx(move |c| {
                    crate::partners::model::program_by_id(c, new.program)?;
                    enter_unit_cost(c, &new, by, now)
                })
                .await
                .map(|()| program)
        }
    };
    match done {
        Ok(program) => {
            tell(&site, program);
            Ok(see("/console/unit-costs?done=added"))
        }
        Err(error) => draw(&desk, None, &form.0, Mend::of(error)?).await,
    }
}

/// Ends a line with the day of field `last`.
pub(super) async fn end(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::UnitCosts);
    Scope::of(&desk.signed).check_whole()?;
    let id: UnitCostId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this line"))?;
    let (by, now) = (desk.signed.user(), desk.now());
    let yesterday = day(&desk, Duration::days(1))?;
    let last: AppResult<Day> = form
        .0
        .text("last")
        .parse()
        .map_err(|error: crate::kernel::day::BadDay| AppError::field("last", error));
    let done = match last {
        Err(error) => Err(error),
        Ok(last) => {
            site.db
                .tx(move |c| {
                    let program = crate::impact::model::unit_cost(c, id)?.program_id;
                    end_unit_cost(c, (id, last), (by, yesterday), now)?;
                    Ok(program)
                })
                .await
        }
    };
    match done {
        Ok(program) => {
            tell(&site, program);
            Ok(see("/console/unit-costs?done=cost-ended"))
        }
        Err(error) => draw(&desk, Some(id), &form.0, Mend::of(error)?).await,
    }
}

//! `/console/grants`: the list, and the form that plans one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::listing::{self, ROWS};
use super::scope::{self, Scope, SeasonChoice};
use crate::auth::Finance;
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::{campaign_programs, partners, programs};
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::funds;
use crate::grants::model::{GrantFilter, NamedGrant, list as listed};
use crate::grants::ops::{PlanGrant, PlanTranche, plan as plan_grant};
use crate::grants::{GrantId, GrantState, TrancheId};
use crate::ids::{FundId, ProgramId};
use crate::kernel::{Day, Line, Listed, Money};
use crate::web::query::{after, value};
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Query, Site};

/// Rows for tranches in the form.
const TRANCHES: usize = 4;

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    after: String,
}

#[derive(Serialize)]
struct GrantRow {
    number: String,
    href: String,
    partner: String,
    program: String,
    amount: MoneyView,
    state: String,
    purpose: String,
    created_at: String,
}

#[derive(Serialize)]
struct TrancheField {
    nth: usize,
    amount: String,
    planned_on: String,
    report_due_on: String,
}

#[derive(Serialize)]
struct ProgramChoice {
    id: String,
    label: String,
    is_current: bool,
}

/// Context of `console/grants`.
#[derive(Serialize)]
struct GrantsView {
    states: Vec<listing::Choice>,
    rows: Vec<GrantRow>,
    next_url: Option<String>,
    seasons: Vec<SeasonChoice>,
    programs: Vec<ProgramChoice>,
    program_error: Option<String>,
    from_season: bool,
    purpose: String,
    purpose_error: Option<String>,
    tranches: Vec<TrancheField>,
    tranches_error: Option<String>,
    fund_error: Option<String>,
    limit: String,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Grants);
    draw(&desk, query.0, &Typed::default(), Mend::none()).await
}

fn row(named: &NamedGrant) -> GrantRow {
    let grant = &named.grant;
    GrantRow {
        href: format!("/console/grants/{}", grant.number),
        number: grant.number.clone(),
        partner: named.partner.clone(),
        program: named.program.clone(),
        amount: grant.money().into(),
        state: grant.state.as_str().replace('_', " "),
        purpose: grant.purpose.clone(),
        created_at: grant.created_at.rfc3339(),
    }
}

async fn draw(desk: &Desk, asked: Asked, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let scope = Scope::as_finance(&desk.signed);
    let given = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    let state: Option<GrantState> = value("state", given(&asked.state).as_deref())?;
    let place: Option<GrantId> = after(given(&asked.after).as_deref())?;
    let slug = typed.text("campaign").to_owned();
    type Found = (
        Listed<NamedGrant>,
        Vec<SeasonChoice>,
        Vec<(ProgramId, String)>,
    );
    let (found, seasons, programs): Found = desk
        .site
        .db
        .read(move |c| {
            let filter = GrantFilter {
                mine: scope.ids().map(<[_]>::to_vec),
                state,
                ..GrantFilter::default()
            };
            let found = listed(c, &filter, place, ROWS)?;
            let seasons = match scope::chosen(c, &scope, &slug) {
                Ok(chosen) => chosen.choices,
                Err(AppError::NotFound(_)) => Vec::new(),
                Err(other) => return Err(other),
            };
            Ok((found, seasons, named_programs(c, &scope)?))
        })
        .await?;
    let limit = desk.site.config.grants.two_people_above;
    let view = GrantsView {
        states: listing::choices(GrantState::ALL, &asked.state),
        rows: found.items.iter().map(row).collect(),
        next_url: listing::next(&desk.request, &found),
        seasons,
        programs: programs
            .into_iter()
            .map(|(id, label)| ProgramChoice {
                is_current: typed.text("program") == id.to_string(),
                id: id.to_string(),
                label,
            })
            .collect(),
        program_error: mend.at("program"),
        from_season: typed.text("fund") == "season",
        purpose: typed.text("purpose").to_owned(),
        purpose_error: mend.at("purpose"),
        tranches: (1..=TRANCHES)
            .map(|nth| TrancheField {
                nth,
                amount: typed.text(&format!("amount_{nth}")).to_owned(),
                planned_on: typed.text(&format!("planned_on_{nth}")).to_owned(),
                report_due_on: typed.text(&format!("report_due_on_{nth}")).to_owned(),
            })
            .collect(),
        tranches_error: mend.at("tranches"),
        fund_error: mend.at("fund"),
        limit: crate::kernel::money::thousands(limit.unsigned_abs()),
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("grants", "Grants", mend.status, view)
}

/// The programs that the seasons of `scope` name, by name: no other can be paid out of them.
fn named_programs(conn: &mut Conn, scope: &Scope) -> AppResult<Vec<(ProgramId, String)>> {
    let rows: Vec<(ProgramId, String, String)> = each!(conn, c: Db => {
        let mut query = campaign_programs::table
            .inner_join(programs::table.on(programs::id.eq(campaign_programs::program_id)))
            .inner_join(partners::table.on(partners::id.eq(programs::partner_id)))
            .select((programs::id, programs::name, partners::name))
            .distinct()
            .order((programs::name, programs::id))
            .into_boxed::<Db>();
        if let Some(ids) = scope.ids() {
            query = query.filter(campaign_programs::campaign_id.eq_any(ids.to_vec()));
        }
        query.load(c)
    })?;
    let named = rows.into_iter();
    Ok(named
        .map(|(id, program, partner)| (id, format!("{program} ({partner})")))
        .collect())
}

/// Plans a grant: fields `campaign`, `program`, `fund` (`program` or `season`), `purpose`, and `amount_1`, `planned_on_1`,
/// `report_due_on_1` … of its tranches.
pub(super) async fn plan(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Grants);
    match written(&desk, &form.0).await {
        Ok(number) => Ok(see(&format!("/console/grants/{number}?done=planned"))),
        Err(error) => draw(&desk, Asked::default(), &form.0, Mend::of(error)?).await,
    }
}

async fn written(desk: &Desk, typed: &Typed) -> AppResult<String> {
    let scope = Scope::as_finance(&desk.signed);
    let slug = typed.text("campaign").to_owned();
    let (id, now) = (GrantId::new(), desk.now());
    let season = desk
        .site
        .db
        .read(move |c| scope::season(c, &scope, &slug))
        .await?;
    let purpose = Line::parse(typed.text("purpose"), 400);
    let tranches = tranches(typed, &season);
    let program = typed.text("program").parse::<ProgramId>();
    let (purpose, tranches, program) = match (purpose, tranches, program) {
        (Ok(purpose), Ok(tranches), Ok(program)) => (purpose, tranches, program),
        (purpose, tranches, program) => {
            let mut faults = Vec::new();
            faults.extend(
                program
                    .err()
                    .map(|_| FieldError::new("program", "choose a program")),
            );
            faults.extend(purpose.err().map(|error| FieldError::new("purpose", error)));
            faults.extend(
                tranches
                    .err()
                    .map(|error| FieldError::new("tranches", error)),
            );
            return Err(AppError::Invalid(faults));
        }
    };
    let (by, from_season) = (desk.signed.user(), typed.text("fund") == "season");
    desk.site
        .db
        .tx(move |c| {
            let new = PlanGrant {
                id,
                campaign: season.id,
                program,
                fund: fund(c, &season, program, from_season)?,
                purpose: purpose.clone(),
                tranches: tranches.clone(),
                by,
            };
            plan_grant(c, &new, now)
        })
        .await
}

fn fund(
    conn: &mut Conn,
    season: &Campaign,
    program: ProgramId,
    from_season: bool,
) -> AppResult<FundId> {
    let found = if from_season {
        funds::campaign_fund(conn, season.id)?
    } else {
        funds::fund_of_program(conn, program, season.currency)?
    };
    found.map(|fund| fund.id).ok_or_else(|| {
        let say = format!("there is no such fund in {}", season.currency);
        AppError::field("fund", say)
    })
}

/// The tranches of which an amount was typed.
fn tranches(typed: &Typed, season: &Campaign) -> Result<Vec<PlanTranche>, String> {
    let mut all = Vec::new();
    for nth in 1..=TRANCHES {
        let field = |word: &str| typed.text(&format!("{word}_{nth}")).trim().to_owned();
        let (amount, planned_on, report_due_on) =
            (field("amount"), field("planned_on"), field("report_due_on"));
        if amount.is_empty() && planned_on.is_empty() && report_due_on.is_empty() {
            continue;
        }
        let day = |text: &str, what: &str| {
            text.parse::<Day>()
                .map_err(|_| format!("tranche {nth}: choose the day {what}"))
        };
        all.push(PlanTranche {
            id: TrancheId::new(),
            amount: Money::parse_typed(&amount, season.currency)
                .map_err(|error| format!("tranche {nth}: {error}"))?,
            planned_on: day(&planned_on, "on which it shall be paid")?,
            report_due_on: day(&report_due_on, "on which its report is due")?,
        });
    }
    Ok(all)
}

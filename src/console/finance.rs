//! `/console/finance`: what the funds hold, what of it is promised, which reports are due, what the reserve lacks, what does
//! not match.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::bars::lying;
use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::scope::Scope;
use crate::auth::Finance;
use crate::campaigns::{self, Campaign};
use crate::db::Conn;
use crate::error::{AppResult, FieldError};
use crate::funds::covers::{self, Cover};
use crate::grants::model::{Owed, owed};
use crate::grants::standing::{self, FundStanding, Place};
use crate::ids::CampaignId;
use crate::kernel::{Day, Money, Timestamp};
use crate::web::Site;
use crate::web::views::money::MoneyView;

/// Reports that are due within so many days are shown.
const AHEAD: i64 = 45;
/// Reports shown at most.
const OWED_MAX: i64 = 50;

struct Found {
    funds: Vec<FundStanding>,
    owed: Vec<Owed>,
    places: Vec<Place>,
    reserves: Vec<(Campaign, Money, Vec<Cover>)>,
    findings: Vec<(String, i64)>,
}

#[derive(Serialize)]
struct FundRow {
    name: String,
    held: MoneyView,
    promised: MoneyView,
    free: MoneyView,
    granted: MoneyView,
    lacks: Option<MoneyView>,
    bar_svg: String,
}

#[derive(Serialize)]
struct OwedRow {
    number: String,
    partner: String,
    program: String,
    position: i32,
    amount: MoneyView,
    due_on: Day,
    is_overdue: bool,
}

#[derive(Serialize)]
struct PlaceRow {
    name: String,
    holds: MoneyView,
}

#[derive(Serialize)]
struct CoverRow {
    id: String,
    amount: MoneyView,
    reason: String,
    paid_on: Day,
    bank_reference: String,
    state: String,
    is_planned: bool,
    is_own: bool,
}

#[derive(Serialize)]
struct ReserveRow {
    season: String,
    slug: String,
    lacks: MoneyView,
    is_short: bool,
    covers: Vec<CoverRow>,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct FindingRow {
    kind: String,
    number: i64,
}

/// Context of `console/finance`.
#[derive(Serialize)]
struct FinanceView {
    funds: Vec<FundRow>,
    owed: Vec<OwedRow>,
    overdue: usize,
    places: Vec<PlaceRow>,
    reserves: Vec<ReserveRow>,
    findings: Vec<FindingRow>,
    unreconciled: i64,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn home(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Finance);
    draw(&desk, None, Mend::none()).await
}

fn find(conn: &mut Conn, scope: &Scope, today: Day, until: Day) -> AppResult<Found> {
    let seasons: Vec<Campaign> = campaigns::model::all(conn)?
        .into_iter()
        .filter(|one| scope.holds(one.id))
        .collect();
    let mut own_funds = Vec::new();
    for season in &seasons {
        for program in campaigns::edit::program_ids(conn, season.id)? {
            own_funds.extend(crate::funds::fund_of_program(
                conn,
                program,
                season.currency,
            )?);
        }
    }
    let mut reserves = Vec::new();
    for season in seasons {
        let lacks = covers::deficit(conn, season.id, season.currency)?;
        let made = covers::covers_of(conn, season.id)?;
        if lacks.minor() > 0 || !made.is_empty() {
            reserves.push((season, lacks, made));
        }
    }
    let mut funds = standing::funds(conn)?;
    funds.retain(|fund| match fund.campaign {
        Some(campaign) => scope.holds(campaign),
        None => scope.is_whole() || own_funds.iter().any(|own| own.id == fund.id),
    });
    // The season's own fund is mostly empty: its money is shared out as it comes.
    funds.retain(|fund| {
        fund.campaign.is_none()
            || fund.held.minor() + fund.granted.minor() + fund.promised.minor() > 0
    });
    let mut owed = owed(conn, scope.ids(), until, OWED_MAX)?;
    owed.sort_by_key(|one| (!one.tranche.is_overdue(today), one.tranche.report_due_on));
    Ok(Found {
        funds,
        owed,
        places: standing::places(conn)?,
        reserves,
        findings: standing::open_findings(conn)?.into_iter().collect(),
    })
}

/// The page: with what was typed into the form of a reserve, where that is to be mended.
pub(super) async fn draw(
    desk: &Desk,
    typed: Option<(CampaignId, &Typed)>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let (scope, now) = (Scope::as_finance(&desk.signed), desk.now());
    let (today, until) = (
        utc_day(now)?,
        utc_day(now.plus(chrono::Duration::days(AHEAD)))?,
    );
    let found = desk
        .site
        .db
        .read(move |c| find(c, &scope, today, until))
        .await?;
    let view = FinanceView {
        funds: fund_rows(&found.funds),
        overdue: found
            .owed
            .iter()
            .filter(|one| one.tranche.is_overdue(today))
            .count(),
        owed: found.owed.iter().map(|one| owed_row(one, today)).collect(),
        places: found
            .places
            .into_iter()
            .map(|place| PlaceRow {
                name: spoken(&place.name),
                holds: place.holds.into(),
            })
            .collect(),
        reserves: found
            .reserves
            .iter()
            .map(|(season, lacks, made)| {
                let of_this = typed.filter(|(campaign, _)| *campaign == season.id);
                reserve_row(
                    desk,
                    (season, *lacks, made.as_slice()),
                    of_this.map(|(_, typed)| typed),
                    &mend,
                )
            })
            .collect(),
        unreconciled: found.findings.iter().map(|(_, number)| number).sum(),
        findings: found
            .findings
            .into_iter()
            .map(|(kind, number)| FindingRow {
                kind: kind.replace('_', " "),
                number,
            })
            .collect(),
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("finance", "Finance", mend.status, view)
}

/// An account's name as people say it.
fn spoken(account: &str) -> String {
    match account.strip_prefix("processor:") {
        Some(processor) => format!("the processor, {processor}"),
        None => format!("the {account}"),
    }
}

fn utc_day(at: Timestamp) -> AppResult<Day> {
    Day::try_from(at.naive().date()).map_err(crate::error::AppError::internal)
}

fn fund_rows(funds: &[FundStanding]) -> Vec<FundRow> {
    let whole = |fund: &FundStanding| fund.held.minor() + fund.granted.minor();
    let rows = funds.iter().map(|fund| {
        let currency = fund.held.currency();
        let most = funds
            .iter()
            .filter(|other| other.held.currency() == currency)
            .map(whole)
            .max();
        let promised = fund.promised.minor().min(fund.held.minor());
        let free = fund.held.minor() - promised;
        let lacks = fund.lacks();
        FundRow {
            name: fund.name.clone(),
            held: fund.held.into(),
            promised: fund.promised.into(),
            free: Money::new(free, currency).into(),
            granted: fund.granted.into(),
            lacks: (lacks.minor() > 0).then(|| lacks.into()),
            bar_svg: lying(
                &[
                    ("seg-granted", fund.granted.minor()),
                    ("seg-promised", promised),
                    ("seg-free", free),
                ],
                most.unwrap_or(0),
            ),
        }
    });
    rows.collect()
}

fn owed_row(one: &Owed, today: Day) -> OwedRow {
    OwedRow {
        number: one.number.clone(),
        partner: one.partner.clone(),
        program: one.program.clone(),
        position: one.tranche.position,
        amount: Money::new(one.tranche.amount, one.currency).into(),
        due_on: one.tranche.report_due_on,
        is_overdue: one.tranche.is_overdue(today),
    }
}

fn reserve_row(
    desk: &Desk,
    (season, lacks, made): (&Campaign, Money, &[Cover]),
    typed: Option<&Typed>,
    mend: &Mend,
) -> ReserveRow {
    let (mut fresh, none) = (Typed::default(), Mend::none());
    fresh.set("amount", lacks.decimal());
    let d = Draw {
        typed: typed.unwrap_or(&fresh),
        mend: if typed.is_some() { mend } else { &none },
    };
    ReserveRow {
        season: season.title.clone(),
        slug: season.slug.to_string(),
        lacks: lacks.into(),
        is_short: lacks.minor() > 0,
        covers: made
            .iter()
            .map(|one| CoverRow {
                id: one.id.to_string(),
                amount: one.money().into(),
                reason: one.reason.clone(),
                paid_on: one.paid_on,
                bank_reference: one.bank_reference.clone(),
                state: one.state.to_string(),
                is_planned: one.state == covers::CoverState::Planned,
                is_own: one.planned_by == desk.signed.user(),
            })
            .collect(),
        fields: vec![
            d.text("amount", "How much came from the organisation’s own means"),
            d.date("paid_on", "On which day it came to the bank"),
            d.text("bank_reference", "The bank’s reference"),
            d.text("reason", "Why, for whoever reads the books").wide(),
        ],
    }
}

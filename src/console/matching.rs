//! `/console/matching`: the match pools of a season, what each holds, the gifts that it matched, and what becomes of the
//! rest.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::listing::{self, ROWS};
use super::matching_form::{self, FormView};
use super::scope::{self, Scope, SeasonChoice};
use crate::auth::{Staff, UserId};
use crate::campaigns::{Campaign, model as campaigns};
use crate::db::Conn;
use crate::donations::hands::NewIds;
use crate::donations::settle::Applied;
use crate::donations::{Giving, pools};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::secret::random_token;
use crate::kernel::{Line, Money, Timestamp};
use crate::matching::model::{
    self, ArrivalId, Basis, Pool, PoolId, PoolState, ReleaseId, ReleaseKind, ReleaseState,
};
use crate::matching::ops::{self, NewArrival, Proposal};
use crate::web::query::after;
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
    after: String,
}

/// A pool as a row, and at the head of its own page.
#[derive(Serialize)]
struct PoolView {
    id: String,
    sponsor: String,
    state: &'static str,
    basis: &'static str,
    reserved: MoneyView,
    holds: MoneyView,
    added: MoneyView,
    gifts: i64,
    outstanding: Option<MoneyView>,
    per_unit: MoneyView,
    unit: MoneyView,
    cap: Option<MoneyView>,
    starts_at: String,
    ends_at: String,
    used_percent: i64,
}

/// Context of `console/matching`.
#[derive(Serialize)]
struct ListView {
    campaign: String,
    seasons: Vec<SeasonChoice>,
    rows: Vec<PoolView>,
    form: FormView,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

fn pool_view(conn: &mut Conn, pool: &Pool, now: Timestamp) -> AppResult<PoolView> {
    let money = |minor| MoneyView::from(Money::new(minor, pool.currency));
    let (gifts, added) = model::matched_sum(conn, pool.id)?;
    let holds = pool.holds(conn)?;
    let outstanding = pool.outstanding(conn)?;
    let used = i128::from(added) * 100 / i128::from(pool.amount.max(1));
    Ok(PoolView {
        id: pool.id.to_string(),
        sponsor: pool.sponsor.clone(),
        state: match pool.state {
            PoolState::Draft => "draft: nothing is reserved",
            PoolState::Closed => "closed",
            PoolState::Live if now < pool.starts_at => "reserved, not begun",
            PoolState::Live if now >= pool.ends_at => "ended: the rest waits for a decision",
            PoolState::Live if holds.minor() == 0 => "used up",
            PoolState::Live => "live",
        },
        basis: match pool.basis {
            Basis::Gift => "a gift, at the bank",
            Basis::Pledge => "a pledge",
        },
        reserved: pool.reserved().into(),
        holds: holds.into(),
        added: money(added),
        gifts,
        outstanding: (outstanding.minor() > 0).then(|| outstanding.into()),
        per_unit: pool.per_unit().into(),
        unit: money(pool.currency.scale()),
        cap: pool.cap().map(Into::into),
        starts_at: pool.starts_at.rfc3339(),
        ends_at: pool.ends_at.rfc3339(),
        used_percent: i64::try_from(used).unwrap_or(100).clamp(0, 100),
    })
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Matching);
    draw_list(&desk, &query.0.campaign, None, Mend::none()).await
}

async fn draw_list(
    desk: &Desk,
    slug: &str,
    typed: Option<Typed>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let (scope, slug, now) = (Scope::of(&desk.signed), slug.to_owned(), desk.now());
    let (chosen, rows, programs) = desk
        .site
        .db
        .read(move |c| {
            let chosen = scope::chosen(c, &scope, &slug)?;
            let pools = model::of_campaign(c, chosen.campaign.id)?;
            let rows: AppResult<Vec<PoolView>> =
                pools.iter().map(|pool| pool_view(c, pool, now)).collect();
            let programs = crate::campaigns::overview::programs_of(c, chosen.campaign.id)?;
            Ok((chosen, rows?, programs))
        })
        .await?;
    let typed = typed.unwrap_or_else(|| matching_form::fresh(&chosen.campaign, now));
    let view = ListView {
        campaign: chosen.campaign.slug.to_string(),
        seasons: chosen.choices,
        rows,
        form: FormView::new(&chosen.campaign, &programs, &typed, &mend),
        errors: mend.faults,
        notice: mend.notice,
    };
    desk.show("matching", "Match pools", mend.status, view)
}

/// Writes a pool down.
pub(super) async fn create(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Matching);
    let typed = form.0;
    let (scope, slug) = (
        Scope::of(&desk.signed),
        typed.text("campaign").trim().to_owned(),
    );
    let asked = typed.clone();
    let (campaign, programs, pages) = site
        .db
        .read(move |c| {
            let campaign = scope::season(c, &scope, &slug)?;
            let programs = crate::campaigns::overview::programs_of(c, campaign.id)?;
            let pages = matching_form::pages_named(c, &asked, &campaign)?;
            Ok((campaign, programs, pages))
        })
        .await?;
    let (by, now) = (desk.signed.user(), desk.now());
    let done = match matching_form::parse(&typed, &campaign, &programs, pages, by, random_token()?)
    {
        Err(faults) => Err(AppError::Invalid(faults)),
        Ok(new) => {
            let id = new.id;
            let work = site.db.tx(move |c| ops::draft(c, &new, now));
            work.await.map(|()| id)
        }
    };
    match done {
        Ok(id) => Ok(see(&format!("/console/matching/{id}?done=pool-made"))),
        Err(error) => draw_list(&desk, campaign.slug.as_str(), Some(typed), Mend::of(error)?).await,
    }
}

#[derive(Serialize)]
struct MatchedRow {
    gift: String,
    added: MoneyView,
    back: Option<MoneyView>,
    at: String,
}

#[derive(Serialize)]
struct ArrivalRow {
    amount: MoneyView,
    on: String,
    reference: String,
}

#[derive(Serialize)]
struct ReleaseRow {
    id: String,
    what: &'static str,
    state: String,
    reason: String,
    amount: Option<MoneyView>,
    proposed_at: String,
    decided_at: Option<String>,
    is_open: bool,
    is_mine: bool,
}

/// Context of `console/match_pool`.
#[derive(Serialize)]
struct PoolPage {
    pool: PoolView,
    campaign: String,
    slug: String,
    sponsor_url: Option<String>,
    note: String,
    targets: Vec<String>,
    is_draft: bool,
    is_open: bool,
    may_release: bool,
    may_give: bool,
    matched: Vec<MatchedRow>,
    next_url: Option<String>,
    arrivals: Vec<ArrivalRow>,
    releases: Vec<ReleaseRow>,
    arrival_id: String,
    release_id: String,
    amount: String,
    amount_error: Option<String>,
    arrived_on: String,
    arrived_on_error: Option<String>,
    reference: String,
    reference_error: Option<String>,
    reason: String,
    reason_error: Option<String>,
    notice: Option<String>,
}

fn pool_id(text: &str) -> AppResult<PoolId> {
    text.parse()
        .map_err(|_| AppError::NotFound("this match pool"))
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Matching);
    let id = pool_id(&path.0)?;
    draw_pool(&desk, id, query.0, &Typed::default(), Mend::none()).await
}

async fn draw_pool(
    desk: &Desk,
    id: PoolId,
    asked: Asked,
    typed: &Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let (scope, now, me) = (Scope::of(&desk.signed), desk.now(), desk.signed.user());
    let place = after(Some(asked.after.as_str()).filter(|text| !text.is_empty()))?;
    let (pool, view, campaign, targets, matched, arrivals, releases) = desk
        .site
        .db
        .read(move |c| {
            let pool = model::by_id(c, id)?;
            scope.check(pool.campaign_id)?;
            let view = pool_view(c, &pool, now)?;
            let campaign = campaigns::by_id(c, pool.campaign_id)?;
            let targets = matching_form::targets(c, &pool)?;
            let matched = model::matched_by(c, id, place, ROWS)?;
            let arrivals = model::arrivals_of(c, id)?;
            let releases = model::releases_of(c, id)?;
            Ok((pool, view, campaign, targets, matched, arrivals, releases))
        })
        .await?;
    let money = |minor| MoneyView::from(Money::new(minor, pool.currency));
    let waits = releases
        .iter()
        .any(|one| one.state == ReleaseState::Proposed);
    let ended = pool.state != PoolState::Draft && now >= pool.ends_at;
    let page = PoolPage {
        campaign: campaign.title.clone(),
        slug: campaign.slug.to_string(),
        sponsor_url: match (&pool.token, pool.state) {
            (Some(token), PoolState::Live | PoolState::Closed) => Some(format!("/matches/{token}")),
            _ => None,
        },
        note: pool.note.clone(),
        targets,
        is_draft: pool.state == PoolState::Draft,
        is_open: pool.state == PoolState::Live && now < pool.ends_at,
        may_release: ended && !waits && view.holds.minor > 0,
        may_give: view.outstanding.is_none(),
        next_url: listing::next(&desk.request, &matched),
        matched: matched
            .items
            .iter()
            .map(|one| MatchedRow {
                gift: one.donation_id.to_string(),
                added: money(one.amount),
                back: (one.reversed > 0).then(|| money(one.reversed)),
                at: one.matched_at.rfc3339(),
            })
            .collect(),
        arrivals: arrivals
            .iter()
            .map(|one| ArrivalRow {
                amount: money(one.amount),
                on: one.arrived_on.to_string(),
                reference: one.reference.clone(),
            })
            .collect(),
        releases: releases
            .iter()
            .map(|one| release_row(one, &pool, me))
            .collect(),
        arrival_id: ArrivalId::new().to_string(),
        release_id: ReleaseId::new().to_string(),
        amount: typed.text("amount").to_owned(),
        amount_error: mend.at("amount"),
        arrived_on: typed.text("arrived_on").to_owned(),
        arrived_on_error: mend.at("arrived_on"),
        reference: typed.text("reference").to_owned(),
        reference_error: mend.at("reference"),
        reason: typed.text("reason").to_owned(),
        reason_error: mend.at("reason"),
        notice: mend.notice.clone(),
        pool: view,
    };
    desk.show("match_pool", "Match pool", mend.status, page)
}

fn release_row(one: &model::Release, pool: &Pool, me: UserId) -> ReleaseRow {
    ReleaseRow {
        id: one.id.to_string(),
        what: match one.kind {
            ReleaseKind::Return => "Back to the sponsor",
            ReleaseKind::Give => "Into the campaign’s own fund, as the sponsor’s gift",
        },
        state: one.state.to_string(),
        reason: one.reason.clone(),
        amount: one
            .amount
            .map(|minor| Money::new(minor, pool.currency).into()),
        proposed_at: one.proposed_at.rfc3339(),
        decided_at: one.decided_at.map(|at| at.rfc3339()),
        is_open: one.state == ReleaseState::Proposed,
        is_mine: one.proposed_by == me,
    }
}

/// What is done to a pool: `act` is `confirm`, `end`, `arrive`, `propose`, `decide` or `refuse`.
pub(super) async fn act(
    giving: Data<Giving>,
    request: HttpRequest,
    staff: Staff,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&giving.site, &request, staff.0, Room::Matching);
    let id = pool_id(&path.0)?;
    let (scope, typed) = (Scope::of(&desk.signed), form.0);
    let (pool, campaign) = giving
        .site
        .db
        .read(move |c| {
            let pool = model::by_id(c, id)?;
            scope.check(pool.campaign_id)?;
            let campaign = campaigns::by_id(c, pool.campaign_id)?;
            Ok((pool, campaign))
        })
        .await?;
    match done(&desk, &giving, &pool, &campaign, &typed).await {
        Ok(word) => Ok(see(&format!("/console/matching/{id}?done={word}"))),
        Err(error) => {
            let mend = Mend::of(error)?;
            draw_pool(&desk, id, Asked::default(), &typed, mend).await
        }
    }
}

async fn done(
    desk: &Desk,
    giving: &Giving,
    pool: &Pool,
    campaign: &Campaign,
    typed: &Typed,
) -> AppResult<&'static str> {
    let (db, id) = (&giving.site.db, pool.id);
    let (by, now) = (desk.signed.user(), desk.now());
    match typed.text("act") {
        "confirm" => {
            db.tx(move |c| ops::confirm(c, id, by, now)).await?;
            Ok("pool-live")
        }
        "end" => {
            db.tx(move |c| ops::end_now(c, id, by, now)).await?;
            Ok("pool-ended")
        }
        "arrive" => {
            let new = arrival(typed, pool, by)?;
            db.tx(move |c| ops::arrive(c, &new, now)).await?;
            Ok("arrived")
        }
        "propose" => {
            let new = proposal(typed, pool, by)?;
            db.tx(move |c| ops::propose(c, &new, now)).await?;
            Ok("proposed")
        }
        "decide" | "refuse" => {
            let release: ReleaseId = typed
                .text("release")
                .parse()
                .map_err(|_| AppError::NotFound("this proposal"))?;
            if typed.text("act") == "refuse" {
                db.tx(move |c| ops::refuse(c, (release, id), by, now))
                    .await?;
                return Ok("refused");
            }
            let (with, ids) = (giving.settling(), NewIds::new()?);
            let (_, gift) = db
                .tx(move |c| pools::decide(c, &with, ((release, id), &ids), by, now))
                .await?;
            if let Some(gift) = gift {
                giving.show(&Applied {
                    settled: vec![gift.id],
                    changed: vec![gift],
                    ..Applied::default()
                });
            }
            Ok("released")
        }
        _ => Err(AppError::NotFound("this deed")),
    }
    .inspect(|_| {
        giving
            .site
            .views
            .changed("campaign", &campaign.id.to_string());
    })
}

fn arrival(typed: &Typed, pool: &Pool, by: UserId) -> AppResult<NewArrival> {
    let mut faults = Vec::new();
    let mut note = |field: &str, word: String| faults.push(FieldError::new(field, word));
    let amount = Money::parse_typed(typed.text("amount").trim(), pool.currency)
        .map_err(|bad| note("amount", bad.to_string()));
    let on = typed
        .text("arrived_on")
        .trim()
        .parse()
        .map_err(|bad: crate::kernel::day::BadDay| note("arrived_on", bad.to_string()));
    let reference =
        Line::parse(typed.text("reference"), 140).map_err(|bad| note("reference", bad.to_string()));
    match (amount, on, reference) {
        (Ok(amount), Ok(on), Ok(reference)) => Ok(NewArrival {
            id: typed
                .text("id")
                .parse()
                .unwrap_or_else(|_| ArrivalId::new()),
            pool: pool.id,
            amount,
            on,
            reference,
            by,
        }),
        _ => Err(AppError::Invalid(faults)),
    }
}

fn proposal(typed: &Typed, pool: &Pool, by: UserId) -> AppResult<Proposal> {
    let kind = typed
        .text("kind")
        .parse()
        .map_err(|_| AppError::field("kind", "choose where the rest goes"))?;
    let reason =
        Line::parse(typed.text("reason"), 300).map_err(|bad| AppError::field("reason", bad))?;
    Ok(Proposal {
        id: typed
            .text("id")
            .parse()
            .unwrap_or_else(|_| ReleaseId::new()),
        pool: pool.id,
        kind,
        reason,
        by,
    })
}

//! `/console/grants/{number}`: one grant: approve, pay, cancel, close, and what became of it.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::record::{self, DeedView};
use super::scope::Scope;
use crate::audit::{self, Recorded};
use crate::auth::{Finance, UserId};
use crate::campaigns;
use crate::db::Conn;
use crate::db::schema::users;
use crate::documents;
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::grants::model::{NamedGrant, approvals_of, by_number, tranche, tranches_of};
use crate::grants::ops::{
    Cancel, PayTranche, approve, cancel, close, come_back, mark_reported, pay as pay_tranche,
};
use crate::grants::standing::{LayersTaken, layers_of};
use crate::grants::{self, Grant, GrantState, Room as FundRoom, Tranche, TrancheId, TrancheState};
use crate::kernel::{Day, Line, Money, Timestamp};
use crate::web::site::see;
use crate::web::upload::UploadForm;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Path, Site};

/// Deeds shown of its record.
const DEEDS: i64 = 40;

struct Found {
    named: NamedGrant,
    season: String,
    tranches: Vec<Tranche>,
    approvals: Vec<(UserId, Timestamp)>,
    room: FundRoom,
    taken: LayersTaken,
    deeds: Vec<Recorded>,
    names: HashMap<UserId, String>,
    today: Day,
}

#[derive(Serialize)]
struct TrancheView {
    id: String,
    position: i32,
    amount: MoneyView,
    state: String,
    is_overdue: bool,
    is_next: bool,
    is_out: bool,
    planned_on: Day,
    report_due_on: Day,
    paid_on: Option<Day>,
    bank_reference: Option<String>,
    slip_url: Option<String>,
    reported_at: Option<String>,
}

#[derive(Serialize)]
struct ApprovalView {
    name: String,
    at: String,
}

/// The form that pays the next tranche.
#[derive(Serialize)]
struct PayForm {
    tranche: String,
    position: i32,
    amount: MoneyView,
    paid_on: String,
    bank_reference: String,
    report_due_on: String,
    paid_on_error: Option<String>,
    reference_error: Option<String>,
    due_error: Option<String>,
    slip_error: Option<String>,
}

/// Context of `console/grant`.
#[derive(Serialize)]
struct GrantView {
    number: String,
    state: String,
    amount: MoneyView,
    purpose: String,
    partner: String,
    partner_url: String,
    program: String,
    program_url: String,
    season: String,
    reason: String,
    planned_by: String,
    approvals: Vec<ApprovalView>,
    needs_two: bool,
    may_approve: bool,
    can_cancel: bool,
    can_close: bool,
    reason_typed: String,
    reason_error: Option<String>,
    held: MoneyView,
    promised: MoneyView,
    tranches: Vec<TrancheView>,
    pay: Option<PayForm>,
    layers: i64,
    gifts: i64,
    oldest: Option<String>,
    youngest: Option<String>,
    deeds: Vec<DeedView>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

fn find(conn: &mut Conn, scope: &Scope, number: &str, now: Timestamp) -> AppResult<Found> {
    let named = by_number(conn, number)?;
    let grant = &named.grant;
    scope.check(grant.campaign_id)?;
    let season = campaigns::model::by_id(conn, grant.campaign_id)?;
    let approvals = approvals_of(conn, grant.id)?;
    let deeds = audit::of_subject(conn, "grant", &grant.id.to_string(), DEEDS)?;
    let mut names = record::names(conn, &deeds)?;
    let mut people: Vec<UserId> = approvals.iter().map(|(who, _)| *who).collect();
    people.push(grant.planned_by);
    let query = users::table
        .filter(users::id.eq_any(people))
        .select((users::id, users::name));
    let more: Vec<(UserId, String)> = each!(conn, c => query.load(c))?;
    names.extend(more);
    Ok(Found {
        today: season
            .time_zone
            .day_of(now)
            .ok_or_else(|| AppError::internal("today is no day of the calendar"))?,
        season: season.title,
        tranches: tranches_of(conn, grant.id)?,
        room: grants::room(conn, grant.fund_id, grant.currency, Some(grant.id))?,
        taken: layers_of(conn, grant.id)?,
        approvals,
        deeds,
        names,
        named,
    })
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Grants);
    draw(&desk, &path.0, &Typed::default(), Mend::none()).await
}

async fn draw(desk: &Desk, number: &str, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let (scope, now, number) = (
        Scope::as_finance(&desk.signed),
        desk.now(),
        number.to_owned(),
    );
    let db = &desk.site.db;
    let found = db.read(move |c| find(c, &scope, &number, now)).await?;
    let status = mend.status;
    let title = format!("Grant {}", found.named.grant.number);
    let view = view(desk, &found, typed, mend);
    desk.show("grant", &title, status, view)
}

fn view(desk: &Desk, found: &Found, typed: &Typed, mend: Mend) -> GrantView {
    let named = &found.named;
    let grant = &named.grant;
    let name = |who: &UserId| {
        found
            .names
            .get(who)
            .cloned()
            .unwrap_or_else(|| who.to_string())
    };
    let next = found
        .tranches
        .iter()
        .find(|one| one.state == TrancheState::Planned);
    let bound = grant.state != GrantState::Planned;
    let me = desk.signed.user();
    GrantView {
        number: grant.number.clone(),
        state: grant.state.as_str().replace('_', " "),
        amount: grant.money().into(),
        purpose: grant.purpose.clone(),
        partner: named.partner.clone(),
        partner_url: format!("/partners/{}", named.partner_slug),
        program: named.program.clone(),
        program_url: format!("/programs/{}", named.program_slug),
        season: found.season.clone(),
        reason: grant.reason.clone(),
        planned_by: name(&grant.planned_by),
        approvals: found
            .approvals
            .iter()
            .map(|(who, at)| ApprovalView {
                name: name(who),
                at: at.rfc3339(),
            })
            .collect(),
        needs_two: grant.amount > desk.site.config.grants.two_above(grant.currency).minor(),
        may_approve: grant.state == GrantState::Planned
            && found.approvals.iter().all(|(who, _)| *who != me),
        can_cancel: next.is_some(),
        can_close: grant.state == GrantState::Reported && next.is_none(),
        reason_typed: typed.text("reason").to_owned(),
        reason_error: mend.at("reason"),
        held: found.room.held.into(),
        promised: found.room.promised.into(),
        tranches: found
            .tranches
            .iter()
            .map(|one| tranche_view(grant, one, next, found.today))
            .collect(),
        pay: next
            .filter(|_| bound)
            .map(|one| pay_form(grant, one, found.today, typed, &mend)),
        layers: found.taken.layers,
        gifts: found.taken.gifts,
        oldest: found.taken.oldest.map(Timestamp::rfc3339),
        youngest: found.taken.youngest.map(Timestamp::rfc3339),
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
        errors: mend.faults,
        notice: mend.notice,
    }
}

fn tranche_view(grant: &Grant, one: &Tranche, next: Option<&Tranche>, today: Day) -> TrancheView {
    TrancheView {
        id: one.id.to_string(),
        position: one.position,
        amount: Money::new(one.amount, grant.currency).into(),
        state: one.state.as_str().replace('_', " "),
        is_overdue: one.is_overdue(today),
        is_next: next.is_some_and(|next| next.id == one.id),
        is_out: TrancheState::OWES.contains(&one.state),
        planned_on: one.planned_on,
        report_due_on: one.report_due_on,
        paid_on: one.paid_on,
        bank_reference: one.bank_reference.clone(),
        slip_url: one
            .document_id
            .map(|_| format!("/console/grants/{}/slips/{}", grant.number, one.id)),
        reported_at: one.reported_at.map(Timestamp::rfc3339),
    }
}

fn pay_form(grant: &Grant, next: &Tranche, today: Day, typed: &Typed, mend: &Mend) -> PayForm {
    let is_typed = typed.ticked("tranche") && typed.text("deed").is_empty();
    let field = |name: &str, stands: String| {
        if is_typed {
            typed.text(name).to_owned()
        } else {
            stands
        }
    };
    PayForm {
        tranche: next.id.to_string(),
        position: next.position,
        amount: Money::new(next.amount, grant.currency).into(),
        paid_on: field("paid_on", today.to_string()),
        bank_reference: field("bank_reference", String::new()),
        report_due_on: field("report_due_on", next.report_due_on.to_string()),
        paid_on_error: mend.at("paid_on"),
        reference_error: mend.at("bank_reference"),
        due_error: mend.at("report_due_on"),
        slip_error: mend.at("slip"),
    }
}

/// The grant of a path, for one who may see it.
async fn own(desk: &Desk, number: &str) -> AppResult<Grant> {
    let (scope, number) = (Scope::as_finance(&desk.signed), number.to_owned());
    let db = &desk.site.db;
    db.read(move |c| {
        let named = by_number(c, &number)?;
        scope.check(named.grant.campaign_id)?;
        Ok(named.grant)
    })
    .await
}

/// Does what field `deed` says: `approve`, `cancel` (with `reason`), `close`; `reported` and `returned` with `tranche`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Grants);
    let grant = own(&desk, &path.0).await?;
    match deed(&desk, &grant, &form.0).await {
        Ok(word) => {
            shown(&desk, &grant);
            let place = format!("/console/grants/{}?done={word}", grant.number);
            Ok(see(&place))
        }
        Err(error) => draw(&desk, &grant.number, &form.0, Mend::of(error)?).await,
    }
}

/// The open books tell of it at once: whoever has just booked it looks there first.
fn shown(desk: &Desk, grant: &Grant) {
    let campaign = grant.campaign_id.to_string();
    desk.site.views.changed("campaign", &campaign);
}

async fn deed(desk: &Desk, grant: &Grant, typed: &Typed) -> AppResult<&'static str> {
    let (id, by, now) = (grant.id, desk.signed.user(), desk.now());
    let db = &desk.site.db;
    match typed.text("deed") {
        "approve" => {
            let above = desk.site.config.grants.two_above(grant.currency);
            let missing = db.tx(move |c| approve(c, id, by, above, now)).await?;
            Ok(if missing == 0 {
                "grant-approved"
            } else {
                "grant-half"
            })
        }
        "cancel" => {
            let reason = Line::parse(typed.text("reason"), 400)
                .map_err(|error| AppError::field("reason", error))?;
            let new = Cancel {
                grant: id,
                by,
                reason,
            };
            db.tx(move |c| cancel(c, &new, now)).await?;
            Ok("grant-cancelled")
        }
        "close" => {
            db.tx(move |c| close(c, id, by, now)).await?;
            Ok("grant-closed")
        }
        word @ ("reported" | "returned") => {
            let (tranche, again) = (of_grant(typed)?, TrancheId::new());
            let is_report = word == "reported";
            db.tx(move |c| {
                check_of(c, tranche, id)?;
                if is_report {
                    mark_reported(c, tranche, by, now)
                } else {
                    come_back(c, tranche, again, by, now)
                }
            })
            .await?;
            Ok(if is_report {
                "grant-reported"
            } else {
                "grant-returned"
            })
        }
        _ => Err(AppError::field("deed", "choose what shall be done")),
    }
}

fn of_grant(typed: &Typed) -> AppResult<TrancheId> {
    let id = typed.text("tranche").parse();
    id.map_err(|_| AppError::NotFound("this tranche"))
}

fn check_of(conn: &mut Conn, id: TrancheId, of: crate::ids::GrantId) -> AppResult<Tranche> {
    let found = tranche(conn, id)?;
    if found.grant_id == of {
        Ok(found)
    } else {
        Err(AppError::NotFound("this tranche"))
    }
}

/// Books the next tranche as paid: fields `tranche`, `paid_on`, `bank_reference`, `report_due_on`, and the file `slip`.
pub(super) async fn pay(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    path: Path<String>,
    form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Grants);
    let grant = own(&desk, &path.0).await?;
    let (typed, mut files) = (form.fields, form.files);
    match paid(&desk, &grant, &typed, files.take("slip")).await {
        Ok(()) => {
            shown(&desk, &grant);
            Ok(see(&format!("/console/grants/{}?done=paid", grant.number)))
        }
        Err(error) => {
            drop(files);
            draw(&desk, &grant.number, &typed, Mend::of(error)?).await
        }
    }
}

async fn paid(
    desk: &Desk,
    grant: &Grant,
    typed: &Typed,
    slip: Option<actix_web::web::Bytes>,
) -> AppResult<()> {
    let id = of_grant(typed)?;
    let mut faults = Vec::new();
    let mut day = |field: &str| {
        let read = typed.text(field).parse::<Day>();
        read.map_err(|error| faults.push(FieldError::new(field, error)))
    };
    let (paid_on, report_due_on) = (day("paid_on"), day("report_due_on"));
    let bank_reference = Line::parse(typed.text("bank_reference"), 120)
        .map_err(|error| faults.push(FieldError::new("bank_reference", error)));
    let (Ok(paid_on), Ok(report_due_on), Ok(bank_reference)) =
        (paid_on, report_due_on, bank_reference)
    else {
        return Err(AppError::Invalid(faults));
    };
    let by = desk.signed.user();
    let document = match slip {
        None => None,
        Some(bytes) => {
            let name = Line::parse(&format!("Bank slip, {}", grant.number), 120)
                .map_err(AppError::internal)?;
            Some(documents::take(&desk.site, by, "slip", name, bytes).await?)
        }
    };
    let new = PayTranche {
        tranche: id,
        paid_on,
        bank_reference,
        report_due_on,
        document,
        by,
    };
    let (of, now) = (grant.id, desk.now());
    let db = &desk.site.db;
    db.tx(move |c| {
        check_of(c, id, of)?;
        pay_tranche(c, &new, now).map(|_| ())
    })
    .await
}

/// Hands out the bank's slip of a tranche.
pub(super) async fn slip(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Grants);
    let (number, tranche) = path.0;
    let grant = own(&desk, &number).await?;
    let id: TrancheId = tranche
        .parse()
        .map_err(|_| AppError::NotFound("this tranche"))?;
    let of = grant.id;
    let document = site
        .db
        .read(move |c| {
            let found = check_of(c, id, of)?;
            let slip = found
                .document_id
                .ok_or(AppError::NotFound("this document"))?;
            documents::find(c, slip)
        })
        .await?;
    documents::download(&site, &document).await
}

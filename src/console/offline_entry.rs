//! `/console/offline/new` and `/console/offline/{id}`: entering, confirming, giving back.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::offline_form::{self, FormView};
use super::scope::{self, Scope, SeasonChoice};
use crate::auth::Coordinator;
use crate::campaigns::{Campaign, model as campaigns, overview};
use crate::db::Conn;
use crate::donations::hands::{self, GiveBack, GivingBackId, NewIds};
use crate::donations::model as gifts;
use crate::donations::settle::Applied;
use crate::donations::{Donation, Giving};
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Money};
use crate::offline::model::{OfflineGift, OfflineGiftId, OfflineState, by_id};
use crate::offline::staff;
use crate::pages;
use crate::partners::Program;
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
}

/// Context of `console/offline_new`.
#[derive(Serialize)]
struct NewView {
    id: String,
    campaign: String,
    title: String,
    page: String,
    page_error: Option<String>,
    seasons: Vec<SeasonChoice>,
    form: FormView,
    errors: Vec<crate::error::FieldError>,
    notice: Option<String>,
}

/// Context of `console/offline_entry`.
#[derive(Serialize)]
struct EntryView {
    id: String,
    title: String,
    state: String,
    kind: &'static str,
    amount: MoneyView,
    donor: String,
    address: Option<String>,
    received_on: String,
    details: Vec<String>,
    page: Option<(String, String)>,
    reason: String,
    form: Option<FormView>,
    gift: Option<GiftView>,
    errors: Vec<crate::error::FieldError>,
    notice: Option<String>,
}

#[derive(Serialize)]
struct GiftView {
    id: String,
    receipt: String,
    trace_url: String,
    receipt_url: String,
    status: String,
    left: Option<MoneyView>,
    left_text: String,
    back_id: String,
    amount_error: Option<String>,
    reason_error: Option<String>,
    reason_typed: String,
}

fn programs_of(conn: &mut Conn, campaign: &Campaign) -> AppResult<Vec<Program>> {
    let found = overview::programs_of(conn, campaign.id)?;
    Ok(found.into_iter().map(|(program, _)| program).collect())
}

pub(super) async fn new(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Offline);
    let mut typed = Typed::default();
    typed.set("kind", "cash");
    typed.set("id", OfflineGiftId::new());
    draw_new(&desk, &query.0.campaign, typed, Mend::none()).await
}

async fn draw_new(desk: &Desk, slug: &str, typed: Typed, mend: Mend) -> AppResult<HttpResponse> {
    let (scope, slug) = (Scope::of(&desk.signed), slug.to_owned());
    let (chosen, programs) = desk
        .site
        .db
        .read(move |c| {
            let chosen = scope::chosen(c, &scope, &slug)?;
            let programs = programs_of(c, &chosen.campaign)?;
            Ok((chosen, programs))
        })
        .await?;
    let view = NewView {
        id: typed.text("id").to_owned(),
        campaign: chosen.campaign.slug.to_string(),
        title: chosen.campaign.title.clone(),
        page: typed.text("page").to_owned(),
        page_error: mend.at("page"),
        seasons: chosen.choices,
        form: FormView::new(&chosen.campaign, &programs, &typed, &mend),
        errors: mend.faults,
        notice: mend.notice,
    };
    desk.show("offline_new", "Enter an offline gift", mend.status, view)
}

/// Enters a gift and confirms it.
pub(super) async fn enter(
    giving: Data<Giving>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&giving.site, &request, staff.0, Room::Offline);
    let typed = form.0;
    let (scope, slug) = (
        Scope::of(&desk.signed),
        typed.text("campaign").trim().to_owned(),
    );
    let page = typed.text("page").trim().to_owned();
    let (campaign, programs, page) = giving
        .site
        .db
        .read(move |c| {
            let campaign = scope::season(c, &scope, &slug)?;
            let programs = programs_of(c, &campaign)?;
            let page = match page.parse() {
                _ if page.is_empty() => Ok(None),
                Ok(slug) => pages::model::any_by_slug(c, &slug)?
                    .filter(|found| found.page.campaign_id == campaign.id)
                    .map(|found| Some(found.page.id))
                    .ok_or(()),
                Err(_) => Err(()),
            };
            Ok((campaign, programs, page))
        })
        .await?;
    let slug = campaign.slug.to_string();
    let done = enter_parsed(&desk, &giving, &typed, &campaign, &programs, page).await;
    match done {
        Ok(id) => Ok(see(&format!("/console/offline/{id}?done=confirmed"))),
        Err(error) => draw_new(&desk, &slug, typed, Mend::of(error)?).await,
    }
}

async fn enter_parsed(
    desk: &Desk,
    giving: &Giving,
    typed: &Typed,
    campaign: &Campaign,
    programs: &[Program],
    page: Result<Option<crate::ids::PageId>, ()>,
) -> AppResult<OfflineGiftId> {
    let now = desk.now();
    let parsed = offline_form::parse(typed, campaign, page.unwrap_or_default(), programs, now);
    if page.is_err() {
        let mut faults = parsed.err().unwrap_or_default();
        let word = "there is no page of this address in this season";
        faults.push(crate::error::FieldError::new("page", word));
        return Err(AppError::Invalid(faults));
    }
    let full = parsed.map_err(AppError::Invalid)?.fitting()?;
    let id: OfflineGiftId = typed
        .text("id")
        .parse()
        .unwrap_or_else(|_| OfflineGiftId::new());
    let (ids, by, campaign) = (NewIds::new()?, desk.signed.user(), campaign.id);
    let with = giving.settling();
    let done = giving
        .site
        .db
        .tx(move |c| {
            staff::enter(c, id, campaign, &full, by, now)?;
            let found = by_id(c, id)?;
            // A form sent twice is one gift.
            if found.state == OfflineState::Confirmed {
                return Ok(None);
            }
            hands::confirm(c, &with, id, &ids, by, now).map(Some)
        })
        .await?;
    shown(giving, done);
    Ok(id)
}

/// Lets the pages show a gift that has come or gone.
fn shown(giving: &Giving, donation: Option<Donation>) {
    if let Some(donation) = donation {
        giving.show(&Applied {
            settled: vec![donation.id],
            changed: vec![donation],
            ..Applied::default()
        });
    }
}

pub(super) fn id_of(path: &str) -> AppResult<OfflineGiftId> {
    path.parse().map_err(|_| AppError::NotFound("this entry"))
}

pub(super) struct Found {
    pub(super) gift: OfflineGift,
    pub(super) campaign: Campaign,
    programs: Vec<Program>,
    page: Option<(String, String)>,
    pub(super) donation: Option<Donation>,
}

pub(super) async fn find(desk: &Desk, id: OfflineGiftId) -> AppResult<Found> {
    let scope = Scope::of(&desk.signed);
    desk.site
        .db
        .read(move |c| {
            let gift = by_id(c, id)?;
            scope.check(gift.campaign_id)?;
            let campaign = campaigns::by_id(c, gift.campaign_id)?;
            let page = match gift.page_id {
                Some(page) => pages::model::any_by_id(c, page)?,
                None => None,
            };
            let donation = match gift.donation_id {
                Some(id) => Some(gifts::by_id(c, id)?),
                None => None,
            };
            Ok(Found {
                programs: programs_of(c, &campaign)?,
                page: page.map(|found| (found.page.slug.to_string(), found.page.title)),
                gift,
                campaign,
                donation,
            })
        })
        .await
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Offline);
    let found = find(&desk, id_of(&path.0)?).await?;
    let deed = crate::audit::Deed::new(
        desk.signed.user(),
        "offline.view",
        ("offline_gift", found.gift.id.to_string()),
    );
    desk.note(deed.of(found.campaign.id)).await?;
    draw(&desk, found, None, Mend::none())
}

fn draw(desk: &Desk, found: Found, typed: Option<Typed>, mend: Mend) -> AppResult<HttpResponse> {
    let gift = &found.gift;
    let is_pending = gift.state == OfflineState::Pending;
    let form = is_pending.then(|| {
        let typed = typed
            .clone()
            .unwrap_or_else(|| offline_form::typed_of(gift));
        FormView::new(&found.campaign, &found.programs, &typed, &mend)
    });
    let designated = gift
        .program_id
        .and_then(|id| found.programs.iter().find(|one| one.id == id))
        .map(|one| format!("For {}", one.name));
    let parts = [
        gift.reference.clone(),
        gift.shares.clone(),
        gift.sponsor.clone(),
        designated.unwrap_or_default(),
        gift.note.clone(),
        if gift.by_bank {
            "At the bank".to_owned()
        } else {
            String::new()
        },
    ];
    let view = EntryView {
        id: gift.id.to_string(),
        title: found.campaign.title.clone(),
        state: gift.state.to_string(),
        kind: gift.kind.words(),
        amount: gift.amount().into(),
        donor: gift.donor_name.clone(),
        address: gift.donor_email.as_ref().map(ToString::to_string),
        received_on: gift.received_on.to_string(),
        details: parts.into_iter().filter(|part| !part.is_empty()).collect(),
        page: found.page.clone(),
        reason: gift.reason.clone(),
        form,
        gift: found
            .donation
            .as_ref()
            .map(|donation| gift_view(gift, donation, typed.as_ref(), &mend)),
        errors: mend.faults,
        notice: mend.notice,
    };
    desk.show("offline_entry", "Offline gift", mend.status, view)
}

fn gift_view(
    gift: &OfflineGift,
    donation: &Donation,
    typed: Option<&Typed>,
    mend: &Mend,
) -> GiftView {
    let left = Money::new(donation.charged - donation.refunded, donation.currency);
    let written = |name: &str| typed.map(|typed| typed.text(name).to_owned());
    GiftView {
        id: donation.id.to_string(),
        receipt: donation.receipt.clone().unwrap_or_default(),
        trace_url: format!("/gifts/{}", donation.token),
        receipt_url: format!("/console/offline/{}/receipt", gift.id),
        status: donation.status.to_string().replace('_', " "),
        left: (left.minor() > 0).then(|| left.into()),
        left_text: written("amount").unwrap_or_else(|| left.decimal()),
        back_id: GivingBackId::new().to_string(),
        amount_error: mend.at("amount"),
        reason_error: mend.at("reason"),
        reason_typed: written("reason").unwrap_or_default(),
    }
}

/// Completes a pending entry with what staff found, and confirms it.
pub(super) async fn confirm(
    giving: Data<Giving>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&giving.site, &request, staff.0, Room::Offline);
    let id = id_of(&path.0)?;
    let found = find(&desk, id).await?;
    let (ids, by, now) = (NewIds::new()?, desk.signed.user(), desk.now());
    let (typed, page) = (form.0, found.gift.page_id);
    let parsed = offline_form::parse(&typed, &found.campaign, page, &found.programs, now);
    let done = match parsed
        .map_err(AppError::Invalid)
        .and_then(staff::Full::fitting)
    {
        Err(error) => Err(error),
        Ok(full) => {
            let with = giving.settling();
            let work = giving.site.db.tx(move |c| {
                staff::complete(c, id, &full)?;
                hands::confirm(c, &with, id, &ids, by, now)
            });
            work.await
        }
    };
    match done {
        Ok(donation) => {
            shown(&giving, Some(donation));
            Ok(see(&format!("/console/offline/{id}?done=confirmed")))
        }
        Err(error) => {
            let mend = Mend::of(error)?;
            let found = find(&desk, id).await?;
            draw(&desk, found, Some(typed), mend)
        }
    }
}

/// Gives a confirmed gift back, wholly or in part.
pub(super) async fn give_back(
    giving: Data<Giving>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&giving.site, &request, staff.0, Room::Offline);
    let id = id_of(&path.0)?;
    let found = find(&desk, id).await?;
    let (typed, by, now) = (form.0, desk.signed.user(), desk.now());
    let donation = found
        .donation
        .as_ref()
        .ok_or(AppError::NotFound("this gift"))?;
    let amount = Money::parse_typed(typed.text("amount").trim(), donation.currency)
        .map_err(|bad| AppError::field("amount", bad));
    let reason =
        Line::parse(typed.text("reason"), 300).map_err(|bad| AppError::field("reason", bad));
    let back = amount.and_then(|amount| {
        Ok(GiveBack {
            id: typed
                .text("back")
                .parse()
                .unwrap_or_else(|_| GivingBackId::new()),
            donation: donation.id,
            amount,
            reason: reason?,
            by,
        })
    });
    let done = match back {
        Err(error) => Err(error),
        Ok(back) => {
            let work = giving.site.db.tx(move |c| hands::give_back(c, &back, now));
            work.await
        }
    };
    match done {
        Ok(donation) => {
            shown(&giving, Some(donation));
            Ok(see(&format!("/console/offline/{id}?done=given-back")))
        }
        Err(error) => draw(&desk, found, Some(typed), Mend::of(error)?),
    }
}

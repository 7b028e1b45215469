//! The JSON API of gifts.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::command::GiveRequest;
use super::model::{self, DonationId, DonationStatus, Method};
use super::{Giving, mails};
use crate::auth::roles::reads_givers;
use crate::auth::{Access, Bearer};
use crate::error::{AppError, AppResult};
use crate::funds::Origin;
use crate::grants::trace::GiftGrant;
use crate::grants::{self, TrancheState};
use crate::impact::reports::public::{TrancheReport, published_for_tranches};
use crate::kernel::shape::RequestKey;
use crate::kernel::{Day, Listed, Money, Timestamp};
use crate::pages;
use crate::walls::{self, Wall, WallGift};
use crate::web::query::{self, ListQuery};
use crate::web::{JsonBody, Path, Site};

/// Mounts the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/donations").route(web::post().to(create)))
        .service(web::resource("/api/v1/donations/{id}").route(web::get().to(show)))
        .service(web::resource("/api/v1/pages/{slug}/donations").route(web::get().to(of_page)));
}

/// The answer to a create; a repeat under the same key gets the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct Created {
    /// `don_…`
    #[schema(value_type = String)]
    pub id: DonationId,
    /// `pending`.
    #[schema(value_type = String)]
    pub status: DonationStatus,
    /// The gift.
    pub amount: Money,
    /// What the card is charged: the gift, and the fee if the donor covers it.
    pub charged: Money,
    /// Where the donor pays.
    pub checkout_url: String,
}

/// Takes a gift: writes it as pending and opens a checkout at the card processor.
#[utoipa::path(
    post, path = "/api/v1/donations", tag = "donations", request_body = GiveRequest,
    params(("Idempotency-Key" = inline(RequestKey), Header, description = "Made by the client once a gift; at most 255 visible ASCII characters. A repeat with the same body gets the same answer.")),
    responses(
        (status = 201, body = Created),
        (status = 400, body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such campaign", body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 409, description = "`giving_closed`, an idempotency key of another gift, `does_not_fit` for a page, a team, a program or a currency that is not the campaign's", body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 422, body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 413, body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 415, body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 429, body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 503, body = crate::error::Problem, content_type = "application/problem+json"),
    )
)]
pub async fn create(
    giving: Data<Giving>,
    request: HttpRequest,
    body: JsonBody<GiveRequest>,
) -> AppResult<HttpResponse> {
    let key = idempotency_key(&request)?;
    let give = body.0.parse()?;
    let given = giving.give(give, &key).await;
    let donation = given.map_err(unfit)?;
    let checkout_url = donation
        .checkout_url
        .clone()
        .ok_or_else(|| AppError::Conflict {
            code: "not_payable",
            detail: format!(
                "this gift is {} and cannot be paid any more; make a new one",
                donation.status
            ),
        })?;
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/api/v1/donations/{}", donation.id)))
        .json(Created {
            id: donation.id,
            status: DonationStatus::Pending,
            amount: donation.gift(),
            charged: donation.charge(),
            checkout_url,
        }))
}

/// What a well-formed gift names that is not there, or not of this campaign, is in conflict with what is; an amount below the
/// least is the client's to mend.
fn unfit(error: AppError) -> AppError {
    match &error {
        AppError::Invalid(fields) if fields.iter().any(|one| one.field == "amount") => error,
        _ => error.after_parsing(),
    }
}

fn idempotency_key(request: &HttpRequest) -> AppResult<String> {
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok())
        .map(str::trim);
    match key {
        Some(key) if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(format!("api:{key}"))
        }
        _ => Err(AppError::BadRequest(
            "send a header Idempotency-Key of 1 to 255 visible ASCII characters, made once for this gift".into(),
        )),
    }
}

/// A gift. Whoever knows the id sees how it stands; names, addresses and words need the scope `donations:read`, in the hands of
/// somebody who runs the campaign or keeps its money.
#[derive(Debug, Serialize, ToSchema)]
pub struct DonationView {
    /// `don_…`
    #[schema(value_type = String)]
    pub id: DonationId,
    /// How it stands.
    #[schema(value_type = String)]
    pub status: DonationStatus,
    /// The gift.
    pub amount: Money,
    /// What the card was charged.
    pub charged: Money,
    /// What the processor kept, once known.
    pub fee: Option<Money>,
    /// What went back.
    pub refunded: Money,
    /// What a sponsor's match pool adds to it, less what has gone back into the pool; its parts are not among
    /// `allocation`.
    pub matched: Money,
    /// How it came: `online` through the card processor, else as staff confirmed it.
    #[schema(value_type = String)]
    pub method: Method,
    /// When it was asked for.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// When the money arrived.
    #[schema(value_type = Option<String>)]
    pub paid_at: Option<Timestamp>,
    /// What each fund holds of it now.
    pub allocation: Vec<Part>,
    /// What grants took of it, and of what was added to it; oldest first.
    pub grants: Vec<GrantPart>,
    /// With `donations:read`, for those who run the campaign or keep its money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<Private>,
}

/// One fund's part.
#[derive(Debug, Serialize, ToSchema)]
pub struct Part {
    /// `fun_…`
    pub fund: String,
    /// What was set aside.
    pub amount: Money,
    /// What is still set aside after refunds and late fees.
    pub remaining: Money,
}

/// What one tranche of a grant took of one part of a gift.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantPart {
    /// The grant's number, as the open books list it.
    #[schema(example = "G-2026-001")]
    pub grant: String,
    /// The tranche's place in it: 1, 2, 3 …
    pub tranche: i32,
    /// `fun_…`: out of which fund.
    pub fund: String,
    /// `gift` for the giver's own money, `match` for what a sponsor's pool added.
    #[schema(value_type = String)]
    pub origin: Origin,
    /// How much.
    pub amount: Money,
    /// The day on which the partner was paid.
    #[schema(value_type = Option<String>, format = Date)]
    pub paid_on: Option<Day>,
    /// `paid`, `report_due` or `reported`.
    #[schema(value_type = String)]
    pub state: TrancheState,
    /// Where the published report on it stands, relative to the site.
    pub report: Option<String>,
}

impl GrantPart {
    fn of(grant: &GiftGrant, reports: &[TrancheReport]) -> Self {
        let report = reports.iter().find(|one| one.tranche == grant.tranche_id);
        Self {
            grant: grant.number.clone(),
            tranche: grant.position,
            fund: grant.fund_id.to_string(),
            origin: grant.origin,
            amount: grant.money(),
            paid_on: grant.paid_on,
            state: grant.state,
            report: report.map(|one| one.link.path.clone()),
        }
    }
}

/// What only staff and the donor's own tools may see.
#[derive(Debug, Serialize, ToSchema)]
pub struct Private {
    /// As typed.
    pub donor_name: String,
    /// Where the receipt went; empty where nobody knows an address.
    pub donor_email: String,
    /// The receipt's serial number.
    pub receipt: Option<String>,
    /// As typed.
    pub comment: Option<String>,
    /// Whether the name is hidden from everyone else.
    pub anonymous: bool,
    /// Whether the amount is hidden from everyone else.
    pub hide_amount: bool,
    /// The donor's private page of this gift.
    pub trace_url: String,
}

/// A gift by its id.
#[utoipa::path(
    get, path = "/api/v1/donations/{id}", tag = "donations",
    params(("id" = String, Path, description = "don_…")),
    security((), ("bearer" = ["donations:read"])),
    responses((status = 200, body = DonationView), (status = 401, body = crate::error::Problem, content_type = "application/problem+json"), (status = 404, body = crate::error::Problem, content_type = "application/problem+json"))
)]
pub async fn show(site: Data<Site>, path: Path<String>, bearer: Bearer) -> AppResult<HttpResponse> {
    let id: DonationId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("This gift"))?;
    let reader = bearer.holder().cloned();
    let reader = reader.filter(|holder| holder.may("donations", Access::Read).is_ok());
    let (donation, splits, matched, grants, email) = site
        .db
        .read(move |conn| {
            let donation = model::by_id(conn, id)?;
            let splits = model::splits_of(conn, id)?;
            let matched = crate::matching::match_of(conn, id)?;
            let took = grants::trace::of_gift(conn, id)?;
            let tranches: Vec<_> = took.iter().map(|grant| grant.tranche_id).collect();
            let reports = published_for_tranches(conn, &tranches)?;
            let took: Vec<GrantPart> = took
                .iter()
                .map(|grant| GrantPart::of(grant, &reports))
                .collect();
            let private = match &reader {
                Some(holder) => reads_givers(conn, holder, donation.campaign_id)?,
                None => false,
            };
            let email = if private {
                Some(mails::address_of(conn, donation.supporter_id)?)
            } else {
                None
            };
            Ok((donation, splits, matched, took, email))
        })
        .await?;
    let money = |minor| Money::new(minor, donation.currency);
    let view = DonationView {
        id,
        status: donation.status,
        amount: donation.gift(),
        charged: donation.charge(),
        fee: donation.fee.map(money),
        refunded: money(donation.refunded),
        matched: money(matched.map_or(0, |(found, _)| found.remaining())),
        method: donation.method,
        created_at: donation.created_at,
        paid_at: donation.paid_at,
        allocation: splits
            .iter()
            .map(|split| Part {
                fund: split.fund_id.to_string(),
                amount: money(split.amount),
                remaining: money(split.remaining()),
            })
            .collect(),
        grants,
        private: email.map(|email| Private {
            donor_name: donation.donor_name.clone(),
            donor_email: if email.is_reachable() {
                email.to_string()
            } else {
                String::new()
            },
            receipt: donation.receipt.clone(),
            comment: donation.comment.clone(),
            anonymous: donation.anonymous,
            hide_amount: donation.hide_amount,
            trace_url: format!("{}/gifts/{}", site.config.public_url(), donation.token),
        }),
    };
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(view))
}

/// A gift on a page's wall: what the donor lets everyone see (S18).
#[derive(Debug, Serialize, ToSchema)]
pub struct WallItem {
    /// `null`: the donor wishes to stay anonymous.
    pub donor: Option<String>,
    /// `null`: the donor hides the amount.
    pub amount: Option<Money>,
    /// The donor's words.
    pub comment: Option<String>,
    /// When the money arrived.
    #[schema(value_type = String)]
    pub paid_at: Timestamp,
}

/// The gifts on a page, newest first.
#[utoipa::path(
    get, path = "/api/v1/pages/{slug}/donations", tag = "donations",
    params(("slug" = String, Path), ListQuery),
    responses((status = 200, body = Listed<WallItem>), (status = 404, body = crate::error::Problem, content_type = "application/problem+json"), (status = 422, body = crate::error::Problem, content_type = "application/problem+json"))
)]
pub async fn of_page(
    site: Data<Site>,
    path: Path<String>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    let slug = path.0.parse().map_err(|_| AppError::NotFound("the page"))?;
    let asked: ListQuery = query::query(&request)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let after: Option<walls::Place> = query::after(asked.after.as_deref())?;
    let listed = site
        .db
        .read(move |conn| {
            let page = pages::by_slug(conn, &slug)?.page;
            walls::newest(conn, Wall::Page(page.id), after.as_ref(), limit)
        })
        .await?;
    Ok(HttpResponse::Ok().json(listed.map(wall_item)))
}

fn wall_item(gift: WallGift) -> WallItem {
    WallItem {
        donor: gift.donor,
        amount: gift.amount,
        comment: gift.comment,
        paid_at: gift.paid_at,
    }
}

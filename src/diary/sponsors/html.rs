//! `/pages/{slug}/sponsor`, for everybody, and `/sponsor/{token}`, for whoever holds the mailed link.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::mails::Letterhead;
use super::model::{self, Promise, SponsorId};
use super::ops::{self, NewPromise};
use super::rules;
use super::views::{PromisedView, SponsorView, TypedView};
use crate::auth::mailed::MailedId;
use crate::campaigns::{Campaign, frame};
use crate::diary::forms::Faults;
use crate::diary::html::{changed, own_shell};
use crate::diary::rules::Season;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::secret::random_token;
use crate::kernel::{Line, Money, Slug};
use crate::mail::Mails;
use crate::pages;
use crate::pages::model::PageOverview;
use crate::web::headers::keep_address_private;
use crate::web::site::see;
use crate::web::views::shell::Link;
use crate::web::{CsrfForm, Path, Site};

/// Mounts the pages.
pub(in crate::diary) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/pages/{slug}/sponsor")
            .route(web::get().to(form))
            .route(web::post().to(promise)),
    )
    .service(web::resource("/pages/{slug}/sponsor/sent").route(web::get().to(sent)))
    .service(web::resource("/sponsor/{token}").route(web::get().to(promised)))
    .service(web::resource("/sponsor/{token}/confirm").route(web::post().to(confirm)))
    .service(web::resource("/sponsor/{token}/cancel").route(web::post().to(cancel)));
}

const FIELDS: &[&str] = &["name", "email", "per_day", "cap"];

/// More than this a day, in whole units of the currency, is a slip of the finger; a larger gift has its own form.
const PER_DAY_MOST: i64 = 10_000;

/// The fields of the form as text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Typed {
    name: String,
    email: String,
    per_day: String,
    cap: String,
    is_named: String,
}

impl Typed {
    fn parse(&self, campaign: &Campaign) -> Result<NewPromise, Vec<FieldError>> {
        let mut faults = Vec::new();
        let name = Line::parse(&self.name, 120)
            .map_err(|error| faults.push(FieldError::new("name", error)));
        let email = self
            .email
            .trim()
            .parse()
            .map_err(|error| faults.push(FieldError::new("email", error)));
        let per_day = per_day(&self.per_day, campaign)
            .map_err(|error| faults.push(FieldError::new("per_day", error)));
        let days = i64::try_from(Season::of(campaign).days().count()).unwrap_or(i64::MAX);
        let cap = match (self.cap.trim(), &per_day) {
            ("", Ok(per_day)) => {
                let all = per_day.minor().saturating_mul(days);
                Ok(Money::new(all, campaign.currency))
            }
            ("", Err(())) => Err(()),
            (typed, _) => Money::parse_typed(typed, campaign.currency)
                .map_err(|error| faults.push(FieldError::new("cap", error))),
        };
        if let (Ok(per_day), Ok(cap)) = (&per_day, &cap)
            && cap.minor() < per_day.minor()
        {
            let message = "name at least the amount of one day";
            faults.push(FieldError::new("cap", message));
        }
        match (name, email, per_day, cap, random_token()) {
            (Ok(name), Ok(email), Ok(per_day), Ok(cap), Ok(secret)) if faults.is_empty() => {
                Ok(NewPromise {
                    id: SponsorId::new(),
                    name,
                    email,
                    per_day,
                    cap,
                    is_named: !self.is_named.is_empty(),
                    secret,
                    earlier: MailedId::new(),
                })
            }
            _ => Err(faults),
        }
    }

    fn view(&self) -> TypedView {
        TypedView {
            name: self.name.clone(),
            email: self.email.clone(),
            per_day: self.per_day.clone(),
            cap: self.cap.clone(),
            is_named: !self.is_named.is_empty(),
        }
    }
}

fn per_day(typed: &str, campaign: &Campaign) -> Result<Money, String> {
    let money = Money::parse_typed(typed, campaign.currency).map_err(|error| error.to_string())?;
    let most = PER_DAY_MOST.saturating_mul(campaign.currency.scale());
    match money.minor() {
        ..=0 => Err("promise something for each day".to_owned()),
        minor if minor > most => {
            Err("that is a great deal for a day; give it at once instead".to_owned())
        }
        _ => Ok(money),
    }
}

async fn found(site: &Site, slug: &str) -> AppResult<PageOverview> {
    let slug: Slug = slug.parse().map_err(|_| AppError::NotFound("the page"))?;
    site.db.read(move |c| pages::by_slug(c, &slug)).await
}

/// What has happened to the form so far.
#[derive(Default)]
struct Shown {
    typed: Typed,
    faults: Vec<FieldError>,
    is_sent: bool,
}

async fn form(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let of = found(&site, &path.0).await?;
    let shown = Shown {
        typed: Typed {
            is_named: "1".to_owned(),
            ..Typed::default()
        },
        ..Shown::default()
    };
    show(&site, &request, &of, shown, StatusCode::OK)
}

async fn sent(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let of = found(&site, &path.0).await?;
    let shown = Shown {
        is_sent: true,
        ..Shown::default()
    };
    show(&site, &request, &of, shown, StatusCode::OK)
}

async fn promise(
    site: Data<Site>,
    mails: Data<Mails>,
    request: HttpRequest,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let of = found(&site, &path.0).await?;
    let now = site.clock.now();
    let promised = match form.0.parse(&of.campaign) {
        Ok(new) => {
            let (with, of) = (Letterhead::new(&site.config, &mails), of.clone());
            let done = site.db.tx(move |c| ops::promise(c, &of, &new, &with, now));
            done.await
        }
        Err(faults) => Err(AppError::Invalid(faults)),
    };
    let (faults, status) = match promised {
        Ok(()) => return Ok(see(&format!("/pages/{}/sponsor/sent", of.page.slug))),
        Err(AppError::Invalid(faults)) => (faults, StatusCode::UNPROCESSABLE_ENTITY),
        Err(AppError::TooMany { .. }) => {
            let message = "several promises of this address still wait to be confirmed: look into its mail first";
            let fault = FieldError::new("email", message);
            (vec![fault], StatusCode::TOO_MANY_REQUESTS)
        }
        Err(AppError::Conflict { detail, .. }) => {
            (vec![FieldError::new("form", detail)], StatusCode::CONFLICT)
        }
        Err(other) => return Err(other),
    };
    let shown = Shown {
        typed: form.0,
        faults,
        is_sent: false,
    };
    show(&site, &request, &of, shown, status)
}

fn show(
    site: &Site,
    request: &HttpRequest,
    of: &PageOverview,
    shown: Shown,
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let (season, now) = (Season::of(&of.campaign), site.clock.now());
    site.form_page(request, "sponsor", status, |nonce, csrf| {
        let title = format!("Sponsor the days of {}", of.page.participant);
        let campaign = &of.campaign;
        Ok(SponsorView {
            shell: own_shell(site, nonce, of, &title, now),
            participant: of.page.participant.clone(),
            page: Link::new(&of.page.title, &format!("/pages/{}", of.page.slug)),
            campaign: Link::new(&campaign.title, &frame::path(campaign)),
            action: format!("/pages/{}/sponsor", of.page.slug),
            currency: campaign.currency.code().to_owned(),
            sign: campaign.currency.sign(),
            days: season.starts_on.days_to(season.ends_on) + 1,
            starts_on: season.starts_on.to_string(),
            ends_on: season.ends_on.to_string(),
            closed: rules::is_open(&season, season.today(now))
                .err()
                .map(|why| why.to_string()),
            is_sent: shown.is_sent,
            give_url: frame::give_url(campaign, now, &format!("?page={}", of.page.slug)),
            typed: shown.typed.view(),
            faults: Faults::new(FIELDS, &shown.faults),
            csrf,
        })
    })
}

/// The promise and its page; one whose page is hidden can still be taken back.
async fn by_link(site: &Site, secret: &str) -> AppResult<(Promise, Option<PageOverview>)> {
    let (secret, now) = (secret.to_owned(), site.clock.now());
    let read = move |c: &mut crate::db::Conn| {
        let promise = model::by_secret(c, &secret, now)?;
        let of = pages::model::shown_by_id(c, promise.page_id)?;
        Ok((promise, of))
    };
    site.db.read(read).await
}

/// Shows the promise, and asks; nothing is done by looking, since scanners fetch links.
async fn promised(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let (promise, of) = by_link(&site, &path.0).await?;
    let of = of.ok_or(AppError::Gone("the page that you promised for"))?;
    let now = site.clock.now();
    let mut response = site.form_page(
        &request,
        "sponsor_promise",
        StatusCode::OK,
        |nonce, csrf| {
            let here = format!("/sponsor/{}", path.0);
            Ok(PromisedView {
                shell: own_shell(&site, nonce, &of, "Your promise", now),
                participant: of.page.participant.clone(),
                page: Link::new(&of.page.title, &format!("/pages/{}/diary", of.page.slug)),
                per_day: promise.per_day().into(),
                cap: promise.cap().into(),
                is_named: promise.is_named,
                name: promise.name.clone(),
                state: promise.state.as_str(),
                requested: promise.requested().map(Into::into),
                days: promise.days,
                ends_on: of.campaign.ends_on.to_string(),
                confirm_url: format!("{here}/confirm"),
                cancel_url: format!("{here}/cancel"),
                give_url: promise.requested().and_then(|sum| {
                    let query = format!(
                        "?page={}&amount={}&utm_source=day_sponsor",
                        of.page.slug,
                        sum.decimal()
                    );
                    frame::give_url(&of.campaign, now, &query)
                }),
                csrf,
            })
        },
    )?;
    keep_address_private(&mut response);
    Ok(response)
}

#[derive(Debug, Deserialize)]
struct Nothing {}

async fn confirm(
    site: Data<Site>,
    mails: Data<Mails>,
    path: Path<String>,
    _form: CsrfForm<Nothing>,
) -> AppResult<HttpResponse> {
    let (now, secret) = (site.clock.now(), path.0.clone());
    let with = Letterhead::new(&site.config, &mails);
    site.db
        .tx(move |c| ops::confirm(c, &secret, &with, now).map(|_| ()))
        .await?;
    after(&site, &path.0).await
}

async fn cancel(
    site: Data<Site>,
    path: Path<String>,
    _form: CsrfForm<Nothing>,
) -> AppResult<HttpResponse> {
    let (now, secret) = (site.clock.now(), path.0.clone());
    site.db
        .tx(move |c| ops::cancel(c, &secret, now).map(|_| ()))
        .await?;
    after(&site, &path.0).await
}

/// The page shows sponsors by name: one who takes the promise back vanishes at once.
async fn after(site: &Site, secret: &str) -> AppResult<HttpResponse> {
    if let (_, Some(of)) = by_link(site, secret).await? {
        changed(site, &of, true);
    }
    Ok(see(&format!("/sponsor/{secret}")))
}

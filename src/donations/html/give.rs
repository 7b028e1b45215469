//! `GET` and `POST /give/{campaign}`: a gift without an account, without JavaScript.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Deserialize;

use super::aim::Aim;
use super::form::Typed;
use super::give_page::{Secrets, Setting, Shown, sentence};
use crate::campaigns::frame::Destinations;
use crate::db::Conn;
use crate::donations::command::{Give, GiveRequest};
use crate::donations::model::{self, Donation};
use crate::donations::{Giving, mails};
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Slug, Timestamp, secret};
use crate::matching;
use crate::web::headers::{Nonce, keep_address_private};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query};

/// What may stand behind `?`; whatever else a link from elsewhere carries is left alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    page: String,
    team: String,
    program: String,
    /// An own amount that a link asks for, as a person would type it.
    amount: String,
    /// The token of a gift that came to nothing.
    again: String,
    utm_source: String,
}

/// The form of the address; `again` answers the gift that is tried again.
type Found = (Setting, Option<(Donation, Email)>);

fn read(conn: &mut Conn, campaign: &Slug, asked: &Asked, now: Timestamp) -> AppResult<Found> {
    let earlier = match asked.again.as_str() {
        "" => None,
        token => model::by_token(conn, token).map(Some)?,
    };
    let aim = match &earlier {
        Some(gift) => Aim::of(conn, gift)?,
        None => Aim::asked(
            conn,
            campaign,
            optional(&asked.page, "the page")?.as_ref(),
            optional(&asked.team, "the team")?.as_ref(),
        )?,
    };
    if aim.campaign().slug != *campaign {
        return Err(AppError::NotFound("this gift"));
    }
    let to = Destinations::of(conn, aim.campaign(), now)?;
    let costs = to.unit_costs(conn, aim.campaign(), now)?;
    let earlier = match earlier {
        Some(gift) => {
            let email = mails::address_of(conn, gift.supporter_id)?;
            Some((gift, email))
        }
        None => None,
    };
    let page = aim.page.as_ref().map(|of| of.page.id);
    let offers = matching::pick::offers(conn, aim.campaign().id, page, now)?;
    let setting = Setting {
        aim,
        to,
        costs,
        offers,
    };
    Ok((setting, earlier))
}

fn optional(text: &str, what: &'static str) -> AppResult<Option<Slug>> {
    let text = Some(text).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| AppError::NotFound(what)))
        .transpose()
}

fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the campaign"))
}

pub(super) async fn form(
    giving: Data<Giving>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let (slug, asked) = (slug(&path.0)?, query.0);
    let now = giving.site.clock.now();
    let (program, source) = (asked.program.clone(), asked.utm_source.clone());
    let amount = asked.amount.clone();
    let (setting, earlier) = giving
        .site
        .db
        .read(move |c| read(c, &slug, &asked, now))
        .await?;
    let typed = match &earlier {
        // It was paid after all: nobody is asked to pay twice.
        Some((gift, _)) if gift.status.is_settled() => {
            return Ok(see(&format!("/thanks/{}", gift.token)));
        }
        Some((gift, email)) => Typed::again(gift, email, &setting.aim, &setting.to),
        None => Typed {
            program,
            source,
            ..Typed::asking(setting.aim.campaign(), &amount)
        },
    };
    let notice = giving.closed_because.read().is_some().then(|| {
        "Gifts cannot be taken right now; the people who run this campaign have been told."
            .to_owned()
    });
    let shown = Shown {
        typed,
        notice,
        ..Shown::default()
    };
    let mut response = show(&giving, &request, &setting, shown, StatusCode::OK, None)?;
    if earlier.is_some() {
        keep_address_private(&mut response);
    }
    Ok(response)
}

pub(super) async fn give(
    giving: Data<Giving>,
    request: HttpRequest,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (slug, typed) = (slug(&path.0)?, form.0);
    let now = giving.site.clock.now();
    let asked = Asked {
        page: typed.page.clone(),
        team: typed.team.clone(),
        ..Asked::default()
    };
    let (setting, _) = giving
        .site
        .db
        .read(move |c| read(c, &slug, &asked, now))
        .await?;
    let key = kept_key(&typed.idempotency_key);
    let parsed = typed
        .request(setting.aim.campaign())
        .map_err(AppError::Invalid);
    let begun = match parsed.and_then(|request| parse(&request)) {
        Ok(give) => begin(&giving, give, key.as_deref()).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok(gift) => Ok(see(&way_on(&gift))),
        Err(error) => mend(&giving, &request, &setting, typed, key, error),
    }
}

fn parse(request: &GiveRequest) -> AppResult<Give> {
    request.parse()
}

/// Begins the gift under the form's key. Whoever goes back in the browser, changes the form and sends it again sends
/// another request under the old key: that one gets a key of its own, the same each time it is sent.
async fn begin(giving: &Giving, give: Give, key: Option<&str>) -> AppResult<Donation> {
    let key = match key {
        Some(key) => format!("form:{key}"),
        None => format!("form:{}", secret::random_token()?),
    };
    match giving.give(give.clone(), &key).await {
        Err(AppError::Unprocessable {
            code: "idempotency_key_reused",
            ..
        }) => {
            let changed = give.request_hash.get(..32).unwrap_or_default();
            giving.give(give.clone(), &format!("{key}:{changed}")).await
        }
        other => other,
    }
}

/// To the checkout while it is open; else to the page that says how the gift stands.
fn way_on(gift: &Donation) -> String {
    match &gift.checkout_url {
        Some(url) if gift.status == model::DonationStatus::Pending => url.clone(),
        _ => format!("/thanks/{}", gift.token),
    }
}

/// The form again, with everything that was typed. What can be sent again as it is keeps its key, so that it stays one
/// gift; a form to be mended becomes another request and gets a new one.
fn mend(
    giving: &Giving,
    request: &HttpRequest,
    setting: &Setting,
    typed: Typed,
    key: Option<String>,
    error: AppError,
) -> AppResult<HttpResponse> {
    let status = error.status_code();
    let mut shown = Shown {
        typed,
        ..Shown::default()
    };
    let mut wait = None;
    let key = match error {
        AppError::Invalid(faults) => {
            shown.faults = faults;
            None
        }
        AppError::Unprocessable { detail, .. } => {
            shown.notice = Some(sentence(&detail));
            None
        }
        AppError::Conflict { detail, .. } => {
            shown.notice = Some(sentence(&detail));
            key
        }
        AppError::Unavailable { what, retry_after } => {
            shown.notice = Some(what);
            wait = Some(retry_after);
            key
        }
        AppError::TooMany { retry_after } => {
            shown.notice = Some(format!(
                "Too many tries from here. Please try again in {retry_after} seconds; nothing was charged."
            ));
            wait = Some(retry_after);
            key
        }
        _ if status == StatusCode::SERVICE_UNAVAILABLE => {
            shown.notice = Some(AppError::database_away().to_string());
            wait = Some(5);
            key
        }
        other => return Err(other),
    };
    let mut response = show(giving, request, setting, shown, status, key)?;
    if let Some(seconds) = wait {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// The form, or that giving is closed.
fn show(
    giving: &Giving,
    request: &HttpRequest,
    setting: &Setting,
    shown: Shown,
    status: StatusCode,
    key: Option<String>,
) -> AppResult<HttpResponse> {
    let site = &giving.site;
    let (nonce, now) = (Nonce::fresh()?, site.clock.now());
    let mut response = if setting.aim.campaign().is_giving_open(now) {
        let seal = site.csrf.token(request)?;
        let idempotency_key = match key {
            Some(key) => key,
            None => secret::random_token()?,
        };
        let secrets = Secrets {
            csrf: seal.value,
            idempotency_key,
        };
        let view = setting.view(
            &site.config,
            nonce.as_str(),
            giving.cover(),
            &shown,
            secrets,
            now,
        );
        let mut response = site.page("give", &view, &nonce)?;
        if let Some(cookie) = seal.cookie {
            response.add_cookie(&cookie).map_err(AppError::internal)?;
        }
        response
    } else {
        let view = setting.closed_view(&site.config, nonce.as_str(), now);
        site.page("give_closed", &view, &nonce)?
    };
    *response.status_mut() = status;
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// The key that the form was made with, if it still looks like one.
fn kept_key(text: &str) -> Option<String> {
    let fits = (16..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    fits.then(|| text.to_owned())
}

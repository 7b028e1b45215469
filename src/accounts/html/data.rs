//! `/account/data`: taking one's data away, and taking one's leave.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::form::{Mend, Note, note, render, unproved};
use super::overview::{Tab, tabs};
use crate::accounts::{Accounts, deletion, export};
use crate::audit::{self, Deed};
use crate::auth::{Signed, guard};
use crate::error::{AppError, AppResult};
use crate::mail::mails_to;
use crate::media;
use crate::subscribers::of_account;
use crate::subscribers::ops::Fresh;
use crate::web::CsrfForm;
use crate::web::views::shell::Link;

const PLACE: &str = "/account/data";

#[derive(Serialize)]
struct View {
    tabs: Vec<Tab>,
    email: String,
    typed: String,
    hindrances: Vec<String>,
}

async fn page(
    accounts: &Accounts,
    request: &HttpRequest,
    signed: &Signed,
    typed: String,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let user = signed.user();
    let hindrances = accounts
        .site
        .db
        .read(move |c| deletion::hindrances(c, user))
        .await?;
    let view = View {
        tabs: tabs(PLACE),
        email: signed.email().to_string(),
        typed,
        hindrances,
    };
    render(accounts, request, ("account_data", "Your data"), mend, view)
}

pub(super) async fn show(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
) -> AppResult<HttpResponse> {
    page(&accounts, &request, &signed, String::new(), Mend::nothing()).await
}

pub(super) async fn export(accounts: Data<Accounts>, signed: Signed) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let now = site.clock.now();
    if let Some(proof) = unproved(&signed, now, PLACE) {
        return Ok(proof);
    }
    let user = signed.held().user.clone();
    let id = user.id;
    let all = site.db.read(move |c| export::of(c, &user, now)).await?;
    site.db
        .tx(move |c| {
            let deed = Deed::new(id, "user.export", ("user", id.to_string()));
            audit::record(c, &deed, now)
        })
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"my-account.json\"",
        ))
        .content_type("application/json")
        .body(serde_json::to_string_pretty(&all)?))
}

/// The one field of the form: the address, typed out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    email: String,
}

pub(super) async fn delete(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let now = site.clock.now();
    if let Some(proof) = unproved(&signed, now, PLACE) {
        return Ok(proof);
    }
    let user = signed.held().user.clone();
    let typed = form.0.email;
    if typed.trim().to_lowercase() != user.email.folded() {
        let word = "type your address as it stands above, so that nothing is deleted by a slip";
        let mend = Mend::of(AppError::field("email", word))?;
        return page(&accounts, &request, &signed, typed, mend).await;
    }
    let leaving = user.clone();
    let mails = site
        .db
        .read(move |c| {
            let addresses = of_account::addresses(c, &leaving)?;
            mails_to(c, &addresses)
        })
        .await?;
    let fresh = Fresh::new()?;
    let deleted = site
        .db
        .tx(move |c| deletion::delete(c, &user, (&mails, &fresh), now))
        .await;
    let gone = match deleted {
        Ok(gone) => gone,
        Err(error) => return page(&accounts, &request, &signed, typed, Mend::of(error)?).await,
    };
    for page in &gone.pages {
        site.views.withdrawn("page", &page.to_string());
    }
    for page in &gone.gave_to {
        site.views.withdrawn("page", &page.to_string());
    }
    for photo in &gone.photographs {
        media::withdrawn(site, *photo);
    }
    for team in &gone.teams {
        site.views.withdrawn("team", &team.to_string());
    }
    let mut response = note(
        &accounts,
        &request,
        StatusCode::OK,
        Note {
            kicker: "Your account".into(),
            title: "Your account is deleted.".into(),
            lines: vec![
                "Your name, your address, your words and your photographs are gone. What was given on your page stays in the books, without your name.".into(),
                "Thank you for having been part of it.".into(),
            ],
            ways: vec![Link::new("Campaigns that are open", "/")],
        },
    )?;
    guard::clear_cookie(&mut response, site.config.is_https())?;
    Ok(response)
}

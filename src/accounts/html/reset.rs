//! `/reset`: a new password by mailed link (S7). It stands in for no second factor (S6).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::form::{Asked, Mend, browser_of, link_is_over, render, welcome};
use super::link::{self, Typed, Wanted};
use crate::accounts::{Accounts, Next, entry, mails};
use crate::auth::mailed::{self, Purpose};
use crate::auth::sessions::NewSession;
use crate::auth::{Password, User, UserId, model};
use crate::error::{AppError, AppResult};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query};

pub(super) async fn form(
    accounts: Data<Accounts>,
    request: HttpRequest,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let typed = Typed {
        next: query.0.next,
        ..Typed::default()
    };
    link::show(&accounts, &request, Wanted::Reset, typed, Mend::nothing())
}

pub(super) async fn ask(
    accounts: Data<Accounts>,
    request: HttpRequest,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let typed = form.0;
    match link::mail(&accounts, &request, Wanted::Reset, &typed).await {
        Ok(()) => Ok(see("/login/sent")),
        Err(error) => link::show(&accounts, &request, Wanted::Reset, typed, Mend::of(error)?),
    }
}

#[derive(Serialize)]
struct Shown {
    action: String,
    email: String,
}

async fn user_of(accounts: &Accounts, token: &str) -> AppResult<Option<User>> {
    let (secret, now) = (token.to_owned(), accounts.site.clock.now());
    accounts
        .site
        .db
        .read(move |c| {
            let link = mailed::peek(c, Purpose::Reset, &secret, now)?;
            let user = link.and_then(|link| link.user);
            user.map(|user| model::user_by_id(c, user)).transpose()
        })
        .await
}

fn show(
    accounts: &Accounts,
    request: &HttpRequest,
    (token, user): (&str, &User),
    mend: Mend,
) -> AppResult<HttpResponse> {
    let shown = Shown {
        action: format!("/reset/{token}"),
        email: user.email.to_string(),
    };
    let page = ("account_reset", "Choose a new password");
    render(accounts, request, page, mend, shown)
}

pub(super) async fn choose(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    match user_of(&accounts, &path.0).await? {
        Some(user) => show(&accounts, &request, (&path.0, &user), Mend::nothing()),
        None => link_is_over(&accounts, &request),
    }
}

/// The one field of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    pub(super) password: String,
}

pub(super) async fn set(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<String>,
    form: CsrfForm<Chosen>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let token = path.0;
    // Nothing is hashed for a link that does not hold.
    let Some(user) = user_of(&accounts, &token).await? else {
        return link_is_over(&accounts, &request);
    };
    let about = [
        site.config.site.name.as_str(),
        &user.name,
        user.email.as_str(),
    ];
    let hashed = match Password::choose(&form.0.password, &about) {
        Ok(password) => accounts.hashing.hash(password).await,
        Err(error) => Err(AppError::field("password", error)),
    };
    let phc = match hashed {
        Ok(phc) => phc,
        Err(error) => return show(&accounts, &request, (&token, &user), Mend::of(error)?),
    };
    let now = site.clock.now();
    let (session, secret) = NewSession::make(UserId::new(), &browser_of(request.headers()))?;
    let (config, outbox) = (Arc::clone(&site.config), accounts.mails.clone());
    let done = site
        .db
        .tx(move |c| {
            let Some((begun, user)) = entry::reset(c, (&token, &phc), &session, now)? else {
                return Ok(None);
            };
            let what =
                "Your password was changed by a mailed link. Every browser has been signed out.";
            outbox.queue(c, &[mails::changed(&config, &user, what)], now)?;
            Ok(Some(begun))
        })
        .await?;
    match done {
        Some(begun) => welcome(&accounts, &secret, begun, &Next::parse("")),
        None => link_is_over(&accounts, &request),
    }
}

//! `/login/link`: signing in without a password.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::form::{
    Asked, Mend, Question, browser_of, link_is_over, look_into_mailbox, question, render, welcome,
};
use crate::accounts::mails::Letter;
use crate::accounts::{Accounts, Next, entry, signup};
use crate::auth::mailed::{self, NewMailed, Purpose};
use crate::auth::sessions::NewSession;
use crate::auth::{UserId, model};
use crate::error::{AppError, AppResult};
use crate::kernel::Email;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query};

/// The fields of a form that asks for a mail.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) email: String,
    pub(super) next: String,
}

#[derive(Serialize)]
struct Shown {
    title: String,
    lede: String,
    action: String,
    button: String,
    email: String,
    next: String,
    login_href: String,
}

/// Which mail is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    SignIn,
    Reset,
}

pub(super) fn show(
    accounts: &Accounts,
    request: &HttpRequest,
    wanted: Wanted,
    typed: Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let next = Next::parse(&typed.next);
    let (title, lede, action, button) = match wanted {
        Wanted::SignIn => (
            "Sign in by mail.",
            "We mail you a link. It works once, for half an hour, and you need no password.",
            "/login/link",
            "Mail me a link",
        ),
        Wanted::Reset => (
            "Choose a new password.",
            "We mail you a link to the page where you choose it. It works once, for half an hour.",
            "/reset",
            "Mail me a link",
        ),
    };
    let shown = Shown {
        title: title.into(),
        lede: lede.into(),
        action: action.into(),
        button: button.into(),
        email: typed.email,
        login_href: next.on("/login"),
        next: next.to_string(),
    };
    let title = title.trim_end_matches('.');
    render(accounts, request, ("account_ask", title), mend, shown)
}

/// Mails a link, or word that the address has no account; whoever asks sees no difference (S4).
pub(super) async fn mail(
    accounts: &Accounts,
    request: &HttpRequest,
    wanted: Wanted,
    typed: &Typed,
) -> AppResult<()> {
    let site = &accounts.site;
    let email: Email = typed
        .email
        .parse()
        .map_err(|error| AppError::field("email", error))?;
    accounts
        .tries
        .ask_for_mail(site.limits.client_key(request))?;
    if !accounts.tries.may_mail(&email) {
        return Ok(());
    }
    let (letter, purpose) = match wanted {
        Wanted::SignIn => (Letter::SignIn, Purpose::SignIn),
        Wanted::Reset => (Letter::Reset, Purpose::Reset),
    };
    let (link, secret) = NewMailed::make(purpose, None, Next::parse(&typed.next).as_str())?;
    let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
    let now = site.clock.now();
    site.db
        .tx(move |c| {
            signup::mail_link(
                c,
                (&config, &mails),
                (letter, &email),
                (&link, &secret),
                now,
            )
        })
        .await
}

pub(super) async fn form(
    accounts: Data<Accounts>,
    request: HttpRequest,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let typed = Typed {
        next: query.0.next,
        ..Typed::default()
    };
    show(&accounts, &request, Wanted::SignIn, typed, Mend::nothing())
}

pub(super) async fn ask(
    accounts: Data<Accounts>,
    request: HttpRequest,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let typed = form.0;
    match mail(&accounts, &request, Wanted::SignIn, &typed).await {
        Ok(()) => Ok(see("/login/sent")),
        Err(error) => {
            let mend = Mend::of(error)?;
            show(&accounts, &request, Wanted::SignIn, typed, mend)
        }
    }
}

pub(super) async fn sent(
    accounts: Data<Accounts>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    look_into_mailbox(&accounts, &request, "We have sent you a link.")
}

pub(super) async fn confirm(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let (token, now) = (path.0, accounts.site.clock.now());
    let secret = token.clone();
    let found = accounts
        .site
        .db
        .read(move |c| {
            let link = mailed::peek(c, Purpose::SignIn, &secret, now)?;
            let user = link.and_then(|link| link.user);
            user.map(|user| model::user_by_id(c, user)).transpose()
        })
        .await?;
    let Some(user) = found else {
        return link_is_over(&accounts, &request);
    };
    question(
        &accounts,
        &request,
        Question {
            kicker: "Sign in".into(),
            title: format!("Welcome back, {}.", user.name),
            lines: vec![format!("This signs you in as {}.", user.email)],
            action: format!("/login/link/{token}"),
            button: "Sign in".into(),
        },
    )
}

pub(super) async fn sign_in(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let now = site.clock.now();
    let (session, secret) = NewSession::make(UserId::new(), &browser_of(request.headers()))?;
    let token = path.0;
    let done = site
        .db
        .tx(move |c| entry::by_link(c, &token, &session, now))
        .await?;
    match done {
        Some((begun, next)) => welcome(&accounts, &secret, begun, &Next::parse(&next)),
        None => link_is_over(&accounts, &request),
    }
}

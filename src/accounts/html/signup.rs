//! `/signup` and `/verify/{token}`: two minutes to a page begin here.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::form::{
    Asked, Mend, Question, browser_of, link_is_over, look_into_mailbox, question, render, welcome,
};
use crate::accounts::signup::{self, Ask, NAME_MOST};
use crate::accounts::{Accounts, Next};
use crate::auth::sessions::NewSession;
use crate::auth::{MaybeSigned, Password, UserId};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::secret::sha256_hex;
use crate::kernel::{Email, Line};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query};

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    name: String,
    email: String,
    /// Empty: a link is mailed each time.
    password: String,
    next: String,
}

/// The form again; a password is not shown again.
#[derive(Serialize)]
struct Shown {
    name: String,
    email: String,
    next: String,
    login_href: String,
}

const TITLE: (&str, &str) = ("signup", "Make an account");

fn show(
    accounts: &Accounts,
    request: &HttpRequest,
    typed: Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let next = Next::parse(&typed.next);
    let shown = Shown {
        name: typed.name,
        email: typed.email,
        login_href: next.on("/login"),
        next: next.to_string(),
    };
    render(accounts, request, TITLE, mend, shown)
}

pub(super) async fn form(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: MaybeSigned,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let next = Next::parse(&query.0.next);
    if signed.0.is_some() {
        return Ok(see(next.as_str()));
    }
    let typed = Typed {
        next: next.to_string(),
        ..Typed::default()
    };
    show(&accounts, &request, typed, Mend::nothing())
}

/// What a sign-up says, parsed.
pub(in crate::accounts) struct Parsed {
    pub(in crate::accounts) name: Line,
    pub(in crate::accounts) email: Email,
    pub(in crate::accounts) password: Option<Password>,
}

/// Parses a sign-up; every field that needs mending is named.
pub(in crate::accounts) fn parse(
    site: &str,
    name: &str,
    email: &str,
    password: &str,
) -> AppResult<Parsed> {
    let mut faults = Vec::new();
    let fault = |field: &str, error: &dyn std::fmt::Display| FieldError::new(field, error);
    let parsed_name = Line::parse(name, NAME_MOST).map_err(|e| fault("name", &e));
    let parsed_email = email.parse::<Email>().map_err(|e| fault("email", &e));
    let parsed_password = match password {
        "" => Ok(None),
        text => Password::choose(text, &[site, name, email])
            .map(Some)
            .map_err(|e| fault("password", &e)),
    };
    match (parsed_name, parsed_email, parsed_password) {
        (Ok(name), Ok(email), Ok(password)) => Ok(Parsed {
            name,
            email,
            password,
        }),
        (name, email, password) => {
            faults.extend(name.err());
            faults.extend(email.err());
            faults.extend(password.err());
            Err(AppError::Invalid(faults))
        }
    }
}

/// Mails what a sign-up's address is to get; whoever asks sees no difference (S4).
pub(in crate::accounts) async fn answer(
    accounts: &Accounts,
    client: Option<u128>,
    (parsed, browser): (Parsed, &str),
    next: &Next,
) -> AppResult<()> {
    accounts.tries.ask_for_mail(client)?;
    let phc = match parsed.password {
        Some(password) => Some((accounts.hashing.hash(password).await?, browser.to_owned())),
        None => None,
    };
    if !accounts.tries.may_mail(&parsed.email) {
        return Ok(());
    }
    let site = &accounts.site;
    let config = Arc::clone(&site.config);
    let ask = Ask::make(&config, &parsed.name, &parsed.email, phc, next.as_str())?;
    let (mails, now) = (accounts.mails.clone(), site.clock.now());
    site.db
        .tx(move |conn| ask.answer(conn, (&config, &mails), now))
        .await
}

/// Tells this browser from others: the digest of its forms' seal.
fn browser_digest(accounts: &Accounts, request: &HttpRequest) -> AppResult<String> {
    Ok(sha256_hex(accounts.site.csrf.token(request)?.value))
}

pub(super) async fn sign_up(
    accounts: Data<Accounts>,
    request: HttpRequest,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let typed = form.0;
    let next = Next::parse(&typed.next);
    let site = &accounts.site;
    let name = &site.config.site.name;
    let asked = match parse(name, &typed.name, &typed.email, &typed.password) {
        Ok(parsed) => {
            let client = site.limits.client_key(&request);
            let browser = browser_digest(&accounts, &request)?;
            answer(&accounts, client, (parsed, &browser), &next).await
        }
        Err(error) => Err(error),
    };
    match asked {
        Ok(()) => Ok(see("/signup/sent")),
        Err(error) => show(&accounts, &request, typed, Mend::of(error)?),
    }
}

pub(super) async fn sent(
    accounts: Data<Accounts>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    look_into_mailbox(
        &accounts,
        &request,
        "We have sent you a link. It opens your account, and takes you on to where you were going.",
    )
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
        .read(move |c| signup::peek(c, &secret, now))
        .await?;
    let Some(waiting) = found else {
        return link_is_over(&accounts, &request);
    };
    let on = Next::parse(&waiting.next);
    let button = if on.as_str().starts_with("/start/") {
        "Yes, and on to my page"
    } else {
        "Yes, open my account"
    };
    let site = &accounts.site.config.site.name;
    let mut lines = vec![
        format!(
            "Is {} your address? Then this opens your account with {site}.",
            waiting.email
        ),
        "If you did not ask for an account, close this page: nothing is kept.".into(),
    ];
    if waiting.leaves_password(&browser_digest(&accounts, &request)?) {
        lines.push(
            "The password was typed in another browser, so it is not taken over. Choose one in your settings, or sign in by mailed link."
                .into(),
        );
    }
    question(
        &accounts,
        &request,
        Question {
            kicker: "Nearly there".into(),
            title: format!("Welcome, {}.", waiting.name),
            lines,
            action: format!("/verify/{token}"),
            button: button.into(),
        },
    )
}

pub(super) async fn verify(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let (fresh, now) = (UserId::new(), site.clock.now());
    let (session, secret) = NewSession::make(fresh, &browser_of(request.headers()))?;
    let (token, browser) = (path.0, browser_digest(&accounts, &request)?);
    let done = site
        .db
        .tx(move |c| signup::verify(c, &token, (fresh, &browser), &session, now))
        .await?;
    match done {
        Some((begun, next)) => welcome(&accounts, &secret, begun, &Next::parse(&next)),
        None => link_is_over(&accounts, &request),
    }
}

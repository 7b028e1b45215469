//! `/login` and `/logout`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::form::{Asked, Mend, before, browser_of, render, welcome};
use crate::accounts::entry::{self, Begun};
use crate::accounts::{Accounts, Next};
use crate::auth::sessions::{self, NewSession, SessionId};
use crate::auth::{HalfSigned, MaybeSigned, Password, User, UserId, guard, model, user_by_email};
use crate::error::{AppError, AppResult};
use crate::kernel::Email;
use crate::web::site::see;
use crate::web::{CsrfForm, Query};
use secrecy::SecretString;

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    email: String,
    password: String,
    next: String,
}

#[derive(Serialize)]
struct Shown {
    email: String,
    next: String,
    signup_href: String,
    link_href: String,
    has_left: bool,
}

/// Says the same for an unknown address, a wrong password, and an account that has none (S4).
const WRONG: &str =
    "Address and password do not fit together. If you have no password, let us mail you a link.";

fn show(
    accounts: &Accounts,
    request: &HttpRequest,
    typed: Typed,
    mend: Mend,
    has_left: bool,
) -> AppResult<HttpResponse> {
    let next = Next::parse(&typed.next);
    let shown = Shown {
        email: typed.email,
        signup_href: next.on("/signup"),
        link_href: next.on("/login/link"),
        next: next.to_string(),
        has_left,
    };
    render(accounts, request, ("login", "Sign in"), mend, shown)
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
    let has_left = query.0.done == "left";
    show(&accounts, &request, typed, Mend::nothing(), has_left)
}

pub(super) async fn sign_in(
    accounts: Data<Accounts>,
    request: HttpRequest,
    half: Option<HalfSigned>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let typed = form.0;
    match enter(&accounts, &request, before(half), &typed).await {
        Ok(Some((secret, begun))) => welcome(&accounts, &secret, begun, &Next::parse(&typed.next)),
        Ok(None) => {
            let mend = Mend::saying(StatusCode::UNAUTHORIZED, WRONG);
            show(&accounts, &request, typed, mend, false)
        }
        Err(error) => show(&accounts, &request, typed, Mend::of(error)?, false),
    }
}

/// A session for whoever shows the password of an account. Known and unknown addresses cost one look-up and one hash.
async fn enter(
    accounts: &Accounts,
    request: &HttpRequest,
    before: Option<(UserId, SessionId)>,
    typed: &Typed,
) -> AppResult<Option<(SecretString, Begun)>> {
    let site = &accounts.site;
    let email: Email = typed
        .email
        .parse()
        .map_err(|error| AppError::field("email", error))?;
    accounts
        .tries
        .sign_in(site.limits.client_key(request), &email)?;
    let found = site.db.read(move |c| user_by_email(c, &email)).await?;
    // No account has a password of another length, whatever the address.
    let Ok(password) = Password::parse(&typed.password) else {
        return Ok(None);
    };
    let phc = found.as_ref().and_then(|user| user.password_hash.clone());
    let fits = accounts.hashing.fits(password.clone(), phc.clone()).await?;
    let (true, Some(user), Some(phc)) = (fits, found, phc) else {
        return Ok(None);
    };
    let renewed = accounts.hashing.renewed(password, &phc).await?;
    begin(accounts, request, before, &user, renewed)
        .await
        .map(Some)
}

async fn begin(
    accounts: &Accounts,
    request: &HttpRequest,
    before: Option<(UserId, SessionId)>,
    user: &User,
    renewed: Option<String>,
) -> AppResult<(SecretString, Begun)> {
    let now = accounts.site.clock.now();
    let (session, secret) = NewSession::make(user.id, &browser_of(request.headers()))?;
    let id = user.id;
    let begun = accounts
        .site
        .db
        .tx(move |c| {
            if let Some(phc) = &renewed {
                model::set_password(c, id, phc)?;
            }
            entry::begin(c, &session, before, now)
        })
        .await?;
    Ok((secret, begun))
}

pub(super) async fn sign_out(
    accounts: Data<Accounts>,
    half: Option<HalfSigned>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    if let Some((user, session)) = before(half) {
        let now = site.clock.now();
        let end = site
            .db
            .tx(move |c| sessions::end(c, user, session, now))
            .await;
        match end {
            Ok(()) | Err(AppError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let mut response = see("/login?done=left");
    guard::clear_cookie(&mut response, site.config.is_https())?;
    Ok(response)
}

//! `/login/again`: a fresh proof before delicate changes (S6).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::factor;
use super::form::{Asked, Mend, render};
use crate::accounts::entry::{self, Shown};
use crate::accounts::{Accounts, Next};
use crate::auth::{Password, Signed, passkeys, recovery, sessions};
use crate::error::AppResult;
use crate::web::site::see;
use crate::web::{CsrfForm, Query};

/// The fields of the form: one of them is enough.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    password: String,
    code: String,
    next: String,
}

#[derive(Serialize)]
struct View {
    next: String,
    email: String,
    has_password: bool,
    has_codes: bool,
    has_passkeys: bool,
}

async fn show(
    accounts: &Accounts,
    request: &HttpRequest,
    signed: &Signed,
    next: &Next,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let user = &signed.held().user;
    let id = user.id;
    let keys = accounts
        .site
        .db
        .read(move |c| passkeys::of_user(c, id))
        .await?;
    let view = View {
        next: next.to_string(),
        email: user.email.to_string(),
        has_password: user.password_hash.is_some(),
        has_codes: user.totp_confirmed_at.is_some(),
        has_passkeys: accounts.passkeys.is_on() && !keys.is_empty(),
    };
    let page = ("login_again", "Is it still you?");
    render(accounts, request, page, mend, view)
}

pub(super) async fn form(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let next = Next::parse(&query.0.next);
    show(&accounts, &request, &signed, &next, Mend::nothing()).await
}

/// Whether what was typed proves who it is, and what of it counts but once.
async fn proves(accounts: &Accounts, signed: &Signed, typed: &Typed) -> AppResult<Option<Shown>> {
    let user = &signed.held().user;
    accounts.tries.proof(user.id)?;
    if !typed.code.trim().is_empty() {
        let shown = factor::read(accounts, user, &typed.code)?;
        return Ok(Some(shown));
    }
    let Ok(password) = Password::parse(&typed.password) else {
        return Ok(None);
    };
    let phc = user.password_hash.clone();
    let fits = accounts.hashing.fits(password, phc).await?;
    Ok(fits.then_some(Shown::Nothing))
}

pub(super) async fn prove(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let typed = form.0;
    let next = Next::parse(&typed.next);
    let by_code = !typed.code.trim().is_empty();
    let mend = match proves(&accounts, &signed, &typed).await {
        Ok(Some(shown)) => {
            let (user, session) = (signed.user(), signed.session());
            let now = accounts.site.clock.now();
            let proved = accounts
                .site
                .db
                .tx(move |c| {
                    if by_code && !entry::take(c, user, &shown, now)? {
                        return Ok(false);
                    }
                    sessions::prove(c, session, by_code, now)?;
                    Ok(true)
                })
                .await?;
            if proved {
                return Ok(see(next.as_str()));
            }
            None
        }
        Ok(None) => None,
        Err(error) => Some(Mend::of(error)?),
    };
    let is_recovery = recovery::looks_like(&typed.code);
    let mend = mend.unwrap_or_else(|| {
        let word = match (by_code, is_recovery) {
            (true, true) => "This recovery code does not count.",
            (true, false) => {
                "This code does not count. Each code works once; wait for the next one."
            }
            (false, _) => "This is not your password.",
        };
        Mend::saying(StatusCode::UNAUTHORIZED, word)
    });
    show(&accounts, &request, &signed, &next, mend).await
}

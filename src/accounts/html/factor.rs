//! `/login/second-factor`: a code of an authenticator app, a recovery code, or a passkey (S6).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::form::{Asked, Mend, browser_of, render, welcome};
use crate::accounts::entry::{self, Begun, Shown};
use crate::accounts::{Accounts, Next};
use crate::auth::sessions::{Held, NewSession};
use crate::auth::{HalfSigned, User, passkeys, recovery, totp};
use crate::error::AppResult;
use crate::web::site::see;
use crate::web::{CsrfForm, Query};

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    code: String,
    next: String,
}

#[derive(Serialize)]
struct View {
    next: String,
    name: String,
    has_codes: bool,
    has_passkeys: bool,
}

async fn show_form(
    accounts: &Accounts,
    request: &HttpRequest,
    held: &Held,
    next: &Next,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let user = held.user.id;
    let keys = accounts
        .site
        .db
        .read(move |c| passkeys::of_user(c, user))
        .await?;
    let view = View {
        next: next.to_string(),
        name: held.user.name.clone(),
        has_codes: held.user.totp_confirmed_at.is_some(),
        has_passkeys: accounts.passkeys.is_on() && !keys.is_empty(),
    };
    let page = ("login_factor", "One more step");
    render(accounts, request, page, mend, view)
}

pub(super) async fn form(
    accounts: Data<Accounts>,
    request: HttpRequest,
    HalfSigned(held): HalfSigned,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let next = Next::parse(&query.0.next);
    if !held.has_second_factor {
        // A page that asks for one sent this person here: it is set up there.
        return Ok(see("/account/security"));
    }
    if held.session.second_factor_at.is_some() {
        return Ok(see(next.as_str()));
    }
    show_form(&accounts, &request, &held, &next, Mend::nothing()).await
}

/// What was typed, as far as it can be told without the database.
pub(super) fn read(accounts: &Accounts, user: &User, typed: &str) -> AppResult<Shown> {
    if recovery::looks_like(typed) {
        return Ok(Shown::Recovery(typed.to_owned()));
    }
    let (Some(sealed), Some(_)) = (&user.totp_secret, user.totp_confirmed_at) else {
        return Ok(Shown::Nothing);
    };
    let secret = accounts.vault.open(user.id, sealed)?;
    let step = totp::step_of(&secret, typed, accounts.site.clock.now())?;
    Ok(step.map_or(Shown::Nothing, Shown::Step))
}

/// Takes a second factor; the session that owed it ends, and a new one begins that has it. `None` when it does not count.
pub(super) async fn take(
    accounts: &Accounts,
    request: &HttpRequest,
    held: &Held,
    shown: Shown,
) -> AppResult<Option<(SecretString, Begun)>> {
    let (user, old) = (held.user.id, held.session.id);
    let now = accounts.site.clock.now();
    let (mut session, secret) = NewSession::make(user, &browser_of(request.headers()))?;
    session.second_factor = true;
    let begun = accounts
        .site
        .db
        .tx(move |c| {
            if !entry::take(c, user, &shown, now)? {
                return Ok(None);
            }
            entry::begin(c, &session, Some((user, old)), now).map(Some)
        })
        .await?;
    Ok(begun.map(|begun| (secret, begun)))
}

pub(super) async fn show(
    accounts: Data<Accounts>,
    request: HttpRequest,
    HalfSigned(held): HalfSigned,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let next = Next::parse(&form.0.next);
    let taken = match accounts.tries.proof(held.user.id) {
        Ok(()) => {
            let shown = read(&accounts, &held.user, &form.0.code)?;
            take(&accounts, &request, &held, shown).await
        }
        Err(error) => Err(error),
    };
    let mend = match taken {
        Ok(Some((secret, begun))) => return welcome(&accounts, &secret, begun, &next),
        Ok(None) => Mend::saying(
            StatusCode::UNAUTHORIZED,
            "This code does not count. Each code works once; wait for the next one, or take a recovery code.",
        ),
        Err(error) => Mend::of(error)?,
    };
    show_form(&accounts, &request, &held, &next, mend).await
}

//! Adding, showing, naming and removing passkeys. The two ceremonies talk JSON with `assets/passkeys.js`.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::factor;
use super::form::{Mend, unproved, welcome};
use super::security::{self, Fresh};
use crate::accounts::entry::Shown;
use crate::accounts::{Accounts, Next, ops};
use crate::auth::mailed::{self, NewMailed, Purpose};
use crate::auth::passkeys::{self, Begun, PasskeyId};
use crate::auth::{HalfSigned, Signed, UserId, recovery, sessions};
use crate::error::{AppError, AppResult};
use crate::kernel::Line;
use crate::web::{CsrfForm, JsonBody, Path};

/// The longest name of a passkey.
const NAME_MOST: usize = 60;

/// What the second step sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finish {
    /// The secret of the first step.
    ceremony: String,
    /// What the device answered.
    credential: Value,
    #[serde(default)]
    name: String,
    #[serde(default)]
    next: String,
}

#[derive(Serialize)]
struct Started {
    ceremony: String,
    options: Value,
}

/// Remembers a ceremony until its second step.
async fn remember(accounts: &Accounts, user: UserId, begun: Begun) -> AppResult<HttpResponse> {
    let (link, secret) = NewMailed::make(Purpose::Passkey, Some(user), &begun.state)?;
    let now = accounts.site.clock.now();
    accounts
        .site
        .db
        .tx(move |c| mailed::insert(c, &link, now))
        .await?;
    Ok(HttpResponse::Ok().json(Started {
        ceremony: secret.expose_secret().to_owned(),
        options: begun.options,
    }))
}

/// The state of a ceremony of this user; each counts once.
async fn recall(accounts: &Accounts, user: UserId, secret: &str) -> AppResult<String> {
    let (secret, now) = (secret.to_owned(), accounts.site.clock.now());
    let found = accounts
        .site
        .db
        .tx(move |c| mailed::use_up(c, Purpose::Passkey, &secret, now))
        .await?;
    found
        .filter(|link| link.user == Some(user))
        .map(|link| link.payload)
        .ok_or(AppError::Unprocessable {
            code: "ceremony_over",
            detail: "this took too long; please try again".into(),
        })
}

async fn known(accounts: &Accounts, user: UserId) -> AppResult<Vec<passkeys::Passkey>> {
    accounts
        .site
        .db
        .read(move |c| passkeys::of_user(c, user))
        .await
}

pub(super) async fn begin_adding(
    accounts: Data<Accounts>,
    signed: Signed,
) -> AppResult<HttpResponse> {
    signed.proved_lately(accounts.site.clock.now())?;
    let user = &signed.held().user;
    let rows = known(&accounts, user.id).await?;
    let begun = accounts.passkeys.begin_adding(user, &rows)?;
    remember(&accounts, user.id, begun).await
}

pub(super) async fn finish_adding(
    accounts: Data<Accounts>,
    signed: Signed,
    body: JsonBody<Finish>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let now = site.clock.now();
    signed.proved_lately(now)?;
    let user = signed.held().user.clone();
    let name = match body.0.name.trim() {
        "" => "Passkey",
        name => name,
    };
    let name = Line::parse(name, NAME_MOST).map_err(|error| AppError::field("name", error))?;
    let state = recall(&accounts, user.id, &body.0.ceremony).await?;
    let new = accounts.passkeys.finish_adding(
        (PasskeyId::new(), &user, name),
        &body.0.credential,
        &state,
    )?;
    let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
    let (session, codes) = (signed.session(), recovery::fresh()?);
    let fresh = site
        .db
        .tx(move |c| {
            passkeys::insert(c, &new, now)?;
            sessions::prove(c, session, true, now)?;
            let what = "A passkey was added to your account.";
            let deed = ("user.add_passkey", what);
            ops::tell(c, (&config, &mails), &user, deed, now)?;
            // The first factor of an account brings the codes for the day when it is lost.
            if recovery::left(c, user.id)? > 0 {
                return Ok(None);
            }
            recovery::replace(c, user.id, &codes)?;
            Ok(Some(codes.clone()))
        })
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "recovery_codes": fresh })))
}

pub(super) async fn begin_showing(
    accounts: Data<Accounts>,
    HalfSigned(held): HalfSigned,
) -> AppResult<HttpResponse> {
    accounts.tries.proof(held.user.id)?;
    let rows = known(&accounts, held.user.id).await?;
    let begun = accounts.passkeys.begin_showing(&rows)?;
    remember(&accounts, held.user.id, begun).await
}

pub(super) async fn finish_showing(
    accounts: Data<Accounts>,
    request: HttpRequest,
    HalfSigned(held): HalfSigned,
    body: JsonBody<Finish>,
) -> AppResult<HttpResponse> {
    let rows = known(&accounts, held.user.id).await?;
    let state = recall(&accounts, held.user.id, &body.0.ceremony).await?;
    let (id, credential) = accounts
        .passkeys
        .finish_showing(&rows, &body.0.credential, &state)?;
    let shown = Shown::Passkey(id, credential);
    let taken = factor::take(&accounts, &request, &held, shown).await?;
    let (secret, begun) = taken.ok_or(AppError::Unauthorized)?;
    let next = Next::parse(&body.0.next);
    let mut response = welcome(&accounts, &secret, begun, &next)?;
    // A script cannot see where a 303 leads.
    *response.status_mut() = StatusCode::OK;
    Ok(response.set_body(actix_web::body::BoxBody::new(
        json!({ "next": next.as_str() }).to_string(),
    )))
}

/// The one field of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    name: String,
}

fn id_of(text: &str) -> AppResult<PasskeyId> {
    text.parse().map_err(|_| AppError::NotFound("the passkey"))
}

pub(super) async fn rename(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    path: Path<String>,
    form: CsrfForm<Named>,
) -> AppResult<HttpResponse> {
    let id = id_of(&path.0)?;
    let name = match Line::parse(&form.0.name, NAME_MOST) {
        Ok(name) => name,
        Err(error) => {
            let mend = Mend::of(AppError::field(&format!("passkey-{id}"), error))?;
            return security::page(&accounts, &request, &signed, Fresh::default(), mend).await;
        }
    };
    let user = signed.user();
    accounts
        .site
        .db
        .tx(move |c| passkeys::rename(c, user, id, &name))
        .await?;
    Ok(security::back("renamed"))
}

pub(super) async fn remove(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let (id, now) = (id_of(&path.0)?, site.clock.now());
    if let Some(proof) = unproved(&signed, now, security::PLACE) {
        return Ok(proof);
    }
    let user = signed.held().user.clone();
    let must_stay = security::must_keep_a_factor(&accounts, &signed);
    let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
    let removed = site
        .db
        .tx(move |c| {
            passkeys::remove(c, user.id, id)?;
            let is_last =
                user.totp_confirmed_at.is_none() && passkeys::of_user(c, user.id)?.is_empty();
            if is_last && must_stay {
                return Err(security::last_factor());
            }
            if is_last {
                recovery::remove(c, user.id)?;
            }
            let what = "A passkey was removed from your account.";
            let deed = ("user.remove_passkey", what);
            ops::tell(c, (&config, &mails), &user, deed, now)
        })
        .await;
    match removed {
        Ok(()) => Ok(security::back("removed")),
        Err(error) => {
            let mend = Mend::of(error)?;
            security::page(&accounts, &request, &signed, Fresh::default(), mend).await
        }
    }
}

//! `/account/security`: where one is signed in, and second factors.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use qrcode::{EcLevel, QrCode};
use serde::{Deserialize, Serialize};

use super::form::{Asked, Mend, render, unproved};
use super::overview::{Tab, tabs};
use crate::accounts::{Accounts, ops};
use crate::auth::sessions::{self, Session, SessionId};
use crate::auth::{Role, Signed, model, passkeys, recovery, totp};
use crate::error::{AppError, AppResult};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query};

/// Where the page is.
pub(super) const PLACE: &str = "/account/security";

/// The way back to the page, saying what was done.
pub(super) fn back(done: &str) -> HttpResponse {
    see(&format!("{PLACE}?done={done}"))
}

/// What is shown once, in the answer that made it.
#[derive(Default)]
pub(super) struct Fresh {
    pub(super) recovery_codes: Vec<String>,
    pub(super) done: Option<String>,
}

#[derive(Serialize)]
struct Browser {
    href: String,
    browser: String,
    signed_in_at: String,
    used_at: String,
    is_this: bool,
}

#[derive(Serialize)]
struct Key {
    id: String,
    name: String,
    added_at: String,
    used_at: Option<String>,
    error: Option<String>,
}

/// A secret that waits for its first code.
#[derive(Serialize)]
struct Offered {
    qr_svg: String,
    secret: String,
    uri: String,
}

#[derive(Serialize)]
struct View {
    tabs: Vec<Tab>,
    done: Option<String>,
    browsers: Vec<Browser>,
    others: usize,
    codes_on: bool,
    offered: Option<Offered>,
    recovery_left: i64,
    recovery_codes: Vec<String>,
    has_factor: bool,
    must_have_factor: bool,
    passkeys_on: bool,
    passkeys: Vec<Key>,
}

/// The conflict of somebody who works here and would be left without a second factor.
pub(super) fn last_factor() -> AppError {
    AppError::Conflict {
        code: "factor_needed",
        detail: "who works here keeps a second factor; add another one first".into(),
    }
}

/// Whether the person works here, where that needs a second factor (S6).
pub(super) fn must_keep_a_factor(accounts: &Accounts, signed: &Signed) -> bool {
    accounts.site.config.auth.staff_second_factor
        && [Role::Owner, Role::Coordinator, Role::Finance]
            .into_iter()
            .any(|role| signed.is(role))
}

/// The page, read anew.
pub(super) async fn page(
    accounts: &Accounts,
    request: &HttpRequest,
    signed: &Signed,
    fresh: Fresh,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let (id, now) = (signed.user(), accounts.site.clock.now());
    let (user, browsers, keys, left) = accounts
        .site
        .db
        .read(move |c| {
            Ok((
                model::user_by_id(c, id)?,
                sessions::of_user(c, id)?,
                passkeys::of_user(c, id)?,
                recovery::left(c, id)?,
            ))
        })
        .await?;
    let offered = match (&user.totp_secret, user.totp_confirmed_at) {
        (Some(sealed), None) => {
            let secret = accounts.vault.open(id, sealed)?;
            let site = &accounts.site.config.site.name;
            let uri = totp::uri(&secret, site, user.email.as_str())?;
            Some(Offered {
                qr_svg: drawn(&uri)?,
                secret: grouped(&secret),
                uri,
            })
        }
        _ => None,
    };
    let life = sessions::Lifetime::of(&signed.held().roles);
    let browsers: Vec<Browser> = browsers
        .iter()
        .filter(|one| now <= one.seen_at.plus(life.idle))
        .map(|one| browser(one, signed.session()))
        .collect();
    let codes_on = user.totp_confirmed_at.is_some();
    let view = View {
        tabs: tabs(PLACE),
        done: fresh.done.as_deref().and_then(done_in_words),
        others: browsers.iter().filter(|one| !one.is_this).count(),
        browsers,
        codes_on,
        offered,
        recovery_left: left,
        recovery_codes: fresh.recovery_codes,
        has_factor: codes_on || !keys.is_empty(),
        must_have_factor: must_keep_a_factor(accounts, signed),
        passkeys_on: accounts.passkeys.is_on(),
        passkeys: keys
            .into_iter()
            .map(|key| Key {
                error: mend.of_field(&format!("passkey-{}", key.id)),
                id: key.id.to_string(),
                name: key.name,
                added_at: key.created_at.rfc3339(),
                used_at: key.used_at.map(|at| at.rfc3339()),
            })
            .collect(),
    };
    let title = ("account_security", "Safety of your account");
    render(accounts, request, title, mend, view)
}

fn done_in_words(word: &str) -> Option<String> {
    let said = match word {
        "ended" => "That browser has been signed out.",
        "ended-others" => "Every other browser has been signed out.",
        "off" => "Codes are switched off.",
        "renamed" => "The passkey has its new name.",
        "removed" => "The passkey has been removed.",
        "added" => "The passkey has been added.",
        "password" => "Your password was changed, and every other browser signed out.",
        _ => return None,
    };
    Some(said.to_owned())
}

fn browser(session: &Session, this: SessionId) -> Browser {
    Browser {
        href: format!("/account/sessions/{}/end", session.id),
        browser: session.browser.clone(),
        signed_in_at: session.created_at.rfc3339(),
        used_at: session.seen_at.rfc3339(),
        is_this: session.id == this,
    }
}

/// In groups of four, as people type it.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|four| four.iter().collect())
        .collect();
    groups.join(" ")
}

/// A QR code as one path, dark on light in either scheme, for cameras read it so.
fn drawn(text: &str) -> AppResult<String> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M)
        .map_err(AppError::internal)?;
    let width = code.width();
    let mut path = String::new();
    for (place, colour) in code.to_colors().iter().enumerate() {
        if *colour == qrcode::Color::Dark {
            let (x, y) = (place % width + 4, place / width + 4);
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    let side = width + 8;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"QR code of the secret\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

pub(super) async fn show(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let fresh = Fresh {
        done: Some(query.0.done),
        ..Fresh::default()
    };
    page(&accounts, &request, &signed, fresh, Mend::nothing()).await
}

pub(super) async fn end_one(
    accounts: Data<Accounts>,
    signed: Signed,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let id: SessionId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("the session"))?;
    let (user, now) = (signed.user(), accounts.site.clock.now());
    accounts
        .site
        .db
        .tx(move |c| sessions::end(c, user, id, now))
        .await?;
    Ok(back("ended"))
}

pub(super) async fn end_others(
    accounts: Data<Accounts>,
    signed: Signed,
) -> AppResult<HttpResponse> {
    let (user, keep, now) = (signed.user(), signed.session(), accounts.site.clock.now());
    accounts
        .site
        .db
        .tx(move |c| sessions::end_all(c, user, Some(keep), now))
        .await?;
    Ok(back("ended-others"))
}

pub(super) async fn offer_codes(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
) -> AppResult<HttpResponse> {
    let (user, now) = (signed.user(), accounts.site.clock.now());
    if let Some(proof) = unproved(&signed, now, PLACE) {
        return Ok(proof);
    }
    let sealed = accounts.vault.seal(user, &totp::new_secret()?)?;
    let offered = accounts
        .site
        .db
        .tx(move |c| totp::offer(c, user, &sealed))
        .await;
    match offered {
        Ok(()) => Ok(see(&format!("{PLACE}#codes"))),
        Err(error) => {
            let mend = Mend::of(error)?;
            page(&accounts, &request, &signed, Fresh::default(), mend).await
        }
    }
}

/// The one field of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    code: String,
}

pub(super) async fn confirm_codes(
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
    let confirmed = match step(&accounts, &signed, &form.0.code) {
        Ok(step) => {
            let codes = recovery::fresh()?;
            let (session, shown) = (signed.session(), codes.clone());
            let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
            site.db
                .tx(move |c| {
                    let post = (&*config, &mails);
                    ops::switch_codes_on(c, post, (&user, session), (step, &codes), now)
                })
                .await
                .map(|()| shown)
        }
        Err(error) => Err(error),
    };
    let (fresh, mend) = match confirmed {
        Ok(recovery_codes) => {
            let fresh = Fresh {
                recovery_codes,
                done: None,
            };
            (fresh, Mend::nothing())
        }
        Err(error) => (Fresh::default(), Mend::of(error)?),
    };
    page(&accounts, &request, &signed, fresh, mend).await
}

/// The step of the code that was typed for an offered secret.
fn step(accounts: &Accounts, signed: &Signed, typed: &str) -> AppResult<i64> {
    let user = &signed.held().user;
    accounts.tries.proof(user.id)?;
    let wrong = || {
        AppError::field(
            "code",
            "this is not the code that the app shows now; look again, and check the clock of your phone",
        )
    };
    let sealed = user.totp_secret.as_deref().ok_or_else(wrong)?;
    let secret = accounts.vault.open(user.id, sealed)?;
    totp::step_of(&secret, typed, accounts.site.clock.now())?.ok_or_else(wrong)
}

pub(super) async fn new_recovery_codes(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let now = site.clock.now();
    if let Some(proof) = unproved(&signed, now, PLACE) {
        return Ok(proof);
    }
    if !signed.held().has_second_factor {
        return Ok(see(PLACE));
    }
    let user = signed.held().user.clone();
    let codes = recovery::fresh()?;
    let recovery_codes = codes.clone();
    let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
    site.db
        .tx(move |c| {
            recovery::replace(c, user.id, &codes)?;
            let what = "New recovery codes were made; the old ones work no more.";
            let deed = ("user.new_recovery_codes", what);
            ops::tell(c, (&config, &mails), &user, deed, now)
        })
        .await?;
    let fresh = Fresh {
        recovery_codes,
        done: None,
    };
    page(&accounts, &request, &signed, fresh, Mend::nothing()).await
}

pub(super) async fn switch_codes_off(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let now = site.clock.now();
    if let Some(proof) = unproved(&signed, now, PLACE) {
        return Ok(proof);
    }
    let user = signed.held().user.clone();
    let must_stay = must_keep_a_factor(&accounts, &signed);
    let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
    let switched = site
        .db
        .tx(move |c| {
            let keeps_passkeys = !passkeys::of_user(c, user.id)?.is_empty();
            if must_stay && !keeps_passkeys {
                return Err(last_factor());
            }
            ops::switch_codes_off(c, (&config, &mails), &user, keeps_passkeys, now)
        })
        .await;
    match switched {
        Ok(()) => Ok(back("off")),
        Err(error) => {
            let mend = Mend::of(error)?;
            page(&accounts, &request, &signed, Fresh::default(), mend).await
        }
    }
}

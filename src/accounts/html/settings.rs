//! `/account/settings`: name, language, address, password, and which mail comes.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::form::{Asked, Mend, Note, Question, link_is_over, note, question, render, unproved};
use super::overview::{Tab, tabs};
use super::reset::Chosen;
use super::security;
use crate::accounts::signup::NAME_MOST;
use crate::accounts::{Accounts, Language, ops};
use crate::auth::mailed::{self, NewMailed, Purpose};
use crate::auth::{MailKind, Password, Signed, mutes};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Email, Line};
use crate::subscribers::model::token_of;
use crate::web::site::see;
use crate::web::views::shell::Link;
use crate::web::{CsrfForm, Path, Query};

const PLACE: &str = "/account/settings";

/// What was typed into one of the forms; the others show what is.
#[derive(Default)]
struct Typed {
    name: Option<String>,
    email: Option<String>,
    done: Option<String>,
}

#[derive(Serialize)]
struct Choice {
    value: &'static str,
    label: &'static str,
    is_chosen: bool,
}

#[derive(Serialize)]
struct Switch {
    kind: MailKind,
    label: &'static str,
    why: &'static str,
    is_on: bool,
}

#[derive(Serialize)]
struct View {
    tabs: Vec<Tab>,
    done: Option<&'static str>,
    name: String,
    email: String,
    new_email: String,
    has_password: bool,
    languages: Vec<Choice>,
    switches: Vec<Switch>,
    /// Where one says which newsletters come, for whoever is known as a reader.
    preferences_url: Option<String>,
}

async fn page(
    accounts: &Accounts,
    request: &HttpRequest,
    signed: &Signed,
    typed: Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let id = signed.user();
    let (muted, reader) = accounts
        .site
        .db
        .read(move |c| Ok((mutes::muted_by(c, id)?, token_of(c, id)?)))
        .await?;
    let user = &signed.held().user;
    let view = View {
        tabs: tabs(PLACE),
        done: typed.done.as_deref().and_then(done_in_words),
        name: typed.name.unwrap_or_else(|| user.name.clone()),
        email: user.email.to_string(),
        new_email: typed.email.unwrap_or_default(),
        has_password: user.password_hash.is_some(),
        languages: Language::ALL
            .iter()
            .map(|language| Choice {
                value: language.as_str(),
                label: language.label(),
                is_chosen: user.language == language.as_str(),
            })
            .collect(),
        switches: MailKind::ALL
            .iter()
            .map(|kind| Switch {
                kind: *kind,
                label: kind.label(),
                why: kind.why(),
                is_on: !muted.contains(kind),
            })
            .collect(),
        preferences_url: reader.map(|token| format!("/preferences/{token}")),
    };
    let title = ("account_settings", "You and your mail");
    render(accounts, request, title, mend, view)
}

fn done_in_words(word: &str) -> Option<&'static str> {
    match word {
        "name" => Some("Your name is kept."),
        "address" => {
            Some("We have sent a link to the new address. Your account moves once it is used.")
        }
        "mail" => Some("Your choice of mail is kept."),
        "password" => Some("Your password is kept, and every other browser was signed out."),
        _ => None,
    }
}

pub(super) async fn show(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let typed = Typed {
        done: Some(query.0.done),
        ..Typed::default()
    };
    page(&accounts, &request, &signed, typed, Mend::nothing()).await
}

fn done(word: &str) -> HttpResponse {
    see(&format!("{PLACE}?done={word}"))
}

/// The fields of the first form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Naming {
    name: String,
    language: String,
}

pub(super) async fn rename(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    form: CsrfForm<Naming>,
) -> AppResult<HttpResponse> {
    let name = Line::parse(&form.0.name, NAME_MOST).map_err(|error| FieldError::new("name", error));
    let language = form
        .0
        .language
        .parse::<Language>()
        .map_err(|_| FieldError::new("language", "choose one of the languages"));
    let (name, language) = match (name, language) {
        (Ok(name), Ok(language)) => (name, language),
        (name, language) => {
            let faults = name.err().into_iter().chain(language.err()).collect();
            let typed = Typed {
                name: Some(form.0.name),
                ..Typed::default()
            };
            return page(&accounts, &request, &signed, typed, Mend::fields(faults)).await;
        }
    };
    let (user, now) = (signed.held().user.clone(), accounts.site.clock.now());
    accounts
        .site
        .db
        .tx(move |c| ops::rename(c, &user, &name, language, now))
        .await?;
    Ok(done("name"))
}

/// The one field of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Moving {
    email: String,
}

pub(super) async fn move_address(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    form: CsrfForm<Moving>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let now = site.clock.now();
    if let Some(proof) = unproved(&signed, now, PLACE) {
        return Ok(proof);
    }
    match ask_for_address(&accounts, &request, &signed, &form.0.email).await {
        Ok(()) => Ok(done("address")),
        Err(error) => {
            let typed = Typed {
                email: Some(form.0.email),
                ..Typed::default()
            };
            page(&accounts, &request, &signed, typed, Mend::of(error)?).await
        }
    }
}

async fn ask_for_address(
    accounts: &Accounts,
    request: &HttpRequest,
    signed: &Signed,
    typed: &str,
) -> AppResult<()> {
    let site = &accounts.site;
    let email: Email = typed
        .parse()
        .map_err(|error| AppError::field("new_email", error))?;
    let user = signed.held().user.clone();
    if email.folded() == user.email.folded() {
        return Err(AppError::field("new_email", "this is your address already"));
    }
    accounts
        .tries
        .ask_for_mail(site.limits.client_key(request))?;
    if !accounts.tries.may_mail(&email) {
        return Ok(());
    }
    let (link, secret) = NewMailed::make(Purpose::ChangeAddress, Some(user.id), email.as_str())?;
    let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
    let now = site.clock.now();
    site.db
        .tx(move |c| {
            let post = (&*config, &mails);
            ops::ask_for_address(c, post, (&user, &email), (&link, &secret), now)
        })
        .await
}

pub(super) async fn confirm_address(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let (token, now) = (path.0, accounts.site.clock.now());
    let secret = token.clone();
    let found = accounts
        .site
        .db
        .read(move |c| mailed::peek(c, Purpose::ChangeAddress, &secret, now))
        .await?;
    let Some(link) = found else {
        return link_is_over(&accounts, &request);
    };
    question(
        &accounts,
        &request,
        Question {
            kicker: "Your account".into(),
            title: "Is this your address?".into(),
            lines: vec![format!(
                "From now on you sign in with {}, and our mail goes there.",
                link.payload
            )],
            action: format!("/account/address/{token}"),
            button: "Yes, move my account".into(),
        },
    )
}

pub(super) async fn use_address(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
    let (token, now) = (path.0, site.clock.now());
    let moved = site
        .db
        .tx(move |c| ops::move_address(c, (&config, &mails), &token, now))
        .await?;
    if moved.is_none() {
        return link_is_over(&accounts, &request);
    }
    note(
        &accounts,
        &request,
        StatusCode::OK,
        Note {
            kicker: "Your account".into(),
            title: "Your account has moved.".into(),
            lines: vec!["This address is yours to sign in with from now on.".into()],
            ways: vec![Link::new("To your account", "/account")],
        },
    )
}

pub(super) async fn set_password(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
    form: CsrfForm<Chosen>,
) -> AppResult<HttpResponse> {
    let site = &accounts.site;
    let now = site.clock.now();
    if let Some(proof) = unproved(&signed, now, PLACE) {
        return Ok(proof);
    }
    let user = signed.held().user.clone();
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
        Err(error) => {
            let mend = Mend::of(error)?;
            return page(&accounts, &request, &signed, Typed::default(), mend).await;
        }
    };
    let keep = signed.session();
    let (config, mails) = (Arc::clone(&site.config), accounts.mails.clone());
    site.db
        .tx(move |c| ops::set_password(c, (&config, &mails), (&user, keep, &phc), now))
        .await?;
    Ok(security::back("password"))
}

/// Ticked kinds, one field each.
pub(super) async fn choose_mail(
    accounts: Data<Accounts>,
    signed: Signed,
    form: CsrfForm<std::collections::HashMap<String, String>>,
) -> AppResult<HttpResponse> {
    let wanted: Vec<MailKind> = MailKind::ALL
        .iter()
        .copied()
        .filter(|kind| form.0.contains_key(kind.as_str()))
        .collect();
    let (user, now) = (signed.user(), accounts.site.clock.now());
    accounts
        .site
        .db
        .tx(move |c| ops::choose_mail(c, user, &wanted, now))
        .await?;
    Ok(done("mail"))
}

//! `/subscribe`: newsletters for whoever wants them, by double opt-in (N20). The same is said whatever is known of an address.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::frame::{Note, note, render};
use crate::config::MailTransport;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Email, Line};
use crate::subscribers::joining::{self, Ask, CONFIRM_WORDING, JOIN_WORDING, NAME_MOST, Waiting};
use crate::subscribers::model::{List, all_lists};
use crate::subscribers::ops::Fresh;
use crate::subscribers::{ListId, Subscribing};
use crate::web::site::see;
use crate::web::typed::{Mend, Typed};
use crate::web::views::shell::Link;
use crate::web::{CsrfForm, Path, Query};

/// What stands behind `?`: a list that is ticked at first.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    list: String,
}

#[derive(Serialize)]
struct ListTick {
    slug: String,
    name: String,
    about: String,
    is_ticked: bool,
}

/// Context of `subscribe`.
#[derive(Serialize)]
struct View {
    name: String,
    email: String,
    lists: Vec<ListTick>,
    is_one: bool,
    wording: String,
}

/// Words to be read, without the mark that tells versions apart.
pub(super) fn read(wording: &str) -> &str {
    wording.split_once("] ").map_or(wording, |(_, words)| words)
}

async fn public_lists(with: &Subscribing) -> AppResult<Vec<List>> {
    let mut lists = with.site.db.read(|c| all_lists(c, false)).await?;
    lists.retain(|list| list.is_public);
    Ok(lists)
}

fn draw(
    with: &Subscribing,
    request: &HttpRequest,
    (lists, typed): (&[List], &Typed),
    mend: Mend,
) -> AppResult<HttpResponse> {
    let is_one = lists.len() == 1;
    let ticked: Vec<&str> = typed.all("list").collect();
    let view = View {
        name: typed.text("name").to_owned(),
        email: typed.text("email").to_owned(),
        is_one,
        lists: lists
            .iter()
            .map(|list| ListTick {
                slug: list.slug.to_string(),
                name: list.name.clone(),
                about: list.about.clone(),
                is_ticked: is_one || ticked.contains(&list.slug.as_str()),
            })
            .collect(),
        wording: read(JOIN_WORDING).to_owned(),
    };
    render(
        &with.site,
        request,
        ("subscribe", "Newsletters"),
        mend,
        view,
    )
}

pub(super) async fn form(
    with: Data<Subscribing>,
    request: HttpRequest,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let lists = public_lists(&with).await?;
    let mut typed = Typed::default();
    typed.set("list", &query.0.list);
    draw(&with, &request, (&lists, &typed), Mend::none())
}

pub(super) async fn ask(
    with: Data<Subscribing>,
    request: HttpRequest,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let typed = form.0;
    let sent = see("/subscribe/sent");
    // A field that people do not see: what fills it in is no person.
    if typed.ticked("website") {
        return Ok(sent);
    }
    let lists = public_lists(&with).await?;
    let client = with.site.limits.client_key(&request);
    let parsed = parse(&typed, &lists, with.links.network_digest(client), &with);
    let (waiting, names) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return draw(&with, &request, (&lists, &typed), Mend::of(error)?),
    };
    with.tries.ask_for_mail(client)?;
    if with.tries.may_mail(&waiting.email) {
        let ask = Ask::make(&with.site.config, waiting, &names)?;
        let (mails, now) = (with.mails.clone(), with.site.clock.now());
        with.site.db.tx(move |c| ask.send(c, &mails, now)).await?;
    }
    Ok(sent)
}

fn parse(
    typed: &Typed,
    lists: &[List],
    network: Option<String>,
    with: &Subscribing,
) -> AppResult<(Waiting, Vec<String>)> {
    let mut faults = Vec::new();
    let email = typed.text("email").parse::<Email>();
    if let Err(bad) = &email {
        faults.push(FieldError::new("email", bad));
    }
    let name = match typed.text("name").trim() {
        "" => Ok(String::new()),
        text => Line::parse(text, NAME_MOST).map(Line::into_string),
    };
    if let Err(bad) = &name {
        faults.push(FieldError::new("name", bad));
    }
    let ticked: Vec<&str> = typed.all("list").collect();
    let chosen = |list: &&List| lists.len() == 1 || ticked.contains(&list.slug.as_str());
    let chosen: Vec<&List> = lists.iter().filter(chosen).collect();
    if chosen.is_empty() {
        faults.push(FieldError::new("list", "choose what you want to read"));
    }
    let (Ok(email), Ok(name), true) = (email, name, faults.is_empty()) else {
        return Err(AppError::Invalid(faults));
    };
    let waiting = Waiting {
        name,
        email,
        lists: chosen.iter().map(|list| list.id).collect::<Vec<ListId>>(),
        asked_at: with.site.clock.now(),
        network,
        by_staff: None,
    };
    Ok((
        waiting,
        chosen.iter().map(|list| list.name.clone()).collect(),
    ))
}

pub(super) async fn sent(with: Data<Subscribing>, request: HttpRequest) -> AppResult<HttpResponse> {
    let mut ways = vec![Link::new("Try another address", "/subscribe")];
    if with.site.config.mail_transport() == MailTransport::Sandbox {
        ways.insert(0, Link::new("Open the test mailbox", "/sandbox/mail"));
    }
    note(
        &with.site,
        &request,
        StatusCode::OK,
        Note {
            kicker: "One more step".into(),
            title: "Look into your mailbox.".into(),
            lines: vec![
                "We have sent you a link. Nothing else comes until you have used it.".into(),
                "It can take a minute. If nothing comes, look into the spam folder, and check the address for a slip.".into(),
            ],
            ways,
        },
    )
}

/// Context of `subscribe_confirm`.
#[derive(Serialize)]
struct Question {
    email: String,
    lists: Vec<String>,
    wording: String,
    token: String,
}

pub(super) async fn confirm(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let (token, now) = (path.0, with.site.clock.now());
    let secret = token.clone();
    let found = with
        .site
        .db
        .read(move |c| joining::peek(c, &secret, now))
        .await?;
    let Some((waiting, lists)) = found else {
        return over(&with, &request);
    };
    let view = Question {
        email: waiting.email.to_string(),
        lists,
        wording: read(CONFIRM_WORDING).to_owned(),
        token,
    };
    let title = ("subscribe_confirm", "Is this your address?");
    render(&with.site, &request, title, Mend::none(), view)
}

pub(super) async fn agree(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let (token, fresh, now) = (path.0, Fresh::new()?, with.site.clock.now());
    let network = with
        .links
        .network_digest(with.site.limits.client_key(&request));
    let done = with
        .site
        .db
        .tx(move |c| joining::confirm(c, &token, &fresh, network.as_deref(), now))
        .await?;
    let Some(token) = done else {
        return over(&with, &request);
    };
    note(
        &with.site,
        &request,
        StatusCode::OK,
        Note {
            kicker: "Newsletters".into(),
            title: "You are on the list.".into(),
            lines: vec![
                "Thank you. Every mail says how to leave, and leaving takes one click.".into(),
            ],
            ways: vec![
                Link::new("Choose what comes", &format!("/preferences/{token}")),
                Link::new("Campaigns that are open", "/"),
            ],
        },
    )
}

fn over(with: &Subscribing, request: &HttpRequest) -> AppResult<HttpResponse> {
    note(
        &with.site,
        request,
        StatusCode::GONE,
        Note {
            kicker: "Link".into(),
            title: "This link does not work any more.".into(),
            lines: vec![
                "It was used already, or it has grown too old. Links from our mails work once."
                    .into(),
            ],
            ways: vec![Link::new("Ask for a new one", "/subscribe")],
        },
    )
}

//! `/preferences/{token}`: what a reader gets, in which language and by which clock; everything off; their data, and its end.

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::frame::{Note, note, render};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::mail::mails_to;
use crate::subscribers::choices::{self, Choices};
use crate::subscribers::model::{
    Subscriber, SubscriptionState, all_lists, all_topics, by_token, standings, topics_off,
};
use crate::subscribers::ops::{self, Fresh};
use crate::subscribers::own;
use crate::subscribers::proofs::{Door, Said};
use crate::subscribers::{Subscribing, choices::LANGUAGES};
use crate::web::site::see;
use crate::web::typed::{Mend, Typed};
use crate::web::views::shell::Link;
use crate::web::{CsrfForm, Path, Query};

/// What stands behind `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    done: String,
}

#[derive(Serialize)]
struct Tick {
    slug: String,
    name: String,
    about: String,
    is_on: bool,
}

#[derive(Serialize)]
struct Choice {
    value: String,
    label: String,
    is_current: bool,
}

/// Context of `preferences`.
#[derive(Serialize)]
struct View {
    token: String,
    email: String,
    name: String,
    lists: Vec<Tick>,
    topics: Vec<Tick>,
    languages: Vec<Choice>,
    zones: Vec<Choice>,
    is_out: bool,
    is_counted: bool,
    done: Option<&'static str>,
}

/// The person of a token.
async fn person(with: &Subscribing, token: &str) -> AppResult<Subscriber> {
    let token = token.to_owned();
    let found = with.site.db.read(move |c| by_token(c, &token)).await?;
    found.ok_or(AppError::NotFound("this link"))
}

pub(super) async fn show(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let person = person(&with, &path.0).await?;
    let done = query.0.done.as_str();
    draw(&with, &request, person, (done, None), Mend::none()).await
}

async fn draw(
    with: &Subscribing,
    request: &HttpRequest,
    person: Subscriber,
    (done, typed): (&str, Option<Typed>),
    mend: Mend,
) -> AppResult<HttpResponse> {
    let view = with
        .site
        .db
        .read(move |c| view(c, &person, typed.as_ref()))
        .await?;
    let view = View {
        done: match done {
            "saved" => Some("Your choice is kept."),
            "out" => Some("Nothing more comes from us."),
            _ => None,
        },
        ..view
    };
    let title = ("preferences", "What we send you");
    render(&with.site, request, title, mend, view)
}

/// What stands; or, where the form is to be mended, what was typed into it.
fn view(conn: &mut Conn, person: &Subscriber, typed: Option<&Typed>) -> AppResult<View> {
    let own = standings(conn, person.id)?;
    let is_on = |id| {
        own.iter()
            .any(|one| one.list.id == id && one.state == SubscriptionState::Confirmed)
    };
    let ticked = |field: &str, slug: &str, stands: bool| match typed {
        Some(typed) => typed.all(field).any(|one| one == slug),
        None => stands,
    };
    let said = |field: &str, stands: &str| match typed {
        Some(typed) => typed.text(field).trim().to_owned(),
        None => stands.to_owned(),
    };
    let off = topics_off(conn, person.id)?;
    // A list that is not public shows to whoever is on it.
    let lists = all_lists(conn, false)?
        .into_iter()
        .filter(|list| list.is_public || is_on(list.id))
        .map(|list| Tick {
            is_on: ticked("list", list.slug.as_str(), is_on(list.id)),
            slug: list.slug.to_string(),
            name: list.name,
            about: list.about,
        })
        .collect();
    let topics = all_topics(conn, false)?
        .into_iter()
        .map(|topic| Tick {
            is_on: ticked("topic", &topic.slug, !off.contains(&topic.slug)),
            slug: topic.slug,
            name: topic.name,
            about: topic.about,
        })
        .collect();
    let choice = |value: &str, label: &str, current: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        is_current: value == current,
    };
    let language = said("language", &person.language);
    let mut languages: Vec<Choice> = LANGUAGES
        .iter()
        .map(|(value, label)| choice(value, label, &language))
        .collect();
    if !languages.iter().any(|one| one.is_current) {
        languages.push(choice(&language, &language, &language));
    }
    let zone = said("time_zone", person.time_zone.as_deref().unwrap_or_default());
    let mut zones: Vec<Choice> = std::iter::once(choice("", "not known", &zone))
        .chain(chrono_tz::TZ_VARIANTS.iter().map(|one| {
            let name = one.name();
            choice(name, &name.replace('_', " "), &zone)
        }))
        .collect();
    if !zones.iter().any(|one| one.is_current) {
        zones.push(choice(&zone, &zone, &zone));
    }
    Ok(View {
        token: person.token.clone(),
        email: person.email.to_string(),
        name: said("name", &person.name),
        lists,
        topics,
        languages,
        zones,
        is_out: person.left_all_at.is_some(),
        is_counted: ticked("counted", "1", person.counted_since.is_some()),
        done: None,
    })
}

pub(super) async fn save(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let reader = person(&with, &path.0).await?;
    let typed = form.0;
    let network = with
        .links
        .network_digest(with.site.limits.client_key(&request));
    let said = Said::by(Door::Preferences).from_network(network);
    let (id, now) = (reader.id, with.site.clock.now());
    if typed.text("act") == "out" {
        let leave = move |c: &mut Conn| ops::leave_all(c, id, &said, now);
        with.site.db.tx(leave).await?;
        return Ok(see(&format!("/preferences/{}?done=out", path.0)));
    }
    let choices = match Choices::parse(&typed) {
        Ok(choices) => choices,
        Err(error) => {
            return draw(&with, &request, reader, ("", Some(typed)), Mend::of(error)?).await;
        }
    };
    with.site
        .db
        .tx(move |c| choices::keep(c, id, &choices, &said, now))
        .await?;
    Ok(see(&format!("/preferences/{}?done=saved", path.0)))
}

/// Everything that is kept of the reader, to take along.
pub(super) async fn data(with: Data<Subscribing>, path: Path<String>) -> AppResult<HttpResponse> {
    let reader = person(&with, &path.0).await?;
    let all = with.site.db.read(move |c| own::data(c, &reader)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"my-newsletters.json\"",
        ))
        .content_type("application/json")
        .body(serde_json::to_string_pretty(&all)?))
}

pub(super) async fn erase(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let reader = person(&with, &path.0).await?;
    if !form.0.ticked("sure") {
        let error = AppError::field("sure", "tick the box, so that nothing is wiped by a slip");
        return draw(&with, &request, reader, ("", None), Mend::of(error)?).await;
    }
    let (db, leaving) = (&with.site.db, reader.clone());
    let mails = db
        .read(move |c| {
            let addresses = own::addresses(c, &leaving)?;
            mails_to(c, &addresses)
        })
        .await?;
    // Receipts are the books' and stay: they are wanted, and no newsletters.
    let (fresh, now) = (Fresh::new()?, with.site.clock.now());
    db.tx(move |c| own::erase(c, reader.id, &mails, &fresh, now))
        .await?;
    note(
        &with.site,
        &request,
        StatusCode::OK,
        Note {
            kicker: "Your data".into(),
            title: "It is wiped.".into(),
            lines: vec![
                "Your address, your name and your choices are gone from our newsletters, and nothing more comes.".into(),
                "An account or gifts that you have here are not touched by this: you delete those in your account.".into(),
            ],
            ways: vec![
                Link::new("Your account", "/account/data"),
                Link::new("Campaigns that are open", "/"),
            ],
        },
    )
}

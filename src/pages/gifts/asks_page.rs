//! `GET` and `POST /pages/{slug}/asks`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::asks::{self, PastDonor};
use super::view::shell;
use crate::error::AppResult;
use crate::pages::PageOwner;
use crate::pages::tools::{PageTools, Tool};
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::Shell;
use crate::web::{CsrfForm, Site};

/// Context of `page_asks`.
#[derive(Debug, Serialize)]
struct AsksView {
    shell: Shell,
    tools: PageTools,
    csrf: String,
    here: String,
    people: Vec<AskRow>,
    waiting: usize,
    unnamed: usize,
    has_earlier: bool,
}

#[derive(Debug, Serialize)]
struct AskRow {
    supporter: String,
    name: String,
    gifts: i64,
    last_at: String,
    last_amount: Option<MoneyView>,
    gave_again: bool,
    asked_at: Option<String>,
    mail_url: String,
    whatsapp_url: String,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let page = owner.overview.page.id;
    let found = site.db.read(move |c| asks::past_donors(c, page)).await?;
    site.form_page(&request, "page_asks", StatusCode::OK, |nonce, csrf| {
        let page = &owner.overview.page;
        let url = format!("{}/pages/{}", site.config.public_url(), page.slug);
        let waits = |person: &&PastDonor| person.asked_at.is_none() && !person.gave_again;
        Ok(AsksView {
            shell: shell(&site, nonce.as_str(), &owner, "Whom to ask"),
            tools: PageTools::new(page, Some(Tool::Gifts)),
            csrf,
            here: format!("/pages/{}/asks", page.slug),
            waiting: found.people.iter().filter(waits).count(),
            people: found
                .people
                .iter()
                .map(|person| row(person, &page.title, &url))
                .collect(),
            unnamed: found.unnamed,
            has_earlier: page.previous_id.is_some(),
        })
    })
}

fn row(person: &PastDonor, title: &str, url: &str) -> AskRow {
    let text = format!(
        "Dear {}, you gave to my page before, and I have not forgotten it. I am taking part again: {title}. Would you have a look? {url}",
        person.name
    );
    let quoted = |text: &str| {
        let plus: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        plus.replace('+', "%20")
    };
    AskRow {
        supporter: person.supporter.clone(),
        name: person.name.clone(),
        gifts: person.gifts,
        last_at: person.last_at.rfc3339(),
        last_amount: person.last_amount.map(Into::into),
        gave_again: person.gave_again,
        asked_at: person.asked_at.map(|at| at.rfc3339()),
        mail_url: format!("mailto:?subject={}&body={}", quoted(title), quoted(&text)),
        whatsapp_url: format!("https://wa.me/?text={}", quoted(&text)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tick {
    supporter: String,
    /// `1` notes it, anything else takes the note back.
    asked: String,
}

pub(super) async fn tick(
    site: Data<Site>,
    owner: PageOwner,
    form: CsrfForm<Tick>,
) -> AppResult<HttpResponse> {
    let (page, now, tick) = (owner.overview.page.id, site.clock.now(), form.0);
    site.db
        .tx(move |c| asks::note(c, page, &tick.supporter, tick.asked == "1", now))
        .await?;
    Ok(see(&format!("/pages/{}/asks", owner.overview.page.slug)))
}

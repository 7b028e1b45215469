//! `/console/harm-words`: the words of the harm screen, a list each; coordinators of all seasons edit them.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use crate::consent_vault::Keeper;
use crate::error::{AppError, AppResult, FieldError};
use crate::stories::harm::words::{self, WordList, Words};
use crate::web::site::see;
use crate::web::{CsrfForm, Site};

#[derive(Serialize)]
struct ListView {
    name: &'static str,
    title: &'static str,
    value: String,
    count: usize,
    error: Option<String>,
}

/// Context of `console/harm_words`.
#[derive(Serialize)]
struct WordsView {
    lists: Vec<ListView>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Keeper,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    draw(&desk, None, Mend::none()).await
}

async fn draw(desk: &Desk, typed: Option<&Typed>, mend: Mend) -> AppResult<HttpResponse> {
    let words = desk.site.db.read(Words::load).await?;
    let lists = WordList::ALL.iter().map(|list| {
        let stands: Vec<&str> = words.of(*list).iter().map(String::as_str).collect();
        ListView {
            name: list.as_str(),
            title: list.title(),
            count: stands.len(),
            value: match typed {
                Some(typed) => typed.text(list.as_str()).to_owned(),
                None => stands.join("\n"),
            },
            error: mend.at(list.as_str()),
        }
    });
    let view = WordsView {
        lists: lists.collect(),
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("harm_words", "Words of the harm screen", mend.status, view)
}

/// Saves every list: a field each, one word a line.
pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    staff: Keeper,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    let mut lists: Vec<(WordList, BTreeSet<String>)> = Vec::new();
    let mut faults = Vec::new();
    for list in WordList::ALL
        .iter()
        .filter(|list| form.0.sent(list.as_str()))
    {
        match words::parse(*list, form.0.text(list.as_str())) {
            Ok(words) => lists.push((*list, words)),
            Err(AppError::Invalid(found)) => faults.extend(found),
            Err(other) => return Err(other),
        }
    }
    if !faults.is_empty() {
        let mend = Mend::of(AppError::Invalid(faults))?;
        return draw(&desk, Some(&form.0), mend).await;
    }
    let (by, now) = (desk.signed.user(), desk.now());
    site.db
        .tx(move |c| {
            lists
                .iter()
                .try_for_each(|(list, wanted)| words::set(c, *list, wanted, by, now))
        })
        .await?;
    Ok(see("/console/harm-words?done=saved"))
}

//! `/console/subscribers/imports`: files of people that were sent, and a form for one more. Whoever sends one says how these
//! people agreed, and on which day; that is kept as the proof of each.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::{Draw, Field, Typed};
use super::super::listing::Choice;
use super::super::scope::Scope;
use super::list::choices;
use super::lists_in;
use crate::auth::{Coordinator, UserId};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Day, Line, Timestamp};
use crate::subscribers::imports::model::newest;
use crate::subscribers::imports::ops::{self, NewImport};
use crate::subscribers::imports::{Import, ImportId, ImportState, read};
use crate::subscribers::{List, ListId};
use crate::web::site::see;
use crate::web::upload::UPLOAD_MAX;
use crate::web::{Site, UploadForm};

/// So many of the newest are listed.
const MOST: i64 = 50;
/// The shortest basis that says something.
const BASIS_LEAST: usize = 10;
const BASIS_MOST: usize = 300;

#[derive(Serialize)]
struct RowView {
    href: String,
    list: String,
    state: String,
    lines: i64,
    added: i64,
    joined: i64,
    faulty: i64,
    at: String,
}

/// Context of `console/imports`.
#[derive(Serialize)]
struct View {
    rows: Vec<RowView>,
    lists: Vec<Choice>,
    fields: Vec<Field>,
    is_agreed: bool,
    agreed_error: Option<String>,
    file_error: Option<String>,
    list_error: Option<String>,
    most_mib: usize,
    most_rows: usize,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    Scope::of(&staff.0).check_whole()?;
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    draw(&desk, &Typed::default(), Mend::none()).await
}

async fn draw(desk: &Desk, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let (lists, all, imports) = desk
        .site
        .db
        .read(move |c| {
            let lists = lists_in(c, &scope, false)?;
            Ok((lists, lists_in(c, &scope, true)?, newest(c, MOST)?))
        })
        .await?;
    let fields = Draw { typed, mend: &mend };
    let view = View {
        rows: imports.iter().map(|one| row(one, &all)).collect(),
        lists: choices(&lists, typed.text("list")),
        fields: vec![
            fields
                .text("basis", "How these people agreed")
                .hint("In your words, for whoever asks: “ticked on the paper form of our gala, filed in the office”.")
                .wide(),
            fields.date("agreed_on", "On which day, or the last of them"),
        ],
        is_agreed: typed.ticked("agreed"),
        agreed_error: mend.at("agreed"),
        file_error: mend.at("file"),
        list_error: mend.at("list"),
        most_mib: UPLOAD_MAX / (1024 * 1024),
        most_rows: read::ROWS,
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("imports", "Import people", mend.status, view)
}

pub(super) fn state_word(state: ImportState) -> &'static str {
    match state {
        ImportState::Uploaded => "columns to be named",
        ImportState::Checking => "being counted",
        ImportState::Checked => "counted: waits for your go",
        ImportState::Running => "being imported",
        ImportState::Done => "imported",
        ImportState::Stopped => "halted",
    }
}

fn row(one: &Import, lists: &[List]) -> RowView {
    let list = lists.iter().find(|list| list.id == one.list_id);
    RowView {
        href: format!("/console/subscribers/imports/{}", one.id),
        list: list.map(|list| list.name.clone()).unwrap_or_default(),
        state: state_word(one.state).to_owned(),
        lines: one.lines,
        added: one.added,
        joined: one.joined,
        faulty: one.faulty,
        at: one.created_at.rfc3339(),
    }
}

/// Takes a file: fields `list`, `basis`, `agreed_on`, `agreed`, and the file `file`.
pub(super) async fn upload(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    mut form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    Scope::of(&staff.0).check_whole()?;
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    let typed = form.fields;
    let new = parse(&typed, desk.signed.user(), desk.now());
    let sheet = match form.files.take("file") {
        None => Err(AppError::field("file", "choose a CSV file")),
        Some(bytes) => {
            let reading = tokio::task::spawn_blocking(move || read::sheet(&bytes));
            reading.await.map_err(AppError::internal)?
        }
    };
    drop(form.files);
    let (new, sheet) = match (new, sheet) {
        (Ok(new), Ok(sheet)) => (new, sheet),
        (new, sheet) => {
            let faults = [new.err(), sheet.err()];
            let faults = faults.into_iter().flatten().map(Mend::of);
            let mut all = Mend::none();
            for mend in faults {
                let mend = mend?;
                all.status = mend.status;
                all.faults.extend(mend.faults);
                all.notice = all.notice.or(mend.notice);
            }
            return draw(&desk, &typed, all).await;
        }
    };
    let (id, now) = (new.id, desk.now());
    site.db
        .tx(move |c| {
            let list = crate::subscribers::model::list_by_id(c, new.list)?;
            if list.archived_at.is_some() {
                return Err(AppError::field("list", "this list has been put away"));
            }
            ops::keep(c, &new, &sheet, now)
        })
        .await?;
    Ok(see(&format!(
        "/console/subscribers/imports/{id}?done=import-kept"
    )))
}

fn parse(typed: &Typed, by: UserId, now: Timestamp) -> AppResult<NewImport> {
    let mut faults = Vec::new();
    let list: Option<ListId> = typed.text("list").parse().ok();
    if list.is_none() {
        faults.push(FieldError::new("list", "choose the list that they join"));
    }
    let basis = Line::parse(typed.text("basis"), BASIS_MOST);
    let basis = match basis {
        Ok(basis) if basis.as_str().chars().count() >= BASIS_LEAST => Some(basis),
        Ok(_) => {
            faults.push(FieldError::new("basis", "say how and where they agreed"));
            None
        }
        Err(bad) => {
            faults.push(FieldError::new("basis", bad));
            None
        }
    };
    let day = typed.text("agreed_on").trim().parse::<Day>();
    let day = match day {
        Ok(day) if day.date() <= now.naive().date() => Some(day),
        Ok(_) => {
            faults.push(FieldError::new(
                "agreed_on",
                "nobody has agreed yet on that day",
            ));
            None
        }
        Err(bad) => {
            faults.push(FieldError::new("agreed_on", bad));
            None
        }
    };
    if !typed.ticked("agreed") {
        faults.push(FieldError::new(
            "agreed",
            "people who did not agree cannot be imported; tick this if all of them did",
        ));
    }
    match (list, basis, day, faults.is_empty()) {
        (Some(list), Some(basis), Some(agreed_on), true) => Ok(NewImport {
            id: ImportId::new(),
            list,
            basis,
            agreed_on,
            by,
        }),
        _ => Err(AppError::Invalid(faults)),
    }
}

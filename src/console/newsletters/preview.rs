//! `/console/newsletters/{id}/mail`: the mail as a chosen reader gets it, in a frame that can do nothing but show it.
//!
//! GET shows what was saved; POST what stands in the editor's form, which is posted into the frame: nothing is saved, and it
//! works without a script. Whose facts were looked at is in the record (S15).

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::super::desk::{Desk, Room};
use super::super::fields::Typed;
use super::super::scope::Scope;
use super::{form, newsletter_of, reach};
use crate::audit::Deed;
use crate::auth::Coordinator;
use crate::consent_vault::Channel;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Email, Timestamp};
use crate::newsletters::shape::escaped;
use crate::newsletters::{
    House, MailLinks, Newsletter, Prepared, Rendered, audience, ops, pictures,
};
use crate::subscribers::SubscriberId;
use crate::web::{CsrfForm, Path, Query, Site};

/// A mail in a frame: its own styles and pictures; no script, no form; links open beside the console.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    reader: String,
    reader_email: String,
    part: String,
    variant: String,
}

/// Links of a mail that goes to nobody.
pub(super) fn links(house: &House) -> MailLinks {
    let nowhere = house.url("/newsletters");
    MailLinks {
        unsubscribe: nowhere.clone(),
        preferences: nowhere,
        pixel: None,
        click: None,
    }
}

pub(super) async fn saved(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    show(&desk, &path.0, None, query.0).await
}

pub(super) async fn typed(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    typed: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let text = |name: &str| typed.0.text(name).to_owned();
    let asked = Asked {
        reader: text("reader"),
        reader_email: text("reader_email"),
        part: text("part"),
        variant: text("variant"),
    };
    show(&desk, &path.0, Some(typed.0), asked).await
}

/// As whom: `None` is nobody in particular.
fn reader(
    conn: &mut Conn,
    scope: &Scope,
    newsletter: &Newsletter,
    asked: &Asked,
    now: Timestamp,
) -> AppResult<Option<SubscriberId>> {
    let email = asked.reader_email.trim();
    let found = if email.is_empty() {
        match asked.reader.parse::<SubscriberId>() {
            Ok(id) => Some(id),
            Err(_) => return Ok(None),
        }
    } else {
        let email: Email = email
            .parse()
            .map_err(|bad| AppError::field("reader_email", format!("{bad}")))?;
        audience::by_email(conn, &email)?
    };
    if scope.is_whole() {
        let unknown = || AppError::field("reader_email", "nobody with this address is known");
        return found.map(Some).ok_or_else(unknown);
    }
    // Whose role holds for single seasons sees the readers of their own newsletters, and hears of no others whether they are
    // known (S9).
    if let Some(id) = found
        && audience::holds(conn, &newsletter.audience.0, id, now)?
    {
        return Ok(Some(id));
    }
    Err(AppError::field(
        "reader_email",
        "this newsletter does not go to them",
    ))
}

async fn show(
    desk: &Desk,
    id: &str,
    typed: Option<Typed>,
    asked: Asked,
) -> AppResult<HttpResponse> {
    let (scope, now, by) = (Scope::of(&desk.signed), desk.now(), desk.signed.user());
    let house = House::of(&desk.site.config);
    let (id, wanted) = (id.to_owned(), asked.clone());
    let done = desk
        .site
        .db
        .read(move |c| {
            let saved = newsletter_of(c, &scope, &id)?;
            let reader = reader(c, &scope, &saved, &wanted, now)?;
            let newsletter = match typed {
                None => saved,
                Some(mut typed) => {
                    form::rearrange(&mut typed, &pictures::newest(c)?);
                    let draft = form::parse(&typed, &saved, by)?;
                    reach::check(c, &scope, &saved.audience.0, &draft.audience)?;
                    ops::with(saved, &draft)?
                }
            };
            let id = newsletter.id;
            let mail = rendered(c, newsletter, reader, (&house, &wanted.variant), now)?;
            Ok((id, reader, mail))
        })
        .await;
    match done {
        Ok((newsletter, reader, mail)) => {
            if let Some(reader) = reader {
                let subject = ("subscriber", reader.to_string());
                let deed = Deed::new(by, "newsletter.preview_as", subject);
                desk.note(deed.saying(newsletter.to_string())).await?;
            }
            Ok(framed(&page(&mail, asked.part == "text")))
        }
        Err(AppError::Invalid(faults)) => Ok(framed(&faulty(&faults))),
        Err(other) => Err(other),
    }
}

/// The mail of a reader, or of nobody in particular.
pub(super) fn rendered(
    conn: &mut Conn,
    newsletter: Newsletter,
    reader: Option<SubscriberId>,
    (house, variant): (&House, &str),
    now: Timestamp,
) -> AppResult<Rendered> {
    let prepared = Prepared::of(conn, newsletter, house)?;
    let variant = if variant == "b" { "b" } else { "a" };
    let made = match reader {
        None => {
            let stand_in = prepared.stand_in(conn, Channel::Mail, now)?;
            prepared.render_example(&stand_in, variant, &links(house))
        }
        Some(id) => {
            let mut facts = prepared.facts(conn, &[id], now)?;
            let mut facts = facts.remove(&id).ok_or(AppError::NotFound("this reader"))?;
            facts.keep_secrets(&house.url("/newsletters"));
            prepared.render(&facts, variant, &links(house))
        }
    };
    made.map_err(|words| AppError::field("subject", words))
}

fn page(mail: &Rendered, is_text: bool) -> String {
    if is_text {
        return format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Text part</title><meta name=\"color-scheme\" content=\"light dark\"><style>body{{font:15px/1.5 ui-monospace,monospace;margin:16px}}pre{{white-space:pre-wrap;overflow-wrap:anywhere}}</style></head><body><p>Subject: {}</p><pre>{}</pre></body></html>",
            escaped(&mail.subject),
            escaped(&mail.text)
        );
    }
    // Links open beside the console, not inside its frame.
    mail.html
        .replacen("<head>", "<head><base target=\"_blank\">", 1)
}

fn faulty(faults: &[FieldError]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| format!("<li>{}</li>", escaped(&fault.message)))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Not yet</title><meta name=\"color-scheme\" content=\"light dark\"><style>body{{font:16px/1.5 system-ui,sans-serif;margin:24px}}</style></head><body><h1>To be mended first</h1><ul>{}</ul></body></html>",
        lines.concat()
    )
}

fn framed(html: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_FRAME_OPTIONS, "SAMEORIGIN"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(html.to_owned())
}

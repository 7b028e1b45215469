//! The sandbox mailbox at `/sandbox/mail`: what would have been sent, for the demo and for tests.
//!
//! A message's HTML is shown in a sandboxed frame under a policy of its own: no script, no form, nothing fetched.

use actix_web::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MailId;
use crate::db::schema::sandbox_mails;
use crate::db::{Conn, Db};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Timestamp};

/// Messages on one page for people.
const SHOWN: usize = 50;
/// Messages in one JSON answer at most, and unless asked otherwise.
const LISTED: usize = 1_000;

/// What a message's frame may do: show itself and open links in a new tab.
const HTML_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; \
     sandbox allow-popups allow-popups-to-escape-sandbox";

/// Mounts the mailbox. Needs `web::Data<Db>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/sandbox/mail")
            .route("", web::get().to(list))
            .route("/{id}", web::get().to(message))
            .route("/{id}/html", web::get().to(html))
            .route("/{id}/source", web::get().to(source)),
    );
}

/// A message in the mailbox.
#[derive(Clone, Queryable)]
#[allow(missing_docs)]
pub struct Received {
    pub id: MailId,
    pub message_id: String,
    pub to_email: String,
    pub from_email: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub headers: String,
    pub source: String,
    pub received_at: Timestamp,
}

/// The same as JSON: contract, "Sandbox".
#[derive(Serialize)]
struct Item {
    id: MailId,
    to: String,
    from: String,
    subject: String,
    date: Timestamp,
    text: String,
    html: String,
    headers: Value,
}

#[derive(Serialize)]
struct Items {
    items: Vec<Item>,
    next: Option<Cursor>,
}

#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
    limit: Option<usize>,
}

impl From<Received> for Item {
    fn from(mail: Received) -> Self {
        Self {
            headers: serde_json::from_str(&mail.headers).unwrap_or(Value::Null),
            id: mail.id,
            to: mail.to_email,
            from: mail.from_email,
            subject: mail.subject,
            date: mail.received_at,
            text: mail.text,
            html: mail.html,
        }
    }
}

/// Up to `most` messages, newest first, and where the list goes on.
fn newest(
    conn: &mut Conn,
    after: Option<(i64, MailId)>,
    most: usize,
) -> AppResult<(Vec<Received>, Option<Cursor>)> {
    let (at, id) = match after {
        Some((micros, id)) => (Timestamp::from_micros(micros), Some(id)),
        None => (None, None),
    };
    let limit = i64::try_from(most).unwrap_or(1) + 1;
    let rows = sandbox_mails::table
        .select(sandbox_mails::all_columns)
        .order((sandbox_mails::received_at.desc(), sandbox_mails::id.desc()))
        .limit(limit);
    let mut found: Vec<Received> = match (at, id) {
        (Some(at), Some(id)) => {
            let older = sandbox_mails::received_at
                .lt(at)
                .or(sandbox_mails::received_at
                    .eq(at)
                    .and(sandbox_mails::id.lt(id)));
            each!(conn, c => rows.filter(older).load(c))?
        }
        _ => each!(conn, c => rows.load(c))?,
    };
    let goes_on = found.len() > most;
    found.truncate(most);
    let next = found
        .last()
        .filter(|_| goes_on)
        .map(|last| Cursor::at(&(last.received_at.micros(), last.id)));
    Ok((found, next))
}

async fn list(
    request: HttpRequest,
    asked: web::Query<Asked>,
    db: web::Data<Db>,
) -> AppResult<HttpResponse> {
    let wants_json = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    let after = asked
        .after
        .as_deref()
        .map(Cursor::parse::<(i64, MailId)>)
        .transpose()
        .map_err(|cause| AppError::field("after", cause))?;
    let most = if wants_json { LISTED } else { SHOWN };
    let most = asked.limit.unwrap_or(most).clamp(1, LISTED);
    let (found, next) = db.read(move |conn| newest(conn, after, most)).await?;
    Ok(if wants_json {
        let items = found.into_iter().map(Item::from).collect();
        HttpResponse::Ok().json(Items { items, next })
    } else {
        page(list_page(&found, next.as_ref()))
    })
}

async fn find(db: &Db, id: &str) -> AppResult<Received> {
    let missing = || AppError::NotFound("this mail");
    let id: MailId = id.parse().map_err(|_| missing())?;
    db.read(move |conn| {
        Ok(each!(conn, c => sandbox_mails::table
            .filter(sandbox_mails::id.eq(id))
            .select(sandbox_mails::all_columns)
            .first(c)
            .optional())?)
    })
    .await?
    .ok_or_else(missing)
}

async fn message(id: web::Path<String>, db: web::Data<Db>) -> AppResult<HttpResponse> {
    Ok(page(message_page(&find(&db, &id).await?)))
}

async fn html(id: web::Path<String>, db: web::Data<Db>) -> AppResult<HttpResponse> {
    let mail = find(&db, &id).await?;
    // Links open beside the mailbox, not inside its frame.
    let shown = mail
        .html
        .replacen("<head>", "<head><base target=\"_blank\">", 1);
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, HTML_POLICY))
        .insert_header((X_FRAME_OPTIONS, "SAMEORIGIN"))
        .body(shown))
}

async fn source(id: web::Path<String>, db: web::Data<Db>) -> AppResult<HttpResponse> {
    let mail = find(&db, &id).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(mail.source))
}

fn page(html: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html)
}

fn escaped(text: &str) -> String {
    handlebars::html_escape(text)
}

/// The mailbox for people. To be drawn by the template `sandbox_mail`.
fn list_page(mails: &[Received], next: Option<&Cursor>) -> String {
    let rows: String = mails
        .iter()
        .map(|mail| {
            format!(
                "<li><a href=\"/sandbox/mail/{}\">{}</a> <span>{}</span> <time datetime=\"{}\">{}</time></li>\n",
                mail.id,
                escaped(&mail.subject),
                escaped(&mail.to_email),
                mail.received_at.rfc3339(),
                mail.received_at.naive().format("%-d %B %Y, %H:%M UTC"),
            )
        })
        .collect();
    let older = next.map_or_else(String::new, |next| {
        format!(
            "<p><a href=\"/sandbox/mail?after={}\">Older mails</a></p>",
            next.as_str()
        )
    });
    let empty = if mails.is_empty() {
        "<p>No mail yet. Give on a page, and the receipt comes here.</p>"
    } else {
        ""
    };
    frame(
        "Sandbox mailbox",
        &format!("<h1>Sandbox mailbox</h1>{empty}<ul>\n{rows}</ul>{older}"),
    )
}

/// One message for people. To be drawn by the template `sandbox_mail_message`.
fn message_page(mail: &Received) -> String {
    frame(
        &mail.subject,
        &format!(
            "<p><a href=\"/sandbox/mail\">All mails</a></p><h1>{subject}</h1><p>From {from} to {to}</p>\
             <iframe sandbox=\"allow-popups allow-popups-to-escape-sandbox\" src=\"/sandbox/mail/{id}/html\" \
             title=\"The mail as HTML\" width=\"100%\" height=\"900\"></iframe>\
             <h2>As text</h2><pre>{text}</pre><p><a href=\"/sandbox/mail/{id}/source\">Source</a></p>",
            subject = escaped(&mail.subject),
            from = escaped(&mail.from_email),
            to = escaped(&mail.to_email),
            id = mail.id,
            text = escaped(&mail.text),
        ),
    )
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title></head><body><main>{body}</main></body></html>",
        escaped(title)
    )
}

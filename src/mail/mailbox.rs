//! The sandbox mailbox at `/sandbox/mail`: what would have been sent, for the demo and for tests.
//!
//! A message's HTML is shown in a sandboxed frame under a policy of its own: no script, no form, nothing fetched.

use actix_web::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, HeaderValue, X_FRAME_OPTIONS};
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
use crate::web::Site;
use crate::web::headers::Nonce;
use crate::web::views::sandbox::{MailRow, SandboxMailMessageView, SandboxMailView};
use crate::web::views::shell::Shell;

/// Messages on one page for people.
const SHOWN: usize = 50;
/// Messages in one JSON answer at most, and unless asked otherwise.
const LISTED: usize = 1_000;

/// What a message's frame may do: show itself and open links in a new tab.
const HTML_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; \
     sandbox allow-popups allow-popups-to-escape-sandbox";

/// Mounts the mailbox. Needs `web::Data<Site>`.
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
    site: web::Data<Site>,
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
    let (found, next) = site.db.read(move |conn| newest(conn, after, most)).await?;
    Ok(if wants_json {
        let items = found.into_iter().map(Item::from).collect();
        HttpResponse::Ok().json(Items { items, next })
    } else {
        list_page(&site, found, next.as_ref())?
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

async fn message(id: web::Path<String>, site: web::Data<Site>) -> AppResult<HttpResponse> {
    let mail = find(&site.db, &id).await?;
    let nonce = Nonce::fresh()?;
    let view = SandboxMailMessageView {
        shell: Shell::new(
            &site.config,
            nonce.as_str(),
            &mail.subject,
            "A mail in the sandbox mailbox.",
        )
        .private(),
        list_url: "/sandbox/mail".to_owned(),
        html_url: Some(format!("/sandbox/mail/{}/html", mail.id)),
        from: mail.from_email,
        to: mail.to_email,
        subject: mail.subject,
        sent_at: mail.received_at.rfc3339(),
        text: mail.text,
        source: mail.source,
    };
    let mut response = site.page("sandbox_mail_message", &view, &nonce)?;
    // This page alone frames another: the mail's HTML.
    let policy = nonce
        .policy()
        .to_str()
        .map(|policy| format!("{policy}; frame-src 'self'"));
    let policy = policy.map_err(AppError::internal)?;
    let policy = HeaderValue::from_str(&policy).map_err(AppError::internal)?;
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

async fn html(id: web::Path<String>, site: web::Data<Site>) -> AppResult<HttpResponse> {
    let mail = find(&site.db, &id).await?;
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

async fn source(id: web::Path<String>, site: web::Data<Site>) -> AppResult<HttpResponse> {
    let mail = find(&site.db, &id).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(mail.source))
}

/// The mailbox for people.
fn list_page(site: &Site, mails: Vec<Received>, next: Option<&Cursor>) -> AppResult<HttpResponse> {
    let nonce = Nonce::fresh()?;
    let items = mails.into_iter().map(|mail| MailRow {
        href: format!("/sandbox/mail/{}", mail.id),
        to: mail.to_email,
        subject: mail.subject,
        sent_at: mail.received_at.rfc3339(),
    });
    let view = SandboxMailView {
        shell: Shell::new(
            &site.config,
            nonce.as_str(),
            "Sandbox mailbox",
            "Mails that the demo sent to nobody.",
        )
        .private(),
        items: items.collect(),
        next_url: next.map(|next| format!("/sandbox/mail?after={}", next.as_str())),
    };
    site.page("sandbox_mail", &view, &nonce)
}

//! What the forms of accounts have in common: shown with a seal, shown again with what to mend, and the way on.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::accounts::entry::Begun;
use crate::accounts::{Accounts, Next};
use crate::auth::UserId;
use crate::auth::sessions::SessionId;
use crate::auth::{HalfSigned, Signed, guard};
use crate::config::MailTransport;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Timestamp;
use crate::web::headers::keep_address_private;
use crate::web::site::see;
use crate::web::views::shell::{Link, Shell};

/// What stands behind `?` on the doors.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) next: String,
    pub(super) done: String,
}

/// How a form is shown again: with what to mend, or with a word on why it could not be done.
#[derive(Debug, Default)]
pub(super) struct Mend {
    status: Option<StatusCode>,
    faults: Vec<FieldError>,
    notice: Option<String>,
    wait: Option<u64>,
}

impl Mend {
    /// A first look at the form.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    /// These fields.
    pub(super) fn fields(faults: Vec<FieldError>) -> Self {
        Self {
            status: Some(StatusCode::UNPROCESSABLE_ENTITY),
            faults,
            ..Self::default()
        }
    }

    /// A word, under a status.
    pub(super) fn saying(status: StatusCode, notice: &str) -> Self {
        Self {
            status: Some(status),
            notice: Some(notice.to_owned()),
            ..Self::default()
        }
    }

    /// What is to be mended of a field.
    pub(super) fn of_field(&self, field: &str) -> Option<String> {
        let found = self.faults.iter().find(|fault| fault.field == field);
        found.map(|fault| sentence(&fault.message))
    }

    /// What `error` says, where a form can say it.
    ///
    /// # Errors
    /// Any other error, as it is.
    pub(super) fn of(error: AppError) -> AppResult<Self> {
        let status = error.status_code();
        let said = |notice: String, wait| Self {
            status: Some(status),
            notice: Some(sentence(&notice)),
            wait,
            ..Self::default()
        };
        match error {
            AppError::Invalid(faults) => Ok(Self::fields(faults)),
            AppError::Conflict { detail, .. } | AppError::Unprocessable { detail, .. } => {
                Ok(said(detail, None))
            }
            AppError::Unavailable { what, retry_after } => Ok(said(what, Some(retry_after))),
            AppError::TooMany { retry_after } => Ok(said(
                format!(
                    "Too many tries. Please try again in {}.",
                    in_words(retry_after)
                ),
                Some(retry_after),
            )),
            other => Err(other),
        }
    }
}

fn in_words(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        more => format!("{} minutes", more.div_ceil(60)),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        let end = if text.ends_with(['.', '!', '?']) {
            ""
        } else {
            "."
        };
        format!("{}{}{end}", first.to_uppercase(), letters.as_str())
    })
}

#[derive(Serialize)]
struct FormView<T> {
    shell: Shell,
    csrf: String,
    faults: Vec<FieldError>,
    /// The first fault of each field.
    errors: BTreeMap<String, String>,
    notice: Option<String>,
    #[serde(flatten)]
    rest: T,
}

/// Renders the form `name` with a seal; `rest` is what this form has besides.
pub(super) fn render<T: Serialize>(
    accounts: &Accounts,
    request: &HttpRequest,
    (name, title): (&str, &str),
    mend: Mend,
    rest: T,
) -> AppResult<HttpResponse> {
    let status = mend.status.unwrap_or(StatusCode::OK);
    let config = &accounts.site.config;
    let mut response = accounts
        .site
        .form_page(request, name, status, |nonce, csrf| {
            let mut errors = BTreeMap::new();
            for fault in &mend.faults {
                errors
                    .entry(fault.field.clone())
                    .or_insert_with(|| sentence(&fault.message));
            }
            Ok(FormView {
                shell: Shell::new(config, nonce.as_str(), title, title).private(),
                csrf,
                faults: mend
                    .faults
                    .iter()
                    .map(|fault| FieldError::new(fault.field.as_str(), sentence(&fault.message)))
                    .collect(),
                errors,
                notice: mend.notice,
                rest,
            })
        })?;
    keep_address_private(&mut response);
    if let Some(seconds) = mend.wait {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// A page that says something and shows ways on.
#[derive(Serialize)]
pub(super) struct Note {
    pub(super) kicker: String,
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) ways: Vec<Link>,
}

/// Renders a note.
pub(super) fn note(
    accounts: &Accounts,
    request: &HttpRequest,
    status: StatusCode,
    note: Note,
) -> AppResult<HttpResponse> {
    let mend = Mend {
        status: Some(status),
        ..Mend::default()
    };
    let title = note.title.trim_end_matches('.').to_owned();
    render(accounts, request, ("account_note", &title), mend, note)
}

/// A link that was used, is too old, or never was one.
pub(super) fn link_is_over(accounts: &Accounts, request: &HttpRequest) -> AppResult<HttpResponse> {
    note(
        accounts,
        request,
        StatusCode::GONE,
        Note {
            kicker: "Link".into(),
            title: "This link does not work any more.".into(),
            lines: vec![
                "It was used already, or it has grown too old. Links from our mails work once."
                    .into(),
            ],
            ways: vec![
                Link::new("Mail me a new link to sign in", "/login/link"),
                Link::new("Make an account", "/signup"),
            ],
        },
    )
}

/// "Look into your mailbox": the same whatever was mailed (S4).
pub(super) fn look_into_mailbox(
    accounts: &Accounts,
    request: &HttpRequest,
    what: &str,
) -> AppResult<HttpResponse> {
    let mut ways = Vec::new();
    if accounts.site.config.mail_transport() == MailTransport::Sandbox {
        ways.push(Link::new("Open the test mailbox", "/sandbox/mail"));
    }
    ways.push(Link::new("Try another address", "/login/link"));
    note(
        accounts,
        request,
        StatusCode::OK,
        Note {
            kicker: "One more step".into(),
            title: "Look into your mailbox.".into(),
            lines: vec![
                what.to_owned(),
                "It can take a minute. If nothing comes, look into the spam folder, and check the address for a slip.".into(),
            ],
            ways,
        },
    )
}

/// A page that asks before it acts, since scanners follow links.
#[derive(Serialize)]
pub(super) struct Question {
    pub(super) kicker: String,
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) action: String,
    pub(super) button: String,
}

/// Renders a question.
pub(super) fn question(
    accounts: &Accounts,
    request: &HttpRequest,
    question: Question,
) -> AppResult<HttpResponse> {
    let title = question.title.trim_end_matches(['.', '?']).to_owned();
    render(
        accounts,
        request,
        ("account_question", &title),
        Mend::nothing(),
        question,
    )
}

/// The way on after a session began, with its cookie.
pub(super) fn welcome(
    accounts: &Accounts,
    secret: &SecretString,
    begun: Begun,
    next: &Next,
) -> AppResult<HttpResponse> {
    let config = &accounts.site.config;
    let place = if begun.owes_factor {
        next.on("/login/second-factor")
    } else if begun.is_bare_staff && config.auth.staff_second_factor {
        "/account/security".to_owned()
    } else {
        next.to_string()
    };
    let mut response = see(&place);
    guard::set_cookie(&mut response, secret, config.is_https())?;
    Ok(response)
}

/// Where to prove again who one is, when that is too long ago for what is asked (S6); then back to `page`.
pub(super) fn unproved(signed: &Signed, now: Timestamp, page: &str) -> Option<HttpResponse> {
    signed
        .proved_lately(now)
        .is_err()
        .then(|| see(&Next::parse(page).on("/login/again")))
}

/// The session that the browser had before it signed in anew.
pub(super) fn before(half: Option<HalfSigned>) -> Option<(UserId, SessionId)> {
    half.map(|HalfSigned(held)| (held.user.id, held.session.id))
}

/// How a browser calls itself, in words for its owner: "Firefox on Android".
pub(super) fn browser_of(headers: &HeaderMap) -> String {
    let said = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let find = |known: &[(&'static str, &'static str)]| {
        let found = known.iter().find(|(mark, _)| said.contains(mark));
        found.map(|(_, name)| *name)
    };
    // The order matters: later ones also say the names of earlier ones.
    let browser = find(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "A browser".to_owned(),
    }
}

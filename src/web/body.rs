//! Reading request bodies: bounded in bytes and in time, with errors that say what to mend (F11, F13).

use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{Error, FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::error_pages::HttpProblem;
use super::site::Site;
use crate::error::{AppError, AppResult, FieldError};

/// A JSON body's bytes at most (F11).
pub const JSON_MAX: usize = 64 * 1024;

/// A webhook's bytes at most (F11).
pub const WEBHOOK_MAX: usize = 1024 * 1024;

/// How slowly a body may arrive.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// For the whole body.
    pub whole: Duration,
    /// Before the minimum rate is asked for.
    pub grace: Duration,
    /// Bytes a second at least, after the grace.
    pub bytes_per_second: u32,
}

impl Default for Pace {
    /// 15 s in all, 1 KiB a second (F11) after 3 s.
    fn default() -> Self {
        Self {
            whole: Duration::from_secs(15),
            grace: Duration::from_secs(3),
            bytes_per_second: 1024,
        }
    }
}

impl Pace {
    /// How long after its start a body of which `received` bytes are here may stay silent.
    fn allowance(self, received: usize) -> Duration {
        let earned = Duration::from_secs_f64(
            received as f64 / f64::from(self.bytes_per_second.max(1)), // bytes, not money
        );
        self.whole.min(self.grace + earned)
    }
}

/// What the request says of its body's length.
pub(super) fn declared_length(headers: &HeaderMap) -> Option<usize> {
    let value = headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

/// Reads a body of at most `max` bytes at no less than `pace`.
///
/// # Errors
/// [`AppError::TooLarge`], [`AppError::TooSlow`], or [`AppError::BadRequest`] when it breaks off.
pub async fn read(
    payload: &mut Payload,
    declared: Option<usize>,
    max: usize,
    pace: Pace,
) -> AppResult<Bytes> {
    if declared.is_some_and(|length| length > max) {
        return Err(AppError::TooLarge(max));
    }
    let start = Instant::now();
    let mut body = BytesMut::new();
    loop {
        let left = pace
            .allowance(body.len())
            .checked_sub(start.elapsed())
            .ok_or(AppError::TooSlow)?;
        match tokio::time::timeout(left, payload.next()).await {
            Err(_) => return Err(AppError::TooSlow),
            Ok(None) => return Ok(body.freeze()),
            Ok(Some(Err(_))) => {
                return Err(AppError::BadRequest("the request's body broke off".into()));
            }
            Ok(Some(Ok(part))) if body.len() + part.len() > max => {
                return Err(AppError::TooLarge(max));
            }
            Ok(Some(Ok(part))) => body.extend_from_slice(&part),
        }
    }
}

fn pace_of(request: &HttpRequest) -> Pace {
    request
        .app_data::<Data<Site>>()
        .map_or_else(Pace::default, |site| site.pace)
}

/// A body's bytes as they came, at most `MAX` of them: for signatures, which hold over bytes.
pub struct RawBody<const MAX: usize>(pub Bytes);

impl<const MAX: usize> FromRequest for RawBody<MAX> {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (declared, pace) = (declared_length(request.headers()), pace_of(request));
        let mut payload = payload.take();
        Box::pin(async move { read(&mut payload, declared, MAX, pace).await.map(Self) })
    }
}

/// A JSON body of at most [`JSON_MAX`] bytes, read as `T`; give `T` `deny_unknown_fields`.
///
/// 415 when it is not declared as JSON, 400 with line and column when it is none, 422 naming the field when it does not fit.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !is_json(request.headers()) {
            let problem = HttpProblem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send JSON, with the header Content-Type: application/json.",
            );
            return Box::pin(async move { Err(problem.into()) });
        }
        let (declared, pace) = (declared_length(request.headers()), pace_of(request));
        let mut payload = payload.take();
        Box::pin(async move {
            let bytes = read(&mut payload, declared, JSON_MAX, pace).await?;
            Ok(Self(from_json(&bytes)?))
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads `T` out of JSON text.
///
/// # Errors
/// [`AppError::BadRequest`] with line and column when the text is no JSON; [`AppError::Invalid`] naming the field else.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> AppResult<T> {
    if holds_escaped_nul(bytes) {
        return Err(nul());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        if cause.is_data() {
            let message = without_position(&cause.to_string());
            AppError::Invalid(vec![field_error(&path, &message)])
        } else {
            unreadable(&cause)
        }
    })?;
    reader.end().map_err(|error| unreadable(&error))?;
    Ok(value)
}

fn unreadable(error: &serde_json::Error) -> AppError {
    AppError::BadRequest(format!("the body is not valid JSON: {error}"))
}

/// Text with a NUL is nothing that a person typed, and PostgreSQL cannot keep it.
fn nul() -> AppError {
    AppError::Unprocessable {
        code: "nul_character",
        detail: "text must not contain the NUL character (U+0000)".into(),
    }
}

/// Whether JSON text has a NUL written as an escape (a bare one is no JSON anyway).
fn holds_escaped_nul(bytes: &[u8]) -> bool {
    bytes.windows(5).enumerate().any(|(at, window)| {
        window == b"u0000"
            && bytes.get(..at).is_some_and(|before| {
                let slashes = before.iter().rev().take_while(|b| **b == b'\\').count();
                slashes % 2 == 1
            })
    })
}

/// serde_json puts " at line 1 column 2" behind a message about a field, which already has its name.
fn without_position(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(at) => message.get(..at).unwrap_or(message).to_owned(),
        None => message.to_owned(),
    }
}

/// The error of one field: serde names missing, unknown and repeated fields in its message, others by their path.
fn field_error(path: &str, message: &str) -> FieldError {
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|lead| message.strip_prefix(lead))
        .and_then(|rest| rest.split('`').next());
    let parent = if path == "." { "" } else { path };
    let field = match named {
        None if parent.is_empty() => "body".to_owned(),
        None => parent.to_owned(),
        Some(name) if parent.is_empty() => name.to_owned(),
        Some(name) if parent == name || parent.ends_with(&format!(".{name}")) => parent.to_owned(),
        Some(name) => format!("{parent}.{name}"),
    };
    FieldError::new(field, message)
}

/// Reads `T` out of `application/x-www-form-urlencoded` text, as forms and query strings have it.
///
/// # Errors
/// [`AppError::Invalid`] naming the field.
pub fn from_urlencoded<T: DeserializeOwned>(text: &str) -> AppResult<T> {
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    for (name, value) in pairs {
        if name.contains('\0') || value.contains('\0') {
            return Err(nul());
        }
    }
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        AppError::Invalid(vec![field_error(&path, &message)])
    })
}

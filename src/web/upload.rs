//! Forms with files (`multipart/form-data`): read whole within bounds, their text fields and files told apart (F11).
//!
//! The gate reads them as it reads other forms, so a handler gets files only from a page of this site. A few such bodies
//! are in memory at a time; whoever comes then waits a moment, and is told to come again.

use std::sync::Arc;
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::{Ready, ready};
use futures_util::stream;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::body::{self, Pace};
use super::csrf::{self, FORM_MAX};
use crate::error::{AppError, AppResult};

/// A body with files has at most so many bytes (F11).
pub const UPLOAD_MAX: usize = 12 * 1024 * 1024;

/// So many bodies with files are in memory at a time.
const AT_ONCE: usize = 4;

/// How long one more body waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fields and files of one form at most.
const PARTS_MAX: usize = 64;

/// Bytes that are handed to the parser at once.
const CHUNK: usize = 16 * 1024;

/// The places for bodies with files.
pub(super) struct Uploads(Arc<Semaphore>);

impl Default for Uploads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// A file as it was sent: nothing about it is known but its bytes.
#[derive(Debug, Clone)]
struct Sent {
    field: String,
    bytes: Bytes,
}

/// The files of a form. While they are held, so is their place among the bodies in memory: drop them when done.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<Sent>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Files {
    /// Takes the bytes of the first file that was chosen in `field`; `None` when none was (browsers then send an empty one).
    pub fn take(&mut self, field: &str) -> Option<Bytes> {
        let at = self
            .files
            .iter()
            .position(|file| file.field == field && !file.bytes.is_empty())?;
        Some(self.files.swap_remove(at).bytes)
    }
}

/// A form with files, read: its text fields as name and value, and its files.
pub(super) struct Read {
    pub fields: Vec<(String, String)>,
    pub files: Files,
}

/// Whether the request says that it is a form with files.
pub(super) fn is_upload(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
}

/// A photograph over a slow connection takes its time, but not for ever, as it holds one of few places.
fn unhurried(pace: Pace) -> Pace {
    Pace {
        whole: pace.whole * 6,
        grace: pace.grace,
        bytes_per_second: pace.bytes_per_second.saturating_mul(16),
    }
}

/// Reads a form with files of at most [`UPLOAD_MAX`] bytes.
///
/// # Errors
/// Those of [`body::read`]; [`AppError::Unavailable`] when no place comes free; [`AppError::BadRequest`] for a body that is
/// no such form.
pub(super) async fn read(
    places: &Uploads,
    headers: &HeaderMap,
    mut payload: Payload,
    pace: Pace,
) -> AppResult<Read> {
    let declared = body::declared_length(headers);
    if declared.is_some_and(|length| length > UPLOAD_MAX) {
        return Err(AppError::TooLarge(UPLOAD_MAX));
    }
    let turn = Arc::clone(&places.0).acquire_owned();
    let place = match tokio::time::timeout(PATIENCE, turn).await {
        Ok(Ok(place)) => place,
        _ => {
            return Err(AppError::Unavailable {
                what: "Many people are sending pictures right now. Nothing was lost; please send yours again in a moment.".into(),
                retry_after: 5,
            });
        }
    };
    let bytes = body::read(&mut payload, declared, UPLOAD_MAX, unhurried(pace)).await?;
    let parts = parse(headers, bytes);
    let (fields, files) = tokio::time::timeout(pace.whole, parts)
        .await
        .map_err(|_| broken())??;
    Ok(Read {
        fields,
        files: Files {
            files,
            _place: Some(place),
        },
    })
}

fn broken() -> AppError {
    AppError::BadRequest("the form that was sent cannot be read".into())
}

type Parts = (Vec<(String, String)>, Vec<Sent>);

async fn parse(headers: &HeaderMap, bytes: Bytes) -> AppResult<Parts> {
    let mut left = bytes;
    let pieces = std::iter::from_fn(move || {
        (!left.is_empty()).then(|| Ok::<_, PayloadError>(left.split_to(left.len().min(CHUNK))))
    });
    let mut form = Multipart::new(headers, stream::iter(pieces));
    let (mut fields, mut files, mut text) = (Vec::new(), Vec::new(), 0);
    while let Some(part) = form.next().await {
        let mut part = part.map_err(|_| broken())?;
        if fields.len() + files.len() == PARTS_MAX {
            return Err(AppError::BadRequest("the form has too many fields".into()));
        }
        let named = part.content_disposition().map(|said| {
            let name = said.get_name().unwrap_or_default().to_owned();
            (name, said.get_filename().is_some())
        });
        let (name, is_file) = named.ok_or_else(broken)?;
        if is_file {
            let bytes = collect(&mut part, UPLOAD_MAX).await?;
            files.push(Sent { field: name, bytes });
        } else {
            let value = collect(&mut part, FORM_MAX).await?;
            text += name.len() + value.len();
            if text > FORM_MAX {
                return Err(AppError::TooLarge(FORM_MAX));
            }
            let value = String::from_utf8(value.to_vec()).map_err(|_| broken())?;
            fields.push((name, value));
        }
    }
    Ok((fields, files))
}

async fn collect(part: &mut Field, most: usize) -> AppResult<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = part.next().await {
        let piece = piece.map_err(|_| broken())?;
        if bytes.len() + piece.len() > most {
            return Err(AppError::TooLarge(most));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// A posted form that may carry files, its seal already checked by the gate. Sent without files, it has none.
///
/// Fields are read as `T` says; give them `String`s and parse them where the form can be shown again with what was typed.
#[derive(Debug)]
pub struct UploadForm<T> {
    /// The text fields.
    pub fields: T,
    /// The files.
    pub files: Files,
}

impl<T: DeserializeOwned> FromRequest for UploadForm<T> {
    type Error = AppError;
    type Future = Ready<AppResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(csrf::admitted(request).map(|(fields, files)| Self { fields, files }))
    }
}

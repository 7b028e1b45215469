//! The part of a form that asks for a photograph: `partials/photo_field`, with the script `upload.js` on top of it.
//!
//! Its fields: `photo` (the file), `photo_alt`, `photo_crop` (see [`super::crop_of`]), `photo_remove` (ticked to take the
//! present one away). The form needs `enctype="multipart/form-data"`.

use serde::Serialize;

use super::model::{Media, MediaId, Size, url};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Line;
use crate::kernel::line::BadText;

/// Characters that say what a photograph shows, at most.
pub const ALT_MAX: usize = 200;

/// Context of `partials/photo_field`.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoField {
    /// What is asked for: "Photo".
    pub label: String,
    /// What happens to it: "A square is cut from it."
    pub hint: String,
    /// The present photograph, if there is one.
    pub current_url: Option<String>,
    /// What it shows, as typed.
    pub alt: String,
    /// Whether a square is cut: the script then lets it be moved.
    pub square: bool,
    /// The crop as it was sent.
    pub crop: String,
    /// Why the photograph could not be taken.
    pub error: Option<String>,
    /// Why the words could not be taken.
    pub alt_error: Option<String>,
}

impl PhotoField {
    /// The field over the present photograph `current`, what it shows being `alt`.
    pub fn new(label: &str, square: bool, current: Option<MediaId>, alt: &str) -> Self {
        let cut = if square {
            " A square is cut from its middle."
        } else {
            ""
        };
        Self {
            label: label.to_owned(),
            hint: format!(
                "JPEG, PNG or WebP, at most 10 MB.{cut} We remove the place and time that phones write into photos."
            ),
            current_url: current.map(|id| url(id, Size::Middle)),
            alt: alt.to_owned(),
            square,
            crop: String::new(),
            error: None,
            alt_error: None,
        }
    }

    /// With what is to be mended.
    #[must_use]
    pub fn faults(mut self, faults: &[FieldError]) -> Self {
        let of = |field: &str| {
            let fault = faults.iter().find(|fault| fault.field == field);
            fault.map(|fault| fault.message.clone())
        };
        self.error = of("photo");
        self.alt_error = of("photo_alt");
        self
    }
}

/// What a photograph shows, in words; nothing is allowed.
///
/// # Errors
/// 422 on `photo_alt`.
pub fn parse_alt(text: &str) -> AppResult<String> {
    match Line::parse(text, ALT_MAX) {
        Ok(line) => Ok(line.into_string()),
        Err(BadText::Empty) => Ok(String::new()),
        Err(bad) => Err(AppError::field("photo_alt", bad)),
    }
}

/// A photograph as a template shows it, its place on the page kept while it loads.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoView {
    /// 640 pixels across at most.
    pub url: String,
    /// 1280 pixels across at most.
    pub large_url: String,
    /// Pixels across, of the proportion.
    pub width: i32,
    /// Pixels down, of the proportion.
    pub height: i32,
    /// What it shows.
    pub alt: String,
}

impl PhotoView {
    /// The view of a photograph that shows `alt`.
    pub fn new(media: &Media, alt: &str) -> Self {
        Self {
            url: url(media.id, Size::Middle),
            large_url: url(media.id, Size::Large),
            width: media.width,
            height: media.height,
            alt: alt.to_owned(),
        }
    }
}

//! What the readers' pages have in common.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::error::{AppResult, FieldError};
use crate::web::Site;
use crate::web::headers::keep_address_private;
use crate::web::typed::Mend;
use crate::web::views::shell::{Link, Shell};

#[derive(Serialize)]
struct Framed<T> {
    shell: Shell,
    csrf: String,
    faults: Vec<FieldError>,
    /// The first fault of each field.
    errors: BTreeMap<String, String>,
    notice: Option<String>,
    #[serde(flatten)]
    rest: T,
}

/// Renders the page `name` with a seal; `rest` is what it has besides.
pub(super) fn render<T: Serialize>(
    site: &Site,
    request: &HttpRequest,
    (name, title): (&str, &str),
    mend: Mend,
    rest: T,
) -> AppResult<HttpResponse> {
    let mut response = site.form_page(request, name, mend.status, |nonce, csrf| {
        let mut errors = BTreeMap::new();
        for fault in &mend.faults {
            errors
                .entry(fault.field.clone())
                .or_insert_with(|| fault.message.clone());
        }
        Ok(Framed {
            shell: Shell::new(&site.config, nonce.as_str(), title, title).private(),
            csrf,
            faults: mend.faults,
            errors,
            notice: mend.notice,
            rest,
        })
    })?;
    keep_address_private(&mut response);
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
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    note: Note,
) -> AppResult<HttpResponse> {
    let mend = Mend {
        status,
        ..Mend::none()
    };
    let title = note.title.trim_end_matches('.').to_owned();
    render(site, request, ("account_note", &title), mend, note)
}

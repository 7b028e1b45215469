//! What every page of the desk shares: who sits there, the ways between its pages, the frame.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::error::{AppError, AppResult};
use crate::impact::reports::ReportId;
use crate::kernel::Timestamp;
use crate::partners::PartnerStaff;
use crate::web::Site;
use crate::web::views::shell::{Link, Shell};

/// What a redirect says on the page that it leads to, by the word in `?done=`.
const DONE: &[(&str, &str)] = &[
    ("saved", "Saved."),
    ("discarded", "What was not saved is forgotten."),
    ("submitted", "Sent in. You get mail when it was read."),
    ("withdrawn", "Taken back. You can begin another."),
    ("attached", "Attached."),
    ("detached", "Taken away."),
    ("added", "Entered. It is not public until it is released."),
    ("removed", "Removed."),
    ("seated", "Welcome to the desk."),
];

/// Somebody at the desk.
pub(super) struct Table {
    pub(super) site: Data<Site>,
    pub(super) request: HttpRequest,
    pub(super) staff: PartnerStaff,
}

#[derive(Serialize)]
struct Shown<B> {
    shell: Shell,
    csrf: String,
    who: String,
    is_home: bool,
    done: Option<&'static str>,
    #[serde(flatten)]
    body: B,
}

impl Table {
    pub(super) fn new(site: &Data<Site>, request: &HttpRequest, staff: PartnerStaff) -> Self {
        Self {
            site: site.clone(),
            request: request.clone(),
            staff,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.site.clock.now()
    }

    /// Renders the template `desk/<name>`; its context is `body` with shell, seal and what was done.
    pub(super) fn show<B: Serialize>(
        &self,
        name: &str,
        title: &str,
        status: StatusCode,
        body: B,
    ) -> AppResult<HttpResponse> {
        let template = format!("desk/{name}");
        self.site
            .form_page(&self.request, &template, status, |nonce, csrf| {
                let mut shell = Shell::new(
                    &self.site.config,
                    nonce.as_str(),
                    &format!("{title} · Desk"),
                    "The desk of partners.",
                )
                .private();
                shell.footer = vec![Link::new("The public site", "/")];
                Ok(Shown {
                    shell,
                    csrf,
                    who: self.staff.signed().name().to_owned(),
                    is_home: name == "home",
                    done: self.done(),
                    body,
                })
            })
    }

    fn done(&self) -> Option<&'static str> {
        let (_, word) = url::form_urlencoded::parse(self.request.query_string().as_bytes())
            .find(|(key, _)| key == "done")?;
        let found = DONE.iter().find(|(known, _)| *known == word)?;
        Some(found.1)
    }
}

/// The report of a path.
pub(super) fn report_id(text: &str) -> AppResult<ReportId> {
    text.parse().map_err(|_| AppError::NotFound("the report"))
}

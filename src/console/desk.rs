//! What every room of the console shares: who works here, which rooms are open, the frame around a page.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::audit::{self, Deed};
use crate::auth::{Role, Signed};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Timestamp;
use crate::web::Site;
use crate::web::views::shell::{Link, Shell};

crate::words! {
    /// A room of the console.
    pub enum Room {
        /// What waits, and today's numbers.
        Home = "home",
        /// Participants' pages.
        Pages = "pages",
        /// People.
        Participants = "participants",
        /// Teams.
        Teams = "teams",
        /// Reported pages.
        Reports = "reports",
        /// Offline gift entries.
        Offline = "offline",
        /// What lies where, and what is due.
        Finance = "finance",
        /// Grants to partners.
        Grants = "grants",
        /// How undesignated money is shared out.
        Policies = "policies",
        /// Stories.
        Stories = "stories",
        /// The vault of consents.
        Consents = "consents",
        /// Seasons.
        Seasons = "seasons",
        /// The record of deeds.
        Audit = "audit",
    }
}

impl Room {
    fn label(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Pages => "Pages",
            Self::Participants => "Participants",
            Self::Teams => "Teams",
            Self::Reports => "Reports",
            Self::Offline => "Offline gifts",
            Self::Finance => "Finance",
            Self::Grants => "Grants",
            Self::Policies => "Policies",
            Self::Stories => "Stories",
            Self::Consents => "Consents",
            Self::Seasons => "Seasons",
            Self::Audit => "Audit",
        }
    }

    /// Whether it is open to `signed`.
    fn is_open_to(self, signed: &Signed) -> bool {
        match self {
            Self::Home | Self::Policies => true,
            Self::Finance | Self::Grants => signed.is(Role::Finance),
            // The vault is for whoever runs every season.
            Self::Consents => {
                signed.is(Role::Coordinator) && signed.campaigns(Role::Coordinator).is_none()
            }
            _ => signed.is(Role::Coordinator),
        }
    }

    fn href(self) -> String {
        match self {
            Self::Home => "/console".to_owned(),
            other => format!("/console/{other}"),
        }
    }
}

/// What a redirect says on the page that it leads to, by the word in `?done=`.
const DONE: &[(&str, &str)] = &[
    ("approved", "Approved. The owner is told by mail."),
    ("asked", "Asked. The owner gets your words by mail."),
    ("hidden", "Hidden. It cannot be seen any more."),
    ("shown", "Shown again."),
    ("archived", "Archived."),
    ("saved", "Saved."),
    ("made", "Made, as a draft."),
    ("live", "The season is live."),
    ("closed", "The season is closed."),
    ("shared-out", "The new policy is in force."),
    ("drafted", "Drafted. A second person approves it."),
    (
        "policy-approved",
        "Approved. Gifts made from its day on fall under it.",
    ),
    ("discarded", "Discarded."),
    ("planned", "Planned. It binds nobody until it is approved."),
    ("grant-approved", "Approved. Its money is kept for it."),
    (
        "grant-half",
        "Your approval is noted. A second person’s is missing.",
    ),
    (
        "grant-cancelled",
        "Cancelled: nothing more of it will be paid.",
    ),
    ("grant-closed", "Closed."),
    ("grant-reported", "Noted: its report is accepted."),
    (
        "grant-returned",
        "Booked back. A tranche like it waits to be paid.",
    ),
    ("paid", "Booked as paid."),
    ("cover-planned", "Written down. A second person books it."),
    ("cover-decided", "Noted."),
    ("handled", "Noted."),
    ("declined", "Declined. The page's owner sees why."),
    ("ended", "Every session was ended."),
    (
        "reset",
        "The second factor is gone and every session was ended. They sign in and set up a new one.",
    ),
    ("disabled", "Kept out, and signed out everywhere."),
    ("enabled", "May sign in again."),
    ("story-submitted", "Given to review."),
    ("story-published", "Published: everybody sees it."),
    (
        "story-withdrawn",
        "Taken down. Its address says so to everybody.",
    ),
    ("story-reopened", "Being written again."),
    ("answered", "Your answer is on record."),
    ("picture-added", "The picture is there."),
    ("removed", "Taken away."),
    ("linked", "The story stands on this consent now."),
    ("consent-recorded", "Recorded. Two people sign it off now."),
    ("signed", "Signed. The record shows that it was you."),
    (
        "revoked",
        "Revoked. What stood on it is down, and its pictures of people are being removed.",
    ),
    ("nothing", "Nothing was ticked, so nothing was changed."),
];

/// A member of staff in a room of the console.
pub(super) struct Desk {
    pub(super) site: Data<Site>,
    pub(super) request: HttpRequest,
    pub(super) signed: Signed,
    room: Room,
}

#[derive(Serialize)]
struct RoomTab {
    label: &'static str,
    href: String,
    is_current: bool,
}

/// Context of `console/nav`.
#[derive(Serialize)]
struct Nav {
    rooms: Vec<RoomTab>,
    who: String,
    roles: String,
    is_test: bool,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct Shown<B> {
    shell: Shell,
    csrf: String,
    nav: Nav,
    #[serde(flatten)]
    body: B,
}

impl Desk {
    pub(super) fn new(
        site: &Data<Site>,
        request: &HttpRequest,
        signed: Signed,
        room: Room,
    ) -> Self {
        Self {
            site: site.clone(),
            request: request.clone(),
            signed,
            room,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.site.clock.now()
    }

    /// Writes a deed into the record before what was read for it is shown: a search must not hold the one writer.
    pub(super) async fn note(&self, deed: Deed) -> AppResult<()> {
        let now = self.now();
        let db = &self.site.db;
        db.tx(move |c| audit::record(c, &deed, now)).await
    }

    /// Renders the template `console/<name>`; its context is `body` with shell, seal and navigation.
    pub(super) fn show<B: Serialize>(
        &self,
        name: &str,
        title: &str,
        status: StatusCode,
        body: B,
    ) -> AppResult<HttpResponse> {
        let template = format!("console/{name}");
        self.site
            .form_page(&self.request, &template, status, |nonce, csrf| {
                let mut shell = Shell::new(
                    &self.site.config,
                    nonce.as_str(),
                    &format!("{title} · Console"),
                    "The console of staff.",
                )
                .private();
                shell.footer = vec![Link::new("The public site", "/")];
                Ok(Shown {
                    shell,
                    csrf,
                    nav: self.nav(),
                    body,
                })
            })
    }

    /// The same with status 200.
    pub(super) fn page<B: Serialize>(
        &self,
        name: &str,
        title: &str,
        body: B,
    ) -> AppResult<HttpResponse> {
        self.show(name, title, StatusCode::OK, body)
    }

    fn nav(&self) -> Nav {
        let rooms = Room::ALL
            .iter()
            .filter(|room| room.is_open_to(&self.signed))
            .map(|room| RoomTab {
                label: room.label(),
                href: room.href(),
                is_current: *room == self.room,
            })
            .collect();
        let roles = self.signed.held().roles.iter();
        let roles: Vec<&str> = roles
            .filter(|role| role.is_staff())
            .map(|role| role.as_str())
            .collect();
        let word = url::form_urlencoded::parse(self.request.query_string().as_bytes())
            .find(|(key, _)| key == "done")
            .map(|(_, word)| word.into_owned());
        Nav {
            rooms,
            who: self.signed.name().to_owned(),
            roles: roles.join(", "),
            is_test: !self.site.config.is_live(),
            done: word.and_then(|word| {
                DONE.iter()
                    .find(|(known, _)| *known == word)
                    .map(|(_, said)| *said)
            }),
        }
    }
}

/// What keeps a form from being done, to be shown on it again: the status, what to mend by field, and a notice.
pub(super) struct Mend {
    pub(super) status: StatusCode,
    pub(super) faults: Vec<FieldError>,
    pub(super) notice: Option<String>,
}

impl Mend {
    /// The parts of an error that a form can show; any other goes on as it is.
    pub(super) fn of(error: AppError) -> AppResult<Self> {
        use actix_web::ResponseError;
        let status = error.status_code();
        match error {
            AppError::Invalid(faults) => Ok(Self {
                status,
                faults,
                notice: None,
            }),
            AppError::Conflict { detail, .. } | AppError::Unprocessable { detail, .. } => {
                Ok(Self {
                    status,
                    faults: Vec::new(),
                    notice: Some(detail),
                })
            }
            other => Err(other),
        }
    }

    /// No fault.
    pub(super) fn none() -> Self {
        Self {
            status: StatusCode::OK,
            faults: Vec::new(),
            notice: None,
        }
    }

    /// What is to be said about one field.
    pub(super) fn at(&self, field: &str) -> Option<String> {
        let fault = self.faults.iter().find(|fault| fault.field == field);
        fault.map(|fault| fault.message.clone())
    }
}

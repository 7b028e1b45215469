//! What every room of the console shares: who works here, which rooms are open, the frame around a page.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::audit::{self, Deed};
use crate::auth::{Role, Signed};
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::web::Site;
pub(super) use crate::web::typed::Mend;
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
        /// Partners, and who sits at their desks.
        Partners = "partners",
        /// Partners' reports.
        PartnerReports = "partner-reports",
        /// Programs: texts, figures, places.
        Programs = "programs",
        /// What amounts cover.
        UnitCosts = "unit-costs",
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
            Self::Partners => "Partners",
            Self::PartnerReports => "Partner reports",
            Self::Programs => "Programs",
            Self::UnitCosts => "Unit costs",
            Self::Seasons => "Seasons",
            Self::Audit => "Audit",
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
    ("handled", "Noted."),
    ("declined", "Declined. The page's owner sees why."),
    ("ended", "Every session was ended."),
    (
        "reset",
        "The second factor is gone and every session was ended. They sign in and set up a new one.",
    ),
    ("disabled", "Kept out, and signed out everywhere."),
    ("enabled", "May sign in again."),
    ("nothing", "Nothing was ticked, so nothing was changed."),
    ("invited", "The invitation is on its way."),
    ("revoked", "The invitation does not work any more."),
    ("removed", "They do not sit at this desk any more."),
    (
        "asked-partner",
        "Asked. The partner's staff get your words by mail.",
    ),
    (
        "accepted",
        "Accepted. The partner's staff are told by mail.",
    ),
    ("graded", "Graded."),
    ("published", "Published."),
    (
        "taken-down",
        "Taken down: its page and its figures are gone from public pages.",
    ),
    ("released", "Released: it can be read by everybody."),
    ("withheld", "Withheld again."),
    ("added", "Entered."),
    ("superseded", "Not shown any more. It stays on record."),
    ("cost-ended", "It ends on that day, and stays in the book."),
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
        let runs = self.signed.is(Role::Coordinator);
        let rooms = Room::ALL
            .iter()
            .filter(|room| runs || **room == Room::Home)
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

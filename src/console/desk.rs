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
        /// Cash and cheques in hand, and what went to the bank.
        Deposits = "deposits",
        /// Match pools.
        Matching = "matching",
        /// What the processor paid to the bank.
        Payouts = "payouts",
        /// What checks and reconciliation found.
        Findings = "findings",
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
        /// Partners, and who sits at their desks.
        Partners = "partners",
        /// Partners' reports.
        PartnerReports = "partner-reports",
        /// Programs: texts, figures, places.
        Programs = "programs",
        /// What amounts cover.
        UnitCosts = "unit-costs",
        /// People by what they did.
        Segments = "segments",
        /// Series of mails that go by themselves.
        Sequences = "sequences",
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
            Self::Deposits => "Deposits",
            Self::Matching => "Match pools",
            Self::Payouts => "Payouts",
            Self::Findings => "Findings",
            Self::Finance => "Finance",
            Self::Grants => "Grants",
            Self::Policies => "Policies",
            Self::Stories => "Stories",
            Self::Consents => "Consents",
            Self::Partners => "Partners",
            Self::PartnerReports => "Partner reports",
            Self::Programs => "Programs",
            Self::UnitCosts => "Unit costs",
            Self::Segments => "Segments",
            Self::Sequences => "Sequences",
            Self::Seasons => "Seasons",
            Self::Audit => "Audit",
        }
    }

    /// Whether it is open to `signed`.
    fn is_open_to(self, signed: &Signed) -> bool {
        match self {
            Self::Home | Self::Policies => true,
            Self::Finance | Self::Grants => signed.is(Role::Finance),
            Self::Deposits | Self::Matching | Self::Payouts | Self::Findings => {
                signed.is(Role::Coordinator) || signed.is(Role::Finance)
            }
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
    (
        "confirmed",
        "Confirmed: it is in the books, and its receipt is on its way.",
    ),
    (
        "given-back",
        "Given back, and taken out of the funds by what remains.",
    ),
    (
        "taken",
        "On its way to the bank. Match it with the statement when it is there.",
    ),
    ("banked", "Matched: the bank counted what we did."),
    (
        "differs",
        "Matched, with a difference: it is among the findings, and wants an owner.",
    ),
    ("finding-taken", "It is yours now."),
    (
        "job-again",
        "Queued: it runs at once. If it fails again, it comes back here.",
    ),
    ("finding-closed", "Closed, with what you said."),
    (
        "pool-made",
        "Written down. Nothing is reserved until it is confirmed.",
    ),
    (
        "pool-live",
        "Reserved. Gifts in its time are matched from now on.",
    ),
    (
        "pool-ended",
        "Ended. Gifts made from now on are not matched by it.",
    ),
    ("arrived", "Booked: it is at the bank."),
    ("proposed", "Proposed. A second person decides."),
    ("refused", "Turned down."),
    ("released", "Released, and in the books."),
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
    ("invited", "The invitation is on its way."),
    ("invitation-off", "The invitation does not work any more."),
    ("left-desk", "They do not sit at this desk any more."),
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
    (
        "sequence-on",
        "It is on: whoever it happens to from now on is written to.",
    ),
    (
        "sequence-off",
        "It is off. Who is on their way waits, and it can be changed.",
    ),
    ("tips-back", "The built-in tips are back."),
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

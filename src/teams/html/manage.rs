//! `/teams/{slug}/manage`: what those who lead a team see, and the forms of their deeds.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::typed::{Fields, Typed};
use crate::campaigns::frame;
use crate::db::Conn;
use crate::error::{AppResult, FieldError};
use crate::kernel::{Cursor, Limit, Listed, Timestamp};
use crate::teams::captains::{self, Leader};
use crate::teams::desk::{Desk, Mend};
use crate::teams::groups::{self, Group};
use crate::teams::guard::{Lead, TeamCaptain};
use crate::teams::invitations::{self, Invitation};
use crate::teams::joining::{self, TeamPage};
use crate::teams::model::TeamOverview;
use crate::teams::requests::{self, OpenRequest};
use crate::teams::{messages, ops};
use crate::web::views::form::Field;
use crate::web::views::shell::{Link, Shell};
use crate::web::{Query, Site};

/// What may stand behind `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Where the list of members goes on.
    after: Option<String>,
    /// What was done: a word of [`done`].
    done: String,
}

/// What was done, in words.
fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "edited" => "The team was changed.",
        "removed" => "The page is not in the team any more.",
        "co-captain" => "The co-captains were changed.",
        "captain" => "The captaincy was handed on.",
        "accepted" => "The page is in the team. Its owner gets a mail.",
        "declined" => "The request was declined. Its owner gets a mail.",
        "invited" => "The invitation is on its way.",
        "revoked" => "The invitation was taken back.",
        "sent" => "The message is on its way.",
        _ => return None,
    })
}

/// Everything that the page tells.
pub(super) struct Room {
    pub overview: TeamOverview,
    pub groups: Vec<Group>,
    has_password: bool,
    co: Vec<Leader>,
    members: Listed<TeamPage>,
    requests: Vec<OpenRequest>,
    invitations: Vec<Invitation>,
    readers: usize,
    next_message: Option<Timestamp>,
    has_others: bool,
}

impl Room {
    pub(super) fn read(
        conn: &mut Conn,
        captain: &TeamCaptain,
        after: Option<&crate::ids::PageId>,
        now: Timestamp,
    ) -> AppResult<Self> {
        let overview = captain.overview.clone();
        let (team, user) = (&overview.team, captain.signed.user());
        Ok(Self {
            groups: groups::of_campaign(conn, team.campaign_id)?,
            has_password: ops::password_of(conn, team.id)?.is_some(),
            co: captains::co_captains(conn, team.id)?,
            members: joining::members(conn, team.id, after, Limit::MOST)?,
            requests: requests::of_team(conn, team.id)?,
            invitations: invitations::of_team(conn, team.id, now)?,
            readers: messages::readers(conn, team.id, user)?.len(),
            next_message: messages::next_at(conn, team.id, now)?,
            has_others: ops::has_others(conn, team)?,
            overview,
        })
    }
}

/// What a form is shown again with.
#[derive(Default)]
pub(super) struct Again {
    pub mend: Mend,
    /// What was typed about the team.
    pub team: Option<Typed>,
    /// Subject and text of a message.
    pub message: (String, String),
    /// The address of an invitation.
    pub invite: String,
    /// The link that was made just now: shown once, since only its digest is kept.
    pub link: Option<SecretString>,
    /// What was done.
    pub done: Option<&'static str>,
}

/// Context of `team_manage`.
#[derive(Serialize)]
struct ManageView {
    shell: Shell,
    csrf: String,
    name: String,
    href: String,
    here: String,
    campaign: Link,
    /// As what the reader acts.
    acts_as: &'static str,
    decides: bool,
    archived: bool,
    done: Option<&'static str>,
    notice: Option<String>,
    faults: Vec<FieldError>,
    fields: Fields,
    members: Vec<MemberView>,
    members_more: Option<String>,
    requests: Vec<RequestView>,
    /// Whether invitations may be made.
    invites: bool,
    invitations: Vec<InvitationView>,
    invite: Field,
    link: Option<String>,
    readers: usize,
    next_message: Option<String>,
    subject: Field,
    body: Field,
    may_archive: bool,
}

#[derive(Serialize)]
struct MemberView {
    participant: String,
    title: String,
    href: String,
    slug: String,
    role: Option<&'static str>,
    /// May be taken out by the reader.
    removable: bool,
    /// Has an account and is not the captain.
    promotable: bool,
    is_co: bool,
}

#[derive(Serialize)]
struct RequestView {
    id: String,
    participant: String,
    title: String,
    href: String,
    words: Option<String>,
    at: String,
}

#[derive(Serialize)]
struct InvitationView {
    id: String,
    to: Option<String>,
    until: String,
}

pub(super) async fn room(
    site: Data<Site>,
    desk: Data<Desk>,
    captain: TeamCaptain,
    request: HttpRequest,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let after = query
        .0
        .after
        .as_deref()
        .and_then(|text| Cursor::parse(text).ok());
    let again = Again {
        done: done(&query.0.done),
        ..Again::default()
    };
    show(&site, &desk, &captain, &request, (after, again)).await
}

/// The page with what a form is shown again with.
pub(super) async fn show(
    site: &Site,
    desk: &Desk,
    captain: &TeamCaptain,
    request: &HttpRequest,
    (after, again): (Option<crate::ids::PageId>, Again),
) -> AppResult<HttpResponse> {
    let now = site.clock.now();
    let asking = captain.clone();
    let room = site
        .db
        .read(move |c| Room::read(c, &asking, after.as_ref(), now))
        .await?;
    let fine = again.mend.notice.is_none() && again.mend.faults.is_empty();
    let status = if fine {
        StatusCode::OK
    } else {
        again.mend.status
    };
    site.form_page(request, "team_manage", status, |nonce, csrf| {
        let campaign = &room.overview.campaign;
        let title = format!("Lead {}", room.overview.team.name);
        let mut shell = frame::shell(&site.config, nonce.as_str(), campaign, now, (&title, ""));
        shell.noindex = true;
        let link = again
            .link
            .as_ref()
            .map(|secret| desk.letters.invitation_url(secret));
        Ok(view(shell, csrf, captain.lead, &room, (again, link)))
    })
}

fn view(
    shell: Shell,
    csrf: String,
    lead: Lead,
    room: &Room,
    (again, link): (Again, Option<String>),
) -> ManageView {
    let TeamOverview { team, campaign, .. } = &room.overview;
    let href = format!("/teams/{}", team.slug);
    let faults = again.mend.faults;
    let typed = again
        .team
        .unwrap_or_else(|| Typed::of(team, campaign, &room.groups));
    let (subject, body) = again.message;
    let here = format!("{href}/manage");
    ManageView {
        name: team.name.clone(),
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        acts_as: match lead {
            Lead::Captain => "You are the captain.",
            Lead::CoCaptain => "You are a co-captain.",
            Lead::Staff => "You act for the captain; what you do goes into the record.",
        },
        decides: lead.decides(),
        archived: !team.is_open(),
        done: again.done,
        notice: again.mend.notice,
        fields: typed.fields(campaign, &room.groups, (room.has_password, &faults)),
        members: room
            .members
            .items
            .iter()
            .map(|page| member(page, lead, room))
            .collect(),
        members_more: room
            .members
            .next
            .as_ref()
            .map(|next| format!("{here}?after={}", next.as_str())),
        requests: room.requests.iter().map(request).collect(),
        invites: team.join_policy != crate::teams::JoinPolicy::Staff || lead == Lead::Staff,
        invitations: room.invitations.iter().map(invitation).collect(),
        invite: Field::line("email", "Their mail address", 254, &again.invite)
            .kind("email", "off")
            .mend(&faults),
        link,
        readers: room.readers,
        next_message: room.next_message.map(Timestamp::rfc3339),
        subject: Field::line("subject", "Subject", 120, &subject).mend(&faults),
        body: Field::text("body", "Message", (8, messages::TEXT), &body).mend(&faults),
        may_archive: lead == Lead::Staff || !room.has_others,
        faults,
        here,
        href,
        shell,
        csrf,
    }
}

fn member(page: &TeamPage, lead: Lead, room: &Room) -> MemberView {
    let owns = |user| page.owner_id == Some(user);
    let is_captain = room.overview.team.captain_id.is_some_and(owns);
    let is_co = room.co.iter().any(|leader| owns(leader.user));
    MemberView {
        participant: page.participant.clone(),
        title: page.title.clone(),
        href: format!("/pages/{}", page.slug),
        slug: page.slug.to_string(),
        role: match (is_captain, is_co) {
            (true, _) => Some("captain"),
            (_, true) => Some("co-captain"),
            _ => None,
        },
        removable: !is_captain && (lead.decides() || !is_co),
        promotable: lead.decides() && page.owner_id.is_some() && !is_captain,
        is_co,
    }
}

fn request(open: &OpenRequest) -> RequestView {
    RequestView {
        id: open.id.to_string(),
        participant: open.page.participant.clone(),
        title: open.page.title.clone(),
        href: format!("/pages/{}", open.page.slug),
        words: (!open.words.is_empty()).then(|| open.words.clone()),
        at: open.created_at.rfc3339(),
    }
}

fn invitation(open: &Invitation) -> InvitationView {
    InvitationView {
        id: open.id.to_string(),
        to: open.to_email.as_ref().map(ToString::to_string),
        until: open.expires_at.rfc3339(),
    }
}

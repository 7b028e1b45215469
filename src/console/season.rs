//! `/console/seasons/{slug}`: one season: its form, what it lacks, how its money is shared out, its record.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::record::{self, DeedView};
use super::scope::{self, Scope};
use super::season_fields::{self, FormView};
use super::season_form;
use super::seasons::all_programs;
use crate::audit::{self, Deed, Recorded};
use crate::auth::{Coordinator, UserId};
use crate::campaigns::edit::{edit, program_ids};
use crate::campaigns::ready::{Point, checklist};
use crate::campaigns::{Campaign, CampaignStatus, again};
use crate::db::Conn;
use crate::error::{AppResult, FieldError};
use crate::funds::approval::{has_gifts, open_draft};
use crate::funds::{self, Policy, Share};
use crate::ids::ProgramId;
use crate::kernel::Timestamp;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// Everything that the page of a season tells.
struct Found {
    campaign: Campaign,
    named: Vec<ProgramId>,
    programs: Vec<(ProgramId, String)>,
    points: Vec<Point>,
    policy: Option<(Policy, Vec<Share>)>,
    has_gifts: bool,
    has_draft: bool,
    deeds: Vec<Recorded>,
    names: std::collections::HashMap<UserId, String>,
}

/// A program's share in the form of the policy.
#[derive(Debug, Serialize)]
pub(super) struct ShareField {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) percent: String,
}

/// Context of `console/season`.
#[derive(Serialize)]
struct SeasonView {
    title: String,
    slug: String,
    status: String,
    currency: String,
    zone: String,
    public_url: String,
    version: String,
    form: FormView,
    errors: Vec<FieldError>,
    notice: Option<String>,
    points: Vec<Point>,
    is_ready: bool,
    /// The state that it can come into next: `live`, `closed`, or none.
    next_state: Option<&'static str>,
    state_error: Option<String>,
    policy_version: i32,
    has_gifts: bool,
    has_draft: bool,
    policy_since: Option<String>,
    policy_note: String,
    policy_error: Option<String>,
    note_error: Option<String>,
    shares: Vec<ShareField>,
    again_url: Option<String>,
    deeds: Vec<DeedView>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    draw(&desk, &path.0, None, Mend::none()).await
}

fn find(conn: &mut Conn, scope: &Scope, slug: &str, now: Timestamp) -> AppResult<Found> {
    let campaign = scope::season(conn, scope, slug)?;
    let policy = match funds::policy_in_force(conn, campaign.id, now)? {
        Some(policy) => {
            let shares = funds::fund_shares(conn, policy.id)?;
            Some((policy, shares))
        }
        None => None,
    };
    let deeds = audit::of_subject(conn, "season", &campaign.id.to_string(), 20)?;
    Ok(Found {
        named: program_ids(conn, campaign.id)?,
        programs: all_programs(conn)?,
        points: checklist(conn, &campaign, now)?,
        has_gifts: has_gifts(conn, campaign.id)?,
        has_draft: open_draft(conn, campaign.id)?.is_some(),
        names: record::names(conn, &deeds)?,
        policy,
        deeds,
        campaign,
    })
}

/// The season's page: with what was typed into one of its forms, where that is to be mended.
pub(super) async fn draw(
    desk: &Desk,
    slug: &str,
    typed: Option<&Typed>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let (scope, now, slug) = (Scope::of(&desk.signed), desk.now(), slug.to_owned());
    let found = desk
        .site
        .db
        .read(move |c| find(c, &scope, &slug, now))
        .await?;
    let status = mend.status;
    let view = view(desk, &found, typed, mend);
    desk.show("season", &found.campaign.title, status, view)
}

fn view(desk: &Desk, found: &Found, typed: Option<&Typed>, mend: Mend) -> SeasonView {
    let campaign = &found.campaign;
    let stands = season_form::of(campaign, &found.named);
    let edited = typed.filter(|typed| typed.ticked("title") || typed.ticked("version"));
    let form = season_fields::draw(edited.unwrap_or(&stands), &mend, &found.programs);
    let next_state = match campaign.status {
        CampaignStatus::Draft => Some("live"),
        CampaignStatus::Live => Some("closed"),
        CampaignStatus::Closed => None,
    };
    let (policy, shares) = match &found.policy {
        Some((policy, shares)) => (Some(policy), shares.as_slice()),
        None => (None, &[][..]),
    };
    let of_policy = typed.filter(|typed| typed.all("share_program").next().is_some());
    let named = found.named.iter().map(|id| {
        let share = shares.iter().find(|share| share.program_id == Some(*id));
        let field = format!("share_{id}");
        let name = found.programs.iter().find(|(known, _)| known == id);
        ShareField {
            percent: match (of_policy, share) {
                (Some(typed), _) => typed.text(&field).to_owned(),
                (None, Some(share)) => percent(share.basis_points),
                (None, None) => String::new(),
            },
            name: name.map(|(_, name)| name.clone()).unwrap_or_default(),
            id: id.to_string(),
        }
    });
    let own = |field: &str| matches!(field, "shares" | "note" | "confirm");
    SeasonView {
        title: campaign.title.clone(),
        slug: campaign.slug.to_string(),
        status: campaign.status.to_string(),
        currency: campaign.currency.to_string(),
        zone: campaign.time_zone.to_string(),
        public_url: format!("/campaigns/{}", campaign.slug),
        version: edited.map_or_else(
            || campaign.version.to_string(),
            |typed| typed.text("version").to_owned(),
        ),
        form,
        is_ready: found
            .points
            .iter()
            .all(|point| point.is_met || !point.is_required),
        points: found.points.clone(),
        next_state,
        state_error: mend.at("confirm"),
        has_gifts: found.has_gifts,
        has_draft: found.has_draft,
        policy_version: policy.map_or(0, |policy| policy.version),
        policy_since: policy.map(|policy| policy.effective_from.rfc3339()),
        policy_note: match of_policy {
            Some(typed) => typed.text("note").to_owned(),
            None => policy.map(|policy| policy.note.clone()).unwrap_or_default(),
        },
        policy_error: mend.at("shares"),
        note_error: mend.at("note"),
        shares: named.collect(),
        again_url: (Scope::of(&desk.signed).is_whole() && again::can_be_cloned(campaign))
            .then(|| format!("/console/seasons/{}/again", campaign.slug)),
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
        errors: mend
            .faults
            .iter()
            .filter(|fault| !own(&fault.field))
            .cloned()
            .collect(),
        notice: mend.notice,
    }
}

/// Basis points as a percentage that can be typed again: `62.5`.
pub(super) fn percent(points: i32) -> String {
    let text = format!("{}.{:02}", points / 100, points % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Saves the form; what somebody else saved meanwhile is not overwritten.
pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    let scope = Scope::of(&desk.signed);
    let slug = path.0;
    let wanted = slug.clone();
    let campaign = site
        .db
        .read(move |c| scope::season(c, &scope, &wanted))
        .await?;
    let (id, actor, now) = (campaign.id, desk.signed.user(), desk.now());
    let parsed = season_form::parse(&form.0, id, campaign.currency, &campaign.rules.0);
    let done = match parsed {
        Err(error) => Err(error),
        Ok(command) => {
            site.db
                .tx(move |c| {
                    let (before, after) = edit(c, &command, now)?;
                    let deed = Deed::new(actor, "season.edit", ("season", id.to_string()));
                    audit::record(c, &deed.of(id).edited(before, after), now)
                })
                .await
        }
    };
    match done {
        Ok(()) => {
            site.views.changed("campaign", &id.to_string());
            Ok(see(&format!("/console/seasons/{slug}?done=saved")))
        }
        Err(error) => draw(&desk, &slug, Some(&form.0), Mend::of(error)?).await,
    }
}

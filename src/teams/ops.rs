//! Making teams, changing them and laying them to rest.

use diesel::prelude::*;

use super::groups::{self, GroupId};
use super::guard::Lead;
use super::joining;
use super::model::{Team, TeamOverview, name_key};
use super::policy::JoinPolicy;
use super::{TeamId, invitations, model, requests};
use crate::auth::UserId;
use crate::campaigns::{self, Campaign, CampaignStatus};
use crate::db::Conn;
use crate::db::schema::{pages, team_co_captains, teams};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, PageId};
use crate::kernel::{Line, Money, Slug, Timestamp};
use crate::totals::{self, TotalScope};
use crate::web::markdown::Story;

/// A team to be made.
#[derive(Debug, Clone)]
pub struct CreateTeam {
    /// The id, made by the caller.
    pub id: TeamId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
    /// What it says about itself.
    pub story: Story,
    /// How much it wants to raise, in the campaign's currency.
    pub goal: Money,
    /// Who leads it.
    pub captain: Option<UserId>,
}

/// Makes a team with its total.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`; [`AppError::Invalid`] for a goal below zero or of another currency;
/// [`AppError::NotFound`] without such a campaign.
pub fn create(conn: &mut Conn, new: &CreateTeam, now: Timestamp) -> AppResult<()> {
    let campaign = campaigns::model::by_id(conn, new.campaign)?;
    if new.goal.currency() != campaign.currency || new.goal.minor() < 0 {
        return Err(AppError::field(
            "goal",
            format!("name a goal in {}", campaign.currency),
        ));
    }
    let taken = teams::table.filter(teams::slug.eq(&new.slug));
    if each!(conn, c => taken.count().get_result::<i64>(c))? > 0 {
        return Err(AppError::Conflict {
            code: "slug_taken",
            detail: format!("the address “{}” is taken; choose another", new.slug),
        });
    }
    let row = (
        teams::id.eq(new.id),
        teams::campaign_id.eq(new.campaign),
        teams::slug.eq(&new.slug),
        teams::name.eq(new.name.as_str()),
        teams::name_key.eq(name_key(new.name.as_str())),
        teams::story.eq(new.story.as_str()),
        teams::goal.eq(new.goal.minor()),
        teams::captain_id.eq(new.captain),
        teams::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(teams::table).values(row).execute(c))?;
    totals::ops::open(
        conn,
        TotalScope::Team,
        &new.id.to_string(),
        new.campaign,
        campaign.currency,
        now,
    )
}

/// Teams that one person may lead in one campaign, archived ones aside.
pub const LED_BY_ONE: i64 = 3;

/// A team that a person starts.
#[derive(Debug, Clone)]
pub struct StartTeam {
    /// The team; its captain is who starts it. Its slug is the wish, see [`StartTeam::tail`].
    pub team: CreateTeam,
    /// What is put behind the slug when it is taken.
    pub tail: String,
    /// How pages come to belong to it.
    pub policy: JoinPolicy,
    /// The PHC string of its password, for [`JoinPolicy::Password`].
    pub password_hash: Option<String>,
    /// The group that it counts for.
    pub group: Option<GroupId>,
    /// The same team in an earlier season, led by the same person.
    pub previous: Option<TeamId>,
    /// The founder's page, which joins it.
    pub page: Option<PageId>,
    /// Whether staff start it, who may where nobody else may.
    pub by_staff: bool,
}

/// Whether participants may start a team in `campaign`.
///
/// # Errors
/// [`AppError::Conflict`] `closed` when it is over; [`AppError::Forbidden`] where staff alone make teams.
pub fn may_start(campaign: &Campaign, by_staff: bool) -> AppResult<()> {
    if campaign.status == CampaignStatus::Closed {
        return Err(closed());
    }
    if campaign.rules.0.staff_make_teams && !by_staff {
        return Err(AppError::Forbidden(
            "in this campaign the people who run it make the teams",
        ));
    }
    Ok(())
}

pub(super) fn closed() -> AppError {
    AppError::Conflict {
        code: "closed",
        detail: "this campaign is over; its teams stay as they are".into(),
    }
}

pub(super) fn archived() -> AppError {
    AppError::Conflict {
        code: "archived",
        detail: "this team has been archived".into(),
    }
}

/// Starts a team; the founder's page moves into it. Answers the slug that it got and the team that the page left.
///
/// # Errors
/// Those of [`may_start`], [`create`] and [`joining::place`]; [`AppError::Invalid`] of `password`, `group` or `previous`;
/// [`AppError::Conflict`] `enough_teams`.
pub fn start(
    conn: &mut Conn,
    new: &StartTeam,
    now: Timestamp,
) -> AppResult<(Slug, Option<TeamId>)> {
    let campaign = campaigns::model::by_id(conn, new.team.campaign)?;
    may_start(&campaign, new.by_staff)?;
    if let Some(captain) = new.team.captain.filter(|_| !new.by_staff) {
        let led = teams::table
            .filter(teams::captain_id.eq(captain))
            .filter(teams::campaign_id.eq(campaign.id))
            .filter(teams::archived_at.is_null())
            .count();
        if each!(conn, c => led.get_result::<i64>(c))? >= LED_BY_ONE {
            return Err(AppError::Conflict {
                code: "enough_teams",
                detail: format!("one person leads at most {LED_BY_ONE} teams of a campaign"),
            });
        }
    }
    if let Some(group) = new.group {
        groups::must_fit(conn, group, campaign.id)?;
    }
    if let Some(previous) = new.previous {
        must_be_earlier(conn, previous, &new.team)?;
    }
    let team = CreateTeam {
        slug: free_slug(conn, &new.team.slug, &new.tail)?,
        ..new.team.clone()
    };
    create(conn, &team, now)?;
    let hash = password_for(new.policy, new.password_hash.as_deref(), None)?;
    each!(conn, c => diesel::update(teams::table.find(team.id))
        .set((
            teams::join_policy.eq(new.policy),
            teams::password_hash.eq(hash),
            teams::group_id.eq(new.group),
            teams::previous_id.eq(new.previous),
        ))
        .execute(c))?;
    let left = match new.page {
        Some(page) => {
            let overview = model::by_id(conn, team.id)?;
            joining::place(conn, &overview, page)?
        }
        None => None,
    };
    Ok((team.slug, left))
}

/// `wish` while it is free; else with `tail` behind it. `join` is a word of this site's own addresses.
fn free_slug(conn: &mut Conn, wish: &Slug, tail: &str) -> AppResult<Slug> {
    let taken = teams::table.filter(teams::slug.eq(wish)).count();
    let free = each!(conn, c => taken.get_result::<i64>(c))? == 0;
    if free && wish.as_str() != "join" {
        return Ok(wish.clone());
    }
    format!("{wish}-{tail}").parse().map_err(AppError::internal)
}

/// That `previous` is a team of another campaign which the captain of `new` leads.
fn must_be_earlier(conn: &mut Conn, previous: TeamId, new: &CreateTeam) -> AppResult<()> {
    let query = teams::table
        .find(previous)
        .filter(teams::captain_id.eq(new.captain))
        .filter(teams::campaign_id.ne(new.campaign))
        .count();
    if each!(conn, c => query.get_result::<i64>(c))? == 1 {
        return Ok(());
    }
    Err(AppError::field(
        "previous",
        "choose a team of an earlier season that you led",
    ))
}

/// The hash to keep under `policy`: the new one, or the one that stood before; none under other policies.
fn password_for<'a>(
    policy: JoinPolicy,
    new: Option<&'a str>,
    before: Option<&'a str>,
) -> AppResult<Option<&'a str>> {
    match (policy, new.or(before)) {
        (JoinPolicy::Password, None) => {
            Err(AppError::field("password", "give the team a password"))
        }
        (JoinPolicy::Password, hash) => Ok(hash),
        _ => Ok(None),
    }
}

/// The PHC string of a team's password.
///
/// # Errors
/// The database's.
pub fn password_of(conn: &mut Conn, team: TeamId) -> AppResult<Option<String>> {
    let query = teams::table.find(team).select(teams::password_hash);
    Ok(each!(conn, c => query.first::<Option<String>>(c).optional())?.flatten())
}

/// What those who lead a team change about it; its address stays.
#[derive(Debug, Clone)]
pub struct EditTeam {
    /// The team.
    pub team: TeamId,
    /// Its name.
    pub name: Line,
    /// What it says about itself.
    pub story: Story,
    /// How much it wants to raise, in the campaign's currency.
    pub goal: Money,
    /// How pages come to belong to it.
    pub policy: JoinPolicy,
    /// The PHC string of a new password; `None` keeps the one that it has.
    pub password_hash: Option<String>,
    /// The group that it counts for.
    pub group: Option<GroupId>,
}

/// Changes a team.
///
/// # Errors
/// [`AppError::Invalid`] of `goal`, `password` or `group`; [`AppError::Conflict`] `archived`.
pub fn edit(conn: &mut Conn, new: &EditTeam) -> AppResult<()> {
    let TeamOverview { team, campaign, .. } = model::by_id(conn, new.team)?;
    if new.goal.currency() != campaign.currency || new.goal.minor() < 0 {
        return Err(AppError::field(
            "goal",
            format!("name a goal in {}", campaign.currency),
        ));
    }
    if let Some(group) = new.group.filter(|group| team.group_id != Some(*group)) {
        groups::must_fit(conn, group, campaign.id)?;
    }
    let before = password_of(conn, team.id)?;
    let hash = password_for(new.policy, new.password_hash.as_deref(), before.as_deref())?;
    let target = teams::table
        .find(team.id)
        .filter(teams::archived_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set((
            teams::name.eq(new.name.as_str()),
            teams::name_key.eq(name_key(new.name.as_str())),
            teams::story.eq(new.story.as_str()),
            teams::goal.eq(new.goal.minor()),
            teams::join_policy.eq(new.policy),
            teams::password_hash.eq(hash),
            teams::group_id.eq(new.group),
        ))
        .execute(c))?;
    match changed {
        0 => Err(archived()),
        _ => Ok(()),
    }
}

/// Lays a team to rest: its pages leave it, its requests and invitations end, its page and its gifts stay. The captain
/// may when nobody else is left in it; staff may always. Answers the pages that left.
///
/// # Errors
/// [`AppError::Forbidden`] for a co-captain; [`AppError::Conflict`] `has_members` or `archived`.
pub fn archive(
    conn: &mut Conn,
    team: TeamId,
    lead: Lead,
    now: Timestamp,
) -> AppResult<Vec<PageId>> {
    lead.must_decide()?;
    let found: Team = model::by_id(conn, team)?.team;
    if lead == Lead::Captain && has_others(conn, &found)? {
        return Err(AppError::Conflict {
            code: "has_members",
            detail: "others are in the team; hand the captaincy on instead".into(),
        });
    }
    let target = teams::table.find(team).filter(teams::archived_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set(teams::archived_at.eq(now))
        .execute(c))?;
    if changed == 0 {
        return Err(archived());
    }
    let members = pages::table.filter(pages::team_id.eq(team));
    let released: Vec<PageId> = each!(conn, c => diesel::update(members)
        .set(pages::team_id.eq(None::<TeamId>))
        .returning(pages::id)
        .get_results(c))?;
    let co = team_co_captains::table.filter(team_co_captains::team_id.eq(team));
    each!(conn, c => diesel::delete(co).execute(c))?;
    requests::end_all(conn, team, now)?;
    invitations::end_all(conn, team, now)?;
    Ok(released)
}

/// Whether a page of somebody else than the captain belongs to the team.
///
/// # Errors
/// The database's.
pub fn has_others(conn: &mut Conn, team: &Team) -> AppResult<bool> {
    let members = pages::table.filter(pages::team_id.eq(team.id)).count();
    let all = each!(conn, c => members.get_result::<i64>(c))?;
    let own = pages::table
        .filter(pages::team_id.eq(team.id))
        .filter(pages::owner_id.eq(team.captain_id))
        .count();
    Ok(all > each!(conn, c => own.get_result::<i64>(c))?)
}

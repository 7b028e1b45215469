//! Which pages belong to a team: joining by its policy, leaving, being taken out.
//!
//! A page belongs to one team at most, so joining another one leaves the first. What was given while it was in a team
//! stays there: a gift keeps the team that it was made for.

use diesel::prelude::*;

use super::guard::Lead;
use super::model::TeamOverview;
use super::policy::JoinPolicy;
use super::requests::{self, NewRequest};
use super::{TeamId, captains, model, ops};
use crate::auth::UserId;
use crate::campaigns::CampaignStatus;
use crate::db::Conn;
use crate::db::schema::{pages, teams};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, PageId};
use crate::kernel::{Limit, Listed, Slug, Timestamp};

/// A page, as far as its place in a team goes, in whatever state it is.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = pages)]
pub struct TeamPage {
    /// The page.
    pub id: PageId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// The participant.
    pub participant: String,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// In which team.
    pub team_id: Option<TeamId>,
    /// Whose it is.
    pub owner_id: Option<UserId>,
}

/// The pages of `owner` in `campaign`, the oldest first.
///
/// # Errors
/// The database's.
pub fn own_pages(conn: &mut Conn, owner: UserId, campaign: CampaignId) -> AppResult<Vec<TeamPage>> {
    let query = pages::table
        .filter(pages::owner_id.eq(owner))
        .filter(pages::campaign_id.eq(campaign))
        .order(pages::id)
        .limit(50);
    Ok(each!(conn, c => query.select(TeamPage::as_select()).load(c))?)
}

/// The page of an id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn page(conn: &mut Conn, id: PageId) -> AppResult<TeamPage> {
    let query = pages::table.find(id);
    each!(conn, c => query.select(TeamPage::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the page"))
}

/// A page of the team `team`, by its slug.
///
/// # Errors
/// [`AppError::NotFound`] for a page that is not in it.
pub fn member(conn: &mut Conn, team: TeamId, slug: &Slug) -> AppResult<TeamPage> {
    let query = pages::table
        .filter(pages::slug.eq(slug))
        .filter(pages::team_id.eq(team));
    each!(conn, c => query.select(TeamPage::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this member"))
}

/// The pages of a team in whatever state, the oldest first: those who lead it see drafts too.
///
/// # Errors
/// The database's.
pub fn members(
    conn: &mut Conn,
    team: TeamId,
    after: Option<&PageId>,
    limit: Limit,
) -> AppResult<Listed<TeamPage>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            each!(conn, c => pages::table
                .filter(pages::team_id.eq(team))
                $(.filter($condition))?
                .order(pages::id)
                .limit(limit.and_one())
                .select(TeamPage::as_select())
                .load(c))
        };
    }
    let rows = match after {
        None => load!(),
        Some(page) => load!(pages::id.gt(page)),
    }?;
    Ok(Listed::cut(rows, limit, |page: &TeamPage| page.id))
}

/// By what right a page joins.
#[derive(Debug, Clone)]
pub enum Way {
    /// None but the team's policy; a request is made of it where the captain is asked.
    Asking(NewRequest),
    /// The team's password fits the hash that is named here.
    Password(String),
    /// Staff put it in.
    Staff,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// It belongs to the team; this one it left.
    In(Option<TeamId>),
    /// The captain is asked.
    Asked,
}

/// Joins a team by its policy, as it is now. A page of those who lead the team is in at once.
///
/// # Errors
/// [`AppError::Conflict`] `invitation_needed`, `staff_only`, `password_changed`; [`AppError::Invalid`] of `password`; those
/// of [`place`] and of asking.
pub fn join(
    conn: &mut Conn,
    team: TeamId,
    page_id: PageId,
    way: &Way,
    now: Timestamp,
) -> AppResult<Joined> {
    let overview = model::by_id(conn, team)?;
    let joins = page(conn, page_id)?;
    let leads = match joins.owner_id {
        Some(owner) => super::guard::leads(conn, &overview, owner)?.is_some(),
        None => false,
    };
    match (overview.team.join_policy, way) {
        (_, Way::Staff) | (JoinPolicy::Open, _) => {}
        _ if leads => {}
        (JoinPolicy::Confirm, Way::Asking(request)) => {
            must_fit(conn, &overview, &joins)?;
            requests::ask(conn, &overview, &joins, request, now)?;
            return Ok(Joined::Asked);
        }
        (JoinPolicy::Password, Way::Password(proved)) => {
            // It was tried before this transaction began: a password changed meanwhile is not the one that fits.
            if ops::password_of(conn, team)?.as_deref() != Some(proved.as_str()) {
                return Err(AppError::Conflict {
                    code: "password_changed",
                    detail: "the team's password was changed just now; ask the captain".into(),
                });
            }
        }
        (JoinPolicy::Password, Way::Asking(_)) => {
            return Err(AppError::field("password", "type the team's password"));
        }
        (JoinPolicy::Invite, _) => {
            return Err(AppError::Conflict {
                code: "invitation_needed",
                detail: JoinPolicy::Invite.tells().into(),
            });
        }
        (JoinPolicy::Staff, _) => {
            return Err(AppError::Conflict {
                code: "staff_only",
                detail: JoinPolicy::Staff.tells().into(),
            });
        }
        (JoinPolicy::Confirm, Way::Password(_)) => {
            return Err(AppError::Conflict {
                code: "policy_changed",
                detail: "the way into this team was changed just now; look at it again".into(),
            });
        }
    }
    place(conn, &overview, page_id).map(Joined::In)
}

/// That `joins` may come to belong to the team of `overview`, whatever its policy.
fn must_fit(conn: &mut Conn, overview: &TeamOverview, joins: &TeamPage) -> AppResult<()> {
    let team = &overview.team;
    if !team.is_open() {
        return Err(ops::archived());
    }
    if overview.campaign.status == CampaignStatus::Closed {
        return Err(ops::closed());
    }
    if joins.campaign_id != team.campaign_id {
        return Err(AppError::field("page", "choose a page of this campaign"));
    }
    if joins.team_id == Some(team.id) {
        return Err(AppError::Conflict {
            code: "already_a_member",
            detail: "this page is in the team already".into(),
        });
    }
    must_be_free(conn, joins)
}

/// Puts a page into a team, out of the one that it is in, which it answers; its open requests end. One guarded
/// statement: a page that moved meanwhile stays where it went.
///
/// # Errors
/// [`AppError::Conflict`] `archived`, `closed`, `already_a_member`, `hand_on_first` or `moved`; [`AppError::Invalid`] of `page`
/// for one of another campaign.
pub fn place(
    conn: &mut Conn,
    overview: &TeamOverview,
    page_id: PageId,
) -> AppResult<Option<TeamId>> {
    let joins = page(conn, page_id)?;
    must_fit(conn, overview, &joins)?;
    set_team(conn, &joins, Some(overview.team.id))?;
    requests::withdraw_all(conn, page_id)?;
    Ok(joins.team_id)
}

/// Takes a page out of its team, which it answers: what its owner does, or those who lead the team.
///
/// # Errors
/// [`AppError::Conflict`] `no_team` when it is in none, `hand_on_first` for the captain's only page there, or `moved`.
pub fn leave(conn: &mut Conn, page_id: PageId) -> AppResult<TeamId> {
    let leaves = page(conn, page_id)?;
    let Some(team) = leaves.team_id else {
        return Err(AppError::Conflict {
            code: "no_team",
            detail: "this page is in no team".into(),
        });
    };
    must_be_free(conn, &leaves)?;
    set_team(conn, &leaves, None)?;
    Ok(team)
}

/// Takes the page of a member out of the team that somebody leads as `lead`.
///
/// # Errors
/// [`AppError::Forbidden`] when a co-captain takes out captain or co-captain; those of [`leave`].
pub fn remove(conn: &mut Conn, team: TeamId, slug: &Slug, lead: Lead) -> AppResult<TeamPage> {
    let leaves = member(conn, team, slug)?;
    if let (Lead::CoCaptain, Some(owner)) = (lead, leaves.owner_id) {
        let overview = model::by_id(conn, team)?;
        if super::guard::leads(conn, &overview, owner)?.is_some() {
            return Err(AppError::Forbidden(
                "only the captain may take a co-captain out of the team",
            ));
        }
    }
    leave(conn, leaves.id)?;
    Ok(leaves)
}

/// That `leaves` may leave the team that it is in: the captain's last page there may not.
fn must_be_free(conn: &mut Conn, leaves: &TeamPage) -> AppResult<()> {
    let (Some(team), Some(owner)) = (leaves.team_id, leaves.owner_id) else {
        return Ok(());
    };
    let captain = teams::table.find(team).select(teams::captain_id);
    if each!(conn, c => captain.first::<Option<UserId>>(c))? != Some(owner)
        || has_another(conn, leaves, team, owner)?
    {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "hand_on_first",
        detail: "the captain cannot leave: hand the captaincy on first, or archive the team".into(),
    })
}

fn has_another(conn: &mut Conn, leaves: &TeamPage, team: TeamId, owner: UserId) -> AppResult<bool> {
    let query = pages::table
        .filter(pages::owner_id.eq(owner))
        .filter(pages::team_id.eq(team))
        .filter(pages::id.ne(leaves.id))
        .count();
    Ok(each!(conn, c => query.get_result::<i64>(c))? > 0)
}

fn set_team(conn: &mut Conn, moves: &TeamPage, to: Option<TeamId>) -> AppResult<()> {
    let row = pages::table.find(moves.id);
    let changed = match moves.team_id {
        Some(from) => {
            let target = row.filter(pages::team_id.eq(from));
            each!(conn, c => diesel::update(target).set(pages::team_id.eq(to)).execute(c))?
        }
        None => {
            let target = row.filter(pages::team_id.is_null());
            each!(conn, c => diesel::update(target).set(pages::team_id.eq(to)).execute(c))?
        }
    };
    if changed == 0 {
        return Err(AppError::Conflict {
            code: "moved",
            detail: "this page has changed its team meanwhile; look again".into(),
        });
    }
    match (moves.team_id, moves.owner_id) {
        (Some(from), Some(owner)) if !captains::is_member(conn, from, owner)? => {
            captains::unmake_co_captain(conn, from, owner)
        }
        _ => Ok(()),
    }
}

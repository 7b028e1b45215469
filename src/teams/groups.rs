//! Groups of teams: a college, a church, a company whose teams are counted together. Staff make them.

use diesel::prelude::*;

use super::model::Team;
use crate::campaigns::{Campaign, CampaignStatus};
use crate::db::Conn;
use crate::db::schema::{campaigns, team_groups, teams, totals};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Line, Money, Slug, Timestamp};
use crate::totals::{Total, TotalScope};
use crate::web::markdown::Story;

crate::id!(
    /// A group of teams.
    pub GroupId,
    "tgr"
);

crate::words! {
    /// What holds the teams of a group together.
    pub enum GroupKind {
        /// A college or university.
        College = "college",
        /// A school.
        School = "school",
        /// A church or another congregation.
        Church = "church",
        /// A company.
        Company = "company",
        /// A club, a town, a family.
        Other = "other",
    }
}

/// Teams of one group at most, so that its page costs the same in every season.
pub const TEAMS: i64 = 200;
/// Groups that a campaign's page and the forms offer at most.
pub const SHOWN: i64 = 100;

/// A group of teams.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = team_groups)]
pub struct Group {
    /// The id.
    pub id: GroupId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// What holds it together.
    pub kind: GroupKind,
    /// Markdown.
    pub story: String,
}

/// A group to be made.
#[derive(Debug, Clone)]
pub struct CreateGroup {
    /// The id, made by the caller.
    pub id: GroupId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
    /// What holds it together.
    pub kind: GroupKind,
    /// What it says about itself.
    pub story: Story,
}

/// Makes a group.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`.
pub fn create(conn: &mut Conn, new: &CreateGroup, now: Timestamp) -> AppResult<()> {
    let taken = team_groups::table.filter(team_groups::slug.eq(&new.slug));
    if each!(conn, c => taken.count().get_result::<i64>(c))? > 0 {
        return Err(AppError::Conflict {
            code: "slug_taken",
            detail: format!("the address “{}” is taken; choose another", new.slug),
        });
    }
    let row = (
        team_groups::id.eq(new.id),
        team_groups::campaign_id.eq(new.campaign),
        team_groups::slug.eq(&new.slug),
        team_groups::name.eq(new.name.as_str()),
        team_groups::kind.eq(new.kind),
        team_groups::story.eq(new.story.as_str()),
        team_groups::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(team_groups::table).values(row).execute(c))?;
    Ok(())
}

/// Changes what a group says; its address stays.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn edit(
    conn: &mut Conn,
    group: GroupId,
    (name, kind, story): (&Line, GroupKind, &Story),
) -> AppResult<()> {
    let target = team_groups::table.find(group);
    let changed = each!(conn, c => diesel::update(target)
        .set((
            team_groups::name.eq(name.as_str()),
            team_groups::kind.eq(kind),
            team_groups::story.eq(story.as_str()),
        ))
        .execute(c))?;
    match changed {
        0 => Err(AppError::NotFound("the group")),
        _ => Ok(()),
    }
}

/// That a team of `campaign` may count for `group`: it is of the same campaign and has room.
///
/// # Errors
/// [`AppError::Invalid`] of `group`.
pub fn must_fit(conn: &mut Conn, group: GroupId, campaign: CampaignId) -> AppResult<()> {
    let query = team_groups::table
        .find(group)
        .filter(team_groups::campaign_id.eq(campaign))
        .count();
    if each!(conn, c => query.get_result::<i64>(c))? == 0 {
        return Err(AppError::field("group", "choose a group of this campaign"));
    }
    let full = teams::table.filter(teams::group_id.eq(group)).count();
    if each!(conn, c => full.get_result::<i64>(c))? >= TEAMS {
        return Err(AppError::field(
            "group",
            format!("this group has its {TEAMS} teams already"),
        ));
    }
    Ok(())
}

/// The group at a slug, and its campaign; one of a draft campaign is not found.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<(Group, Campaign)> {
    let query = team_groups::table
        .inner_join(campaigns::table.on(campaigns::id.eq(team_groups::campaign_id)))
        .filter(team_groups::slug.eq(slug))
        .filter(campaigns::status.ne(CampaignStatus::Draft));
    each!(conn, c => query
        .select((Group::as_select(), Campaign::as_select()))
        .first(c)
        .optional())?
    .ok_or(AppError::NotFound("the group"))
}

/// The group of an id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: GroupId) -> AppResult<Group> {
    let query = team_groups::table.find(id);
    each!(conn, c => query.select(Group::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the group"))
}

/// The groups of a campaign by name, [`SHOWN`] at most.
///
/// # Errors
/// The database's.
pub fn of_campaign(conn: &mut Conn, campaign: CampaignId) -> AppResult<Vec<Group>> {
    let query = team_groups::table
        .filter(team_groups::campaign_id.eq(campaign))
        .order((team_groups::name, team_groups::id))
        .limit(SHOWN);
    Ok(each!(conn, c => query.select(Group::as_select()).load(c))?)
}

/// The teams of a group by what they raised, [`TEAMS`] at most: one indexed query.
///
/// # Errors
/// The database's.
pub fn teams_of(conn: &mut Conn, group: GroupId) -> AppResult<Vec<(Team, Total)>> {
    let query = teams::table
        .inner_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Team)
                .and(totals::scope_id.eq(teams::id))),
        )
        .filter(teams::group_id.eq(group))
        .order((
            totals::raised.desc(),
            totals::reached_at.asc(),
            teams::id.asc(),
        ))
        .limit(TEAMS);
    Ok(each!(conn, c => query.select((Team::as_select(), Total::as_select())).load(c))?)
}

/// What the teams of a group raised and want together, in their campaign's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollUp {
    /// Raised by all.
    pub raised: Money,
    /// The goals of all.
    pub goal: Money,
    /// Paid gifts.
    pub gifts: i64,
}

impl RollUp {
    /// The sums over `teams` of `campaign`.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn of(campaign: &Campaign, teams: &[(Team, Total)]) -> AppResult<Self> {
        let mut sums = Self {
            raised: Money::zero(campaign.currency),
            goal: Money::zero(campaign.currency),
            gifts: 0,
        };
        for (team, total) in teams {
            let plus = |sum: Money, more| sum.plus(more).map_err(AppError::internal);
            sums.raised = plus(sums.raised, total.raised())?;
            sums.goal = plus(sums.goal, team.goal(campaign.currency))?;
            sums.gifts += total.donations;
        }
        Ok(sums)
    }
}

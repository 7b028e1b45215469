//! Rows of teams, and how they and their members' pages are found.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::TeamId;
use super::groups::GroupId;
use super::policy::JoinPolicy;
use crate::auth::UserId;
use crate::campaigns::{Campaign, CampaignStatus};
use crate::db::Conn;
use crate::db::schema::{campaigns, pages, teams, totals, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, PageId};
use crate::kernel::{Currency, Limit, Listed, Money, Slug, Timestamp};
use crate::totals::{Total, TotalScope};

/// The state of a page that is shown. Pages stand above teams and cannot be asked; a test there holds the two equal.
pub(crate) const SHOWN: &str = "live";

/// A team.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = teams)]
pub struct Team {
    /// The id.
    pub id: TeamId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// Markdown.
    pub story: String,
    goal: i64,
    /// Who leads it.
    pub captain_id: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How a page comes to belong to it.
    pub join_policy: JoinPolicy,
    /// The same team in the season before.
    pub previous_id: Option<TeamId>,
    /// The group that it counts for.
    pub group_id: Option<GroupId>,
    /// Since when it takes neither members nor gifts; its page stays.
    pub archived_at: Option<Timestamp>,
}

impl Team {
    /// Whether it takes members and gifts.
    pub fn is_open(&self) -> bool {
        self.archived_at.is_none()
    }

    /// How much it wants to raise, in its campaign's currency.
    pub fn goal(&self, currency: Currency) -> Money {
        Money::new(self.goal, currency)
    }
}

/// Everything that a team's own page tells, but its members.
#[derive(Debug, Clone)]
pub struct TeamOverview {
    /// The team.
    pub team: Team,
    /// Its campaign.
    pub campaign: Campaign,
    /// What it raised.
    pub total: Total,
    /// How its captain is called.
    pub captain: Option<String>,
    /// How many pages that are shown belong to it.
    pub members: i64,
}

/// A team in a list.
#[derive(Debug, Clone)]
pub struct TeamCard {
    /// The team.
    pub team: Team,
    /// What it raised.
    pub total: Total,
    /// How many pages that are shown belong to it.
    pub members: i64,
}

impl TeamCard {
    /// How much it wants to raise.
    pub fn goal(&self) -> Money {
        self.team.goal(self.total.raised().currency())
    }
}

/// A member's page in a roster.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = pages)]
pub struct Member {
    /// The page.
    pub id: PageId,
    /// Its place in URLs.
    pub slug: Slug,
    /// The participant.
    pub participant: String,
    /// The page's title.
    pub title: String,
    goal: i64,
    /// The photograph's name, if there is one.
    pub photo: Option<String>,
    /// Whose page it is.
    pub owner_id: Option<UserId>,
    /// What it raised.
    #[diesel(embed)]
    pub total: Total,
}

impl Member {
    /// How much the page wants to raise.
    pub fn goal(&self) -> Money {
        Money::new(self.goal, self.total.raised().currency())
    }
}

/// How names of teams are compared when they are searched and listed: without regard to case, then by code point.
pub fn name_key(name: &str) -> String {
    name.to_lowercase()
}

macro_rules! load_overview {
    ($conn:expr, $($condition:expr),+) => {{
        let query = teams::table
            .inner_join(campaigns::table.on(campaigns::id.eq(teams::campaign_id)))
            .inner_join(
                totals::table.on(totals::scope
                    .eq(TotalScope::Team)
                    .and(totals::scope_id.eq(teams::id))),
            )
            .left_join(users::table.on(users::id.nullable().eq(teams::captain_id)))
            $(.filter($condition))+;
        each!($conn, c => query
            .select((
                Team::as_select(),
                Campaign::as_select(),
                Total::as_select(),
                users::name.nullable(),
            ))
            .first(c)
            .optional())
    }};
}

/// The team at a slug, in two statements; one of a draft campaign is not found.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<TeamOverview> {
    let found = load_overview!(
        conn,
        teams::slug.eq(slug),
        campaigns::status.ne(CampaignStatus::Draft)
    )?;
    overview(conn, found)?.ok_or(AppError::NotFound("the team"))
}

/// The team at a slug whatever the state of its campaign, for those who lead it and for staff.
///
/// # Errors
/// The database's.
pub fn any_by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<Option<TeamOverview>> {
    let found = load_overview!(conn, teams::slug.eq(slug))?;
    overview(conn, found)
}

/// The team of an id as it is now, for a deed that needs it in its own transaction.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: TeamId) -> AppResult<TeamOverview> {
    let found = load_overview!(conn, teams::id.eq(id))?;
    overview(conn, found)?.ok_or(AppError::NotFound("the team"))
}

/// The team of an id as [`by_slug`] answers it; `None` when its campaign is a draft.
///
/// # Errors
/// The database's.
pub fn shown_by_id(conn: &mut Conn, id: TeamId) -> AppResult<Option<TeamOverview>> {
    let found = load_overview!(
        conn,
        teams::id.eq(id),
        campaigns::status.ne(CampaignStatus::Draft)
    )?;
    overview(conn, found)
}

type Found = Option<(Team, Campaign, Total, Option<String>)>;

fn overview(conn: &mut Conn, found: Found) -> AppResult<Option<TeamOverview>> {
    let Some((team, campaign, total, captain)) = found else {
        return Ok(None);
    };
    let members = members(conn, &[team.id])?
        .first()
        .map_or(0, |(_, members)| *members);
    Ok(Some(TeamOverview {
        team,
        campaign,
        total,
        captain,
        members,
    }))
}

/// How many pages that are shown belong to each of `teams`; a team without any is left out.
///
/// # Errors
/// The database's.
pub fn members(conn: &mut Conn, teams: &[TeamId]) -> AppResult<Vec<(TeamId, i64)>> {
    let query = pages::table
        .filter(pages::team_id.eq_any(teams))
        .filter(pages::status.eq(SHOWN))
        .group_by(pages::team_id)
        .select((pages::team_id.assume_not_null(), diesel::dsl::count_star()));
    Ok(each!(conn, c => query.load(c))?)
}

/// The teams of these ids, in no order.
///
/// # Errors
/// The database's.
pub fn cards(conn: &mut Conn, ids: &[TeamId]) -> AppResult<Vec<TeamCard>> {
    let query = teams::table
        .inner_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Team)
                .and(totals::scope_id.eq(teams::id))),
        )
        .filter(teams::id.eq_any(ids));
    let rows: Vec<(Team, Total)> =
        each!(conn, c => query.select((Team::as_select(), Total::as_select())).load(c))?;
    let counted = members(conn, ids)?;
    let members = |id: TeamId| {
        let found = counted.iter().find(|(team, _)| *team == id);
        found.map_or(0, |(_, members)| *members)
    };
    Ok(rows
        .into_iter()
        .map(|(team, total)| TeamCard {
            members: members(team.id),
            team,
            total,
        })
        .collect())
}

/// Where a roster goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterPlace {
    raised: i64,
    reached_at: i64,
    page: PageId,
    /// How many members stand before this place.
    seen: i64,
}

impl RosterPlace {
    /// How many members stand before this place.
    pub fn seen(&self) -> i64 {
        self.seen
    }
}

/// The pages of a team's members by what they raised, most first; ties by who got there first, then by id.
///
/// Its cost is that of the team's size, which does not grow with the season.
///
/// # Errors
/// The database's.
pub fn roster(
    conn: &mut Conn,
    team: TeamId,
    after: Option<&RosterPlace>,
    limit: Limit,
) -> AppResult<Listed<Member>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            each!(conn, c => pages::table
                .inner_join(totals::table.on(totals::scope
                    .eq(TotalScope::Page)
                    .and(totals::scope_id.eq(pages::id))))
                .filter(pages::team_id.eq(team))
                .filter(pages::status.eq(SHOWN))
                $(.filter($condition))?
                .order((totals::raised.desc(), totals::reached_at.asc(), pages::id.asc()))
                .limit(limit.and_one())
                .select(Member::as_select())
                .load(c))
        };
    }
    let place = after.and_then(|place| {
        Timestamp::from_micros(place.reached_at).map(|at| (place.raised, at, place.page))
    });
    let rows = match place {
        None => load!(),
        Some((raised, at, page)) => load!(
            totals::raised.lt(raised).or(totals::raised.eq(raised).and(
                totals::reached_at
                    .gt(at)
                    .or(totals::reached_at.eq(at).and(pages::id.gt(page)))
            ))
        ),
    }?;
    let seen = after.map_or(0, RosterPlace::seen);
    let seen = seen.saturating_add(limit.and_one() - 1);
    Ok(Listed::cut(rows, limit, |member: &Member| RosterPlace {
        seen,
        raised: member.total.raised().minor(),
        reached_at: member.total.reached_at.micros(),
        page: member.id,
    }))
}

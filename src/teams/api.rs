//! `/api/v1/teams/{slug}`: a team and its roster; and starting one.

pub mod create;

use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, Path, ServiceConfig};
use serde::Serialize;

use super::model::{self, Member, RosterPlace, Team, TeamOverview};
use super::policy::JoinPolicy;
use super::public::Relations;
use crate::campaigns::Campaign;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Problem};
use crate::kernel::{Clock, Limit, Listed, Money, Slug, Timestamp};
use crate::web::markdown;
use crate::web::query::{self, ListQuery};

/// Mounts the teams.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/teams/{slug}").route(web::get().to(one)))
        .service(
            web::resource("/api/v1/campaigns/{slug}/teams").route(web::post().to(create::create)),
        );
}

/// A team, as others point at it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TeamRef {
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its name.
    pub name: String,
}

/// The campaign that a page or team belongs to.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CampaignRef {
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// Whether a gift is taken now.
    pub giving_open: bool,
}

/// A member's page in a team's roster.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct MemberItem {
    /// The page's place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// The participant.
    pub participant: String,
    /// The page's title.
    pub title: String,
    /// Whether this is the captain's page.
    pub captain: bool,
    /// Whether this is a co-captain's page.
    pub co_captain: bool,
    /// How much the page wants to raise.
    pub goal: Money,
    /// What the page raised.
    pub raised: Money,
    /// Paid gifts.
    pub donations: i64,
    /// People who gave them.
    pub donors: i64,
}

/// A group of teams, as others point at it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct GroupRef {
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its name.
    pub name: String,
}

/// A team.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TeamDetail {
    /// The id.
    pub id: String,
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// Its campaign.
    pub campaign: CampaignRef,
    /// How its captain is called.
    pub captain: Option<String>,
    /// How its co-captains are called.
    pub co_captains: Vec<String>,
    /// How pages come to belong to it: `open`, `confirm`, `invite`, `password`, `staff`.
    #[schema(value_type = String)]
    pub join_policy: JoinPolicy,
    /// The group that it counts for.
    pub group: Option<GroupRef>,
    /// The same team in the season before.
    pub previous: Option<TeamRef>,
    /// Whether it has been laid to rest: it takes neither pages nor gifts.
    pub archived: bool,
    /// The story, as Markdown.
    pub story: String,
    /// The story, as harmless HTML.
    pub story_html: String,
    /// How much it wants to raise.
    pub goal: Money,
    /// Raised by gifts to the team and on its members' pages.
    pub raised: Money,
    /// What sponsors' match pools add to that.
    pub matched: Money,
    /// Paid gifts.
    pub donations: i64,
    /// People who gave them.
    pub donors: i64,
    /// How many pages belong to it.
    pub members: i64,
    /// Those pages by what they raised; `after` and `limit` page through them.
    pub roster: Listed<MemberItem>,
}

impl TeamRef {
    /// As the API points at `team`.
    pub fn of(team: &Team) -> Self {
        Self {
            slug: team.slug.clone(),
            name: team.name.clone(),
        }
    }
}

impl CampaignRef {
    /// As the API points at `campaign` at `now`.
    pub fn of(campaign: &Campaign, now: Timestamp) -> Self {
        Self {
            slug: campaign.slug.clone(),
            title: campaign.title.clone(),
            giving_open: campaign.is_giving_open(now),
        }
    }
}

impl TeamDetail {
    fn of(read: Read, now: Timestamp) -> Self {
        let Read {
            found,
            relations,
            roster,
        } = read;
        let member = |member: Member| {
            let role = relations.role(&found.team, &member);
            MemberItem {
                goal: member.goal(),
                captain: role == Some("captain"),
                co_captain: role == Some("co-captain"),
                slug: member.slug,
                participant: member.participant,
                title: member.title,
                raised: member.total.raised(),
                donations: member.total.donations,
                donors: member.total.donors,
            }
        };
        Self {
            id: found.team.id.to_string(),
            campaign: CampaignRef::of(&found.campaign, now),
            roster: roster.map(member),
            captain: found.captain,
            co_captains: relations
                .co_captains
                .into_iter()
                .map(|leader| leader.name)
                .collect(),
            join_policy: found.team.join_policy,
            group: relations.group.map(|group| GroupRef {
                slug: group.slug,
                name: group.name,
            }),
            previous: relations.previous.as_ref().map(TeamRef::of),
            archived: !found.team.is_open(),
            story_html: markdown::html(&found.team.story).into_string(),
            goal: found.team.goal(found.campaign.currency),
            raised: found.total.raised(),
            matched: found.total.matched(),
            donations: found.total.donations,
            donors: found.total.donors,
            members: found.members,
            slug: found.team.slug,
            name: found.team.name,
            story: found.team.story,
        }
    }
}

/// What a [`TeamDetail`] is made of.
struct Read {
    found: TeamOverview,
    relations: Relations,
    roster: Listed<Member>,
}

impl Read {
    fn of(
        conn: &mut Conn,
        slug: &Slug,
        after: Option<&RosterPlace>,
        limit: Limit,
    ) -> AppResult<Self> {
        let found = model::by_slug(conn, slug)?;
        Ok(Self {
            relations: Relations::of(conn, &found.team)?,
            roster: model::roster(conn, found.team.id, after, limit)?,
            found,
        })
    }
}

/// One team, with a page of its roster.
#[utoipa::path(get, operation_id = "get_team", path = "/api/v1/teams/{slug}", tag = "teams",
    params(("slug" = String, Path, description = "The team's slug"), ListQuery), responses(
    (status = 200, body = TeamDetail),
    (status = 404, description = "No such team", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key or value that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn one(
    request: HttpRequest,
    slug: Path<String>,
    db: Data<Db>,
    clock: Data<Clock>,
) -> AppResult<Json<TeamDetail>> {
    let asked: ListQuery = query::query(&request)?;
    let after: Option<RosterPlace> = query::after(asked.after.as_deref())?;
    let limit = query::limit(asked.limit.as_deref())?;
    let slug: Slug = slug.parse().map_err(|_| AppError::NotFound("the team"))?;
    let now = clock.now();
    let read = db
        .read(move |c| Read::of(c, &slug, after.as_ref(), limit))
        .await?;
    Ok(Json(TeamDetail::of(read, now)))
}

//! `/api/v1/teams/{slug}`: a team and its roster.

use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, Path, ServiceConfig};
use serde::Serialize;

use super::model::{self, Member, RosterPlace, Team, TeamOverview};
use crate::campaigns::Campaign;
use crate::db::Db;
use crate::error::{AppError, AppResult, Problem};
use crate::kernel::{Clock, Listed, Money, Slug, Timestamp};
use crate::web::markdown;
use crate::web::query::{self, ListQuery};

/// Mounts the teams.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/api/v1/teams/{slug}", web::get().to(one));
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
    /// How much the page wants to raise.
    pub goal: Money,
    /// What the page raised.
    pub raised: Money,
    /// Paid gifts.
    pub donations: i64,
    /// People who gave them.
    pub donors: i64,
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
    /// The story, as Markdown.
    pub story: String,
    /// The story, as harmless HTML.
    pub story_html: String,
    /// How much it wants to raise.
    pub goal: Money,
    /// Raised by gifts to the team and on its members' pages.
    pub raised: Money,
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
    fn of(found: TeamOverview, roster: Listed<Member>, now: Timestamp) -> Self {
        let captain = found.team.captain_id;
        let member = |member: Member| MemberItem {
            goal: member.goal(),
            captain: captain.is_some() && member.owner_id == captain,
            slug: member.slug,
            participant: member.participant,
            title: member.title,
            raised: member.total.raised(),
            donations: member.total.donations,
            donors: member.total.donors,
        };
        Self {
            id: found.team.id.to_string(),
            campaign: CampaignRef::of(&found.campaign, now),
            captain: found.captain,
            story_html: markdown::html(&found.team.story).into_string(),
            goal: found.team.goal(found.campaign.currency),
            raised: found.total.raised(),
            donations: found.total.donations,
            donors: found.total.donors,
            members: found.members,
            roster: roster.map(member),
            slug: found.team.slug,
            name: found.team.name,
            story: found.team.story,
        }
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
    let (found, roster) = db
        .read(move |c| {
            let found = model::by_slug(c, &slug)?;
            let roster = model::roster(c, found.team.id, after.as_ref(), limit)?;
            Ok((found, roster))
        })
        .await?;
    Ok(Json(TeamDetail::of(found, roster, now)))
}

//! `POST /api/v1/campaigns/{slug}/teams`: starting a team.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{Read, TeamDetail};
use crate::auth::token::{Access, TokenHolder};
use crate::auth::{Holder, Password};
use crate::campaigns::{self, Campaign};
use crate::error::{AppError, AppResult, FieldError, Problem};
use crate::kernel::shape::{Amount, Lines, OneLine, PasswordText};
use crate::kernel::{Limit, Line, Money, Slug};
use crate::teams::desk::Desk;
use crate::teams::groups::{self, Group};
use crate::teams::guard;
use crate::teams::html::NAME;
use crate::teams::html::start::{tail, wish};
use crate::teams::joining::{self, TeamPage};
use crate::teams::model::Team;
use crate::teams::ops::{self, CreateTeam, StartTeam};
use crate::teams::policy::JoinPolicy;
use crate::teams::{TeamId, finding};
use crate::web::markdown::Story;
use crate::web::query::{self, NoQuery};
use crate::web::{JsonBody, Path, Site};

type NameText = OneLine<NAME>;
type StoryText = Lines<0>;
type Goal = Amount<0, { i64::MAX }>;

/// A team to be started.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamRequest {
    /// Its name.
    #[schema(value_type = NameText)]
    pub name: String,
    /// What it is about, as Markdown.
    #[schema(value_type = Option<StoryText>)]
    pub story: Option<String>,
    /// How much it wants to raise, in the campaign's currency.
    #[schema(value_type = Option<Goal>)]
    pub goal: Option<Money>,
    /// `open` (the default), `confirm`, `invite`, `password` or `staff`.
    pub join_policy: Option<JoinPolicy>,
    /// Its password, for `password`.
    #[schema(value_type = Option<PasswordText>)]
    pub password: Option<String>,
    /// The slug of the group that it counts for.
    #[schema(value_type = Option<Slug>)]
    pub group: Option<String>,
    /// The slug of the same team in an earlier season, led by the token's user.
    #[schema(value_type = Option<Slug>)]
    pub previous: Option<String>,
    /// The slug of the founder's page that joins it; without it, the founder's page that is in no team, if there is one.
    #[schema(value_type = Option<Slug>)]
    pub page: Option<String>,
}

/// What the request points at.
struct Setting {
    campaign: Campaign,
    groups: Vec<Group>,
    pages: Vec<TeamPage>,
    earlier: Vec<(Team, Campaign)>,
    /// Whether the token acts for those who run the campaign.
    by_staff: bool,
}

/// Starts a team, led by the token's user.
#[utoipa::path(post, operation_id = "create_team", path = "/api/v1/campaigns/{slug}/teams", tag = "teams",
    params(("slug" = String, Path, description = "The campaign's slug")), request_body = TeamRequest,
    security(("bearer" = ["teams:write"])), responses(
    (status = 201, body = TeamDetail, description = "The team, with the slug that it got"),
    (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Without the scope, or where staff make the teams", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such campaign", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The campaign is over, or the user leads enough teams of it, or leads the team that the page would leave", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Not sent as JSON", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field that must be mended", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "Too many passwords wait to be hashed", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create(
    request: HttpRequest,
    holder: Holder,
    path: Path<String>,
    site: Data<Site>,
    desk: Data<Desk>,
    body: JsonBody<TeamRequest>,
) -> AppResult<HttpResponse> {
    query::query::<NoQuery>(&request)?;
    let holder = holder.0;
    holder.may("teams", Access::Write)?;
    let slug: Slug = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("the campaign"))?;
    let (user, asking) = (holder.user, holder.clone());
    let setting = site.db.read(move |c| {
        let campaign = campaigns::model::by_slug(c, &slug)?.campaign;
        Ok(Setting {
            groups: groups::of_campaign(c, campaign.id)?,
            pages: joining::own_pages(c, user, campaign.id)?,
            earlier: finding::led_before(c, user, campaign.id)?,
            by_staff: guard::runs(c, &asking, campaign.id)?,
            campaign,
        })
    });
    let setting = setting.await?;
    let mut new = read(&holder, &setting, &body.0)?;
    let password = body.0.password.as_deref();
    if let Some(text) = password {
        Password::parse(text).map_err(|bad| AppError::field("password", bad))?;
    }
    new.password_hash = desk.hash(new.policy, password.unwrap_or_default()).await?;
    let (campaign, page, now) = (setting.campaign.id, new.page, site.clock.now());
    let (team, left) = site
        .db
        .tx(move |c| {
            let (slug, left) = ops::start(c, &new, now)?;
            Ok((Read::of(c, &slug, None, Limit::default())?, left))
        })
        .await
        .map_err(AppError::after_parsing)?;
    site.views.changed("campaign", &campaign.to_string());
    if let Some(page) = page {
        site.views.changed("page", &page.to_string());
    }
    if let Some(left) = left {
        site.views.changed("team", &left.to_string());
    }
    let team = TeamDetail::of(team, now);
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/v1/teams/{}", team.slug)))
        .json(team))
}

/// The request, read; or every field to mend.
fn read(holder: &TokenHolder, setting: &Setting, asked: &TeamRequest) -> AppResult<StartTeam> {
    let campaign = &setting.campaign;
    let mut faults: Vec<FieldError> = Vec::new();
    let name =
        Line::parse(&asked.name, NAME).map_err(|bad| faults.push(FieldError::new("name", bad)));
    let story = Story::parse(asked.story.as_deref().unwrap_or_default())
        .map_err(|bad| faults.push(FieldError::new("story", bad)));
    if asked.goal.is_some_and(|goal| goal.minor() < 0) {
        faults.push(FieldError::new("goal", "name a goal above nothing"));
    }
    for (field, slug) in [
        ("page", &asked.page),
        ("group", &asked.group),
        ("previous", &asked.previous),
    ] {
        if let Some(Err(bad)) = slug.as_deref().map(str::parse::<Slug>) {
            faults.push(FieldError::new(field, bad));
        }
    }
    let (Ok(name), Ok(story), true) = (name, story, faults.is_empty()) else {
        return Err(AppError::Invalid(faults));
    };
    let page = setting.page(asked.page.as_deref());
    let page = page.map_err(|fault| faults.push(fault));
    let group = setting.group(asked.group.as_deref());
    let group = group.map_err(|fault| faults.push(fault));
    let previous = setting.previous(asked.previous.as_deref());
    let previous = previous.map_err(|fault| faults.push(fault));
    let (Ok(page), Ok(group), Ok(previous)) = (page, group, previous) else {
        return Err(AppError::Unfit(faults));
    };
    let id = TeamId::new();
    Ok(StartTeam {
        tail: tail(id),
        team: CreateTeam {
            id,
            campaign: campaign.id,
            slug: wish(name.as_str())?,
            name,
            story,
            goal: asked.goal.unwrap_or(Money::zero(campaign.currency)),
            captain: Some(holder.user),
        },
        policy: asked.join_policy.unwrap_or(JoinPolicy::Open),
        password_hash: None,
        group,
        previous,
        page,
        by_staff: setting.by_staff,
    })
}

impl Setting {
    fn page(&self, slug: Option<&str>) -> Result<Option<crate::ids::PageId>, FieldError> {
        let mut pages = self.pages.iter();
        match slug {
            None => Ok(pages
                .find(|page| page.team_id.is_none())
                .map(|page| page.id)),
            Some(slug) => match pages.find(|page| page.slug.as_str() == slug) {
                Some(page) => Ok(Some(page.id)),
                None => Err(FieldError::new(
                    "page",
                    "name a page of your own in this campaign",
                )),
            },
        }
    }

    fn group(&self, slug: Option<&str>) -> Result<Option<groups::GroupId>, FieldError> {
        let Some(slug) = slug else {
            return Ok(None);
        };
        match self.groups.iter().find(|group| group.slug.as_str() == slug) {
            Some(group) => Ok(Some(group.id)),
            None => Err(FieldError::new("group", "name a group of this campaign")),
        }
    }

    fn previous(&self, slug: Option<&str>) -> Result<Option<TeamId>, FieldError> {
        let Some(slug) = slug else {
            return Ok(None);
        };
        let mut earlier = self.earlier.iter().map(|(team, _)| team);
        match earlier.find(|team| team.slug.as_str() == slug) {
            Some(team) => Ok(Some(team.id)),
            None => Err(FieldError::new(
                "previous",
                "name a team of an earlier season that you led",
            )),
        }
    }
}

//! `/api/v1/teams/{slug}/join` and `…/members/{page}`.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde::{Deserialize, Serialize};

use super::ops::{self, Join, show_move};
use crate::audit::{Deed, Via};
use crate::auth::token::Access;
use crate::auth::{Holder, Password};
use crate::error::{AppError, AppResult, Problem};
use crate::kernel::Slug;
use crate::kernel::shape::{Lines, PasswordText};
use crate::pages;
use crate::pages::model::PageOverview;
use crate::teams::api::TeamRef;
use crate::teams::desk::{Desk, words as joining_words};
use crate::teams::guard::{self, for_token};
use crate::teams::joining::{self, Joined, Way};
use crate::teams::model::{self, TeamOverview};
use crate::teams::requests::WORDS;
use crate::web::query::{self, NoQuery};
use crate::web::{JsonBody, Path, Site};

/// Mounts the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/teams/{slug}/join").route(web::post().to(join)))
        .service(
            web::resource("/api/v1/teams/{slug}/members/{page}").route(web::delete().to(remove)),
        );
}

type WordsText = Lines<WORDS>;

/// A page that wants into a team.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The slug of the page.
    #[schema(value_type = Slug)]
    pub page: String,
    /// The team's password, where it has one.
    #[schema(value_type = Option<PasswordText>)]
    pub password: Option<String>,
    /// A word to the captain, where the captain is asked.
    #[schema(value_type = Option<WordsText>)]
    pub words: Option<String>,
}

crate::words! {
    /// What became of wanting into a team.
    pub enum JoinState {
        /// The page is in it.
        Joined = "joined",
        /// The captain is asked.
        Asked = "asked",
    }
}

/// What became of it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct JoinAnswer {
    /// `joined`, or `asked` while the captain has not answered.
    #[schema(value_type = String)]
    pub state: JoinState,
    /// The team.
    pub team: TeamRef,
    /// The slug of the page.
    #[schema(value_type = String)]
    pub page: Slug,
}

fn slug(text: &str, what: &'static str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound(what))
}

/// Brings a page into a team by the team's policy: at once (200), or after its captain's answer (202). For the page's
/// owner; staff put a page into any team. A page that is in another team leaves it.
#[utoipa::path(post, operation_id = "join_team", path = "/api/v1/teams/{slug}/join", tag = "teams",
    params(("slug" = String, Path, description = "The team's slug")), request_body = JoinRequest,
    security(("bearer" = ["teams:write"])), responses(
    (status = 200, body = JoinAnswer, description = "The page is in the team"),
    (status = 202, body = JoinAnswer, description = "The captain is asked"),
    (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Without the scope, or somebody else's page", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such team", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "By invitation or staff only, archived, closed, in it already, asked already, or captain of another team; `does_not_fit` for a wrong password or a page that is not of this campaign", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Not sent as JSON", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field that must be mended", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many tries", body = Problem, content_type = "application/problem+json"),
))]
pub async fn join(
    request: HttpRequest,
    holder: Holder,
    path: Path<String>,
    site: Data<Site>,
    desk: Data<Desk>,
    body: JsonBody<JoinRequest>,
) -> AppResult<HttpResponse> {
    query::query::<NoQuery>(&request)?;
    let holder = holder.0;
    holder.may("teams", Access::Write)?;
    let (team, wanted) = (slug(&path.0, "the team")?, body.0);
    let page: Slug = wanted
        .page
        .parse()
        .map_err(|bad| AppError::field("page", bad))?;
    if let Some(text) = &wanted.password {
        Password::parse(text).map_err(|bad| AppError::field("password", bad))?;
    }
    let words = joining_words(wanted.words.as_deref().unwrap_or_default())?;
    let asking = holder.clone();
    let found: (Option<PageOverview>, TeamOverview, bool) = site
        .db
        .read(move |c| {
            let team = model::by_slug(c, &team)?;
            let runs = guard::runs(c, &asking, team.team.campaign_id)?;
            Ok((pages::model::any_by_slug(c, &page)?, team, runs))
        })
        .await?;
    let (page, TeamOverview { team, .. }, by_staff) = found;
    let page = page
        .ok_or_else(|| AppError::field("page", "there is no such page").after_parsing())?
        .page;
    let is_own = page.owner_id == Some(holder.user);
    let (way, deed) = if is_own {
        let shown = (
            wanted.password.as_deref().unwrap_or_default(),
            words.as_str(),
        );
        let way = desk.way(&site, team.id, holder.user, shown).await;
        (way.map_err(AppError::after_parsing)?, None)
    } else if by_staff {
        let deed = Deed {
            via: Via::Token,
            ..Deed::new(holder.user, "page.join_team", ("page", page.id.to_string()))
                .of(page.campaign_id)
        };
        (Way::Staff, Some(deed))
    } else {
        return Err(AppError::Forbidden("this page belongs to somebody else"));
    };
    let join = Join {
        page: page.id,
        team: team.id,
        way,
        deed,
    };
    let (letters, now) = (desk.letters.clone(), site.clock.now());
    let joined = site
        .db
        .tx(move |c| ops::join(c, &letters, &join, now))
        .await
        .map_err(AppError::after_parsing)?;
    let (status, state) = match joined {
        Joined::In(left) => {
            show_move(&site, page.id, left.into_iter().chain([team.id]));
            (StatusCode::OK, JoinState::Joined)
        }
        Joined::Asked => (StatusCode::ACCEPTED, JoinState::Asked),
    };
    Ok(HttpResponse::build(status).json(JoinAnswer {
        state,
        team: TeamRef::of(&team),
        page: page.slug,
    }))
}

/// Takes a page out of a team: for the page's owner, and for those who lead the team. What was given while it was there
/// stays with the team.
#[utoipa::path(delete, operation_id = "leave_team", path = "/api/v1/teams/{slug}/members/{page}", tag = "teams",
    params(("slug" = String, Path, description = "The team's slug"), ("page" = String, Path, description = "The page's slug")),
    security(("bearer" = ["teams:write"])), responses(
    (status = 204, description = "The page is not in the team any more"),
    (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Without the scope, or neither the page nor the team is yours", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such team, or no such page in it", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The captain must hand the captaincy on first", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key that is not known", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
))]
pub async fn remove(
    request: HttpRequest,
    holder: Holder,
    path: Path<(String, String)>,
    site: Data<Site>,
) -> AppResult<HttpResponse> {
    query::query::<NoQuery>(&request)?;
    let holder = holder.0;
    holder.may("teams", Access::Write)?;
    let (team, page) = (
        slug(&path.0.0, "the team")?,
        slug(&path.0.1, "this member")?,
    );
    let now = site.clock.now();
    let (page, team) = site
        .db
        .tx(move |c| {
            let found = model::any_by_slug(c, &team)?;
            let found = found.ok_or(AppError::NotFound("the team"))?.team;
            let member = joining::member(c, found.id, &page);
            if let Ok(own) = &member
                && own.owner_id == Some(holder.user)
            {
                joining::leave(c, own.id)?;
                return Ok((own.id, found.id));
            }
            // Who leads it not is told nothing about its members.
            let led = for_token(c, &holder, Access::Write, &team)?;
            let gone = joining::remove(c, found.id, &page, led.lead)?;
            if let Some(deed) = led.deed("team.remove_member") {
                crate::audit::record(c, &deed, now)?;
            }
            Ok((gone.id, found.id))
        })
        .await?;
    show_move(&site, page, [team]);
    Ok(HttpResponse::NoContent().finish())
}

//! `/api/v1/pages/{slug}`, and a campaign's pages and leaderboard.

pub mod create;
pub mod patch;

use actix_web::http::header;
use actix_web::web::{self, Data, Json, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};

use crate::auth::bearer::Bearer;
use crate::auth::token::Access;
use crate::campaigns;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Problem};
use crate::kernel::{Clock, Listed, Money, Slug, Timestamp};
use crate::media;
use crate::offline;
use crate::pages::guard;
use crate::pages::leaderboard::{self, Board, Ranked, Standing};
use crate::pages::model::{self, NamePlace, PageCard, PageOverview};
use crate::pages::{PageId, PageStatus};
use crate::teams::TeamCard;
use crate::teams::api::{CampaignRef, TeamRef};
use crate::totals::{self, Tally, TallyScope};
use crate::web::Site;
use crate::web::markdown;
use crate::web::query::{self, NoQuery};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/api/v1/pages/{slug}")
            .route(web::get().to(one))
            .route(web::patch().to(patch::patch)),
    )
    .service(
        web::resource("/api/v1/campaigns/{slug}/pages")
            .route(web::get().to(list))
            .route(web::post().to(create::create)),
    )
    .service(
        web::resource("/api/v1/campaigns/{slug}/leaderboard").route(web::get().to(leaderboard)),
    );
}

/// A page in a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PageItem {
    /// The id.
    pub id: String,
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// The participant.
    pub participant: String,
    /// The team it is in.
    pub team: Option<TeamRef>,
    /// How much it wants to raise.
    pub goal: Money,
    /// What it raised.
    pub raised: Money,
    /// What sponsors' match pools add to that.
    pub matched: Money,
    /// Paid gifts.
    pub donations: i64,
    /// People who gave them.
    pub donors: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A page.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PageDetail {
    /// What lists show too.
    #[serde(flatten)]
    pub page: PageItem,
    /// Its campaign.
    pub campaign: CampaignRef,
    /// The story, as Markdown: the page's own, or its campaign's.
    pub story: String,
    /// The story, as harmless HTML.
    pub story_html: String,
    /// Whether it is shown: `live`; whoever may change it sees others too.
    #[schema(value_type = String)]
    pub status: PageStatus,
    /// Where people find it.
    pub url: String,
    /// Money in cash and by cheque that staff have not confirmed: in no total.
    pub unconfirmed: Money,
    /// Where its photograph is, if there is one.
    pub photo_url: Option<String>,
    /// What the photograph shows.
    pub photo_alt: String,
    /// When it was last changed; quoted, it is the version for `If-Match`.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Days worn, conversations and what came of them.
    pub tally: Tally,
}

/// One place of a leaderboard.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StandingItem {
    /// 1 for the most raised; ties stand in the order in which they got there.
    pub rank: i64,
    /// The slug of the page or team.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// The participant, or the team's name.
    pub name: String,
    /// The page's title; `null` for a team.
    pub title: Option<String>,
    /// The team that a page is in; `null` for a team.
    pub team: Option<TeamRef>,
    /// How many pages a team has; `null` for a page.
    pub members: Option<i64>,
    /// How much it wants to raise.
    pub goal: Money,
    /// What it raised.
    pub raised: Money,
    /// What sponsors' match pools add to that.
    pub matched: Money,
    /// Paid gifts.
    pub donations: i64,
    /// People who gave them.
    pub donors: i64,
    /// When it came to have raised that.
    #[schema(value_type = String, format = DateTime)]
    pub reached_at: Timestamp,
}

impl From<PageCard> for PageItem {
    fn from(card: PageCard) -> Self {
        Self {
            id: card.page.id.to_string(),
            goal: card.goal(),
            slug: card.page.slug,
            title: card.page.title,
            participant: card.page.participant,
            team: card.team.as_ref().map(TeamRef::of),
            raised: card.total.raised(),
            matched: card.total.matched(),
            donations: card.total.donations,
            donors: card.total.donors,
            created_at: card.page.created_at,
        }
    }
}

impl PageDetail {
    fn of(found: PageOverview, (unconfirmed, tally): Beside, base: &str, now: Timestamp) -> Self {
        let story = found.story().to_owned();
        let PageOverview {
            page,
            campaign,
            total,
            team,
        } = found;
        let (status, photo, photo_alt) = (page.status, page.photograph(), page.photo_alt.clone());
        let (url, updated_at) = (format!("{base}/pages/{}", page.slug), page.version());
        let card = PageCard {
            page,
            name_key: String::new(),
            total,
            team,
        };
        Self {
            page: card.into(),
            campaign: CampaignRef::of(&campaign, now),
            story_html: markdown::html(&story).into_string(),
            story,
            status,
            url,
            unconfirmed,
            photo_url: photo.map(|id| format!("{base}{}", media::url(id, media::Size::Large))),
            photo_alt,
            updated_at,
            tally,
        }
    }
}

impl From<Ranked<PageCard>> for StandingItem {
    fn from(Ranked { rank, item }: Ranked<PageCard>) -> Self {
        Self {
            rank,
            goal: item.goal(),
            slug: item.page.slug,
            name: item.page.participant,
            title: Some(item.page.title),
            team: item.team.as_ref().map(TeamRef::of),
            members: None,
            raised: item.total.raised(),
            matched: item.total.matched(),
            donations: item.total.donations,
            donors: item.total.donors,
            reached_at: item.total.reached_at,
        }
    }
}

impl From<Ranked<TeamCard>> for StandingItem {
    fn from(Ranked { rank, item }: Ranked<TeamCard>) -> Self {
        Self {
            rank,
            goal: item.goal(),
            slug: item.team.slug,
            name: item.team.name,
            title: None,
            team: None,
            members: Some(item.members),
            raised: item.total.raised(),
            matched: item.total.matched(),
            donations: item.total.donations,
            donors: item.total.donors,
            reached_at: item.total.reached_at,
        }
    }
}

/// One page: everybody sees those that are shown; whoever may change one sees it in any state, with `pages:read`.
#[utoipa::path(get, operation_id = "get_page", path = "/api/v1/pages/{slug}", tag = "pages",
    security((), ("bearer" = ["pages:read"])),
    params(("slug" = String, Path, description = "The page's slug")), responses(
    (status = 200, body = PageDetail, headers(("ETag" = String, description = "The version, for `If-Match`"))),
    (status = 401, description = "A token that is not valid", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such page", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn one(
    request: HttpRequest,
    slug: Path<String>,
    db: Data<Db>,
    clock: Data<Clock>,
    bearer: Bearer,
) -> AppResult<HttpResponse> {
    query::query::<NoQuery>(&request)?;
    let slug: Slug = slug.parse().map_err(|_| AppError::NotFound("the page"))?;
    let holder = bearer.holder().cloned();
    let found = db
        .read(move |c| {
            let found = match (model::by_slug(c, &slug), holder) {
                (Err(AppError::NotFound(_)), Some(holder)) => {
                    match guard::for_token(c, &holder, Access::Read, &slug) {
                        Err(AppError::Forbidden(_)) => Err(AppError::NotFound("the page")),
                        other => other,
                    }
                }
                (found, _) => found,
            }?;
            let beside = beside(c, &found)?;
            Ok((found, beside))
        })
        .await?;
    let page = PageDetail::of(found.0, found.1, &base_of(&request), clock.now());
    Ok(answer(&mut HttpResponse::Ok(), &page))
}

/// What stands beside a page's total: unconfirmed money, days and conversations.
type Beside = (Money, Tally);

fn beside(conn: &mut Conn, found: &PageOverview) -> AppResult<Beside> {
    let id = found.page.id;
    let unconfirmed = offline::unconfirmed(conn, id, found.campaign.currency)?;
    let tally = totals::tally(conn, TallyScope::Page, &id.to_string())?;
    Ok((unconfirmed, tally))
}

/// A page with its version, as whoever changes it next shows it.
fn answer(builder: &mut HttpResponseBuilder, page: &PageDetail) -> HttpResponse {
    builder
        .insert_header((header::ETAG, etag(page.updated_at)))
        .json(page)
}

fn etag(version: Timestamp) -> String {
    format!("\"{}\"", version.micros())
}

/// The site's own address; nothing where handlers run without a site.
fn base_of(request: &HttpRequest) -> String {
    request
        .app_data::<Data<Site>>()
        .map(|site| site.config.public_url())
        .unwrap_or_default()
}

/// The page as it stands after a change.
async fn as_it_stands(site: &Site, id: PageId) -> AppResult<PageDetail> {
    let (found, beside) = site
        .db
        .read(move |c| {
            let found = model::any_by_id(c, id)?.ok_or(AppError::NotFound("the page"))?;
            let beside = beside(c, &found)?;
            Ok((found, beside))
        })
        .await?;
    let base = site.config.public_url();
    Ok(PageDetail::of(found, beside, &base, site.clock.now()))
}

crate::words! {
    /// In which order pages are listed.
    pub enum Sort {
        /// Newest first.
        Newest = "newest",
        /// By the participant's name.
        Name = "name",
    }
}

/// The query of a campaign's pages.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PagesQuery {
    /// `newest` (the default) or `name`.
    #[param(value_type = Option<Sort>, inline)]
    sort: Option<String>,
    /// The `next` of the page before, of the same order.
    after: Option<String>,
    /// How many items at once.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    limit: Option<String>,
}

/// A campaign's pages.
#[utoipa::path(get, operation_id = "list_pages", path = "/api/v1/campaigns/{slug}/pages", tag = "pages",
    params(("slug" = String, Path, description = "The campaign's slug"), PagesQuery), responses(
    (status = 200, body = Listed<PageItem>),
    (status = 404, description = "No such campaign", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key or value that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(
    request: HttpRequest,
    slug: Path<String>,
    db: Data<Db>,
) -> AppResult<Json<Listed<PageItem>>> {
    let asked: PagesQuery = query::query(&request)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let sort = query::value("sort", asked.sort.as_deref())?.unwrap_or(Sort::Newest);
    let after = asked.after.as_deref();
    let (id, name): (Option<PageId>, Option<NamePlace>) = match sort {
        Sort::Newest => (query::after(after)?, None),
        Sort::Name => (None, query::after(after)?),
    };
    let slug = campaign_slug(&slug)?;
    let page = db
        .read(move |c| {
            let campaign = campaigns::model::by_slug(c, &slug)?.campaign.id;
            match sort {
                Sort::Newest => model::newest(c, campaign, id, limit),
                Sort::Name => model::by_name(c, campaign, name.as_ref(), limit),
            }
        })
        .await?;
    Ok(Json(page.map(PageItem::from)))
}

/// The query of a leaderboard.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeaderboardQuery {
    /// `pages` (the default) or `teams`.
    #[param(value_type = Option<Board>, inline)]
    kind: Option<String>,
    /// The `next` of the page before, of the same kind.
    after: Option<String>,
    /// How many items at once.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    limit: Option<String>,
}

/// A campaign's pages or teams by what they raised; ties by who got there first.
#[utoipa::path(get, operation_id = "get_leaderboard", path = "/api/v1/campaigns/{slug}/leaderboard", tag = "campaigns",
    params(("slug" = String, Path, description = "The campaign's slug"), LeaderboardQuery), responses(
    (status = 200, body = Listed<StandingItem>),
    (status = 404, description = "No such campaign", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key or value that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn leaderboard(
    request: HttpRequest,
    slug: Path<String>,
    db: Data<Db>,
) -> AppResult<Json<Listed<StandingItem>>> {
    let asked: LeaderboardQuery = query::query(&request)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let board = query::value("kind", asked.kind.as_deref())?.unwrap_or(Board::Pages);
    let after: Option<Standing> = query::after(asked.after.as_deref())?;
    if after
        .as_ref()
        .is_some_and(|standing| standing.board != board)
    {
        return Err(query::no_place());
    }
    let slug = campaign_slug(&slug)?;
    let page = db
        .read(move |c| {
            let campaign = campaigns::model::by_slug(c, &slug)?.campaign.id;
            let after = after.as_ref();
            Ok(match board {
                Board::Pages => leaderboard::pages(c, campaign, after, limit)?.map(Into::into),
                Board::Teams => leaderboard::teams(c, campaign, after, limit)?.map(Into::into),
            })
        })
        .await?;
    Ok(Json(page))
}

fn campaign_slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the campaign"))
}

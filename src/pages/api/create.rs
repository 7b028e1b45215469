//! `POST /api/v1/campaigns/{slug}/pages`.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{PageDetail, answer, as_it_stands, campaign_slug};
use crate::auth::bearer::Holder;
use crate::auth::token::{Access, TokenHolder};
use crate::campaigns::{self, Campaign};
use crate::db::Conn;
use crate::db::schema::{pages, users};
use crate::each;
use crate::error::{AppError, AppResult, FieldError, Problem};
use crate::ids::TeamId;
use crate::kernel::secret::sha256_hex;
use crate::kernel::shape::RequestKey;
use crate::kernel::{Money, Slug};
use crate::media;
use crate::pages::changes::{self, Changes};
use crate::pages::fields::{AltText, Goal, NameText, StoryText, TitleText};
use crate::pages::making::{Begins, make, under_made_slug};
use crate::pages::model::{self, Page, PageStatus};
use crate::pages::ops::{self, CreatePage};
use crate::pages::{PageId, fields, guard, slugs};
use crate::teams::JoinPolicy;
use crate::web::markdown::Story;
use crate::web::query::{self, NoQuery};
use crate::web::{JsonBody, Site};

/// A page to be made. Unknown fields are refused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePageRequest {
    /// Its title, at most 120 characters.
    #[schema(value_type = TitleText)]
    pub title: String,
    /// Its place in URLs; made from the participant's name when it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Slug>)]
    pub slug: Option<String>,
    /// How the participant is called in public, at most 80 characters; the token's user, when it is left out.
    #[serde(default)]
    #[schema(value_type = Option<NameText>)]
    pub participant: Option<String>,
    /// Markdown, at most 64 KiB; the season's default when it is left out.
    #[serde(default)]
    #[schema(value_type = Option<StoryText>)]
    pub story: Option<String>,
    /// How much it wants to raise, in the campaign's currency; the season's default when it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Goal>)]
    pub goal: Option<Money>,
    /// Slug of a team that is open to everybody.
    #[serde(default)]
    #[schema(value_type = Option<Slug>)]
    pub team: Option<String>,
    /// What the photograph will show.
    #[serde(default)]
    #[schema(value_type = Option<AltText>)]
    pub photo_alt: Option<String>,
    /// Slug of the same person's page of an earlier season.
    #[serde(default)]
    #[schema(value_type = Option<Slug>)]
    pub previous: Option<String>,
    /// Whether it stays a draft, which its owner alone sees; one a season.
    #[serde(default)]
    pub draft: bool,
}

/// What a request is checked against.
struct Ground {
    campaign: Campaign,
    participant: String,
    team: Option<TeamId>,
    previous: Option<PageId>,
    runs: bool,
}

/// Makes a page for the token's user: shown at once, or waiting where the season asks for approval.
#[utoipa::path(post, operation_id = "create_page", path = "/api/v1/campaigns/{slug}/pages", tag = "pages",
    request_body = CreatePageRequest, security(("bearer" = [])),
    params(("slug" = String, Path, description = "The campaign's slug"),
        ("Idempotency-Key" = inline(Option<RequestKey>), Header, description = "Optional; 1 to 255 visible ASCII characters. Sent again under the same key by the same user, the request answers the page that it made, as it stands.")),
    responses(
    (status = 201, body = PageDetail),
    (status = 400, description = "A body that is no JSON, or a key that is none", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A token without `pages:write`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such campaign", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`slug_taken`, `draft_exists`, `closed`, `invited_only`; `does_not_fit` for a team, an earlier page or a currency that does not belong here", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "More than 64 KiB", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Fields to mend", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The records are away", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create(
    site: Data<Site>,
    request: HttpRequest,
    slug: Path<String>,
    holder: Holder,
    body: JsonBody<CreatePageRequest>,
) -> AppResult<HttpResponse> {
    query::query::<NoQuery>(&request)?;
    let (holder, asked) = (holder.0, body.0);
    holder.may("pages", Access::Write)?;
    let (campaign, key) = (campaign_slug(&slug)?, key_of(&request, &holder)?);
    let (who, wanted) = (holder.clone(), asked.clone());
    slugs_of(&asked)?;
    let ground = site
        .db
        .read(move |c| ground(c, &campaign, &who, &wanted))
        .await
        .map_err(AppError::after_parsing)?;
    let (new, explicit, photo_alt) = parse(&asked, &ground, &holder)?;
    let begins = Begins {
        as_: if asked.draft {
            PageStatus::Draft
        } else if ground.campaign.rules.0.approve_pages && !ground.runs {
            PageStatus::Submitted
        } else {
            PageStatus::Live
        },
        key: key.clone(),
    };
    let (id, now) = (new.id, site.clock.now());
    let extra = Changes {
        photo_alt: Some(photo_alt),
        previous: ground.previous,
        ..Changes::default()
    };
    let has_extra = extra.previous.is_some() || asked.photo_alt.is_some();
    let with = move |c: &mut Conn| {
        if has_extra {
            changes::change(c, id, &extra, None, now)?;
        }
        Ok(())
    };
    let made = if explicit {
        let new = new.clone();
        site.db
            .tx(move |c| {
                make(c, &new, &begins, now)?;
                with(c)
            })
            .await
    } else {
        let named = new.participant.as_str().to_owned();
        under_made_slug(
            &site.db,
            new.clone(),
            (&named, &ground.campaign.slug),
            &begins,
            now,
            with,
        )
        .await
        .map(|_| ())
    };
    let id = match (made, key) {
        (Ok(()), _) => id,
        (
            Err(AppError::Conflict {
                code: "request_repeated",
                ..
            }),
            Some(key),
        ) => {
            let first = site.db.read(move |c| model::by_request(c, &key)).await?;
            first.ok_or(AppError::NotFound("the page"))?
        }
        (Err(error), _) => return Err(error.after_parsing()),
    };
    site.views
        .changed("campaign", &ground.campaign.id.to_string());
    if let Some(team) = ground.team {
        site.views.changed("team", &team.to_string());
    }
    let page = as_it_stands(&site, id).await?;
    let place = format!("/api/v1/pages/{}", page.page.slug);
    let mut builder = HttpResponse::Created();
    Ok(answer(
        builder.insert_header((header::LOCATION, place)),
        &page,
    ))
}

/// That what the request points at by slug is written as one.
fn slugs_of(asked: &CreatePageRequest) -> AppResult<()> {
    let named = [("team", &asked.team), ("previous", &asked.previous)];
    let bad = named.into_iter().filter_map(|(field, slug)| {
        let fault = slug.as_deref()?.parse::<Slug>().err()?;
        Some(FieldError::new(field, fault))
    });
    match bad.collect::<Vec<_>>() {
        none if none.is_empty() => Ok(()),
        faults => Err(AppError::Invalid(faults)),
    }
}

/// The request's key, as the row keeps it: of this user alone.
fn key_of(request: &HttpRequest, holder: &TokenHolder) -> AppResult<Option<String>> {
    let Some(sent) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    match sent.to_str().map(str::trim) {
        Ok(key) if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(Some(sha256_hex(format!("{} {key}", holder.user))))
        }
        _ => Err(AppError::BadRequest(
            "an Idempotency-Key is 1 to 255 visible ASCII characters, made once for this page"
                .into(),
        )),
    }
}

fn ground(
    conn: &mut Conn,
    campaign: &Slug,
    holder: &TokenHolder,
    asked: &CreatePageRequest,
) -> AppResult<Ground> {
    let campaign = campaigns::model::by_slug(conn, campaign)?.campaign;
    let runs = guard::runs(conn, holder, campaign.id)?;
    ops::takes_pages(&campaign, runs)?;
    let participant = match &asked.participant {
        Some(name) => name.clone(),
        None => {
            let query = users::table.find(holder.user).select(users::name);
            each!(conn, c => query.first(c))?
        }
    };
    let team = match &asked.team {
        None => None,
        Some(slug) => Some(open_team(conn, slug, &campaign, runs)?),
    };
    let previous = match &asked.previous {
        None => None,
        Some(slug) => Some(own_earlier(conn, slug, &campaign, holder)?),
    };
    Ok(Ground {
        campaign,
        participant,
        team,
        previous,
        runs,
    })
}

fn open_team(conn: &mut Conn, slug: &str, campaign: &Campaign, runs: bool) -> AppResult<TeamId> {
    let wrong = |message: &str| AppError::field("team", message);
    let slug: Slug = slug
        .parse()
        .map_err(|_| wrong("there is no such team in this campaign"))?;
    let found = match crate::teams::by_slug(conn, &slug) {
        Ok(found) if found.campaign.id == campaign.id => found.team,
        Ok(_) | Err(AppError::NotFound(_)) => {
            return Err(wrong("there is no such team in this campaign"));
        }
        Err(other) => return Err(other),
    };
    if runs || found.join_policy == JoinPolicy::Open {
        return Ok(found.id);
    }
    Err(wrong(
        "this team is not open to everybody; join it from the page's own tools",
    ))
}

fn own_earlier(
    conn: &mut Conn,
    slug: &str,
    campaign: &Campaign,
    holder: &TokenHolder,
) -> AppResult<PageId> {
    let wrong = || AppError::field("previous", "name a page of your own, of an earlier season");
    let slug: Slug = slug.parse().map_err(|_| wrong())?;
    let query = pages::table
        .filter(pages::slug.eq(&slug))
        .filter(pages::owner_id.eq(holder.user))
        .filter(pages::campaign_id.ne(campaign.id));
    let found: Option<Page> =
        each!(conn, c => query.select(Page::as_select()).first(c).optional())?;
    found.map(|page| page.id).ok_or_else(wrong)
}

/// The page to be made, whether its slug was asked for, and what its photograph will show; or every field to mend.
fn parse(
    asked: &CreatePageRequest,
    ground: &Ground,
    holder: &TokenHolder,
) -> AppResult<(CreatePage, bool, String)> {
    let mut faults: Vec<FieldError> = Vec::new();
    let rules = &ground.campaign.rules.0;
    let currency = ground.campaign.currency;
    let title = fields::title(&asked.title).map_err(|fault| faults.push(fault));
    let participant = fields::participant(&ground.participant).map_err(|f| faults.push(f));
    let story = match &asked.story {
        Some(story) => fields::story(story).map_err(|fault| faults.push(fault)),
        None => Ok(Story::parse(&rules.page_story).unwrap_or_default()),
    };
    let goal = match asked.goal {
        Some(goal) => fields::bounded(goal).map_err(|fault| faults.push(fault)),
        None => Ok(Money::new(rules.page_goal.max(0), currency)),
    };
    let slug = match &asked.slug {
        Some(slug) => fields::exact_slug(slug)
            .map(Some)
            .map_err(|f| faults.push(f)),
        None => Ok(None),
    };
    let alt = match media::parse_alt(asked.photo_alt.as_deref().unwrap_or_default()) {
        Ok(alt) => alt,
        Err(AppError::Invalid(found)) => {
            faults.extend(found);
            String::new()
        }
        Err(other) => return Err(other),
    };
    let (Ok(title), Ok(participant), Ok(story), Ok(goal), Ok(slug)) =
        (title, participant, story, goal, slug)
    else {
        return Err(AppError::Invalid(faults));
    };
    if !faults.is_empty() {
        return Err(AppError::Invalid(faults));
    }
    let explicit = slug.is_some();
    let new = CreatePage {
        id: PageId::new(),
        campaign: ground.campaign.id,
        team: ground.team,
        owner: Some(holder.user),
        slug: slug
            .unwrap_or_else(|| slugs::candidate(participant.as_str(), &ground.campaign.slug, 0, 0)),
        title,
        participant,
        story,
        goal,
        photo: None,
    };
    Ok((new, explicit, alt))
}

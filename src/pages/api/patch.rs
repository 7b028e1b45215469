//! `PATCH /api/v1/pages/{slug}`.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{PageDetail, answer, as_it_stands};
use crate::audit::{self, Deed, Via};
use crate::auth::bearer::Holder;
use crate::auth::token::Access;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError, Problem};
use crate::kernel::{Money, Slug, Timestamp};
use crate::media;
use crate::pages::changes::{self, Changed, Changes};
use crate::pages::fields::{AltText, Goal, NameText, StoryText, TitleText};
use crate::pages::model::{PageOverview, PageStatus};
use crate::pages::photos::Followed;
use crate::pages::{fields, guard, ops, public, slugs};
use crate::web::query::{self, NoQuery};
use crate::web::{JsonBody, Site};

/// What is to be changed of a page; what is left out stays. Unknown fields are refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchPageRequest {
    /// Its title, at most 120 characters.
    #[schema(value_type = Option<TitleText>)]
    pub title: Option<String>,
    /// How the participant is called in public, at most 80 characters.
    #[schema(value_type = Option<NameText>)]
    pub participant: Option<String>,
    /// Markdown, at most 64 KiB; empty shows the campaign's story.
    #[schema(value_type = Option<StoryText>)]
    pub story: Option<String>,
    /// How much it wants to raise, in the campaign's currency.
    #[schema(value_type = Option<Goal>)]
    pub goal: Option<Money>,
    /// Its place in URLs; the old one goes on leading to it.
    #[schema(value_type = Option<Slug>)]
    pub slug: Option<String>,
    /// What the photograph shows.
    #[schema(value_type = Option<AltText>)]
    pub photo_alt: Option<String>,
    /// `live` shows a draft (or hands it to staff, where the season asks for approval) or an archived page; `archived` puts
    /// a live page away.
    pub status: Option<Wanted>,
}

/// A state that an owner can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// Shown.
    Live,
    /// Put away.
    Archived,
}

/// Changes a page of the token's user; coordinators change those of their campaigns, which is recorded.
#[utoipa::path(patch, operation_id = "change_page", path = "/api/v1/pages/{slug}", tag = "pages",
    request_body = PatchPageRequest, security(("bearer" = [])),
    params(("slug" = String, Path, description = "The page's slug"),
        ("If-Match" = Option<String>, Header, description = "Optional; the `ETag` of the version that was looked at. When the page was changed since, nothing is changed: 409 `changed_meanwhile`.")),
    responses(
    (status = 200, body = PageDetail, headers(("ETag" = String, description = "The version, for `If-Match`"))),
    (status = 400, description = "A body that is no JSON", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A token without `pages:write`, or somebody else's page", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such page", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`changed_meanwhile`, `slug_taken`, `no_such_move`, `closed`; `does_not_fit` for a goal in another currency", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "More than 64 KiB", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Fields to mend", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The records are away", body = Problem, content_type = "application/problem+json"),
))]
pub async fn patch(
    site: Data<Site>,
    request: HttpRequest,
    slug: Path<String>,
    holder: Holder,
    body: JsonBody<PatchPageRequest>,
) -> AppResult<HttpResponse> {
    query::query::<NoQuery>(&request)?;
    let (holder, asked) = (holder.0, body.0);
    let slug: Slug = slug.parse().map_err(|_| AppError::NotFound("the page"))?;
    let who = holder.clone();
    let found = site
        .db
        .read(move |c| guard::for_token(c, &who, Access::Write, &slug))
        .await?;
    let base = version_of(&request)?;
    let (changes, to) = parse(&asked)?;
    let (page, now) = (found.page.clone(), site.clock.now());
    let deed = (page.owner_id != Some(holder.user)).then(|| Deed {
        via: Via::Token,
        ..Deed::new(holder.user, "page.edit", ("page", page.id.to_string())).of(page.campaign_id)
    });
    let (subject, wanted) = (found.clone(), asked.status);
    let (changed, followed) = site
        .db
        .tx(move |c| {
            let done = apply(c, &subject, &changes, to.as_ref(), wanted, base, now)?;
            if let Some(deed) = &deed {
                audit::record(c, deed, now)?;
            }
            Ok(done)
        })
        .await
        .map_err(AppError::after_parsing)?;
    changed.tell(&site, page.id);
    followed.tell(&site);
    match asked.status {
        Some(Wanted::Archived) => public::withdrawn(&site, &page),
        Some(Wanted::Live) => public::shown(&site, &page),
        None => site
            .views
            .changed("campaign", &page.campaign_id.to_string()),
    }
    let page = as_it_stands(&site, page.id).await?;
    Ok(answer(&mut HttpResponse::Ok(), &page))
}

fn apply(
    conn: &mut Conn,
    found: &PageOverview,
    changes: &Changes,
    slug: Option<&Slug>,
    wanted: Option<Wanted>,
    base: Option<Timestamp>,
    now: Timestamp,
) -> AppResult<(Changed, Followed)> {
    let page = &found.page;
    let changed = changes::change(conn, page.id, changes, base, now)?;
    if let Some(slug) = slug {
        slugs::change(conn, page.id, slug, now)?;
    }
    let followed = match (wanted, page.status) {
        (None, _) => Followed::default(),
        (Some(Wanted::Live), PageStatus::Draft) => {
            ops::publish(conn, page.id, now)?;
            Followed::default()
        }
        (Some(Wanted::Live), _) => ops::unarchive(conn, page.id, now)?,
        (Some(Wanted::Archived), _) => ops::archive(conn, page.id, now)?,
    };
    Ok((changed, followed))
}

/// The version of `If-Match`; `*` and none are any.
fn version_of(request: &HttpRequest) -> AppResult<Option<Timestamp>> {
    let Some(sent) = request.headers().get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = sent.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text
        .trim_start_matches("W/")
        .trim_matches('"')
        .parse()
        .ok()
        .and_then(Timestamp::from_micros);
    version.map(Some).ok_or_else(|| AppError::Conflict {
        code: "changed_meanwhile",
        detail: "this is no version that the page ever had; read it again".into(),
    })
}

fn parse(asked: &PatchPageRequest) -> AppResult<(Changes, Option<Slug>)> {
    let mut faults: Vec<FieldError> = Vec::new();
    let mut changes = Changes::default();
    let mut slug = None;
    if let Some(text) = &asked.title {
        match fields::title(text) {
            Ok(title) => changes.title = Some(title),
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(text) = &asked.participant {
        match fields::participant(text) {
            Ok(participant) => changes.participant = Some(participant),
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(text) = &asked.story {
        match fields::story(text) {
            Ok(story) => changes.story = Some(story),
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(goal) = asked.goal {
        match fields::bounded(goal) {
            Ok(goal) => changes.goal = Some(goal),
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(text) = &asked.slug {
        match fields::exact_slug(text) {
            Ok(found) => slug = Some(found),
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(text) = &asked.photo_alt {
        match media::parse_alt(text) {
            Ok(alt) => changes.photo_alt = Some(alt),
            Err(AppError::Invalid(found)) => faults.extend(found),
            Err(other) => return Err(other),
        }
    }
    if faults.is_empty() {
        Ok((changes, slug))
    } else {
        Err(AppError::Invalid(faults))
    }
}

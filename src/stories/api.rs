//! `/api/v1/stories`: the stories that everybody sees.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, Responder};
use serde::{Deserialize, Serialize};

use super::html::ROBOTS;
use super::model::{self, Place, Story, StoryId, Which};
use super::pictures::Shown;
use super::public::PublicStory;
use crate::campaigns;
use crate::config::Config;
use crate::consent_vault::ops::today;
use crate::db::Conn;
use crate::error::{AppError, AppResult, Problem};
use crate::kernel::{Listed, Slug, Timestamp};
use crate::media::{Size, url};
use crate::partners::FurtherLink;
use crate::partners::model as partners;
use crate::web::query::{self, NoQuery};
use crate::web::{Path, Site, markdown};

/// Mounts the list and the story.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/stories").route(web::get().to(list)))
        .service(web::resource("/api/v1/stories/{slug}").route(web::get().to(one)));
}

/// A program that a story is about.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StoryProgram {
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its name.
    pub name: String,
}

/// A story in a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StoryItem {
    /// The id.
    pub id: String,
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// The author's name or pseudonym.
    pub author: String,
    /// What readers should know before they read; may be empty. Show it before the text.
    pub content_note: String,
    /// When it was published first.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Timestamp,
    /// Whether search engines are asked to stay away; keep your copy out of them too.
    pub noindex: bool,
    /// What it is about.
    pub programs: Vec<StoryProgram>,
}

/// A picture of a story. Link to it where it lies and keep no copy: it goes when its consent does.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StoryPicture {
    /// Where it lies, 1280 pixels across at most.
    pub url: String,
    /// What it shows.
    pub alt: String,
    /// What stands below it; may be empty.
    pub caption: String,
}

/// A story.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StoryDetail {
    /// What lists show too.
    #[serde(flatten)]
    pub story: StoryItem,
    /// The text, as Markdown.
    pub body: String,
    /// The text, as harmless HTML.
    pub body_html: String,
    /// About the author; may be empty.
    pub author_about: String,
    /// Its pictures.
    pub pictures: Vec<StoryPicture>,
    /// Ways to take part.
    pub take_part: Vec<String>,
    /// Where to read on.
    pub more: Vec<FurtherLink>,
}

fn item(config: &Config, story: &Story, programs: &[(Slug, String)]) -> StoryItem {
    StoryItem {
        id: story.id.to_string(),
        slug: story.slug.clone(),
        url: format!("{}/stories/{}", config.public_url(), story.slug),
        title: story.title.clone(),
        summary: story.summary.clone(),
        author: story.author_name.clone(),
        content_note: story.content_note.clone(),
        published_at: story.published_at.unwrap_or(story.created_at),
        noindex: story.is_hidden_from_search(),
        programs: programs
            .iter()
            .map(|(slug, name)| StoryProgram {
                slug: slug.clone(),
                name: name.clone(),
            })
            .collect(),
    }
}

/// The query of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StoriesQuery {
    /// Those of this campaign's list.
    #[param(value_type = Option<Slug>, inline)]
    pub campaign: Option<String>,
    /// Those about this program.
    #[param(value_type = Option<Slug>, inline)]
    pub program: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// How many items at once.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<String>,
}

fn which(conn: &mut Conn, campaign: Option<&Slug>, program: Option<&Slug>) -> AppResult<Which> {
    let campaign = match campaign {
        Some(slug) => Some(campaigns::model::by_slug(conn, slug)?.campaign.id),
        None => None,
    };
    let program = match program {
        Some(slug) => Some(partners::program_by_slug(conn, slug)?.program.id),
        None => None,
    };
    Ok(Which { campaign, program })
}

/// What programs get: never kept, for what is shown today can be taken back tomorrow.
fn answered(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(ROBOTS)
        .insert_header(("cache-control", "no-store"))
        .json(body)
}

/// The stories that everybody sees, newest first.
#[utoipa::path(get, operation_id = "list_stories", path = "/api/v1/stories", tag = "stories", params(StoriesQuery), responses(
    (status = 200, body = Listed<StoryItem>),
    (status = 404, description = "No such campaign or program", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key or value that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(site: Data<Site>, request: HttpRequest) -> AppResult<impl Responder> {
    let asked: StoriesQuery = query::query(&request)?;
    let campaign: Option<Slug> = query::value("campaign", asked.campaign.as_deref())?;
    let program: Option<Slug> = query::value("program", asked.program.as_deref())?;
    let after: Option<Place> = query::after(asked.after.as_deref())?;
    let limit = query::limit(asked.limit.as_deref())?;
    let now = site.clock.now();
    let (listed, mut names): (_, HashMap<StoryId, Vec<(Slug, String)>>) = site
        .db
        .read(move |c| {
            let which = which(c, campaign.as_ref(), program.as_ref())?;
            let listed = model::shown(c, which, after, limit, today(now)?)?;
            let ids: Vec<StoryId> = listed.items.iter().map(|story| story.id).collect();
            let names = model::program_names(c, &ids)?;
            Ok((listed, names))
        })
        .await?;
    let items = listed.map(|story| {
        let programs = names.remove(&story.id).unwrap_or_default();
        item(&site.config, &story, &programs)
    });
    Ok(answered(&items))
}

/// One story. 410 once it was taken down: forget what you kept of it.
#[utoipa::path(get, operation_id = "get_story", path = "/api/v1/stories/{slug}", tag = "stories",
    params(("slug" = String, Path, description = "The story's slug")), responses(
    (status = 200, body = StoryDetail),
    (status = 404, description = "No such story", body = Problem, content_type = "application/problem+json"),
    (status = 410, description = "It was taken down", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn one(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<impl Responder> {
    query::query::<NoQuery>(&request)?;
    let slug: Slug = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this story"))?;
    let now = site.clock.now();
    let read = site
        .db
        .read(move |c| PublicStory::read(c, &slug, now))
        .await?;
    let programs: Vec<(Slug, String)> = read
        .giving
        .iter()
        .map(|one| (one.program.slug.clone(), one.program.name.clone()))
        .collect();
    let picture = |shown: &Shown| StoryPicture {
        url: format!(
            "{}{}",
            site.config.public_url(),
            url(shown.picture.media_id, Size::Large)
        ),
        alt: shown.picture.alt.clone(),
        caption: shown.picture.caption.clone(),
    };
    let story = &read.story;
    Ok(answered(&StoryDetail {
        story: item(&site.config, story, &programs),
        body_html: markdown::html(&story.body).into_string(),
        body: story.body.clone(),
        author_about: story.author_about.clone(),
        pictures: read.pictures.iter().map(picture).collect(),
        take_part: story.take_part.0.clone(),
        more: story.more.0.clone(),
    }))
}

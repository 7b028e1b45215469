//! `/stories/{slug}` and `/campaigns/{slug}/stories`.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::model::{self, Place, Which};
use super::public::{self, PublicStory};
use super::takedown::LISTS;
use super::views::{StoriesView, StoryView};
use crate::campaigns::{self, frame};
use crate::config::Config;
use crate::consent_vault::ops::today;
use crate::error::{AppError, AppResult};
use crate::kernel::{Limit, Slug, Timestamp};
use crate::partners::Program;
use crate::web::headers::Nonce;
use crate::web::query::after;
use crate::web::views::shell::{Link, Shell};
use crate::web::{Path, Query, Site, View};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/stories/{slug}").route(web::get().to(story)))
        .service(web::resource("/campaigns/{slug}/stories").route(web::get().to(of_campaign)));
}

/// Keeps search engines away, also from what is not HTML (S17).
pub(super) const ROBOTS: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-robots-tag"),
    HeaderValue::from_static("noindex, noarchive"),
);

async fn story(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug: Slug = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this story"))?;
    let key = format!("/stories/{slug}");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let read = site
                .db
                .read(move |c| PublicStory::read(c, &slug, now))
                .await?;
            let page = view(&site.config, nonce.as_str(), &read, now);
            let id = read.story.id.to_string();
            let view = View::html(site.render("story", &page)?)
                .depends_on("story", &id)
                .never_stale();
            let (name, value) = ROBOTS;
            Ok(if read.story.is_hidden_from_search() {
                view.header(name, value)
            } else {
                view
            })
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(config: &Config, nonce: &str, read: &PublicStory, now: Timestamp) -> StoryView {
    let story = &read.story;
    let words = (story.title.as_str(), story.summary.as_str());
    let mut shell = match read.campaigns.first() {
        Some(campaign) => frame::shell(config, nonce, campaign, now, words),
        None => Shell::new(config, nonce, words.0, words.1),
    };
    let strips: Vec<_> = read.giving.iter().map(|one| one.strip(now)).collect();
    if let Some(url) = strips.iter().find_map(|strip| strip.give_url.clone()) {
        shell.give_url = Some(url);
    }
    // A preview on another site is a copy there: a story that search engines do not list offers none.
    if story.is_hidden_from_search() {
        shell = shell.private();
    } else {
        shell = shell.og(config, "article", &format!("/stories/{}", story.slug), None);
    }
    let programs: Vec<Program> = read.giving.iter().map(|one| one.program.clone()).collect();
    StoryView {
        exit_url: config.stories.exit_url.clone(),
        campaigns: read
            .campaigns
            .iter()
            .map(|campaign| {
                Link::new(
                    &campaign.title,
                    &format!("{}/stories", frame::path(campaign)),
                )
            })
            .collect(),
        strips,
        text: public::text(story, &read.pictures, &programs),
        shell,
    }
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
struct Asked {
    after: String,
}

async fn of_campaign(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let slug: Slug = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("the campaign"))?;
    let place: Option<Place> = after(Some(query.0.after.as_str()).filter(|text| !text.is_empty()))?;
    let key = format!("/campaigns/{slug}/stories?after={}", query.0.after);
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let (row, listed, rows) = site
                .db
                .read(move |c| {
                    let row = campaigns::model::by_slug(c, &slug)?;
                    let which = Which {
                        campaign: Some(row.campaign.id),
                        program: None,
                    };
                    let listed = model::shown(c, which, place, Limit::default(), today(now)?)?;
                    let rows = public::rows(c, &listed.items)?;
                    Ok((row, listed, rows))
                })
                .await?;
            let campaign = &row.campaign;
            let here = format!("{}/stories", frame::path(campaign));
            let title = format!("Stories of {}", campaign.title);
            let words = (
                title.as_str(),
                "What gifts pay for, told by those who do it and those who live it.",
            );
            let page = StoriesView {
                shell: frame::shell(&site.config, nonce.as_str(), campaign, now, words).og(
                    &site.config,
                    "website",
                    &here,
                    None,
                ),
                campaign: Link::new(&campaign.title, &frame::path(campaign)),
                rows,
                next_url: listed
                    .next
                    .map(|next| format!("{here}?after={}", next.as_str())),
            };
            let id = campaign.id.to_string();
            Ok(View::html(site.render("stories", &page)?)
                .depends_on("campaign", &id)
                .never_stale())
        }
    };
    site.views.respond(&request, &key, &[LISTS], render).await
}

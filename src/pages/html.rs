//! `/pages/{slug}`, its share card and its stream.

use std::sync::LazyLock;

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::model::{self, PageOverview};
use super::public::{self, PublicPage};
use super::views::PageView;
use crate::campaigns::frame::{self, Destinations};
use crate::config::Config;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Limit, Slug, Timestamp};
use crate::walls::{self, Place, Wall, live};
use crate::web::headers::Nonce;
use crate::web::views::palette::Accent;
use crate::web::views::shell::Link;
use crate::web::{Path, Query, Site, View, card, markdown, placeholder};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/pages/{slug}").route(web::get().to(page)))
        .service(web::resource("/pages/{slug}/card.png").route(web::get().to(card_png)))
        .service(web::resource("/pages/{slug}/events").route(web::get().to(events)));
}

/// What may stand behind `?`; whatever else a link from elsewhere carries is left alone.
#[derive(Debug, Deserialize)]
struct Asked {
    after: Option<String>,
}

async fn page(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0)?;
    let now = site.clock.now();
    let after: Option<Place> = query
        .0
        .after
        .as_deref()
        .and_then(|text| Cursor::parse(text).ok());
    if after.is_some() {
        // Cursors are a stranger's to make up: they must not fill the cache.
        let nonce = Nonce::fresh()?;
        let read = site
            .db
            .read(move |c| PublicPage::read(c, &slug, after.as_ref(), now))
            .await?;
        return site.page(
            "page",
            &view(&site.config, nonce.as_str(), &read, now)?,
            &nonce,
        );
    }
    let key = format!("/pages/{slug}");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let read = site
                .db
                .read(move |c| PublicPage::read(c, &slug, None, now))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, now)?;
            let id = read.overview.page.id.to_string();
            Ok(View::html(site.render("page", &view)?).depends_on("page", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the page"))
}

/// The page as its template wants it.
pub(super) fn view(
    config: &Config,
    nonce: &str,
    read: &PublicPage,
    now: Timestamp,
) -> AppResult<PageView> {
    let PageOverview {
        page,
        campaign,
        team,
        ..
    } = &read.overview;
    let here = format!("/pages/{}", page.slug);
    let description = format!(
        "{} takes part in {}. {}",
        page.participant, campaign.title, campaign.appeal
    );
    let card = public::card_path(&read.overview, now);
    let mut shell = frame::shell(config, nonce, campaign, now, (&page.title, &description)).og(
        config,
        "profile",
        &here,
        Some(&card),
    );
    let give_url = frame::give_url(campaign, now, &format!("?page={}", page.slug));
    shell.give_url.clone_from(&give_url);
    let live_url = give_url.is_some().then(|| format!("{here}/events"));
    let band = read
        .weave
        .view(&shell.accent.light, campaign.days_left(now), live_url)?;
    let more = read.wall.next.as_ref();
    Ok(PageView {
        title: page.title.clone(),
        participant: page.participant.clone(),
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        team: team
            .as_ref()
            .map(|team| Link::new(&team.name, &format!("/teams/{}", team.slug))),
        // Photographs come with the participant's own tools; until then every page has its drawn cloth.
        photo_url: None,
        photo_alt: String::new(),
        portrait_svg: placeholder::portrait(page.slug.as_str(), &page.participant, &shell.accent),
        story_html: story(read.overview.story()),
        band,
        give_url,
        giving_until: campaign.giving_until.to_string(),
        wall: read.wall.items.iter().map(walls::WallGift::row).collect(),
        wall_more_url: more.map(|cursor| format!("{here}?after={}", cursor.as_str())),
        unit_costs: read.costs.iter().map(frame::unit_cost).collect(),
        programs: read.to.undesignated(),
        share: public::share(config, &read.overview, now),
        shell,
    })
}

/// A story as markup; nothing for an empty one, so that the template can say that it is missing.
fn story(markdown: &str) -> String {
    if markdown.trim().is_empty() {
        String::new()
    } else {
        markdown::html(markdown).into_string()
    }
}

/// Drawn cards by page and version: drawing takes tens of milliseconds, so each is drawn once.
static CARDS: LazyLock<moka::sync::Cache<String, Bytes>> = LazyLock::new(|| {
    moka::sync::Cache::builder()
        .max_capacity(32 << 20)
        .weigher(|_, png: &Bytes| u32::try_from(png.len()).unwrap_or(u32::MAX))
        .build()
});

/// Seconds for which a card may be kept: its address changes with what it says.
const CARD_SECONDS: u32 = 3_600;

async fn card_png(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0)?;
    let key = format!("/pages/{slug}/card.png");
    let now = site.clock.now();
    let render = {
        let site = site.clone();
        move |_: Nonce| async move {
            let overview = site.db.read(move |c| model::by_slug(c, &slug)).await?;
            let id = overview.page.id.to_string();
            let version = format!("{id} {}", public::card_version(&overview, now));
            let png = match CARDS.get(&version) {
                Some(png) => png,
                None => {
                    let png = draw(&site, overview, now).await?;
                    CARDS.insert(version, png.clone());
                    png
                }
            };
            Ok(View::new("image/png", png)
                .keep(CARD_SECONDS)
                .depends_on("page", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

async fn draw(site: &Site, overview: PageOverview, now: Timestamp) -> AppResult<Bytes> {
    let facts = site
        .db
        .read(move |c| {
            let to = Destinations::of(c, &overview.campaign, now)?;
            let weave = public::weave(c, &overview, &to, None)?;
            Ok(public::card_facts(&overview, &weave, now))
        })
        .await?;
    let drawn = tokio::task::spawn_blocking(move || card::png(&facts)).await;
    let png = drawn
        .map_err(AppError::internal)?
        .map_err(AppError::internal)?;
    Ok(png.into())
}

async fn events(site: Data<Site>, path: Path<String>) -> AppResult<HttpResponse> {
    let slug = slug(&path.0)?;
    let id = site
        .db
        .read(move |c| Ok(model::by_slug(c, &slug)?.page.id))
        .await?;
    let watcher = site.live.watch("page", &id.to_string())?;
    let now = site.clock.now();
    let state = site.db.read(move |c| live_state(c, id, false, now)).await?;
    Ok(watcher.begin(state.as_deref()))
}

/// What watchers of a page are told, the newest gift by name if `announce`; `None` for a page that is not shown.
///
/// # Errors
/// The database's.
pub fn live_state(
    conn: &mut Conn,
    id: super::PageId,
    announce: bool,
    now: Timestamp,
) -> AppResult<Option<String>> {
    match model::shown_by_id(conn, id)? {
        Some(overview) => state_of(conn, &overview, announce, now).map(Some),
        None => Ok(None),
    }
}

fn state_of(
    conn: &mut Conn,
    overview: &PageOverview,
    announce: bool,
    now: Timestamp,
) -> AppResult<String> {
    let to = Destinations::of(conn, &overview.campaign, now)?;
    let weave = public::weave(conn, overview, &to, None)?;
    let newest = walls::newest(conn, Wall::Page(overview.page.id), None, Limit::default())?;
    let accent = Accent::new(overview.campaign.accent.as_str());
    live::message(&weave, &accent.light, &newest.items, (announce, false), now)
}

//! A page's share card and its stream. The page itself is drawn by `home`, which knows the nouns above this one.

use std::sync::LazyLock;

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::model::{self, PageOverview};
use super::public;
use crate::campaigns::frame::Destinations;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Limit, Slug, Timestamp};
use crate::media::{self, Size};
use crate::walls::{self, Wall, live};
use crate::web::headers::Nonce;
use crate::web::views::palette::Accent;
use crate::web::{Path, Site, View, card};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/pages/{slug}/card.png").route(web::get().to(card_png)))
        .service(web::resource("/pages/{slug}/events").route(web::get().to(events)));
}

fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the page"))
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
    let photo = match media::named(overview.page.photo.as_deref()) {
        Some(id) => media::shown_bytes(site, id, Size::Middle).await?,
        None => None,
    };
    let mut facts = site
        .db
        .read(move |c| {
            let to = Destinations::of(c, &overview.campaign, now)?;
            let weave = public::weave(c, &overview, &to, None)?;
            Ok(public::card_facts(&overview, &weave, now))
        })
        .await?;
    facts.photo = photo;
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

//! `/pages/{slug}/share` for the owner; `/pages/{slug}/qr.svg` and `/pages/{slug}/poster.pdf` for everybody.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::poster::{self, Paper, PosterFacts};
use super::texts::{self, Channel};
use super::{Source, qr};
use crate::campaigns::frame::{self, Destinations};
use crate::error::{AppError, AppResult};
use crate::kernel::{Slug, Timestamp};
use crate::media::{self, Size};
use crate::pages::model::{self, PageOverview};
use crate::pages::public::{self, Further, PublicPage};
use crate::pages::tools::{PageTools, Tool};
use crate::pages::{PageOwner, PageStatus};
use crate::web::headers::Nonce;
use crate::web::lettering;
use crate::web::views::share::tagged;
use crate::web::views::shell::Shell;
use crate::web::views::wording;
use crate::web::{Path, Query, Site, View};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/pages/{slug}/share").route(web::get().to(share)))
        .service(web::resource("/pages/{slug}/qr.svg").route(web::get().to(qr_svg)))
        .service(web::resource("/pages/{slug}/poster.pdf").route(web::get().to(poster_pdf)));
}

/// Context of `page_share`.
#[derive(Debug, Serialize)]
struct SharePage {
    shell: Shell,
    tools: PageTools,
    is_live: bool,
    url: String,
    channels: Vec<Channel>,
    card_url: String,
    card_alt: String,
    qr_url: String,
    poster_a4_url: String,
    poster_letter_url: String,
    /// The title or name holds signs that card and poster cannot draw.
    is_cut: bool,
}

async fn share(
    site: Data<Site>,
    request: HttpRequest,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let PageOverview { page, campaign, .. } = &owner.overview;
    let now = site.clock.now();
    let is_live = page.status == PageStatus::Live;
    let url = format!("{}/pages/{}", site.config.public_url(), page.slug);
    // Its own facts, though a page that is not shown yet has nothing to pass on.
    let channels = if is_live {
        let slug = page.slug.clone();
        let read = site
            .db
            .read(move |c| PublicPage::read(c, &slug, &Further::default(), now))
            .await?;
        texts::channels(&read, &url, campaign.days_left(now))?
    } else {
        Vec::new()
    };
    let here = format!("/pages/{}", page.slug);
    site.form_page(&request, "page_share", StatusCode::OK, |nonce, _| {
        let head = ("Share your page", "Ways to pass your page on.");
        let shell = frame::shell(&site.config, nonce.as_str(), campaign, now, head).private();
        Ok(SharePage {
            shell,
            tools: PageTools::new(page, Some(Tool::Share)),
            is_live,
            url: tagged(&url, Source::Copy.as_str()),
            channels,
            card_url: public::card_path(&owner.overview, now),
            card_alt: format!("The share card of “{}”", page.title),
            qr_url: format!("{here}/qr.svg"),
            poster_a4_url: format!("{here}/poster.pdf?paper=a4"),
            poster_letter_url: format!("{here}/poster.pdf?paper=letter"),
            is_cut: !lettering::is_drawable(&page.title)
                || !lettering::is_drawable(&page.participant),
        })
    })
}

fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the page"))
}

/// Seconds for which a code may be kept: its page has one address for life.
const CODE_SECONDS: u32 = 3_600;

async fn qr_svg(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0)?;
    let key = format!("/pages/{slug}/qr.svg");
    let render = {
        let site = site.clone();
        move |_: Nonce| async move {
            let overview = site.db.read(move |c| model::by_slug(c, &slug)).await?;
            let public = site.config.public_url();
            let url = format!("{public}/pages/{}", overview.page.slug);
            let svg = qr::svg(&tagged(&url, Source::Qr.as_str()))?;
            Ok(View::new("image/svg+xml", svg)
                .keep(CODE_SECONDS)
                .depends_on("page", &overview.page.id.to_string()))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    paper: String,
}

/// Drawn posters by page, paper and version.
static POSTERS: LazyLock<moka::sync::Cache<String, Bytes>> = LazyLock::new(|| {
    moka::sync::Cache::builder()
        .max_capacity(32 << 20)
        .weigher(|_, pdf: &Bytes| u32::try_from(pdf.len()).unwrap_or(u32::MAX))
        .build()
});

async fn poster_pdf(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0)?;
    // Whatever else is asked for is the paper of most of the world.
    let paper: Paper = query.0.paper.parse().unwrap_or(Paper::A4);
    let key = format!("/pages/{slug}/poster.pdf?paper={paper}");
    let render = {
        let site = site.clone();
        move |_: Nonce| async move {
            let now = site.clock.now();
            let overview = site.db.read(move |c| model::by_slug(c, &slug)).await?;
            let id = overview.page.id.to_string();
            let version = public::card_version(&overview, now);
            let version = format!("{id} {paper} {version}");
            let pdf = match POSTERS.get(&version) {
                Some(pdf) => pdf,
                None => {
                    let pdf = draw(&site, overview, paper, now).await?;
                    POSTERS.insert(version, pdf.clone());
                    pdf
                }
            };
            let name = HeaderValue::from_static("inline; filename=\"poster.pdf\"");
            Ok(View::new("application/pdf", pdf)
                .header(header::CONTENT_DISPOSITION, name)
                .depends_on("page", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

async fn draw(
    site: &Site,
    overview: PageOverview,
    paper: Paper,
    now: Timestamp,
) -> AppResult<Bytes> {
    let photo = match media::named(overview.page.photo.as_deref()) {
        Some(id) => media::shown_bytes(site, id, Size::Large).await?,
        None => None,
    };
    let url = format!("{}/pages/{}", site.config.public_url(), overview.page.slug);
    let shown_url = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let until = overview.campaign.days_left(now).map(|_| {
        let day = overview.campaign.giving_until.to_string();
        wording::date(&day.as_str().into(), "long").unwrap_or(day)
    });
    let (shown_url, scan_url) = (shown_url.to_owned(), tagged(&url, Source::Poster.as_str()));
    let facts = site
        .db
        .read(move |c| {
            let to = Destinations::of(c, &overview.campaign, now)?;
            let weave = public::weave(c, &overview, &to, None)?;
            let mut card = public::card_facts(&overview, &weave, now);
            card.photo = photo;
            Ok(PosterFacts {
                card,
                participant: overview.page.participant.clone(),
                appeal: overview.campaign.appeal.clone(),
                scan_url,
                shown_url,
                until,
            })
        })
        .await?;
    let drawn = tokio::task::spawn_blocking(move || poster::pdf(&facts, paper)).await;
    Ok(drawn.map_err(AppError::internal)??.into())
}

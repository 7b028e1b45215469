//! `/pages/{slug}`: a participant's page.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::page_view::{WholePage, view};
use super::slug;
use crate::auth::{MaybeSigned, Role};
use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Slug, Timestamp};
use crate::pages;
use crate::pages::public::Further;
use crate::pages::sharing::Source;
use crate::web::headers::Nonce;
use crate::web::{Path, Query, Site, View};

/// What may stand behind `?`; whatever else a link from elsewhere carries is left alone.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
    /// Where the updates go on.
    news: Option<String>,
    /// Where the reader came from.
    utm_source: Option<String>,
}

pub(super) async fn page(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0, "the page")?;
    let now = site.clock.now();
    let further = Further {
        wall: cursor(query.0.after.as_deref()),
        news: cursor(query.0.news.as_deref()),
    };
    let source = Source::known(query.0.utm_source.as_deref());
    if further.wall.is_some() || further.news.is_some() {
        // Cursors are a stranger's to make up: they must not fill the cache.
        let nonce = Nonce::fresh()?;
        let read = site
            .db
            .read(move |c| WholePage::read(c, &slug, &further, now))
            .await?;
        return site.page(
            "page",
            &view(&site.config, nonce.as_str(), &read, source, now)?,
            &nonce,
        );
    }
    // A few known sources, so that what they show fits the cache; the script of the page carries any other on.
    let key = match source {
        Some(source) => format!("/pages/{slug}?utm_source={source}"),
        None => format!("/pages/{slug}"),
    };
    let wanted = slug.clone();
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let read = site
                .db
                .read(move |c| WholePage::read(c, &slug, &Further::default(), now))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, source, now)?;
            let id = read.page.overview.page.id.to_string();
            Ok(View::html(site.render("page", &view)?).depends_on("page", &id))
        }
    };
    match site.views.respond(&request, &key, &[], render).await {
        Err(AppError::NotFound(_)) => elsewhere(&site, &request, wanted, now).await,
        other => other,
    }
}

/// Where a list goes on, if the text is a place of it.
fn cursor<T: DeserializeOwned>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| Cursor::parse(text).ok())
}

/// Where no page is shown: one may have been here before, or its owner looks at what others do not see yet.
async fn elsewhere(
    site: &Site,
    request: &HttpRequest,
    slug: Slug,
    now: Timestamp,
) -> AppResult<HttpResponse> {
    let asked = slug.clone();
    let moved = site
        .db
        .read(move |c| pages::model::moved_from(c, &asked))
        .await?;
    if let Some(to) = moved {
        // Kept for a minute only: the page may move back.
        return Ok(HttpResponse::MovedPermanently()
            .insert_header((header::LOCATION, format!("/pages/{to}")))
            .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
            .finish());
    }
    let missing = || AppError::NotFound("the page");
    let MaybeSigned(Some(signed)) = MaybeSigned::extract(request).await? else {
        return Err(missing());
    };
    let overview = site
        .db
        .read(move |c| pages::model::any_by_slug(c, &slug))
        .await?
        .ok_or_else(missing)?;
    let page = &overview.page;
    if page.owner_id != Some(signed.user()) && !signed.may_run(Role::Coordinator, page.campaign_id)
    {
        return Err(missing());
    }
    let state = page.status.words();
    let read = site
        .db
        .read(move |c| WholePage::of(c, overview, &Further::default(), now))
        .await?;
    let nonce = Nonce::fresh()?;
    let mut view = view(&site.config, nonce.as_str(), &read, None, now)?;
    view.private_note = Some(format!(
        "Only you and the people who run this campaign see this page: {state}."
    ));
    view.give_url = None;
    view.shell.give_url = None;
    view.shell = view.shell.private();
    site.page("page", &view, &nonce)
}

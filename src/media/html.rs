//! `GET /media/{id}/{size}.jpg`: a photograph, to whom may see it.

use std::time::Duration;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::model::{self, InStory, Media, MediaId, Size, Use};
use super::store;
use crate::auth::{Coordinator, MaybeSigned, Role};
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::Zone;
use crate::web::headers::Nonce;
use crate::web::{Path, Site, View};

/// Mounts the photographs.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/media/{id}/{file}").route(web::get().to(photo)));
}

/// A reader's own browser may keep a photograph for a day, as its address never shows another one; caches between, which
/// many read from, for a minute, so that one taken down is gone (S17: five minutes).
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=86400, s-maxage=60, immutable");

/// A photograph opened by itself is a picture and nothing else.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// A story's picture may be taken back within minutes, in readers' own browsers too (S17).
const KEEP_SHORT: HeaderValue = HeaderValue::from_static("public, max-age=60, s-maxage=60");

const POLICY_NAME: HeaderName = header::CONTENT_SECURITY_POLICY;

/// Reading a file waits for a disk, at most so long.
const PATIENCE: Duration = Duration::from_secs(10);

const MISSING: AppError = AppError::NotFound("this photo");

fn named(file: &str) -> AppResult<Size> {
    file.strip_suffix(".jpg")
        .and_then(Size::named)
        .ok_or(MISSING)
}

async fn photo(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (id, file) = path.0;
    let id: MediaId = id.parse().map_err(|_| MISSING)?;
    let size = named(&file)?;
    let key = model::url(id, size);
    let render = {
        let site = site.clone();
        move |_: Nonce| async move {
            let media = found(&site, id).await?;
            if media.hidden_at.is_some() {
                return Err(MISSING);
            }
            if media.used_for == Use::Story {
                may_be_seen(&site, id).await?;
                let view = View::new("image/jpeg", bytes(&site, id, size).await?).policy(POLICY);
                let robots = HeaderValue::from_static("noindex, noimageindex");
                return Ok(view
                    .header(header::CACHE_CONTROL, KEEP_SHORT)
                    .header(HeaderName::from_static("x-robots-tag"), robots)
                    .never_stale());
            }
            let bytes = bytes(&site, id, size).await?;
            Ok(View::new("image/jpeg", bytes)
                .policy(POLICY)
                .header(header::CACHE_CONTROL, KEEP))
        }
    };
    let scope = id.to_string();
    match site
        .views
        .respond(&request, &key, &[("media", &scope)], render)
        .await
    {
        Err(AppError::NotFound(_)) => hidden(&site, &request, id, size).await,
        // A story that was taken down: its editors still see what it showed, unless that was removed.
        Err(gone @ AppError::Gone(_)) => match hidden(&site, &request, id, size).await {
            Err(AppError::NotFound(_)) => Err(gone),
            other => other,
        },
        other => other,
    }
}

/// Whether everybody may see the picture of a story now.
async fn may_be_seen(site: &Site, id: MediaId) -> AppResult<()> {
    let today = Zone::UTC
        .day_of(site.clock.now())
        .ok_or_else(|| AppError::internal("the clock is out of range"))?;
    let read = site.db.read(move |c| model::in_story(c, id, today));
    match read.await? {
        InStory::Shown => Ok(()),
        InStory::TakenDown => Err(AppError::Gone("this photo")),
        InStory::NotYet => Err(MISSING),
    }
}

/// A hidden photograph, to its owner and to staff of its campaign, a private day's to its owner alone; kept by nobody.
async fn hidden(
    site: &Site,
    request: &HttpRequest,
    id: MediaId,
    size: Size,
) -> AppResult<HttpResponse> {
    let MaybeSigned(Some(signed)) = MaybeSigned::extract(request).await? else {
        return Err(MISSING);
    };
    let media = found(site, id).await?;
    // Whoever sent the picture of a story sees it as staff, or not at all.
    let is_own = media.owner_id == Some(signed.user()) && media.used_for != Use::Story;
    if !is_own && !runs(site, request, media).await? {
        return Err(MISSING);
    }
    let bytes = bytes(site, id, size).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "image/jpeg"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((POLICY_NAME, POLICY))
        .body(bytes))
}

/// Whether the request is of a coordinator, second factor shown, who runs the campaign of this photograph (S9).
async fn runs(site: &Site, request: &HttpRequest, media: Media) -> AppResult<bool> {
    let staff = match Coordinator::extract(request).await {
        Ok(Coordinator(staff)) => staff,
        Err(AppError::Forbidden(_) | AppError::SecondFactor | AppError::Unauthorized) => {
            return Ok(false);
        }
        Err(other) => return Err(other),
    };
    if media.used_for == Use::Story {
        let read = site
            .db
            .read(move |c| model::story_campaigns_of(c, media.id));
        let runs = |campaign: &CampaignId| staff.may_run(Role::Coordinator, *campaign);
        return Ok(staff.campaigns(Role::Coordinator).is_none() || read.await?.iter().any(runs));
    }
    let read = site.db.read(move |c| model::staff_campaign(c, &media));
    let campaign = read.await?;
    Ok(campaign.is_some_and(|campaign| staff.may_run(Role::Coordinator, campaign)))
}

/// The row, which is asked before the disk: a made-up id costs no more than that.
async fn found(site: &Site, id: MediaId) -> AppResult<Media> {
    let media = site.db.read(move |c| model::find(c, id)).await?;
    let media = media.ok_or(MISSING)?;
    if media.removed_at.is_some() {
        return Err(AppError::Gone("this photo"));
    }
    Ok(media)
}

/// The JPEG of a photograph that everybody may see, for drawings that hold it; `None` when there is none to be seen.
///
/// # Errors
/// The database's, and the disk's.
pub async fn shown_bytes(site: &Site, id: MediaId, size: Size) -> AppResult<Option<Vec<u8>>> {
    match found(site, id).await {
        Ok(media) if media.hidden_at.is_some() || media.used_for == Use::Story => Ok(None),
        Ok(_) => match bytes(site, id, size).await {
            Err(AppError::NotFound(_)) => Ok(None),
            other => other.map(Some),
        },
        Err(AppError::NotFound(_) | AppError::Gone(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn bytes(site: &Site, id: MediaId, size: Size) -> AppResult<Vec<u8>> {
    let dir = site.config.media_dir();
    let reading = tokio::task::spawn_blocking(move || store::read(&dir, id, size));
    let read = tokio::time::timeout(PATIENCE, reading).await;
    let read = read.map_err(AppError::internal)?;
    let found = read.map_err(AppError::internal)??;
    // A row whose files are gone: a folder that was not brought along.
    found.ok_or(MISSING)
}

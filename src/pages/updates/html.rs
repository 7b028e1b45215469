//! `/pages/{slug}/updates`: the owner posts news and takes it down.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};

use super::{News, NewsView, PostUpdate, UpdateId, newest, parse_body, post, remove};
use crate::audit;
use crate::campaigns::frame;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Cursor, Limit, Listed};
use crate::media::{self, MediaId, NewMedia, PhotoField, Shape, Use};
use crate::pages::PageOwner;
use crate::pages::tools::{PageTools, Tool};
use crate::web::site::see;
use crate::web::views::shell::Shell;
use crate::web::{CsrfForm, Path, Query, Site, UploadForm};

/// Mounts the tool.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/pages/{slug}/updates")
            .route(web::get().to(show))
            .route(web::post().to(send)),
    )
    .service(
        web::resource("/pages/{slug}/updates/{update}/remove").route(web::post().to(take_down)),
    );
}

/// Context of `page_updates`.
#[derive(Debug, Serialize)]
struct UpdatesView {
    shell: Shell,
    tools: PageTools,
    csrf: String,
    action: String,
    is_live: bool,
    body: String,
    body_error: Option<String>,
    errors: Vec<FieldError>,
    photo: PhotoField,
    news: Vec<NewsView>,
    more_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    after: String,
}

/// The form's fields as text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    body: String,
    photo_alt: String,
    photo_crop: String,
}

async fn show(
    site: Data<Site>,
    request: HttpRequest,
    owner: PageOwner,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let after = Cursor::parse(&query.0.after).ok();
    let (typed, faults) = (Typed::default(), Vec::new());
    draw(
        &site,
        &request,
        &owner,
        after,
        (typed, faults),
        StatusCode::OK,
    )
    .await
}

async fn draw(
    site: &Site,
    request: &HttpRequest,
    owner: &PageOwner,
    after: Option<UpdateId>,
    (typed, faults): (Typed, Vec<FieldError>),
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let (page, campaign) = (&owner.overview.page, &owner.overview.campaign);
    let (id, now) = (page.id, site.clock.now());
    let listed: Listed<News> = site
        .db
        .read(move |c| newest(c, id, after, Limit::default()))
        .await?;
    let action = format!("/pages/{}/updates", page.slug);
    let body_error = faults.iter().find(|fault| fault.field == "body");
    let body_error = body_error.map(|fault| fault.message.clone());
    site.form_page(request, "page_updates", status, |nonce, csrf| {
        let head = ("Updates", "Post news on your page.");
        let shell = frame::shell(&site.config, nonce.as_str(), campaign, now, head).private();
        let more = listed.next.as_ref();
        Ok(UpdatesView {
            shell,
            tools: PageTools::new(page, Some(Tool::Updates)),
            csrf,
            is_live: page.status == crate::pages::PageStatus::Live,
            body: typed.body,
            body_error,
            photo: PhotoField::new("A photo, if you like", false, None, &typed.photo_alt)
                .faults(&faults),
            errors: faults,
            news: listed.items.iter().map(NewsView::new).collect(),
            more_url: more.map(|cursor| format!("{action}?after={}", cursor.as_str())),
            action,
        })
    })
}

async fn send(
    site: Data<Site>,
    request: HttpRequest,
    owner: PageOwner,
    form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    let (typed, mut files) = (form.fields, form.files);
    match accept(&site, &owner, &typed, files.take("photo")).await {
        Ok(()) => Ok(see(&format!("/pages/{}/updates", owner.overview.page.slug))),
        Err(error) => {
            let status = error.status_code();
            let faults = match error {
                AppError::Invalid(faults) => faults,
                AppError::Unprocessable { detail, .. } => vec![FieldError::new("body", detail)],
                other => return Err(other),
            };
            drop(files);
            draw(&site, &request, &owner, None, (typed, faults), status).await
        }
    }
}

/// Posts what was sent, or says all that is to be mended at once.
async fn accept(
    site: &Site,
    owner: &PageOwner,
    typed: &Typed,
    photo: Option<web::Bytes>,
) -> AppResult<()> {
    let mut faults = Vec::new();
    let mut mend = |error: AppError| match error {
        AppError::Invalid(found) => {
            faults.extend(found);
            Ok(())
        }
        other => Err(other),
    };
    let body = match parse_body(&typed.body) {
        Ok(body) => Some(body),
        Err(error) => mend(error).map(|()| None)?,
    };
    let photo_alt = match media::parse_alt(&typed.photo_alt) {
        Ok(alt) => alt,
        Err(error) => mend(error).map(|()| String::new())?,
    };
    let photo = match photo {
        Some(bytes) => match take(site, owner, bytes).await {
            Ok(new) => Some(new),
            Err(error) => mend(error).map(|()| None)?,
        },
        None => None,
    };
    let (Some(body), true) = (body, faults.is_empty()) else {
        return Err(AppError::Invalid(faults));
    };
    let page = owner.overview.page.id;
    let update = PostUpdate {
        id: UpdateId::new(),
        page,
        body,
        photo_alt: if photo.is_some() {
            photo_alt
        } else {
            String::new()
        },
        photo: photo.as_ref().map(|new| new.id),
    };
    let deed = owner.deed("page.post_update");
    let now = site.clock.now();
    site.db
        .tx(move |c| {
            if let Some(new) = &photo {
                media::insert(c, new, now)?;
            }
            post(c, &update, now)?;
            match &deed {
                Some(deed) => audit::record(c, deed, now),
                None => Ok(()),
            }
        })
        .await?;
    site.views.changed("page", &page.to_string());
    Ok(())
}

async fn take(site: &Site, owner: &PageOwner, bytes: web::Bytes) -> AppResult<NewMedia> {
    let user = owner.signed.user();
    media::take(site, user, Use::PageUpdate, Shape::Whole, bytes).await
}

/// A form without fields of its own.
#[derive(Debug, Deserialize)]
struct Nothing {}

async fn take_down(
    site: Data<Site>,
    owner: PageOwner,
    path: Path<(String, String)>,
    _form: CsrfForm<Nothing>,
) -> AppResult<HttpResponse> {
    let missing = |_| AppError::NotFound("this update");
    let id: UpdateId = path.0.1.parse().map_err(missing)?;
    let page = owner.overview.page.id;
    let deed = owner.deed("page.remove_update");
    let now = site.clock.now();
    let photo: Option<MediaId> = site
        .db
        .tx(move |c| {
            let photo = remove(c, page, id, now)?;
            if let Some(deed) = &deed {
                audit::record(c, deed, now)?;
            }
            Ok(photo)
        })
        .await?;
    site.views.withdrawn("page", &page.to_string());
    if let Some(photo) = photo {
        media::withdrawn(&site, photo);
    }
    Ok(see(&format!("/pages/{}/updates", owner.overview.page.slug)))
}

//! `/console/newsletters/pictures`: the pictures that newsletters choose from. A page of its own, so that nothing that is being
//! written elsewhere is lost by sending a file.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::Typed;
use crate::auth::Coordinator;
use crate::error::{AppError, AppResult};
use crate::kernel::Line;
use crate::media::{self, ALT_MAX, Shape, Size, Use};
use crate::newsletters::pictures;
use crate::web::site::see;
use crate::web::{Site, UploadForm};

#[derive(Serialize)]
struct PictureView {
    url: String,
    alt: String,
    added_at: String,
}

/// Context of `console/newsletter_pictures`.
#[derive(Serialize)]
struct PicturesView {
    rows: Vec<PictureView>,
    alt: String,
    photo_error: Option<String>,
    alt_error: Option<String>,
    notice: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    draw(&desk, &Typed::default(), Mend::none()).await
}

async fn draw(desk: &Desk, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let all = desk.site.db.read(pictures::newest).await?;
    let view = PicturesView {
        rows: all
            .iter()
            .map(|one| PictureView {
                url: media::url(one.media_id, Size::Small),
                alt: one.alt.clone(),
                added_at: one.created_at.rfc3339(),
            })
            .collect(),
        alt: typed.text("photo_alt").to_owned(),
        photo_error: mend.at("photo"),
        alt_error: mend.at("photo_alt"),
        notice: mend.notice,
    };
    desk.show(
        "newsletter_pictures",
        "Pictures for newsletters",
        mend.status,
        view,
    )
}

/// Adds a picture: fields `photo`, `photo_alt`.
pub(super) async fn add(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    mut form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    match taken(&desk, &mut form).await {
        Ok(()) => Ok(see("/console/newsletters/pictures?done=picture-added")),
        Err(error) => draw(&desk, &form.fields, Mend::of(error)?).await,
    }
}

async fn taken(desk: &Desk, form: &mut UploadForm<Typed>) -> AppResult<()> {
    let alt = Line::parse(form.fields.text("photo_alt"), ALT_MAX).map_err(|_| {
        AppError::field(
            "photo_alt",
            "say in at most 200 characters what the picture shows, for people who cannot see it",
        )
    })?;
    let bytes = form
        .files
        .take("photo")
        .ok_or_else(|| AppError::field("photo", "choose a picture"))?;
    let (by, now) = (desk.signed.user(), desk.now());
    let new = media::take(&desk.site, by, Use::Newsletter, Shape::Whole, bytes).await?;
    let work = desk
        .site
        .db
        .tx(move |c| pictures::add(c, &new, &alt, by, now));
    work.await
}

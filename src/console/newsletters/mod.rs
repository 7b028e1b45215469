//! `/console/newsletters`: newsletters are listed, written, previewed, checked and approved. Sending is the next room's.
//!
//! Everything works without a script: blocks are added, moved and taken away by buttons of the one form, which keeps what was
//! typed whatever happens; the preview is a frame that the same form is posted into.

mod deeds;
mod editor;
mod form;
mod list;
mod pictures;
mod preview;
mod reach;
mod views;

use actix_web::web;

use super::scope::Scope;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::newsletters::{Newsletter, NewsletterId, model};

/// Mounts the pages.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/console/newsletters")
            .route(web::get().to(list::list))
            .route(web::post().to(list::create)),
    )
    .service(web::resource("/console/newsletters/settings").route(web::post().to(list::settings)))
    .service(web::resource("/console/newsletters/counting").route(web::post().to(list::count)))
    .service(
        web::resource("/console/newsletters/pictures")
            .route(web::get().to(pictures::list))
            .route(web::post().to(pictures::add)),
    )
    .service(
        web::resource("/console/newsletters/of-report/{report}")
            .route(web::post().to(list::of_report)),
    )
    .service(
        web::resource("/console/newsletters/{id}")
            .route(web::get().to(editor::show))
            .route(web::post().to(editor::save)),
    )
    .service(
        web::resource("/console/newsletters/{id}/mail")
            .route(web::get().to(preview::saved))
            .route(web::post().to(preview::typed)),
    )
    .service(web::resource("/console/newsletters/{id}/test").route(web::post().to(deeds::test)))
    .service(
        web::resource("/console/newsletters/{id}/approve").route(web::post().to(deeds::approve)),
    )
    .service(web::resource("/console/newsletters/{id}/state").route(web::post().to(deeds::state)));
}

/// The newsletter of a path, if the reader's role holds for its season; one of no season is for those who run all.
fn newsletter_of(conn: &mut Conn, scope: &Scope, text: &str) -> AppResult<Newsletter> {
    let id: NewsletterId = text
        .parse()
        .map_err(|_| AppError::NotFound("this newsletter"))?;
    let newsletter = model::by_id(conn, id)?;
    match newsletter.campaign_id {
        Some(campaign) => scope.check(campaign)?,
        None => scope.check_whole()?,
    }
    Ok(newsletter)
}

//! `/console/sequences`: series of mails that go by themselves; what one person would get of them; and the coach's tips, whose
//! days and words staff edit.

mod coach;
mod form;
mod list;
mod one;
mod simulator;
mod steps;
mod tips;

use actix_web::web;

/// Mounts the pages.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/console/sequences")
            .route(web::get().to(list::list))
            .route(web::post().to(one::make)),
    )
    .service(web::resource("/console/new-sequence").route(web::get().to(one::new)))
    .service(
        web::resource("/console/sequences/{id}")
            .route(web::get().to(one::show))
            .route(web::post().to(one::act)),
    )
    .service(web::resource("/console/sequences/{id}/steps").route(web::post().to(steps::add)))
    .service(
        web::resource("/console/sequences/{id}/steps/{step}").route(web::post().to(steps::act)),
    )
    .service(web::resource("/console/simulator").route(web::get().to(simulator::show)))
    .service(
        web::resource("/console/tips")
            .route(web::get().to(tips::show))
            .route(web::post().to(tips::save)),
    );
}

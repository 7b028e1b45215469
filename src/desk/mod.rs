//! The partners' desk, `/desk`: own grants and the reports that are due on them, own programs, and the reports themselves.
//!
//! Every handler takes a [`PartnerStaff`](crate::partners::PartnerStaff) and hands it on to the finders, so that the staff of
//! one partner see nothing of another (S9): what is another's is not found. The verbs are those of `partners` and
//! `impact::reports`; here they are put on pages.

mod documents;
mod home;
mod invitations;
mod programs;
mod reports;
mod rows;
mod steps;
mod table;

use actix_web::web;

/// Mounts the pages.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/desk").route(web::get().to(home::show)))
        .service(web::resource("/desk/reports").route(web::post().to(home::begin)))
        .service(
            web::resource("/desk/reports/{id}")
                .route(web::get().to(reports::show))
                .route(web::post().to(reports::act)),
        )
        .service(
            web::resource("/desk/reports/{id}/documents").route(web::post().to(documents::attach)),
        )
        .service(
            web::resource("/desk/reports/{id}/documents/{document}")
                .route(web::get().to(documents::hand_out))
                .route(web::post().to(documents::detach)),
        )
        .service(
            web::resource("/desk/reports/{id}/{step}")
                .route(web::get().to(steps::show))
                .route(web::post().to(steps::save)),
        )
        .service(
            web::resource("/desk/programs/{slug}")
                .route(web::get().to(programs::show))
                .route(web::post().to(programs::act)),
        )
        .service(
            web::resource("/desk/invitations/{token}")
                .route(web::get().to(invitations::show))
                .route(web::post().to(invitations::accept)),
        );
}

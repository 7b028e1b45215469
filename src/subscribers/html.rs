//! The readers' own pages: joining, leaving, choosing. None needs a login; each that is reached by a private link is kept by
//! nobody and tells no other site its address (S7).

mod frame;
mod join;
mod leave;
mod preferences;

use actix_web::web::{self, ServiceConfig};

/// Mounts the pages.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/subscribe")
            .route(web::get().to(join::form))
            .route(web::post().to(join::ask)),
    )
    .service(web::resource("/subscribe/sent").route(web::get().to(join::sent)))
    .service(
        web::resource("/subscribe/{token}")
            .route(web::get().to(join::confirm))
            .route(web::post().to(join::agree)),
    )
    .service(
        web::resource("/unsubscribe/{token}")
            .route(web::get().to(leave::show))
            .route(web::post().to(leave::act)),
    )
    .service(
        web::resource("/preferences/{token}")
            .route(web::get().to(preferences::show))
            .route(web::post().to(preferences::save)),
    )
    .service(web::resource("/preferences/{token}/data").route(web::get().to(preferences::data)))
    .service(web::resource("/preferences/{token}/erase").route(web::post().to(preferences::erase)));
}

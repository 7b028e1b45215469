//! `/pages/{slug}/edit`: what the page says, where it is, whose it is, and whether it is shown.

mod form;
mod html;
mod life;
mod transfer;
mod view;

use actix_web::web::{self, ServiceConfig};

/// Mounts the editor.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/pages/transfer/{token}")
            .route(web::get().to(transfer::look))
            .route(web::post().to(transfer::decide)),
    )
    .service(
        web::resource("/pages/{slug}/edit")
            .route(web::get().to(html::form))
            .route(web::post().to(html::save)),
    )
    .service(web::resource("/pages/{slug}/edit/state").route(web::post().to(life::act)))
    .service(web::resource("/pages/{slug}/edit/transfer").route(web::post().to(transfer::offer)));
}

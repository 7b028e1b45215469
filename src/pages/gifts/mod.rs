//! `/pages/{slug}/gifts`: who gave, as the page's owner sees it, and thanks; entries of gifts outside the program; and
//! `/pages/{slug}/asks`: whom of the earlier seasons to ask again.
//!
//! An anonymous giver's name and address never leave the database here (S18): [`model::OwnedGift`] does not hold them.

pub mod asks;
mod asks_page;
mod entry;
mod html;
pub mod model;
mod offline;
pub mod thanks;
mod view;

use actix_web::web::{self, ServiceConfig};

/// Mounts the owner's view of gifts.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/pages/{slug}/gifts").route(web::get().to(html::wall)))
        .service(web::resource("/pages/{slug}/gifts.csv").route(web::get().to(html::csv)))
        .service(web::resource("/pages/{slug}/gifts/thanks").route(web::post().to(html::thank)))
        .service(
            web::resource("/pages/{slug}/gifts/thanks/all").route(web::post().to(html::thank_all)),
        )
        .service(web::resource("/pages/{slug}/gifts/offline").route(web::post().to(offline::enter)))
        .service(
            web::resource("/pages/{slug}/gifts/offline/{id}")
                .route(web::get().to(offline::form))
                .route(web::post().to(offline::mend)),
        )
        .service(
            web::resource("/pages/{slug}/gifts/offline/{id}/withdraw")
                .route(web::post().to(offline::withdraw)),
        )
        .service(
            web::resource("/pages/{slug}/asks")
                .route(web::get().to(asks_page::list))
                .route(web::post().to(asks_page::tick)),
        );
}

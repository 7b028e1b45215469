//! `/console/segments`: who is meant, said in conditions that anybody can read; how many they are, and a sample.
//!
//! The builder is one form that holds the whole rule. Every button posts it, and it comes back as it was typed with the part
//! added or taken away, the sentence that it says and the number of people: it needs no script, and nothing typed is lost.

mod back;
mod build;
mod choices;
mod list;
mod outcome;
mod parts;
mod read;
mod tree;
mod view;

use actix_web::web;

/// Mounts the pages.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/console/segments")
            .route(web::get().to(list::list))
            .route(web::post().to(build::make)),
    )
    .service(web::resource("/console/new-segment").route(web::get().to(build::new)))
    .service(
        web::resource("/console/segments/{id}")
            .route(web::get().to(build::show))
            .route(web::post().to(build::change)),
    );
}

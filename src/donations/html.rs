//! The pages of a gift's way: give, thanks, trace; and what a sponsor's pool became. Each is made for one reader and kept by nobody.

mod aim;
mod form;
mod give;
mod give_page;
mod sponsored;
mod thanks;
mod trace;
mod trace_far;
mod trace_page;
mod trace_parts;

use actix_web::web::{self, ServiceConfig};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/give/{campaign}")
            .route(web::get().to(give::form))
            .route(web::post().to(give::give)),
    )
    .service(web::resource("/thanks/{token}").route(web::get().to(thanks::thanks)))
    .service(web::resource("/matches/{token}").route(web::get().to(sponsored::sponsored)))
    .service(web::resource("/gifts/{token}").route(web::get().to(trace::trace)));
}

#[cfg(test)]
mod tests;

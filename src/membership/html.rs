//! `/pages/{slug}/team` and the ways into a team.

mod invited;
mod join;
mod tab;

use actix_web::web::{self, ServiceConfig};

use crate::error::{AppError, AppResult};
use crate::kernel::Slug;

/// Mounts the pages. `/teams/join/{token}` stands before whatever a team's slug could be.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/teams/join/{token}")
            .route(web::get().to(invited::look))
            .route(web::post().to(invited::accept)),
    )
    .service(web::resource("/teams/{team}/join").route(web::get().to(join::choose)))
    .service(web::resource("/pages/{slug}/team").route(web::get().to(tab::tab)))
    .service(web::resource("/pages/{slug}/team/leave").route(web::post().to(tab::leave)))
    .service(web::resource("/pages/{slug}/team/withdraw").route(web::post().to(tab::withdraw)))
    .service(
        web::resource("/pages/{slug}/team/join/{team}")
            .route(web::get().to(join::form))
            .route(web::post().to(join::join)),
    );
}

fn team_slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the team"))
}

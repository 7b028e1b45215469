//! A newsletter on its way: how far it is, what holds it up, what became of each recipient.

mod acts;
mod log;
mod results;
mod sending;

use actix_web::web;

use super::scope::Scope;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::newsletters::model::by_id;
use crate::newsletters::{Newsletter, NewsletterId};

/// Mounts the pages.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/console/newsletters/{id}/sending")
            .route(web::get().to(sending::show))
            .route(web::post().to(acts::act)),
    )
    .service(web::resource("/console/newsletters/{id}/results").route(web::get().to(results::show)))
    .service(
        web::resource("/console/newsletters/{id}/results.csv").route(web::get().to(results::csv)),
    )
    .service(web::resource("/console/newsletters/{id}/recipients").route(web::get().to(log::list)))
    .service(
        web::resource("/console/newsletters/{id}/recipients.csv").route(web::get().to(log::csv)),
    );
}

fn newsletter_id(text: &str) -> AppResult<NewsletterId> {
    text.parse()
        .map_err(|_| AppError::NotFound("this newsletter"))
}

/// A newsletter that whoever asks may send: one of their seasons, or one of none for those who run all.
fn of_scope(conn: &mut Conn, scope: &Scope, id: NewsletterId) -> AppResult<Newsletter> {
    let newsletter = by_id(conn, id)?;
    match newsletter.campaign_id {
        Some(campaign) => scope.check(campaign)?,
        None => scope.check_whole()?,
    }
    Ok(newsletter)
}

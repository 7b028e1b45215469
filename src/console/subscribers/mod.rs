//! `/console/subscribers`, `/console/lists`: readers of newsletters, their lists, files of them, and who must not be written to.
//!
//! A coordinator of single seasons sees the lists of those and whoever is on them; files, suppressions and merges concern
//! everybody, and are for whoever runs every season (S9).

mod import;
mod imports;
mod list;
mod lists;
mod person;
mod person_acts;
mod suppressions;
mod table;

use actix_web::web::{self, ServiceConfig};

use super::scope::Scope;
use crate::db::Conn;
use crate::error::AppResult;
use crate::subscribers::ListId;
use crate::subscribers::model::{List, all_lists};

/// Mounts the pages.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/console/subscribers")
            .route(web::get().to(list::show))
            .route(web::post().to(list::invite)),
    )
    .service(web::resource("/console/subscribers.csv").route(web::get().to(list::csv)))
    .service(
        web::resource("/console/subscribers/imports")
            .route(web::get().to(imports::show))
            .route(web::post().to(imports::upload)),
    )
    .service(
        web::resource("/console/subscribers/imports/{id}")
            .route(web::get().to(import::show))
            .route(web::post().to(import::act)),
    )
    .service(
        web::resource("/console/subscribers/imports/{id}/faults.csv")
            .route(web::get().to(import::faults)),
    )
    .service(
        web::resource("/console/subscribers/suppressions")
            .route(web::get().to(suppressions::show))
            .route(web::post().to(suppressions::act)),
    )
    .service(
        web::resource("/console/subscribers/{id}")
            .route(web::get().to(person::show))
            .route(web::post().to(person_acts::act)),
    )
    .service(
        web::resource("/console/lists")
            .route(web::get().to(lists::show))
            .route(web::post().to(lists::act)),
    )
    .service(web::resource("/console/lists/{id}").route(web::post().to(lists::change)));
}

/// The lists that a reader of the console may see.
fn lists_in(conn: &mut Conn, scope: &Scope, with_archived: bool) -> AppResult<Vec<List>> {
    let mut all = all_lists(conn, with_archived)?;
    all.retain(|list| match list.campaign_id {
        Some(campaign) => scope.holds(campaign),
        None => scope.is_whole(),
    });
    Ok(all)
}

/// The ids of [`lists_in`], where not every list is seen.
fn narrowed(conn: &mut Conn, scope: &Scope) -> AppResult<Option<Vec<ListId>>> {
    if scope.is_whole() {
        return Ok(None);
    }
    let own = lists_in(conn, scope, true)?;
    Ok(Some(own.into_iter().map(|list| list.id).collect()))
}

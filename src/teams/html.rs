//! A team's stream, the form that starts one, and the room of those who lead it. The public page is drawn by `home`.

mod deeds;
mod manage;
pub(in crate::teams) mod start;
mod typed;

pub use typed::NAME;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};

use super::TeamId;
use super::model::{self, TeamOverview};
use super::public::weave;
use crate::campaigns::frame::Destinations;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Limit, Slug, Timestamp};
use crate::walls::{self, Wall, live};
use crate::web::views::palette::Accent;
use crate::web::{Path, Site};

/// Mounts the teams' pages.
pub fn routes(cfg: &mut ServiceConfig) {
    let deed = |name: &str| web::resource(format!("/teams/{{slug}}/manage/{name}"));
    cfg.service(web::resource("/teams/{slug}/events").route(web::get().to(events)))
        .service(web::resource("/teams/{slug}/manage").route(web::get().to(manage::room)))
        .service(
            web::resource("/start-team/{campaign}")
                .route(web::get().to(start::form))
                .route(web::post().to(start::start)),
        )
        .service(deed("edit").route(web::post().to(deeds::edit)))
        .service(deed("remove").route(web::post().to(deeds::remove)))
        .service(deed("co-captain").route(web::post().to(deeds::co_captain)))
        .service(deed("captain").route(web::post().to(deeds::hand_on)))
        .service(deed("request").route(web::post().to(deeds::answer)))
        .service(deed("invite").route(web::post().to(deeds::invite)))
        .service(deed("revoke").route(web::post().to(deeds::revoke)))
        .service(deed("message").route(web::post().to(deeds::write)))
        .service(deed("archive").route(web::post().to(deeds::archive)));
}

fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the team"))
}

async fn events(site: Data<Site>, path: Path<String>) -> AppResult<HttpResponse> {
    let slug = slug(&path.0)?;
    let id = site
        .db
        .read(move |c| Ok(model::by_slug(c, &slug)?.team.id))
        .await?;
    let watcher = site.live.watch("team", &id.to_string())?;
    let now = site.clock.now();
    let state = site.db.read(move |c| live_state(c, id, false, now)).await?;
    Ok(watcher.begin(state.as_deref()))
}

/// What watchers of a team are told, the newest gift by name if `announce`; `None` for a team that is not shown.
///
/// # Errors
/// The database's.
pub fn live_state(
    conn: &mut Conn,
    id: TeamId,
    announce: bool,
    now: Timestamp,
) -> AppResult<Option<String>> {
    match model::shown_by_id(conn, id)? {
        Some(overview) => state_of(conn, &overview, announce, now).map(Some),
        None => Ok(None),
    }
}

fn state_of(
    conn: &mut Conn,
    overview: &TeamOverview,
    announce: bool,
    now: Timestamp,
) -> AppResult<String> {
    let to = Destinations::of(conn, &overview.campaign, now)?;
    let weave = weave(conn, overview, &to, None)?;
    let newest = walls::newest(conn, Wall::Team(overview.team.id), None, Limit::default())?;
    let accent = Accent::new(overview.campaign.accent.as_str());
    live::message(&weave, &accent.light, &newest.items, (announce, false), now)
}

//! `/console/sequences`: those that are there.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::auth::Coordinator;
use crate::campaigns::model as campaigns;
use crate::console::desk::{Desk, Room};
use crate::console::scope::Scope;
use crate::error::AppResult;
use crate::sequences::model;
use crate::web::Site;

#[derive(Serialize)]
struct RowView {
    url: String,
    name: String,
    season: String,
    state: &'static str,
    because: String,
    steps: usize,
}

/// Context of `console/sequences`.
#[derive(Serialize)]
struct ListView {
    rows: Vec<RowView>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    let scope = Scope::of(&desk.signed);
    let rows = site
        .db
        .read(move |c| {
            let seasons = campaigns::all(c)?;
            let all = model::list(c, scope.ids())?;
            let ids: Vec<_> = all.iter().map(|one| one.id).collect();
            let steps = model::steps(c, &ids)?;
            let rows = all.into_iter().map(|one| RowView {
                url: format!("/console/sequences/{}", one.id),
                season: seasons
                    .iter()
                    .find(|season| Some(season.id) == one.campaign_id)
                    .map(|season| season.title.clone())
                    .unwrap_or_default(),
                state: one.state.as_str(),
                because: one.trigger_rule.0.because(),
                steps: steps.iter().filter(|step| step.sequence == one.id).count(),
                name: one.name,
            });
            Ok(rows.collect())
        })
        .await?;
    desk.page("sequences", "Sequences", ListView { rows })
}

//! `/console/segments`: the segments in use.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::auth::Coordinator;
use crate::campaigns::model as campaigns;
use crate::console::desk::{Desk, Room};
use crate::console::listing::{self, ROWS};
use crate::console::scope::Scope;
use crate::error::AppResult;
use crate::segments::model;
use crate::segments::words::{Names, sentence};
use crate::web::query::after;
use crate::web::{Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
}

#[derive(Serialize)]
struct RowView {
    url: String,
    name: String,
    season: String,
    sentence: String,
    changed_at: String,
}

/// Context of `console/segments`.
#[derive(Serialize)]
struct ListView {
    rows: Vec<RowView>,
    next_url: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Segments);
    let place = after(Some(query.0.after.as_str()).filter(|text| !text.is_empty()))?;
    let scope = Scope::of(&desk.signed);
    let (rows, next) = site
        .db
        .read(move |c| {
            let seasons = campaigns::all(c)?;
            let listed = model::list(c, scope.ids(), place, ROWS)?;
            let mut rows = Vec::new();
            for one in &listed.items {
                let said = match one.rule() {
                    Ok(rule) => {
                        let names = Names::of(c, &rule, one.campaign_id)?;
                        sentence(&rule, &names, one.campaign_id)
                    }
                    Err(_) => "This program cannot read it.".to_owned(),
                };
                let season = seasons
                    .iter()
                    .find(|season| Some(season.id) == one.campaign_id);
                rows.push(RowView {
                    url: format!("/console/segments/{}", one.id),
                    name: one.name.clone(),
                    season: season
                        .map(|season| season.title.clone())
                        .unwrap_or_default(),
                    sentence: said,
                    changed_at: one.changed_at.rfc3339(),
                });
            }
            Ok((rows, listed))
        })
        .await?;
    let view = ListView {
        rows,
        next_url: listing::next(&desk.request, &next),
    };
    desk.page("segments", "Segments", view)
}

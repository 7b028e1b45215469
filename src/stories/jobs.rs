//! What runs by itself for stories.

use actix_web::web::Data;

use super::takedown;
use crate::error::AppResult;
use crate::jobs::Registry;
use crate::web::Site;

/// Registers the job and its schedule: each minute, stories whose consent has ended.
pub fn jobs(registry: &mut Registry, site: &Data<Site>) {
    let site = site.clone();
    registry.on("end_stories", move |_| {
        let site = site.clone();
        async move { end(&site).await }
    });
    registry.every("end_stories", 60, "end_stories");
}

async fn end(site: &Site) -> AppResult<()> {
    loop {
        let now = site.clock.now();
        let ended = site.db.tx(move |c| takedown::end_due(c, now)).await?;
        if ended.is_empty() {
            return Ok(());
        }
        for reach in &ended {
            reach.withdrawn(site);
        }
    }
}

//! What runs by itself for sequences.

use actix_web::web::Data;

use super::{advance, enrol};
use crate::deliveries::schedule;
use crate::jobs::Registry;
use crate::segments::participants;
use crate::web::Site;

/// Seconds between two runs: five minutes.
const EVERY: i64 = 300;

/// Registers the run: whoever something happened to is enrolled, and whoever is on their way goes on.
pub fn jobs(registry: &mut Registry, site: &Data<Site>) {
    let site = site.clone();
    registry.on("sequences", move |_| {
        let site = site.clone();
        async move {
            let now = site.clock.now();
            // A copy out of a backup does not know what was sent since (N18).
            if site.db.read(schedule::is_held).await? {
                return Ok(());
            }
            let made = participants::make_known(&site.db, now).await?;
            let enrolled = enrol(&site.db, now).await?;
            let from = site.config.newsletters_from();
            let domain = from.as_str().rsplit('@').next().unwrap_or_default();
            let moved = advance(&site.db, domain, now).await?;
            if made + enrolled + moved.due > 0 {
                tracing::info!(
                    made,
                    enrolled,
                    due = moved.due,
                    mailed = moved.mailed,
                    "sequences went on"
                );
            }
            Ok(())
        }
    });
    registry.every("sequences", EVERY, "sequences");
}

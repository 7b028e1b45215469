//! What runs by itself for sequences.

use actix_web::web::Data;

use super::{advance, enrol};
use crate::jobs::Registry;
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
            let enrolled = enrol(&site.db, now).await?;
            let moved = advance(&site.db, now).await?;
            if enrolled + moved.due > 0 {
                tracing::info!(enrolled, due = moved.due, mailed = moved.mailed, "sequences went on");
            }
            Ok(())
        }
    });
    registry.every("sequences", EVERY, "sequences");
}

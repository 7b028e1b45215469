//! What runs by itself for sequences.

use actix_web::web::Data;

use super::{advance, enrol};
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
            let made = participants::make_known(&site.db, now).await?;
            let enrolled = enrol(&site.db, now).await?;
            let from = site.config.mail.from.as_str();
            let domain = from.rsplit('@').next().unwrap_or(from);
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

//! What runs by itself for the coach.

use super::Coach;
use crate::jobs::Registry;

/// Seconds between two walks: a quarter of an hour.
const EVERY: i64 = 900;

/// Registers the walk.
pub fn jobs(registry: &mut Registry, coach: Coach) {
    registry.on("coach", move |_| {
        let coach = coach.clone();
        async move {
            let walked = coach.walk().await?;
            metrics::counter!("selvedge_coaching_mails_total")
                .increment(u64::try_from(walked.letters).unwrap_or_default());
            tracing::info!(
                pages = walked.pages,
                badges = walked.badges,
                letters = walked.letters,
                "the coach walked"
            );
            Ok(())
        }
    });
    registry.every("coach", EVERY, "coach");
}

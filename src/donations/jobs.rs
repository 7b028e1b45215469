//! What runs by itself for the gifts.

use super::{Giving, reconcile};
use crate::jobs::Registry;
use crate::ledger::seals;

/// Registers the jobs and their schedules.
pub fn jobs(registry: &mut Registry, giving: &Giving) {
    let asking = giving.clone();
    registry.on("ask_about_pending_gifts", move |_| {
        let giving = asking.clone();
        async move { giving.ask_about_pending().await.map(|_| ()) }
    });
    let listing = giving.clone();
    registry.on("list_processor_events", move |_| {
        let giving = listing.clone();
        async move { giving.list_events().await.map(|_| ()) }
    });
    let watching = giving.clone();
    registry.on("watch_payments", move |_| {
        let giving = watching.clone();
        async move { giving.watch().await.map(|_| ()) }
    });
    let sealing = giving.clone();
    registry.on(seals::SCHEDULE, move |_| {
        let giving = sealing.clone();
        async move {
            let now = giving.site.clock.now();
            while giving
                .site
                .db
                .tx(move |conn| seals::seal(conn, now))
                .await?
                > 0
            {}
            Ok(())
        }
    });
    let forgetting = giving.clone();
    registry.on("forget_idempotency_keys", move |_| {
        let giving = forgetting.clone();
        async move {
            let now = giving.site.clock.now();
            giving
                .site
                .db
                .tx(move |conn| reconcile::forget_old_keys(conn, now))
                .await
                .map(|_| ())
        }
    });
    registry.every("ask_about_pending_gifts", 15, "ask_about_pending_gifts");
    registry.every("list_processor_events", 300, "list_processor_events");
    registry.every("watch_payments", 60, "watch_payments");
    registry.every(seals::SCHEDULE, 60, seals::SCHEDULE);
    registry.every("forget_idempotency_keys", 3600, "forget_idempotency_keys");
}

//! When the processor is asked for its payouts.

use crate::donations::Giving;
use crate::jobs::Registry;

/// Registers the job: hourly, and enqueued by the processor's events of payouts.
pub fn jobs(registry: &mut Registry, giving: &Giving) {
    let asking = giving.clone();
    registry.on("reconcile_payouts", move |_| {
        let giving = asking.clone();
        async move { super::reconcile(&giving).await.map(|_| ()) }
    });
    registry.every("reconcile_payouts", 3600, "reconcile_payouts");
}

//! What runs by itself for accounts: forgetting links and sessions that are over.

use actix_web::web::Data;
use chrono::Duration;

use crate::auth::{mailed, sessions};
use crate::jobs::Registry;
use crate::web::Site;

/// Links are kept this long after their end, so that "was that you?" can be answered.
const LINKS_KEPT: Duration = Duration::days(30);

/// The longest life of any session (S1).
const SESSIONS_KEPT: Duration = Duration::days(30);

/// Registers the jobs and their schedules.
pub fn jobs(registry: &mut Registry, site: &Data<Site>) {
    let links = site.clone();
    registry.on("forget_mailed_links", move |_| {
        let site = links.clone();
        async move {
            let before = site.clock.now().minus(LINKS_KEPT);
            let forget = move |conn: &mut _| mailed::forget(conn, before);
            site.db.tx(forget).await.map(|_| ())
        }
    });
    let over = site.clone();
    registry.on("forget_sessions", move |_| {
        let site = over.clone();
        async move {
            let before = site.clock.now().minus(SESSIONS_KEPT);
            let forget = move |conn: &mut _| sessions::forget(conn, before);
            site.db.tx(forget).await.map(|_| ())
        }
    });
    registry.every("forget_mailed_links", 3600, "forget_mailed_links");
    registry.every("forget_sessions", 3600, "forget_sessions");
}

//! What runs by itself for stories.

use actix_web::web::Data;

use super::reminders::Reminders;
use super::takedown;
use crate::error::AppResult;
use crate::jobs::Registry;
use crate::web::Site;

/// Registers the jobs and their schedules: each minute, stories whose consent has ended; each hour, mails of consents that
/// will.
pub fn jobs(registry: &mut Registry, site: &Data<Site>, reminders: &Reminders) {
    let (reminded, reminders) = (site.clone(), reminders.clone());
    registry.on("remind_of_consents", move |_| {
        let (site, reminders) = (reminded.clone(), reminders.clone());
        async move {
            let now = site.clock.now();
            let work = site.db.tx(move |c| reminders.remind(c, now));
            work.await.map(|_| ())
        }
    });
    registry.every("remind_of_consents", 3_600, "remind_of_consents");
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

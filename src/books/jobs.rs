//! What runs by itself: bringing the sums up, and closing days.

use actix_web::web::Data;

use super::{close, model, project};
use crate::campaigns::model::all;
use crate::error::AppResult;
use crate::jobs::Registry;
use crate::web::Site;

/// Registers the jobs and their schedules.
pub fn jobs(registry: &mut Registry, site: &Data<Site>) {
    let summing = site.clone();
    registry.on("sum_books", move |_| {
        let site = summing.clone();
        async move { bring_up(&site).await }
    });
    let closing = site.clone();
    registry.on("close_book_days", move |_| {
        let site = closing.clone();
        async move { close_days(&site).await }
    });
    registry.every("sum_books", 30, "sum_books");
    registry.every("close_book_days", 600, "close_book_days");
}

/// Adds every transfer that came, step by step.
async fn bring_up(site: &Site) -> AppResult<()> {
    let now = site.clock.now();
    while site.db.tx(move |c| project::advance(c, now)).await? > 0 {}
    Ok(())
}

/// Closes the days that are over, campaign by campaign.
async fn close_days(site: &Site) -> AppResult<()> {
    bring_up(site).await?;
    let now = site.clock.now();
    for campaign in site.db.read(all).await? {
        let closed = site
            .db
            .tx(move |c| {
                let books = model::read(c, &campaign, now)?;
                close::close(c, &campaign, &books, now)
            })
            .await?;
        if closed > 0 {
            tracing::info!(closed, "days of the books closed");
        }
    }
    Ok(())
}

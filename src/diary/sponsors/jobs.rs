//! Asking sponsors once their season is over.

use super::mails::Letterhead;
use super::ops;
use crate::error::AppResult;
use crate::mail::Mails;
use crate::web::Site;

/// Promises settled in one transaction.
const BATCH: i64 = 50;

/// Asks the sponsors of every season that is over and has had its days of grace, and forgets promises that nobody confirmed.
///
/// # Errors
/// The database's.
pub async fn ask_all(site: &Site, mails: &Mails) -> AppResult<()> {
    let now = site.clock.now();
    let with = Letterhead::new(&site.config, mails);
    for campaign in site.db.read(move |c| ops::due(c, now)).await? {
        loop {
            let (campaign, with) = (campaign.clone(), with.clone());
            let settled = site
                .db
                .tx(move |c| ops::ask(c, &campaign, BATCH, &with, now))
                .await?;
            if settled == 0 {
                break;
            }
        }
    }
    site.db
        .tx(move |c| ops::forget_open(c, now).map(|_| ()))
        .await
}

//! Subscribers: whom newsletters may reach, by which lists, with whose word; and who must not be written to.
//!
//! A subscriber is neither an account nor a donor, but knows both: one person, one address, one copy (N19). Public lists are
//! joined by double opt-in, with proof (N20); [`consent`] is what every sending asks, when it is planned and again when it
//! claims (N5).

pub mod choices;
pub mod consent;
pub mod counted;
pub mod erased;
pub mod followed;
pub mod gifts;
mod html;
pub mod imports;
pub mod joining;
mod leaving;
mod linking;
pub mod links;
pub mod merge;
pub mod model;
pub mod moving;
pub mod of_account;
pub mod ops;
pub mod own;
pub mod proofs;
pub mod topics;

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};

use crate::auth::Tries;
use crate::error::AppResult;
use crate::jobs::Registry;
use crate::mail::Mails;
use crate::web::Site;

pub use consent::Why;
pub use links::{Leave, Links};
pub use model::{
    List, ListId, Subscriber, SubscriberId, SubscriptionState, SuppressionReason, Topic,
};

/// What the handlers of readers' pages hold.
pub struct Subscribing {
    /// The site.
    pub site: Data<Site>,
    /// The outbox.
    pub mails: Mails,
    /// Makes and opens links.
    pub links: Links,
    /// Counts mails that are asked for (S5).
    pub tries: Arc<Tries>,
}

impl Subscribing {
    /// Puts the parts together; a first start makes the key of links.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(site: Data<Site>, mails: Mails, tries: Arc<Tries>) -> AppResult<Self> {
        Ok(Self {
            links: Links::load(&site.db, &site.config).await?,
            site,
            mails,
            tries,
        })
    }
}

/// Registers what runs by itself.
pub fn jobs(registry: &mut Registry, site: &Data<Site>) {
    imports::jobs::jobs(registry, site);
}

/// Mounts the readers' pages.
pub fn routes(cfg: &mut ServiceConfig) {
    html::routes(cfg);
}

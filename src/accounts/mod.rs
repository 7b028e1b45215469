//! Accounts: signing up, signing in, and what a person may see and change about their own account.
//!
//! The platform's `auth` keeps users, sessions and factors; this noun is their pages, mails and verbs.
//!
//! ```text
//! sign up -> (mail) -> verify -> signed in          password -> [second factor] -> signed in
//!                                                   mailed link -> [second factor] -> signed in
//! ```
//!
//! * Nothing tells a stranger whether an address has an account (S4): sign-up, sign-in, mailed link and reset answer the
//!   same, do the same work, and what differs stands in a mail to that address alone.
//! * An account is made when its link is used, never before: until then name and password lie in the link's own row, so
//!   whoever signs up with somebody else's address leaves nothing behind.
//! * A link is shown by GET and used by POST, since scanners follow links; no link, and no new password, stands in for
//!   the second factor (S6, S7).
//! * Deleting an account takes name, address and texts away and leaves amounts, dates and ids.

pub mod api;
mod deletion;
mod entry;
mod export;
mod html;
mod jobs;
mod mails;
mod model;
mod next;
mod ops;
mod signup;

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};

use crate::auth::mutes::OffLinks;
use crate::auth::passkeys::Ceremonies;
use crate::auth::sealing::{FACTORS, Vault};
use crate::auth::{Hashing, Tries};
use crate::error::AppResult;
use crate::mail::Mails;
use crate::web::Site;

pub use jobs::jobs;
pub use model::Language;
pub use next::Next;
pub use ops::take_factor_away;

/// What the handlers of accounts hold.
pub struct Accounts {
    /// The site.
    pub site: Data<Site>,
    /// The outbox.
    pub mails: Mails,
    /// The one place that hashes.
    pub hashing: Arc<Hashing>,
    /// Counts tries.
    pub tries: Arc<Tries>,
    /// Seals the secrets of second factors.
    pub vault: Vault,
    /// Adds and asks for passkeys.
    pub passkeys: Ceremonies,
    /// Opens links that switch mail off.
    pub off_links: OffLinks,
}

impl Accounts {
    /// Puts the parts together; a first start makes the keys of seals.
    ///
    /// # Errors
    /// When the database fails, or the operating system gives no thread.
    pub async fn open(site: Data<Site>, mails: Mails) -> AppResult<Self> {
        Ok(Self {
            hashing: Arc::new(Hashing::start(&site.config.auth)?),
            tries: Arc::new(Tries::new(&site.config)),
            vault: Vault::load(&site.db, FACTORS).await?,
            passkeys: Ceremonies::new(&site.config),
            off_links: OffLinks::load(&site.db, &site.config).await?,
            mails,
            site,
        })
    }
}

/// Mounts the pages and the API.
pub fn routes(cfg: &mut ServiceConfig) {
    html::routes(cfg);
    api::routes(cfg);
}

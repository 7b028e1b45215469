//! Gifts (`donation` in code): asked for, paid, set aside, receipted, given back.
//!
//! ```text
//! pending -> paid -> partially_refunded -> refunded
//!    |         `------------------------> disputed
//!    |-> failed   (a delayed method failed for good; the processor refused)
//!    `-> expired  (the checkout closed unpaid)
//! ```
//!
//! * The amount and currency of a gift are those of its row; the processor's are compared with it, and a gift that
//!   differs is never credited (P3).
//! * What the processor did is read back from it (P13): an event, the thank-you page and the reconcile job all end in
//!   [`Giving::sync`], which asks and then applies "state at the processor" in one transaction ([`settle`]).
//! * `failed` and `expired` are not the end of the matter: money that arrives after all is taken as paid.
//! * Totals, splits, receipts and mails are written in that same transaction, and nowhere else.
//! * Gifts that the processor has no part in are confirmed by staff ([`hands`]) and end in the same place; what a match pool
//!   adds ([`matched`]) is part of it.

pub mod alerts;
pub mod api;
mod arrived;
pub mod check;
mod checkout;
mod command;
mod counters;
pub mod deposits;
pub mod disputes;
pub mod events;
mod fees;
pub mod hands;
pub mod html;
mod jobs;
mod live;
pub mod mails;
mod matched;
pub mod model;
mod opening;
mod ops;
pub mod pools;
pub mod reconcile;
mod refunds;
mod serials;
pub mod settle;
mod sightings;
pub mod views;
mod webhook;

pub use checkout::Giving;
pub use command::{Give, GiveRequest};
pub use hands::NewIds;
pub use jobs::jobs;
pub use model::{Donation, DonationId, DonationStatus, SupporterId};

use actix_web::web::ServiceConfig;

/// Mounts the pages, the API and the processor's webhook.
pub fn routes(cfg: &mut ServiceConfig) {
    html::routes(cfg);
    api::routes(cfg);
    webhook::routes(cfg);
}

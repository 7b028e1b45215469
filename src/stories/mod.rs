//! Stories: articles about the work and by the people it is for, shown only while everybody in them agrees (S10, S17).
//!
//! ```text
//! draft ──> in_review ──> published <──> withdrawn
//!   ^───────────┘                           │
//!   ^───────────────────────────────────────┘
//! draft, withdrawn ──> archived ──> draft
//! ```
//!
//! Invariants: a story by or about a survivor, or one with a picture of somebody, is published only on [`Grounds`] (every
//! consent that it names is [in force](crate::consent_vault::InForce) for the web and covers its pictures); it is seen up to
//! the last day of the first consent to end, by every reader's own clock; revoking a consent takes it down in the same
//! transaction, with its pictures in all sizes; an address that was public once answers 410 ever after. Warnings of the
//! [`harm`] screen are answered before it goes to review. What has left by mail is listed ([`copies`]).

pub mod api;
pub mod copies;
mod draft;
mod feed;
mod grounds;
pub mod harm;
mod html;
mod jobs;
mod model;
pub mod ops;
pub mod pictures;
pub mod public;
mod reminders;
pub mod takedown;
pub mod views;

#[cfg(test)]
mod tests;

use actix_web::web::ServiceConfig;

pub use draft::{CreateStory, EditStory};
pub use grounds::{
    Ground, Grounds, Hindrance, consents_of, grounds, hindrances, link, unlink, warnings,
};
pub use jobs::jobs;
pub use model::{
    About, Answer, Because, Status, Story, StoryId, answers, by_id, campaigns_of, list, programs_of,
};
pub use reminders::{Reminders, consents_waiting};

/// Mounts the pages, the feed and the API.
pub fn routes(cfg: &mut ServiceConfig) {
    html::routes(cfg);
    feed::routes(cfg);
    api::routes(cfg);
}

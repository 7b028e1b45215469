//! Participants' pages: a title, a story, a goal, and what was given there.
//!
//! ```text
//! draft ──────────────────────────────> live <──> hidden      (by staff)
//!   └──> submitted (by season's rule) ──> live <──> archived    (by the owner)
//!            ^v
//!        needs_info
//! ```
//!
//! A live page is shown; any other is not found by anybody but its owner and staff, and keeps its gifts. A gift that
//! was begun while the page was live arrives whatever becomes of the page. Pages of a draft campaign are not found
//! either. A page without a story of its own shows its campaign's.
//!
//! Invariants: slugs are unique among pages; a page belongs to one campaign for good and to at most one team, of the
//! same campaign; it has its total from the day it is first shown, which is also its place in the ranking among equals;
//! a person has at most one draft a season.

pub mod api;
pub mod changes;
pub mod edit;
mod fields;
pub mod gifts;
pub mod guard;
pub mod html;
pub mod leaderboard;
pub mod mails;
mod making;
pub mod messages;
pub mod model;
pub mod ops;
mod photo;
pub mod photos;
pub mod public;
pub mod reports;
pub mod returning;
pub mod review;
pub mod sharing;
pub mod slugs;
pub mod start;
pub mod tools;
pub mod transfers;
pub mod updates;

pub use crate::ids::PageId;
pub use guard::PageOwner;
pub use mails::PageMails;
pub use model::{Page, PageCard, PageStatus, by_slug};

/// Mounts the public pages and the API.
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    html::routes(cfg);
    start::routes(cfg);
    edit::routes(cfg);
    gifts::routes(cfg);
    api::routes(cfg);
    updates::html::routes(cfg);
    reports::html::routes(cfg);
    sharing::html::routes(cfg);
}

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod tests;

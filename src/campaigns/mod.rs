//! Campaigns: seasons with a start, an end and a later last day of giving.
//!
//! ```text
//! draft ──> live ──> closed
//! ```
//!
//! A draft is seen by staff alone. A live campaign takes gifts until the end of `giving_until` in its time zone; a
//! closed one is shown as it ended and takes none. A season is linked to the one before it.
//!
//! Invariants: one currency and one time zone for good; starts ≤ ends ≤ giving_until; suggested amounts ascend from the
//! minimum on; each campaign has its undesignated fund and its total from the day it is made; it goes live only with
//! an allocation policy in force.
//!
//! A campaign's public pages show its leaderboard too, and therefore stand above pages and teams, in `home`.

pub mod again;
pub mod api;
pub mod edit;
pub mod frame;
pub mod model;
pub mod ops;
pub mod overview;
pub mod public;
pub mod ready;
pub mod rules;
pub mod sharing;

pub use crate::ids::CampaignId;
pub use api::routes;
pub use model::{Campaign, CampaignStatus, Question};
pub use overview::{Overview, overview};

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

//! Teams: participants who raise together, with a page of their own.
//!
//! A team belongs to one campaign; a participant's page belongs to at most one team of the same campaign. What a team
//! raised counts the gifts to the team itself and those on its members' pages, and only what was given while the page
//! was in the team.
//!
//! ```text
//! taking members and gifts ──> archived
//! ```
//!
//! Invariants: slugs are unique among teams; a team has its total from the day it is made; a team of a draft campaign
//! is not found; there is one captain at most, who cannot leave before handing the captaincy on; a co-captain has a page
//! in the team; an archived team has no members, and keeps its page and its gifts.
//!
//! What a page's owner does about a team (finding one, joining, leaving) is the noun [`crate::membership`] above this one.

pub mod api;
pub mod captains;
pub mod desk;
pub mod finding;
pub mod groups;
pub mod guard;
pub mod html;
pub mod invitations;
pub mod joining;
pub mod mails;
pub mod messages;
pub mod model;
pub mod ops;
pub mod policy;
pub mod public;
pub mod requests;

pub use crate::ids::TeamId;
pub use desk::Desk;
pub use groups::{Group, GroupId};
pub use guard::{Lead, TeamCaptain};
pub use model::{Member, Team, TeamCard, by_slug, roster};
pub use policy::JoinPolicy;

/// Mounts the public pages and the API.
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    html::routes(cfg);
    api::routes(cfg);
}

#[cfg(test)]
mod tests;

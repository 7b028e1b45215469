//! Teams: participants who raise together, with a page of their own.
//!
//! A team belongs to one campaign; a participant's page belongs to at most one team of the same campaign. What a team
//! raised counts the gifts to the team itself and those on its members' pages, and only what was given while the page
//! was in the team.
//!
//! Invariants: slugs are unique among teams; a team has its total from the day it is made; a team of a draft campaign
//! is not found.

pub mod api;
pub mod html;
pub mod model;
pub mod ops;
pub mod public;

pub use crate::ids::TeamId;
pub use model::{Member, Team, TeamCard, by_slug, roster};

/// Mounts the public pages and the API.
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    html::routes(cfg);
    api::routes(cfg);
}

#[cfg(test)]
mod tests;

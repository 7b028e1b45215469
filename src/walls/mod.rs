//! Walls and bands: what everybody may see of the gifts to a page, a team or a campaign.
//!
//! Below the nouns that show them and beside [`crate::totals`], so that a page may show its gifts without importing the
//! noun that takes them: this module only reads, and what it answers cannot hold more than the giver allows. The name
//! of an anonymous giver and a hidden amount do not leave [`model`] (S18).
//!
//! Every query is a range of an index over (page | team | campaign, paid_at, id) and reads a bounded number of rows,
//! whatever the season's size.

pub mod band;
pub mod live;
pub mod model;

pub use band::{Shades, Weave};
pub use model::{Place, Wall, WallGift, newest};

#[cfg(test)]
mod tests;

//! What was raised, by how many gifts of how many people: for a campaign, a page, a team.
//!
//! A total is a counter kept beside the ledger, so that showing it costs one row whatever the season's size. Only
//! settlement changes it, in the transaction that posts the gift, and `selvedge check` proves it from the ledger.
//! `reached_at` is the moment at which `raised` came to be what it is: it decides ties, first come first ranked.
//!
//! Invariants: one row per scope and thing from the day the thing is made; amounts and counts are never negative;
//! the currency is the campaign's.
//!
//! Beside the money stand the [`tallies`]: days worn and conversations.

pub mod model;
pub mod ops;
pub mod tallies;

pub use model::{Ranked, Total, TotalScope, of, ranked};
pub use tallies::{Tally, TallyScope, tally, team_tally};

#[cfg(test)]
mod tests;

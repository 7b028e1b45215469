//! Match pools: a sponsor's money, reserved before it is promised, that is added to gifts.
//!
//! ```text
//! draft -> live -> closed     (confirmed by staff; the rest released by a second person)
//! ```
//!
//! A pool is fed by a gift of the sponsor's that is at the bank, or by a pledge that staff confirm; either way its whole
//! amount stands on the account `match:<pool>` before a gift can be matched, and that account can never be overdrawn, so no
//! number of gifts at once is promised more than there is. A gift is matched once, in the transaction that settles it, by
//! `min(gift × ratio, cap, what the pool holds)`: of the pools that take it the oldest that holds its whole share, or else the
//! one that adds most. What is given back to the giver takes its share of the matched part back into the pool.
//!
//! It stands under the gifts: it knows them by their ids alone, and [`crate::donations`] asks it while it settles.

pub mod check;
pub mod model;
pub mod ops;
pub mod pick;

pub use model::{Match, Pool, PoolId, ReleaseId, match_of};
pub use pick::{Given, LivePool, Span};

#[cfg(test)]
mod tests;

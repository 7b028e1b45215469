//! Funds and allocation policies: in which pot money lies, and how a campaign's undesignated money is shared out.
//!
//! A fund is restricted money of one program in one currency, or a campaign's undesignated money until it is shared
//! out. A policy is a version of a campaign's shares, in basis points of undesignated money.
//!
//! [`layers`] are what of each gift lies in a fund: grants take them oldest first. [`covers`] fill a campaign's reserve again.
//!
//! A version is a draft until a second person approves it ([`approval`]); [`preview`] says what it would have done so far.
//!
//! Invariants: one fund per program and currency, one undesignated fund per campaign; the shares of a policy sum to
//! 10,000 and go to funds of the campaign's currency that belong to its programs or to itself; a campaign has one draft at
//! most; an approved policy is never edited, it reaches neither into the past nor behind the version before it, and a gift keeps the version that was
//! in force when it was made.

pub mod approval;
pub mod check;
pub mod covers;
pub mod layers;
pub mod model;
pub mod ops;
pub mod preview;

pub use crate::ids::{FundId, PolicyId};
pub use layers::Origin;
pub use model::{
    Fund, FundKind, Policy, Share, campaign_fund, fund_of_program, fund_shares, policy_in_force,
    shares,
};

#[cfg(test)]
mod tests;

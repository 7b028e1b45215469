//! Payouts: what the processor paid to the bank, entry for entry against our books (P21, second part).
//!
//! ```text
//! pending -> in_transit -> paid      booked: debit `bank`, credit the processor; below zero the other way round
//!                |          `--> failed   the bank sent it back: the transfer is reversed
//!                `-> failed | canceled
//! ```
//!
//! A payout is the sum of its balance transactions, and each of those is an entry of ours: a charge less its fee, a
//! refund, a refund that failed, a payout that came back. What one side lacks or says otherwise becomes a finding with an
//! owner; it closes by itself when the missing entry arrives, and with a word of staff otherwise.

pub mod check;
mod jobs;
pub mod model;
pub mod ops;
pub mod reconcile;

pub use jobs::jobs;
pub use model::{Payout, PayoutItem, PayoutState};
pub use reconcile::reconcile;

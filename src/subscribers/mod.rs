//! Subscribers: whom newsletters may reach, by which lists, with whose word; and who must not be written to.
//!
//! A subscriber is neither an account nor a donor, but knows both: one person, one address, one copy (N19). Public lists are
//! joined by double opt-in, with proof (N20); [`consent`] is what every sending asks, when it is planned and again when it
//! claims (N5).

pub mod consent;
pub mod model;
pub mod ops;

pub use consent::Why;
pub use model::{List, ListId, Subscriber, SubscriberId, SubscriptionState, SuppressionReason};

//! Deliveries: one row a newsletter and recipient, from the queue to an end, once.
//!
//! ```text
//! queued -> sending -> sent | failed | bounced        sent -> bounced (a report came back)
//!    \         \-> unknown  (in doubt: a person decides, N2)
//!     \-> skipped  (left, suppressed, cancelled)
//! ```
//!
//! [`ops`] are the verbs of whoever runs a newsletter; [`freeze`] makes the rows; [`claim`] takes them into hand under a lease, at
//! the [`pace`] that was set; [`turn`] marks and settles them, and says why a crash loses and doubles nothing; [`schedule`] is
//! what the clock decides; [`bulk`] makes the message; the [`engine`] runs it all.

mod bulk;
mod claim;
mod decide;
mod engine;
mod freeze;
mod grounds;
pub mod model;
pub mod ops;
mod pace;
pub mod preflight;
pub mod refusals;
pub mod return_path;
pub mod schedule;
mod sweep;
mod tests_of_subjects;
mod turn;

pub use bulk::House;
pub use engine::Engine;
pub use freeze::home_zone;
pub use model::{DeliveryId, DeliveryState, PauseWhy};
pub use pace::Pace;

#[cfg(test)]
mod tests;

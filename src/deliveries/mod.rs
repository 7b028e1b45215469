//! Deliveries: one row a newsletter and recipient, from the queue to an end, once.
//!
//! ```text
//! queued -> sending -> sent | failed | bounced        sent -> bounced (a report came back)
//!    \         \-> unknown  (in doubt: a person decides, N2)
//!     \-> skipped  (left, suppressed, cancelled)
//! ```

pub mod model;

pub use model::{DeliveryId, DeliveryState};

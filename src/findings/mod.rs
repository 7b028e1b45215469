//! What checks and reconciliation found and staff must look at: never silent, and closed only with a word.
//!
//! ```text
//! (found) ──> open ──> closed   (by a person, with a resolution; or by itself, when the difference is gone)
//! ```
//!
//! There is one finding a kind and subject. Somebody takes it as theirs, and whoever closes it says what came of it.

pub mod model;
pub mod ops;

pub use model::Finding;
pub use ops::{close_by_itself, open};

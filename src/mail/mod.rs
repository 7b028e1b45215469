//! Mail.
pub mod templates;

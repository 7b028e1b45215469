//! Selvedge
pub mod kernel;
pub mod payments;

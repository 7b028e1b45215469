//! Selvedge
pub mod kernel;

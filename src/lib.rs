//! Selvedge

//! Selvedge

pub mod web;

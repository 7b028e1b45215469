//! Selvedge
pub mod config;
pub mod db;
pub mod error;
pub mod kernel;
pub mod web;

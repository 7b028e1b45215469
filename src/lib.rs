//! Selvedge
pub mod config;
pub mod db;
pub mod error;
pub mod jobs;
pub mod kernel;
pub mod mail;

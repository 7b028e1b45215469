//! Selvedge
pub mod auth;
pub mod campaigns;
pub mod config;
pub mod db;
pub mod demo;
pub mod error;
pub mod funds;
pub mod ids;
pub mod impact;
pub mod kernel;
pub mod ledger;
pub mod pages;
pub mod partners;
pub mod payments;
pub mod teams;
pub mod totals;
pub mod web;

//! Payments: the processor's API out, its webhooks in, and a sandbox processor in its shape.
//!
//! Nothing here knows of donations. [`client`] asks the processor (Stripe, or the sandbox by another base URL) through
//! async-stripe's builders; [`webhook`] checks and parses what the processor sends; [`amounts`] turns minor units into
//! the processor's and back.

pub mod amounts;
pub mod client;
pub mod sandbox;
pub mod webhook;

/// The processor's API version that this program speaks: the pinned library's (P9).
pub const API_VERSION: &str = "2026-09-30.endive";

/// The ledger's name for the processor, real or sandbox.
pub const PROCESSOR: &str = "stripe";

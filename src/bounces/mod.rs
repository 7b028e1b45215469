//! Bounces: what comes back about a mail, by which door, and what follows from it (N14 to N16).
//!
//! ```text
//! a DSN (RFC 3464), an ARF report (RFC 5965), a reader's mail to leave, a provider's webhook
//!    -> a [`Report`] -> [`ops::take`]: the delivery's state, a suppression, a halted newsletter
//! ```
//!
//! Invariants: nothing is believed that is not proved, by a token that only we can make ([`crate::deliveries::return_path`]) or by
//! a provider's signature; a report that comes twice counts once; nothing that comes in is ever answered by mail.

pub mod fetch;
mod html;
pub mod message;
pub mod ops;
mod postmark;
mod sendgrid;
mod ses;

pub use html::routes;
pub use ops::{Kind, Report, Whose};
pub use ses::Notary;

#[cfg(test)]
mod tests;

//! The vault of consents: who agreed that something about them is shown, where, how, and until when (S17).
//!
//! ```text
//! recorded ── first signs ──> half signed ── another one signs ──> in force ── its last day passes ──> ended
//!     └──────────────┴──────── revoked <─────────────────────────────────┘
//! ```
//!
//! Invariants, by type: [`Terms`] can only be made of days that fit the rules (at most three years, at least one year out
//! of care), somebody under age agrees through a guardian ([`GivenBy`]), and [`InForce`] is only to be had from a consent
//! that two people signed, that nobody revoked and whose days cover today. Real names and signed papers lie sealed and
//! apart; opening one is a deed in the record. A consent is never edited: one that is wrong is revoked and recorded anew.
//!
//! The vault knows nothing of what stands on a consent: whoever revokes one goes through the noun that shows it
//! ([`crate::stories::takedown`]), which takes it down in the same transaction.

mod keeper;
mod model;
pub mod ops;
mod paper;
mod rules;
mod safe;

#[cfg(test)]
mod tests;

pub use keeper::Keeper;
pub use model::{
    Consent, ConsentId, InForce, PersonId, State, by_id, by_ids, ending, in_force, list, paper_of,
};
pub use paper::{Paper, PaperRow};
pub use rules::{AskedTerms, Channel, Channels, GivenBy, Giver, ImageRule, Shows, Terms};
pub use safe::{NewConsent, RealNames, Safe};

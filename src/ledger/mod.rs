//! The double-entry ledger: append-only transfers between named accounts.
//!
//! A transfer debits one account and credits another by one positive amount of one currency, so every transfer is
//! balanced by its shape (L2). Nothing is ever changed or deleted (L1, held by triggers on both engines); a
//! correction is a new transfer that points at what it reverses (L4). A transfer's source (kind, id, code) is
//! unique, so replaying whatever caused it posts nothing twice (L3). The order of money is the order of
//! `transfers.id`, which the database gives (F14).
//!
//! Which side of an account is its natural one follows from its name ([`Account`]); only `outside:`,
//! `processor:` and `reserve:` accounts may be overdrawn, and the database refuses the statement that would overdraw
//! another (L9).

mod account;
pub mod check;
mod post;
pub mod seals;
#[cfg(test)]
mod tests;

pub use account::{Account, Side};
pub use post::{Code, NewTransfer, Source, balance, post};

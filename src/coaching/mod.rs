//! Coaching: checklist, badges, own milestones, the next step, and mails that keep a participant company.
//!
//! Every decision is made in [`rules`] from [`facts`]; [`walk`] passes all pages of the live seasons every quarter of an
//! hour and writes down what the rules say. How mails are kept few is told in [`rules`].
//!
//! ```text
//! badge:      locked ──> earned (kept, whatever happens later)
//! milestone:  open ──> reached ──> kept
//! mail:       (page, kind, key) ──> told, once: mailed, told along with another, or dropped
//! ```
//!
//! Invariants: a badge's time is that of the walk that first saw its condition hold; a (page, kind, key) is told once,
//! in the transaction that queues its mail; between two coaching mails to one person lie `days_between` days, over all
//! pages and seasons; no coaching mail is queued of a kind that is switched off, at night, or outside the season.

mod cloth;
pub mod facts;
mod form;
mod html;
mod jobs;
mod mails;
pub mod model;
pub mod next_step;
pub mod ops;
pub mod public;
pub mod rules;
mod screen;
pub mod views;
mod walk;

pub use html::routes;
pub use jobs::jobs;
pub use walk::{Coach, Walked};

#[cfg(test)]
mod tests;

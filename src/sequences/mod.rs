//! Sequences: mails that go by themselves, one after another, to whoever something happened to.
//!
//! ```text
//! sequence:   draft ──> on <──> off ──> archived (from draft too)
//! enrolment:  active ──> done | left
//! step:       mailed | passed over, once a person
//! ```
//!
//! Something happens ([`rules::Trigger`]): the person is enrolled, once. Each step waits, asks its segment, and mails or passes
//! over. A step's mail is a newsletter of its own ([`newsletters.sequence_step_id`]), and each of its recipients a row in
//! `deliveries`: the engine that sends newsletters sends these, with the same safety, and nobody gets a step twice.
//!
//! Invariants: everything is decided by [`rules`], which the simulator asks too; one person gets no mail of a sequence within
//! `days_between` days after any bulk mail, newsletters and the coach's letters among them ([`cap`]); whoever may not be written
//! to any more leaves; a sequence is changed while it is off only.
//!
//! [`newsletters.sequence_step_id`]: crate::db::schema::newsletters

mod advance;
pub mod cap;
mod changes;
mod enrol;
mod jobs;
pub mod model;
pub mod ops;
pub mod rules;
pub mod simulate;
pub mod steps;
mod trigger;

pub use advance::{Moved, advance};
pub use enrol::enrol;
pub use jobs::jobs;
pub use model::{Sequence, SequenceId, SequenceState, Step, StepId};

#[cfg(test)]
mod tests;

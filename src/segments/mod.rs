//! Segments: people by what they did, kept as data and compiled to one indexed query.
//!
//! An [`Audience`] is what a newsletter names: lists, or a season's participants, and segments to narrow them. [`compile()`]
//! makes one query of it whose only column is a subscriber's id; whoever materialises recipients writes `INSERT … SELECT`
//! around it (N1, [`run::around`]). A [`rule::Rule`] is what a segment says; [`words`] says it in a sentence.
//!
//! Invariants: a rule is bounded; every condition is true or false of everybody; values are binds; a segment of one season
//! asks about that season wherever it names none (S9).

pub mod compile;
pub mod model;
pub mod ops;
pub mod participants;
pub mod recheck;
pub mod rule;
pub mod run;
mod sql;
pub mod words;

pub use compile::{Among, Bind, Compiled, compile, compile_rule};
pub use model::{Audience, Segment, SegmentId};
pub use recheck::refused;
pub use rule::Rule;

#[cfg(test)]
mod tests;

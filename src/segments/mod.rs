//! Segments: people by what they did, kept as data and compiled to one indexed query.
//!
//! An [`Audience`] is what a newsletter names: lists, and segments to narrow them. [`compile`] makes one query of it whose
//! only column is a subscriber's id; whoever materialises recipients writes `INSERT … SELECT` around it (N1).

pub mod compile;
pub mod model;

pub use compile::{Bind, Compiled, compile};
pub use model::{Audience, SegmentId};

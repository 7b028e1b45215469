//! Reports of partners: what was done with a tranche of a grant, or in a year; read, graded and published by staff.
//!
//! ```text
//! draft -> in_review <-> needs_info        draft, in_review, needs_info -> withdrawn   (the partner)
//!          in_review -> accepted <-> published                                         (staff)
//! ```
//!
//! [`Move`] is the table of these. A partner's staff answer five questions ([`Question`]), set budget against spent, file
//! figures and attach documents; what they type is kept at every step ([`drafts`]). Staff ask for more, accept (which marks the
//! tranche reported), grade each figure, and publish the plain-language part with the figures, which then stand in the
//! program's public figures.
//!
//! Invariants: one report a tranche, withdrawn ones aside; figures are aggregates; a grade says who gave it and when, and every
//! grade ever given is kept; a report is edited only while it is with the partner.

pub mod content;
pub mod documents;
pub mod drafts;
pub mod filed;
mod jobs;
mod mails;
pub mod messages;
pub mod model;
pub mod ops;
pub mod public;
pub mod review;
pub mod tranches;
pub mod views;

pub use content::{Answers, Content, Question, Step};
pub use filed::{FiledFigure, NewFigure};
pub use jobs::{jobs, remind};
pub use model::{Move, Report, ReportOverview, ReportState};
pub use public::{PublishedReport, TrancheReport, newest_figures, published_for_tranches};

crate::id!(
    /// A partner's report.
    pub ReportId,
    "irp"
);
crate::id!(
    /// One grade that a figure was given.
    pub GradingId,
    "fgr"
);

#[cfg(test)]
mod tests;

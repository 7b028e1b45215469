//! What each page template is given: one context struct per template, and the pieces they share.
//!
//! A field ending in `_html` is sanitised markup, one ending in `_svg` a drawing of this program;
//! everything else is plain text that the template escapes.

pub mod campaign;
pub mod error;
pub mod figures;
pub mod give;
pub mod home;
pub mod leaderboard;
pub mod money;
pub mod page;
pub mod palette;
pub mod partner;
pub mod program;
pub mod rows;
pub mod sandbox;
pub mod shell;
pub mod team;
pub mod thanks;
pub mod trace;
pub mod wording;

#[cfg(test)]
mod samples;

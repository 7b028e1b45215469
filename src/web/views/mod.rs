//! The pieces that the contexts of several page templates share. A template's own context stands beside its handler.
//!
//! A field ending in `_html` is sanitised markup, one ending in `_svg` a drawing of this program;
//! everything else is plain text that the template escapes.

pub mod error;
pub mod figures;
pub mod form;
pub mod money;
pub mod palette;
pub mod rows;
pub mod sandbox;
pub mod share;
pub mod shell;
pub mod wording;

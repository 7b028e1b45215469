//! What the templates of a gift's way are given.

pub mod give;
pub mod sponsored;
pub mod thanks;
pub mod trace;

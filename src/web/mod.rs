//! The web platform: templates, embedded assets, and everything that is drawn.

pub mod assets;
pub mod band;
pub mod card;
pub mod placeholder;
pub mod templates;
pub mod views;

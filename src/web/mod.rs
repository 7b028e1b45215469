//! The web platform: templates, embedded assets, and everything that is drawn.

pub mod assets;
pub mod band;
pub mod card;
pub mod markdown;
pub mod parts;
pub mod placeholder;
pub mod query;
pub mod templates;
#[cfg(test)]
pub mod testing;

//! The conversations that a dress or a tie begins: who asked, without a name, and what came of it.

pub mod html;
pub mod model;
pub mod ops;
mod views;

pub use model::{Talk, TalkId, Who};

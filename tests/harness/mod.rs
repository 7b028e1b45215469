//! What the tests stand on.

pub mod browser;
pub mod chance;
pub mod database;
pub mod letters;
pub mod people;
pub mod program;
pub mod sink;
pub mod verifier;
pub mod visitor;
pub mod world;

//! What the tests stand on.

pub mod chance;
pub mod database;
pub mod program;
pub mod people;
pub mod world;

//! The web platform.

pub mod markdown;
pub mod query;
#[cfg(test)]
pub mod testing;

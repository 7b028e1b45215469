//! Who may do what: users, their roles and passwords, and the tokens of programs.
//!
//! Invariants: one user per folded mail address (N19); passwords are kept as argon2id hashes (S3) and tokens as SHA-256
//! digests, so that neither can be read back; a revoked token or a disabled user lets nobody in.

pub mod model;
pub mod password;
pub mod token;

pub use model::{Role, User, UserId};
pub use password::Password;
pub use token::{NewToken, Scope, TokenHolder};

#[cfg(test)]
mod tests;

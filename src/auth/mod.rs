//! Who may do what: users, their roles and passwords, and the tokens of programs.
//!
//! Invariants: one user per folded mail address (N19); passwords are kept as argon2id hashes (S3) and tokens as SHA-256
//! digests, so that neither can be read back; a revoked token or a disabled user lets nobody in.

pub mod bearer;
pub mod model;
pub mod password;
pub mod token;

pub use bearer::Bearer;
pub use model::{NewUser, Role, User, UserId, grant_role, insert_user, user_by_email};
pub use password::Password;
pub use token::{Access, NewToken, Scope, TokenHolder};

#[cfg(test)]
mod tests;

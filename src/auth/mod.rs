//! Who may do what: users, their roles and passwords, and the tokens of programs.
//!
//! Invariants: one user per folded mail address (N19); passwords are kept as argon2id hashes (S3) and tokens as SHA-256
//! digests, so that neither can be read back; a revoked token or a disabled user lets nobody in. What a handler needs, it
//! says by the type of its argument: [`guard`] for people in browsers, [`Holder`] for programs.

pub mod bearer;
pub mod guard;
mod guessable;
pub mod hashing;
pub mod lost_factor;
pub mod mailed;
pub mod model;
pub mod mutes;
pub mod passkeys;
pub mod password;
pub mod recovery;
pub mod roles;
pub mod sealing;
pub mod sessions;
pub mod token;
pub mod totp;
pub mod tries;

pub use bearer::{Bearer, Holder};
pub use guard::{Coordinator, Finance, HalfSigned, MaybeSigned, Owner, Signed, Staff};
pub use hashing::Hashing;
pub use model::{NewUser, Role, User, UserId, grant_role, insert_user, user_by_email};
pub use mutes::MailKind;
pub use password::Password;
pub use token::{Access, NewToken, Scope, TokenHolder};
pub use tries::Tries;

#[cfg(test)]
mod tests;

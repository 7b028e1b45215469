//! Passwords: argon2id with 19,456 KiB, two passes, one lane (S3); 12 to 128 characters, and none that everybody tries
//! first; no other rule.
//!
//! Hashing takes tens of milliseconds and 19 MiB: a server's handlers hash through [`super::Hashing`] alone.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};

use super::guessable;
use crate::error::{AppError, AppResult};

/// KiB of memory, passes and lanes (S3).
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// A password as typed, of acceptable length. It does not print.
#[derive(Clone)]
pub struct Password(SecretString);

/// Why a text cannot be a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Too short or too long.
    #[error("use 12 to 128 characters; a few words in a row make a good password")]
    Length,
    /// One of those that are tried first.
    #[error(
        "this is one of the passwords that are tried first; take a few words that do not belong together"
    )]
    Guessable,
}

impl Password {
    /// Takes what was typed, as it is: white space counts. For a new password see [`Password::choose`].
    ///
    /// # Errors
    /// [`BadPassword::Length`].
    pub fn parse(text: &str) -> Result<Self, BadPassword> {
        if (12..=128).contains(&text.chars().count()) {
            Ok(Self(SecretString::from(text.to_owned())))
        } else {
            Err(BadPassword::Length)
        }
    }

    /// Takes a new password; `about` are words that it must not be made of: name and address of the person, and the
    /// site's name.
    ///
    /// # Errors
    /// [`BadPassword`].
    pub fn choose(text: &str, about: &[&str]) -> Result<Self, BadPassword> {
        let password = Self::parse(text)?;
        if guessable::is_guessable(text, about) {
            return Err(BadPassword::Guessable);
        }
        Ok(password)
    }

    /// The PHC string to store, with a fresh salt.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn hash(&self) -> AppResult<String> {
        let hash: PasswordHash = hasher()?
            .hash_password(self.0.expose_secret().as_bytes())
            .map_err(AppError::internal)?;
        Ok(hash.to_string())
    }

    /// Whether this is the password that `phc` was made of; an unreadable `phc` fits no password.
    ///
    /// # Errors
    /// When hashing itself fails.
    pub fn fits(&self, phc: &str) -> AppResult<bool> {
        let Ok(stored) = PasswordHash::new(phc) else {
            return Ok(false);
        };
        Ok(hasher()?
            .verify_password(self.0.expose_secret().as_bytes(), &stored)
            .is_ok())
    }
}

/// Whether `phc` was made with other costs than today's, so that a login should store it anew (S3).
pub fn is_outdated(phc: &str) -> bool {
    let (memory, passes, lanes) = COST;
    !phc.starts_with(&format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$"))
}

fn hasher() -> AppResult<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(AppError::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(…)")
    }
}

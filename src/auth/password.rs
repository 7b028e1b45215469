//! Passwords: argon2id with 19,456 KiB, two passes, one lane (S3); 12 to 128 characters, and none that everybody tries
//! first; no other rule.
//!
//! Hashing takes tens of milliseconds and 19 MiB: a server's handlers hash through [`super::Hashing`] alone.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::guessable;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::equal;

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
        self.hash_in(&mut Workspace::default())
    }

    /// [`Password::hash`], worked in a space that is used again.
    ///
    /// # Errors
    /// As there.
    pub fn hash_in(&self, space: &mut Workspace) -> AppResult<String> {
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None).map_err(AppError::internal)?;
        let (mut salt, mut output) = ([0u8; 16], [0u8; 32]);
        getrandom::fill(&mut salt)?;
        space.work(params, self, &salt, &mut output)?;
        let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
        Ok(format!(
            "$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${output}"
        ))
    }

    /// Whether this is the password that `phc` was made of; an unreadable `phc` fits no password.
    ///
    /// # Errors
    /// When hashing itself fails.
    pub fn fits(&self, phc: &str) -> AppResult<bool> {
        self.fits_in(phc, &mut Workspace::default())
    }

    /// [`Password::fits`], worked in a space that is used again.
    ///
    /// # Errors
    /// As there.
    pub fn fits_in(&self, phc: &str, space: &mut Workspace) -> AppResult<bool> {
        let Ok(stored) = PasswordHash::new(phc) else {
            return Ok(false);
        };
        let (Ok(params), Some(salt), Some(hash)) =
            (Params::try_from(&stored), &stored.salt, &stored.hash)
        else {
            return Ok(false);
        };
        if !phc.starts_with("$argon2id$v=19$") {
            return Ok(false);
        }
        let mut output = vec![0u8; hash.as_bytes().len()];
        space.work(params, self, salt.as_ref(), &mut output)?;
        Ok(equal(&output, hash.as_bytes()))
    }
}

/// The 19 MiB that a hash is worked in. Whoever hashes often keeps one and uses it again: given back and taken anew, such
/// pieces make an allocator's arenas grow to hundreds of MiB.
#[derive(Default)]
pub struct Workspace(Vec<Block>);

impl Workspace {
    fn work(
        &mut self,
        params: Params,
        password: &Password,
        salt: &[u8],
        output: &mut [u8],
    ) -> AppResult<()> {
        if self.0.len() < params.block_count() {
            self.0.resize(params.block_count(), Block::default());
        }
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                password.0.expose_secret().as_bytes(),
                salt,
                output,
                self.0.as_mut_slice(),
            )
            .map_err(AppError::internal)
    }
}

/// Whether `phc` was made with other costs than today's, so that a login should store it anew (S3).
pub fn is_outdated(phc: &str) -> bool {
    let (memory, passes, lanes) = COST;
    !phc.starts_with(&format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$"))
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(…)")
    }
}

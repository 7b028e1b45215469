//! Seals what lies in the database and must not be read there: secrets of second factors, real names, signed papers.
//!
//! ChaCha20-Poly1305 under a key of the installation, bound to what it was sealed for: a value copied to another row opens
//! nothing.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::db::{Db, installation};
use crate::error::{AppError, AppResult};
use crate::kernel::secret::{random_token, sha256_hex};

/// The key of second factors' secrets.
pub const FACTORS: &str = "factor_key";

/// Seals and opens.
pub struct Vault(LessSafeKey);

impl Vault {
    /// Reads the installation's key of this name; a first call makes it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(db: &Db, name: &'static str) -> AppResult<Self> {
        let kept = match db.read(move |conn| installation::kept(conn, name)).await? {
            Some(kept) => kept,
            None => {
                let made = random_token()?;
                db.tx(move |conn| installation::keep(conn, name, &made))
                    .await?
            }
        };
        Self::of(&kept)
    }

    /// Under a key made of `secret`.
    ///
    /// # Errors
    /// None that is foreseen.
    pub fn of(secret: &str) -> AppResult<Self> {
        let bytes = hex::decode(sha256_hex(secret)).map_err(AppError::internal)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(AppError::internal)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals the text `plain` for `owner` (the id of a row).
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn seal(&self, owner: impl Display, plain: &str) -> AppResult<String> {
        let whole = self.seal_bytes(owner, plain.as_bytes())?;
        Ok(URL_SAFE_NO_PAD.encode(whole))
    }

    /// The text that was sealed for `owner`.
    ///
    /// # Errors
    /// When it was sealed for another, or by another key.
    pub fn open(&self, owner: impl Display, sealed: &str) -> AppResult<String> {
        let whole = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| broken())?;
        String::from_utf8(self.open_bytes(owner, whole)?).map_err(|_| broken())
    }

    /// Seals `plain` for `owner`.
    ///
    /// # Errors
    /// As [`Vault::seal`].
    pub fn seal_bytes(&self, owner: impl Display, plain: &[u8]) -> AppResult<Vec<u8>> {
        let mut nonce = [0u8; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        let mut sealed = plain.to_vec();
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(owner.to_string()),
                &mut sealed,
            )
            .map_err(AppError::internal)?;
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    /// What was sealed for `owner`.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open_bytes(&self, owner: impl Display, mut whole: Vec<u8>) -> AppResult<Vec<u8>> {
        let (nonce, rest) = whole.split_at_mut_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(owner.to_string()), rest)
            .map_err(|_| broken())?;
        Ok(plain.to_vec())
    }
}

fn broken() -> AppError {
    AppError::internal("a sealed secret does not open")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::UserId;

    #[test]
    fn a_sealed_secret_opens_for_its_user_and_key_alone() {
        let (vault, other) = (Vault::of("a").unwrap(), Vault::of("b").unwrap());
        let (maya, ravi) = (UserId::new(), UserId::new());
        let sealed = vault.seal(maya, "GEZDGNBV").unwrap();
        assert!(!sealed.contains("GEZDGNBV"));
        assert_ne!(sealed, vault.seal(maya, "GEZDGNBV").unwrap());
        assert_eq!(vault.open(maya, &sealed).unwrap(), "GEZDGNBV");
        assert!(vault.open(ravi, &sealed).is_err());
        assert!(other.open(maya, &sealed).is_err());
        assert!(vault.open(maya, "short").is_err());
    }

    #[test]
    fn bytes_of_a_paper_are_sealed_too() {
        let vault = Vault::of("a").unwrap();
        let sealed = vault.seal_bytes("con_1", b"%PDF-").unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"%PDF-"));
        assert_eq!(vault.open_bytes("con_1", sealed.clone()).unwrap(), b"%PDF-");
        assert!(vault.open_bytes("con_2", sealed).is_err());
    }
}

//! Addresses of our own that tell one delivery from another (N15): `b+<token>@` gets reports of it, `u+<token>@` its reader's
//! wish to leave.
//!
//! A token is the delivery's id and 80 bits of an HMAC over purpose and id, in lower-case hexadecimal: servers may fold a local part's case,
//! and 54 characters stay within the 64 that one may have. Nobody can make one up; one that was seen stands for its own mail alone.

use crate::db::{Conn, installation};
use crate::error::AppResult;
use crate::kernel::Email;
use crate::kernel::secret::{equal, hmac_sha256_hex};

use super::DeliveryId;

/// The fact that holds the key.
const KEY: &str = "newsletters_return_key";
/// Digits of an id, and of its proof.
const ID: usize = 32;
const PROOF: usize = 20;

/// What an address of our own is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reports that a mail was not delivered, or not wanted.
    Report,
    /// A reader leaves by mail (RFC 2369).
    Leave,
}

impl Purpose {
    fn letter(self) -> &'static str {
        match self {
            Self::Report => "b",
            Self::Leave => "u",
        }
    }
}

/// Makes and reads such addresses.
#[derive(Clone)]
pub struct ReturnPath {
    key: String,
    /// Where mail comes back to this program, if anywhere.
    domain: Option<String>,
}

impl ReturnPath {
    /// The key of this installation, made at first use from `fresh`; `domain` as the settings have it.
    ///
    /// # Errors
    /// The database's.
    pub fn open(conn: &mut Conn, domain: &str, fresh: &str) -> AppResult<Self> {
        let key = installation::keep(conn, KEY, fresh)?;
        Ok(Self {
            key,
            domain: Some(domain.to_lowercase()).filter(|domain| !domain.is_empty()),
        })
    }

    /// Where mail comes back to this program, if anywhere.
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The address of `delivery` for `purpose`, where mail comes back to this program.
    pub fn address(&self, purpose: Purpose, delivery: DeliveryId) -> Option<Email> {
        let domain = self.domain.as_ref()?;
        let id = hex_of(delivery);
        let proof = self.proof(purpose, &id);
        format!("{}+{id}{proof}@{domain}", purpose.letter())
            .parse()
            .ok()
    }

    fn proof(&self, purpose: Purpose, id: &str) -> String {
        let parts: [&[u8]; 3] = [purpose.letter().as_bytes(), b"+", id.as_bytes()];
        let mut proof = hmac_sha256_hex(self.key.as_bytes(), &parts);
        proof.truncate(PROOF);
        proof
    }

    /// Whose address this is; none for one that was made up.
    pub fn read(&self, address: &str) -> Option<(Purpose, DeliveryId)> {
        let address = address.trim().trim_matches(['<', '>']).to_lowercase();
        let (local, domain) = address.rsplit_once('@')?;
        if self.domain.as_deref() != Some(domain) {
            return None;
        }
        let (letter, token) = local.split_once('+')?;
        let purpose = [Purpose::Report, Purpose::Leave]
            .into_iter()
            .find(|purpose| purpose.letter() == letter)?;
        let (id, proof) = token.split_at_checked(ID)?;
        if !equal(self.proof(purpose, id).as_bytes(), proof.as_bytes()) {
            return None;
        }
        format!("del_{id}").parse().ok().map(|id| (purpose, id))
    }
}

/// The digits of an id.
pub(super) fn hex_of(delivery: DeliveryId) -> String {
    delivery.to_string().trim_start_matches("del_").to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_and_none_can_be_made_up() {
        let path = ReturnPath {
            key: "k".repeat(43),
            domain: Some("back.example.org".into()),
        };
        let id = DeliveryId::new();
        for purpose in [Purpose::Report, Purpose::Leave] {
            let address = path.address(purpose, id).unwrap();
            assert!(address.as_str().split('@').next().unwrap().len() <= 64);
            assert_eq!(path.read(address.as_str()), Some((purpose, id)));
            let loud = format!("<{}>", address.as_str().to_uppercase());
            assert_eq!(path.read(&loud), Some((purpose, id)));
        }
        let bounce = path.address(Purpose::Report, id).unwrap().to_string();
        let leave = bounce.replacen("b+", "u+", 1);
        let elsewhere = bounce.replace("back.", "");
        let other = path.address(Purpose::Report, DeliveryId::new()).unwrap();
        let mixed = format!("{}{}", &bounce[..34], &other.as_str()[34..]);
        for forged in [&leave, &elsewhere, &mixed, "b+@back.example.org", "", "@"] {
            assert_eq!(path.read(forged), None, "{forged}");
        }
    }
}

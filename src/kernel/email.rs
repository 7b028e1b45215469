//! Mail addresses.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;

/// A mail address: trimmed, in Unicode's composed form (NFC), its domain in lower case (N19), deliverable in form (RFC 5321).
///
/// It prints as itself, but its `Debug` form is masked, since addresses never enter a log (S14).
#[derive(Clone, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Email(String);

/// Why a text is no mail address.
#[derive(Debug, thiserror::Error)]
#[error("write an address like name@example.org")]
pub struct BadEmail;

impl Email {
    /// The address as it is written to.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stand-in for somebody whose address nobody knows: under `.invalid` (RFC 2606) no mail can be sent.
    pub fn nobody(id: impl fmt::Display) -> Self {
        Self(format!("{id}@nobody.invalid"))
    }

    /// Whether mail can reach it: not a stand-in, of somebody unknown or of somebody who left.
    pub fn is_reachable(&self) -> bool {
        !self.0.ends_with(".invalid")
    }

    /// The form in which addresses are compared: case folded throughout, composed (N19).
    pub fn folded(&self) -> String {
        if self.0.is_ascii() {
            self.0.to_ascii_lowercase()
        } else {
            self.0.to_lowercase().nfc().collect()
        }
    }

    /// The part behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, BadEmail> {
        let text: String = text.trim().nfc().collect();
        let (local, domain) = text.rsplit_once('@').ok_or(BadEmail)?;
        let fits = text.len() <= 254
            && local.len() <= 64
            && domain.contains('.')
            && !text.chars().any(|c| c.is_control() || c.is_whitespace())
            && !local.starts_with('"');
        if !fits {
            return Err(BadEmail);
        }
        let address = format!("{local}@{}", domain.to_lowercase());
        lettre::Address::from_str(&address).map_err(|_| BadEmail)?;
        Ok(Self(address))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Email(…)")
    }
}

impl Serialize for Email {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

crate::text_column!(Email);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_trimmed_and_their_domain_folded() {
        let email: Email = " Maya.Roy@Example.ORG ".parse().unwrap();
        assert_eq!(email.as_str(), "Maya.Roy@example.org");
        assert_eq!(email.folded(), "maya.roy@example.org");
        assert!(!format!("{email:?}").contains("Maya"));
    }

    #[test]
    fn one_address_is_one_address_however_its_letters_are_composed() {
        let composed: Email = "zo\u{eb}@example.org".parse().unwrap();
        let decomposed: Email = "Zoe\u{308}@Example.org".parse().unwrap();
        assert_eq!(composed.folded(), decomposed.folded());
        assert_eq!(decomposed.as_str(), "Zo\u{eb}@example.org");
        assert_eq!(composed.domain(), "example.org");
    }

    #[test]
    fn what_no_server_takes_is_refused() {
        for text in [
            "",
            "maya",
            "maya@",
            "@x.org",
            "a@b",
            "a b@c.org",
            "a@b.org\r\nBcc: x@y.org",
            "a@b.org,c@d.org",
            "a\0@b.org",
        ] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_stable(text in "\\PC{0,80}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.as_str().parse::<Email>().unwrap(), email);
            }
        }
    }
}

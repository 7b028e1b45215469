//! Slugs: the readable part of a public URL.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize};

/// 1 to 64 lower-case ASCII letters, digits and inner single hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Debug, thiserror::Error)]
#[error("use 1 to 64 small letters a-z, digits and single hyphens between them")]
pub struct BadSlug;

impl Slug {
    /// Letters at most.
    pub const MOST: usize = 64;
    /// The form, for the API document.
    pub const PATTERN: &'static str = "^[a-z0-9]+(?:-[a-z0-9]+)*$";

    /// The slug's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A slug made of what `title` offers; `None` when it has no ASCII letter or digit (a name in Bengali).
    pub fn from_title(title: &str) -> Option<Self> {
        let mut text = String::new();
        for symbol in title.chars() {
            if symbol.is_ascii_alphanumeric() {
                text.push(symbol.to_ascii_lowercase());
            } else if !text.is_empty() && !text.ends_with('-') && symbol != '\'' {
                text.push('-');
            }
            if text.len() >= 56 {
                break;
            }
        }
        text.trim_end_matches('-').parse().ok()
    }
}

impl FromStr for Slug {
    type Err = BadSlug;

    fn from_str(text: &str) -> Result<Self, BadSlug> {
        let fits = (1..=Self::MOST).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        fits.then(|| Self(text.to_owned())).ok_or(BadSlug)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Serialize for Slug {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

crate::text_column!(Slug);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn titles_become_slugs() {
        assert_eq!(
            Slug::from_title("Maya's 31 dresses — again!")
                .unwrap()
                .as_str(),
            "mayas-31-dresses-again"
        );
        assert!(Slug::from_title("মায়া").is_none());
    }

    proptest! {
        #[test]
        fn every_slug_made_is_a_slug(title in "\\PC{0,120}") {
            if let Some(slug) = Slug::from_title(&title) {
                prop_assert!(slug.as_str().parse::<Slug>().is_ok());
            }
        }
    }
}

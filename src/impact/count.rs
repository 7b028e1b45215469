//! Counts of people and things. A small count can point at somebody, so in public one under ten is "fewer than 10": the type
//! says so, whoever shows it.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::kernel::money::thousands;
use crate::partners::Reader;

/// The smallest count that is shown as it is.
const SHOWN_FROM: i64 = 10;

/// How many: shown and serialised as `1,200`, or as `fewer than 10` when it is less than ten.
///
/// The exact number is had by showing who asks: staff, or staff of a partner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Count(i64);

/// The text is no count.
#[derive(Debug, thiserror::Error)]
#[error("write a whole number, like 380")]
pub struct BadCount;

impl Count {
    /// A stored count.
    pub(super) fn stored(value: i64) -> Self {
        Self(value)
    }

    /// What is stored.
    pub(super) fn value(self) -> i64 {
        self.0
    }

    /// Reads what a person types: `380` or `1,200`.
    ///
    /// # Errors
    /// [`BadCount`].
    pub fn parse_typed(text: &str) -> Result<Self, BadCount> {
        let digits: String = text.trim().chars().filter(|c| *c != ',').collect();
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        match digits.parse::<i64>() {
            Ok(value) if is_number && value <= 1_000_000_000_000 => Ok(Self(value)),
            _ => Err(BadCount),
        }
    }

    /// The number, when everybody may know it.
    pub fn public(self) -> Option<i64> {
        (self.0 >= SHOWN_FROM).then_some(self.0)
    }

    /// The number, for those who work on it.
    pub fn exact(self, _: &impl Reader) -> i64 {
        self.0
    }
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.public() {
            Some(value) => out.write_str(&thousands(value.unsigned_abs())),
            None => write!(out, "fewer than {SHOWN_FROM}"),
        }
    }
}

impl fmt::Debug for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Count({self})")
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_count_under_ten_is_told_to_nobody() {
        for value in 0..10 {
            let count = Count::stored(value);
            assert_eq!(count.to_string(), "fewer than 10");
            assert_eq!(format!("{count:?}"), "Count(fewer than 10)");
            assert_eq!(serde_json::to_string(&count).unwrap(), "\"fewer than 10\"");
            assert_eq!(count.public(), None);
        }
        assert_eq!(Count::stored(10).to_string(), "10");
        assert_eq!(Count::stored(1_200).to_string(), "1,200");
        assert_eq!(Count::stored(10).public(), Some(10));
    }

    #[test]
    fn only_whole_numbers_are_counts() {
        assert_eq!(Count::parse_typed(" 1,200 ").unwrap().value(), 1_200);
        for text in [
            "",
            ",",
            "-1",
            "1.5",
            "ten",
            "12 or so",
            "9999999999999999999",
        ] {
            assert!(Count::parse_typed(text).is_err(), "{text}");
        }
    }
}

//! Calendar days, without a time or a zone.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize};

/// A day of the calendar as ISO 8601 writes it (`2026-12-01`), of a year with four digits, so that days sort as texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Day(NaiveDate);

/// The text is no calendar day.
#[derive(Debug, thiserror::Error)]
#[error("write a day like 2026-12-01")]
pub struct BadDay;

impl Day {
    /// The form, for the API document: every day of the calendar from year 1000 on, and no other text.
    pub const PATTERN: &'static str = "^(?:[1-9][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)|(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)-02-29)$";

    /// The calendar's day.
    pub fn date(self) -> NaiveDate {
        self.0
    }

    /// Days from this one to `later`; negative when `later` is earlier.
    pub fn days_to(self, later: Self) -> i64 {
        (later.0 - self.0).num_days()
    }
}

impl TryFrom<NaiveDate> for Day {
    type Error = BadDay;

    fn try_from(date: NaiveDate) -> Result<Self, BadDay> {
        if (1000..=9999).contains(&date.year()) {
            Ok(Self(date))
        } else {
            Err(BadDay)
        }
    }
}

impl FromStr for Day {
    type Err = BadDay;

    fn from_str(text: &str) -> Result<Self, BadDay> {
        // chrono also reads `2026-1-5` and `+2026-01-05`; one day has one text here.
        if text.len() != 10 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return Err(BadDay);
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map_err(|_| BadDay)
            .and_then(Self::try_from)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

crate::text_column!(Day);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_days_of_the_calendar_pass() {
        let day: Day = "2028-02-29".parse().unwrap();
        assert_eq!(day.to_string(), "2028-02-29");
        for text in [
            "",
            "2026-02-29",
            "2026-1-5",
            "26-01-05",
            "+2026-01-5",
            "2026-01-05T00:00",
            "2026-13-01",
            "0026-01-05",
            "２０２６-01-05",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_sort_as_their_texts(a in 0i32..3_000_000, b in 0i32..3_000_000) {
            let day = |n: i32| NaiveDate::from_num_days_from_ce_opt(400_000 + n)
                .and_then(|date| Day::try_from(date).ok()).unwrap();
            let (a, b) = (day(a), day(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            prop_assert_eq!(a.to_string().parse::<Day>().unwrap(), a);
        }
    }
}

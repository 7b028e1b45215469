//! Time zones: in which place a day begins and ends.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Day, Timestamp};

/// A zone of the IANA time zone database (`America/Los_Angeles`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Zone(chrono_tz::Tz);

/// The text names no zone.
#[derive(Debug, thiserror::Error)]
#[error("name an IANA time zone like America/Los_Angeles")]
pub struct BadZone;

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(chrono_tz::Tz::UTC);

    /// The calendar day that `at` falls on here.
    pub fn day_of(self, at: Timestamp) -> Option<Day> {
        Day::try_from(at.date_in(self.0)).ok()
    }

    /// The zone as chrono knows it.
    pub fn tz(self) -> chrono_tz::Tz {
        self.0
    }
}

impl FromStr for Zone {
    type Err = BadZone;

    fn from_str(text: &str) -> Result<Self, BadZone> {
        text.parse().map(Self).map_err(|_| BadZone)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

crate::text_column!(Zone);

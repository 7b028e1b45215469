//! Time: a UTC instant cut to microseconds, and the clock that hands it out.
//!
//! Nothing reads the machine's clock but [`Clock`]; tests and the sandbox turn it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use serde::{Deserialize, Serialize};

/// A UTC instant with microsecond precision, the precision both databases keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Timestamp)]
pub struct Timestamp(NaiveDateTime);

impl Timestamp {
    /// The instant `micros` UTC microseconds after 1970; `None` outside chrono's range.
    pub fn from_micros(micros: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(micros).map(|at| Self(at.naive_utc()))
    }

    /// The instant `seconds` UTC seconds after 1970 (Stripe's unit); `None` outside chrono's range.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        DateTime::from_timestamp(seconds, 0).map(|at| Self(at.naive_utc()))
    }

    /// UTC microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0.and_utc().timestamp_micros()
    }

    /// UTC seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.and_utc().timestamp()
    }

    /// This instant moved by `delta`, kept inside the representable range.
    #[must_use]
    pub fn plus(self, delta: chrono::Duration) -> Self {
        Self(self.0.checked_add_signed(delta).unwrap_or(self.0))
    }

    /// This instant moved back by `delta`, kept inside the representable range.
    #[must_use]
    pub fn minus(self, delta: chrono::Duration) -> Self {
        Self(self.0.checked_sub_signed(delta).unwrap_or(self.0))
    }

    /// RFC 3339 with a `Z`, as the API writes instants.
    pub fn rfc3339(self) -> String {
        self.0
            .and_utc()
            .to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
    }

    /// The UTC date and time without a zone, for calendar arithmetic.
    pub fn naive(self) -> NaiveDateTime {
        self.0
    }

    /// The calendar day of this instant in `zone`.
    pub fn date_in(self, zone: chrono_tz::Tz) -> NaiveDate {
        self.0.and_utc().with_timezone(&zone).date_naive()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self::from_micros(at.timestamp_micros()).unwrap_or(Self(at.naive_utc()))
    }
}

impl<DB: Backend> FromSql<sql_types::Timestamp, DB> for Timestamp
where
    NaiveDateTime: FromSql<sql_types::Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        NaiveDateTime::from_sql(bytes).map(Self)
    }
}

impl<DB: Backend> ToSql<sql_types::Timestamp, DB> for Timestamp
where
    NaiveDateTime: ToSql<sql_types::Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        DateTime::<Utc>::deserialize(from).map(Self::from)
    }
}

/// Hands out the time. Clones share one offset, so a turned clock turns for all who hold it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds added to the machine's clock.
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's own time until somebody turns it.
    pub fn system() -> Self {
        Self::default()
    }

    /// Now, cut to microseconds.
    pub fn now(&self) -> Timestamp {
        let machine = Utc::now().timestamp_micros();
        let micros = machine.saturating_add(self.offset.load(Ordering::SeqCst));
        Timestamp::from_micros(micros).unwrap_or(Timestamp(NaiveDateTime::MAX))
    }

    /// Turns the clock forward (or back, with a negative `delta`).
    pub fn advance(&self, delta: chrono::Duration) {
        let micros = delta.num_microseconds().unwrap_or(0);
        self.offset.fetch_add(micros, Ordering::SeqCst);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_clock_turns_for_every_clone() {
        let clock = Clock::system();
        let other = clock.clone();
        let before = other.now();
        clock.advance(chrono::Duration::days(3));
        assert!(other.now().seconds() - before.seconds() >= 3 * 86_400);
    }

    #[test]
    fn instants_keep_microseconds_and_print_a_z() {
        let at = Timestamp::from_micros(1_700_000_000_123_456).unwrap();
        assert_eq!(at.rfc3339(), "2023-11-14T22:13:20.123456Z");
        assert_eq!(at.micros(), 1_700_000_000_123_456);
    }
}

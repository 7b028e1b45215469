//! When one can become a sponsor, when the request goes out, and over how much.

use crate::diary::rules::{Season, day_after};
use crate::kernel::{Day, Money};

/// Days after the season's last one in which participants still write, before sponsors are asked.
pub const GRACE_DAYS: i64 = 2;

/// Promises that wait for their confirmation, of one address at most.
pub const OPEN_MOST: i64 = 5;

/// Confirmed promises on one page at most.
pub const PAGE_MOST: i64 = 200;

/// Promises on one page that wait for their confirmation at most; then the oldest makes room, since anybody can make them up.
pub const PAGE_OPEN_MOST: i64 = 200;

/// Mails to confirm one promise, one after the other; each more waits for [`ASKS_REST_DAYS`].
pub const ASKS_MOST: i32 = 3;

/// Days after the last of [`ASKS_MOST`] mails before one more goes out: whoever used them up silences nobody for good.
pub const ASKS_REST_DAYS: i64 = 3;

/// Days for which a promise waits to be confirmed; then it is forgotten.
pub const OPEN_DAYS: i64 = 14;

/// Why nobody can become a sponsor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The season has no sponsors of days.
    #[error("this season has no sponsors of days")]
    Off,
    /// It is over, or not live.
    #[error("this season is over; days can no longer be sponsored")]
    Over,
}

/// Whether one can become a sponsor today: until the season's last day, where gifts are taken for longer than that.
///
/// # Errors
/// Says why not.
pub fn is_open(season: &Season, today: Option<Day>) -> Result<(), Closed> {
    if !season.rules.is_on || !season.rules.sponsors || season.giving_until <= season.ends_on {
        return Err(Closed::Off);
    }
    match today {
        Some(today) if season.is_live && today <= season.ends_on => Ok(()),
        _ => Err(Closed::Over),
    }
}

/// The first day on which sponsors are asked: when the season and the days of grace are over, at the latest on the last day
/// of giving.
pub fn due_on(season: &Season) -> Option<Day> {
    let after = day_after(season.ends_on, GRACE_DAYS + 1)?;
    Some(after.min(season.giving_until))
}

/// What `days` logged days come to: the promised amount for each, never more than the cap.
pub fn owed(per_day: Money, cap: Money, days: i64) -> Money {
    let sum = per_day.minor().saturating_mul(days.max(0));
    Money::new(sum.min(cap.minor()), per_day.currency())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::campaigns::rules::DiaryRules;
    use crate::kernel::Currency;

    fn season(giving_until: &str) -> Season {
        Season {
            starts_on: "2026-12-01".parse().unwrap(),
            ends_on: "2026-12-31".parse().unwrap(),
            giving_until: giving_until.parse().unwrap(),
            zone: "Asia/Kolkata".parse().unwrap(),
            is_live: true,
            rules: DiaryRules::default(),
        }
    }

    #[test]
    fn sponsors_are_asked_after_the_grace_and_while_something_can_be_given() {
        let due = |giving_until: &str| due_on(&season(giving_until)).unwrap().to_string();
        assert_eq!(due("2027-01-31"), "2027-01-03");
        assert_eq!(due("2027-01-01"), "2027-01-01");
    }

    #[test]
    fn one_becomes_a_sponsor_until_the_last_day() {
        let mut season = season("2027-01-31");
        let open = |season: &Season, today: &str| is_open(season, Some(today.parse().unwrap()));
        assert_eq!(open(&season, "2026-10-01"), Ok(()));
        assert_eq!(open(&season, "2026-12-31"), Ok(()));
        assert_eq!(open(&season, "2027-01-01"), Err(Closed::Over));
        season.rules.sponsors = false;
        assert_eq!(open(&season, "2026-12-31"), Err(Closed::Off));
        season.rules.sponsors = true;
        season.giving_until = season.ends_on;
        assert_eq!(open(&season, "2026-12-31"), Err(Closed::Off));
    }

    proptest! {
        #[test]
        fn a_request_is_days_times_amount_and_never_more_than_the_cap(
            per_day in 1i64..=i64::MAX, more in 0i64..=i64::MAX, days in -5i64..400,
        ) {
            let cap = per_day.saturating_add(more);
            let money = |minor| Money::new(minor, Currency::USD);
            let sum = owed(money(per_day), money(cap), days).minor();
            prop_assert!((0..=cap).contains(&sum));
            let exact = i128::from(per_day) * i128::from(days.max(0));
            prop_assert_eq!(i128::from(sum), exact.min(i128::from(cap)));
        }
    }
}

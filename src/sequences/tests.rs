#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::model::StepId;
use super::rules::{Act, Seen, Timing, Trigger, decide, due, next};
use crate::campaigns::testing::at;
use crate::kernel::Zone;
use crate::subscribers::Why;

fn step(position: i32, wait_days: i32, at_hour: Option<i32>) -> Timing {
    Timing {
        id: StepId::new(),
        position,
        wait_days,
        at_hour,
    }
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

#[test]
fn a_step_waits_its_days_and_then_for_its_hour() {
    let zone = zone("America/Los_Angeles");
    let from = at("2026-12-01T18:30:00Z"); // 10:30 there.
    assert_eq!(due(&step(1, 0, None), from, zone), from);
    assert_eq!(
        due(&step(1, 3, None), from, zone),
        at("2026-12-04T18:30:00Z")
    );
    assert_eq!(
        due(&step(1, 0, Some(9)), from, zone),
        at("2026-12-02T17:00:00Z")
    );
    assert_eq!(
        due(&step(1, 0, Some(11)), from, zone),
        at("2026-12-01T19:00:00Z")
    );
    // Two o'clock of 8 March 2026 does not exist there: the next day's is taken.
    let spring = at("2026-03-08T09:00:00Z");
    assert_eq!(
        due(&step(1, 0, Some(2)), spring, zone),
        at("2026-03-09T09:00:00Z")
    );
}

#[test]
fn whoever_waits_for_a_step_that_is_gone_waits_for_the_next() {
    let steps = [step(1, 0, None), step(4, 0, None)];
    assert_eq!(next(&steps, 0).unwrap().position, 1);
    assert_eq!(next(&steps, 2).unwrap().position, 4);
    assert!(next(&steps, 5).is_none());
}

#[test]
fn refusal_comes_before_leaving_and_leaving_before_the_step() {
    let now = at("2026-12-10T12:00:00Z");
    let free = Seen {
        refused: None,
        has_left: false,
        is_meant: true,
        last_mail: None,
    };
    assert_eq!(decide(&free, 2, now), Act::Mail);
    let left = Seen {
        has_left: true,
        ..free
    };
    assert_eq!(decide(&left, 2, now), Act::Leave);
    let refused = Seen {
        refused: Some(Why::LeftAll),
        ..left
    };
    assert_eq!(decide(&refused, 2, now), Act::Refused(Why::LeftAll));
    let lately = Seen {
        last_mail: Some(at("2026-12-09T12:00:00Z")),
        ..free
    };
    assert_eq!(
        decide(&lately, 2, now),
        Act::Wait(at("2026-12-11T12:00:00Z"))
    );
    // What is not for them needs no room.
    let other = Seen {
        is_meant: false,
        ..lately
    };
    assert_eq!(decide(&other, 2, now), Act::PassOver);
    let long_ago = Seen {
        last_mail: Some(at("2026-12-08T12:00:00Z")),
        ..free
    };
    assert_eq!(decide(&long_ago, 2, now), Act::Mail);
}

#[test]
fn triggers_are_kept_as_words() {
    let text = |trigger: Trigger| serde_json::to_string(&trigger).unwrap();
    assert_eq!(text(Trigger::PageLive), r#""page_live""#);
    assert_eq!(
        text(Trigger::NoGift { days: 30 }),
        r#"{"no_gift":{"days":30}}"#
    );
}

proptest! {
    /// A step is never due before its wait is over, and at most a day and a skipped hour after it.
    #[test]
    fn due_is_never_early_and_never_a_day_late(
        days in 0i32..60,
        hour in proptest::option::of(0i32..24),
        minutes in 0i64..600_000,
        place in prop_oneof!["America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia", "UTC"],
    ) {
        let zone = zone(&place);
        let from = at("2026-01-01T00:00:00Z").plus(chrono::Duration::minutes(minutes));
        let waited = from.plus(chrono::Duration::days(i64::from(days)));
        let due = due(&step(1, days, hour), from, zone);
        prop_assert!(due >= waited);
        prop_assert!(due <= waited.plus(chrono::Duration::hours(50)));
        if hour.is_none() {
            prop_assert_eq!(due, waited);
        }
    }
}

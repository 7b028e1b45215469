#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use super::freeze::in_zone;
use super::pace::{Pace, Slot};
use crate::config::Config;
use crate::kernel::Timestamp;

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text)
        .unwrap()
        .with_timezone(&chrono::Utc)
        .into()
}

fn pace(settings: &[(&str, &str)]) -> Pace {
    let settings: Vec<(&str, String)> = settings
        .iter()
        .map(|(key, value)| (*key, (*value).to_owned()))
        .collect();
    Pace::new(&Config::load(None, &std::collections::HashMap::new(), &settings).unwrap())
}

#[test]
fn eight_in_the_morning_is_eight_on_each_readers_own_clock() {
    let home = chrono_tz::America::New_York;
    let send = at("2026-12-01T13:00:00Z");
    assert_eq!(in_zone(send, home, home), send);
    for (zone, expected) in [
        (chrono_tz::Asia::Kolkata, "2026-12-01T02:30:00Z"),
        (chrono_tz::America::Los_Angeles, "2026-12-01T16:00:00Z"),
        (chrono_tz::Pacific::Kiritimati, "2026-11-30T18:00:00Z"),
    ] {
        assert_eq!(in_zone(send, home, zone), at(expected), "{zone}");
    }
    // Half past two does not exist there on that day.
    let skipped = in_zone(
        at("2026-03-29T02:30:00Z"),
        chrono_tz::UTC,
        chrono_tz::Europe::Berlin,
    );
    assert_eq!(skipped, at("2026-03-29T01:30:00Z"));
}

#[tokio::test]
async fn a_lane_gives_ten_a_second_and_puts_the_rest_off() {
    let (db, _folder) = crate::jobs::tests::fresh_db().await;
    let pace = pace(&[("newsletters.domain_per_second", "10")]);
    assert_eq!(pace.lane("gmail.com"), pace.lane("googlemail.com"));
    assert_eq!(pace.lane("example.org"), "example.org");
    let now = at("2026-12-01T00:00:00Z");
    let work = pace.clone();
    let (first, off) = db
        .tx(move |conn| {
            let mut off = BTreeMap::new();
            let lanes = vec!["a.org"; 60];
            Ok((work.slots(conn, &lanes, &mut off, now)?, off))
        })
        .await
        .unwrap();
    let times: Vec<Timestamp> = first
        .iter()
        .filter_map(|slot| match slot {
            Slot::At(at) => Some(*at),
            Slot::Off(_) => None,
        })
        .collect();
    assert_eq!(times.len(), 20, "two seconds' worth");
    assert!(
        times
            .windows(11)
            .all(|few| few[10].micros() - few[0].micros() > 1_000_000)
    );
    assert!(off["a.org"] > now.plus(chrono::Duration::seconds(5)));
    // Another process, another claim, another lane: the first lane is full, the second is not.
    let slots = db
        .tx(move |conn| pace.slots(conn, &["a.org", "b.org"], &mut BTreeMap::new(), now))
        .await
        .unwrap();
    assert!(matches!(slots[0], Slot::Off(_)), "{slots:?}");
    assert_eq!(slots[1], Slot::At(now));
}

#[tokio::test]
async fn caps_and_a_warm_up_hold_for_the_day_and_what_did_not_go_is_counted_out() {
    let (db, _folder) = crate::jobs::tests::fresh_db().await;
    let pace = pace(&[
        ("newsletters.per_hour", "30"),
        ("newsletters.warm_up", "50, 80"),
    ]);
    let count = |mails: usize, when: &'static str| {
        let (pace, db) = (pace.clone(), db.clone());
        async move {
            db.tx(move |conn| {
                pace.count(conn, mails, at(when))?;
                pace.left(conn, at(when))
            })
            .await
            .unwrap()
            .unwrap()
        }
    };
    assert_eq!(count(0, "2026-12-01T10:00:00Z").await, 30);
    assert_eq!(count(25, "2026-12-01T10:59:00Z").await, 5);
    assert_eq!(
        count(0, "2026-12-01T11:00:00Z").await,
        25,
        "the day's fifty"
    );
    assert_eq!(count(25, "2026-12-01T11:01:00Z").await, 0);
    db.tx(|conn| super::pace::uncount(conn, 3, at("2026-12-01T11:02:00Z")))
        .await
        .unwrap();
    assert_eq!(count(0, "2026-12-01T11:03:00Z").await, 3);
    assert_eq!(count(30, "2026-12-02T11:00:00Z").await, 0);
    assert_eq!(
        count(0, "2026-12-02T12:00:00Z").await,
        30,
        "eighty on the second day"
    );
    assert_eq!(
        count(0, "2026-12-03T12:00:00Z").await,
        30,
        "no day's limit any more"
    );
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::campaigns::testing::at;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn season(starts_on: &str, ends_on: &str, zone: &str) -> Season {
    Season {
        starts_on: day(starts_on),
        ends_on: day(ends_on),
        giving_until: day_after(day(ends_on), 31).unwrap(),
        zone: zone.parse().unwrap(),
        is_live: true,
        rules: DiaryRules::default(),
    }
}

fn december() -> Season {
    season("2026-12-01", "2026-12-31", "America/Los_Angeles")
}

#[test]
fn a_season_has_all_its_days_and_a_one_day_season_one() {
    assert_eq!(december().days().count(), 31);
    assert_eq!(season("2026-12-04", "2026-12-04", "UTC").days().count(), 1);
    let leap: Vec<String> = season("2028-02-27", "2028-03-01", "UTC")
        .days()
        .map(|day| day.to_string())
        .collect();
    assert_eq!(
        leap,
        ["2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01"]
    );
}

#[test]
fn a_day_turns_at_midnight_of_the_campaigns_zone() {
    for (zone, before, after) in [
        (
            "Asia/Kolkata",
            "2026-12-05T18:29:59.999999Z",
            "2026-12-05T18:30:00Z",
        ),
        (
            "America/Los_Angeles",
            "2026-12-06T07:59:59.999999Z",
            "2026-12-06T08:00:00Z",
        ),
    ] {
        let season = season("2026-12-01", "2026-12-31", zone);
        let sixth = day("2026-12-06");
        let early = season.today(at(before));
        assert_eq!(early, Some(day("2026-12-05")), "{zone}");
        assert_eq!(season.may_write(sixth, early), Err(NotWritable::Future));
        let late = season.today(at(after));
        assert_eq!(season.may_write(sixth, late), Ok(Timing::OnTheDay));
        assert_eq!(
            season.may_write(day("2026-12-05"), late),
            Ok(Timing::Backfill)
        );
    }
}

#[test]
fn days_of_23_and_of_25_hours_are_days() {
    // Clocks in Los Angeles: forward on 8 March 2026, back on 1 November 2026.
    let spring = season("2026-03-07", "2026-03-09", "America/Los_Angeles");
    let autumn = season("2026-10-31", "2026-11-02", "America/Los_Angeles");
    for (season, instant, expected) in [
        (&spring, "2026-03-08T07:59:59Z", "2026-03-07"),
        (&spring, "2026-03-08T08:00:00Z", "2026-03-08"),
        (&spring, "2026-03-09T06:59:59Z", "2026-03-08"),
        (&spring, "2026-03-09T07:00:00Z", "2026-03-09"),
        (&autumn, "2026-11-01T06:59:59Z", "2026-10-31"),
        (&autumn, "2026-11-01T07:00:00Z", "2026-11-01"),
        (&autumn, "2026-11-02T07:59:59Z", "2026-11-01"),
        (&autumn, "2026-11-02T08:00:00Z", "2026-11-02"),
    ] {
        assert_eq!(season.today(at(instant)), Some(day(expected)), "{instant}");
        assert_eq!(season.days().count(), 3);
        assert_eq!(
            season.may_write(day(expected), season.today(at(instant))),
            Ok(Timing::OnTheDay)
        );
    }
}

#[test]
fn a_day_may_be_written_from_its_beginning_until_the_backfill_ends() {
    let mut season = december();
    let third = day("2026-12-03");
    let write = |season: &Season, today: &str| season.may_write(third, Some(day(today)));
    assert_eq!(write(&season, "2026-12-02"), Err(NotWritable::Future));
    assert_eq!(write(&season, "2026-12-03"), Ok(Timing::OnTheDay));
    assert_eq!(write(&season, "2027-01-03"), Ok(Timing::Backfill));
    assert_eq!(write(&season, "2027-01-04"), Err(NotWritable::TooLongAgo));
    season.rules.backfill_days = 400;
    assert_eq!(write(&season, "2027-01-31"), Ok(Timing::Backfill));
    assert_eq!(write(&season, "2027-02-01"), Err(NotWritable::Over));
    for outside in ["2026-11-30", "2027-01-01"] {
        let today = Some(day("2027-01-15"));
        assert_eq!(
            season.may_write(day(outside), today),
            Err(NotWritable::OutOfSeason)
        );
    }
    season.rules.backfill_days = 0;
    assert_eq!(write(&season, "2026-12-04"), Err(NotWritable::TooLongAgo));
    season.rules.is_on = false;
    assert_eq!(write(&season, "2026-12-03"), Err(NotWritable::Off));
    season.rules.is_on = true;
    season.is_live = false;
    assert_eq!(write(&season, "2026-12-03"), Err(NotWritable::Over));
    assert_eq!(season.may_write(third, None), Err(NotWritable::Over));
}

#[test]
fn a_conversation_may_be_told_from_before_the_season_until_giving_ends() {
    let season = december();
    let tell = |of: &str, today: &str| season.may_tell(day(of), Some(day(today)));
    assert_eq!(tell("2026-08-31", "2026-09-01"), Ok(()));
    assert_eq!(
        tell("2026-08-30", "2026-09-01"),
        Err(NotWritable::TooLongAgo)
    );
    assert_eq!(tell("2026-12-05", "2026-12-04"), Err(NotWritable::Future));
    assert_eq!(tell("2027-01-31", "2027-01-31"), Ok(()));
    assert_eq!(tell("2027-01-31", "2027-02-01"), Err(NotWritable::Over));
}

fn streak(marks: &str, today: i64, freezes: i64) -> Streak {
    let mut season = december();
    season.rules.freezes = freezes;
    let logged = season
        .days()
        .zip(marks.chars())
        .filter(|(_, mark)| *mark == 'x')
        .map(|(day, _)| day)
        .collect();
    season.streak(&logged, day_after(season.starts_on, today - 1).unwrap())
}

#[test]
fn a_streak_bridges_one_missed_day_and_no_second() {
    let is = |marks: &str, today: i64, expected: (i64, i64, i64)| {
        let found = streak(marks, today, 1);
        assert_eq!(
            (found.current, found.longest, found.freezes_left),
            expected,
            "{marks} on day {today}"
        );
    };
    is("", 0, (0, 0, 1));
    is("", 1, (0, 0, 1));
    is("x", 1, (1, 1, 1));
    // Today is not missed while it lasts; yesterday is.
    is("xxx", 4, (3, 3, 1));
    is("xxx", 5, (3, 3, 0));
    is("xxx", 6, (0, 3, 1));
    is("xx-xx", 5, (4, 4, 0));
    // The second gap ends what stood before the first, not what came after it.
    is("xx-xxx-x", 8, (4, 5, 0));
    is("xx--xx", 6, (2, 2, 1));
    // What was missed before the first day costs nothing.
    is("---xx", 5, (2, 2, 1));
    is(&"x".repeat(31), 31, (31, 31, 1));
    is(&"x".repeat(31), 40, (31, 31, 1));
}

/// The same by trying every stretch.
fn by_trying(marks: &[bool], freezes: usize) -> (i64, i64) {
    let (mut current, mut longest) = (0, 0);
    for from in 0..marks.len() {
        for to in from + 1..=marks.len() {
            let stretch = &marks[from..to];
            let days = stretch.iter().filter(|mark| **mark).count();
            if stretch.len() - days <= freezes {
                longest = longest.max(days);
                if to == marks.len() {
                    current = current.max(days);
                }
            }
        }
    }
    (current as i64, longest as i64)
}

proptest! {
    #[test]
    fn a_streak_is_the_longest_stretch_with_so_few_missed_days(
        marks in prop::collection::vec(any::<bool>(), 31),
        today in 1usize..45,
        freezes in 0usize..5,
        more in 0usize..31,
    ) {
        let mut season = december();
        season.rules.freezes = freezes as i64;
        let day_of = |place: usize| day_after(season.starts_on, place as i64).unwrap();
        let mut logged: BTreeSet<Day> = (0..31).filter(|n| marks[*n] && *n < today).map(day_of).collect();
        let now = day_of(today - 1);
        let found = season.streak(&logged, now);
        let seen = today.min(31);
        let mut until: Vec<bool> = marks[..seen].to_vec();
        if today <= 31 && !until[seen - 1] {
            until.pop();
        }
        let (current, longest) = by_trying(&until, freezes);
        prop_assert_eq!((found.current, found.longest), (current, longest));
        prop_assert!(found.current <= found.longest && found.longest <= logged.len() as i64);
        prop_assert!((0..=freezes as i64).contains(&found.freezes_left));
        prop_assert_eq!(found, season.streak(&logged, now), "the same again");
        // One more day never shortens a streak, and neither does one more freeze.
        logged.insert(day_of(more.min(seen - 1)));
        let longer = season.streak(&logged, now);
        prop_assert!(longer.current >= found.current && longer.longest >= found.longest);
        season.rules.freezes += 1;
        prop_assert!(season.streak(&logged, now).longest >= longer.longest);
    }

    #[test]
    fn no_day_is_open_twice_or_of_two_kinds(offset in -40i64..120, of in 0i64..31, back in 0i64..60) {
        let mut season = december();
        season.rules.backfill_days = back;
        let today = day_after(season.starts_on, offset).unwrap();
        let told = day_after(season.starts_on, of).unwrap();
        match season.may_write(told, Some(today)) {
            Ok(Timing::OnTheDay) => prop_assert_eq!(told, today),
            Ok(Timing::Backfill) => prop_assert!(told < today && told.days_to(today) <= back && today <= season.giving_until),
            Err(NotWritable::Future) => prop_assert!(told > today),
            Err(NotWritable::TooLongAgo) => prop_assert!(told.days_to(today) > back),
            Err(NotWritable::Over) => prop_assert!(today > season.giving_until),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

//! The season as a calendar: weeks of seven days, each with what is known of it.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::model::Entry;
use super::rules::{Season, Timing, day_after};
use super::views::{CalendarView, CellView};
use crate::kernel::Day;

/// For whom the calendar is drawn.
#[derive(Debug, Clone, Copy)]
pub enum Reader<'a> {
    /// Everybody; entries link to their place in the list at this address.
    Stranger(&'a str),
    /// The page's owner; days link to their forms under this address.
    Owner(&'a str),
}

/// The calendar of `season` with `entries`, which are those that the reader may see.
pub fn calendar(
    season: &Season,
    entries: &[Entry],
    today: Option<Day>,
    reader: Reader<'_>,
) -> CalendarView {
    let by_day: BTreeMap<Day, &Entry> = entries.iter().map(|entry| (entry.day, entry)).collect();
    let before = i64::from(season.starts_on.date().weekday().num_days_from_monday());
    let after = 6 - i64::from(season.ends_on.date().weekday().num_days_from_monday());
    let blanks = |many: i64| (0..many).map(|_| outside());
    let cells: Vec<CellView> = blanks(before)
        .chain(
            season
                .days()
                .map(|day| cell(season, day, by_day.get(&day).copied(), today, reader)),
        )
        .chain(blanks(after))
        .collect();
    CalendarView {
        caption: match reader {
            Reader::Stranger(_) => "The days of the season".to_owned(),
            Reader::Owner(_) => "Your days of the season".to_owned(),
        },
        weeks: cells.chunks(7).map(<[CellView]>::to_vec).collect(),
    }
}

fn outside() -> CellView {
    CellView {
        number: String::new(),
        said: String::new(),
        state: "outside",
        outfit: "",
        is_today: false,
        is_backfill: false,
        is_private: false,
        href: None,
    }
}

fn cell(
    season: &Season,
    day: Day,
    entry: Option<&Entry>,
    today: Option<Day>,
    reader: Reader<'_>,
) -> CellView {
    let date = day.date();
    let is_first = date.day() == 1 && day != season.starts_on;
    let number = if is_first {
        date.format("%-d %b").to_string()
    } else {
        date.format("%-d").to_string()
    };
    let may_write = match reader {
        Reader::Owner(_) => season.may_write(day, today).ok(),
        Reader::Stranger(_) => None,
    };
    let (state, told) = match (entry, may_write) {
        (Some(entry), _) => ("logged", told(entry)),
        (None, Some(Timing::OnTheDay)) => ("open", "to be written today".to_owned()),
        (None, Some(Timing::Backfill)) => ("open", "can still be written".to_owned()),
        (None, None) if today.is_none_or(|today| day > today) => ("ahead", "to come".to_owned()),
        (None, None) => ("bare", "nothing shown".to_owned()),
    };
    let href = match (reader, state) {
        (Reader::Owner(base), "logged" | "open") => Some(format!("{base}/{day}")),
        (Reader::Stranger(base), "logged") => Some(format!("{base}#d-{day}")),
        _ => None,
    };
    CellView {
        number,
        said: format!("{}: {told}", date.format("%-d %B")),
        state,
        outfit: entry.map_or("", |entry| entry.outfit.as_str()),
        is_today: today == Some(day),
        is_backfill: entry.is_some_and(|entry| entry.is_backfill),
        is_private: entry.is_some_and(|entry| !entry.is_public),
        href,
    }
}

fn told(entry: &Entry) -> String {
    let mut said = entry.outfit.label().to_lowercase();
    if entry.is_backfill {
        said.push_str(", written later");
    }
    if !entry.is_public {
        said.push_str(", for you alone");
    }
    said
}

/// The days of the season that may be written today and are not yet, newest first: what the owner is offered.
pub fn to_write(season: &Season, entries: &[Entry], today: Day) -> Vec<Day> {
    let written: Vec<Day> = entries.iter().map(|entry| entry.day).collect();
    let back = |n: i64| day_after(today, -n);
    (0..=season.rules.backfill_days.clamp(0, 400))
        .map_while(back)
        .filter(|day| season.may_write(*day, Some(today)).is_ok() && !written.contains(day))
        .collect()
}

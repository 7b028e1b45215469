//! How fast (N17): so many mails a second over all and to one domain or group of domains, so many in an hour and a day, and
//! fewer while an address is new.
//!
//! A rate is a row per lane (a domain, a group of domains, or all) that says when the next mail may go. A claim gives each of
//! its mails a time from there on and moves the row, in one transaction; so the rates hold for all processes together and
//! across restarts, and no token is lost or made up. Mails whose time would be later than [`HORIZON_MILLIS`] are not
//! claimed: they are put off to about when their lane has room, so that a lane with a hundred thousand waiting does not
//! stand in front of the others. Times are further apart than the limit by a twentieth, so that a mail that is a few
//! milliseconds late does not make its second one too full.

use std::collections::BTreeMap;

use chrono::Duration;
use diesel::prelude::*;

use crate::config::Config;
use crate::db::schema::{sending_counts, sending_lanes};
use crate::db::{Conn, installation};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;

/// A mail is claimed if its time comes within so many milliseconds.
pub(super) const HORIZON_MILLIS: i64 = 2_000;
/// The lane of all mails.
const ALL: &str = "(all)";
/// The first day of sending, from which a warm-up counts.
const FIRST_DAY: &str = "newsletters_first_day";
/// Hours of counts that are kept.
const KEPT_DAYS: i64 = 3;

/// The limits in force.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// From one mail to the next, over all.
    all: Option<Duration>,
    /// From one mail to the next, in one lane.
    lane: Option<Duration>,
    /// Mails on their way in one lane at the same time; 0: any number.
    pub(super) lane_connections: usize,
    /// The lane of each domain that is in a group.
    groups: BTreeMap<String, String>,
    per_hour: i64,
    per_day: i64,
    warm_up: Vec<i64>,
}

/// A mail's place in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// It goes at this time, which is near.
    At(Timestamp),
    /// Its lane is full: it is put off to about this time.
    Off(Timestamp),
}

fn apart(per_second: u32) -> Option<Duration> {
    (per_second > 0).then(|| Duration::microseconds(1_050_000 / i64::from(per_second)))
}

impl Pace {
    /// The limits that `config` names.
    pub fn new(config: &Config) -> Self {
        let newsletters = &config.newsletters;
        let mut groups = BTreeMap::new();
        for group in newsletters.groups.split(';') {
            let Some((name, domains)) = group.split_once(':') else {
                continue;
            };
            for domain in domains.split_whitespace() {
                groups.insert(domain.to_lowercase(), format!("({})", name.trim()));
            }
        }
        Self {
            all: apart(newsletters.per_second),
            lane: apart(newsletters.domain_per_second),
            lane_connections: newsletters.domain_connections,
            groups,
            per_hour: newsletters.per_hour,
            per_day: newsletters.per_day,
            warm_up: config.warm_up().unwrap_or_default(),
        }
    }

    /// The lane of a domain.
    pub(super) fn lane<'a>(&'a self, domain: &'a str) -> &'a str {
        self.groups.get(domain).map_or(domain, String::as_str)
    }

    /// From one mail to the next in one lane, and over all.
    pub(super) fn spacing(&self) -> (Option<Duration>, Option<Duration>) {
        (self.lane, self.all)
    }

    fn is_counted(&self) -> bool {
        self.per_hour > 0 || self.per_day > 0 || !self.warm_up.is_empty()
    }

    /// Gives each mail of `lanes`, in order, its time, and moves the lanes on by those that go. `put_off` remembers, lane
    /// by lane, up to when mails were put off.
    pub(super) fn slots(
        &self,
        conn: &mut Conn,
        lanes: &[&str],
        put_off: &mut BTreeMap<String, Timestamp>,
        now: Timestamp,
    ) -> AppResult<Vec<Slot>> {
        if self.all.is_none() && self.lane.is_none() {
            return Ok(vec![Slot::At(now); lanes.len()]);
        }
        let mut free = self.free(conn, lanes)?;
        let horizon = now.plus(Duration::milliseconds(HORIZON_MILLIS));
        let mut slots = Vec::with_capacity(lanes.len());
        let mut moved = BTreeMap::new();
        for lane in lanes {
            let next = |name: &str| free.get(name).copied().unwrap_or(now).max(now);
            let (own, all) = (next(lane), next(ALL));
            let at = own.max(all);
            if at > horizon {
                let step = self.lane.filter(|_| own >= all).or(self.all);
                let last = put_off.get(*lane).copied().unwrap_or(horizon).max(horizon);
                let off = last.plus(step.unwrap_or_default());
                put_off.insert((*lane).to_owned(), off);
                slots.push(Slot::Off(off));
                continue;
            }
            for (name, from, step) in [(*lane, at, self.lane), (ALL, all, self.all)] {
                if let Some(step) = step {
                    free.insert(name.to_owned(), from.plus(step));
                    moved.insert(name.to_owned(), from.plus(step));
                }
            }
            slots.push(Slot::At(at));
        }
        move_on(conn, &moved)?;
        Ok(slots)
    }

    fn free(&self, conn: &mut Conn, lanes: &[&str]) -> AppResult<BTreeMap<String, Timestamp>> {
        let mut names: Vec<&str> = lanes.to_vec();
        names.sort_unstable();
        names.dedup();
        names.push(ALL);
        let query = sending_lanes::table
            .filter(sending_lanes::lane.eq_any(names))
            .select((sending_lanes::lane, sending_lanes::next_at));
        let rows: Vec<(String, Timestamp)> = each!(conn, c => query.load(c))?;
        Ok(rows.into_iter().collect())
    }

    /// How many mails may still go in this hour and on this day; `None`: any number.
    pub(super) fn left(&self, conn: &mut Conn, now: Timestamp) -> AppResult<Option<i64>> {
        if !self.is_counted() {
            return Ok(None);
        }
        let (hour, day) = periods(now);
        let query = sending_counts::table
            .filter(sending_counts::period.eq_any([&hour, &day]))
            .select((sending_counts::period, sending_counts::mails));
        let rows: Vec<(String, i64)> = each!(conn, c => query.load(c))?;
        let sent = |period: &str| {
            rows.iter()
                .find(|(name, _)| name == period)
                .map_or(0, |(_, mails)| *mails)
        };
        let mut left = i64::MAX;
        if self.per_hour > 0 {
            left = left.min(self.per_hour - sent(&hour));
        }
        if let Some(most) = self.most_today(conn, now)? {
            left = left.min(most - sent(&day));
        }
        Ok(Some(left.max(0)))
    }

    /// The day's limit, in or after the warm-up.
    fn most_today(&self, conn: &mut Conn, now: Timestamp) -> AppResult<Option<i64>> {
        let always = (self.per_day > 0).then_some(self.per_day);
        if self.warm_up.is_empty() {
            return Ok(always);
        }
        let first = installation::kept(conn, FIRST_DAY)?.and_then(|day| day.parse::<i64>().ok());
        let today = now.seconds().div_euclid(86_400);
        let place = usize::try_from(today - first.unwrap_or(today)).unwrap_or(0);
        Ok(match (self.warm_up.get(place), always) {
            (Some(step), Some(most)) => Some(most.min(*step)),
            (Some(step), None) => Some(*step),
            (None, always) => always,
        })
    }

    /// Counts claimed mails in.
    pub(super) fn count(&self, conn: &mut Conn, mails: usize, now: Timestamp) -> AppResult<()> {
        if mails == 0 {
            return Ok(());
        }
        if !self.warm_up.is_empty() {
            let today = now.seconds().div_euclid(86_400).to_string();
            installation::keep(conn, FIRST_DAY, &today)?;
        }
        let mails = i64::try_from(mails).unwrap_or(0);
        let (hour, day) = periods(now);
        for period in [hour, day] {
            let row = (
                sending_counts::period.eq(period),
                sending_counts::mails.eq(mails),
            );
            each!(conn, c => diesel::insert_into(sending_counts::table)
                .values(row)
                .on_conflict(sending_counts::period)
                .do_update()
                .set(sending_counts::mails.eq(sending_counts::mails + mails))
                .execute(c))?;
        }
        Ok(())
    }
}

/// Counts mails out that were claimed at `since` and did not go. A count never falls below nothing.
pub(super) fn uncount(conn: &mut Conn, mails: usize, since: Timestamp) -> AppResult<()> {
    if mails == 0 {
        return Ok(());
    }
    let mails = i64::try_from(mails).unwrap_or(0);
    let (hour, day) = periods(since);
    let less = sending_counts::table
        .filter(sending_counts::period.eq_any([hour, day]))
        .filter(sending_counts::mails.ge(mails));
    each!(conn, c => diesel::update(less)
        .set(sending_counts::mails.eq(sending_counts::mails - mails))
        .execute(c))?;
    Ok(())
}

/// How many mails were claimed today (UTC): what mailboxes count a sender by (N8).
///
/// # Errors
/// The database's.
pub fn today(conn: &mut Conn, now: Timestamp) -> AppResult<i64> {
    let (_, day) = periods(now);
    let query = sending_counts::table
        .find(day)
        .select(sending_counts::mails);
    let mails: Option<i64> = each!(conn, c => query.first(c).optional())?;
    Ok(mails.unwrap_or(0))
}

/// Lanes and counts that say nothing any more are taken away.
pub(super) fn tidy(conn: &mut Conn, now: Timestamp) -> AppResult<()> {
    let old = now.minus(Duration::days(KEPT_DAYS));
    let lanes = sending_lanes::table
        .filter(sending_lanes::next_at.lt(old))
        .filter(sending_lanes::lane.ne(super::schedule::ALIVE));
    each!(conn, c => diesel::delete(lanes).execute(c))?;
    let hours = sending_counts::table
        .filter(sending_counts::period.lt(format!("h{}", hour_of(old))))
        .filter(sending_counts::period.ge("h"));
    each!(conn, c => diesel::delete(hours).execute(c))?;
    Ok(())
}

fn hour_of(at: Timestamp) -> String {
    at.naive().format("%Y-%m-%dT%H").to_string()
}

/// The names of the hour and the day of `at`, in UTC.
fn periods(at: Timestamp) -> (String, String) {
    (
        format!("h{}", hour_of(at)),
        format!("d{}", at.naive().format("%Y-%m-%d")),
    )
}

fn move_on(conn: &mut Conn, moved: &BTreeMap<String, Timestamp>) -> AppResult<()> {
    let rows: Vec<_> = moved
        .iter()
        .map(|(lane, at)| (sending_lanes::lane.eq(lane), sending_lanes::next_at.eq(*at)))
        .collect();
    for chunk in rows.chunks(500) {
        each!(conn, c => diesel::insert_into(sending_lanes::table)
            .values(chunk)
            .on_conflict(sending_lanes::lane)
            .do_update()
            .set(sending_lanes::next_at.eq(diesel::upsert::excluded(sending_lanes::next_at)))
            .execute(c))?;
    }
    Ok(())
}

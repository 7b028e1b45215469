//! The rules of the diary, as plain reckoning: which days a season has, which of them may be written today, and how long
//! a streak is. Days are those of the campaign's time zone, whatever the length of its hours (F14).

use std::collections::BTreeSet;

use crate::campaigns::rules::DiaryRules;
use crate::campaigns::{Campaign, CampaignStatus};
use crate::error::AppError;
use crate::kernel::{Day, Timestamp, Zone};

/// Days before the season of which conversations may be told: people ask while somebody still prepares.
const TALKS_BEFORE: i64 = 92;

/// A season, as far as the diary is concerned.
#[derive(Debug, Clone)]
pub struct Season {
    /// First day of the challenge.
    pub starts_on: Day,
    /// Last day of the challenge.
    pub ends_on: Day,
    /// Last day on which anything may be added.
    pub giving_until: Day,
    /// Where its days begin and end.
    pub zone: Zone,
    /// Whether it is live.
    pub is_live: bool,
    /// Its rules.
    pub rules: DiaryRules,
}

/// Whether an entry is written on its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// On the day that it tells of.
    OnTheDay,
    /// Later; shown as such.
    Backfill,
}

/// Why a day cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWritable {
    /// The season has no diary.
    #[error("this season keeps no diary")]
    Off,
    /// The campaign is not live, or its giving has ended.
    #[error("this season is over, and its diary is closed")]
    Over,
    /// Not a day of the season.
    #[error("this is not a day of the season")]
    OutOfSeason,
    /// The day has not begun in the campaign's time zone.
    #[error("this day has not begun yet")]
    Future,
    /// Further back than the season lets one write.
    #[error("this day is too long ago to be written now")]
    TooLongAgo,
}

impl From<NotWritable> for AppError {
    fn from(why: NotWritable) -> Self {
        Self::field("day", why)
    }
}

/// How many days in a row, some missed ones bridged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streak {
    /// Logged days of the stretch that lasts until now.
    pub current: i64,
    /// Logged days of the longest stretch.
    pub longest: i64,
    /// Days that may still be missed without ending the current stretch.
    pub freezes_left: i64,
}

/// The day `days` after `day`.
pub(super) fn day_after(day: Day, days: i64) -> Option<Day> {
    let step = chrono::TimeDelta::try_days(days)?;
    Day::try_from(day.date().checked_add_signed(step)?).ok()
}

impl Season {
    /// The season of `campaign`.
    pub fn of(campaign: &Campaign) -> Self {
        Self {
            starts_on: campaign.starts_on,
            ends_on: campaign.ends_on,
            giving_until: campaign.giving_until,
            zone: campaign.time_zone,
            is_live: campaign.status == CampaignStatus::Live,
            rules: campaign.rules.0.diary.clone(),
        }
    }

    /// What day it is in the campaign's time zone.
    pub fn today(&self, now: Timestamp) -> Option<Day> {
        self.zone.day_of(now)
    }

    /// Every day of the season, in order. A one-day season has one.
    pub fn days(&self) -> impl Iterator<Item = Day> + use<> {
        let (first, last) = (self.starts_on, self.ends_on);
        (0..)
            .map_while(move |n| day_after(first, n))
            .take_while(move |day| *day <= last)
    }

    /// Whether `day` is one of the season.
    pub fn has(&self, day: Day) -> bool {
        (self.starts_on..=self.ends_on).contains(&day)
    }

    /// Whether anything may be added at all, seen from `today`.
    ///
    /// # Errors
    /// Says why not.
    pub fn is_open(&self, today: Option<Day>) -> Result<Day, NotWritable> {
        match today {
            _ if !self.rules.is_on => Err(NotWritable::Off),
            Some(today) if self.is_live && today <= self.giving_until => Ok(today),
            _ => Err(NotWritable::Over),
        }
    }

    /// Whether a new entry may be written today for `day`: not before the day begins, at most `backfill_days` after it, and
    /// once the season is over until its giving ends.
    ///
    /// # Errors
    /// Says why not.
    pub fn may_write(&self, day: Day, today: Option<Day>) -> Result<Timing, NotWritable> {
        let today = self.is_open(today)?;
        if !self.has(day) {
            return Err(NotWritable::OutOfSeason);
        }
        match day.days_to(today) {
            0 => Ok(Timing::OnTheDay),
            ago if ago < 0 => Err(NotWritable::Future),
            ago if ago > self.rules.backfill_days => Err(NotWritable::TooLongAgo),
            _ => Ok(Timing::Backfill),
        }
    }

    /// Whether a conversation of `day` may be told today: from three months before the season until its giving ends.
    ///
    /// # Errors
    /// Says why not.
    pub fn may_tell(&self, day: Day, today: Option<Day>) -> Result<(), NotWritable> {
        let today = self.is_open(today)?;
        if day > today {
            Err(NotWritable::Future)
        } else if day.days_to(self.starts_on) > TALKS_BEFORE {
            Err(NotWritable::TooLongAgo)
        } else {
            Ok(())
        }
    }

    /// The streak of `logged` days as it stands at the end of `today`. The last stretch of days with at most `freezes`
    /// missed ones is the current streak; today does not count as missed while it lasts.
    pub fn streak(&self, logged: &BTreeSet<Day>, today: Day) -> Streak {
        let freezes = self.rules.freezes.max(0);
        // The streak lives in the days that are over, and in today once it is logged.
        let marks: Vec<bool> = self
            .days()
            .take_while(|day| *day < today || (*day == today && logged.contains(day)))
            .map(|day| logged.contains(&day))
            .collect();
        let (mut longest, mut days, mut missed) = (0, 0, 0);
        let mut tail = marks.iter();
        for mark in &marks {
            if *mark {
                days += 1;
            } else {
                missed += 1;
            }
            while missed > freezes {
                match tail.next() {
                    Some(true) => days -= 1,
                    Some(false) => missed -= 1,
                    None => break,
                }
            }
            longest = longest.max(days);
        }
        // What was missed before the stretch's first logged day uses no freeze of it.
        let idle = tail.take_while(|mark| !**mark).count();
        missed -= i64::try_from(idle).unwrap_or(missed);
        Streak {
            current: days,
            longest,
            freezes_left: if days == 0 {
                freezes
            } else {
                freezes - missed.max(0)
            },
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;

//! Every rule of the coach in one place: pure functions of facts, deterministic, without a database and without a clock.
//!
//! | what | where |
//! |---|---|
//! | tasks of the first days | [`checklist`] |
//! | badges of pages and teams, and what is missing for them | [`badges`] |
//! | amounts, shares of the goal and numbers of donors worth a word | [`marks`] |
//! | the season's tips and their days | [`tips`] |
//! | which one mail a person gets now, if any | [`post`] |
//!
//! How mails are kept few:
//!
//! - One person gets at most one coaching mail in `days_between` days, over all pages and seasons (product.md, *Coaching*), and
//!   none within as many days of a newsletter or of a step of a sequence.
//! - Of what could be said, the first wins: a mark reached, then a tip, then badges, then a nudge.
//! - A mark waits until there is room, and what was reached meanwhile is told in the same mail. A tip waits three days and
//!   a badge seven, then they are dropped. A nudge is worked out anew each time, so it never tells of the past; it comes
//!   on the days of the challenge alone, twice in one quiet spell at most.
//! - While a kind is switched off, marks and badges that come up are dropped for good; they are not told later.
//! - Mails come between 8 and 20 o'clock of the season's days, from its first tip until giving ends, and only about live
//!   pages; a draft that was left for two days gets one mail.

pub mod badges;
pub mod checklist;
pub mod marks;
pub mod post;
pub mod tips;

use chrono::{Duration, Timelike};

use crate::campaigns::{Campaign, CampaignStatus};
use crate::kernel::{Day, Timestamp};

/// First hour of the day at which mail may come.
const MORNING: u32 = 8;
/// First hour of the evening at which it no longer may.
const EVENING: u32 = 20;

/// The day `days` after `day` (before it, when negative).
pub fn day_after(day: Day, days: i64) -> Day {
    let moved = Duration::try_days(days).and_then(|by| day.date().checked_add_signed(by));
    moved
        .and_then(|date| Day::try_from(date).ok())
        .unwrap_or(day)
}

/// Today in the season, while the coach has anything to do there: it is live and giving has not ended.
pub fn coached_day(campaign: &Campaign, now: Timestamp) -> Option<Day> {
    let today = campaign.time_zone.day_of(now)?;
    (campaign.status == CampaignStatus::Live && today <= campaign.giving_until).then_some(today)
}

/// Today in the season, while mail may come: the season coaches by mail, its first tip's day has come, and it is day.
pub fn mailing_day(campaign: &Campaign, now: Timestamp) -> Option<Day> {
    let today = coached_day(campaign, now)?;
    let local = now
        .naive()
        .and_utc()
        .with_timezone(&campaign.time_zone.tz());
    let is_day = (MORNING..EVENING).contains(&local.hour());
    let has_begun = tips::first_day(campaign) <= today;
    (campaign.rules.0.coaching.is_on && is_day && has_begun).then_some(today)
}

/// Days of the challenge, both ends counted.
pub fn season_days(campaign: &Campaign) -> i64 {
    campaign.starts_on.days_to(campaign.ends_on) + 1
}

/// `1 day`, `3 days`.
pub(super) fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests;

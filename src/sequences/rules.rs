//! Every rule of sequences in one place: pure functions, without a database and without a clock. The job that mails and the
//! simulator ask the same ones.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::model::StepId;
use crate::kernel::{Timestamp, Zone};
use crate::subscribers::Why;

/// What has to happen to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// They agreed to one of the lists; or, where participants are meant, began a page.
    SignedUp,
    /// Their page was shown first.
    PageLive,
    /// Their first gift arrived.
    FirstGift,
    /// Their last gift is so many days ago.
    NoGift {
        /// How many.
        days: i64,
    },
    /// Their page reached that share of its goal.
    Milestone {
        /// In percent.
        percent: i64,
    },
    /// A monthly gift failed. Nothing does that before there are plans.
    RecurringFailed,
    /// So many days are left until giving ends.
    SeasonEnds {
        /// How many.
        days: i64,
    },
}

impl Trigger {
    /// Its name in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::SignedUp => "signed_up",
            Self::PageLive => "page_live",
            Self::FirstGift => "first_gift",
            Self::NoGift { .. } => "no_gift",
            Self::Milestone { .. } => "milestone",
            Self::RecurringFailed => "recurring_failed",
            Self::SeasonEnds { .. } => "season_ends",
        }
    }

    /// What happened, after "because".
    pub fn because(self) -> String {
        match self {
            Self::SignedUp => "they signed up".to_owned(),
            Self::PageLive => "their page went live".to_owned(),
            Self::FirstGift => "their first gift arrived".to_owned(),
            Self::NoGift { days } => format!("their last gift was {days} days ago"),
            Self::Milestone { percent } => format!("their page reached {percent} % of its goal"),
            Self::RecurringFailed => "a monthly gift failed".to_owned(),
            Self::SeasonEnds { days } => format!("giving ends in {days} days"),
        }
    }

    /// Whether it happens to everybody in the same moment.
    pub fn is_at_once(self) -> bool {
        matches!(self, Self::SeasonEnds { .. })
    }

    /// Days after the fact that is looked up at which it counts as having happened.
    pub fn delay(self) -> Duration {
        match self {
            Self::NoGift { days } => Duration::try_days(days).unwrap_or_default(),
            _ => Duration::zero(),
        }
    }
}

/// A step, as far as the rules need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Which one.
    pub id: StepId,
    /// Its number in the sequence: steps go by it, and an enrolment waits for the first that is not below its own.
    pub position: i32,
    /// Days to wait after what came before.
    pub wait_days: i32,
    /// And then until this hour of the day; at once without one.
    pub at_hour: Option<i32>,
}

/// When a step is due that waits from `after` on.
pub fn due(step: &Timing, after: Timestamp, zone: Zone) -> Timestamp {
    let waited = Duration::try_days(i64::from(step.wait_days)).unwrap_or_default();
    let from = after.plus(waited);
    let Some(hour) = step.at_hour.and_then(|hour| u32::try_from(hour).ok()) else {
        return from;
    };
    let today = from.date_in(zone.tz());
    let at = |date: chrono::NaiveDate| {
        // An hour that a clock skips is passed over for the next day's.
        let local = date.and_hms_opt(hour, 0, 0)?;
        let local = local.and_local_timezone(zone.tz()).earliest()?;
        Some(Timestamp::from(local.with_timezone(&chrono::Utc)))
    };
    let days = std::iter::successors(Some(today), chrono::NaiveDate::succ_opt).take(3);
    days.filter_map(at).find(|at| *at >= from).unwrap_or(from)
}

/// The step that an enrolment waits for.
pub fn next(steps: &[Timing], position: i32) -> Option<&Timing> {
    let left = steps.iter().filter(|step| step.position >= position);
    left.min_by_key(|step| step.position)
}

/// What is known of somebody in the moment in which a step is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Why they may not be written to, if they may not.
    pub refused: Option<Why>,
    /// Whether the sequence is over for them.
    pub has_left: bool,
    /// Whether the step is for them.
    pub is_meant: bool,
    /// When they last got a bulk mail, of whatever kind, or when one was last put on its way to them.
    pub last_mail: Option<Timestamp>,
}

/// What becomes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It is mailed.
    Mail,
    /// It is not for them; the next one may be.
    PassOver,
    /// They had a mail lately: not before then.
    Wait(Timestamp),
    /// They may not be written to any more.
    Refused(Why),
    /// What the sequence wanted has come about.
    Leave,
}

/// What becomes of a step that is due, of a sequence that keeps `days_between` days between mails.
pub fn decide(seen: &Seen, days_between: i32, now: Timestamp) -> Act {
    if let Some(why) = seen.refused {
        return Act::Refused(why);
    }
    if seen.has_left {
        return Act::Leave;
    }
    if !seen.is_meant {
        return Act::PassOver;
    }
    let room = Duration::try_days(i64::from(days_between.max(0))).unwrap_or_default();
    match seen.last_mail.map(|last| last.plus(room)) {
        Some(free) if free > now => Act::Wait(free),
        _ => Act::Mail,
    }
}

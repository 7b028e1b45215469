//! How a season is run: what its pages begin with, who must approve them, and the rules of diary, badges and coaching.
//!
//! Kept as JSON in `campaigns.rules`; every field has a default, so that a season made by an older binary reads well.

use serde::{Deserialize, Serialize};

/// The rules of one season.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeasonRules {
    /// New pages wait until staff approve them.
    pub approve_pages: bool,
    /// Nobody but staff makes pages.
    pub invited_only: bool,
    /// Nobody but staff makes teams.
    pub staff_make_teams: bool,
    /// The goal that a new page begins with, minor units of the campaign's currency; 0: none.
    pub page_goal: i64,
    /// The title that a new page begins with; `{name}` stands for the participant. Empty: none.
    pub page_title: String,
    /// The text that a new page's story begins with; Markdown. Empty: the page shows the campaign's story.
    pub page_story: String,
    /// The diary's rules.
    pub diary: DiaryRules,
    /// Badges that this season does not give, by name.
    pub badges_off: Vec<String>,
    /// The coach's rules.
    pub coaching: CoachingRules,
}

/// The rules of the style diary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiaryRules {
    /// Whether the season has a diary.
    pub is_on: bool,
    /// How many days back an entry may still be written, marked as backfill.
    pub backfill_days: i64,
    /// Days that may be missed without ending a streak.
    pub freezes: i64,
    /// Whether sponsors may promise an amount a day.
    pub sponsors: bool,
}

/// The rules of the coach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoachingRules {
    /// Whether the season coaches by mail.
    pub is_on: bool,
    /// Days between two coaching mails to one person, at least.
    pub days_between: i64,
    /// Days without gift, diary entry or update after which a nudge comes.
    pub nudge_after_days: i64,
    /// The season's own series of tips; the built-in one where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tips: Option<Vec<TipRule>>,
}

/// From which day of a season a tip's day is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// The first of the challenge.
    Start,
    /// The last of the challenge.
    End,
    /// The last of giving.
    Giving,
}

/// A tip as staff wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TipRule {
    /// Its name, for good: whoever had it does not get it again.
    pub key: String,
    /// From which day its own is counted.
    pub from: Since,
    /// Days after it; before it, when negative.
    pub days: i64,
    /// Shorter seasons leave it out.
    pub least_days: i64,
    /// Its title; also the mail's subject.
    pub title: String,
    /// Its text, a paragraph each.
    pub text: Vec<String>,
    /// What the button says.
    pub act: String,
    /// Where it leads: a tool of the page, or empty for the page itself.
    pub tool: String,
}

impl Default for DiaryRules {
    fn default() -> Self {
        Self {
            is_on: true,
            backfill_days: 31,
            freezes: 1,
            sponsors: true,
        }
    }
}

impl Default for CoachingRules {
    fn default() -> Self {
        Self {
            is_on: true,
            days_between: 2,
            nudge_after_days: 5,
            tips: None,
        }
    }
}

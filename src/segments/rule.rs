//! The language of segments: what is said of one person, as data.
//!
//! ```json
//! {"all": [{"gave": {"campaign": "cmp_…", "amount": {"currency": "USD", "at_least": 5000, "of": "sum"}}},
//!          {"none": [{"participant": {"campaign": "cmp_…"}}]}]}
//! ```
//!
//! Every condition is a question about facts that others keep, with one answer, yes or no, for every subscriber: whoever has
//! no account has no page, and whoever is no donor has given nothing. Rules are bounded ([`MOST_DEEP`], [`MOST_PARTS`]), so
//! that the query made of one is.

use serde::{Deserialize, Serialize};

use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, PageId, ProgramId, TeamId};
use crate::kernel::{Currency, Day};
use crate::subscribers::ListId;

/// Groups within groups, at most.
pub const MOST_DEEP: usize = 4;
/// Conditions and groups of one rule, at most.
pub const MOST_PARTS: usize = 40;
/// Characters of a rule's JSON, at most.
pub const MOST_TEXT: usize = 16_384;

/// What is said of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Every one of these holds. Empty at the root alone, where it says: everybody.
    All(Vec<Rule>),
    /// One of these holds at least.
    Any(Vec<Rule>),
    /// None of these holds.
    None(Vec<Rule>),
    /// They gave.
    Gave(Gifts),
    /// They did not.
    NotGave(Gifts),
    /// They gave in the season before this one, and not in this one.
    Lapsed(OfSeason),
    /// They have a page.
    Participant(Participant),
    /// They lead a team, as captain or co-captain.
    Captain(OfSeason),
    /// They read this language.
    Language(Language),
    /// They live there.
    Country(Country),
    /// They agreed to a list.
    OnList(OnList),
    /// They opened a newsletter, where that is counted.
    Opened(OfNewsletter),
    /// They followed a link of a newsletter, where that is counted.
    Clicked(OfNewsletter),
}

/// Which gifts are meant: those whose money is there, and did not all go back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gifts {
    /// Of this season.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// Whose money went to this program, by the giver's choice or by the season's policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramId>,
    /// On this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<PageId>,
    /// To this team, or on a page of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// In this time.
    pub when: When,
    /// Of such an amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

/// A span of time. Days are those of the season that the condition names, or else of UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Whenever.
    #[default]
    Any,
    /// From the first day to the last, both counted; either may be open.
    Between(Option<Day>, Option<Day>),
    /// In so many days up to now.
    LastDays(i64),
}

/// An amount, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Gifts of this currency alone.
    pub currency: Currency,
    /// That much or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
    /// That much or less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
    /// Of what.
    pub of: Of,
}

crate::words! {
    /// Of what an amount is asked.
    pub enum Of {
        /// Of a single gift.
        One = "one",
        /// Of all these gifts together.
        Sum = "sum",
    }
}

crate::words! {
    /// On which side of a number.
    pub enum Side {
        /// Less than it.
        Below = "below",
        /// It, or more.
        AtLeast = "at_least",
    }
}

/// A page: all of this holds of one and the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Participant {
    /// In this season.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// In this team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// It is a draft, and not shown yet.
    pub is_draft: bool,
    /// What it raised, in percent of its goal; a page without a goal is on neither side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<(Side, i64)>,
    /// Days in its diary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<(Side, i64)>,
    /// It has a photo, or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<bool>,
}

/// Of one season, or of whichever.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfSeason {
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
}

/// A language: `es` is also `es-MX`; empty: not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// BCP 47, in small letters.
    pub language: String,
}

/// A country; empty: not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// ISO 3166, two capitals.
    pub country: String,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnList {
    /// Which one.
    pub list: ListId,
}

/// A newsletter, by its id: newsletters stand above segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfNewsletter {
    /// Which one; empty: any.
    pub newsletter: String,
}

impl Default for Rule {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Rule {
    /// What is grouped, if it is a group.
    pub fn parts(&self) -> Option<&[Rule]> {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::None(parts) => Some(parts),
            _ => None,
        }
    }

    /// This rule and all within it, outermost first.
    pub fn walk(&self) -> Vec<&Rule> {
        let mut all = vec![self];
        let mut at = 0;
        while let Some(rule) = all.get(at) {
            let parts = rule.parts().unwrap_or_default();
            all.extend(parts);
            at += 1;
        }
        all
    }

    fn depth(&self) -> usize {
        match self.parts() {
            Some(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or_default(),
            None => 0,
        }
    }

    /// That it is not too large to be asked, and that every group but the outermost has something in it.
    ///
    /// # Errors
    /// [`AppError::Invalid`] on the field `rule`.
    pub fn check(&self) -> AppResult<()> {
        let wrong = |word: String| Err(AppError::field("rule", word));
        let all = self.walk();
        if all.len() > MOST_PARTS {
            return wrong(format!("a segment has at most {MOST_PARTS} parts"));
        }
        if self.depth() > MOST_DEEP {
            return wrong(format!(
                "groups stand at most {MOST_DEEP} deep in one another"
            ));
        }
        let mut inner = all.iter().skip(1);
        if inner.any(|rule| rule.parts().is_some_and(<[Rule]>::is_empty)) {
            return wrong("a group is empty: put a condition into it, or take it away".to_owned());
        }
        Ok(())
    }

    /// The seasons that it names.
    pub fn seasons(&self) -> Vec<CampaignId> {
        let named = |rule: &&Rule| match rule {
            Self::Gave(gifts) | Self::NotGave(gifts) => gifts.campaign,
            Self::Lapsed(of) | Self::Captain(of) => of.campaign,
            Self::Participant(page) => page.campaign,
            _ => None,
        };
        let mut seasons: Vec<CampaignId> = self.walk().iter().filter_map(named).collect();
        seasons.sort();
        seasons.dedup();
        seasons
    }

    /// Reads a rule that was kept.
    ///
    /// # Errors
    /// [`AppError::Unprocessable`] for one that this program does not know.
    pub fn read(text: &str) -> AppResult<Self> {
        let rule: Option<Self> = (text.len() <= MOST_TEXT)
            .then(|| serde_json::from_str(text).ok())
            .flatten();
        rule.ok_or(AppError::Unprocessable {
            code: "unreadable_segment",
            detail: "this segment’s rule cannot be read by this program".to_owned(),
        })
    }
}

//! Badges: what earns them, what they are called, and what is missing. Earned ones stay, whatever happens later.

use super::{counted, season_days};
use crate::campaigns::Campaign;
use crate::coaching::facts::{Facts, TeamFacts};
use crate::kernel::Money;

crate::words! {
    /// A badge of a page.
    pub enum Badge {
        /// The first gift came.
        FirstThread = "first_thread",
        /// The participant gave to the own page.
        OwnThread = "own_thread",
        /// A photograph.
        Face = "face",
        /// An own story.
        Voice = "voice",
        /// Five people were asked.
        FiveAsked = "five_asked",
        /// Five people asked why.
        FiveTalks = "five_talks",
        /// The first news on the page.
        News = "news",
        /// In a team.
        Joined = "joined",
        /// Seven days logged.
        SevenDays = "seven_days",
        /// Fourteen days logged.
        FourteenDays = "fourteen_days",
        /// Every day of the season logged.
        EveryDay = "every_day",
        /// Half of the goal.
        Halfway = "halfway",
        /// The goal.
        Goal = "goal",
        /// Twice the goal.
        Doubled = "doubled",
        /// Ten donors.
        TenDonors = "ten_donors",
        /// Twenty-five donors.
        Donors25 = "donors_25",
        /// Nobody is left to thank.
        AllThanked = "all_thanked",
    }
}

crate::words! {
    /// A badge of a team.
    pub enum TeamBadge {
        /// Five pages.
        Five = "team_of_five",
        /// Ten pages.
        Ten = "team_of_ten",
        /// A hundred days logged together.
        HundredDays = "hundred_days",
        /// Half of the team's goal.
        Halfway = "team_halfway",
        /// The team's goal.
        Goal = "team_goal",
    }
}

/// How far a badge is: what is there, of what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A thing that is done or not, and how to do it.
    Deed(bool, &'static str),
    /// So many of so many, with the words for one and for several.
    Count(i64, i64, &'static str, &'static str),
    /// Minor units of so many minor units; a goal of 0 cannot be reached.
    Sum(i64, i64),
}

impl Way {
    fn is_done(self) -> bool {
        match self {
            Self::Deed(done, _) => done,
            Self::Count(has, wants, ..) => has >= wants,
            Self::Sum(has, wants) => wants > 0 && has >= wants,
        }
    }

    fn missing(self, campaign: &Campaign) -> Option<String> {
        if self.is_done() {
            return None;
        }
        Some(match self {
            Self::Deed(_, how) => how.to_owned(),
            Self::Count(has, wants, one, many) => {
                format!("{} more", counted(wants - has, one, many))
            }
            Self::Sum(_, 0) => "set a goal first".to_owned(),
            Self::Sum(has, wants) => format!("{} more", Money::new(wants - has, campaign.currency)),
        })
    }
}

impl Badge {
    /// The badges that this season gives, in the order in which they are shown: some need a longer season, and some are
    /// switched off in its rules.
    pub fn of(campaign: &Campaign) -> impl Iterator<Item = Self> {
        let (days, diary) = (season_days(campaign), campaign.rules.0.diary.is_on);
        Self::ALL.iter().copied().filter(move |badge| {
            let fits = match badge {
                Self::SevenDays => diary && days > 7,
                Self::FourteenDays => diary && days > 14,
                Self::EveryDay => diary,
                _ => true,
            };
            fits && !is_off(campaign, badge.as_str())
        })
    }

    fn way(self, facts: &Facts, campaign: &Campaign) -> Way {
        let days = |wants| Way::Count(facts.days, wants, "day", "days");
        let donors = |wants| Way::Count(facts.donors, wants, "donor", "donors");
        match self {
            Self::FirstThread => Way::Deed(facts.donations > 0, "the first gift"),
            Self::OwnThread => Way::Deed(facts.gave_self, "a gift of your own"),
            Self::Face => Way::Deed(facts.has_photo, "a photo on your page"),
            Self::Voice => Way::Deed(facts.has_story, "a story of your own"),
            Self::FiveAsked => Way::Count(facts.asked(), 5, "person", "people"),
            Self::FiveTalks => Way::Count(facts.talks, 5, "conversation", "conversations"),
            Self::News => Way::Deed(facts.updates > 0, "an update on your page"),
            Self::Joined => Way::Deed(facts.team.is_some(), "a team"),
            Self::SevenDays => days(7),
            Self::FourteenDays => days(14),
            Self::EveryDay => days(season_days(campaign)),
            // Half of an odd goal is the larger half.
            Self::Halfway => Way::Sum(facts.raised, facts.goal / 2 + facts.goal % 2),
            Self::Goal => Way::Sum(facts.raised, facts.goal),
            Self::Doubled => Way::Sum(facts.raised, facts.goal.saturating_mul(2)),
            Self::TenDonors => donors(10),
            Self::Donors25 => donors(25),
            Self::AllThanked => Way::Deed(
                facts.donations > 0 && !facts.has_unthanked,
                if facts.donations > 0 {
                    "a word of thanks to everybody who gave"
                } else {
                    "a gift, and a word of thanks for it"
                },
            ),
        }
    }

    /// Whether its condition holds now.
    pub fn is_earned(self, facts: &Facts, campaign: &Campaign) -> bool {
        self.way(facts, campaign).is_done()
    }

    /// What is missing, in words: "3 days more".
    pub fn missing(self, facts: &Facts, campaign: &Campaign) -> Option<String> {
        self.way(facts, campaign).missing(campaign)
    }

    /// Whether a mail of its own tells of it. What a mark reached tells already does not come twice, and what somebody
    /// did a moment ago by their own hand needs no mail.
    pub fn has_mail(self) -> bool {
        matches!(
            self,
            Self::OwnThread
                | Self::FiveAsked
                | Self::FiveTalks
                | Self::SevenDays
                | Self::FourteenDays
                | Self::EveryDay
                | Self::AllThanked
        )
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstThread => "First thread",
            Self::OwnThread => "Own thread",
            Self::Face => "A face",
            Self::Voice => "A voice",
            Self::FiveAsked => "Five asked",
            Self::FiveTalks => "Five conversations",
            Self::News => "News",
            Self::Joined => "In company",
            Self::SevenDays => "Seven days",
            Self::FourteenDays => "Fourteen days",
            Self::EveryDay => "The whole cloth",
            Self::Halfway => "Halfway",
            Self::Goal => "Goal",
            Self::Doubled => "Twice the goal",
            Self::TenDonors => "Ten donors",
            Self::Donors25 => "Twenty-five donors",
            Self::AllThanked => "Everybody thanked",
        }
    }

    /// What it stands for, in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::FirstThread => "Somebody gave on this page.",
            Self::OwnThread => "The first to give was the one who asks.",
            Self::Face => "The page has a photo.",
            Self::Voice => "The page tells its own story.",
            Self::FiveAsked => "Five people were asked in person.",
            Self::FiveTalks => "Five people wanted to know why.",
            Self::News => "There is news on the page.",
            Self::Joined => "The page belongs to a team.",
            Self::SevenDays => "Seven days in the diary.",
            Self::FourteenDays => "Fourteen days in the diary.",
            Self::EveryDay => "Every day of the season in the diary.",
            Self::Halfway => "Half of the goal is there.",
            Self::Goal => "The goal is there.",
            Self::Doubled => "Twice the goal is there.",
            Self::TenDonors => "Ten people gave.",
            Self::Donors25 => "Twenty-five people gave.",
            Self::AllThanked => "Everybody who gave was thanked.",
        }
    }
}

impl TeamBadge {
    /// The badges that this season gives to teams.
    pub fn of(campaign: &Campaign) -> impl Iterator<Item = Self> {
        let diary = campaign.rules.0.diary.is_on;
        Self::ALL.iter().copied().filter(move |badge| {
            (diary || *badge != Self::HundredDays) && !is_off(campaign, badge.as_str())
        })
    }

    fn way(self, facts: &TeamFacts) -> Way {
        let pages = |wants| Way::Count(facts.pages, wants, "page", "pages");
        match self {
            Self::Five => pages(5),
            Self::Ten => pages(10),
            Self::HundredDays => Way::Count(facts.days, 100, "day", "days"),
            Self::Halfway => Way::Sum(facts.raised, facts.goal / 2 + facts.goal % 2),
            Self::Goal => Way::Sum(facts.raised, facts.goal),
        }
    }

    /// Whether its condition holds now.
    pub fn is_earned(self, facts: &TeamFacts) -> bool {
        self.way(facts).is_done()
    }

    /// What is missing, in words.
    pub fn missing(self, facts: &TeamFacts, campaign: &Campaign) -> Option<String> {
        self.way(facts).missing(campaign)
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Five => "Team of five",
            Self::Ten => "Team of ten",
            Self::HundredDays => "A hundred days",
            Self::Halfway => "Halfway together",
            Self::Goal => "Team goal",
        }
    }

    /// What it stands for, in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Five => "Five pages in one team.",
            Self::Ten => "Ten pages in one team.",
            Self::HundredDays => "A hundred days in the diaries of one team.",
            Self::Halfway => "Half of the team's goal is there.",
            Self::Goal => "The team's goal is there.",
        }
    }
}

fn is_off(campaign: &Campaign, badge: &str) -> bool {
    campaign.rules.0.badges_off.iter().any(|off| off == badge)
}

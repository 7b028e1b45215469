//! The season's tips: when each is due, and its words.
//!
//! A tip's day is counted from the first day of the challenge, from its last, or from the last day of giving, so that
//! the series fits a month as well as a single day. Staff may give a season a series of its own
//! ([`CoachingRules::tips`](crate::campaigns::rules::CoachingRules)): other words and days, the same rules.

use super::{day_after, season_days};
use crate::campaigns::Campaign;
use crate::campaigns::rules::{Since, TipRule};
use crate::kernel::Day;

/// Days after its own on which a tip may still be mailed.
const HOLDS: i64 = 2;

/// A tip of a season.
pub type Tip = TipRule;

/// A built-in tip: see [`TipRule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BuiltIn {
    key: &'static str,
    from: Since,
    days: i64,
    least_days: i64,
    title: &'static str,
    text: &'static [&'static str],
    act: &'static str,
    tool: &'static str,
}

/// The built-in series, in the order of a month's season.
const TIPS: [BuiltIn; 11] = [
    BuiltIn {
        key: "two-weeks",
        from: Since::Start,
        days: -14,
        least_days: 1,
        title: "Two weeks to go: make the page yours",
        text: &[
            "The pages that people read to the end have a face and a reason. Both take five minutes: one photo in daylight, and three sentences about why you take part.",
            "Write as you would say it to a friend across a kitchen table. Nobody gives to a brochure.",
        ],
        act: "Write your three sentences",
        tool: "edit",
    },
    BuiltIn {
        key: "first-thread",
        from: Since::Start,
        days: -9,
        least_days: 1,
        title: "Be the first thread",
        text: &[
            "An empty page asks a stranger to be brave. Give first yourself, as little as you like: whoever comes next joins something that has begun.",
            "It also shows you what your friends will see, and how short the form is.",
        ],
        act: "Look at your page",
        tool: "",
    },
    BuiltIn {
        key: "five-names",
        from: Since::Start,
        days: -5,
        least_days: 1,
        title: "Five names on a slip of paper",
        text: &[
            "Write down five people who would be glad to hear from you in any case. Ask them one by one, with their name at the top. A message to everybody is read as a message to nobody.",
            "Say what you do, why it matters to you, and what you hope they will give. Then ask how they are.",
        ],
        act: "Find words for each channel",
        tool: "share",
    },
    BuiltIn {
        key: "first-day",
        from: Since::Start,
        days: 0,
        least_days: 1,
        title: "It begins today",
        text: &[
            "Put it on, whatever you own. The same dress or tie all month is fine; buying something new is not the point. Uniform days and sport count too.",
            "Somebody will ask. One sentence is enough to answer with: this outfit is about people who are not free to choose theirs.",
        ],
        act: "Log your first day",
        tool: "diary",
    },
    BuiltIn {
        key: "the-question",
        from: Since::Start,
        days: 4,
        least_days: 10,
        title: "When somebody asks why",
        text: &[
            "Keep it short and true. Say that trafficking hides behind ordinary doors, that trained people find those who are held there, and that your page pays for that work.",
            "If you do not know an answer, say so and look it up together. Then note the conversation: who asked counts as much here as what was given.",
        ],
        act: "Note a conversation",
        tool: "talks",
    },
    BuiltIn {
        key: "thanks",
        from: Since::Start,
        days: 8,
        least_days: 14,
        title: "Thank in the first two days",
        text: &[
            "A word of thanks that comes quickly is remembered longer than a long one that comes late. Two lines do it: what their gift reached, and that you noticed.",
            "People who were thanked tell others. It is the kindest way to pass a page on.",
        ],
        act: "See who gave",
        tool: "gifts",
    },
    BuiltIn {
        key: "news",
        from: Since::Start,
        days: 12,
        least_days: 20,
        title: "Say how it is going",
        text: &[
            "By now there is a story: the day you forgot, the colleague who asked twice, the weather. Put it on your page in a few lines.",
            "Whoever meant to give and did not will be glad of a reason to come back.",
        ],
        act: "Write an update",
        tool: "updates",
    },
    BuiltIn {
        key: "promise",
        from: Since::Start,
        days: 17,
        least_days: 24,
        title: "Promise something",
        text: &[
            "“At $500 I will wear the tie with the fish to the office party.” A promise gives people a number to reach together, and your page shows the exact gap.",
            "Small and silly works better than large and worthy.",
        ],
        act: "Make a promise",
        tool: "coach",
    },
    BuiltIn {
        key: "once-more",
        from: Since::End,
        days: -6,
        least_days: 28,
        title: "Ask once more",
        text: &[
            "Most people who do not answer have not decided against it; the message slid down. One friendly line with the link is no trouble to anybody.",
            "Tell them where you stand and how many days are left. Leave it at that: twice is a reminder, three times is a nuisance.",
        ],
        act: "Find the words",
        tool: "share",
    },
    BuiltIn {
        key: "last-day",
        from: Since::End,
        days: 0,
        least_days: 2,
        title: "The last day of the challenge",
        text: &[
            "You have worn it, been asked, and answered. Put today into the diary, and days that you missed while they can still be written.",
            "Then tell people how it went. Gifts are still taken for a while after this day.",
        ],
        act: "Finish the diary",
        tool: "diary",
    },
    BuiltIn {
        key: "giving-ends",
        from: Since::Giving,
        days: -4,
        least_days: 1,
        title: "Giving ends in a few days",
        text: &[
            "After that your page stays as it is, a piece of cloth to look back on. Whoever wanted to add a thread still can.",
            "Write to the two or three who said “later”. And thank those who came early: they started this.",
        ],
        act: "Pass it on once more",
        tool: "share",
    },
];

/// The built-in series.
pub fn built_in() -> Vec<Tip> {
    let own = |tip: &BuiltIn| TipRule {
        key: tip.key.to_owned(),
        from: tip.from,
        days: tip.days,
        least_days: tip.least_days,
        title: tip.title.to_owned(),
        text: tip.text.iter().map(ToString::to_string).collect(),
        act: tip.act.to_owned(),
        tool: tip.tool.to_owned(),
    };
    TIPS.iter().map(own).collect()
}

/// The series of a season: its own, or the built-in one.
pub fn series(campaign: &Campaign) -> Vec<Tip> {
    match &campaign.rules.0.coaching.tips {
        Some(own) => own.clone(),
        None => built_in(),
    }
}

/// A tip's day in a season; `None` where the season leaves it out.
pub fn day(tip: &Tip, campaign: &Campaign) -> Option<Day> {
    day_of(campaign, tip.from, (tip.days, tip.least_days), &tip.tool)
}

fn day_of(
    campaign: &Campaign,
    from: Since,
    (days, least_days): (i64, i64),
    tool: &str,
) -> Option<Day> {
    if season_days(campaign) < least_days || (tool == "diary" && !campaign.rules.0.diary.is_on) {
        return None;
    }
    let from = match from {
        Since::Start => campaign.starts_on,
        Since::End => campaign.ends_on,
        Since::Giving => campaign.giving_until,
    };
    Some(day_after(from, days))
}

/// A tip's name in `coaching_mails`: once a season and person, whichever of their pages it names.
pub fn key_in(tip: &Tip, campaign: &Campaign) -> String {
    format!("{}:{}", campaign.slug, tip.key)
}

/// The tips of this season that have had their day, newest first.
pub fn until(campaign: &Campaign, today: Day) -> Vec<(Day, Tip)> {
    let mut past: Vec<(Day, Tip)> = series(campaign)
        .into_iter()
        .filter_map(|tip| day(&tip, campaign).map(|day| (day, tip)))
        .filter(|(day, _)| *day <= today)
        .collect();
    // Of two on one day the later of the series counts as newer.
    past.reverse();
    past.sort_by_key(|(day, _)| std::cmp::Reverse(*day));
    past
}

/// The tip that may be mailed today: the newest one, on its day and the two after.
pub fn due(campaign: &Campaign, today: Day) -> Option<Tip> {
    let newest = until(campaign, today).into_iter().next();
    newest
        .filter(|(day, _)| day.days_to(today) <= HOLDS)
        .map(|(_, tip)| tip)
}

/// The day of the first tip, or two weeks before the challenge in a season without any: nothing is mailed before.
pub fn first_day(campaign: &Campaign) -> Day {
    let first = match &campaign.rules.0.coaching.tips {
        Some(own) => own.iter().filter_map(|tip| day(tip, campaign)).min(),
        None => TIPS
            .iter()
            .filter_map(|tip| day_of(campaign, tip.from, (tip.days, tip.least_days), tip.tool))
            .min(),
    };
    first.unwrap_or_else(|| day_after(campaign.starts_on, -14))
}

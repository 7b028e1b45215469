//! The next step: one sentence and one button, worked out from a page's own facts.

use super::facts::Facts;
use super::model::OwnMilestone;
use super::rules::counted;
use crate::campaigns::Campaign;
use crate::kernel::{Day, Timestamp};
use crate::pages::PageStatus;

/// What is known beyond [`Facts`] when one page is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct More {
    /// Gifts that wait for a word of thanks, up to [`UNTHANKED_MOST`].
    pub unthanked: i64,
    /// Donors of the page of an earlier season who were not asked yet, up to the same number.
    pub unasked: i64,
    /// Today is in the diary.
    pub is_today_logged: bool,
}

/// Beyond this many nothing is counted: "99 or more" is as good.
pub const UNTHANKED_MOST: i64 = 99;

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// One sentence.
    pub sentence: String,
    /// What the button says.
    pub act: String,
    /// Where it leads.
    pub href: String,
}

/// Days after which an update counts as old.
const UPDATE_AGES: i64 = 7;

/// The first step that is open, in this order: thanks, a draft or a question of staff, photo, story, the own first gift,
/// a promise to keep, past donors, today's diary, first five, team, an update, passing it on.
pub fn next_step(
    facts: &Facts,
    more: &More,
    own: &[OwnMilestone],
    campaign: &Campaign,
    now: Timestamp,
) -> NextStep {
    let page = format!("/pages/{}", facts.slug);
    let step = |sentence: String, act: &str, tool: &str| NextStep {
        sentence,
        act: act.to_owned(),
        href: format!("{page}/{tool}"),
    };
    if more.unthanked > 0 {
        return step(thanks(more.unthanked), "Say thank you", "gifts");
    }
    match facts.status {
        PageStatus::Draft => {
            let sentence = "Your page is a draft: nobody else sees it yet.".to_owned();
            let href = format!("/start/{}", campaign.slug);
            return NextStep {
                sentence,
                act: "Finish it".to_owned(),
                href,
            };
        }
        PageStatus::NeedsInfo => {
            let sentence =
                "The people who run the season have a question about your page.".to_owned();
            return step(sentence, "Read and answer", "edit");
        }
        PageStatus::Submitted => {
            let sentence =
                "Your page waits for approval. You can go on writing meanwhile.".to_owned();
            return step(sentence, "Look it over", "edit");
        }
        PageStatus::Archived | PageStatus::Hidden => {
            let sentence = "Your page is not shown. What was given on it stays.".to_owned();
            return step(sentence, "See why", "edit");
        }
        PageStatus::Live => {}
    }
    begun(facts, more, own, campaign, now).unwrap_or_else(|| going_on(facts, campaign, now))
}

fn thanks(gifts: i64) -> String {
    match gifts {
        1 => "One gift waits for a word of thanks.".to_owned(),
        gifts if gifts >= UNTHANKED_MOST => {
            format!("{UNTHANKED_MOST} gifts or more wait for a word of thanks.")
        }
        gifts => format!("{gifts} gifts wait for a word of thanks."),
    }
}

/// What a page still lacks, or what is due today.
fn begun(
    facts: &Facts,
    more: &More,
    own: &[OwnMilestone],
    campaign: &Campaign,
    now: Timestamp,
) -> Option<NextStep> {
    let page = format!("/pages/{}", facts.slug);
    let step = |sentence: &str, act: &str, tool: &str| {
        Some(NextStep {
            sentence: sentence.to_owned(),
            act: act.to_owned(),
            href: format!("{page}/{tool}"),
        })
    };
    if !facts.has_photo {
        return step(
            "Your page has no face yet. A photo in daylight is enough.",
            "Add a photo",
            "edit",
        );
    }
    if !facts.has_story {
        return step(
            "Say in three sentences why you take part.",
            "Write your story",
            "edit",
        );
    }
    if !facts.gave_self && campaign.is_giving_open(now) {
        return Some(NextStep {
            sentence: "Be the first thread: give a little yourself, and nobody has to begin."
                .to_owned(),
            act: "Give to your page".to_owned(),
            href: format!("/give/{}?page={}", campaign.slug, facts.slug),
        });
    }
    let owed = |own: &&OwnMilestone| own.is_reached(facts.raised) && own.kept_at.is_none();
    if let Some(own) = own.iter().find(owed) {
        let sentence = format!("You reached it, and promised: I will {}", own.promise);
        return step(&sentence, "Mark it as kept", "coach#promises");
    }
    if more.unasked > 0 {
        let who = counted(more.unasked, "person", "people");
        let sentence = format!("{who} gave last time and was not asked yet.");
        let sentence = if more.unasked == 1 {
            sentence
        } else {
            sentence.replace(" was ", " were ")
        };
        return step(&sentence, "Ask them", "asks");
    }
    if campaign.rules.0.diary.is_on
        && !more.is_today_logged
        && campaign.challenge_day(now).is_some()
    {
        return step("Today is not in your diary yet.", "Log today", "diary");
    }
    None
}

/// What always helps.
fn going_on(facts: &Facts, campaign: &Campaign, now: Timestamp) -> NextStep {
    let page = format!("/pages/{}", facts.slug);
    let step = |sentence: String, act: &str, tool: &str| NextStep {
        sentence,
        act: act.to_owned(),
        href: format!("{page}/{tool}"),
    };
    let today: Option<Day> = campaign.time_zone.day_of(now);
    let written = facts
        .last_update
        .and_then(|at| campaign.time_zone.day_of(at));
    let is_old = match (written, today) {
        (Some(written), Some(today)) => written.days_to(today) >= UPDATE_AGES,
        _ => true,
    };
    if facts.asked() < 5 && campaign.is_giving_open(now) {
        let left = counted(5 - facts.asked(), "person", "people");
        return step(
            format!("Ask {left} by name: that is how most pages begin."),
            "Find the words",
            "share",
        );
    }
    if facts.team.is_none() {
        return step(
            "You go alone so far. A team carries you through the third week.".to_owned(),
            "Find a team",
            "team",
        );
    }
    if is_old {
        return step(
            "Tell people how it is going, in a few lines.".to_owned(),
            "Write an update",
            "updates",
        );
    }
    step(
        "Pass your page on to somebody who has not seen it.".to_owned(),
        "Share it",
        "share",
    )
}

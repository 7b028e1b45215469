//! The post: which one mail a person gets now, over all of their pages, and what is passed over by it.

use std::collections::BTreeMap;

use chrono::Duration;

use super::badges::Badge;
use super::marks::{self, Mark};
use super::tips::{self, Tip};
use super::{coached_day, mailing_day};
use crate::auth::mutes::MailKind;
use crate::campaigns::{Campaign, CampaignId};
use crate::coaching::facts::{Case, Facts, Person};
use crate::coaching::model::Told;
use crate::kernel::{Day, Timestamp};
use crate::pages::{PageId, PageStatus};

/// How long a badge may wait for its mail.
const BADGE_WAITS: Duration = Duration::days(7);
/// A draft that was left for so long gets a word.
const DRAFT_RESTS: Duration = Duration::days(2);
/// The second nudge of a quiet spell comes after so many times the days of the first; there is no third.
const SECOND_NUDGE: i64 = 3;

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// Marks that were reached since the last time, the weightiest last.
    Marks(Vec<Mark>),
    /// A tip of the season.
    Tip(Tip),
    /// Badges earned.
    Badges(Vec<Badge>),
    /// So many quiet days.
    Quiet(i64),
    /// The page was begun and left.
    Draft,
}

impl Matter {
    /// Which switch it belongs to.
    pub fn kind(&self) -> MailKind {
        match self {
            Self::Marks(_) => MailKind::Milestones,
            Self::Tip(_) => MailKind::Tips,
            Self::Badges(_) => MailKind::Badges,
            Self::Quiet(_) | Self::Draft => MailKind::Nudges,
        }
    }

    /// Its rank: the lowest is mailed.
    fn rank(&self) -> u8 {
        match self {
            Self::Marks(_) => 0,
            Self::Tip(_) => 1,
            Self::Draft => 2,
            Self::Badges(_) => 3,
            Self::Quiet(_) => 4,
        }
    }
}

/// A mail that could go out: what it says of which page, and under which keys that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// About which page.
    pub page: PageId,
    /// What it says.
    pub matter: Matter,
    /// The keys in `coaching_mails`; the last one names the mail.
    pub keys: Vec<String>,
}

/// What is decided for a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// The mail that goes out now.
    pub letter: Option<Letter>,
    /// What is written down: the mail's own keys, and what is dropped for good.
    pub told: Vec<Told>,
}

/// Decides for one person over all of their pages. `cases` are theirs alone, with every badge that holds now on record.
///
/// The same facts give the same answer: candidates are ordered by rank, then by what the page raised, then by page.
pub fn decide(
    person: &Person,
    cases: &[Case],
    seasons: &BTreeMap<CampaignId, Campaign>,
    now: Timestamp,
) -> Decision {
    let mut decision = Decision::default();
    let mut candidates: Vec<(u8, i64, PageId, Letter, &Campaign)> = Vec::new();
    for case in cases {
        let Some(campaign) = seasons.get(&case.facts.campaign) else {
            continue;
        };
        let Some(today) = coached_day(campaign, now) else {
            continue;
        };
        for letter in letters(person, case, campaign, today, now) {
            if person.muted.contains(&letter.matter.kind()) {
                drop_for_good(&mut decision, person, &letter, now);
            } else if mailing_day(campaign, now).is_some() {
                let raised = case.facts.raised;
                candidates.push((
                    letter.matter.rank(),
                    -raised,
                    case.facts.page,
                    letter,
                    campaign,
                ));
            }
        }
    }
    candidates.sort_by_key(|(rank, raised, page, ..)| (*rank, *raised, *page));
    let chosen = candidates
        .into_iter()
        .find(|(.., campaign)| person.may_be_mailed && has_room(person, campaign, now));
    if let Some((.., letter, _)) = chosen {
        let named = letter.keys.len().saturating_sub(1);
        for (place, key) in letter.keys.iter().enumerate() {
            decision
                .told
                .push(told(person, &letter, key, place == named, now));
        }
        decision.letter = Some(letter);
    }
    decision
}

/// Whether the last coaching mail to this person, of whatever season, and the last newsletter are long enough ago.
fn has_room(person: &Person, campaign: &Campaign, now: Timestamp) -> bool {
    let days = campaign.rules.0.coaching.days_between.clamp(1, 365);
    let last = person
        .told
        .iter()
        .filter(|told| told.is_mailed)
        .map(|told| told.decided_at)
        .chain(person.last_bulk)
        .max();
    last.is_none_or(|last| now >= last.plus(Duration::days(days)))
}

/// What somebody does not want to hear when it happens is not told when they change their mind. Tips and nudges speak
/// of the day on which they come and leave no row.
fn drop_for_good(decision: &mut Decision, person: &Person, letter: &Letter, now: Timestamp) {
    if matches!(letter.matter, Matter::Marks(_) | Matter::Badges(_)) {
        for key in &letter.keys {
            decision.told.push(told(person, letter, key, false, now));
        }
    }
}

fn told(person: &Person, letter: &Letter, key: &str, is_mailed: bool, now: Timestamp) -> Told {
    Told {
        page_id: letter.page,
        kind: letter.matter.kind(),
        key: key.to_owned(),
        user_id: person.id,
        decided_at: now,
        is_mailed,
    }
}

fn was_told(person: &Person, page: PageId, kind: MailKind, key: &str) -> bool {
    let mut all = person.told.iter();
    all.any(|told| told.page_id == page && told.kind == kind && told.key == key)
}

/// Everything that could be said of a page today and was not said before.
fn letters(
    person: &Person,
    case: &Case,
    campaign: &Campaign,
    today: Day,
    now: Timestamp,
) -> Vec<Letter> {
    let facts = &case.facts;
    let letter = |matter: Matter, keys: Vec<String>| Letter {
        page: facts.page,
        matter,
        keys,
    };
    let is_new = |kind: MailKind, key: &str| !was_told(person, facts.page, kind, key);
    match facts.status {
        PageStatus::Live => {}
        PageStatus::Draft => {
            let rests = now >= facts.created_at.plus(DRAFT_RESTS);
            let new = rests && is_new(MailKind::Nudges, "draft");
            return Vec::from_iter(new.then(|| letter(Matter::Draft, vec!["draft".to_owned()])));
        }
        _ => return Vec::new(),
    }
    let mut all = Vec::new();
    let mut reached = marks::reached(facts, campaign.currency, &case.own);
    reached.retain(|mark| is_new(MailKind::Milestones, &mark.key()));
    if !reached.is_empty() {
        let keys = reached.iter().map(Mark::key).collect();
        all.push(letter(Matter::Marks(reached), keys));
    }
    if let Some(tip) = tips::due(campaign, today) {
        let key = tips::key_in(&tip, campaign);
        let known = |told: &Told| told.kind == MailKind::Tips && told.key == key;
        if !person.told.iter().any(known) {
            all.push(letter(Matter::Tip(tip), vec![key]));
        }
    }
    let mut earned: Vec<Badge> = Vec::new();
    for (badge, at) in &case.earned {
        let fresh = now <= at.plus(BADGE_WAITS) && is_new(MailKind::Badges, badge.as_str());
        if badge.has_mail() && fresh {
            earned.push(*badge);
        }
    }
    if !earned.is_empty() {
        let keys = earned.iter().map(ToString::to_string).collect();
        all.push(letter(Matter::Badges(earned), keys));
    }
    if let Some((quiet, key)) = quiet(facts, campaign, today)
        && is_new(MailKind::Nudges, &key)
    {
        all.push(letter(Matter::Quiet(quiet), vec![key]));
    }
    all
}

/// How many quiet days lie behind a page, once they are enough for a nudge, and the key of that nudge: one after
/// `nudge_after_days`, a second after three times as many, then none until something stirs. Quietness counts on the days
/// of the challenge alone: before it nothing is late, and after it nobody needs pushing.
fn quiet(facts: &Facts, campaign: &Campaign, today: Day) -> Option<(i64, String)> {
    let after = campaign.rules.0.coaching.nudge_after_days;
    if after < 1 || today > campaign.ends_on {
        return None;
    }
    let stirred = campaign.time_zone.day_of(facts.last_stir())?;
    // An entry for a day to come does not exist; one for a day past was at least not written before that day.
    let last = facts.last_day.map_or(stirred, |day| day.max(stirred));
    let days = last.max(campaign.starts_on).days_to(today);
    let level = match days {
        days if days >= after.saturating_mul(SECOND_NUDGE) => 2,
        days if days >= after => 1,
        _ => return None,
    };
    Some((last.days_to(today), format!("quiet:{last}:{level}")))
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::badges::{Badge, TeamBadge};
use super::marks::{self, Mark};
use super::post::{Decision, Matter, decide};
use super::*;
use crate::auth::UserId;
use crate::auth::mutes::MailKind;
use crate::campaigns::testing::{at, new_season, season};
use crate::coaching::facts::{Case, Facts, Person, TeamFacts};
use crate::coaching::model::{MilestoneId, OwnMilestone};
use crate::db::testing::fresh;
use crate::ids::{CampaignId, TeamId};
use crate::kernel::Currency;
use crate::pages::{PageId, PageStatus};

/// The season of the tests: December 2026 in Los Angeles, giving until the end of January.
async fn winter() -> Campaign {
    let (db, _guard) = fresh().await;
    let ids = new_season();
    db.tx(move |c| {
        season(c, &ids, at("2026-10-01T00:00:00Z"));
        let mut campaign = crate::campaigns::model::by_id(c, ids.campaign)?;
        campaign.status = CampaignStatus::Live;
        Ok(campaign)
    })
    .await
    .unwrap()
}

/// A page of which nothing else is known.
fn bare(campaign: &Campaign) -> Facts {
    Facts {
        goal: 100_000,
        ..bare_of(campaign.id)
    }
}

fn case(facts: Facts) -> Case {
    Case {
        facts,
        earned: Vec::new(),
        own: Vec::new(),
    }
}

fn person() -> Person {
    Person {
        id: UserId::new(),
        email: "maya@example.org".parse().unwrap(),
        name: "Maya".into(),
        may_be_mailed: true,
        muted: BTreeSet::new(),
        told: Vec::new(),
        last_bulk: None,
    }
}

fn own(page: PageId, dollars: i64) -> OwnMilestone {
    OwnMilestone {
        id: MilestoneId::new(),
        page_id: page,
        amount: dollars * 100,
        promise: "swim in it".into(),
        reached_at: None,
        kept_at: None,
    }
}

fn ask(campaign: &Campaign, person: &Person, cases: &[Case], time: &str) -> Decision {
    let seasons: BTreeMap<CampaignId, Campaign> = [(campaign.id, campaign.clone())].into();
    decide(person, cases, &seasons, at(time))
}

/// The same, and what was told is remembered.
fn tell(campaign: &Campaign, person: &mut Person, cases: &[Case], time: &str) -> Option<Matter> {
    let decision = ask(campaign, person, cases, time);
    person.told.extend(decision.told);
    decision.letter.map(|letter| letter.matter)
}

#[tokio::test]
async fn a_locked_badge_says_what_is_missing() {
    let campaign = winter().await;
    let facts = Facts {
        days: 4,
        donors: 9,
        donations: 9,
        raised: 37_950,
        has_unthanked: true,
        ..bare(&campaign)
    };
    let missing = |badge: Badge| badge.missing(&facts, &campaign);
    assert_eq!(missing(Badge::SevenDays).as_deref(), Some("3 days more"));
    assert_eq!(missing(Badge::EveryDay).as_deref(), Some("27 days more"));
    assert_eq!(missing(Badge::TenDonors).as_deref(), Some("1 donor more"));
    assert_eq!(missing(Badge::Halfway).as_deref(), Some("$120.50 more"));
    assert_eq!(missing(Badge::FirstThread), None);
    assert!(Badge::FirstThread.is_earned(&facts, &campaign));
    assert!(!Badge::AllThanked.is_earned(&facts, &campaign));
    let thanked = Facts {
        has_unthanked: false,
        ..facts
    };
    assert!(Badge::AllThanked.is_earned(&thanked, &campaign));
    // Nobody to thank is not everybody thanked, and no goal is never reached.
    let nothing = Facts {
        goal: 0,
        ..bare(&campaign)
    };
    assert!(!Badge::AllThanked.is_earned(&nothing, &campaign));
    assert_eq!(
        Badge::Goal.missing(&nothing, &campaign).as_deref(),
        Some("set a goal first")
    );
    let team = TeamFacts {
        team: TeamId::new(),
        goal: 0,
        raised: 5,
        pages: 4,
        days: 120,
        earned: vec![],
    };
    assert_eq!(
        TeamBadge::Five.missing(&team, &campaign).as_deref(),
        Some("1 page more")
    );
    assert!(TeamBadge::HundredDays.is_earned(&team));
}

#[tokio::test]
async fn a_season_gives_the_badges_that_fit_it() {
    let mut campaign = winter().await;
    campaign.rules.0.badges_off = vec!["face".into()];
    let given: Vec<Badge> = Badge::of(&campaign).collect();
    assert!(given.contains(&Badge::FourteenDays) && !given.contains(&Badge::Face));
    campaign.ends_on = campaign.starts_on;
    let given: Vec<Badge> = Badge::of(&campaign).collect();
    assert!(given.contains(&Badge::EveryDay) && !given.contains(&Badge::SevenDays));
    campaign.rules.0.diary.is_on = false;
    assert!(!Badge::of(&campaign).any(|badge| badge == Badge::EveryDay));
}

#[tokio::test]
async fn marks_are_told_once_and_together() {
    let campaign = winter().await;
    let mut maya = person();
    let mut page = case(Facts {
        raised: 2_500,
        donations: 1,
        donors: 1,
        ..bare(&campaign)
    });
    let first = tell(
        &campaign,
        &mut maya,
        std::slice::from_ref(&page),
        "2026-12-10T20:00:00Z",
    );
    assert_eq!(first, Some(Matter::Marks(vec![Mark::Donors(1)])));
    assert_eq!(
        tell(
            &campaign,
            &mut maya,
            std::slice::from_ref(&page),
            "2026-12-10T20:15:00Z"
        ),
        None
    );
    // Within the two days a lot happens: it waits, and comes in one mail.
    page.facts = Facts {
        raised: 56_000,
        donations: 6,
        donors: 6,
        ..page.facts
    };
    page.own = vec![own(page.facts.page, 500)];
    assert_eq!(
        tell(
            &campaign,
            &mut maya,
            std::slice::from_ref(&page),
            "2026-12-12T19:59:00Z"
        ),
        None
    );
    let Some(Matter::Marks(marks)) = tell(
        &campaign,
        &mut maya,
        std::slice::from_ref(&page),
        "2026-12-12T20:00:00Z",
    ) else {
        panic!("no mail about the marks");
    };
    let keys: Vec<String> = marks.iter().map(Mark::key).collect();
    let own_key = format!("own:{}", page.own[0].id);
    assert_eq!(
        keys,
        [
            "donors:5",
            "amount:10000",
            "amount:25000",
            "amount:50000",
            "percent:25",
            "percent:50",
            &own_key
        ]
    );
    let mailed = maya.told.iter().filter(|told| told.is_mailed);
    assert_eq!(mailed.count(), 2, "one row of each mail counts as the mail");
    // A refund and a new gift across the same mark say nothing again.
    assert!(!matches!(
        tell(&campaign, &mut maya, &[page], "2026-12-20T20:00:00Z"),
        Some(Matter::Marks(_))
    ));
}

#[tokio::test]
async fn nothing_comes_at_night_before_the_first_tip_or_after_giving_ends() {
    let campaign = winter().await;
    let page = case(Facts {
        raised: 2_500,
        donations: 1,
        donors: 1,
        ..bare(&campaign)
    });
    let comes = |time: &str| {
        ask(&campaign, &person(), std::slice::from_ref(&page), time)
            .letter
            .is_some()
    };
    // Los Angeles is eight hours behind.
    assert!(!comes("2026-11-16T20:00:00Z"), "fifteen days before");
    assert!(comes("2026-11-17T20:00:00Z"), "the day of the first tip");
    assert!(!comes("2026-12-10T15:59:00Z"), "07:59");
    assert!(comes("2026-12-10T16:00:00Z"), "08:00");
    assert!(comes("2026-12-11T03:59:00Z"), "19:59");
    assert!(!comes("2026-12-11T04:00:00Z"), "20:00");
    assert!(comes("2027-01-31T20:00:00Z"), "the last day of giving");
    assert!(!comes("2027-02-01T20:00:00Z"), "the day after");
    let mut silent = campaign.clone();
    silent.rules.0.coaching.is_on = false;
    assert_eq!(
        ask(
            &silent,
            &person(),
            std::slice::from_ref(&page),
            "2026-12-10T20:00:00Z"
        ),
        Decision::default()
    );
    let unverified = Person {
        may_be_mailed: false,
        ..person()
    };
    assert_eq!(
        ask(&campaign, &unverified, &[page], "2026-12-10T20:00:00Z"),
        Decision::default()
    );
}

#[tokio::test]
async fn pages_that_are_not_shown_are_left_in_peace() {
    let campaign = winter().await;
    for status in [
        PageStatus::Hidden,
        PageStatus::Archived,
        PageStatus::Submitted,
        PageStatus::NeedsInfo,
    ] {
        let page = case(Facts {
            status,
            raised: 2_500,
            donations: 1,
            donors: 1,
            ..bare(&campaign)
        });
        assert_eq!(
            ask(&campaign, &person(), &[page], "2026-12-10T20:00:00Z"),
            Decision::default()
        );
    }
    let mut maya = person();
    let draft = case(Facts {
        status: PageStatus::Draft,
        created_at: at("2026-12-08T20:00:00Z"),
        ..bare(&campaign)
    });
    assert_eq!(
        tell(
            &campaign,
            &mut maya,
            std::slice::from_ref(&draft),
            "2026-12-10T19:00:00Z"
        ),
        None
    );
    assert_eq!(
        tell(
            &campaign,
            &mut maya,
            std::slice::from_ref(&draft),
            "2026-12-10T20:00:00Z"
        ),
        Some(Matter::Draft)
    );
    assert_eq!(
        tell(&campaign, &mut maya, &[draft], "2026-12-24T20:00:00Z"),
        None
    );
}

#[tokio::test]
async fn a_switched_off_kind_stays_silent_and_is_not_told_later() {
    let campaign = winter().await;
    let mut maya = person();
    maya.muted = [MailKind::Milestones, MailKind::Tips].into();
    let mut page = case(Facts {
        raised: 30_000,
        donations: 1,
        donors: 1,
        ..bare(&campaign)
    });
    page.facts.newest_gift = Some(at("2026-12-10T10:00:00Z"));
    assert_eq!(
        tell(
            &campaign,
            &mut maya,
            std::slice::from_ref(&page),
            "2026-12-10T20:00:00Z"
        ),
        None
    );
    assert_eq!(
        maya.told.len(),
        4,
        "first donor, $100, $250, a quarter: dropped"
    );
    assert!(maya.told.iter().all(|told| !told.is_mailed));
    maya.muted.clear();
    let later = tell(&campaign, &mut maya, &[page], "2026-12-11T20:00:00Z");
    assert!(!matches!(later, Some(Matter::Marks(_))), "{later:?}");
}

#[tokio::test]
async fn the_first_in_rank_wins_and_a_person_of_two_pages_gets_one_mail() {
    let campaign = winter().await;
    let mut maya = person();
    // 1 December: the day's tip is due for both pages, and one of them has news.
    let quiet = case(Facts {
        owner: maya.id,
        ..bare(&campaign)
    });
    let busy = case(Facts {
        owner: maya.id,
        raised: 2_500,
        donations: 1,
        donors: 1,
        ..bare(&campaign)
    });
    let cases = [quiet, busy];
    let first = ask(&campaign, &maya, &cases, "2026-12-01T20:00:00Z")
        .letter
        .unwrap();
    assert_eq!(
        (first.page, first.matter),
        (cases[1].facts.page, Matter::Marks(vec![Mark::Donors(1)]))
    );
    tell(&campaign, &mut maya, &cases, "2026-12-01T20:00:00Z").unwrap();
    // The tip waited for two days and is still good; for the other page it does not come again.
    let tip = tell(&campaign, &mut maya, &cases, "2026-12-03T20:00:00Z").unwrap();
    assert!(
        matches!(&tip, Matter::Tip(tip) if tip.key == "first-day"),
        "{tip:?}"
    );
    let next = tell(&campaign, &mut maya, &cases, "2026-12-05T20:00:00Z").unwrap();
    assert!(
        matches!(&next, Matter::Tip(tip) if tip.key == "the-question"),
        "{next:?}"
    );
}

#[tokio::test]
async fn two_nudges_a_quiet_spell_and_a_new_one_after_something_stirs() {
    let mut campaign = winter().await;
    campaign.rules.0.coaching.days_between = 1;
    let mut maya = person();
    maya.muted = [MailKind::Tips].into();
    let mut page = case(bare(&campaign));
    let mut nudges = Vec::new();
    for day in 1..=31 {
        if day == 25 {
            page.facts.last_day = Some("2026-12-25".parse().unwrap());
        }
        let time = format!("2026-12-{day:02}T20:00:00Z");
        if let Some(matter) = tell(&campaign, &mut maya, std::slice::from_ref(&page), &time) {
            nudges.push((day, matter));
        }
    }
    // Quietness counts from the first day of the challenge, though the page is older.
    assert_eq!(
        nudges,
        [
            (6, Matter::Quiet(35)),
            (16, Matter::Quiet(45)),
            (30, Matter::Quiet(5))
        ]
    );
    let late = tell(&campaign, &mut maya, &[page], "2027-01-15T20:00:00Z");
    assert_eq!(late, None, "nobody is pushed after the last day");
}

#[tokio::test]
async fn tips_come_in_order_each_in_its_three_days() {
    let mut campaign = winter().await;
    let all = tips::series(&campaign);
    let days: Vec<Day> = all
        .iter()
        .filter_map(|tip| tips::day(tip, &campaign))
        .collect();
    assert_eq!((days.len(), all.len()), (11, 11));
    assert!(
        days.windows(2).all(|pair| pair[0].days_to(pair[1]) >= 3),
        "{days:?}"
    );
    assert_eq!(days[0].to_string(), "2026-11-17");
    assert_eq!(days[10].to_string(), "2027-01-27");
    let due = |day: &str| tips::due(&campaign, day.parse().unwrap()).map(|tip| tip.key);
    assert_eq!(due("2026-12-01").as_deref(), Some("first-day"));
    assert_eq!(due("2026-12-03").as_deref(), Some("first-day"));
    assert_eq!(due("2026-12-04"), None);
    let names: BTreeSet<&str> = all.iter().map(|tip| tip.key.as_str()).collect();
    assert_eq!(names.len(), all.len());
    // A single day has fewer, and none of them tells of a month.
    campaign.ends_on = campaign.starts_on;
    let of_a_day: Vec<&str> = all
        .iter()
        .filter(|tip| tips::day(tip, &campaign).is_some())
        .map(|tip| tip.key.as_str())
        .collect();
    assert_eq!(
        of_a_day,
        [
            "two-weeks",
            "first-thread",
            "five-names",
            "first-day",
            "giving-ends"
        ]
    );
}

#[test]
fn the_next_mark_is_the_nearest_and_says_the_most() {
    let usd = Currency::USD;
    let page = PageId::new();
    let facts = |raised, goal| {
        let campaign = CampaignId::new();
        Facts {
            raised,
            goal,
            page,
            campaign,
            ..bare_of(campaign)
        }
    };
    let next =
        |raised, goal, own: &[OwnMilestone]| marks::next(&facts(raised, goal), usd, own).unwrap();
    assert_eq!(next(0, 0, &[]), (10_000, Mark::Amount(10_000)));
    assert_eq!(next(0, 40_000, &[]), (10_000, Mark::Percent(25)));
    assert_eq!(next(10_000, 40_000, &[]), (20_000, Mark::Percent(50)));
    let mine = own(page, 120);
    assert_eq!(next(10_000, 40_000, std::slice::from_ref(&mine)).0, 12_000);
    // A share that is no whole cent is reached at the cent above.
    assert_eq!(next(0, 333, &[]), (84, Mark::Percent(25)));
    assert!(marks::next(&facts(2_500_000, 0), usd, &[]).is_none());
    // Yen have no decimals: the ladder begins at ¥10,000.
    let yen: Currency = "JPY".parse().unwrap();
    assert_eq!(
        marks::next(&facts(0, 0), yen, &[]),
        Some((10_000, Mark::Amount(10_000)))
    );
}

/// A page made on 1 November, without a goal.
fn bare_of(campaign: CampaignId) -> Facts {
    Facts {
        page: PageId::new(),
        campaign,
        team: None,
        owner: UserId::new(),
        slug: "maya".parse().unwrap(),
        title: String::new(),
        participant: String::new(),
        status: PageStatus::Live,
        created_at: at("2026-11-01T12:00:00Z"),
        published_at: None,
        previous: None,
        has_photo: false,
        has_story: false,
        goal: 0,
        raised: 0,
        donations: 0,
        donors: 0,
        newest_gift: None,
        has_unthanked: false,
        gave_self: false,
        asks: 0,
        last_ask: None,
        days: 0,
        last_day: None,
        updates: 0,
        last_update: None,
        talks: 0,
        last_talk: None,
    }
}

proptest! {
    /// The next mark is always ahead, and reaching it makes a mark that was not there.
    #[test]
    fn the_gap_to_the_next_mark_is_exact(raised in 0i64..3_000_000, goal in 0i64..2_000_000) {
        let facts = Facts { raised, goal, ..bare_of(CampaignId::new()) };
        let count = |facts: &Facts| marks::reached(facts, Currency::USD, &[]).len();
        if let Some((amount, _)) = marks::next(&facts, Currency::USD, &[]) {
            prop_assert!(amount > raised);
            let almost = Facts { raised: amount - 1, ..facts.clone() };
            let there = Facts { raised: amount, ..facts.clone() };
            prop_assert_eq!(count(&almost), count(&facts));
            prop_assert!(count(&there) > count(&facts));
        }
    }
}

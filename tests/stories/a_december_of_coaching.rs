//! A whole season of company: fifty participants from two weeks before the challenge until the day after giving ends.
//!
//! Some are showered with gifts, some are silent, some switch mails off, some leave a draft lying, two have two pages each.
//! The clock is turned several times a day, at night as well. Every gift goes the whole way: form, pay page, webhook,
//! settlement; diary days are written by the diary's own verb; the coach comes by its schedule.
//!
//! It is next year's December, for the sandbox processor's clock does not stand before the machine's.
//!
//! What must hold: every coaching mail once, two days between any two to one person, none of a kind that is switched off,
//! none at night, none outside the season, none about a page that is not shown. The timeline is printed
//! (`cargo test --test selvedge a_december_of_coaching -- --nocapture`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Duration, Timelike};
use diesel::prelude::*;
use selvedge::auth::mutes::{MailKind, mute};
use selvedge::auth::{NewUser, UserId, insert_user};
use selvedge::campaigns;
use selvedge::coaching::model::{MilestoneId, Told};
use selvedge::coaching::ops::{Promise, add};
use selvedge::db::schema::{campaigns as seasons, coaching_mails, mails, sandbox_mails, users};
use selvedge::diary::ops::{Photo, SaveDay, save};
use selvedge::diary::{EntryId, Outfit};
use selvedge::each;
use selvedge::kernel::{Currency, Day, Line, Money, Timestamp};
use selvedge::pages::ops::{CreatePage, archive, create, draft, publish};
use selvedge::pages::{PageId, model as pages};
use selvedge::web::markdown::Story;
use serde_json::json;

use crate::harness::world::{CAMPAIGN, PAYS, World, turn};

/// What somebody is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Gifts come every few days, and every day is logged.
    Loved,
    /// A few gifts, and most days are logged.
    Steady,
    /// Nothing ever happens.
    Silent,
    /// Switched tips off at once; a gift now and then.
    NoTips,
    /// Switches everything off on 12 December; gifts go on.
    Leaves,
    /// Never finishes the draft.
    Draft,
    /// Finishes the draft on 5 December.
    LateDraft,
    /// Has a second page, and gifts on both.
    Two,
    /// Never showed that the address is their own.
    Unverified,
    /// Puts the page away on 10 December, and gets a gift before.
    Archives,
}

const MANNERS: [(Manner, usize); 10] = [
    (Manner::Loved, 8),
    (Manner::Steady, 12),
    (Manner::Silent, 10),
    (Manner::NoTips, 6),
    (Manner::Leaves, 5),
    (Manner::Draft, 2),
    (Manner::LateDraft, 2),
    (Manner::Two, 2),
    (Manner::Unverified, 1),
    (Manner::Archives, 2),
];

/// A participant of the story.
#[derive(Debug, Clone)]
struct Person {
    user: UserId,
    name: String,
    manner: Manner,
    /// Slug and id of each page.
    pages: Vec<(String, PageId)>,
}

/// The kinds of mail that the coach writes.
const KINDS: [MailKind; 4] = [
    MailKind::Tips,
    MailKind::Milestones,
    MailKind::Nudges,
    MailKind::Badges,
];

/// Hours of a day in UTC at which the clock stops: 2:00, 7:45, 8:15, 12:00 and 19:45 in Los Angeles, and 20:15.
const STOPS: [(i64, i64); 6] = [(10, 0), (15, 45), (16, 15), (20, 0), (27, 45), (28, 15)];
/// The stop at which people act: noon.
const NOON: usize = 3;

/// The year of the story's December: the next one.
fn year() -> i32 {
    chrono::Utc::now().year() + 1
}

/// A day of that season; month 13 is the January after.
fn day(month: u32, day: u32) -> Day {
    let (year, month) = if month > 12 {
        (year() + 1, month - 12)
    } else {
        (year(), month)
    };
    Day::try_from(chrono::NaiveDate::from_ymd_opt(year, month, day).unwrap()).unwrap()
}

/// Noon of that day in Los Angeles.
fn noon_of(month: u32, of: u32) -> Timestamp {
    at(&format!("{}T20:00:00Z", day(month, of)))
}

fn cast() -> Vec<Person> {
    let manners = MANNERS
        .iter()
        .flat_map(|(manner, many)| std::iter::repeat_n(*manner, *many));
    manners
        .enumerate()
        .map(|(n, manner)| {
            let name = format!("p{n:02}-{manner:?}").to_lowercase();
            let pages = if manner == Manner::Two { 2 } else { 1 };
            let pages = (0..pages)
                .map(|page| (format!("{name}-{page}"), PageId::new()))
                .collect();
            Person {
                user: UserId::new(),
                name,
                manner,
                pages,
            }
        })
        .collect()
}

async fn enter(world: &World, cast: &[Person], now: Timestamp) {
    let cast = cast.to_vec();
    let (first, last, giving) = (day(12, 1), day(12, 31), day(13, 31));
    let line = |text: &str| Line::parse(text, 200).unwrap();
    world
        .app
        .site
        .db
        .tx(move |c| {
            let slug = CAMPAIGN.parse().unwrap();
            let campaign = campaigns::model::by_slug(c, &slug)?.campaign.id;
            each!(c, c => diesel::update(seasons::table.find(campaign))
                .set((
                    seasons::starts_on.eq(first),
                    seasons::ends_on.eq(last),
                    seasons::giving_until.eq(giving),
                ))
                .execute(c))?;
            for person in &cast {
                let new = NewUser {
                    id: person.user,
                    email: format!("{}@people.example", person.name).parse().unwrap(),
                    name: line(&person.name),
                    password_hash: None,
                    roles: vec![],
                };
                insert_user(c, &new, now)?;
                if person.manner == Manner::Unverified {
                    let target = users::table.find(person.user);
                    each!(c, c => diesel::update(target).set(users::verified_at.eq(None::<Timestamp>)).execute(c))?;
                }
                if person.manner == Manner::NoTips {
                    mute(c, person.user, MailKind::Tips, now)?;
                }
                for (slug, id) in &person.pages {
                    let new = CreatePage {
                        id: *id,
                        campaign,
                        team: None,
                        owner: Some(person.user),
                        slug: slug.parse().unwrap(),
                        title: line(slug),
                        participant: line(&person.name),
                        story: Story::default(),
                        goal: Money::new(50_000, Currency::USD),
                        photo: None,
                    };
                    match person.manner {
                        Manner::Draft | Manner::LateDraft => draft(c, &new, now)?,
                        _ => create(c, &new, now)?,
                    }
                    if person.manner == Manner::Loved {
                        let promise = Promise {
                            id: MilestoneId::new(),
                            page: *id,
                            amount: Money::new(20_000, Currency::USD),
                            words: line("dance in the office"),
                        };
                        add(c, &promise, now)?;
                    }
                }
            }
            Ok(())
        })
        .await
        .unwrap();
}

/// What people do and give at noon of `day`.
async fn noon(world: &World, cast: &[Person], day: Day, gifts: &mut usize) {
    let now = world.clock.now();
    let date = day.date();
    let december = (date.month() == 12).then(|| i64::from(date.day()));
    for (n, person) in cast.iter().enumerate() {
        let n = i64::try_from(n).unwrap();
        let gives = december.is_some_and(|day| match person.manner {
            Manner::Loved => (day + n) % 3 == 0,
            Manner::Steady => (day + n) % 11 == 0,
            Manner::NoTips | Manner::Leaves => (day + n) % 8 == 0,
            Manner::Two => day % 5 == 0,
            Manner::LateDraft => day == 20,
            Manner::Archives => day == 8,
            Manner::Unverified => day == 3,
            Manner::Silent | Manner::Draft => false,
        });
        // Who is loved gets to the goal of $500.
        let usual = if person.manner == Manner::Loved {
            6_000
        } else {
            2_500
        };
        if gives {
            for (slug, _) in &person.pages {
                *gifts += 1;
                begin_and_pay(world, slug, *gifts, usual + n * 100).await;
            }
        }
        let logs = december.is_some_and(|day| match person.manner {
            Manner::Loved => true,
            Manner::Steady => (day + n) % 4 != 0,
            _ => false,
        });
        let (id, user, manner) = (person.pages[0].1, person.user, person.manner);
        let slug = person.pages[0].0.parse().unwrap();
        world
            .app
            .site
            .db
            .tx(move |c| {
                match (manner, december) {
                    (Manner::LateDraft, Some(5)) => {
                        publish(c, id, now)?;
                    }
                    (Manner::Archives, Some(10)) => {
                        drop(archive(c, id, now)?);
                    }
                    (Manner::Leaves, Some(12)) => {
                        for kind in KINDS {
                            mute(c, user, kind, now)?;
                        }
                    }
                    _ => {}
                }
                if logs {
                    let of = pages::any_by_slug(c, &slug)?.unwrap();
                    let entry = SaveDay {
                        id: EntryId::new(),
                        day,
                        outfit: Outfit::Dress,
                        note: None,
                        photo: Photo::Keep,
                        photo_alt: None,
                        is_public: None,
                    };
                    save(c, &of, &entry, now)?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }
}

async fn begin_and_pay(world: &World, slug: &str, number: usize, minor: i64) {
    let gift = json!({
        "campaign": CAMPAIGN, "page": slug, "amount": { "minor": minor, "currency": "USD" },
        "donor": { "name": format!("Donor {number}"), "email": format!("donor{number}@givers.example") }
    });
    let (_, checkout) = world.begin(&gift).await;
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
}

/// A coaching mail as it lies in the outbox: to whom, when it was written and sent, what its subject says.
type Post = (String, Timestamp, Option<Timestamp>, String, String);

async fn outbox(world: &World) -> Vec<Post> {
    world
        .app
        .site
        .db
        .read(|c| {
            let query = mails::table
                .filter(mails::kind.eq("coach_letter"))
                .order((mails::created_at, mails::to_email))
                .select((
                    mails::to_email,
                    mails::created_at,
                    mails::sent_at,
                    mails::subject,
                    mails::source_id,
                ));
            Ok(each!(c, c => query.load(c))?)
        })
        .await
        .unwrap()
}

/// What arrived in the sandbox's mailbox: to whom, and what about.
async fn mailbox(world: &World) -> Vec<(String, String)> {
    world
        .app
        .site
        .db
        .read(|c| {
            let query =
                sandbox_mails::table.select((sandbox_mails::to_email, sandbox_mails::subject));
            Ok(each!(c, c => query.load(c))?)
        })
        .await
        .unwrap()
}

async fn told(world: &World) -> Vec<Told> {
    world
        .app
        .site
        .db
        .read(|c| {
            let query =
                coaching_mails::table.order((coaching_mails::decided_at, coaching_mails::user_id));
            Ok(each!(c, c => query.select(Told::as_select()).load(c))?)
        })
        .await
        .unwrap()
}

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text)
        .unwrap()
        .to_utc()
        .into()
}

/// The hour in Los Angeles, in winter.
fn local(time: Timestamp) -> chrono::NaiveDateTime {
    time.minus(Duration::hours(8)).naive()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_december_of_coaching() {
    let world = World::starting(&noon_of(11, 12).rfc3339()).await;
    let cast = cast();
    assert_eq!(cast.len(), 50);
    enter(&world, &cast, world.clock.now()).await;
    let mut gifts = 0;
    let first = day(11, 15);
    for days in 0..80 {
        let date = first.date() + Duration::days(days);
        let day = Day::try_from(date).unwrap();
        let midnight = at(&format!("{day}T00:00:00Z"));
        for (stop, (hours, minutes)) in STOPS.into_iter().enumerate() {
            let time = midnight.plus(Duration::minutes(hours * 60 + minutes));
            turn(&world.clock, &time.rfc3339());
            if stop == NOON {
                noon(&world, &cast, day, &mut gifts).await;
            }
            world.settle().await;
        }
    }

    let post = outbox(&world).await;
    let told = told(&world).await;
    let who: BTreeMap<String, &Person> = cast
        .iter()
        .map(|person| (format!("{}@people.example", person.name), person))
        .collect();
    print_timeline(&post, &who, gifts);

    // Every decision is one mail in the outbox, and every mail in the outbox came out of the mailbox once.
    let mailed: Vec<&Told> = told.iter().filter(|told| told.is_mailed).collect();
    let sources: BTreeSet<&String> = post.iter().map(|(.., source)| source).collect();
    let ours: Vec<&Post> = post
        .iter()
        .filter(|post| who.contains_key(&post.0))
        .collect();
    assert_eq!((mailed.len(), sources.len()), (post.len(), post.len()));
    assert!(ours.len() > 400, "only {} mails to the fifty", ours.len());
    let mut delivered: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (to, subject) in mailbox(&world).await {
        *delivered.entry((to, subject)).or_default() += 1;
    }
    let mut written: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (to, .., subject, _) in &ours {
        *written.entry((to.clone(), subject.clone())).or_default() += 1;
    }
    for (mail, times) in &written {
        assert_eq!(delivered.get(mail), Some(times), "{mail:?}");
    }

    let mut last: BTreeMap<&String, Timestamp> = BTreeMap::new();
    for (to, time, sent, subject, _) in &post {
        // Two days between any two, over all pages.
        if let Some(before) = last.insert(to, *time) {
            assert!(
                *time >= before.plus(Duration::days(2)),
                "{to}: {subject} at {}",
                time.rfc3339()
            );
        }
        // By day, and sent while it is day.
        for moment in [Some(*time), *sent].into_iter().flatten() {
            let hour = local(moment).hour();
            assert!((8..20).contains(&hour), "{to}: {subject} at {hour} o'clock");
        }
        assert!(sent.is_some(), "{to}: {subject} was not sent");
        // In the season.
        let on = local(*time).date();
        let season = day(11, 17).date()..=day(13, 31).date();
        assert!(season.contains(&on), "{to}: {subject} on {on}");
    }

    let subjects = |person: &Person| -> Vec<&str> {
        let address = format!("{}@people.example", person.name);
        ours.iter()
            .filter(|post| post.0 == address)
            .map(|post| post.3.as_str())
            .collect()
    };
    let leaves = noon_of(12, 12);
    for person in &cast {
        let mine: Vec<&&Told> = mailed
            .iter()
            .filter(|told| told.user_id == person.user)
            .collect();
        let kinds: BTreeSet<MailKind> = mine.iter().map(|told| told.kind).collect();
        match person.manner {
            Manner::Loved => {
                assert!(kinds.len() >= 3, "{kinds:?}");
                let all = subjects(person);
                assert!(all.contains(&"You reached your goal"), "{all:?}");
            }
            Manner::Steady => assert!(kinds.contains(&MailKind::Milestones), "{kinds:?}"),
            Manner::Silent => {
                let nudges = mine
                    .iter()
                    .filter(|told| told.kind == MailKind::Nudges)
                    .count();
                let tips = mine
                    .iter()
                    .filter(|told| told.kind == MailKind::Tips)
                    .count();
                assert_eq!(
                    (nudges, tips),
                    (2, 11),
                    "two nudges for one long quiet spell, every tip"
                );
            }
            Manner::NoTips => assert!(
                !kinds.is_empty() && !kinds.contains(&MailKind::Tips),
                "{kinds:?}"
            ),
            Manner::Leaves => {
                assert!(!mine.is_empty());
                assert!(mine.iter().all(|told| told.decided_at < leaves), "{mine:?}");
            }
            Manner::Draft => assert_eq!(subjects(person), ["Your page is nearly there"]),
            Manner::LateDraft => {
                let all = subjects(person);
                assert_eq!(all[0], "Your page is nearly there");
                assert!(all.len() > 3, "{all:?}");
            }
            Manner::Two => {
                let about: BTreeSet<PageId> = mine.iter().map(|told| told.page_id).collect();
                assert_eq!(about.len(), 2, "both pages are spoken of");
                let tips: Vec<&String> = mine
                    .iter()
                    .filter(|told| told.kind == MailKind::Tips)
                    .map(|told| &told.key)
                    .collect();
                let once: BTreeSet<&&String> = tips.iter().collect();
                assert_eq!(tips.len(), once.len(), "a tip comes once, not once a page");
            }
            Manner::Unverified => assert!(mine.is_empty(), "{mine:?}"),
            Manner::Archives => {
                let away = noon_of(12, 10);
                assert!(!mine.is_empty() && mine.iter().all(|told| told.decided_at < away));
            }
        }
    }

    // Mail programs can offer the switch as well.
    let newest = world.all_mails().await;
    let letter = newest
        .iter()
        .find(|mail| {
            mail["text"]
                .as_str()
                .unwrap()
                .contains("Tips through the season")
        })
        .expect("the mailbox shows a tip");
    let headers = letter["headers"].to_string();
    assert!(
        headers.contains("List-Unsubscribe") && headers.contains("/mail/tips/off/"),
        "{headers}"
    );

    // Whatever is replayed after the end, nothing is said twice.
    let before = outbox(&world).await.len();
    world.app.coach.walk().await.unwrap();
    world.work().await;
    assert_eq!(outbox(&world).await.len(), before);
    world.done().await;
}

fn print_timeline(post: &[Post], who: &BTreeMap<String, &Person>, gifts: usize) {
    let mut by_hour: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
    for (to, time, _, subject, _) in post {
        if let Some(person) = who.get(to) {
            let hour = local(*time).format("%a %d %b %H:%M").to_string();
            let key = format!("{} {hour}", local(*time).format("%Y-%m-%d"));
            by_hour
                .entry((key, subject))
                .or_default()
                .push(&person.name);
        }
    }
    println!("{gifts} gifts settled, {} coaching mails", post.len());
    for ((hour, subject), names) in by_hour {
        let hour = hour.split_once(' ').map_or("", |(_, hour)| hour);
        let short: Vec<&str> = names
            .iter()
            .map(|name| name.get(..3).unwrap_or(name))
            .collect();
        println!(
            "{hour}  {subject:<44} {:>2}  {}",
            names.len(),
            short.join(" ")
        );
    }
}

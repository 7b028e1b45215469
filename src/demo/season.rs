//! The three seasons of the demo: the one that is live, the one before and the one to come.

use chrono::Datelike;

use super::{DemoSeed, LAST_SEASON, NEXT_SEASON, SEASON, end_at, line, parsed, slug, story};
use crate::campaigns::ops::{CreateCampaign, create, move_to};
use crate::campaigns::{CampaignStatus, Question};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::funds::approval::enact_policy;
use crate::funds::ops::DraftPolicy;
use crate::funds::{FundId, PolicyId};
use crate::ids::CampaignId;
use crate::kernel::{Currency, Day, Money, Timestamp, Zone};

struct SeasonText {
    slug: &'static str,
    title: &'static str,
    appeal: &'static str,
    story: &'static str,
    days: [&'static str; 3],
    goal: i64,
    accent: &'static str,
}

/// Where the seasons' days begin and end.
const ZONE: &str = "America/Los_Angeles";
/// The year of the live season, as it is written here.
const FIRST: i32 = 2026;

const STORY: &str = "Every December people put on a dress or a tie each morning and let it be asked about. For 31 days an outfit becomes the \
    beginning of a talk about human trafficking, and each page that grows out of such a talk pays for work against it.\n\n\
    ## This season: hope for Kolkata\n\nKolkata is a transit hub near several borders. More than 6,000 women and children are exploited \
    there, less and less in the streets where one could see it, more and more in private homes. Finding them takes patience: \
    people who listen, watch and put facts together until the police can act. This season pays for that work first.\n\n\
    ## How to take part\n\n- **Wear it.** The same dress all month is fine. Buying new is not the point. Uniform days and sport count.\n\
    - **Talk about it.** Somebody will ask why.\n- **Raise.** Make a page, join a team, ask five people.\n\n\
    ## Where the money goes\n\nEvery gift can be followed: what the payment cost, into which fund it went, which program it pays for. \
    No number about results stands here without its period, its source and how far it has been checked.";

const SEASONS: [SeasonText; 3] = [
    SeasonText {
        slug: LAST_SEASON,
        title: "Dressember {2025}",
        appeal: "31 days, one dress or tie a day, for people who are held and sold.",
        story: "The season of {2025} is over. Thank you to everybody who wore it, talked about it and gave. What came of it goes on in \
                the season of {2026}.",
        days: ["2025-12-01", "2025-12-31", "2026-01-31"],
        goal: 200_000,
        accent: "#1f5f6b",
    },
    SeasonText {
        slug: SEASON,
        title: "Dressember {2026}: Hope for Kolkata",
        appeal: "Wear a dress or a tie every day of December, and help to find the people who are held behind closed doors in Kolkata.",
        story: STORY,
        days: ["2026-12-01", "2026-12-31", "2027-01-31"],
        goal: 12_000,
        accent: "#9b2335",
    },
    SeasonText {
        slug: NEXT_SEASON,
        title: "Dressember {2027}",
        appeal: "In preparation.",
        story: "",
        days: ["2027-12-01", "2027-12-31", "2028-01-31"],
        goal: 300_000,
        accent: "#4b3f72",
    },
];

const QUESTIONS: [(&str, &str); 6] = [
    (
        "Do I need 31 dresses?",
        "No. The same dress all month is fine, and buying new is not the point. Borrow, swap, repeat.",
    ),
    (
        "What if I wear a uniform at work, or do sport?",
        "Uniform days and sport count. Say so when somebody asks; that is the talk we are after.",
    ),
    (
        "Is a tie as good as a dress?",
        "Yes. Wear what starts the conversation.",
    ),
    (
        "Until when can I give?",
        "The challenge ends on 31 December; gifts are taken until the end of 31 January, Los Angeles time.",
    ),
    (
        "Where does my gift go?",
        "You may choose a program. If you do not, your gift is shared between the programs by the policy shown on this page, to the \
         cent, after the processor's fee. Your receipt has a link on which you can follow it.",
    ),
    (
        "Can I give without showing my name?",
        "Yes. You can hide your name, the amount, or both.",
    ),
];

pub(super) fn is_there(conn: &mut Conn) -> AppResult<bool> {
    match crate::campaigns::model::by_slug(conn, &slug(SEASON)?) {
        Ok(_) => Ok(true),
        Err(AppError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// How many years later than written the seasons are, so that the live one takes gifts at `now`. Slugs stay: they are
/// what people and programs know the demo by.
fn years_later(now: Timestamp) -> AppResult<i32> {
    let zone: Zone = parsed(ZONE)?;
    let today = zone.day_of(now).map(Day::date);
    let today = today.ok_or_else(|| AppError::internal("the clock is out of range"))?;
    // Until the end of January gifts go to the December before.
    let december = today.year() - i32::from(today.month() == 1);
    Ok((december - FIRST).max(0))
}

/// The day `years` later.
fn later(day: &str, years: i32) -> AppResult<Day> {
    let day: Day = parsed(day)?;
    let moved = day.date().with_year(day.date().year() + years);
    let moved = moved.ok_or_else(|| AppError::internal("no such day in that year"))?;
    Day::try_from(moved).map_err(AppError::internal)
}

/// `text` with the years that it names in braces `years` later.
fn told(text: &str, years: i32) -> String {
    (FIRST - 1..=FIRST + 1).fold(text.to_owned(), |text, year| {
        text.replace(&format!("{{{year}}}"), &(year + years).to_string())
    })
}

fn dollars(amount: i64) -> Money {
    Money::new(amount * Currency::USD.scale(), Currency::USD)
}

pub(super) fn seed(conn: &mut Conn, seed: &DemoSeed, now: Timestamp) -> AppResult<()> {
    let mut previous = None;
    let years = years_later(now)?;
    for ((id, fund), text) in seed.campaigns.iter().zip(seed.campaign_funds).zip(&SEASONS) {
        let [starts_on, ends_on, giving_until] = text.days;
        let faq = QUESTIONS.map(|(question, answer)| Question {
            question: question.to_owned(),
            answer: answer.to_owned(),
        });
        let new = CreateCampaign {
            id: *id,
            fund,
            slug: slug(text.slug)?,
            title: line(&told(text.title, years))?,
            appeal: line(text.appeal)?,
            story: story(&told(text.story, years))?,
            time_zone: parsed(ZONE)?,
            starts_on: later(starts_on, years)?,
            ends_on: later(ends_on, years)?,
            giving_until: later(giving_until, years)?,
            goal: dollars(text.goal),
            minimum: dollars(5),
            suggested: [25, 50, 100, 250].map(dollars).to_vec(),
            accent: parsed(text.accent)?,
            faq: faq.to_vec(),
            programs: seed.programs.to_vec(),
            previous: previous.replace(*id),
        };
        create(conn, &new, now)?;
    }
    let [last, season, _] = seed.campaigns;
    let [last_policy, policy] = seed.policies;
    let [kolkata, start, court] = seed.program_funds;
    let all_to_one = "All of it to Kolkata.";
    share_out(
        conn,
        last_policy,
        last,
        all_to_one,
        &[(kolkata, 10_000)],
        now,
    )?;
    end_at(conn, last, now)?;
    let note = "Most to Kolkata, where this season's work begins; the rest to what follows a rescue: learning, and the day in court.";
    let shares = [(kolkata, 6_000), (start, 2_500), (court, 1_500)];
    share_out(conn, policy, season, note, &shares, now)
}

fn share_out(
    conn: &mut Conn,
    id: PolicyId,
    campaign: CampaignId,
    note: &str,
    shares: &[(FundId, i32)],
    now: Timestamp,
) -> AppResult<()> {
    let new = DraftPolicy {
        id,
        campaign,
        effective_from: now,
        note: line(note)?,
        shares: shares.to_vec(),
    };
    enact_policy(conn, &new, now).map(|_| ())
}

pub(super) fn go_live(conn: &mut Conn, seed: &DemoSeed, now: Timestamp) -> AppResult<()> {
    let [_, season, _] = seed.campaigns;
    move_to(conn, season, CampaignStatus::Live, now)
}

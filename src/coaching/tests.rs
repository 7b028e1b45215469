//! The walk over a real database: what is written, once, and what it costs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use actix_web::web::Data;
use chrono::Duration;
use diesel::prelude::*;

use super::model::{self, MilestoneId};
use super::ops::{self, Promise};
use super::rules::badges::Badge;
use super::{Coach, Walked};
use crate::auth::mutes::{MailKind, OffLinks, mute};
use crate::auth::{NewUser, UserId, insert_user};
use crate::campaigns::testing::{Season, at, line, new_season, season, usd};
use crate::config::Config;
use crate::db::schema::{badges, coaching_mails, diary_entries, mails, pages, totals, users};
use crate::db::testing::{Guard, fresh};
use crate::db::{Conn, Db};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Clock, Timestamp};
use crate::mail::{Mails, Templates};
use crate::pages::ops::{CreatePage, create};
use crate::pages::{PageId, PageStatus};
use crate::web::Site;
use crate::web::markdown::Story;

/// A season that is live, seen from noon of a day in it.
struct Stage {
    db: Db,
    clock: Clock,
    coach: Coach,
    ids: Season,
    _guard: Guard,
}

const OPENING: &str = "2026-11-10T20:00:00Z";

impl Stage {
    async fn at(time: &str) -> Self {
        let (db, guard) = fresh().await;
        let (ids, now) = (new_season(), at(OPENING));
        db.tx(move |c| {
            season(c, &ids, now);
            Ok(())
        })
        .await
        .unwrap();
        let clock = Clock::system();
        let config = Arc::new(Config::load(None, &std::collections::HashMap::new(), &[]).unwrap());
        let pages = crate::web::templates::Templates::load(None).unwrap();
        let site = Site::open(Arc::clone(&config), db.clone(), clock.clone(), pages)
            .await
            .unwrap();
        let mails = Mails::new(Arc::new(Templates::load(None).unwrap()), &config.mail.from);
        let off = OffLinks::load(&db, &config).await.unwrap();
        let coach = Coach::new(Data::new(site), mails, off);
        let stage = Self {
            db,
            clock,
            coach,
            ids,
            _guard: guard,
        };
        stage.turn(time);
        stage
    }

    /// Turns the clock to `time`.
    fn turn(&self, time: &str) {
        let by = at(time).micros() - self.clock.now().micros();
        self.clock.advance(Duration::microseconds(by));
    }

    /// A page of somebody whose address is verified.
    async fn page(&self, slug: &str) -> (PageId, UserId) {
        let (page, user, campaign) = (PageId::new(), UserId::new(), self.ids.campaign);
        let slug = slug.to_owned();
        self.db
            .tx(move |c| make(c, (page, user), campaign, &slug))
            .await
            .unwrap();
        (page, user)
    }

    async fn raise(&self, page: PageId, dollars: i64, donors: i64) {
        let now = self.clock.now();
        self.db
            .tx(move |c| raise(c, page, dollars, donors, now))
            .await
            .unwrap();
    }

    async fn letters(&self) -> Vec<(String, String)> {
        self.db
            .read(|c| {
                let query = mails::table
                    .filter(mails::kind.eq("coach_letter"))
                    .order(mails::created_at)
                    .select((mails::to_email, mails::subject));
                Ok(each!(c, c => query.load(c))?)
            })
            .await
            .unwrap()
    }
}

fn make(
    conn: &mut Conn,
    (page, user): (PageId, UserId),
    campaign: crate::ids::CampaignId,
    slug: &str,
) -> AppResult<()> {
    let now = at(OPENING);
    let owner = NewUser {
        id: user,
        email: format!("{slug}@example.org").parse().unwrap(),
        name: line(slug),
        password_hash: None,
        roles: Vec::new(),
    };
    insert_user(conn, &owner, now)?;
    let target = users::table.find(user);
    each!(conn, c => diesel::update(target).set(users::verified_at.eq(now)).execute(c))?;
    let new = CreatePage {
        id: page,
        campaign,
        team: None,
        owner: Some(user),
        slug: slug.parse().unwrap(),
        title: line("One dress"),
        participant: line(slug),
        story: Story::default(),
        goal: usd(1_000),
        photo: None,
    };
    create(conn, &new, now)
}

/// What settlement does to a total.
fn raise(
    conn: &mut Conn,
    page: PageId,
    dollars: i64,
    donors: i64,
    now: Timestamp,
) -> AppResult<()> {
    let target = totals::table.find(("page", page.to_string()));
    each!(conn, c => diesel::update(target)
        .set((
            totals::raised.eq(dollars * 100),
            totals::donations.eq(donors),
            totals::donors.eq(donors),
            totals::reached_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

#[tokio::test]
async fn a_walk_writes_badges_and_one_mail_and_the_next_walk_nothing() {
    let stage = Stage::at("2026-12-10T20:00:00Z").await;
    let (page, _) = stage.page("maya").await;
    stage.raise(page, 600, 3).await;
    let walked = stage.coach.walk().await.unwrap();
    assert_eq!(
        walked,
        Walked {
            pages: 1,
            badges: 3,
            letters: 1
        }
    );
    let first = [(
        "maya@example.org".to_owned(),
        "You reached 50% of your goal".to_owned(),
    )];
    assert_eq!(stage.letters().await, first);
    assert_eq!(
        stage.coach.walk().await.unwrap(),
        Walked {
            pages: 1,
            badges: 0,
            letters: 0
        }
    );
    // Two walks at once, as two machines might: still one mail.
    stage.raise(page, 1_000, 4).await;
    stage.turn("2026-12-13T20:00:00Z");
    let (one, other) = (stage.coach.clone(), stage.coach.clone());
    let (one, other) = tokio::join!(one.walk(), other.walk());
    let sent = one.unwrap().letters + other.unwrap().letters;
    assert_eq!((sent, stage.letters().await.len()), (1, 2));
    assert_eq!(stage.letters().await[1].1, "You reached your goal");
}

#[tokio::test]
async fn a_badge_stays_when_its_reason_goes() {
    let stage = Stage::at("2026-12-10T20:00:00Z").await;
    let (page, _) = stage.page("maya").await;
    stage.raise(page, 500, 1).await;
    stage.coach.walk().await.unwrap();
    stage.raise(page, 0, 0).await;
    stage.turn("2026-12-11T20:00:00Z");
    stage.coach.walk().await.unwrap();
    let earned = stage
        .db
        .read(move |c| model::badges_of(c, &[page]))
        .await
        .unwrap();
    let names: Vec<Badge> = earned[&page].iter().map(|(badge, _)| *badge).collect();
    assert_eq!(
        names,
        [Badge::AllThanked, Badge::FirstThread, Badge::Halfway]
    );
    let at_first = earned[&page]
        .iter()
        .all(|(_, at)| at.rfc3339().starts_with("2026-12-10"));
    assert!(at_first, "{earned:?}");
}

#[tokio::test]
async fn the_letter_says_why_it_came_and_its_link_switches_that_kind_off() {
    let stage = Stage::at("2026-12-01T20:00:00Z").await;
    let (_, user) = stage.page("maya").await;
    stage.coach.walk().await.unwrap();
    let texts: Vec<(String, String)> = stage
        .db
        .read(|c| Ok(each!(c, c => mails::table.select((mails::text, mails::html)).load(c))?))
        .await
        .unwrap();
    let (text, html) = &texts[0];
    let url = stage.coach.off_links().url(user, MailKind::Tips);
    assert!(
        text.contains("It begins today") && text.contains("you have a page in this season"),
        "{text}"
    );
    assert!(text.contains(&url), "{text}");
    assert!(
        html.contains("/mail/tips/off/") && html.contains("/pages/maya/diary"),
        "{html}"
    );
}

#[tokio::test]
async fn who_switched_tips_off_gets_none() {
    let stage = Stage::at("2026-12-01T20:00:00Z").await;
    let (_, user) = stage.page("maya").await;
    stage.page("ravi").await;
    let now = stage.clock.now();
    stage
        .db
        .tx(move |c| mute(c, user, MailKind::Tips, now))
        .await
        .unwrap();
    stage.coach.walk().await.unwrap();
    let all = stage.letters().await;
    let first = [("ravi@example.org".to_owned(), "It begins today".to_owned())];
    assert_eq!(all, first);
    // She did not switch nudges off.
    stage.turn("2026-12-08T20:00:00Z");
    stage.coach.walk().await.unwrap();
    let later = stage.letters().await;
    let mut maya = later.iter().filter(|(to, _)| to.starts_with("maya"));
    assert_eq!(maya.next().unwrap().1, "Your page has been quiet");
}

#[tokio::test]
async fn days_logged_earn_a_badge_and_a_mail() {
    let stage = Stage::at("2026-12-07T20:00:00Z").await;
    let (page, _) = stage.page("maya").await;
    let now = stage.clock.now();
    stage
        .db
        .tx(move |c| {
            for day in 1..=7 {
                let row = (
                    diary_entries::id.eq(format!("dia_{day}")),
                    diary_entries::page_id.eq(page),
                    diary_entries::day.eq(format!("2026-12-{day:02}")),
                    diary_entries::outfit.eq("dress"),
                    diary_entries::note.eq(""),
                    diary_entries::photo_alt.eq(""),
                    diary_entries::is_public.eq(true),
                    diary_entries::is_backfill.eq(false),
                    diary_entries::created_at.eq(now),
                    diary_entries::updated_at.eq(now),
                );
                each!(c, c => diesel::insert_into(diary_entries::table).values(row).execute(c))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    // On the 5th the tip would have come first; by the 8th it is past.
    stage.turn("2026-12-08T20:00:00Z");
    stage.coach.walk().await.unwrap();
    assert_eq!(stage.letters().await[0].1, "You earned “Seven days”");
}

#[tokio::test]
async fn a_promise_is_reached_marked_kept_and_no_longer_rewritten() {
    let stage = Stage::at("2026-12-10T20:00:00Z").await;
    let (page, _) = stage.page("maya").await;
    let promise = |dollars, words: &str| Promise {
        id: MilestoneId::new(),
        page,
        amount: usd(dollars),
        words: line(words),
    };
    let now = stage.clock.now();
    let (first, same) = (promise(500, "swim in it"), promise(500, "sing"));
    let id = first.id;
    stage
        .db
        .tx(move |c| {
            ops::add(c, &first, now)?;
            assert!(matches!(ops::add(c, &same, now), Err(AppError::Invalid(_))));
            let early = ops::keep(c, page, id, usd(499), now);
            assert!(matches!(
                early,
                Err(AppError::Conflict {
                    code: "no_such_move",
                    ..
                })
            ));
            ops::change(
                c,
                &Promise {
                    words: line("swim in it twice"),
                    ..first.clone()
                },
            )?;
            let elsewhere = ops::keep(c, PageId::new(), id, usd(999), now);
            assert!(matches!(elsewhere, Err(AppError::NotFound(_))));
            Ok(())
        })
        .await
        .unwrap();
    stage.raise(page, 510, 1).await;
    stage.coach.walk().await.unwrap();
    let text: Vec<String> = stage
        .db
        .read(|c| Ok(each!(c, c => mails::table.select(mails::text).load(c))?))
        .await
        .unwrap();
    assert!(
        text[0].contains("At $500 I will swim in it twice"),
        "{}",
        text[0]
    );
    let rewritten = Promise {
        id,
        ..promise(900, "do nothing")
    };
    stage
        .db
        .tx(move |c| {
            let own = &model::own_of(c, &[page])?[&page][0];
            assert!(own.reached_at.is_some() && own.kept_at.is_none());
            let late = ops::change(c, &rewritten);
            assert!(matches!(late, Err(AppError::Conflict { .. })));
            // A refund does not unmake what was reached.
            ops::keep(c, page, id, usd(400), now)?;
            assert!(model::own_of(c, &[page])?[&page][0].kept_at.is_some());
            ops::remove(c, page, id)?;
            ops::remove(c, page, id)
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn six_hundred_pages_are_walked_once_in_batches() {
    let stage = Stage::at("2026-12-01T20:00:00Z").await;
    let campaign = stage.ids.campaign;
    stage
        .db
        .tx(move |c| {
            for n in 0..600 {
                make(
                    c,
                    (PageId::new(), UserId::new()),
                    campaign,
                    &format!("p-{n}"),
                )?;
            }
            // One is put away, one hidden, one a draft.
            for (slug, status) in [
                ("p-1", PageStatus::Archived),
                ("p-2", PageStatus::Hidden),
                ("p-3", PageStatus::Draft),
            ] {
                let target = pages::table.filter(pages::slug.eq(slug));
                each!(c, c => diesel::update(target).set(pages::status.eq(status)).execute(c))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let walked = stage.coach.walk().await.unwrap();
    assert_eq!((walked.pages, walked.letters), (598, 598));
    let letters = stage.letters().await;
    let drafts = letters
        .iter()
        .filter(|(_, subject)| subject == "Your page is nearly there");
    assert_eq!((letters.len(), drafts.count()), (598, 1));
    assert_eq!(
        stage.coach.walk().await.unwrap(),
        Walked {
            pages: 598,
            badges: 0,
            letters: 0
        }
    );
    let told: i64 = stage
        .db
        .read(|c| Ok(each!(c, c => coaching_mails::table.count().get_result(c))?))
        .await
        .unwrap();
    assert_eq!(told, 598);
    let badges: i64 = stage
        .db
        .read(|c| Ok(each!(c, c => badges::table.count().get_result(c))?))
        .await
        .unwrap();
    assert_eq!(badges, 0);
}

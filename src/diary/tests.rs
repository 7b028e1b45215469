#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::let_underscore_must_use
)]

use diesel::prelude::*;

use super::jobs::count_shown_pages;
use super::model::{self, EntryId, Outfit};
use super::ops::{self, Photo, SaveDay};
use super::talks::{TalkId, Who, model as talk_model, ops as talk_ops, ops::TellTalk};
use super::{check, public::PublicDiary};
use crate::campaigns::ops::CreateCampaign;
use crate::campaigns::testing::{at, command, line, new_season, season, usd};
use crate::db::schema::{campaigns, diary_entries, tallies};
use crate::db::testing::{Guard, fresh};
use crate::db::{Conn, Db};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, PageId, TeamId};
use crate::kernel::{Day, Limit, Timestamp};
use crate::pages::model::{PageOverview, any_by_slug};
use crate::pages::ops::{CreatePage, archive, create, unarchive};
use crate::teams::ops::CreateTeam;
use crate::totals::{Tally, TallyScope, tally, team_tally};
use crate::web::markdown::Story;

struct Season {
    db: Db,
    _guard: Guard,
    campaign: CampaignId,
    team: TeamId,
    pages: [PageId; 2],
}

/// Noon of the fourth of December in Los Angeles.
fn noon() -> Timestamp {
    at("2026-12-04T20:00:00Z")
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Two pages, `maya` and `noor`, in one team.
async fn winter() -> Season {
    let (db, guard) = fresh().await;
    let (ids, team) = (new_season(), TeamId::new());
    let pages = [PageId::new(), PageId::new()];
    db.tx(move |c| {
        let now = at("2026-11-01T00:00:00Z");
        season(c, &ids, now);
        let new = CreateTeam {
            id: team,
            campaign: ids.campaign,
            slug: "seams".parse().unwrap(),
            name: line("Seams"),
            story: Story::default(),
            goal: usd(1),
            captain: None,
        };
        crate::teams::ops::create(c, &new, now)?;
        for (id, slug) in pages.iter().zip(["maya", "noor"]) {
            let new = CreatePage {
                id: *id,
                campaign: ids.campaign,
                team: Some(team),
                owner: None,
                slug: slug.parse().unwrap(),
                title: line("I wear it"),
                participant: line(slug),
                story: Story::default(),
                goal: usd(500),
                photo: None,
            };
            create(c, &new, now)?;
        }
        Ok(())
    })
    .await
    .unwrap();
    Season {
        db,
        _guard: guard,
        campaign: ids.campaign,
        team,
        pages,
    }
}

fn page(conn: &mut Conn, slug: &str) -> PageOverview {
    any_by_slug(conn, &slug.parse().unwrap()).unwrap().unwrap()
}

fn entry(of: &str) -> SaveDay {
    SaveDay {
        id: EntryId::new(),
        day: day(of),
        outfit: Outfit::Dress,
        note: Some("green".into()),
        photo: Photo::Keep,
        photo_alt: None,
        is_public: Some(true),
    }
}

impl Season {
    async fn save(&self, slug: &'static str, save: SaveDay, now: Timestamp) -> AppResult<bool> {
        let written = self.db.tx(move |c| {
            let of = page(c, slug);
            ops::save(c, &of, &save, now).map(|saved| saved.is_new)
        });
        written.await
    }

    /// Days of `maya`, of `noor`, of the team and of the campaign.
    async fn days(&self) -> [i64; 4] {
        let [maya, noor] = self.pages;
        let (team, campaign) = (self.team, self.campaign);
        let read = self.db.read(move |c| {
            let days = |tally: Tally| tally.days;
            Ok([
                days(tally(c, TallyScope::Page, &maya.to_string())?),
                days(tally(c, TallyScope::Page, &noor.to_string())?),
                days(team_tally(c, team)?),
                days(tally(c, TallyScope::Campaign, &campaign.to_string())?),
            ])
        });
        read.await.unwrap()
    }

    async fn findings(&self) -> Vec<String> {
        self.db.read(check::findings).await.unwrap()
    }
}

#[tokio::test]
async fn twenty_writers_of_one_day_make_one_entry_and_one_count() {
    let winter = winter().await;
    let writes = (0..20).map(|_| winter.save("maya", entry("2026-12-04"), noon()));
    let done = futures_util::future::join_all(writes).await;
    let new: Vec<bool> = done.into_iter().map(Result::unwrap).collect();
    assert_eq!(new.iter().filter(|new| **new).count(), 1);
    assert_eq!(winter.days().await, [1, 0, 1, 1]);
    let id = winter.pages[0];
    let entries = winter.db.read(move |c| model::all_of(c, id)).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(winter.findings().await, Vec::<String>::new());
}

#[tokio::test]
async fn counts_follow_what_is_written_taken_out_hidden_and_shown() {
    let winter = winter().await;
    for of in ["2026-12-02", "2026-12-03", "2026-12-04"] {
        winter.save("maya", entry(of), noon()).await.unwrap();
    }
    winter
        .save("noor", entry("2026-12-04"), noon())
        .await
        .unwrap();
    assert_eq!(winter.days().await, [3, 1, 4, 4]);
    // Changing a day is no day more; a private day counts as well.
    let private = SaveDay {
        is_public: Some(false),
        ..entry("2026-12-03")
    };
    assert!(!winter.save("maya", private, noon()).await.unwrap());
    assert_eq!(winter.days().await, [3, 1, 4, 4]);
    let take_out = || {
        winter.db.tx(|c| {
            let of = page(c, "maya");
            Ok(ops::remove(c, &of, day("2026-12-02"), noon())?.is_some())
        })
    };
    assert!(take_out().await.unwrap());
    assert!(!take_out().await.unwrap(), "the second click does nothing");
    assert_eq!(winter.days().await, [2, 1, 3, 3]);
    let maya = winter.pages[0];
    let _ = winter
        .db
        .tx(move |c| archive(c, maya, noon()))
        .await
        .unwrap();
    assert_eq!(winter.days().await, [2, 1, 1, 1]);
    assert_eq!(winter.findings().await, Vec::<String>::new());
    // What is written on a page that is not shown waits.
    winter
        .save("maya", entry("2026-12-01"), noon())
        .await
        .unwrap();
    assert_eq!(winter.days().await, [3, 1, 1, 1]);
    let _ = winter
        .db
        .tx(move |c| unarchive(c, maya, noon()))
        .await
        .unwrap();
    assert_eq!(winter.days().await, [3, 1, 4, 4]);
    assert_eq!(winter.findings().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_check_sees_a_wrong_count_and_the_job_mends_a_forgotten_page() {
    let winter = winter().await;
    winter
        .save("maya", entry("2026-12-04"), noon())
        .await
        .unwrap();
    let maya = winter.pages[0].to_string();
    let break_it = winter.db.tx(move |c| {
        let row = tallies::table.find((TallyScope::Page, &maya));
        each!(c, c => diesel::update(row).set(tallies::days.eq(7)).execute(c))?;
        Ok(())
    });
    break_it.await.unwrap();
    let found = winter.findings().await;
    assert!(
        found.iter().any(|f| f.contains("not its entries")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|f| f.contains("campaign's counts")),
        "{found:?}"
    );
    let maya = winter.pages[0];
    let forget = winter.db.tx(move |c| {
        use crate::db::schema::pages;
        let row = tallies::table.find((TallyScope::Page, maya.to_string()));
        each!(c, c => diesel::update(row).set(tallies::days.eq(1)).execute(c))?;
        let hidden = pages::table.find(maya);
        each!(c, c => diesel::update(hidden).set(pages::status.eq("hidden")).execute(c))?;
        Ok(())
    });
    forget.await.unwrap();
    assert_eq!(winter.findings().await.len(), 1);
    assert_eq!(winter.db.tx(count_shown_pages).await.unwrap(), 1);
    assert_eq!(winter.days().await, [1, 0, 0, 0]);
    assert_eq!(winter.findings().await, Vec::<String>::new());
    assert_eq!(winter.db.tx(count_shown_pages).await.unwrap(), 0);
}

#[tokio::test]
async fn a_day_that_may_not_be_written_is_refused_and_one_that_is_there_may_be_changed() {
    let winter = winter().await;
    let refused = |of: &'static str, now: Timestamp| {
        let saved = winter.save("maya", entry(of), now);
        async move {
            match saved.await {
                Err(AppError::Invalid(faults)) => faults[0].field.clone(),
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(refused("2026-12-05", noon()).await, "day");
    assert_eq!(refused("2026-11-30", noon()).await, "day");
    let late = at("2027-02-02T00:00:00Z");
    assert_eq!(refused("2026-12-04", late).await, "day");
    assert_eq!(winter.days().await, [0, 0, 0, 0]);
    winter
        .save("maya", entry("2026-12-01"), noon())
        .await
        .unwrap();
    assert!(
        !winter
            .save("maya", entry("2026-12-01"), late)
            .await
            .unwrap()
    );
    let id = winter.pages[0];
    let entries = winter.db.read(move |c| model::all_of(c, id)).await.unwrap();
    assert!(entries[0].is_backfill);
    assert_eq!(
        (entries[0].created_at, entries[0].updated_at),
        (noon(), late)
    );
}

#[tokio::test]
async fn a_season_over_the_leap_day_in_kolkata_keeps_29_february() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2028-02-01T00:00:00Z"));
    let other = CreateCampaign {
        time_zone: "Asia/Kolkata".parse().unwrap(),
        starts_on: day("2028-02-28"),
        ends_on: day("2028-03-01"),
        giving_until: day("2028-03-31"),
        ..command("leap")
    };
    let campaign = other.id;
    db.tx(move |c| {
        season(c, &ids, now);
        crate::campaigns::ops::create(c, &other, now)?;
        let new = CreatePage {
            id: PageId::new(),
            campaign,
            team: None,
            owner: None,
            slug: "leap-page".parse().unwrap(),
            title: line("I wear it"),
            participant: line("Maya"),
            story: Story::default(),
            goal: usd(500),
            photo: None,
        };
        create(c, &new, now)?;
        let live = campaigns::table.find(campaign);
        each!(c, c => diesel::update(live).set(campaigns::status.eq("live")).execute(c))?;
        Ok(())
    })
    .await
    .unwrap();
    // Half past six in the evening UTC is midnight in Kolkata.
    let write = |now: &'static str| {
        db.tx(move |c| {
            let of = page(c, "leap-page");
            ops::same_again(c, &of, EntryId::new(), at(now))
        })
    };
    assert!(write("2028-02-28T18:29:00Z").await.unwrap());
    assert!(write("2028-02-28T18:31:00Z").await.unwrap());
    assert!(!write("2028-02-29T18:29:00Z").await.unwrap());
    assert!(write("2028-02-29T18:31:00Z").await.unwrap());
    let read = db.read(|c| {
        let of = page(c, "leap-page");
        PublicDiary::read(c, &of, at("2028-03-01T12:00:00Z"))
    });
    let read = read.await.unwrap();
    let days: Vec<String> = read
        .entries
        .iter()
        .map(|entry| entry.day.to_string())
        .collect();
    assert_eq!(days, ["2028-02-28", "2028-02-29", "2028-03-01"]);
    assert_eq!(read.shown().unwrap().streak.current, 3);
    assert!(read.entries.iter().all(|entry| !entry.is_backfill));
}

#[tokio::test]
async fn a_conversation_is_told_once_counted_changed_and_taken_out() {
    let winter = winter().await;
    let id = TalkId::new();
    let talk = move |learned, gave| TellTalk {
        id,
        day: day("2026-12-04"),
        who: Who::Neighbour,
        learned,
        signed: false,
        gave,
        note: String::new(),
    };
    let tell = || {
        let talk = talk(true, false);
        winter.db.tx(move |c| {
            let of = page(c, "maya");
            talk_ops::tell(c, &of, &talk, noon())
        })
    };
    assert!(tell().await.unwrap());
    assert!(!tell().await.unwrap());
    let campaign = winter.campaign.to_string();
    let counted = || {
        let id = campaign.clone();
        winter.db.read(move |c| tally(c, TallyScope::Campaign, &id))
    };
    let told = |learned, gave| Tally {
        conversations: 1,
        learned,
        gave,
        ..Tally::default()
    };
    assert_eq!(counted().await.unwrap(), told(1, 0));
    let changed = talk(false, true);
    winter
        .db
        .tx(move |c| {
            let of = page(c, "maya");
            talk_ops::change(c, &of, &changed, noon())
        })
        .await
        .unwrap();
    assert_eq!(counted().await.unwrap(), told(0, 1));
    // The other page's owner has no such conversation.
    let theirs = winter.db.tx(move |c| {
        let of = page(c, "noor");
        talk_ops::remove(c, &of, id)
    });
    assert!(!theirs.await.unwrap());
    let own = winter.db.tx(move |c| {
        let of = page(c, "maya");
        talk_ops::remove(c, &of, id)
    });
    assert!(own.await.unwrap());
    assert_eq!(counted().await.unwrap(), Tally::default());
    assert_eq!(winter.findings().await, Vec::<String>::new());
}

#[tokio::test]
async fn lists_go_on_after_each_page_without_gap_or_repeat() {
    let winter = winter().await;
    let now = at("2026-12-20T20:00:00Z");
    for n in 1..=20 {
        let of: Day = format!("2026-12-{n:02}").parse().unwrap();
        let save = SaveDay {
            day: of,
            is_public: Some(n % 5 != 0),
            ..entry("2026-12-01")
        };
        winter.save("maya", save, now).await.unwrap();
        let talk = TellTalk {
            id: TalkId::new(),
            day: day(if n % 2 == 0 {
                "2026-12-02"
            } else {
                "2026-12-03"
            }),
            who: Who::Friend,
            learned: false,
            signed: false,
            gave: false,
            note: String::new(),
        };
        let tell = winter.db.tx(move |c| {
            let of = page(c, "maya");
            talk_ops::tell(c, &of, &talk, now)
        });
        tell.await.unwrap();
    }
    let id = winter.pages[0];
    let limit: Limit = "3".parse().unwrap();
    let (mut days, mut after) = (Vec::new(), None);
    loop {
        let read = winter
            .db
            .read(move |c| model::public_list(c, id, after, limit))
            .await
            .unwrap();
        days.extend(read.items.into_iter().map(|entry| entry.day));
        let Some(next) = read.next else { break };
        after = crate::kernel::Cursor::parse(next.as_str()).ok();
        assert!(after.is_some());
    }
    assert_eq!(days.len(), 16);
    assert!(days.is_sorted_by(|a, b| a > b));
    let (mut talks, mut after) = (Vec::new(), None);
    loop {
        let place = after.clone();
        let read = winter
            .db
            .read(move |c| talk_model::of_page(c, id, place.as_ref(), limit))
            .await
            .unwrap();
        talks.extend(read.items.into_iter().map(|talk| (talk.day, talk.id)));
        let Some(next) = read.next else { break };
        after = crate::kernel::Cursor::parse(next.as_str()).ok();
        assert!(after.is_some());
    }
    assert_eq!(talks.len(), 20);
    assert!(talks.is_sorted_by(|a, b| a > b));
    let rows = winter.db.read(move |c| {
        let query = diary_entries::table.filter(diary_entries::page_id.eq(id));
        Ok(each!(c, c => query.count().get_result::<i64>(c))?)
    });
    assert_eq!(rows.await.unwrap(), 20);
}

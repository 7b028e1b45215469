#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::let_underscore_must_use
)]

use std::collections::HashMap;

use diesel::prelude::*;

use super::leaderboard::{self, Standing};
use super::model::{self, PageStatus, by_slug};
use super::ops::{CreatePage, create, step};
use super::{PageId, routes};
use crate::campaigns::testing::{Season, at, command, line, new_season, season, usd};
use crate::db::schema::totals;
use crate::db::testing::{Guard, fresh};
use crate::db::{Conn, Db};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::TeamId;
use crate::kernel::{Clock, Cursor, Limit, Listed, Money, Timestamp};
use crate::teams::ops::CreateTeam;
use crate::web::markdown::Story;
use crate::web::testing::serve;

fn page(ids: &Season, slug: &str, participant: &str) -> CreatePage {
    CreatePage {
        id: PageId::new(),
        campaign: ids.campaign,
        team: None,
        owner: None,
        slug: slug.parse().unwrap(),
        title: line("I wear it"),
        participant: line(participant),
        story: Story::default(),
        goal: usd(500),
        photo: None,
    }
}

/// What settlement does to a total, for tests of reading.
fn raise(conn: &mut Conn, id: PageId, minor: i64, reached_at: Timestamp) -> AppResult<()> {
    let target = totals::table.find(("page", id.to_string()));
    each!(conn, c => diesel::update(target)
        .set((totals::raised.eq(minor), totals::reached_at.eq(reached_at)))
        .execute(c))?;
    Ok(())
}

/// 500 pages with 7 different amounts reached at 5 different instants, every 50th hidden; in the order of the ranking.
async fn full_season() -> (Db, Guard, Season, Vec<CreatePage>) {
    let (db, guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-01T00:00:00Z"));
    let names = ["Zoë", "adam", "Maya", "মায়া", "Ben", "maya"];
    let mut ranked: Vec<(i64, Timestamp, CreatePage)> = (0..500)
        .map(|n: i64| {
            let place = usize::try_from(n).unwrap();
            let name = names[place % names.len()];
            let at = now.plus(chrono::Duration::microseconds(n * 3 % 5));
            (n * 11 % 7 * 1000, at, page(&ids, &format!("p-{n}"), name))
        })
        .collect();
    ranked.sort_by_key(|(raised, at, page)| (-raised, *at, page.id));
    let rows = ranked.clone();
    db.tx(move |c| {
        season(c, &ids, now);
        for (place, (raised, at, page)) in rows.iter().enumerate() {
            create(c, page, now)?;
            raise(c, page.id, *raised, *at)?;
            if place % 50 == 7 {
                drop(step(
                    c,
                    page.id,
                    &[PageStatus::Live],
                    PageStatus::Hidden,
                    now,
                )?);
            }
        }
        Ok(())
    })
    .await
    .unwrap();
    let shown = ranked.into_iter().enumerate().filter(|(n, _)| n % 50 != 7);
    let shown = shown.map(|(_, (_, _, page))| page).collect();
    (db, guard, ids, shown)
}

/// Walks a list to its end.
async fn walk<T, P, F>(db: &Db, limit: &str, read: F) -> Vec<T>
where
    T: Send + 'static,
    P: serde::de::DeserializeOwned + Send + 'static,
    F: Fn(&mut Conn, Option<P>, Limit) -> AppResult<Listed<T>> + Clone + Send + 'static,
{
    let limit: Limit = limit.parse().unwrap();
    let (mut all, mut after): (Vec<T>, Option<P>) = (Vec::new(), None);
    for _ in 0..1000 {
        let (read, place) = (read.clone(), after.take());
        let page = db.read(move |c| read(c, place, limit)).await.unwrap();
        assert!(page.items.len() <= limit.get());
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(Cursor::parse(next.as_str()).unwrap()),
            None => return all,
        }
    }
    panic!("the list does not end");
}

#[tokio::test]
async fn the_leaderboard_gives_every_page_once_ties_first_come_first() {
    let (db, _guard, ids, expected) = full_season().await;
    for limit in ["7", "37", "100"] {
        let ranked = walk(&db, limit, move |c, after: Option<Standing>, limit| {
            leaderboard::pages(c, ids.campaign, after.as_ref(), limit)
        })
        .await;
        let found: Vec<PageId> = ranked.iter().map(|row| row.item.page.id).collect();
        let wanted: Vec<PageId> = expected.iter().map(|page| page.id).collect();
        assert_eq!(found, wanted, "limit {limit}");
        let ranks: Vec<i64> = ranked.iter().map(|row| row.rank).collect();
        assert_eq!(ranks, (1..=490).collect::<Vec<i64>>());
    }
}

#[tokio::test]
async fn lists_by_age_and_by_name_give_every_page_once() {
    let (db, _guard, ids, expected) = full_season().await;
    let newest = walk(&db, "37", move |c, after: Option<PageId>, limit| {
        model::newest(c, ids.campaign, after, limit)
    })
    .await;
    assert_eq!(newest.len(), expected.len());
    assert!(newest.is_sorted_by(|a, b| a.page.id > b.page.id));
    let named = walk(
        &db,
        "37",
        move |c, after: Option<model::NamePlace>, limit| {
            model::by_name(c, ids.campaign, after.as_ref(), limit)
        },
    )
    .await;
    assert_eq!(named.len(), expected.len());
    let keys: Vec<(String, PageId)> = named
        .iter()
        .map(|card| (card.page.participant.to_lowercase(), card.page.id))
        .collect();
    assert!(
        keys.is_sorted_by(|a, b| a < b),
        "the same order on both engines"
    );
    assert_eq!(keys[0].0, "adam");
    assert_eq!(keys.last().unwrap().0, "মায়া");
}

#[tokio::test]
async fn a_page_is_made_once_in_its_campaign_and_hidden_and_shown_again() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-01T00:00:00Z"));
    let maya = page(&ids, "maya", "Maya");
    let id = maya.id;
    let other = command("other");
    let team = CreateTeam {
        id: TeamId::new(),
        campaign: other.id,
        slug: "theirs".parse().unwrap(),
        name: line("Theirs"),
        story: Story::default(),
        goal: usd(1),
        captain: None,
    };
    let theirs = team.id;
    db.tx(move |c| {
        season(c, &ids, now);
        crate::campaigns::ops::create(c, &other, now)?;
        crate::teams::ops::create(c, &team, now)?;
        create(c, &maya, now)
    })
    .await
    .unwrap();
    let refused = |change: &dyn Fn(&mut CreatePage)| {
        let mut new = page(&ids, "next", "Next");
        change(&mut new);
        let db = db.clone();
        async move {
            match db.tx(move |c| create(c, &new, now)).await {
                Err(AppError::Conflict { code, .. }) => code.to_owned(),
                Err(AppError::Invalid(fields)) => fields[0].field.clone(),
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(
        refused(&|p| p.slug = "maya".parse().unwrap()).await,
        "slug_taken"
    );
    assert_eq!(refused(&|p| p.team = Some(theirs)).await, "team");
    assert_eq!(refused(&|p| p.goal = usd(-1)).await, "goal");
    let euros = Money::new(1, "EUR".parse().unwrap());
    assert_eq!(refused(&|p| p.goal = euros).await, "goal");

    let find = || db.read(|c| by_slug(c, &"maya".parse().unwrap()));
    let found = find().await.unwrap();
    assert_eq!(found.story(), "We *wear* it.");
    assert_eq!(found.total.raised(), usd(0));
    assert_eq!(found.total.reached_at, now);
    let _ = db
        .tx(move |c| step(c, id, &[PageStatus::Live], PageStatus::Hidden, now))
        .await
        .unwrap();
    assert!(matches!(find().await, Err(AppError::NotFound(_))));
    let twice = db
        .tx(move |c| step(c, id, &[PageStatus::Live], PageStatus::Hidden, now))
        .await;
    assert!(matches!(twice, Err(AppError::Conflict { .. })));
    let _ = db
        .tx(move |c| step(c, id, &[PageStatus::Hidden], PageStatus::Live, now))
        .await
        .unwrap();
    assert!(find().await.is_ok());
}

#[test]
fn teams_call_shown_what_pages_call_live() {
    assert_eq!(crate::teams::model::SHOWN, PageStatus::Live.as_str());
}

#[actix_web::test]
async fn the_api_shows_pages_lists_and_leaderboards() {
    let (db, _guard, _ids, expected) = full_season().await;
    let server = serve(&db, &Clock::system(), routes);
    let first = expected[0].slug.as_str();
    let one = server.ok(&format!("/api/v1/pages/{first}")).await;
    let money = |minor: i64| serde_json::json!({ "minor": minor, "currency": "USD" });
    assert_eq!(one["raised"], money(6000));
    assert_eq!(one["goal"], money(50_000));
    assert_eq!((&one["donations"], &one["donors"]), (&0.into(), &0.into()));
    assert_eq!(one["campaign"]["slug"], "winter");
    assert_eq!(one["story_html"], "<p>We <em>wear</em> it.</p>\n");

    let board = "/api/v1/campaigns/winter/leaderboard";
    let (mut ranks, mut path) = (HashMap::new(), format!("{board}?limit=100"));
    loop {
        let page = server.ok(&path).await;
        for item in page["items"].as_array().unwrap() {
            ranks.insert(
                item["slug"].as_str().unwrap().to_owned(),
                item["rank"].as_u64().unwrap(),
            );
        }
        match page["next"].as_str() {
            Some(next) => path = format!("{board}?limit=100&after={next}"),
            None => break,
        }
    }
    for (rank, page) in (1..).zip(&expected) {
        assert_eq!(ranks[page.slug.as_str()], rank);
    }
    let next = server.ok(&format!("{board}?limit=1")).await["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = format!("{board}?kind=teams&after={next}");
    assert_eq!(server.get(&other).await.0, 404);
    assert_eq!(
        server.refused(&format!("{board}?kind=people")).await,
        "kind"
    );
    assert_eq!(server.get(&format!("{board}?after=x")).await.0, 404);
    assert_eq!(server.refused(&format!("{board}?limit=0")).await, "limit");
    assert_eq!(server.refused(&format!("{board}?limit=101")).await, "limit");
    assert_eq!(
        server.refused(&format!("{board}?limit=1&sort=x")).await,
        "sort"
    );
    assert!(
        server.ok(&format!("{board}?kind=teams")).await["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    let pages = "/api/v1/campaigns/winter/pages";
    let named = server.ok(&format!("{pages}?sort=name&limit=1")).await;
    assert_eq!(named["items"][0]["participant"], "adam");
    let next = named["next"].as_str().unwrap();
    let other = format!("{pages}?after={next}");
    assert_eq!(server.get(&other).await.0, 404);
    assert_eq!(server.refused(&format!("{pages}?sort=age")).await, "sort");
    assert_eq!(
        server.ok(pages).await["items"].as_array().unwrap().len(),
        20
    );
    for path in [
        "/api/v1/pages/none",
        "/api/v1/pages/%F0%9F",
        "/api/v1/campaigns/none/pages",
        "/api/v1/campaigns/none/leaderboard",
    ] {
        assert_eq!(server.get(path).await.0, 404, "{path}");
    }
}

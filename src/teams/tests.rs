#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use diesel::prelude::*;

use super::model::RosterPlace;
use super::ops::{CreateTeam, create};
use super::*;
use crate::auth::model::{NewUser, insert_user};
use crate::auth::{Role, UserId};
use crate::campaigns::testing::{at, command, line, new_season, season, usd};
use crate::db::schema::{pages, totals};
use crate::db::testing::fresh;
use crate::each;
use crate::error::AppError;
use crate::ids::PageId;
use crate::kernel::{Clock, Cursor, Limit};
use crate::totals::TotalScope;
use crate::web::markdown::Story;
use crate::web::testing::serve;

fn team(campaign: crate::ids::CampaignId, slug: &str, captain: Option<UserId>) -> CreateTeam {
    CreateTeam {
        id: TeamId::new(),
        campaign,
        slug: slug.parse().unwrap(),
        name: line("The Seams"),
        story: Story::parse("We mend.").unwrap(),
        goal: usd(5_000),
        captain,
    }
}

/// A member's page as its row; the noun that makes pages stands above this one.
fn member(
    conn: &mut crate::db::Conn,
    new: &CreateTeam,
    n: i64,
    status: &str,
    now: crate::kernel::Timestamp,
) {
    let id = PageId::new();
    let row = (
        pages::id.eq(id),
        pages::campaign_id.eq(new.campaign),
        pages::team_id.eq(new.id),
        pages::owner_id.eq(new.captain.filter(|_| n == 0)),
        pages::slug.eq(format!("{}-{n}", new.slug)),
        pages::title.eq("I wear it"),
        pages::participant.eq("Maya"),
        pages::name_key.eq("maya"),
        pages::story.eq(""),
        pages::goal.eq(100),
        pages::status.eq(status),
        pages::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(pages::table).values(row).execute(c)).unwrap();
    let row = (
        totals::scope.eq(TotalScope::Page),
        totals::scope_id.eq(id.to_string()),
        totals::campaign_id.eq(new.campaign),
        totals::currency.eq("USD"),
        totals::raised.eq(n % 4 * 100),
        totals::donations.eq(1),
        totals::donors.eq(1),
        totals::reached_at.eq(now.plus(chrono::Duration::microseconds(n % 3))),
    );
    each!(conn, c => diesel::insert_into(totals::table).values(row).execute(c)).unwrap();
}

#[actix_web::test]
async fn a_team_shows_its_roster_by_raised_each_member_once() {
    let (db, _guard) = fresh().await;
    let clock = Clock::system();
    let (ids, now) = (new_season(), clock.now());
    let captain = NewUser {
        id: UserId::new(),
        email: "abena@example.org".parse().unwrap(),
        name: line("Abena"),
        password_hash: None,
        roles: vec![Role::Participant],
    };
    let (seams, other) = (
        team(ids.campaign, "seams", Some(captain.id)),
        team(ids.campaign, "other", None),
    );
    let id = seams.id;
    db.tx(move |c| {
        season(c, &ids, now);
        insert_user(c, &captain, now)?;
        create(c, &seams, now)?;
        create(c, &other, now)?;
        for n in 0..50 {
            member(c, &seams, n, if n == 9 { "hidden" } else { "live" }, now);
        }
        member(c, &other, 0, "live", now);
        Ok(())
    })
    .await
    .unwrap();
    let (mut roster_seen, mut after): (Vec<Member>, Option<RosterPlace>) = (Vec::new(), None);
    loop {
        let (limit, place): (Limit, _) = ("7".parse().unwrap(), after.take());
        let page = db
            .read(move |c| roster(c, id, place.as_ref(), limit))
            .await
            .unwrap();
        roster_seen.extend(page.items);
        match page.next {
            Some(next) => after = Some(Cursor::parse(next.as_str()).unwrap()),
            None => break,
        }
    }
    assert_eq!(roster_seen.len(), 49);
    let key = |m: &Member| (-m.total.raised().minor(), m.total.reached_at, m.id);
    assert!(roster_seen.is_sorted_by(|a, b| key(a) < key(b)));

    let server = serve(&db, &clock, routes);
    let one = server.ok("/api/v1/teams/seams?limit=49").await;
    assert_eq!(one["captain"], "Abena");
    assert_eq!(one["members"], 49);
    assert_eq!(one["campaign"]["slug"], "winter");
    assert_eq!(one["goal"]["minor"], 500_000);
    assert_eq!(one["raised"]["minor"], 0);
    assert_eq!(one["story_html"], "<p>We mend.</p>\n");
    let items = one["roster"]["items"].as_array().unwrap();
    assert_eq!(items.len(), 49);
    assert!(one["roster"]["next"].is_null());
    assert_eq!(
        items.iter().filter(|item| item["captain"] == true).count(),
        1
    );
    assert_eq!(server.get("/api/v1/teams/none").await.0, 404);
    assert_eq!(server.get("/api/v1/teams/seams?after=x").await.0, 404);
    assert_eq!(server.refused("/api/v1/teams/seams?limit=0").await, "limit");
    assert_eq!(
        server.refused("/api/v1/teams/seams?limit=101").await,
        "limit"
    );
    assert_eq!(server.refused("/api/v1/teams/seams?page=2").await, "page");
}

#[tokio::test]
async fn teams_of_drafts_are_not_found_and_slugs_are_taken_once() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    let draft = command("spring");
    let hidden = team(draft.id, "early", None);
    db.tx(move |c| {
        season(c, &ids, now);
        crate::campaigns::ops::create(c, &draft, now)?;
        create(c, &hidden, now)
    })
    .await
    .unwrap();
    let found = db.read(|c| by_slug(c, &"early".parse().unwrap())).await;
    assert!(matches!(found, Err(AppError::NotFound(_))));
    let again = team(ids.campaign, "early", None);
    let refused = db.tx(move |c| create(c, &again, now)).await;
    assert!(matches!(
        refused,
        Err(AppError::Conflict {
            code: "slug_taken",
            ..
        })
    ));
    let lost = team(crate::ids::CampaignId::new(), "lost", None);
    assert!(matches!(
        db.tx(move |c| create(c, &lost, now)).await,
        Err(AppError::NotFound(_))
    ));
}

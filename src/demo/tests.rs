#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::web::ServiceConfig;
use secrecy::SecretString;

use super::*;
use crate::campaigns::testing::at;
use crate::db::Db;
use crate::db::testing::fresh;
use crate::kernel::{Clock, Limit};
use crate::web::testing::serve;

fn logins() -> Vec<DemoLogin> {
    let hash = SecretString::from("$argon2id$…".to_owned());
    Role::ALL
        .iter()
        .map(|role| DemoLogin {
            role: *role,
            name: line(role.as_str()).unwrap(),
            email: format!("{role}@example.org").parse().unwrap(),
            password_hash: secrecy::ExposeSecret::expose_secret(&hash).to_owned(),
        })
        .collect()
}

async fn load(db: &Db, now: Timestamp) -> bool {
    let new = DemoSeed::new(logins());
    db.tx(move |c| seed(c, &new, now)).await.unwrap()
}

fn all(cfg: &mut ServiceConfig) {
    cfg.configure(crate::campaigns::routes)
        .configure(crate::pages::routes)
        .configure(crate::teams::routes)
        .configure(crate::partners::routes)
        .configure(crate::impact::routes);
}

#[actix_web::test]
async fn the_demo_season_is_there_once_and_takes_gifts_today() {
    let (db, _guard) = fresh().await;
    let now = at("2026-11-24T12:00:00Z");
    assert!(load(&db, now).await);
    assert!(!load(&db, now).await, "a second time does nothing");
    let clock = Clock::system();
    let real = clock.now();
    clock.advance(chrono::Duration::microseconds(now.micros() - real.micros()));
    let server = serve(&db, &clock, all);

    let season = server.ok("/api/v1/campaigns/dressember-2026").await;
    assert_eq!(season["status"], "live");
    assert_eq!(season["giving_open"], true);
    assert_eq!(season["giving_until"], "2027-01-31");
    assert_eq!(season["minimum"]["minor"], 500);
    assert_eq!(season["suggested"][3]["minor"], 25_000);
    assert_eq!(season["previous"]["slug"], LAST_SEASON);
    let shares: Vec<i64> = season["programs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["share_basis_points"].as_i64().unwrap())
        .collect();
    assert_eq!(shares, [6000, 2500, 1500]);
    assert_eq!(season["policy"]["version"], 1);
    assert_eq!(
        server.ok("/api/v1/campaigns/dressember-2025").await["status"],
        "closed"
    );
    assert_eq!(server.get("/api/v1/campaigns/dressember-2027").await.0, 404);

    let kolkata = server.ok("/api/v1/programs/ijm-kolkata").await;
    let figures = kolkata["figures"].as_array().unwrap();
    let values: Vec<i64> = figures
        .iter()
        .map(|f| f["value"].as_i64().unwrap())
        .collect();
    assert_eq!(values, [380, 69, 39]);
    for figure in figures {
        assert_eq!(figure["period"], "since 2006");
        assert_eq!(figure["grade"], "partner_reported");
        assert!(figure["source"].as_str().unwrap().contains("Pasang Bhutia"));
    }
    let ladder: Vec<i64> = kolkata["unit_costs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cost| cost["amount"]["minor"].as_i64().unwrap() / 100)
        .collect();
    assert_eq!(ladder, [30, 80, 125, 200, 2_400, 8_800]);

    let pages = server
        .ok("/api/v1/campaigns/dressember-2026/pages?limit=100")
        .await;
    assert_eq!(pages["items"].as_array().unwrap().len(), 13);
    let lena = server.ok("/api/v1/pages/lena-brook").await;
    assert_eq!(lena["participant"], "Lena Brook");
    assert_eq!(lena["team"]["slug"], "eastside-ties");
    for page in pages["items"].as_array().unwrap() {
        let slug = page["slug"].as_str().unwrap();
        let shown = server.ok(&format!("/api/v1/pages/{slug}")).await;
        assert!(!shown["story_html"].as_str().unwrap().is_empty(), "{slug}");
    }
    let teams = server
        .ok("/api/v1/campaigns/dressember-2026/leaderboard?kind=teams")
        .await;
    for team in teams["items"].as_array().unwrap() {
        let lenas = team["slug"] == "eastside-ties";
        assert_eq!(team["members"], if lenas { 4 } else { 3 });
        let shown = server
            .ok(&format!("/api/v1/teams/{}", team["slug"].as_str().unwrap()))
            .await;
        assert!(shown["captain"].is_string());
        let captains = shown["roster"]["items"].as_array().unwrap().iter();
        assert_eq!(captains.filter(|item| item["captain"] == true).count(), 1);
    }
    assert_eq!(teams["items"].as_array().unwrap().len(), 3);
}

/// Whoever runs the demo first in a later year finds a season that takes gifts, under the same address.
#[tokio::test]
async fn a_demo_that_is_first_run_later_opens_the_season_of_that_year() {
    for (now, title, until) in [
        (
            "2027-02-01T07:59:00Z",
            "Dressember 2026: Hope for Kolkata",
            "2027-01-31",
        ),
        (
            "2027-02-01T08:01:00Z",
            "Dressember 2027: Hope for Kolkata",
            "2028-01-31",
        ),
        (
            "2031-06-15T12:00:00Z",
            "Dressember 2031: Hope for Kolkata",
            "2032-01-31",
        ),
    ] {
        let (db, _guard) = fresh().await;
        let now = at(now);
        load(&db, now).await;
        let read = db.read(|c| crate::campaigns::model::by_slug(c, &SEASON.parse().unwrap()));
        let season = read.await.unwrap().campaign;
        assert!(season.is_giving_open(now), "{title}");
        assert_eq!(season.title, title);
        assert_eq!(season.giving_until.to_string(), until);
    }
}

/// No story of the demo leans on anything that the sanitiser takes away.
#[tokio::test]
async fn the_demos_texts_are_shown_as_written() {
    let (db, _guard) = fresh().await;
    load(&db, at("2026-11-24T12:00:00Z")).await;
    let stories = db
        .read(|c| {
            let campaign = crate::campaigns::model::by_slug(c, &SEASON.parse().unwrap())?;
            let pages = crate::pages::model::newest(c, campaign.campaign.id, None, Limit::MOST)?;
            let programs = crate::partners::model::programs(c, None, Limit::MOST)?;
            let mut stories = vec![campaign.campaign.story];
            stories.extend(pages.items.into_iter().map(|card| card.page.story));
            for row in programs.items {
                stories.extend([row.program.story, row.partner.story]);
            }
            Ok(stories)
        })
        .await
        .unwrap();
    for story in stories {
        let html = crate::web::markdown::html(&story);
        let words = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
        assert!(words(html.as_str()) >= words(&story), "{story}");
        assert!(!story.contains("  "), "{story}");
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    crate::campaigns::api::list,
    crate::campaigns::api::one,
    crate::pages::api::one,
    crate::pages::api::list,
    crate::pages::api::leaderboard,
    crate::teams::api::one,
    crate::partners::api::list,
    crate::impact::api::program,
))]
struct Described;

#[test]
fn every_handler_is_described() {
    let json = serde_json::to_value(<Described as utoipa::OpenApi>::openapi()).unwrap();
    assert_eq!(json["paths"].as_object().unwrap().len(), 8);
    let paths = json["paths"].as_object().unwrap().values();
    let operations: std::collections::BTreeSet<&str> = paths
        .map(|path| path["get"]["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(operations.len(), 8, "an operation's id is its own");
    let board = &json["paths"]["/api/v1/campaigns/{slug}/leaderboard"]["get"];
    let names: Vec<&str> = board["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["slug", "kind", "after", "limit"]);
    assert_eq!(board["parameters"][3]["schema"]["maximum"], 100);
    let schemas = json["components"]["schemas"].as_object().unwrap();
    for name in [
        "CampaignDetail",
        "PageDetail",
        "TeamDetail",
        "ProgramDetail",
        "Money",
        "Problem",
    ] {
        assert!(schemas.contains_key(name), "{name} of {:?}", schemas.keys());
    }
}

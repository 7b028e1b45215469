#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::model::{self, CampaignStatus};
use super::ops::{create, move_to};
use super::testing::{at, command, new_season, season, usd};
use super::{Campaign, routes};
use crate::db::testing::fresh;
use crate::error::AppError;
use crate::kernel::{Clock, Currency, Limit, Money};
use crate::web::testing::serve;

async fn winter() -> Campaign {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        model::by_id(c, ids.campaign)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn giving_ends_with_the_last_day_in_the_campaigns_zone() {
    let campaign = winter().await;
    assert!(campaign.is_giving_open(at("2026-11-02T00:00:00Z")));
    // 31 January ends in Los Angeles (UTC-8) at 08:00 UTC on 1 February.
    assert!(campaign.is_giving_open(at("2027-02-01T07:59:59.999999Z")));
    assert!(!campaign.is_giving_open(at("2027-02-01T08:00:00Z")));
    assert_eq!(campaign.days_left(at("2027-02-01T07:59:59Z")), Some(0));
    assert_eq!(campaign.days_left(at("2027-01-31T07:59:59Z")), Some(1));
    assert_eq!(campaign.days_left(at("2027-02-01T08:00:00Z")), None);
    let mut closed = campaign;
    closed.status = CampaignStatus::Closed;
    assert!(!closed.is_giving_open(at("2027-01-01T00:00:00Z")));
}

#[tokio::test]
async fn days_follow_the_clocks_when_they_change() {
    // Los Angeles turns its clocks back on 1 November 2026 at 09:00 UTC: that day has 25 hours.
    let mut campaign = winter().await;
    campaign.starts_on = "2026-11-01".parse().unwrap();
    campaign.ends_on = "2026-11-02".parse().unwrap();
    campaign.giving_until = "2026-11-01".parse().unwrap();
    assert_eq!(campaign.challenge_day(at("2026-11-01T06:59:59Z")), None);
    assert_eq!(campaign.challenge_day(at("2026-11-01T07:00:00Z")), Some(1));
    assert!(campaign.is_giving_open(at("2026-11-02T07:59:59Z")));
    assert_eq!(campaign.challenge_day(at("2026-11-02T07:59:59Z")), Some(1));
    assert!(!campaign.is_giving_open(at("2026-11-02T08:00:00Z")));
    assert_eq!(campaign.challenge_day(at("2026-11-02T08:00:00Z")), Some(2));
    assert_eq!(campaign.challenge_day(at("2026-11-03T08:00:00Z")), None);
    // Havana turns its clocks forward at midnight: 14 March 2027 begins at 01:00 (05:00 UTC).
    let mut havana = campaign;
    havana.time_zone = "America/Havana".parse().unwrap();
    havana.giving_until = "2027-03-13".parse().unwrap();
    assert!(havana.is_giving_open(at("2027-03-14T04:59:59Z")));
    assert!(!havana.is_giving_open(at("2027-03-14T05:00:00Z")));
}

#[tokio::test]
async fn campaigns_move_from_draft_to_live_to_closed_and_no_other_way() {
    use CampaignStatus::{Closed, Draft, Live};
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        create(c, &command("spring"), now)
    })
    .await
    .unwrap();
    let code = |to| {
        let db = db.clone();
        async move {
            match db.tx(move |c| move_to(c, ids.campaign, to, now)).await {
                Ok(()) => "moved",
                Err(AppError::Conflict { code, .. }) => code,
                Err(error) => panic!("{error}"),
            }
        }
    };
    assert_eq!(code(Draft).await, "no_such_move");
    assert_eq!(code(Live).await, "no_such_move");
    assert_eq!(code(Closed).await, "moved");
    for to in [Draft, Live, Closed] {
        assert_eq!(code(to).await, "no_such_move");
    }
    let refused = db
        .tx(move |c| {
            let spring = command("summer");
            create(c, &spring, now)?;
            move_to(c, spring.id, Live, now)
        })
        .await;
    assert!(matches!(
        refused,
        Err(AppError::Conflict {
            code: "no_policy",
            ..
        })
    ));
}

#[tokio::test]
async fn a_campaign_that_contradicts_itself_is_refused_field_by_field() {
    let (db, _guard) = fresh().await;
    let now = at("2026-11-01T00:00:00Z");
    let faults = |change: fn(&mut super::ops::CreateCampaign)| {
        let db = db.clone();
        async move {
            let mut new = command("winter");
            change(&mut new);
            match db.tx(move |c| create(c, &new, now)).await {
                Err(AppError::Invalid(fields)) => {
                    fields.into_iter().map(|f| f.field).collect::<Vec<_>>()
                }
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(
        faults(|c| c.ends_on = "2026-11-30".parse().unwrap()).await,
        ["ends_on"]
    );
    assert_eq!(
        faults(|c| c.giving_until = "2026-12-30".parse().unwrap()).await,
        ["giving_until"]
    );
    assert_eq!(
        faults(|c| c.minimum = usd(0)).await,
        ["minimum", "suggested"].split_at(1).0
    );
    assert_eq!(
        faults(|c| c.suggested = vec![usd(50), usd(25)]).await,
        ["suggested"]
    );
    assert_eq!(faults(|c| c.suggested = vec![usd(4)]).await, ["suggested"]);
    assert_eq!(
        faults(|c| c.goal = Money::new(5, "EUR".parse::<Currency>().unwrap())).await,
        ["minimum", "suggested"]
    );
    db.tx(move |c| create(c, &command("winter"), now))
        .await
        .unwrap();
    let again = db.tx(move |c| create(c, &command("winter"), now)).await;
    assert!(matches!(
        again,
        Err(AppError::Conflict {
            code: "slug_taken",
            ..
        })
    ));
}

/// L7: a version that was approved for later holds when its day comes, and nothing is edited away from under it.
#[tokio::test]
async fn a_program_that_a_coming_policy_feeds_stays_named() {
    use super::edit::{EditCampaign, edit};
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    let version = |effective_from, fund: usize| crate::funds::ops::DraftPolicy {
        id: crate::funds::PolicyId::new(),
        campaign: ids.campaign,
        effective_from: at(effective_from),
        note: super::testing::line("One of both."),
        shares: vec![(ids.funds[fund], 10_000)],
    };
    // From December on all of it goes to the school.
    let (first, coming) = (
        version("2026-11-01T00:00:00Z", 0),
        version("2026-12-01T00:00:00Z", 1),
    );
    let before = db
        .tx(move |c| {
            season(c, &ids, now);
            crate::funds::approval::enact_policy(c, &first, now)?;
            crate::funds::approval::enact_policy(c, &coming, now)?;
            model::by_id(c, ids.campaign)
        })
        .await
        .unwrap();
    let edit_at = |now, named: usize| {
        let like = command("winter");
        let new = EditCampaign {
            id: ids.campaign,
            version: before.version,
            title: like.title,
            appeal: like.appeal,
            story: like.story,
            starts_on: like.starts_on,
            ends_on: like.ends_on,
            giving_until: like.giving_until,
            goal: like.goal,
            minimum: like.minimum,
            suggested: like.suggested,
            accent: like.accent,
            faq: like.faq,
            programs: vec![ids.programs[named]],
            rules: before.rules.0.clone(),
        };
        db.tx(move |c| edit(c, &new, now))
    };
    for named in [0, 1] {
        match edit_at(now, named).await {
            Err(AppError::Invalid(fields)) => assert_eq!(fields[0].field, "programs"),
            other => panic!("{named}: {other:?}"),
        }
    }
    // The first version feeds nothing any more.
    edit_at(at("2026-12-01T00:00:00Z"), 1).await.unwrap();
}

#[tokio::test]
async fn campaigns_are_listed_newest_season_first_each_once_and_drafts_never() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        for year in 2010..2026 {
            let mut new = command(&format!("winter-{year}"));
            new.starts_on = format!("{}-12-01", year / 2 * 2).parse().unwrap();
            new.programs = ids.programs.to_vec();
            create(c, &new, now)?;
            if year != 2020 {
                let policy = crate::funds::ops::DraftPolicy {
                    id: crate::funds::PolicyId::new(),
                    campaign: new.id,
                    effective_from: now,
                    note: super::testing::line("All"),
                    shares: vec![(ids.funds[0], 10_000)],
                };
                crate::funds::approval::enact_policy(c, &policy, now)?;
                move_to(c, new.id, CampaignStatus::Live, now)?;
            }
        }
        Ok(())
    })
    .await
    .unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let limit: Limit = "4".parse().unwrap();
        let page = db
            .read(move |c| model::list(c, after, limit))
            .await
            .unwrap();
        assert!(page.items.len() <= 4);
        seen.extend(page.items.into_iter().map(|row| row.campaign));
        match page.next {
            Some(next) => after = Some(crate::kernel::Cursor::parse(next.as_str()).unwrap()),
            None => break,
        }
    }
    assert_eq!(seen.len(), 16);
    assert!(seen.is_sorted_by(|a, b| (a.starts_on, a.id) > (b.starts_on, b.id)));
    assert!(seen.iter().all(|c| c.slug.as_str() != "winter-2020"));
}

#[actix_web::test]
async fn the_api_tells_what_a_campaign_is_and_raised() {
    let (db, _guard) = fresh().await;
    let clock = Clock::system();
    let (ids, now) = (new_season(), clock.now());
    let draft = command("spring");
    db.tx(move |c| {
        season(c, &ids, now);
        create(c, &draft, now)
    })
    .await
    .unwrap();
    let server = serve(&db, &clock, routes);
    let list = server.ok("/api/v1/campaigns").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(list["next"].is_null() && list.as_object().unwrap().contains_key("next"));
    assert_eq!(list["items"][0]["slug"], "winter");
    let one = server.ok("/api/v1/campaigns/winter").await;
    let money = |minor: i64| serde_json::json!({ "minor": minor, "currency": "USD" });
    assert_eq!(one["raised"], money(0));
    assert_eq!(one["goal"], money(1_000_000));
    assert_eq!(one["minimum"], money(500));
    assert_eq!(
        one["suggested"],
        serde_json::json!([money(2500), money(5000)])
    );
    assert_eq!((&one["donations"], &one["donors"]), (&0.into(), &0.into()));
    assert_eq!(one["status"], "live");
    assert_eq!(one["time_zone"], "America/Los_Angeles");
    assert_eq!(one["giving_until"], "2027-01-31");
    assert_eq!(one["currency"], "USD");
    assert_eq!(one["accent"], "#9b2335");
    assert_eq!(one["story_html"], "<p>We <em>wear</em> it.</p>\n");
    assert_eq!(one["programs"][0]["slug"], "rescue");
    assert_eq!(one["programs"][0]["partner"]["slug"], "allies");
    assert_eq!(one["programs"][0]["share_basis_points"], 7000);
    assert_eq!(one["programs"][1]["share_basis_points"], 3000);
    assert_eq!(one["policy"]["version"], 1);
    assert_eq!(one["policy"]["shares"][0]["program"], "rescue");

    for path in ["spring", "none", "UPPER", "a%2Fb"] {
        let (status, problem) = server.get(&format!("/api/v1/campaigns/{path}")).await;
        assert_eq!(
            (status, &problem["code"]),
            (404, &"not_found".into()),
            "{path}"
        );
    }
    assert_eq!(server.refused("/api/v1/campaigns?limit=0").await, "limit");
    assert_eq!(server.refused("/api/v1/campaigns?limit=101").await, "limit");
    assert_eq!(server.get("/api/v1/campaigns?after=nonsense").await.0, 404);
    assert_eq!(server.refused("/api/v1/campaigns?color=red").await, "color");
    assert_eq!(
        server.refused("/api/v1/campaigns?limit=1&limit=2").await,
        "limit"
    );
    assert_eq!(server.refused("/api/v1/campaigns/winter?x=1").await, "x");
    assert_eq!(
        server.ok("/api/v1/campaigns?limit=1").await["items"][0]["slug"],
        "winter"
    );
}

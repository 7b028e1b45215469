//! Match pools: reserved before they are promised, added to gifts, never beyond what they hold, released by two people.

use selvedge::auth::Role;
use selvedge::kernel::Limit;
use selvedge::ledger::Account;
use selvedge::matching::PoolId;
use selvedge::payments::webhook::Reference;
use serde_json::json;

use crate::harness::people::Visitor;
use crate::harness::world::{CAMPAIGN, PAYS, World};
use crate::payouts::{OPEN, holds};

async fn staff(world: &World, name: &str, role: Role) -> Visitor {
    let user = world.user(&format!("{name}@staff.example"), role).await;
    world.visitor(Some(user)).await
}

/// A pool of so many dollars that is open for a day around now.
async fn pool(world: &World, who: &Visitor, dollars: &str, changes: &[(&str, &str)]) -> PoolId {
    let id = PoolId::new();
    let text = id.to_string();
    let at = |days: i64| {
        let at = world.clock.now().plus(chrono::Duration::days(days));
        at.naive().format("%Y-%m-%d 00:00").to_string()
    };
    let (from, to) = (at(-1), at(3));
    let mut form = vec![
        ("id", text.as_str()),
        ("campaign", CAMPAIGN),
        ("sponsor", "Weavers Guild"),
        ("basis", "pledge"),
        ("amount", dollars),
        ("ratio", "100"),
        ("starts_at", &from),
        ("ends_at", &to),
    ];
    form.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    form.extend_from_slice(changes);
    world.send(who, "/console/matching", &form).await;
    world
        .send(
            who,
            &format!("/console/matching/{id}"),
            &[("act", "confirm")],
        )
        .await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_is_doubled_says_so_and_gives_the_pool_back_what_it_took() {
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let id = pool(&world, &theo, "80", &[("cap", "60")]).await;
    let form = world.get(&format!("/give/{CAMPAIGN}")).await.1;
    assert!(
        form.contains("doubled by Weavers Guild") && form.contains("$80 left"),
        "{form}"
    );
    let gift = world.paid(&World::gift(5_000)).await;
    let seen = world.donation(&gift).await;
    assert_eq!(seen["matched"]["minor"], 5_000);
    assert_eq!(holds(&world, Account::matching(id)).await, 3_000);
    assert_eq!(
        world.page_totals("maya-roy").await.0,
        5_000,
        "raised is what givers gave"
    );
    let mails = world.mails_to("asha@example.org").await;
    let receipt = mails
        .iter()
        .find(|mail| mail["subject"].as_str().unwrap().contains("receipt"))
        .unwrap();
    let text = receipt["text"].as_str().unwrap();
    assert!(text.contains("Added by Weavers Guild"), "{text}");
    let trace = text
        .split(&format!("{}/gifts/", world.base))
        .nth(1)
        .unwrap();
    let token = trace.split_whitespace().next().unwrap();
    for path in [format!("/gifts/{token}"), format!("/thanks/{token}")] {
        assert!(world.get(&path).await.1.contains("Weavers Guild"), "{path}");
    }
    // The next one takes what is left, and no more.
    let next = world.paid(&World::gift(5_000)).await;
    assert_eq!(world.donation(&next).await["matched"]["minor"], 3_000);
    // Beside what was raised stands what was added; the sponsor follows it on a page of their own.
    for place in [format!("campaigns/{CAMPAIGN}"), "pages/maya-roy".to_owned()] {
        let shown = world.json(&format!("/api/v1/{place}")).await;
        let sums = (&shown["raised"]["minor"], &shown["matched"]["minor"]);
        assert_eq!(sums, (&json!(10_000), &json!(8_000)), "{place}");
    }
    let console = world.look(&theo, &format!("/console/matching/{id}")).await;
    let own = console.split("href=\"/matches/").nth(1).unwrap();
    let own = format!("/matches/{}", own.split('"').next().unwrap());
    let (status, page) = world.get(&own).await;
    assert_eq!(status, 200, "{page}");
    for words in [
        "What $80 became",
        "Added to 2 gifts",
        "$80",
        "Weavers Guild",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("Asha"), "no giver is named to a sponsor");
    let parts: i64 = page
        .split("class=\"part-sum\">$")
        .skip(1)
        .map(|part| {
            part.split('<')
                .next()
                .unwrap()
                .replace(['.', ','], "")
                .parse::<i64>()
                .unwrap()
        })
        .sum();
    assert_eq!(parts, 8_000, "to the cent");
    assert_eq!(world.get("/matches/somebody-elses").await.0, 404);
    // Half of the first goes back, then the rest: so does what was added.
    let sessions = world.json("/sandbox/state").await["sessions"].clone();
    let intent = &sessions[0]["payment_intent"];
    for (amount, left) in [(2_500, 2_500), (2_500, 0)] {
        let refund = json!({ "refund": { "payment_intent": intent, "amount": amount } });
        world.control(refund).await;
        world.settle().await;
        assert_eq!(world.donation(&gift).await["matched"]["minor"], left);
        assert_eq!(world.findings().await, Vec::<String>::new());
    }
    assert_eq!(holds(&world, Account::matching(id)).await, 5_000);
    let shown = world.json("/api/v1/pages/maya-roy").await;
    assert_eq!(shown["matched"]["minor"], 3_000);
    world.look(&theo, &format!("/console/matching/{id}")).await;
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_is_matched_again_as_far_as_the_pool_still_holds_it() {
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let id = pool(&world, &theo, "50", &[]).await;
    let gift = world.paid(&World::gift(5_000)).await;
    let intent = world.json("/sandbox/state").await["sessions"][0]["payment_intent"].clone();
    let refund = json!({ "refund": { "payment_intent": intent, "amount": 5_000, "outcome": "failed_later" } });
    world.control(refund).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::matching(id)).await, 5_000);
    let other = world.paid(&World::gift(2_000)).await;
    assert_eq!(world.donation(&other).await["matched"]["minor"], 2_000);
    world.control(json!({ "clock_advance_days": 2 })).await;
    world.settle().await;
    assert_eq!(world.donation(&gift).await["matched"]["minor"], 3_000);
    assert_eq!(holds(&world, Account::matching(id)).await, 0);
    world.done().await;
}

/// Sixty-four gifts at once, of which the pool can match less than half.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn sixty_four_gifts_at_once_are_never_promised_more_than_there_is() {
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let id = pool(&world, &theo, "333.33", &[]).await;
    // Nothing is settled on the way: every webhook is lost.
    world.control(json!({ "webhooks": { "drop": 100 } })).await;
    let mut sessions = Vec::new();
    for _gift in 0..64 {
        let (gift, checkout) = world.begin(&World::gift(1_100)).await;
        assert_eq!(world.pay(&checkout, PAYS).await, 303);
        let session = checkout.rsplit('/').next().unwrap().to_owned();
        sessions.push((gift, session));
    }
    // All at once; whoever had to make way too often under SERIALIZABLE asks again, as the reconcile job does.
    let mut waiting: Vec<String> = sessions
        .iter()
        .map(|(_, session)| session.clone())
        .collect();
    for _round in 0..20 {
        let settled = waiting.drain(..).map(|session| {
            let giving = world.app.giving.clone();
            tokio::spawn(async move {
                let asked = vec![Reference::Session(session.clone())];
                giving.sync(asked).await.is_err().then_some(session)
            })
        });
        let done = futures_util::future::join_all(settled).await;
        waiting = done.into_iter().filter_map(|one| one.unwrap()).collect();
    }
    assert!(waiting.is_empty(), "{} were never settled", waiting.len());
    let mut added = 0;
    for (gift, _) in &sessions {
        let seen = world.donation(gift).await;
        assert_eq!(seen["status"], "paid");
        added += seen["matched"]["minor"].as_i64().unwrap();
    }
    assert_eq!(
        (added, holds(&world, Account::matching(id)).await),
        (33_333, 0)
    );
    let db = &world.app.site.db;
    let rows = db.read(move |c| selvedge::matching::model::matched_by(c, id, None, Limit::MOST));
    assert_eq!(rows.await.unwrap().items.len(), 31);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_is_released_by_a_second_person_and_a_pledge_is_money_only_once_it_arrived() {
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let noor = staff(&world, "noor", Role::Coordinator).await;
    let id = pool(
        &world,
        &theo,
        "100",
        &[("sponsor_email", "guild@example.org")],
    )
    .await;
    let place = format!("/console/matching/{id}");
    world.paid(&World::gift(3_000)).await;
    let propose = [
        ("act", "propose"),
        ("kind", "give"),
        ("reason", "They wish it so"),
    ];
    let early = world.ask(&theo, "POST", &place, &propose).await;
    assert_eq!(early.status, 409, "gifts are still matched");
    world.send(&theo, &place, &[("act", "end")]).await;
    assert_eq!(
        world.donation(&world.paid(&World::gift(1_000)).await).await["matched"]["minor"],
        0
    );
    world.send(&theo, &place, &propose).await;
    let html = world.look(&noor, &place).await;
    let release = html
        .split("name=\"release\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let decide = [("act", "decide"), ("release", release.as_str())];
    let own = world.ask(&theo, "POST", &place, &decide).await;
    assert_eq!(own.status, 409, "whoever proposed it does not decide it");
    let unpaid = world.ask(&noor, "POST", &place, &decide).await;
    assert_eq!(unpaid.status, 409, "the pledge has not arrived");
    let day = world.season_day();
    let arrive = |amount| {
        [
            ("act", "arrive"),
            ("amount", amount),
            ("arrived_on", day.as_str()),
            ("reference", "GUILD 12"),
        ]
    };
    let more = world.ask(&theo, "POST", &place, &arrive("101")).await;
    assert_eq!(more.status, 422);
    world.send(&theo, &place, &arrive("100")).await;
    world.send(&noor, &place, &decide).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::matching(id)).await, 0);
    assert_eq!(world.mails_to("guild@example.org").await.len(), 1);
    let raised =
        world.json(&format!("/api/v1/campaigns/{CAMPAIGN}")).await["raised"]["minor"].clone();
    assert_eq!(raised, 3_000 + 1_000 + 7_000);
    // Another pool goes back to its sponsor: what was pledged is waived.
    let id = pool(&world, &theo, "20", &[]).await;
    let place = format!("/console/matching/{id}");
    world.send(&theo, &place, &[("act", "end")]).await;
    let propose = [
        ("act", "propose"),
        ("kind", "return"),
        ("reason", "Nobody gave"),
    ];
    world.send(&theo, &place, &propose).await;
    let html = world.look(&noor, &place).await;
    let release = html
        .split("name=\"release\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    world
        .send(&noor, &place, &[("act", "decide"), ("release", &release)])
        .await;
    assert_eq!(holds(&world, Account::pledged(id)).await, 0);
    assert_eq!(holds(&world, Account::bank()).await, 10_000);
    world.done().await;
}

/// S9: whoever runs another season decides nothing here, not even by the form of a pool of their own.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_decided_by_those_who_run_its_own_season() {
    use selvedge::auth::roles::{SetRole, set_role};
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let seasons = world.json("/api/v1/campaigns").await;
    let other = seasons["items"].as_array().unwrap().iter();
    let other = other
        .map(|one| one["slug"].as_str().unwrap())
        .find(|slug| *slug != CAMPAIGN);
    let other = other.unwrap().to_owned();
    let stranger = world.user("cleo@staff.example", Role::Coordinator).await;
    let (slug, now) = (other.clone(), world.clock.now());
    let narrowed = world.app.site.db.tx(move |c| {
        let season = selvedge::campaigns::model::any_by_slug(c, &slug.parse().unwrap())?.unwrap();
        let new = SetRole {
            user: stranger,
            role: Role::Coordinator,
            has: true,
            campaigns: vec![season.id],
        };
        set_role(c, &new, now)
    });
    narrowed.await.unwrap();
    let cleo = world.visitor(Some(stranger)).await;
    let theirs = pool(&world, &cleo, "5", &[("campaign", &other)]).await;
    let ours = pool(&world, &theo, "20", &[]).await;
    let place = format!("/console/matching/{ours}");
    world.send(&theo, &place, &[("act", "end")]).await;
    let propose = [
        ("act", "propose"),
        ("kind", "return"),
        ("reason", "Nobody gave"),
    ];
    world.send(&theo, &place, &propose).await;
    let noor = staff(&world, "noor", Role::Coordinator).await;
    let html = world.look(&noor, &place).await;
    let release = html.split("name=\"release\" value=\"").nth(1).unwrap();
    let release = release.split('"').next().unwrap().to_owned();
    let by_own = format!("/console/matching/{theirs}");
    for act in ["decide", "refuse"] {
        let form = [("act", act), ("release", release.as_str())];
        assert_eq!(
            world.ask(&cleo, "POST", &place, &form).await.status,
            403,
            "{act}"
        );
        assert_eq!(
            world.ask(&cleo, "POST", &by_own, &form).await.status,
            404,
            "{act}"
        );
    }
    assert_eq!(holds(&world, Account::matching(ours)).await, 2_000);
    world
        .send(&noor, &place, &[("act", "decide"), ("release", &release)])
        .await;
    assert_eq!(holds(&world, Account::matching(ours)).await, 0);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_sent_twice_is_one_and_another_under_its_id_is_none() {
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let (first, second) = (
        pool(&world, &theo, "100", &[]).await,
        pool(&world, &theo, "100", &[]).await,
    );
    let id = selvedge::matching::model::ArrivalId::new().to_string();
    let day = world.season_day();
    let arrive = |amount| {
        [
            ("act", "arrive"),
            ("id", id.as_str()),
            ("amount", amount),
            ("arrived_on", day.as_str()),
            ("reference", "GUILD 12"),
        ]
    };
    let place = |id| format!("/console/matching/{id}");
    for _twice in 0..2 {
        world.send(&theo, &place(first), &arrive("40")).await;
    }
    for (pool, amount) in [(first, "60"), (second, "40")] {
        let other = world
            .ask(&theo, "POST", &place(pool), &arrive(amount))
            .await;
        assert_eq!(other.status, 409, "{}", other.text);
        assert!(other.text.contains("open a new one"), "{}", other.text);
    }
    assert_eq!(holds(&world, Account::bank()).await, 4_000);
    assert_eq!(holds(&world, Account::pledged(second)).await, 10_000);
    world.done().await;
}

/// What is left of a pool is decided as it stands then: gifts may have taken it since it was proposed.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_was_emptied_meanwhile_becomes_nobodys_gift() {
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let id = pool(&world, &theo, "50", &[("basis", "gift")]).await;
    let gift = world.paid(&World::gift(5_000)).await;
    let intent = world.json("/sandbox/state").await["sessions"][0]["payment_intent"].clone();
    let refund = json!({ "refund": { "payment_intent": intent, "amount": 5_000, "outcome": "failed_later" } });
    world.control(refund).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::matching(id)).await, 5_000);
    let place = format!("/console/matching/{id}");
    world.send(&theo, &place, &[("act", "end")]).await;
    let propose = [
        ("act", "propose"),
        ("kind", "give"),
        ("reason", "They wish it so"),
    ];
    world.send(&theo, &place, &propose).await;
    world.control(json!({ "clock_advance_days": 2 })).await;
    world.settle().await;
    assert_eq!(world.donation(&gift).await["matched"]["minor"], 5_000);
    let noor = staff(&world, "noor", Role::Coordinator).await;
    let html = world.look(&noor, &place).await;
    let release = html.split("name=\"release\" value=\"").nth(1).unwrap();
    let release = release.split('"').next().unwrap().to_owned();
    let decide = [("act", "decide"), ("release", release.as_str())];
    let late = world.ask(&noor, "POST", &place, &decide).await;
    assert_eq!(late.status, 409, "{}", late.text);
    assert!(late.text.contains("nothing is left"), "{}", late.text);
    let raised = world.json(&format!("/api/v1/campaigns/{CAMPAIGN}")).await["donations"].clone();
    assert_eq!(raised, 1, "no gift of nothing");
    let refuse = [("act", "refuse"), ("release", release.as_str())];
    world.send(&noor, &place, &refuse).await;
    world.done().await;
}

/// A sponsor who takes back what a pool left gets it from the bank, where all of it lay.
#[tokio::test(flavor = "multi_thread")]
async fn a_gift_out_of_a_pool_goes_back_from_the_bank() {
    use selvedge::donations::hands::{self, GiveBack, GivingBackId};
    use selvedge::kernel::{Currency, Line, Money};
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let noor = world.user("noor@staff.example", Role::Coordinator).await;
    let noors = world.visitor(Some(noor)).await;
    let id = pool(&world, &theo, "50", &[("basis", "gift")]).await;
    let place = format!("/console/matching/{id}");
    world.send(&theo, &place, &[("act", "end")]).await;
    let propose = [
        ("act", "propose"),
        ("kind", "give"),
        ("reason", "They wish it so"),
    ];
    world.send(&theo, &place, &propose).await;
    let html = world.look(&noors, &place).await;
    let release = html.split("name=\"release\" value=\"").nth(1).unwrap();
    let release = release.split('"').next().unwrap().to_owned();
    let decide = [("act", "decide"), ("release", release.as_str())];
    world.send(&noors, &place, &decide).await;
    let (db, now) = (&world.app.site.db, world.clock.now());
    let given = db.read(move |c| selvedge::matching::model::releases_of(c, id));
    let back = GiveBack {
        id: GivingBackId::new(),
        donation: given.await.unwrap()[0].donation_id.unwrap(),
        amount: Money::new(2_000, Currency::USD),
        reason: Line::parse("They need it", 200).unwrap(),
        by: noor,
    };
    let done = db.tx(move |c| hands::give_back(c, &back, now)).await;
    assert_eq!(done.unwrap().refunded, 2_000);
    assert_eq!(holds(&world, Account::bank()).await, 3_000);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_has_a_ceiling_and_its_proof_counts_beyond_sixty_four_bits() {
    let world = World::with(OPEN).await;
    let theo = staff(&world, "theo", Role::Finance).await;
    let form = [
        ("campaign", CAMPAIGN),
        ("sponsor", "Weavers Guild"),
        ("basis", "pledge"),
        ("amount", "10000001"),
        ("cap", "10000001"),
        ("ratio", "100"),
        ("starts_at", "2026-12-01 00:00"),
        ("ends_at", "2026-12-02 00:00"),
    ];
    let refused = world.ask(&theo, "POST", "/console/matching", &form).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused.text.contains("more than one pool"),
        "{}",
        refused.text
    );
    pool(&world, &theo, "50", &[]).await;
    world.paid(&World::gift(5_000)).await;
    // Nothing of this size comes by a form any more; a proof must not fail on it all the same.
    let proved = world.app.site.db.tx(|c| {
        use diesel::prelude::*;
        use selvedge::db::schema::matches;
        let mut set = |minor: i64| {
            let change = diesel::update(matches::table).set(matches::amount.eq(minor));
            selvedge::each!(c, c => change.execute(c))?;
            selvedge::matching::check::findings(c)
        };
        let huge = set(2_000_000_000_000_000)?;
        let own = set(5_000)?;
        Ok((huge, own))
    });
    let (huge, own) = proved.await.unwrap();
    assert!(
        huge.iter()
            .any(|line| line.contains("beyond its cap or its ratio")),
        "{huge:?}"
    );
    assert_eq!(own, Vec::<String>::new());
    world.done().await;
}

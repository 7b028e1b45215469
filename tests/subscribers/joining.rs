//! Double opt-in (N20), ticks beside gifts, one person (N19).

use diesel::prelude::*;
use selvedge::auth::Role;
use selvedge::db::schema::subscription_proofs;
use selvedge::each;
use selvedge::subscribers::SubscriptionState;
use selvedge::subscribers::joining::{CONFIRM_WORDING, JOIN_WORDING};
use selvedge::subscribers::proofs::{Act, Door, Proof};
use serde_json::json;

use super::{OPEN, found, list, news, reader, rows, stands};
use crate::harness::world::{PAYS, World};

/// The path of the link that was mailed last to an address.
async fn link(world: &World, address: &str) -> String {
    world.work().await;
    let mail = world.mails_to(address).await.remove(0);
    let text = mail["text"].as_str().unwrap().to_owned();
    let link = text.split("/subscribe/").nth(1).expect("a link");
    format!("/subscribe/{}", link.split_whitespace().next().unwrap())
}

async fn proofs(world: &World, email: &str) -> Vec<Proof> {
    let person = found(world, email).await.unwrap().id;
    world
        .app
        .site
        .db
        .read(move |c| {
            let query = subscription_proofs::table
                .filter(subscription_proofs::subscriber_id.eq(person))
                .order(subscription_proofs::id);
            Ok(each!(c, c => query.select(Proof::as_select()).load(c))?)
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_joins_by_its_own_owners_yes_and_the_proof_is_kept() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let visitor = world.visitor(None).await;
    let page = world.look(&visitor, "/subscribe").await;
    assert!(page.contains("You join “News”"), "{page}");
    let form = [("email", " Maya.Roy@Example.net "), ("name", "মায়া রায়")];
    let place = world.send(&visitor, "/subscribe", &form).await;
    assert_eq!(place, "/subscribe/sent");
    assert!(found(&world, "maya.roy@example.net").await.is_none());
    let path = link(&world, "Maya.Roy@example.net").await;
    for _ in 0..3 {
        let page = world.look(&visitor, &path).await;
        assert!(page.contains("Is this your address?"));
    }
    assert!(found(&world, "maya.roy@example.net").await.is_none());
    let answer = world.ask(&visitor, "POST", &path, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("You are on the list."));
    let person = found(&world, "MAYA.roy@EXAMPLE.net").await.unwrap();
    assert_eq!(person.name, "মায়া রায়");
    assert_eq!(person.email.as_str(), "Maya.Roy@example.net");
    assert_eq!(
        stands(&world, "maya.roy@example.net", news).await,
        Some(SubscriptionState::Confirmed)
    );
    let kept = proofs(&world, "maya.roy@example.net").await;
    let told: Vec<(Act, Door, &str)> = kept
        .iter()
        .map(|one| (one.act, one.door, one.wording.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Act::Asked, Door::Form, JOIN_WORDING),
            (Act::Agreed, Door::Link, CONFIRM_WORDING)
        ]
    );
    for one in &kept {
        let digest = one.ip_hash.as_deref().unwrap();
        assert!(digest.len() == 64 && !digest.contains("127.0.0.1"));
    }
    // A link works once.
    let again = world.ask(&visitor, "POST", &path, &[]).await;
    assert_eq!(again.status, 410);
    assert_eq!(rows(&world).await, (1, 2));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_by_the_form_who_reads_here() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    reader(&world, "maya@example.net", &[news]).await;
    let visitor = world.visitor(None).await;
    let mut answers = Vec::new();
    for address in ["maya@example.net", "nobody@example.net"] {
        let answer = world
            .ask(&visitor, "POST", "/subscribe", &[("email", address)])
            .await;
        answers.push((answer.status, answer.place, answer.text));
        link(&world, address).await;
    }
    assert_eq!(answers[0], answers[1]);
    let wrong = world
        .ask(&visitor, "POST", "/subscribe", &[("email", "nonsense")])
        .await;
    assert_eq!(wrong.status, 422);
    // A machine that fills every field in is told the same, and nothing is sent.
    let form = [("email", "machine@example.net"), ("website", "x")];
    assert_eq!(
        world.send(&visitor, "/subscribe", &form).await,
        "/subscribe/sent"
    );
    world.work().await;
    assert!(world.mails_to("machine@example.net").await.is_empty());
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_not_filled_by_the_form() {
    let world = World::with(&[
        ("limits.enabled", "true"),
        ("auth.mails_per_hour", "2"),
        ("limits.write_burst", "1000"),
    ])
    .await;
    let visitor = world.visitor(None).await;
    for _ in 0..5 {
        world
            .send(&visitor, "/subscribe", &[("email", "maya@example.net")])
            .await;
    }
    world.work().await;
    assert_eq!(world.mails_to("maya@example.net").await.len(), 2);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_lists_are_not_joined_from_outside() {
    let world = World::with(OPEN).await;
    let staff = list(&world, "Volunteers", false).await;
    let letters = list(&world, "Letters", true).await;
    let visitor = world.visitor(None).await;
    let page = world.look(&visitor, "/subscribe?list=letters").await;
    assert!(page.contains("Letters") && !page.contains("Volunteers"));
    let none = world
        .ask(
            &visitor,
            "POST",
            "/subscribe",
            &[("email", "maya@example.net")],
        )
        .await;
    assert_eq!(none.status, 422, "two lists: one must be chosen");
    let form = [
        ("email", "maya@example.net"),
        ("list", "letters"),
        ("list", "volunteers"),
    ];
    world.send(&visitor, "/subscribe", &form).await;
    let path = link(&world, "maya@example.net").await;
    world.ask(&visitor, "POST", &path, &[]).await;
    let on = SubscriptionState::Confirmed;
    assert_eq!(stands(&world, "maya@example.net", letters).await, Some(on));
    assert_eq!(stands(&world, "maya@example.net", staff).await, None);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_beside_a_gift_counts_when_it_is_paid() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let mut gift = World::gift(5_000);
    gift["consent"] = json!({ "newsletter": true });
    let (_, checkout) = world.begin(&gift).await;
    world.settle().await;
    assert!(found(&world, "asha@example.org").await.is_none());
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    world.settle().await;
    let on = SubscriptionState::Confirmed;
    assert_eq!(stands(&world, "asha@example.org", news).await, Some(on));
    let person = found(&world, "asha@example.org").await.unwrap();
    assert!(person.supporter_id.is_some());
    assert_eq!(person.name, "Asha Verma");
    let kept = proofs(&world, "asha@example.org").await;
    assert_eq!(
        (kept.len(), kept[0].act, kept[0].door),
        (1, Act::Agreed, Door::Gift)
    );
    assert!(kept[0].wording.starts_with("Yes, send me news"));
    assert!(kept[0].source_id.as_deref().unwrap().starts_with("don_"));
    // A second gift without a tick changes nothing; nor does the same event again.
    world.paid(&World::gift(2_000)).await;
    assert_eq!(rows(&world).await, (1, 1));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_is_one_subscriber_however_the_address_is_written() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let account = world
        .user("Zoe\u{308}@example.net", Role::Participant)
        .await;
    let first = reader(&world, "zo\u{eb}@EXAMPLE.net", &[news]).await;
    let second = reader(&world, "  ZOE\u{308}@example.net", &[news]).await;
    assert_eq!(first.id, second.id);
    assert_eq!(first.user_id, Some(account));
    // Who read here before they had an account is the same person afterwards.
    reader(&world, "ravi@example.net", &[news]).await;
    world
        .paid(&{
            let mut gift = World::gift(1_000);
            gift["donor"]["email"] = json!("Ravi@example.net");
            gift
        })
        .await;
    assert!(
        found(&world, "ravi@example.net")
            .await
            .unwrap()
            .supporter_id
            .is_some()
    );
    world.done().await;
}

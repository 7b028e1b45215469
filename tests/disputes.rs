//! Disputes (P19): a donor's bank takes a payment back, and wins or loses; told late, twice, out of order, after a grant.

use selvedge::ledger::Account;
use serde_json::{Value, json};

use crate::harness::world::{CAMPAIGN, PAGE, PAYS, World};
use crate::payouts::{holds, open_findings};

/// Pays, then is disputed.
const DISPUTED: &str = "4000000000000259";

async fn intent(world: &World) -> Value {
    world.json("/sandbox/state").await["sessions"][0]["payment_intent"].clone()
}

/// Opens a dispute of so many cents at the processor; answers its id.
async fn dispute(world: &World, amount: Option<i64>) -> String {
    let deed = json!({ "dispute": { "payment_intent": intent(world).await, "amount": amount } });
    let made = world.control(deed).await;
    made["dispute"]["id"].as_str().unwrap().to_owned()
}

async fn decide(world: &World, id: &str, outcome: &str) {
    world
        .control(json!({ "dispute": { "dispute": id, "outcome": outcome } }))
        .await;
}

async fn books(world: &World) -> Value {
    let books = world
        .json(&format!("/api/v1/campaigns/{CAMPAIGN}/books"))
        .await;
    let sum = |line: &str| books[line]["minor"].as_i64().unwrap();
    assert_eq!(
        sum("raised") - sum("refunded") - sum("disputed") + sum("matched") + sum("carried"),
        sum("fees_borne") + sum("granted") + sum("held"),
        "{books}"
    );
    books
}

async fn disputes_seen(world: &World) -> usize {
    let found = open_findings(world).await;
    found
        .iter()
        .filter(|(kind, _)| kind == "payment_disputed")
        .count()
}

async fn token(world: &World, gift: &str) -> String {
    let id = gift.parse().unwrap();
    let db = &world.app.site.db;
    let read = db.read(move |c| Ok(selvedge::donations::model::by_id(c, id)?.token));
    read.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bank_takes_leaves_the_funds_at_once_and_comes_back_when_it_is_won() {
    let world = World::new().await;
    let (gift, checkout) = world.begin(&World::gift(5_000)).await;
    assert_eq!(world.pay(&checkout, DISPUTED).await, 303);
    world.settle().await;
    let before = world.donation(&gift).await;
    assert_eq!(before["status"], "paid");
    // A minute later the card's holder complains.
    world.control(json!({ "clock_advance_s": 61 })).await;
    world.settle().await;
    let taken = world.donation(&gift).await;
    assert_eq!(
        (&taken["status"], &taken["refunded"]["minor"]),
        (&json!("disputed"), &json!(5_000))
    );
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    assert_eq!(books(&world).await["disputed"]["minor"], 5_000);
    assert_eq!(books(&world).await["refunded"]["minor"], 0);
    assert_eq!(disputes_seen(&world).await, 1);
    let page = world
        .get(&format!("/gifts/{}", token(&world, &gift).await))
        .await
        .1;
    assert!(page.contains("With your bank until it decides"), "{page}");
    assert!(page.contains("Your bank took it back") && !page.contains("It was given back"));
    // $1.75 for the charge, $15 for the dispute; the processor is short of what it took.
    assert_eq!(holds(&world, Account::fees()).await, 175 + 1_500);
    assert_eq!(
        holds(&world, Account::processor("stripe")).await,
        4_825 - 5_000 - 1_500
    );
    assert_eq!(world.findings().await, Vec::<String>::new());

    let id = world.json("/sandbox/state").await["disputes"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    decide(&world, &id, "won").await;
    world.settle().await;
    assert_eq!(world.donation(&gift).await, before, "it stands as before");
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    assert_eq!(books(&world).await["disputed"]["minor"], 0);
    assert_eq!(disputes_seen(&world).await, 0);
    assert_eq!(
        holds(&world, Account::fees()).await,
        175 + 1_500,
        "the dispute's cost stays"
    );
    // Told again from the processor's records, nothing moves.
    world.app.giving.reconcile().await.unwrap();
    assert_eq!(world.donation(&gift).await, before);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_lost_stays_lost_and_cannot_be_refunded_meanwhile() {
    let world = World::new().await;
    let gift = world.paid(&World::gift(5_003)).await;
    let refund = |amount: i64, intent: Value| json!({ "refund": { "payment_intent": intent, "amount": amount } });
    world.control(refund(1_001, intent(&world).await)).await;
    world.settle().await;
    let id = dispute(&world, Some(2_000)).await;
    world.settle().await;
    let seen = world.donation(&gift).await;
    assert_eq!(
        (&seen["status"], &seen["refunded"]["minor"]),
        (&json!("disputed"), &json!(3_001))
    );
    assert_eq!(world.page_totals(PAGE).await, (2_002, 1, 1));
    let refused = world
        .http
        .post(world.url("/sandbox/control"))
        .json(&refund(100, intent(&world).await))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status().as_u16(), 400);
    decide(&world, &id, "lost").await;
    world.settle().await;
    let lost = world.donation(&gift).await;
    assert_eq!(
        (&lost["status"], &lost["allocation"]),
        (&json!("disputed"), &seen["allocation"])
    );
    let books = books(&world).await;
    assert_eq!(
        (&books["disputed"]["minor"], &books["refunded"]["minor"]),
        (&json!(2_000), &json!(1_001))
    );
    assert_eq!(disputes_seen(&world).await, 0, "it is decided");
    let page = world
        .get(&format!("/gifts/{}", token(&world, &gift).await))
        .await
        .1;
    assert!(page.contains("Taken back by your bank"), "{page}");
    world.done().await;
}

/// P13, P16: doubled, shuffled, and heard of only when all was over.
#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_told_many_times_or_too_late_is_booked_once_or_never() {
    let world = World::new().await;
    world
        .control(json!({ "webhooks": { "duplicate": 3, "shuffle": true } }))
        .await;
    world.paid(&World::gift(5_000)).await;
    dispute(&world, None).await;
    world.settle().await;
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    // Nobody tells of the next one until it was won.
    world
        .control(json!({ "webhooks": { "drop": 100, "duplicate": 0 } }))
        .await;
    let (other, checkout) = world.begin(&World::gift(7_000)).await;
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    let sessions = world.json("/sandbox/state").await["sessions"].clone();
    let newest = sessions
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["amount_total"] == 7_000)
        .unwrap()
        .clone();
    let deed =
        json!({ "dispute": { "payment_intent": newest["payment_intent"], "outcome": "won" } });
    world.control(deed).await;
    world.app.giving.reconcile().await.unwrap();
    world.settle().await;
    let seen = world.donation(&other).await;
    assert_eq!(
        (&seen["status"], &seen["refunded"]["minor"]),
        (&json!("paid"), &json!(0))
    );
    assert_eq!(world.page_totals(PAGE).await, (7_000, 1, 1));
    assert_eq!(holds(&world, Account::fees()).await, 175 + 233 + 2 * 1_500);
    world.done().await;
}

/// P21: the processor's payouts take disputes along, and agree with the books.
#[tokio::test(flavor = "multi_thread")]
async fn payouts_agree_with_what_disputes_took_and_gave_back() {
    let world = World::new().await;
    for amount in [20_000, 30_000] {
        world.paid(&World::gift(amount)).await;
    }
    let id = dispute(&world, Some(4_000)).await;
    world.settle().await;
    world.control(json!({ "payout": true })).await;
    world.settle().await;
    let due = 20_000 + 30_000 - 610 - 900 - 4_000 - 1_500;
    assert_eq!(holds(&world, Account::bank()).await, due);
    assert_eq!(open_findings(&world).await.len(), 1, "the dispute itself");
    decide(&world, &id, "won").await;
    world.settle().await;
    world.control(json!({ "payout": true })).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, due + 4_000);
    assert_eq!(open_findings(&world).await, []);
    world.done().await;
}

/// The bank moves so much more money, whatever was decided.
async fn moves(world: &World, id: &str, by: i64) {
    world
        .control(json!({ "dispute": { "dispute": id, "moves": by } }))
        .await;
    world.settle().await;
    assert_eq!(world.findings().await, Vec::<String>::new());
}

/// The word on a dispute is not the last: the books follow the money, late, in part, and taken once more.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_bank_moves_after_the_end_is_booked_as_it_moves() {
    let world = World::new().await;
    let gift = world.paid(&World::gift(20_000)).await;
    let id = dispute(&world, Some(5_000)).await;
    world.paid(&World::gift(30_000)).await;
    let stands = async |status: &str, refunded: i64| {
        let seen = world.donation(&gift).await;
        assert_eq!(
            (&seen["status"], &seen["refunded"]["minor"]),
            (&json!(status), &json!(refunded))
        );
        assert_eq!(books(&world).await["disputed"]["minor"], refunded);
        assert_eq!(world.page_totals(PAGE).await.0, 50_000 - refunded);
    };
    decide(&world, &id, "lost").await;
    world.settle().await;
    stands("disputed", 5_000).await;
    // A part comes back after all, then the rest.
    moves(&world, &id, 3_000).await;
    stands("disputed", 2_000).await;
    let page = world
        .get(&format!("/gifts/{}", token(&world, &gift).await))
        .await
        .1;
    assert!(page.contains("Taken back by your bank"), "{page}");
    moves(&world, &id, 2_000).await;
    stands("paid", 0).await;
    // And the bank takes it once more.
    moves(&world, &id, -4_000).await;
    stands("disputed", 4_000).await;
    moves(&world, &id, -500).await;
    stands("disputed", 4_500).await;
    assert_eq!(
        holds(&world, Account::processor("stripe")).await,
        50_000 - 610 - 900 - 1_500 - 4_500
    );
    // Told again from the processor's records, nothing moves; and its payout agrees, entry for entry.
    world.app.giving.reconcile().await.unwrap();
    stands("disputed", 4_500).await;
    world.control(json!({ "payout": true })).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::processor("stripe")).await, 0);
    assert_eq!(
        disputes_seen(&world).await,
        open_findings(&world).await.len()
    );
    moves(&world, &id, 4_500).await;
    stands("paid", 0).await;
    world.control(json!({ "payout": true })).await;
    world.settle().await;
    assert_eq!(open_findings(&world).await, []);
    world.done().await;
}

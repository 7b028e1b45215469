//! Money that goes back: whoever makes it, however often it is told.

use serde_json::{Value, json};

use crate::harness::world::{PAGE, World};

async fn refund(world: &World, intent: &Value, amount: i64, outcome: &str) {
    world
        .control(
            json!({ "refund": { "payment_intent": intent, "amount": amount, "outcome": outcome } }),
        )
        .await;
}

async fn intent(world: &World) -> Value {
    world.json("/sandbox/state").await["sessions"][0]["payment_intent"].clone()
}

fn remaining(gift: &Value) -> Vec<i64> {
    gift["allocation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["remaining"]["minor"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_refund_leaves_nothing_set_aside_and_shows_at_once() {
    let world = World::new().await;
    let id = world.paid(&World::gift(5_000)).await;
    let intent = intent(&world).await;
    refund(&world, &intent, 5_000, "succeeded").await;
    world.settle().await;
    let gift = world.donation(&id).await;
    assert_eq!(
        (gift["status"].as_str(), gift["refunded"]["minor"].as_i64()),
        (Some("refunded"), Some(5_000))
    );
    assert!(remaining(&gift).iter().all(|minor| *minor == 0), "{gift}");
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    let id = id.parse().unwrap();
    let db = &world.app.site.db;
    let token = db.read(move |c| Ok(selvedge::donations::model::by_id(c, id)?.token));
    let (_, page) = world.get(&format!("/gifts/{}", token.await.unwrap())).await;
    assert!(
        page.contains("nothing of it is set aside any more")
            && !page.contains("has reported its fee.")
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_refunds_of_odd_cents_never_push_a_fund_below_zero() {
    let world = World::new().await;
    let id = world.paid(&World::gift(5_003)).await;
    let intent = intent(&world).await;
    for amount in [1, 1, 333, 333, 4_334, 1] {
        refund(&world, &intent, amount, "succeeded").await;
        world.settle().await;
        let gift = world.donation(&id).await;
        assert!(remaining(&gift).iter().all(|minor| *minor >= 0), "{gift}");
        assert_eq!(world.findings().await, Vec::<String>::new());
    }
    let gift = world.donation(&id).await;
    assert_eq!(
        (
            gift["status"].as_str(),
            remaining(&gift).iter().sum::<i64>()
        ),
        (Some("refunded"), 0)
    );
    world.done().await;
}

/// P17: a refund that fails later is set aside again, to the cent.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_is_recredited() {
    let world = World::new().await;
    let id = world.paid(&World::gift(5_000)).await;
    let before = remaining(&world.donation(&id).await);
    let intent = intent(&world).await;
    refund(&world, &intent, 2_000, "failed_later").await;
    world.settle().await;
    assert_eq!(world.page_totals(PAGE).await, (3_000, 1, 1));
    world.control(json!({ "clock_advance_days": 2 })).await;
    world.settle().await;
    let gift = world.donation(&id).await;
    assert_eq!(gift["status"], "paid");
    assert_eq!(remaining(&gift), before);
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    world.done().await;
}

/// P16: however the refund is told, doubled and shuffled, it is one reversal.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_told_many_times_is_one_reversal() {
    let world = World::new().await;
    world
        .control(json!({ "webhooks": { "duplicate": 3, "shuffle": true } }))
        .await;
    let id = world.paid(&World::gift(5_000)).await;
    let intent = intent(&world).await;
    refund(&world, &intent, 1_000, "succeeded").await;
    refund(&world, &intent, 1_000, "succeeded").await;
    world.settle().await;
    world.app.giving.reconcile().await.unwrap();
    let gift = world.donation(&id).await;
    assert_eq!(
        (gift["status"].as_str(), gift["refunded"]["minor"].as_i64()),
        (Some("partially_refunded"), Some(2_000))
    );
    assert_eq!(world.page_totals(PAGE).await, (3_000, 1, 1));
    world.done().await;
}

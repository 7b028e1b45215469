//! Staff give back ten dollars twice in the processor's dashboard, by mistake or not: two refunds are two reversals, a third
//! beyond what is left is refused, and the rest leaves nothing behind (P16, L6).

use serde_json::{Value, json};

use crate::harness::world::{PAGE, World};

async fn session_of(world: &World, id: &str) -> String {
    let state = world.json("/sandbox/state").await;
    let sessions = state["sessions"].as_array().unwrap().clone();
    let own = sessions
        .iter()
        .find(|session| session["client_reference_id"] == id)
        .unwrap();
    own["id"].as_str().unwrap().to_owned()
}

async fn refund(world: &World, session: &str, amount: Option<i64>) -> Value {
    let answer = world
        .control(json!({ "refund": { "session": session, "amount": amount } }))
        .await;
    world.settle().await;
    answer["refund"].clone()
}

fn remaining(gift: &Value) -> i64 {
    gift["allocation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["remaining"]["minor"].as_i64().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refunds_of_the_same_amount() {
    let world = World::new().await;
    let id = world.paid(&World::gift(5_000)).await;
    let session = session_of(&world, &id).await;
    assert_eq!(remaining(&world.donation(&id).await), 4_825);

    // Equal amounts, two refunds: each takes its part from what remains, the fee's part included.
    refund(&world, &session, Some(1_000)).await;
    assert_eq!(world.page_totals(PAGE).await, (4_000, 1, 1));
    refund(&world, &session, Some(1_000)).await;
    let gift = world.donation(&id).await;
    assert_eq!(
        (&gift["status"], &gift["refunded"]["minor"]),
        (&"partially_refunded".into(), &2_000.into())
    );
    assert_eq!(world.page_totals(PAGE).await, (3_000, 1, 1));
    // 3/5 of 4,825 remain; what a cent's rounding moved between the parts is lost to nobody.
    assert_eq!(remaining(&gift), 2_895);

    // More than is left is refused where the money is, and nothing moves here.
    let body = json!({ "refund": { "session": session, "amount": 3_001 } });
    let refused = world
        .http
        .post(world.url("/sandbox/control"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status().as_u16(), 400);
    world.settle().await;
    assert_eq!(world.donation(&id).await, gift);

    // The rest: nothing is left in any part, and the page counts the gift no more.
    refund(&world, &session, None).await;
    let gift = world.donation(&id).await;
    assert_eq!(
        (&gift["status"], &gift["refunded"]["minor"]),
        (&"refunded".into(), &5_000.into())
    );
    assert!(
        gift["allocation"]
            .as_array()
            .unwrap()
            .iter()
            .all(|part| part["remaining"]["minor"] == 0),
        "{gift}"
    );
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    // A refund is no second receipt.
    assert_eq!(world.mails_to("asha@example.org").await.len(), 1);
    world.done().await;
}

/// The bank sends the money back: it is set aside again as before, and may be refunded once more.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_is_set_aside_again() {
    let world = World::new().await;
    let id = world.paid(&World::gift(5_000)).await;
    let session = session_of(&world, &id).await;
    let before = world.donation(&id).await;
    let made = refund(&world, &session, None).await;
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    world
        .control(json!({ "refund": { "refund": made["id"], "outcome": "failed" } }))
        .await;
    world.settle().await;
    assert_eq!(world.donation(&id).await, before);
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    refund(&world, &session, Some(2_500)).await;
    assert_eq!(world.page_totals(PAGE).await, (2_500, 1, 1));
    world.done().await;
}

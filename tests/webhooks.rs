//! What the processor sends: refused byte by byte, stored once, in any order, as often as it likes.

use selvedge::kernel::secret::hmac_sha256_hex;
use serde_json::{Value, json};

use crate::harness::world::{PAGE, PAYS, World};

const SECRET: &str = "whsec_test_new";
const OLD: &str = "whsec_test_old";

async fn world() -> World {
    World::with(&[("payments.stripe_webhook_secret", &format!("{SECRET},{OLD}"))]).await
}

fn sign(secret: &str, time: i64, body: &str) -> String {
    let mac = hmac_sha256_hex(
        secret.as_bytes(),
        &[time.to_string().as_bytes(), b".", body.as_bytes()],
    );
    format!("t={time},v1={mac}")
}

async fn send(world: &World, body: &str, signature: Option<String>) -> u16 {
    let mut request = world
        .http
        .post(world.url("/webhooks/stripe"))
        .body(body.to_owned());
    if let Some(signature) = signature {
        request = request.header("Stripe-Signature", signature);
    }
    request.send().await.unwrap().status().as_u16()
}

async fn stored(world: &World) -> i64 {
    use diesel::prelude::*;
    use selvedge::db::schema::processor_events;
    world
        .app
        .site
        .db
        .read(|conn| Ok(selvedge::each!(conn, c => processor_events::table.count().get_result(c))?))
        .await
        .unwrap()
}

fn event(id: &str, kind: &str, object: Value) -> String {
    json!({ "id": id, "type": kind, "livemode": false, "created": 1, "api_version": "1999-01-01", "data": { "object": object } }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_signed_now_by_an_active_secret_is_stored() {
    let world = world().await;
    let now = world.clock.now().seconds();
    let body = event("evt_1", "moon.rose", json!({ "id": "moon_1" }));
    for (signature, why) in [
        (None, "no header"),
        (Some(sign("whsec_other", now, &body)), "another secret"),
        (Some(sign(SECRET, now - 301, &body)), "too old"),
        (Some(sign(SECRET, now + 302, &body)), "from the future"),
        (Some(sign(SECRET, now, &format!("{body} "))), "other bytes"),
        (Some("t=1".into()), "no signature"),
    ] {
        assert_eq!(send(&world, &body, signature).await, 400, "{why}");
    }
    let live = body.replace("\"livemode\":false", "\"livemode\":true");
    assert_eq!(
        send(&world, &live, Some(sign(SECRET, now, &live))).await,
        400
    );
    assert_eq!(stored(&world).await, 0);
    // Unknown kinds, versions and words are stored; repeats are welcome; the secret that is being rolled away still counts.
    assert_eq!(
        send(&world, &body, Some(sign(SECRET, now, &body))).await,
        200
    );
    assert_eq!(send(&world, &body, Some(sign(OLD, now, &body))).await, 200);
    assert_eq!(stored(&world).await, 1);
    let strange = event(
        "evt_2",
        "payment_intent.succeeded",
        json!({ "id": "pi_unknown", "status": "brand_new" }),
    );
    assert_eq!(
        send(&world, &strange, Some(sign(SECRET, now, &strange))).await,
        200
    );
    world.done().await;
}

/// P13: the payload is a hint. An event that claims money for an unpaid gift moves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_lie_moves_no_money() {
    let world = world().await;
    let (id, _) = world.begin(&World::gift(5_000)).await;
    let session = world.json("/sandbox/state").await["sessions"][0]["id"].clone();
    let lie = event(
        "evt_lie",
        "checkout.session.completed",
        json!({ "id": session, "payment_status": "paid", "amount_total": 5000, "client_reference_id": id }),
    );
    assert_eq!(
        send(
            &world,
            &lie,
            Some(sign(SECRET, world.clock.now().seconds(), &lie))
        )
        .await,
        200
    );
    world.settle().await;
    assert_eq!(world.donation(&id).await["status"], "pending");
    world.done().await;
}

/// P13: every order of one payment's events, each of them twice, ends in the same books.
#[tokio::test(flavor = "multi_thread")]
async fn any_order_and_any_number_of_events_end_in_the_same_books() {
    let world = world().await;
    world.control(json!({ "webhooks": { "drop": 100 } })).await;
    let (id, checkout) = world.begin(&World::gift(5_000)).await;
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    let listed = world
        .http
        .get(world.url("/sandbox/stripe/v1/events?limit=100"))
        .bearer_auth("sk_test_x")
        .send()
        .await
        .unwrap();
    let listed: Value = listed.json().await.unwrap();
    let events: Vec<Value> = listed["data"].as_array().unwrap().clone();
    assert!(events.len() >= 3, "{events:?}");
    for turn in 0..events.len() {
        let mut order = events.clone();
        order.rotate_left(turn);
        if turn % 2 == 1 {
            order.reverse();
        }
        for (place, event) in order.iter().enumerate() {
            let mut event = event.clone();
            // New ids, so that each sighting is worked off; and each twice.
            event["id"] = json!(format!("evt_{turn}_{place}"));
            let body = event.to_string();
            for _ in 0..2 {
                let now = world.clock.now().seconds();
                assert_eq!(
                    send(&world, &body, Some(sign(SECRET, now, &body))).await,
                    200
                );
            }
            while world.app.giving.work_events().await.unwrap() > 0 {}
        }
        assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    }
    assert_eq!(world.donation(&id).await["status"], "paid");
    world.work().await;
    assert_eq!(world.mails_to("asha@example.org").await.len(), 1);
    world.done().await;
}

/// P14: the thank-you page, events, the reconcile job and a listing, fifty at once: one settlement, one receipt.
#[tokio::test(flavor = "multi_thread")]
async fn four_callers_at_once_settle_once() {
    use selvedge::payments::webhook::Reference;
    let world = world().await;
    let (id, checkout) = world.begin(&World::gift(5_000)).await;
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    let session = world.json("/sandbox/state").await["sessions"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut callers = Vec::new();
    for number in 0..50 {
        let (giving, session) = (world.app.giving.clone(), session.clone());
        callers.push(tokio::spawn(async move {
            let done = match number % 3 {
                0 => giving
                    .sync(vec![Reference::Session(session)])
                    .await
                    .map(|_| ()),
                1 => giving.work_events().await.map(|_| ()),
                _ => giving.ask_about_pending().await.map(|_| ()),
            };
            // A loser of the race is told so and has changed nothing.
            if let Err(error) = done {
                assert!(
                    error.to_string().contains("meanwhile")
                        || error.to_string().contains("serialize")
                        || error.to_string().contains("reached"),
                    "{error}"
                );
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    world.settle().await;
    assert_eq!(world.donation(&id).await["status"], "paid");
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    assert_eq!(world.mails_to("asha@example.org").await.len(), 1);
    world.done().await;
}

/// P23: an endpoint of another version, and no secret: no money is taken, and readiness says why.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_another_version_closes_giving() {
    let world = world().await;
    world
        .control(json!({ "webhooks": { "api_version": "2020-08-27" } }))
        .await;
    world.app.giving.check_processor().await;
    let (status, answer) = world.post_gift("closed", &World::gift(5_000)).await;
    assert_eq!(status, 503, "{answer}");
    let (status, reasons) = world.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(reasons.contains("2020-08-27"), "{reasons}");
    world
        .control(json!({ "webhooks": { "api_version": null } }))
        .await;
    world.app.giving.check_processor().await;
    assert_eq!(world.post_gift("open", &World::gift(5_000)).await.0, 201);
    world.done().await;
}

//! Webhooks: signed, repeated until they arrive, and as unruly as asked for.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::{Bench, Hook};
use crate::kernel::secret::hmac_sha256_hex;

/// Which secrets a signature was made with.
fn signed_by(hook: &Hook) -> Vec<&'static str> {
    let mut parts = hook.signature.split(',');
    let stamp = parts.next().unwrap().strip_prefix("t=").unwrap();
    parts
        .map(|part| {
            let mac = part.strip_prefix("v1=").unwrap();
            let made = |secret: &str| {
                hmac_sha256_hex(
                    secret.as_bytes(),
                    &[stamp.as_bytes(), b".", hook.body.as_bytes()],
                )
            };
            let known = ["whsec_new", "whsec_old"];
            known
                .into_iter()
                .find(|secret| made(secret) == mac)
                .unwrap_or("nobody")
        })
        .collect()
}

fn ids(bench: &Bench) -> Vec<String> {
    let hooks = bench.receiver.hooks.lock();
    hooks
        .iter()
        .map(|hook| hook.event()["id"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn events_are_signed_over_the_raw_body() {
    let bench = Bench::start().await;
    for (change, signers) in [
        (json!({}), vec!["whsec_new"]),
        (
            json!({ "webhooks": { "rotating": true } }),
            vec!["whsec_new", "whsec_old"],
        ),
        (
            json!({ "webhooks": { "rotating": false, "bad_signature": true } }),
            vec!["nobody"],
        ),
    ] {
        bench.receiver.hooks.lock().clear();
        bench.control(change).await;
        bench.paid(5_000).await;
        bench.deliver_all().await;
        let hooks = bench.receiver.hooks.lock().clone();
        assert_eq!(hooks.len(), 5);
        for hook in &hooks {
            assert_eq!(signed_by(hook), signers);
            let stamp: i64 = hook.signature[2..]
                .split(',')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            assert!((stamp - bench.clock.now().seconds()).abs() < 5);
        }
    }
}

#[actix_web::test]
async fn every_event_arrives_once_in_quiet_times() {
    let bench = Bench::start().await;
    bench.paid(5_000).await;
    let waiting = bench
        .get("events", &[("delivery_success", "false"), ("limit", "100")])
        .await;
    assert_eq!(waiting["data"].as_array().unwrap().len(), 5);
    assert_eq!(waiting["data"][0]["pending_webhooks"], 1);
    bench.deliver_all().await;
    let mut kinds: Vec<_> = bench
        .events()
        .iter()
        .map(|e| e["type"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            "charge.succeeded",
            "charge.updated",
            "checkout.session.completed",
            "payment_intent.created",
            "payment_intent.succeeded"
        ]
    );
    assert_eq!(bench.sandbox.deliver_due_once().await, 0);
    let done = bench
        .get("events", &[("delivery_success", "true"), ("limit", "100")])
        .await;
    assert_eq!(done["data"].as_array().unwrap().len(), 5);
    assert_eq!(done["data"][0]["pending_webhooks"], 0);
}

#[actix_web::test]
async fn copies_disorder_and_losses_are_made_on_request() {
    let bench = Bench::start().await;
    bench
        .control(json!({ "webhooks": { "duplicate": 2, "shuffle": true }, "seed": 4 }))
        .await;
    for _gift in 0..4 {
        bench.paid(5_000).await;
    }
    bench.deliver_all().await;
    let seen = ids(&bench);
    assert_eq!(seen.len(), 60);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 20);
    let list = bench.get("events", &[("limit", "100")]).await;
    let order: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|e| e["id"].as_str().unwrap())
        .collect();
    let mut first_seen: Vec<&str> = Vec::new();
    for id in &seen {
        if !first_seen.contains(&id.as_str()) {
            first_seen.push(id);
        }
    }
    assert_ne!(order, first_seen, "shuffled");

    bench.receiver.hooks.lock().clear();
    bench
        .control(json!({ "webhooks": { "duplicate": 0, "shuffle": false, "drop": 100 } }))
        .await;
    bench.paid(5_000).await;
    bench.deliver_all().await;
    assert_eq!(ids(&bench).len(), 0);
    assert_eq!(bench.state().await["sends"]["dropped"], 5);
    let lost = bench
        .get("events", &[("delivery_success", "false"), ("limit", "100")])
        .await;
    assert_eq!(
        lost["data"].as_array().unwrap().len(),
        5,
        "what was lost can be asked for"
    );

    bench
        .control(json!({ "webhooks": { "drop": 30 }, "seed": 5 }))
        .await;
    for _gift in 0..20 {
        bench.paid(5_000).await;
    }
    bench.deliver_all().await;
    let dropped = bench.state().await["sends"]["dropped"].as_i64().unwrap() - 5;
    assert!((15..=45).contains(&dropped), "{dropped} of 100");
}

#[actix_web::test]
async fn a_refused_webhook_is_sent_again_with_growing_pauses() {
    let bench = Bench::start().await;
    bench
        .control(json!({ "webhooks": { "api_version": "2027-01-01.other" } }))
        .await;
    let session = bench.create(5_000).await;
    bench
        .raw(
            true,
            &format!("checkout/sessions/{}/expire", session.id.as_str()),
            &[],
            Some("k"),
        )
        .await;
    bench.receiver.refuse.store(3, Ordering::SeqCst);
    for pause in [1, 2, 5] {
        assert_eq!(bench.sandbox.deliver_due_once().await, 1);
        bench
            .clock
            .advance(chrono::Duration::milliseconds(pause * 1_000 - 500));
        assert_eq!(
            bench.sandbox.deliver_due_once().await,
            0,
            "not before {pause} s"
        );
        bench.clock.advance(chrono::Duration::milliseconds(600));
    }
    assert_eq!(bench.state().await["sends"]["outstanding"], 1);
    assert_eq!(bench.sandbox.deliver_due_once().await, 1);
    let event = bench.events().remove(0);
    assert_eq!(event["api_version"], "2027-01-01.other");
    assert_eq!(event["request"]["idempotency_key"], "k");
    assert!(event["request"]["id"].as_str().unwrap().starts_with("req_"));
    // Nobody listens: after twenty tries the processor gives up.
    bench.receiver.refuse.store(100, Ordering::SeqCst);
    bench
        .control(json!({ "webhooks": { "delay_ms": 400 } }))
        .await;
    bench
        .raw(true, "checkout/sessions/x/expire", &[], None)
        .await;
    let session = bench.create(5_000).await;
    bench
        .raw(
            true,
            &format!("checkout/sessions/{}/expire", session.id.as_str()),
            &[],
            None,
        )
        .await;
    assert_eq!(bench.sandbox.deliver_due_once().await, 0, "delayed");
    let mut tries = 0;
    for _round in 0..30 {
        bench.clock.advance(chrono::Duration::seconds(61));
        tries += bench.sandbox.deliver_due_once().await;
    }
    assert_eq!(tries, 20);
    assert_eq!(bench.state().await["sends"]["gave_up"], 1);
}

#[actix_web::test]
async fn a_restarted_sender_goes_on() {
    let bench = Bench::start().await;
    bench
        .control(json!({ "webhooks": { "paused": true } }))
        .await;
    bench.paid(5_000).await;
    assert_eq!(bench.sandbox.deliver_due_once().await, 0);
    bench
        .control(json!({ "webhooks": { "paused": false } }))
        .await;
    // The first process takes the sends up and dies before any arrives.
    let taken = bench
        .sandbox
        .work(
            super::super::store::Origin::default(),
            super::super::webhooks::take_up,
        )
        .await
        .unwrap();
    drop(taken);
    assert_eq!(bench.sandbox.deliver_due_once().await, 0, "they are leased");
    let next = bench.reopen();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let sender = tokio::spawn(async move { next.deliver_webhooks(stopped).await });
    for _look in 0..100 {
        if bench.receiver.hooks.lock().len() == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ids(&bench).len(), 5);
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(5), sender)
        .await
        .unwrap()
        .unwrap();
}

#[actix_web::test]
async fn a_webhook_may_overtake_the_answer() {
    let bench = Bench::start().await;
    let session = bench.paid(5_000).await;
    let intent = bench.intent(&session).await;
    bench.deliver_all().await;
    bench.control(json!({ "api": { "delay_ms": 400 } })).await;
    let form = [("payment_intent", intent.as_str())];
    let refund = bench.raw(true, "refunds", &form, Some("r"));
    let early = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bench.deliver_all().await;
        bench
            .events()
            .iter()
            .any(|event| event["type"] == "refund.created")
    };
    let (answer, overtaken) = futures_util::join!(refund, early);
    assert_eq!(answer.status(), 200);
    assert!(overtaken);
}

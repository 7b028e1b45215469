//! Keys, and what goes wrong on request.

use serde_json::{Value, json};
use stripe::StripeError;

use super::{Bench, PAYS};

fn form() -> Vec<(&'static str, &'static str)> {
    vec![
        ("mode", "payment"),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "5000"),
        ("line_items[0][price_data][product_data][name]", "Gift"),
        ("success_url", "http://127.0.0.1/thanks"),
    ]
}

async fn sessions(bench: &Bench) -> usize {
    bench.state().await["sessions"].as_array().unwrap().len()
}

#[actix_web::test]
async fn a_key_is_one_act() {
    let bench = Bench::start().await;
    let key = Some("donation:1:checkout:1");
    let one = bench
        .create_with(5_000, "usd", &["card"], key)
        .await
        .unwrap();
    let two = bench
        .create_with(5_000, "usd", &["card"], key)
        .await
        .unwrap();
    assert_eq!(one.id, two.id);
    assert_eq!(sessions(&bench).await, 1);
    match bench
        .create_with(6_000, "usd", &["card"], key)
        .await
        .unwrap_err()
    {
        StripeError::Stripe(error, 400) => assert_eq!(error.type_.as_str(), "idempotency_error"),
        other => panic!("{other}"),
    }
    let first = bench
        .raw(true, "checkout/sessions", &form(), Some("k"))
        .await;
    assert!(first.headers().get("idempotent-replayed").is_none());
    let mut turned = form();
    turned.reverse();
    let again = bench
        .raw(true, "checkout/sessions", &turned, Some("k"))
        .await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(first.text().await.unwrap(), again.text().await.unwrap());
    // After a day the key is forgotten (P6).
    bench
        .control(json!({ "clock_advance_days": 1, "clock_advance_s": 5 }))
        .await;
    let later = bench
        .create_with(6_000, "usd", &["card"], key)
        .await
        .unwrap();
    assert_ne!(later.id, one.id);
    let log = bench.sandbox.log();
    assert_eq!(
        log.iter()
            .filter(|call| call.idempotency_key.as_deref() == key)
            .count(),
        4
    );
    assert_eq!(log[0].path, "/v1/checkout/sessions");
}

#[actix_web::test]
async fn a_refused_request_does_not_use_its_key_up() {
    let bench = Bench::start().await;
    let key = Some("k");
    assert!(bench.create_with(1, "usd", &["card"], key).await.is_err());
    assert!(
        bench
            .create_with(5_000, "usd", &["card"], key)
            .await
            .is_ok()
    );
}

#[actix_web::test]
async fn a_key_in_flight_is_a_conflict_and_parallel_calls_are_one() {
    let bench = Bench::start().await;
    bench.control(json!({ "api": { "delay_ms": 300 } })).await;
    let form = form();
    let calls = (0..8).map(|_call| bench.raw(true, "checkout/sessions", &form, Some("k")));
    let answers = futures_util::future::join_all(calls).await;
    let conflicts: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status() == 409)
        .collect();
    assert!(!conflicts.is_empty());
    assert_eq!(conflicts[0].headers()["stripe-should-retry"], "true");
    assert!(
        answers
            .iter()
            .all(|answer| answer.status() == 409 || answer.status() == 200)
    );
    assert_eq!(sessions(&bench).await, 1);
}

#[actix_web::test]
async fn a_500_is_kept_under_its_key() {
    let bench = Bench::start().await;
    bench.control(json!({ "api": { "fail_next": 1 } })).await;
    for _try in 0..2 {
        let answer = bench
            .raw(true, "checkout/sessions", &form(), Some("k"))
            .await;
        assert_eq!(answer.status(), 500);
    }
    assert_eq!(sessions(&bench).await, 0);
    assert_eq!(
        bench
            .raw(true, "checkout/sessions", &form(), Some("k2"))
            .await
            .status(),
        200
    );
    bench.control(json!({ "api": { "fail_next": 1 } })).await;
    assert_eq!(bench.raw(false, "charges", &[], None).await.status(), 500);
    assert_eq!(bench.raw(false, "charges", &[], None).await.status(), 200);
}

#[actix_web::test]
async fn an_answer_may_be_lost_after_the_act() {
    let bench = Bench::start().await;
    bench
        .control(json!({ "api": { "drop_after_acting": 2 } }))
        .await;
    let key = Some("donation:1:checkout:1");
    for lost in 1..=2 {
        match bench.create_with(5_000, "usd", &["card"], key).await {
            Err(StripeError::ClientError(_)) => {}
            other => panic!("{:?}", other.map(|session| session.id)),
        }
        assert_eq!(sessions(&bench).await, 1, "acted, answer {lost} lost");
    }
    let found = bench
        .create_with(5_000, "usd", &["card"], key)
        .await
        .unwrap();
    assert_eq!(sessions(&bench).await, 1);
    assert_eq!(bench.pay(&found, PAYS).await.status, 303);
    // Not one byte came back: the connection just ended.
    bench
        .control(json!({ "api": { "drop_after_acting": 1 } }))
        .await;
    let error = bench
        .http
        .post(format!(
            "{}/sandbox/stripe/v1/checkout/sessions",
            bench.base
        ))
        .header("authorization", "Bearer sk_test_1")
        .send()
        .await
        .unwrap_err();
    assert!(error.status().is_none());
}

#[actix_web::test]
async fn limits_and_cut_answers_come_as_asked_for() {
    let bench = Bench::start().await;
    bench
        .control(json!({ "api": { "rate_limit_next": 1, "truncate_next": 1 } }))
        .await;
    let limited = bench
        .raw(true, "checkout/sessions", &form(), Some("k"))
        .await;
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["stripe-should-retry"], "true");
    assert_eq!(sessions(&bench).await, 0);
    let cut = bench
        .raw(true, "checkout/sessions", &form(), Some("k"))
        .await;
    assert_eq!(cut.status(), 200);
    assert!(serde_json::from_str::<Value>(&cut.text().await.unwrap()).is_err());
    let whole: Value = bench
        .raw(true, "checkout/sessions", &form(), Some("k"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(whole["object"], "checkout.session");
    assert_eq!(sessions(&bench).await, 1);
}

#[actix_web::test]
async fn only_test_keys_come_in() {
    let bench = Bench::start().await;
    let url = format!("{}/sandbox/stripe/v1/charges", bench.base);
    for (key, allowed) in [
        (Some("Bearer sk_test_1"), true),
        (Some("Bearer rk_test_1"), true),
        (Some("Bearer sk_live_1"), false),
        (Some("Bearer rk_live_1"), false),
        (Some("Bearer "), false),
        (None, false),
    ] {
        let mut call = bench.http.get(&url);
        if let Some(key) = key {
            call = call.header("authorization", key);
        }
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status() == 200, allowed, "{key:?}");
        if !allowed {
            assert_eq!(answer.status(), 401);
            let body: Value = answer.json().await.unwrap();
            assert_eq!(body["error"]["type"], "invalid_request_error");
        }
    }
    assert_eq!(bench.raw(false, "accounts", &[], None).await.status(), 404);
    assert_eq!(
        bench
            .raw(false, "charges/ch_none", &[], None)
            .await
            .status(),
        404
    );
}

#[actix_web::test]
async fn control_refuses_what_it_does_not_know() {
    let bench = Bench::start().await;
    for wrong in [
        json!({ "colour": 1 }),
        json!({ "webhooks": { "colour": 1 } }),
        json!({ "webhooks": { "drop": 101 } }),
        json!({ "webhooks": 5 }),
        json!({ "api": { "fail_next": -1 } }),
        json!({ "clock_advance_days": -1 }),
        json!({ "refund": {} }),
        json!([]),
    ] {
        let (status, answer) = bench.try_control(wrong.clone()).await;
        assert_eq!(status, 422, "{wrong} {answer}");
    }
    let force = bench
        .control(json!({ "webhooks": { "drop": 10 }, "seed": 7 }))
        .await;
    assert_eq!(
        (&force["webhooks"]["drop"], &force["seed"]),
        (&json!(10), &json!(7))
    );
    let force = bench
        .control(json!({ "webhooks": { "shuffle": true } }))
        .await;
    assert_eq!(force["webhooks"]["drop"], 10, "what is not named stays");
}

#[actix_web::test]
async fn a_session_can_be_made_to_lie() {
    let bench = Bench::start().await;
    for paid_before in [false, true] {
        let session = bench.create(5_000).await;
        if paid_before {
            bench.pay(&session, PAYS).await;
        }
        let id = session.id.as_str();
        bench
            .control(json!({ "tamper": { "session": id, "amount_total": 50, "currency": "eur" } }))
            .await;
        if !paid_before {
            bench.pay(&session, PAYS).await;
        }
        let query = [("expand[]", "payment_intent.latest_charge")];
        let seen = bench.get(&format!("checkout/sessions/{id}"), &query).await;
        assert_eq!(
            (&seen["amount_total"], &seen["currency"]),
            (&json!(50), &json!("eur"))
        );
        assert_eq!(seen["payment_intent"]["amount_received"], 50);
        assert_eq!(seen["payment_intent"]["latest_charge"]["amount"], 50);
    }
}

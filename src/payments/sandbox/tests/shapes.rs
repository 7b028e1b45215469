//! Every answer and every event parses with the pinned types.

use std::collections::BTreeSet;

use miniserde::Deserialize;
use serde_json::{Value, json};
use stripe_checkout::checkout_session::{
    ExpireCheckoutSession, ListCheckoutSession, RetrieveCheckoutSession,
};
use stripe_core::balance_transaction::{ListBalanceTransaction, RetrieveBalanceTransaction};
use stripe_core::charge::{ListCharge, RetrieveCharge};
use stripe_core::payment_intent::{ListPaymentIntent, RetrievePaymentIntent};
use stripe_core::refund::{ListRefund, RetrieveRefund};

use super::{ACCOUNT, AUTHENTICATES, Bench, DECLINED, PAYS};

fn parses<T: Deserialize>(value: &Value) -> bool {
    miniserde::json::from_str::<T>(&value.to_string()).is_ok()
}

/// Parses an object by its own word for itself.
fn object_parses(object: &Value) -> bool {
    match object["object"].as_str().unwrap() {
        "checkout.session" => parses::<stripe_checkout::CheckoutSession>(object),
        "payment_intent" => parses::<stripe_core::PaymentIntent>(object),
        "charge" => parses::<stripe_core::Charge>(object),
        "payout" => parses::<stripe_shared::Payout>(object),
        "refund" => parses::<stripe_core::Refund>(object),
        "balance_transaction" => parses::<stripe_core::BalanceTransaction>(object),
        other => panic!("{other}"),
    }
}

/// Brings a processor to where it has an object in each state.
async fn season() -> Bench {
    let bench = Bench::start().await;
    bench.create(5_000).await;
    let ended = bench.create(5_000).await;
    let session = ExpireCheckoutSession::new(ended.id)
        .send(&bench.client)
        .await
        .unwrap();
    assert_eq!(session.status.unwrap().as_str(), "expired");
    let declined = bench.create(5_000).await;
    assert_eq!(bench.pay(&declined, DECLINED).await.status, 402);
    let asked = bench.create(5_000).await;
    assert_eq!(bench.pay(&asked, AUTHENTICATES).await.status, 303);
    for outcome in ["succeeded", "failed", ""] {
        let debit = bench
            .create_with(5_000, "eur", &["card", "sepa_debit"], None)
            .await
            .unwrap();
        assert_eq!(bench.pay(&debit, ACCOUNT).await.status, 303);
        if !outcome.is_empty() {
            let session = debit.id.as_str();
            bench
                .control(json!({ "sepa": { "session": session, "outcome": outcome } }))
                .await;
        }
        if outcome == "succeeded" {
            // A debit's refund is pending.
            bench
                .control(json!({ "refund": { "session": debit.id.as_str(), "amount": 100 } }))
                .await;
        }
    }
    let paid = bench.paid(7_000).await;
    let session = paid.id.as_str();
    bench
        .control(json!({ "refund": { "session": session, "amount": 100 } }))
        .await;
    bench
        .control(json!({ "refund": { "session": session, "amount": 200, "outcome": "failed" } }))
        .await;
    bench
        .control(json!({ "balance_transaction_delay_s": 3600 }))
        .await;
    bench.paid(8_000).await;
    bench
}

fn all(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

async fn every_list_parses(bench: &Bench) {
    let client = &bench.client;
    let sessions = ListCheckoutSession::new()
        .limit(100)
        .send(client)
        .await
        .unwrap();
    assert_eq!(sessions.data.len(), 9);
    let path = "data.payment_intent.latest_charge.balance_transaction";
    let expanded = ListCheckoutSession::new().limit(100).expand(all(&[path]));
    assert_eq!(expanded.send(client).await.unwrap().data.len(), 9);
    for session in sessions.data {
        let paths = all(&[
            "payment_intent.latest_charge.balance_transaction",
            "line_items",
        ]);
        let one = RetrieveCheckoutSession::new(session.id)
            .expand(paths)
            .send(client)
            .await
            .unwrap();
        assert_eq!(
            one.line_items.unwrap().data[0].amount_total,
            one.amount_total.unwrap()
        );
    }
    let intents = ListPaymentIntent::new()
        .limit(100)
        .send(client)
        .await
        .unwrap();
    let states: BTreeSet<_> = intents
        .data
        .iter()
        .map(|intent| intent.status.as_str().to_owned())
        .collect();
    let known = [
        "processing",
        "requires_action",
        "requires_payment_method",
        "succeeded",
    ];
    assert_eq!(states, known.map(str::to_owned).into());
    for intent in intents.data {
        let paths = all(&["latest_charge.balance_transaction", "latest_charge.refunds"]);
        RetrievePaymentIntent::new(intent.id)
            .expand(paths)
            .send(client)
            .await
            .unwrap();
    }
    let charges = ListCharge::new().limit(100).send(client).await.unwrap();
    assert!(charges.data.len() >= 6);
    for charge in charges.data {
        let paths = all(&[
            "balance_transaction",
            "refunds",
            "payment_intent",
            "refunds.data.balance_transaction",
        ]);
        let one = RetrieveCharge::new(charge.id.clone())
            .expand(paths)
            .send(client)
            .await
            .unwrap();
        assert_eq!(
            one.balance_transaction.is_some(),
            charge.balance_transaction.is_some()
        );
        assert!(one.refunds.is_some());
        RetrieveCharge::new(charge.id).send(client).await.unwrap();
    }
    let refunds = ListRefund::new().limit(100).send(client).await.unwrap();
    let states: BTreeSet<_> = refunds
        .data
        .iter()
        .filter_map(|refund| refund.status.clone())
        .collect();
    assert_eq!(
        states,
        ["failed", "pending", "succeeded"].map(str::to_owned).into()
    );
    for refund in refunds.data {
        let paths = all(&[
            "charge",
            "balance_transaction",
            "failure_balance_transaction",
            "payment_intent",
        ]);
        RetrieveRefund::new(refund.id)
            .expand(paths)
            .send(client)
            .await
            .unwrap();
    }
    let txns = ListBalanceTransaction::new()
        .limit(100)
        .expand(all(&["data.source"]));
    let txns = txns.send(client).await.unwrap();
    let kinds: BTreeSet<_> = txns
        .data
        .iter()
        .map(|txn| txn.type_.as_str().to_owned())
        .collect();
    let known = [
        "charge",
        "payment",
        "payment_refund",
        "refund",
        "refund_failure",
    ];
    assert_eq!(kinds, known.map(str::to_owned).into());
    for txn in txns.data {
        RetrieveBalanceTransaction::new(txn.id)
            .send(client)
            .await
            .unwrap();
    }
    // The program does not ask for the balance, so the library is built without that type.
    let balance = bench.get("balance", &[]).await;
    for side in ["available", "pending"] {
        let sums = balance[side].as_array().unwrap();
        assert_eq!(sums.len(), 2);
        assert!(
            sums.iter()
                .all(|sum| sum["amount"].is_i64() && sum["currency"].is_string())
        );
    }
}

async fn every_event_parses(bench: &Bench) -> BTreeSet<String> {
    let events = bench.get("events", &[("limit", "100")]).await;
    assert!(parses::<stripe_types::List<stripe_shared::Event>>(&events));
    for event in events["data"].as_array().unwrap() {
        let path = format!("events/{}", event["id"].as_str().unwrap());
        let one = bench.get(&path, &[]).await;
        assert!(parses::<stripe_shared::Event>(&one) && object_parses(&one["data"]["object"]));
    }
    bench.deliver_all().await;
    let mut kinds = BTreeSet::new();
    for hook in bench.receiver.hooks.lock().iter() {
        let event = hook.event();
        assert!(parses::<stripe_shared::Event>(&event), "{event}");
        assert!(object_parses(&event["data"]["object"]), "{event}");
        assert_eq!(event["livemode"], false);
        assert_eq!(event["api_version"], super::super::API_VERSION);
        kinds.insert(event["type"].as_str().unwrap().to_owned());
    }
    kinds
}

#[actix_web::test]
async fn every_answer_and_event_parses_with_the_pinned_types() {
    let bench = season().await;
    every_list_parses(&bench).await;
    bench
        .control(json!({ "clock_advance_days": 1, "clock_advance_s": 60 }))
        .await;
    let kinds = every_event_parses(&bench).await;
    let expected = [
        "charge.failed",
        "charge.pending",
        "charge.refunded",
        "charge.succeeded",
        "charge.updated",
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "refund.created",
        "refund.failed",
        "refund.updated",
    ];
    assert_eq!(kinds, expected.map(str::to_owned).into());
}

#[actix_web::test]
async fn fields_and_values_nobody_knows_yet_do_not_stop_the_library() {
    let bench = season().await;
    bench
        .control(json!({ "api": { "unknown_fields": true } }))
        .await;
    bench.paid(5_000).await;
    let list = bench.get("charges", &[]).await;
    assert!(list["data"][0]["sandbox_new_field"].is_object());
    let intents = bench.get("payment_intents", &[]).await;
    assert_eq!(
        intents["data"][0]["capture_method"], "sandbox_new_value",
        "{intents}"
    );
    every_list_parses_some(&bench).await;
    every_event_parses(&bench).await;
}

async fn every_list_parses_some(bench: &Bench) {
    let sessions = ListCheckoutSession::new()
        .limit(100)
        .send(&bench.client)
        .await
        .unwrap();
    let charges = ListCharge::new()
        .limit(100)
        .send(&bench.client)
        .await
        .unwrap();
    assert!(!sessions.data.is_empty() && !charges.data.is_empty());
}

#[actix_web::test]
async fn lists_filter_and_page() {
    let bench = Bench::start().await;
    let first = bench.paid(5_000).await;
    let at = bench.clock.now().seconds();
    bench.control(json!({ "clock_advance_s": 100 })).await;
    for _more in 0..4 {
        bench.paid(6_000).await;
    }
    let since = (at + 50).to_string();
    for path in [
        "checkout/sessions",
        "payment_intents",
        "charges",
        "balance_transactions",
        "events",
    ] {
        let list = bench
            .get(path, &[("created[gte]", &since), ("limit", "100")])
            .await;
        let many = if path == "events" { 4 * 5 } else { 4 };
        assert_eq!(list["data"].as_array().unwrap().len(), many, "{path}");
        let two = bench.get(path, &[("limit", "2")]).await;
        assert_eq!(two["has_more"], true);
        let last = two["data"][1]["id"].as_str().unwrap();
        let next = bench
            .get(path, &[("limit", "2"), ("starting_after", last)])
            .await;
        let third = next["data"][0]["id"].as_str().unwrap();
        let back = bench
            .get(path, &[("limit", "1"), ("ending_before", third)])
            .await;
        assert_eq!(back["data"][0]["id"], last, "{path}");
    }
    let intent = bench.intent(&first).await;
    for path in ["checkout/sessions", "charges"] {
        let of = bench.get(path, &[("payment_intent", &intent)]).await;
        assert_eq!(of["data"].as_array().unwrap().len(), 1, "{path}");
    }
    let some = bench
        .get(
            "events",
            &[
                ("types[]", "charge.succeeded"),
                ("types[]", "charge.updated"),
                ("limit", "100"),
            ],
        )
        .await;
    assert_eq!(some["data"].as_array().unwrap().len(), 10);
    let charge = bench.get("charges", &[("payment_intent", &intent)]).await;
    let charge = charge["data"][0]["id"].as_str().unwrap().to_owned();
    let of = bench
        .get("balance_transactions", &[("source", &charge)])
        .await;
    assert_eq!(of["data"][0]["fee"], 175);
    let none = bench
        .get("balance_transactions", &[("type", "refund")])
        .await;
    assert_eq!(none["data"], json!([]));
    let endpoints = bench.get("webhook_endpoints", &[]).await;
    assert_eq!(endpoints["data"][0]["livemode"], false);
    let wrong = bench.get("charges", &[("colour", "red")]).await;
    assert_eq!(wrong["error"]["code"], "parameter_unknown");
    let wrong = bench.get("charges", &[("expand[]", "data.nonsense")]).await;
    assert_eq!(wrong["error"]["type"], "invalid_request_error");
    assert_eq!(bench.pay(&first, PAYS).await.status, 303);
}

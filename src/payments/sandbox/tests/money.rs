//! What a payment, a refund and a debit come to.

use serde_json::{Value, json};
use stripe::StripeError;
use stripe_core::refund::CreateRefund;

use super::{ACCOUNT, Bench, PAYS};

fn code(error: StripeError) -> (u16, String) {
    match error {
        StripeError::Stripe(error, status) => {
            let code = error.code.map(|code| code.as_str().to_owned());
            (status, code.unwrap_or_default())
        }
        other => panic!("{other}"),
    }
}

async fn charge_of(bench: &Bench, intent: &str) -> Value {
    let query = [("expand[]", "latest_charge.balance_transaction")];
    let path = format!("payment_intents/{intent}");
    bench.get(&path, &query).await["latest_charge"].clone()
}

#[actix_web::test]
async fn a_payment_carries_fee_net_and_what_was_sent_with_it() {
    let bench = Bench::start().await;
    let session = bench.paid(5_000).await;
    let charge = charge_of(&bench, &bench.intent(&session).await).await;
    let txn = &charge["balance_transaction"];
    assert_eq!(
        (&txn["amount"], &txn["fee"], &txn["net"]),
        (&json!(5_000), &json!(175), &json!(4_825))
    );
    assert_eq!(txn["status"], "pending");
    assert!(txn["exchange_rate"].is_null());
    assert_eq!(
        charge["metadata"],
        json!({ "donation": "don_1", "page": "ana" })
    );
    assert_eq!(charge["description"], "A gift");
    assert_eq!(charge["billing_details"]["name"], "Ana <Ruiz>");
    bench
        .control(json!({ "clock_advance_days": 2, "clock_advance_s": 5 }))
        .await;
    let charge = charge_of(&bench, &bench.intent(&session).await).await;
    assert_eq!(charge["balance_transaction"]["status"], "available");
    assert_eq!(
        bench.get("balance", &[]).await["available"][0]["amount"],
        4_825
    );
}

#[actix_web::test]
async fn currencies_keep_their_decimals_and_least_amounts() {
    let bench = Bench::start().await;
    let yen = bench
        .create_with(500, "jpy", &["card"], None)
        .await
        .unwrap();
    assert_eq!(bench.pay(&yen, PAYS).await.status, 303);
    let charge = charge_of(&bench, &bench.intent(&yen).await).await;
    assert_eq!(
        (&charge["amount"], &charge["balance_transaction"]["fee"]),
        (&json!(500), &json!(45))
    );
    let dinar = bench
        .create_with(5_120, "kwd", &["card"], None)
        .await
        .unwrap();
    let page = bench
        .get_page(&format!("/sandbox/pay/{}", dinar.id.as_str()))
        .await;
    assert!(page.html.contains("KWD 5.120"), "{}", page.html);
    for (amount, currency, expected) in [
        (49, "usd", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
        (5_124, "kwd", "parameter_invalid_integer"),
    ] {
        let refused = bench.create_with(amount, currency, &["card"], None).await;
        assert_eq!(code(refused.unwrap_err()), (400, expected.to_owned()));
    }
}

#[actix_web::test]
async fn refunds_never_pass_what_was_paid() {
    let bench = Bench::start().await;
    let session = bench.paid(5_000).await;
    let intent = bench.intent(&session).await;
    // Two equal partial refunds are two refunds; the fee stays with the processor.
    for _equal in 0..2 {
        let refund = CreateRefund::new()
            .payment_intent(intent.as_str())
            .amount(1_000);
        let refund = refund.send(&bench.client).await.unwrap();
        assert_eq!(refund.status.as_deref(), Some("succeeded"));
    }
    let over = CreateRefund::new()
        .payment_intent(intent.as_str())
        .amount(3_001);
    assert_eq!(
        code(over.send(&bench.client).await.unwrap_err()),
        (400, "amount_too_large".to_owned())
    );
    let rest = CreateRefund::new()
        .payment_intent(intent.as_str())
        .send(&bench.client)
        .await
        .unwrap();
    assert_eq!(rest.amount, 3_000);
    let again = CreateRefund::new()
        .payment_intent(intent.as_str())
        .send(&bench.client)
        .await;
    assert_eq!(
        code(again.unwrap_err()),
        (400, "charge_already_refunded".to_owned())
    );
    let charge = charge_of(&bench, &intent).await;
    assert_eq!(
        (&charge["refunded"], &charge["amount_refunded"]),
        (&json!(true), &json!(5_000))
    );
    let sums = bench.state().await["currencies"]["usd"].clone();
    assert_eq!(
        sums,
        json!({ "payments": 1, "gross": 5_000, "refunded": 5_000, "fees": 175, "net": -175 })
    );
}

#[actix_web::test]
async fn of_two_full_refunds_at_once_one_is_made() {
    let bench = Bench::start().await;
    for _run in 0..10 {
        let intent = bench.intent(&bench.paid(5_000).await).await;
        let one = CreateRefund::new().payment_intent(intent.as_str());
        let (a, b) = futures_util::join!(one.send(&bench.client), one.send(&bench.client));
        assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1);
    }
}

#[actix_web::test]
async fn a_refund_that_fails_later_puts_the_money_back() {
    let bench = Bench::start().await;
    let session = bench.paid(5_000).await;
    let made = bench
        .control(json!({ "refund": { "session": session.id.as_str(), "amount": 2_000, "outcome": "failed_later" } }))
        .await;
    assert_eq!(made["refund"]["status"], "succeeded");
    bench
        .control(json!({ "clock_advance_days": 1, "clock_advance_s": 5 }))
        .await;
    let path = format!("refunds/{}", made["refund"]["id"].as_str().unwrap());
    let refund = bench
        .get(&path, &[("expand[]", "failure_balance_transaction")])
        .await;
    assert_eq!(refund["status"], "failed");
    assert_eq!(refund["failure_balance_transaction"]["amount"], 2_000);
    let charge = charge_of(&bench, &bench.intent(&session).await).await;
    assert_eq!(charge["amount_refunded"], 0);
    bench.deliver_all().await;
    let failed = bench
        .events()
        .iter()
        .filter(|event| event["type"] == "refund.failed")
        .count();
    assert_eq!(failed, 1);
    // It can be refunded again.
    bench
        .control(json!({ "refund": { "session": session.id.as_str() } }))
        .await;
    assert_eq!(bench.state().await["currencies"]["usd"]["refunded"], 5_000);
}

#[actix_web::test]
async fn a_debit_is_unpaid_until_the_bank_says() {
    let bench = Bench::start().await;
    for (days, outcome, paid, last) in [
        (
            0,
            Some("succeeded"),
            "paid",
            "checkout.session.async_payment_succeeded",
        ),
        (
            0,
            Some("failed"),
            "unpaid",
            "checkout.session.async_payment_failed",
        ),
        (5, None, "paid", "checkout.session.async_payment_succeeded"),
    ] {
        bench.receiver.hooks.lock().clear();
        let session = bench.create(5_000).await;
        assert_eq!(bench.pay(&session, ACCOUNT).await.status, 303);
        let path = format!("checkout/sessions/{}", session.id.as_str());
        let waiting = bench.get(&path, &[("expand[]", "payment_intent")]).await;
        assert_eq!(
            (&waiting["status"], &waiting["payment_status"]),
            (&json!("complete"), &json!("unpaid"))
        );
        assert_eq!(waiting["payment_intent"]["status"], "processing");
        let before = bench.state().await["currencies"]["usd"]["gross"]
            .as_i64()
            .unwrap_or(0);
        match outcome {
            Some(outcome) => {
                let change =
                    json!({ "sepa": { "session": session.id.as_str(), "outcome": outcome } });
                bench.control(change.clone()).await;
                assert_eq!(bench.try_control(change).await.0, 400, "it ends once");
            }
            None => {
                bench
                    .control(json!({ "clock_advance_days": days, "clock_advance_s": 5 }))
                    .await;
            }
        }
        assert_eq!(bench.get(&path, &[]).await["payment_status"], paid);
        let after = bench.state().await["currencies"]["usd"]["gross"]
            .as_i64()
            .unwrap_or(0);
        assert_eq!(after - before, if paid == "paid" { 5_000 } else { 0 });
        bench.deliver_all().await;
        assert!(bench.events().iter().any(|event| event["type"] == last));
    }
}

#[actix_web::test]
async fn the_fee_may_come_later() {
    let bench = Bench::start().await;
    bench
        .control(json!({ "balance_transaction_delay_s": 3_600 }))
        .await;
    let session = bench.paid(5_000).await;
    let intent = bench.intent(&session).await;
    assert!(charge_of(&bench, &intent).await["balance_transaction"].is_null());
    bench.deliver_all().await;
    assert!(
        bench
            .events()
            .iter()
            .all(|event| event["type"] != "charge.updated")
    );
    bench.control(json!({ "clock_advance_s": 3_601 })).await;
    assert_eq!(
        charge_of(&bench, &intent).await["balance_transaction"]["fee"],
        175
    );
    bench.deliver_all().await;
    let late = bench
        .events()
        .into_iter()
        .find(|event| event["type"] == "charge.updated")
        .unwrap();
    assert!(late["data"]["object"]["balance_transaction"].is_string());
}

#[actix_web::test]
async fn sessions_are_for_single_payments_with_inline_prices() {
    let bench = Bench::start().await;
    for (form, word) in [
        (vec![("mode", "subscription")], "yet"),
        (
            vec![("mode", "payment"), ("line_items[0][price]", "price_1")],
            "inline",
        ),
        (vec![("mode", "payment")], "line_items"),
        (vec![], "mode"),
        (vec![("mode", "payment"), ("colour", "red")], "colour"),
    ] {
        let answer = bench.raw(true, "checkout/sessions", &form, None).await;
        assert_eq!(answer.status(), 400);
        let body: Value = answer.json().await.unwrap();
        assert!(
            body["error"]["message"].as_str().unwrap().contains(word),
            "{body}"
        );
    }
}

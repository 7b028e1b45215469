//! The hosted page, as a browser or curl meets it.

use serde_json::json;

use super::{AUTHENTICATES, Bench, DECLINED, NO_FUNDS, PAYS};

#[actix_web::test]
async fn every_declared_card_does_as_declared() {
    let bench = Bench::start().await;
    for card in [
        PAYS,
        "4000 0000 0000 0341",
        "4000000000000259",
        "5555555555554444",
    ] {
        let session = bench.create(5_000).await;
        let page = bench.pay(&session, card).await;
        let thanks = format!("{}/thanks?s={}", bench.base, session.id.as_str());
        assert_eq!((page.status, page.location), (303, Some(thanks)), "{card}");
    }
    for (card, reason, decline) in [
        (DECLINED, "Your card was declined.", "generic_decline"),
        (NO_FUNDS, "insufficient funds", "insufficient_funds"),
        (
            "4000056655665556",
            "real cards are turned down",
            "test_mode_live_card",
        ),
    ] {
        let session = bench.create(5_000).await;
        let page = bench.pay(&session, card).await;
        assert_eq!(page.status, 402);
        assert!(
            page.html.contains(reason) && page.html.contains("Ana &lt;Ruiz&gt;"),
            "{}",
            page.html
        );
        assert!(
            !page.html.contains(card),
            "a card number is not printed back"
        );
        let intent = bench
            .get(
                &format!("payment_intents/{}", bench.intent(&session).await),
                &[],
            )
            .await;
        assert_eq!(intent["last_payment_error"]["decline_code"], decline);
        assert_eq!(intent["status"], "requires_payment_method");
        // The same session can still be paid.
        assert_eq!(bench.pay(&session, PAYS).await.status, 303);
        let intent = bench
            .get(
                &format!("payment_intents/{}", intent["id"].as_str().unwrap()),
                &[],
            )
            .await;
        assert_eq!(
            (&intent["status"], &intent["last_payment_error"]),
            (&json!("succeeded"), &json!(null))
        );
    }
    bench.deliver_all().await;
    let failed = bench
        .events()
        .iter()
        .filter(|e| e["type"] == "payment_intent.payment_failed")
        .count();
    assert_eq!(failed, 3);
}

#[actix_web::test]
async fn the_bank_may_ask_who_is_paying() {
    let bench = Bench::start().await;
    for card in [AUTHENTICATES, "4000000000003220"] {
        let session = bench.create(5_000).await;
        let step = format!("/sandbox/pay/{}/authenticate", session.id.as_str());
        // Asking for the question before it was put leads to the form.
        assert_eq!(bench.get_page(&step).await.status, 303);
        assert_eq!(
            bench.pay(&session, card).await.location.as_deref(),
            Some(step.as_str())
        );
        let question = bench.get_page(&step).await;
        assert!(question.html.contains("Complete") && question.html.contains("Fail"));
        let failed = bench.post_page(&step, &[("outcome", "fail")]).await;
        assert_eq!(failed.status, 402);
        assert!(
            failed.html.contains("could not confirm") && failed.html.contains("Ana &lt;Ruiz&gt;")
        );
        // Nothing waits any more: answering again charges nothing.
        assert_eq!(
            bench
                .post_page(&step, &[("outcome", "complete")])
                .await
                .status,
            402
        );
        bench.pay(&session, card).await;
        let done = bench.post_page(&step, &[("outcome", "complete")]).await;
        assert_eq!(done.status, 303);
        assert!(done.location.unwrap().contains("/thanks?s=cs_test_"));
    }
    assert_eq!(bench.state().await["currencies"]["usd"]["payments"], 2);
}

#[actix_web::test]
async fn clicking_twice_charges_once() {
    let bench = Bench::start().await;
    for _run in 0..5 {
        let session = bench.create(5_000).await;
        let (a, b, c) = futures_util::join!(
            bench.pay(&session, PAYS),
            bench.pay(&session, PAYS),
            bench.pay(&session, PAYS)
        );
        assert_eq!((a.status, b.status, c.status), (303, 303, 303));
        assert_eq!(a.location, c.location);
        // Late clicks and the back button too, even with a bad card.
        assert_eq!(bench.pay(&session, DECLINED).await.status, 303);
        assert_eq!(
            bench
                .get_page(&format!("/sandbox/pay/{}", session.id.as_str()))
                .await
                .status,
            303
        );
        let charges = bench
            .get(
                "charges",
                &[("payment_intent", &bench.intent(&session).await)],
            )
            .await;
        assert_eq!(charges["data"].as_array().unwrap().len(), 1);
    }
    assert_eq!(bench.state().await["currencies"]["usd"]["gross"], 25_000);
}

#[actix_web::test]
async fn an_expired_session_takes_no_money() {
    let bench = Bench::start().await;
    let session = bench.create(5_000).await;
    bench
        .control(json!({ "clock_advance_days": 1, "clock_advance_s": 5 }))
        .await;
    for page in [
        bench.pay(&session, PAYS).await,
        bench
            .get_page(&format!("/sandbox/pay/{}", session.id.as_str()))
            .await,
    ] {
        assert_eq!(page.status, 410);
        assert!(page.html.contains("expired") && page.html.contains("/give?a=1&amp;b=2"));
    }
    bench.deliver_all().await;
    let events = bench.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "checkout.session.expired");
    assert_eq!(
        bench.get_page("/sandbox/pay/cs_test_nothing").await.status,
        404
    );
}

#[actix_web::test]
async fn the_form_escapes_says_test_and_names_what_is_wrong() {
    let bench = Bench::start().await;
    let session = bench
        .create_with(123_456, "usd", &["card", "sepa_debit"], None)
        .await
        .unwrap();
    let path = format!("/sandbox/pay/{}", session.id.as_str());
    let page = bench.get_page(&path).await;
    for part in [
        "TEST",
        "$1,234.56",
        "Gift to &lt;Kolkata&gt;",
        "SEPA debit (test)",
        "/give?a=1&amp;b=2",
        ">Pay</button>",
    ] {
        assert!(page.html.contains(part), "{part}");
    }
    assert!(page.policy.contains("default-src 'none'") && !page.policy.contains("unsafe"));
    assert!(
        page.policy
            .contains(&format!("form-action 'self' {}", bench.base))
    );
    let name = "\"><script>alert(1)</script>";
    let wrong = bench
        .post_page(
            &path,
            &[
                ("card_number", "4242424242424241"),
                ("exp", "13/20"),
                ("cvc", ""),
                ("name", name),
            ],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(!wrong.html.contains("<script>") && wrong.html.contains("&lt;script&gt;"));
    for id in ["card_number-error", "exp-error", "cvc-error"] {
        assert!(wrong.html.contains(id), "{id}");
    }
    assert_eq!(
        bench.intent(&session).await,
        "",
        "a typing error is no attempt"
    );
    let debit = bench
        .post_page(&path, &[("method", "sepa_debit"), ("card_number", PAYS)])
        .await;
    assert_eq!(debit.status, 422);
}

#[actix_web::test]
async fn card_numbers_stay_out_of_the_file() {
    let bench = Bench::start().await;
    for card in [PAYS, DECLINED, AUTHENTICATES] {
        let session = bench.create(5_000).await;
        bench.pay(&session, card).await;
    }
    let file = std::fs::read(bench.folder.path().join("processor.db")).unwrap();
    let log = std::fs::read(bench.folder.path().join("processor.db-wal")).unwrap();
    for card in [PAYS, DECLINED, AUTHENTICATES] {
        for bytes in [&file, &log] {
            assert!(
                !bytes
                    .windows(card.len())
                    .any(|part| part == card.as_bytes())
            );
        }
    }
}

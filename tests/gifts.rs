//! Gifts through the API, the sandbox processor and back: created once, settled once, shown at once.

use serde_json::json;

use crate::harness::world::{CAMPAIGN, DECLINED, PAGE, PAYS, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_gift_is_settled_to_the_cent() {
    let world = World::new().await;
    let id = world.paid(&World::gift(5_000)).await;
    let gift = world.donation(&id).await;
    assert_eq!(gift["fee"]["minor"], 175);
    let parts: Vec<i64> = gift["allocation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["amount"]["minor"].as_i64().unwrap())
        .collect();
    assert_eq!(parts.iter().sum::<i64>(), 4_825, "{parts:?}");
    assert_eq!(parts.len(), 3);
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    let campaign = world.json(&format!("/api/v1/campaigns/{CAMPAIGN}")).await;
    assert_eq!(
        (
            campaign["raised"]["minor"].as_i64(),
            campaign["donors"].as_i64()
        ),
        (Some(5_000), Some(1))
    );
    assert_eq!(world.mails_to("asha@example.org").await.len(), 1);
    assert_eq!(
        world.mails_to(&format!("{PAGE}@example.org")).await.len(),
        1
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_equal_posts_under_one_key_are_one_gift_and_one_session() {
    let world = World::new().await;
    let body = World::gift(5_000);
    let posts = (0..50).map(|_| world.post_gift("one-key", &body));
    let answers = futures_util::future::join_all(posts).await;
    let first = &answers[0].1;
    for (status, answer) in &answers {
        assert_eq!((*status, answer), (201, first));
    }
    let calls = world.app.sandbox.as_ref().unwrap().log();
    let keys: std::collections::BTreeSet<_> = calls
        .iter()
        .filter(|c| c.method == "POST")
        .map(|c| c.idempotency_key.clone())
        .collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let state = world.json("/sandbox/state").await;
    assert_eq!(state["sessions"].as_array().unwrap().len(), 1);
    let (status, answer) = world.post_gift("one-key", &World::gift(5_001)).await;
    assert_eq!(
        (status, answer["code"].as_str()),
        (422, Some("idempotency_key_reused"))
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_nothing_is_begun() {
    let world = World::new().await;
    let cases = [
        (json!({ "page": "no-such-page" }), 409, "page"),
        (json!({ "program": "no-such-program" }), 409, "program"),
        (
            json!({ "amount": { "minor": 100, "currency": "USD" } }),
            422,
            "amount",
        ),
        (
            json!({ "amount": { "minor": 5000, "currency": "EUR" } }),
            409,
            "amount.currency",
        ),
        (
            json!({ "amount": { "minor": -1, "currency": "USD" } }),
            422,
            "amount",
        ),
        (
            json!({ "donor": { "name": "A", "email": "nobody" } }),
            422,
            "donor.email",
        ),
        (json!({ "comment": "4242 4242 4242 4242" }), 422, "comment"),
        (json!({ "interval": "month" }), 422, "interval"),
    ];
    for (change, expected, field) in cases {
        let mut body = World::gift(5_000);
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, answer) = world.post_gift(&format!("k-{field}"), &body).await;
        assert_eq!(status, expected, "{answer}");
        assert_eq!(answer["errors"][0]["field"], field, "{answer}");
    }
    let mut elsewhere = World::gift(5_000);
    elsewhere["campaign"] = json!("no-such-season");
    assert_eq!(world.post_gift("k-elsewhere", &elsewhere).await.0, 404);
    let mut unknown = World::gift(5_000);
    unknown["surprise"] = json!(1);
    assert_eq!(world.post_gift("k-unknown", &unknown).await.0, 422);
    let bare = world
        .http
        .post(world.url("/api/v1/donations"))
        .json(&World::gift(5_000))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status().as_u16(), 400);
    assert!(
        world.json("/sandbox/state").await["sessions"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        world
            .get("/api/v1/donations/don_00000000000000000000000000000000")
            .await
            .0,
        404
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_pays_nothing_and_the_next_card_pays_once() {
    let world = World::new().await;
    let (id, checkout) = world.begin(&World::gift(5_000)).await;
    assert_eq!(world.pay(&checkout, DECLINED).await, 402);
    world.settle().await;
    assert_eq!(world.donation(&id).await["status"], "pending");
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    world.settle().await;
    assert_eq!(world.donation(&id).await["status"], "paid");
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    world.done().await;
}

/// P15: a debit on its way is no money yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_method_counts_when_it_has_paid() {
    let world = World::new().await;
    for (outcome, status, raised) in [("failed", "failed", 0), ("succeeded", "paid", 5_000)] {
        let (id, checkout) = world.begin(&World::gift(5_000)).await;
        assert_eq!(world.pay(&checkout, "DE89370400440532013000").await, 303);
        world.settle().await;
        assert_eq!(world.donation(&id).await["status"], "pending");
        assert_eq!(world.page_totals(PAGE).await.0, 0);
        let session = checkout.rsplit('/').next().unwrap().to_owned();
        world
            .control(json!({ "sepa": { "session": session, "outcome": outcome } }))
            .await;
        world.settle().await;
        assert_eq!(world.donation(&id).await["status"], status);
        assert_eq!(world.page_totals(PAGE).await.0, raised);
    }
    world.done().await;
}

/// P3: what the processor took must be what our row says, or nobody is credited.
#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_amount_is_quarantined_and_credited_to_nobody() {
    let world = World::new().await;
    let (id, checkout) = world.begin(&World::gift(5_000)).await;
    let session = world.json("/sandbox/state").await["sessions"][0]["id"].clone();
    world
        .control(json!({ "webhooks": { "paused": true } }))
        .await;
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    world
        .control(json!({ "tamper": { "session": session, "amount_total": 1, "currency": "usd" } }))
        .await;
    world
        .control(json!({ "webhooks": { "paused": false } }))
        .await;
    world.settle().await;
    assert_eq!(world.donation(&id).await["status"], "pending");
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    let alarms = world.app.giving.watch().await.unwrap();
    assert_eq!(alarms.quarantined, 1);
    assert!(!alarms.words().is_empty());
    world.done().await;
}

/// P20: the fee arrives an hour later: what was set aside is corrected, and both postings stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_fee_is_borne_by_what_was_set_aside() {
    let world = World::new().await;
    world
        .control(json!({ "balance_transaction_delay_s": 3600 }))
        .await;
    let id = world.paid(&World::gift(5_000)).await;
    let gift = world.donation(&id).await;
    assert!(gift["fee"].is_null());
    let held = |gift: &serde_json::Value| -> i64 {
        gift["allocation"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["remaining"]["minor"].as_i64().unwrap())
            .sum()
    };
    assert_eq!(held(&gift), 5_000);
    world.control(json!({ "clock_advance_s": 3_700 })).await;
    world.settle().await;
    let gift = world.donation(&id).await;
    assert_eq!(
        (gift["fee"]["minor"].as_i64(), held(&gift)),
        (Some(175), 4_825)
    );
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    world.done().await;
}

/// The giver's page adds up to the cent, also where a fee is told when nothing is left that could bear it.
#[tokio::test(flavor = "multi_thread")]
async fn a_fee_told_after_all_went_back_is_not_taken_from_the_gift() {
    let world = World::new().await;
    world
        .control(json!({ "balance_transaction_delay_s": 3600 }))
        .await;
    let gift = world.paid(&World::gift(5_000)).await;
    let intent = world.json("/sandbox/state").await["sessions"][0]["payment_intent"].clone();
    world
        .control(json!({ "refund": { "payment_intent": intent } }))
        .await;
    world.settle().await;
    world.control(json!({ "clock_advance_s": 3_700 })).await;
    world.settle().await;
    assert_eq!(world.donation(&gift).await["fee"]["minor"], 175);
    let id = gift.parse().unwrap();
    let db = &world.app.site.db;
    let token = db
        .read(move |c| Ok(selvedge::donations::model::by_id(c, id)?.token))
        .await
        .unwrap();
    let page = world.get(&format!("/gifts/{token}")).await.1;
    let sums = page.split("class=\"sum\"").nth(1).unwrap();
    let sums: Vec<i64> = sums
        .split("</table>")
        .next()
        .unwrap()
        .split("<td>")
        .skip(1)
        .map(|cell| {
            let text = cell.split('<').next().unwrap();
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let minor: i64 = digits.parse().unwrap();
            if text.contains('.') {
                minor
            } else {
                minor * 100
            }
        })
        .collect();
    // Given, borne of the fee, came to the fund, went back, at work.
    assert_eq!(sums, [5_000, 0, 5_000, 5_000, 0], "{page}");
    assert!(page.contains("of a fee of $1.75"), "{page}");
    world.done().await;
}

/// P7: the answer is lost after the processor acted: nothing is charged twice, nothing is called failed.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_unknown_and_the_same_key_goes_on() {
    let world = World::with(&[("payments.tries", "1")]).await;
    world
        .control(json!({ "api": { "drop_after_acting": 1 } }))
        .await;
    let body = World::gift(5_000);
    let (status, answer) = world.post_gift("lost", &body).await;
    assert_eq!(
        (status, answer["code"].as_str()),
        (503, Some("unavailable"))
    );
    let (status, answer) = world.post_gift("lost", &body).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(
        world.json("/sandbox/state").await["sessions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    world.done().await;
}

/// Faults row 9: the processor keeps a 500 under its key, so we look, and go on under another.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_the_processor_keeps_does_not_end_the_gift() {
    let world = World::new().await;
    world.control(json!({ "api": { "fail_next": 1 } })).await;
    let (status, answer) = world.post_gift("kept", &World::gift(5_000)).await;
    assert_eq!(status, 201, "{answer}");
    let calls = world.app.sandbox.as_ref().unwrap().log();
    let methods: Vec<&str> = calls.iter().map(|call| call.method.as_str()).collect();
    let first = methods.iter().position(|method| *method == "POST").unwrap();
    assert_eq!(
        methods[first..first + 3],
        ["POST", "GET", "POST"],
        "{methods:?}"
    );
    assert_eq!(
        world.json("/sandbox/state").await["sessions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    world.done().await;
}

/// P6: after 24 hours the key is worth nothing, so we look before we act.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_later_the_processor_is_asked_before_it_is_told() {
    let world = World::with(&[("payments.tries", "1")]).await;
    world
        .control(json!({ "api": { "drop_after_acting": 1 } }))
        .await;
    let body = World::gift(5_000);
    assert_eq!(world.post_gift("old", &body).await.0, 503);
    world.clock.advance(chrono::Duration::hours(25));
    let before = world.app.sandbox.as_ref().unwrap().log().len();
    let (status, answer) = world.post_gift("old", &body).await;
    let calls = world.app.sandbox.as_ref().unwrap().log();
    let later: Vec<&str> = calls[before..]
        .iter()
        .map(|call| call.method.as_str())
        .collect();
    assert_eq!(later.first(), Some(&"GET"), "{later:?} {status} {answer}");
    assert_eq!(
        world.json("/sandbox/state").await["sessions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    world.settle().await;
    world.done().await;
}

/// P21, first part: no webhook ever comes; one run of the reconcile job makes it good.
#[tokio::test(flavor = "multi_thread")]
async fn lost_webhooks_are_made_good() {
    let world = World::new().await;
    world.control(json!({ "webhooks": { "drop": 100 } })).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let (id, checkout) = world.begin(&World::gift(1_000 + number)).await;
        assert_eq!(world.pay(&checkout, PAYS).await, 303);
        ids.push(id);
    }
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    let found = world.app.giving.reconcile().await.unwrap();
    assert!(found.missed_events >= 5, "{found:?}");
    for id in &ids {
        assert_eq!(world.donation(id).await["status"], "paid");
    }
    assert_eq!(world.page_totals(PAGE).await, (5_010, 5, 1));
    world.done().await;
}

/// An unpaid checkout closes: the gift ends, and nothing was counted.
#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_checkout_expires() {
    let world = World::new().await;
    let (id, _checkout) = world.begin(&World::gift(5_000)).await;
    world.control(json!({ "clock_advance_days": 2 })).await;
    world.settle().await;
    assert_eq!(world.donation(&id).await["status"], "expired");
    world.done().await;
}

/// S18: who wishes to stay anonymous is named nowhere public, and a hidden amount is not shown.
#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_donor_is_named_nowhere() {
    let world = World::new().await;
    let mut body = World::gift(7_777);
    body["donor"] = json!({ "name": "Zephyrine Quillfeather", "email": "zephyrine@example.org" });
    body["anonymous"] = json!(true);
    body["hide_amount"] = json!(true);
    // Another gift first: a page's only gift is its total, which everybody sees.
    world.paid(&World::gift(1_000)).await;
    let id = world.paid(&body).await;
    for path in [
        format!("/api/v1/pages/{PAGE}/donations"),
        format!("/api/v1/pages/{PAGE}"),
        format!("/api/v1/donations/{id}"),
        format!("/pages/{PAGE}"),
        format!("/campaigns/{CAMPAIGN}"),
        "/".to_owned(),
    ] {
        let (_, text) = world.get(&path).await;
        assert!(!text.to_lowercase().contains("zephyrine"), "{path}");
    }
    let wall = world.json(&format!("/api/v1/pages/{PAGE}/donations")).await;
    assert!(
        wall["items"][0]["donor"].is_null() && wall["items"][0]["amount"].is_null(),
        "{wall}"
    );
    let owner = world.mails_to(&format!("{PAGE}@example.org")).await;
    assert!(!owner[0].to_string().to_lowercase().contains("zephyrine"));
    assert!(!owner[0]["text"].as_str().unwrap().contains("77.77"));
    world.done().await;
}

/// L7: the shares are those of the policy in force when the gift was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_designated_gift_goes_whole_to_its_program() {
    let world = World::new().await;
    let mut body = World::gift(10_000);
    body["program"] = json!("ijm-kolkata");
    body["cover_fees"] = json!(true);
    let id = world.paid(&body).await;
    let gift = world.donation(&id).await;
    assert_eq!(gift["allocation"].as_array().unwrap().len(), 1);
    assert_eq!(gift["charged"]["minor"], 10_330);
    assert_eq!(gift["allocation"][0]["amount"]["minor"], 10_000);
    world.done().await;
}

/// A token's scope opens the private part; a wrong token is refused, not ignored.
#[tokio::test(flavor = "multi_thread")]
async fn private_parts_need_a_scope() {
    use selvedge::auth::{NewToken, NewUser, Role, UserId, insert_user, token};
    use selvedge::kernel::Line;
    use selvedge::kernel::secret::ExposeSecret;
    let world = World::new().await;
    let id = world.paid(&World::gift(5_000)).await;
    let now = world.clock.now();
    let user = NewUser {
        id: UserId::new(),
        email: "noor@example.org".parse().unwrap(),
        name: Line::parse("Noor", 80).unwrap(),
        password_hash: None,
        roles: vec![Role::Coordinator],
    };
    let (new, text) = NewToken::make(user.id, vec!["donations:read".parse().unwrap()]).unwrap();
    world
        .app
        .site
        .db
        .tx(move |conn| {
            insert_user(conn, &user, now)?;
            token::insert(conn, &new, now)
        })
        .await
        .unwrap();
    let ask = |bearer: String| {
        world
            .http
            .get(world.url(&format!("/api/v1/donations/{id}")))
            .bearer_auth(bearer)
            .send()
    };
    let seen: serde_json::Value = ask(text.expose_secret().to_owned())
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(seen["private"]["donor_email"], "asha@example.org");
    assert_eq!(ask("nonsense".into()).await.unwrap().status().as_u16(), 401);
    assert!(world.donation(&id).await.get("private").is_none());
    world.done().await;
}

/// S9: a token is worth what its user's roles are: nobody reads givers of a season that is not theirs, whatever the scope says.
#[tokio::test(flavor = "multi_thread")]
async fn a_scope_alone_opens_no_givers_of_somebody_elses_season() {
    use selvedge::auth::Role;
    use selvedge::auth::roles::{SetRole, set_role};
    let world = World::new().await;
    let id = world.paid(&World::gift(5_000)).await;
    let user = |name: &str| format!("{name}@staff.example");
    let narrowed_to = async |name: &str, role: Role, season: &str| {
        let who = world.user(&user(name), role).await;
        let (slug, now) = (season.to_owned(), world.clock.now());
        let set = world.app.site.db.tx(move |c| {
            let season = selvedge::campaigns::model::any_by_slug(c, &slug.parse().unwrap())?;
            let new = SetRole {
                user: who,
                role,
                has: true,
                campaigns: vec![season.unwrap().id],
            };
            set_role(c, &new, now)
        });
        set.await.unwrap();
        who
    };
    let seasons = world.json("/api/v1/campaigns").await;
    let other = seasons["items"].as_array().unwrap().iter();
    let other = other
        .map(|one| one["slug"].as_str().unwrap())
        .find(|slug| *slug != CAMPAIGN);
    let other = other.expect("the demo has several seasons").to_owned();
    for (who, opens) in [
        (world.user(&user("p"), Role::Participant).await, false),
        (narrowed_to("c1", Role::Coordinator, &other).await, false),
        (narrowed_to("f1", Role::Finance, &other).await, false),
        (narrowed_to("c2", Role::Coordinator, CAMPAIGN).await, true),
        (world.user(&user("f2"), Role::Finance).await, true),
        (world.user(&user("o"), Role::Owner).await, true),
    ] {
        let token = world.token(who, &["donations:read"]).await;
        let answer = world
            .http
            .get(world.url(&format!("/api/v1/donations/{id}")))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        let seen: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(seen.get("private").is_some(), opens, "{who}: {seen}");
    }
    world.done().await;
}

/// A receipt is for the tax office: it tells the giver's day and year, not those of UTC or of the moment in which we heard.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_new_years_eve_is_one_of_the_old_year() {
    // In the season's own Los Angeles it is half past eleven on the last evening.
    let world = World::starting("2027-01-01T07:30:00Z").await;
    let (old, checkout) = world.begin(&World::gift(5_000)).await;
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    world.clock.advance(chrono::Duration::hours(1));
    let mut next = World::gift(2_000);
    next["donor"]["email"] = json!("next@example.org");
    let (new, checkout) = world.begin(&next).await;
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    world.settle().await;
    for (gift, to, day, serial) in [
        (old, "asha@example.org", "31 December 2026", "2026-000001"),
        (new, "next@example.org", "1 January 2027", "2027-000001"),
    ] {
        assert_eq!(world.donation(&gift).await["status"], "paid");
        let mails = world.mails_to(to).await;
        let text = mails[0]["text"].as_str().unwrap();
        assert!(text.contains(day) && text.contains(serial), "{text}");
    }
    world.done().await;
}

//! What the processor pays to the bank: booked, compared entry for entry, taken back when the bank sends it back (P21).

use selvedge::auth::Role;
use selvedge::kernel::Currency;
use selvedge::ledger::{self, Account};
use serde_json::{Value, json};

use crate::harness::world::World;

/// Staff without a second factor, which is not what these tests are about.
pub const OPEN: &[(&str, &str)] = &[("auth.staff_second_factor", "false")];

/// What an account holds, in cents.
pub async fn holds(world: &World, account: Account) -> i64 {
    let db = &world.app.site.db;
    let held = db.read(move |c| ledger::balance(c, &account, Currency::USD));
    held.await.unwrap().minor()
}

/// Open findings: kind and subject.
pub async fn open_findings(world: &World) -> Vec<(String, String)> {
    let db = &world.app.site.db;
    let listed = db
        .read(|c| selvedge::findings::model::listed(c, true, None, selvedge::kernel::Limit::MOST));
    let items = listed.await.unwrap().items;
    items
        .into_iter()
        .map(|(found, _)| (found.kind, found.subject))
        .collect()
}

async fn api(world: &World, path: &str) -> Vec<Value> {
    let request = world
        .http
        .get(world.url(&format!("/sandbox/stripe/v1/{path}")))
        .header("authorization", "Bearer sk_test_sandbox");
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["data"].as_array().unwrap().clone()
}

/// The newest charge's id.
async fn charge(world: &World) -> String {
    let all = api(world, "charges?limit=1").await;
    all[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_is_the_sum_of_its_entries_and_those_are_ours() {
    let world = World::new().await;
    world.paid(&World::gift(5_000)).await;
    world.paid(&World::gift(7_500)).await;
    let intent = world.json("/sandbox/state").await["sessions"][0]["payment_intent"].clone();
    let refund = json!({ "refund": { "payment_intent": intent, "amount": 1_000 } });
    world.control(refund).await;
    world.settle().await;
    let due = holds(&world, Account::processor("stripe")).await;
    let made = world.control(json!({ "payout": true })).await;
    assert_eq!(made["payout"][0]["amount"], due);
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, due);
    assert_eq!(holds(&world, Account::processor("stripe")).await, 0);
    assert_eq!(open_findings(&world).await, []);
    // Told again, it is booked once.
    selvedge::payouts::reconcile(&world.app.giving)
        .await
        .unwrap();
    assert_eq!(holds(&world, Account::bank()).await, due);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_come_by_the_clock_and_are_booked_when_they_arrive() {
    let world = World::new().await;
    world.paid(&World::gift(5_000)).await;
    let due = holds(&world, Account::processor("stripe")).await;
    world.control(json!({ "clock_advance_days": 3 })).await;
    world.settle().await;
    let payouts = world.json("/sandbox/state").await["payouts"].clone();
    assert_eq!(payouts.as_array().unwrap().len(), 1, "{payouts}");
    assert_eq!(holds(&world, Account::bank()).await, 0, "it is on its way");
    world.control(json!({ "clock_advance_days": 2 })).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, due);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_rows_are_three_findings_that_wait_for_a_word() {
    let world = World::with(OPEN).await;
    world.paid(&World::gift(5_000)).await;
    world.control(json!({ "payout": true })).await;
    world.settle().await;
    assert_eq!(open_findings(&world).await, []);
    world.control(json!({ "clock_advance_days": 1 })).await;
    world.paid(&World::gift(2_000)).await;
    let left_out = charge(&world).await;
    world.paid(&World::gift(3_000)).await;
    let off = charge(&world).await;
    let wrong = json!({ "payout": { "stray": 400, "leave_out": left_out, "off": { "source": off, "by": 7 } } });
    world.control(wrong).await;
    world.control(json!({ "clock_advance_days": 12 })).await;
    world.paid(&World::gift(4_000)).await;
    world.control(json!({ "payout": true })).await;
    world.settle().await;
    let found = open_findings(&world).await;
    let kinds: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
    for kind in [
        "payout_item_missing",
        "payout_item_differs",
        "payout_entry_missing",
    ] {
        assert_eq!(
            kinds.iter().filter(|one| **one == kind).count(),
            1,
            "{found:?}"
        );
    }
    assert_eq!(found.len(), 3, "{found:?}");
    // Staff see them, take one and close it with a word; it does not come back.
    let user = world.user("theo@staff.example", Role::Finance).await;
    let theo = world.visitor(Some(user)).await;
    let html = world.look(&theo, "/console/findings").await;
    let id = html
        .split("<li id=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let place = format!("/console/findings/{id}");
    let empty = world
        .ask(&theo, "POST", &place, &[("resolution", "")])
        .await;
    assert_eq!(empty.status, 422);
    world.send(&theo, &place, &[("act", "take")]).await;
    world
        .send(
            &theo,
            &place,
            &[("resolution", "Asked the processor; a fee of theirs.")],
        )
        .await;
    let again = world
        .ask(&theo, "POST", &place, &[("resolution", "Again")])
        .await;
    assert_eq!(again.status, 409);
    selvedge::payouts::reconcile(&world.app.giving)
        .await
        .unwrap();
    assert_eq!(open_findings(&world).await.len(), 2);
    for path in ["/console/payouts", "/console/findings?state=closed"] {
        world.look(&theo, path).await;
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_sends_back_is_with_the_processor_again_and_comes_with_the_next_payout() {
    let world = World::new().await;
    world.paid(&World::gift(5_000)).await;
    let due = holds(&world, Account::processor("stripe")).await;
    let made = world.control(json!({ "payout": true })).await;
    world.settle().await;
    let id = made["payout"][0]["id"].clone();
    world.control(json!({ "payout": { "fails": id } })).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, 0);
    assert_eq!(holds(&world, Account::processor("stripe")).await, due);
    world.paid(&World::gift(2_500)).await;
    let due = holds(&world, Account::processor("stripe")).await;
    world.control(json!({ "payout": true })).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, due);
    assert_eq!(open_findings(&world).await, []);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_processor_takes_from_the_bank_is_booked_and_given_back_as_well() {
    let world = World::new().await;
    world.paid(&World::gift(5_000)).await;
    world.paid(&World::gift(7_500)).await;
    let due = holds(&world, Account::processor("stripe")).await;
    world.control(json!({ "payout": true })).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, due);
    // More is given back than has come since: the processor's balance is below nothing.
    let intent = world.json("/sandbox/state").await["sessions"][0]["payment_intent"].clone();
    let refund = json!({ "refund": { "payment_intent": intent } });
    world.control(refund).await;
    world.settle().await;
    let short = holds(&world, Account::processor("stripe")).await;
    assert!(short < 0, "{short}");
    let made = world.control(json!({ "payout": { "debit": true } })).await;
    assert_eq!(made["payout"][0]["amount"], short);
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, due + short);
    assert_eq!(holds(&world, Account::processor("stripe")).await, 0);
    assert_eq!(open_findings(&world).await, []);
    assert_eq!(world.findings().await, Vec::<String>::new());
    // The bank did not let it go after all.
    let id = made["payout"][0]["id"].clone();
    world.control(json!({ "payout": { "fails": id } })).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, due);
    assert_eq!(holds(&world, Account::processor("stripe")).await, short);
    assert_eq!(world.findings().await, Vec::<String>::new());
    world.control(json!({ "payout": { "debit": true } })).await;
    world.settle().await;
    assert_eq!(holds(&world, Account::bank()).await, due + short);
    assert_eq!(open_findings(&world).await, []);
    world.done().await;
}

/// A payout that says it is at the bank and is in no book is a finding of the proof, whichever way it went.
#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_no_book_has_does_not_pass_the_proof() {
    use diesel::prelude::*;
    use selvedge::db::schema::payouts;
    let world = World::new().await;
    for (id, amount) in [("po_up", 500_i64), ("po_down", -500), ("po_none", 0)] {
        let now = world.clock.now();
        let row = selvedge::payouts::Payout {
            id: id.to_owned(),
            currency: Currency::USD,
            amount,
            state: selvedge::payouts::PayoutState::Paid,
            failure: None,
            made_at: now,
            arrives_at: now,
            seen_at: now,
            booked_at: None,
            reversed_at: None,
            agreed_at: None,
        };
        let db = &world.app.site.db;
        db.tx(move |c| {
            selvedge::each!(c, c => diesel::insert_into(payouts::table).values(&row).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    }
    let found = world.findings().await;
    let unbooked: Vec<&String> = found
        .iter()
        .filter(|line| line.contains("is in no book"))
        .collect();
    assert_eq!(unbooked.len(), 2, "{found:?}");
    world.done_beside_the_books().await;
}

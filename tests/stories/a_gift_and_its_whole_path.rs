//! Fifty dollars on Maya's page, from the button to every cent's place.

use serde_json::Value;

use crate::harness::world::{PAGE, PAYS, World};

fn minors(gift: &Value, field: &str) -> Vec<i64> {
    let mut all: Vec<i64> = gift["allocation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part[field]["minor"].as_i64().unwrap())
        .collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_and_its_whole_path() {
    let world = World::new().await;

    // Asked for: nothing is shown yet, nothing is set aside.
    let (id, checkout) = world.begin(&World::gift(5_000)).await;
    let pending = world.donation(&id).await;
    assert_eq!(
        (&pending["status"], &pending["fee"]),
        (&"pending".into(), &Value::Null)
    );
    assert_eq!(minors(&pending, "amount"), Vec::<i64>::new());
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));

    // Paid on the processor's page; its webhooks bring the rest.
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    world.settle().await;
    let gift = world.donation(&id).await;
    assert_eq!(gift["status"], "paid");
    assert_eq!(
        (&gift["charged"]["minor"], &gift["fee"]["minor"]),
        (&5_000.into(), &175.into())
    );
    assert_eq!(gift["refunded"]["minor"], 0);
    assert!(gift["paid_at"].is_string(), "{gift}");
    // $50 less the fee of $1.75, sixty to twenty-five to fifteen, to the cent.
    assert_eq!(minors(&gift, "amount"), [2_895, 1_206, 724]);
    assert_eq!(minors(&gift, "remaining"), [2_895, 1_206, 724]);
    // Who may not read donations learns no name.
    assert!(gift.get("private").is_none(), "{gift}");

    // What everyone sees is what the card was charged.
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    let campaign = world.json("/api/v1/campaigns/dressember-2026").await;
    assert_eq!(campaign["raised"]["minor"], 5_000);
    let wall = world.json("/api/v1/pages/maya-roy/donations").await;
    assert_eq!(wall["items"][0]["donor"], "Asha Verma");
    assert_eq!(wall["items"][0]["amount"]["minor"], 5_000);

    // Two mails, once, with all that was decided in them.
    let receipts = world.mails_to("asha@example.org").await;
    assert_eq!(receipts.len(), 1);
    let text = receipts[0]["text"].as_str().unwrap();
    let year = world.clock.now().naive().format("%Y").to_string();
    for words in [
        "$50",
        "$1.75",
        "28.95",
        "12.06",
        "7.24",
        &format!("{year}-000001"),
        "/gifts/",
    ] {
        assert!(text.contains(words), "{words} is missing in:\n{text}");
    }
    let news = world.mails_to("maya-roy@example.org").await;
    assert_eq!(news.len(), 1);
    assert!(news[0]["text"].as_str().unwrap().contains("Asha Verma"));

    // Told again from the processor's records, the story stays the same.
    world.app.giving.reconcile().await.unwrap();
    world.settle().await;
    assert_eq!(world.donation(&id).await, gift);
    assert_eq!(world.mails().await.len(), 2);
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    world.done().await;
}

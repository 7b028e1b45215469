//! The open books, as the public sees them.

use serde_json::{Value, json};

use crate::harness::world::{World, turn};

async fn books(world: &World) -> Value {
    world.json("/api/v1/campaigns/dressember-2026/books").await
}

fn minor(books: &Value, line: &str) -> i64 {
    books[line]["minor"].as_i64().unwrap()
}

fn assert_whole(books: &Value) {
    let sum = |line| minor(books, line);
    assert_eq!(
        sum("raised") - sum("refunded") - sum("disputed") + sum("matched") + sum("carried"),
        sum("fees_borne") + sum("granted") + sum("held"),
        "{books}"
    );
    let held: i64 = books["funds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fund| fund["held"]["minor"].as_i64().unwrap())
        .sum();
    assert_eq!(held, sum("held"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_follow_gifts_and_refunds_at_once_and_to_the_cent() {
    let world = World::starting("2026-12-05T12:00:00Z").await;
    let empty = books(&world).await;
    assert_eq!((minor(&empty, "raised"), minor(&empty, "held")), (0, 0));
    world.paid(&World::gift(5_000)).await;
    world.paid(&World::gift(2_501)).await;
    let (pending, _) = world.begin(&World::gift(1_000)).await;
    let two = books(&world).await;
    assert_eq!(minor(&two, "raised"), 7_501, "{pending}");
    assert_eq!(minor(&two, "pending"), 1_000);
    assert_whole(&two);
    let intent = world.json("/sandbox/state").await["sessions"][1]["payment_intent"].clone();
    world
        .control(json!({ "refund": { "payment_intent": intent, "amount": 700, "outcome": "succeeded" } }))
        .await;
    world.settle().await;
    let after = books(&world).await;
    assert_eq!(minor(&after, "refunded"), 700);
    assert_eq!(
        minor(&after, "raised"),
        7_501,
        "what came in stays in the books"
    );
    assert_whole(&after);
    let (status, page) = world.get("/campaigns/dressember-2026/books").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("Open books") && page.contains("$75.01"),
        "{page}"
    );
    assert!(!page.contains("do not add up"));
    let (_, csv) = world.get("/campaigns/dressember-2026/books.csv").await;
    let raised: i64 = csv
        .lines()
        .filter(|line| line.contains("\"raised\""))
        .map(|line| {
            line.split(',')
                .nth(4)
                .unwrap()
                .trim_matches('"')
                .parse::<i64>()
                .unwrap()
        })
        .sum();
    assert_eq!(raised, 7_501);
    assert!(
        csv.contains("\"position\"") && csv.contains("transfer "),
        "{csv}"
    );
    world.done().await;
}

/// L11, issue 4: a copy is proved offline, and one byte changed is named.
#[tokio::test(flavor = "multi_thread")]
async fn a_downloaded_copy_is_proved_without_the_database() {
    let world = World::starting("2026-12-05T12:00:00Z").await;
    world.paid(&World::gift(5_000)).await;
    turn(&world.clock, "2026-12-07T12:00:00Z");
    world.work().await;
    let (status, text) = world
        .get("/campaigns/dressember-2026/books/copy.json")
        .await;
    assert_eq!(status, 200);
    for word in ["don_", "example.org", "ch_", "re_"] {
        assert!(!text.contains(word), "people stay out of the books: {word}");
    }
    let proved = selvedge::books::file::prove(&text).unwrap();
    assert_eq!(proved.days, 1);
    let changed = text.replacen("\"amount\": 5000", "\"amount\": 5100", 1);
    let why = selvedge::books::file::prove(&changed).unwrap_err();
    assert!(why.contains("day 2026-12-05 (number 1)"), "{why}");
    let (_, page) = world.get("/campaigns/dressember-2026/books/verify").await;
    assert!(page.contains(&proved.last_hash));
    world.done().await;
}

/// S18: no giver's name or address is in any form of the books.
#[tokio::test(flavor = "multi_thread")]
async fn people_stay_out_of_the_books() {
    let world = World::starting("2026-12-05T12:00:00Z").await;
    let mut gift = World::gift(4_321);
    gift["donor"] =
        json!({ "name": "Marker Quillfeather", "email": "marker@quillfeather.example" });
    world.paid(&gift).await;
    for path in [
        "/campaigns/dressember-2026/books",
        "/campaigns/dressember-2026/books.csv",
        "/campaigns/dressember-2026/books/copy.json",
        "/api/v1/campaigns/dressember-2026/books",
    ] {
        let (status, text) = world.get(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(!text.to_lowercase().contains("quillfeather"), "{path}");
    }
    world.done().await;
}

/// L11: a closed day names a seal of the ledger, and that seal has to be there as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_day_misses_the_seal_that_it_was_closed_on() {
    let world = World::starting("2026-12-05T12:00:00Z").await;
    world.paid(&World::gift(5_000)).await;
    turn(&world.clock, "2026-12-07T12:00:00Z");
    world.work().await;
    assert_eq!(world.findings().await, Vec::<String>::new());
    let db = &world.app.site.db;
    db.exclusive(|conn| {
        let unlock = if conn.is_sqlite() {
            "DROP TRIGGER seals_no_delete"
        } else {
            "ALTER TABLE seals DISABLE TRIGGER seals_no_change"
        };
        conn.execute_batch(unlock)?;
        conn.execute_batch("DELETE FROM seals")
    })
    .await
    .unwrap();
    let missed = async |why: &str| {
        let found = world.findings().await;
        let missed = found.iter().any(|line| line.contains("was closed on seal"));
        assert!(missed, "{why}: {found:?}");
    };
    missed("it is gone").await;
    // The job seals anew what lies under no seal; it is not the same seal.
    world.clock.advance(chrono::Duration::minutes(2));
    world.paid(&World::gift(2_000)).await;
    missed("it is another one").await;
    world.done_beside_the_books().await;
}

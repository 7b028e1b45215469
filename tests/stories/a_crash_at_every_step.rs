//! The process dies at every named place of a gift's path, and a minute after it was started again nothing shows (P8, F4).

use std::time::Duration;

use selvedge::kernel::crash::POINTS;
use serde_json::Value;
use tokio::time::Instant;

use crate::harness::program::{Donor, Program, client};

const CONVERGES: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_every_step() {
    let mut stories = Vec::new();
    for name in POINTS {
        stories.push((name, tokio::spawn(crash_at(name))));
        // Two cores: one start after the other, then all wait side by side.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut wrong = Vec::new();
    for (name, story) in stories {
        if let Err(error) = story.await {
            wrong.push(format!("{name}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn crash_at(name: &'static str) {
    let mut program = Program::new().await;
    program.start(Some(name)).await;
    let http = client(Duration::from_secs(15));
    let mut donor = Donor::new(
        &format!("crash-{name}"),
        Some("maya-roy"),
        5_000,
        "asha@example.net",
        &http,
    );
    let deadline = Instant::now() + CONVERGES;
    while !program.has_died() {
        assert!(Instant::now() < deadline, "{name} was never passed");
        if !donor.try_on(&program.base).await {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    program.start(None).await;
    let restarted = Instant::now();
    let left = || CONVERGES.saturating_sub(restarted.elapsed());
    while !donor.try_on(&program.base).await {
        assert!(
            !left().is_zero(),
            "{name}: the same key does not come through\n{}",
            program.words()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (id, _) = donor.begun.clone().unwrap();
    let gift = program
        .until(&format!("/api/v1/donations/{id}"), left(), |gift| {
            gift["status"] == "paid"
        })
        .await;
    assert_eq!(gift["charged"]["minor"], 5_000);
    let all_sent = |mails: &Value| mails["items"].as_array().unwrap().len() >= 2;
    program.until("/sandbox/mail", left(), all_sent).await;
    // A mail that the dead process had in hand is due again when its lease ends; it must not arrive twice then.
    while program.unsent().await > 0 {
        assert!(
            !left().is_zero(),
            "{name}: mails are left in the outbox\n{}",
            program.words()
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mails = program.json("/sandbox/mail").await;
    println!(
        "{name}: whole again {:?} after the restart",
        restarted.elapsed()
    );
    let to = |address: &str| {
        mails["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|mail| mail["to"] == address)
            .count()
    };
    assert_eq!(
        (to("asha@example.net"), to("maya-roy@example.org")),
        (1, 1),
        "{name}: {mails}"
    );
    let state = program.json("/sandbox/state").await;
    assert_eq!(
        state["sessions"].as_array().unwrap().len(),
        1,
        "{name}: {state}"
    );
    assert_eq!(state["currencies"]["usd"]["payments"], 1, "{name}: {state}");
    let page = program.json("/api/v1/pages/maya-roy").await;
    assert_eq!(
        (&page["raised"]["minor"], &page["donations"]),
        (&5_000.into(), &1.into()),
        "{name}: {page}"
    );
    let (code, words) = program.check();
    assert_eq!(code, Some(0), "{name}: {words}");
}

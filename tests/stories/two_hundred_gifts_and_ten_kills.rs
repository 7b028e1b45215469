//! Two hundred gifts over HTTP while webhooks come doubled, shuffled, late or never, and the server is killed ten times.
//! Afterwards every payment at the processor is one gift in the books, to the cent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::harness::chance::Chance;
use crate::harness::program::{Donor, Program, client};
use crate::harness::world::CAMPAIGN;

const GIFTS: usize = 200;
const KILLS: usize = 10;
const DONORS: usize = 6;
const PAGES: [Option<&str>; 4] = [
    Some("maya-roy"),
    Some("johanna-lindqvist"),
    Some("abena-owusu"),
    None,
];

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_gifts_and_ten_kills() {
    let mut chance = Chance::new("two hundred gifts");
    let mut program = Program::new().await;
    program.start(None).await;
    program
        .control(&json!({ "seed": chance.roll() >> 1,
            "webhooks": { "duplicate": 1, "shuffle": true, "delay_ms": 400, "drop": 10 } }))
        .await;
    // Nobody waits long for a server that may be gone: the gift is put back and another one taken up.
    let http = client(Duration::from_secs(3));
    let gifts: VecDeque<Donor> = (0..GIFTS)
        .map(|number| {
            let page = PAGES[number % PAGES.len()];
            let minor = chance.between(500, 20_000);
            Donor::new(
                &format!("story-{number}"),
                page,
                minor,
                &format!("giver{number}@example.net"),
                &http,
            )
        })
        .collect();
    let (waiting, made) = (
        Arc::new(Mutex::new(gifts)),
        Arc::new(Mutex::new(Vec::new())),
    );
    let paid = Arc::new(AtomicUsize::new(0));
    let donors: Vec<_> = (0..DONORS)
        .map(|_| {
            let (waiting, made, paid, base) = (
                waiting.clone(),
                made.clone(),
                paid.clone(),
                program.base.clone(),
            );
            tokio::spawn(async move {
                while paid.load(Ordering::SeqCst) < GIFTS {
                    let next = waiting.lock().pop_front();
                    let Some(mut donor) = next else {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    };
                    if donor.try_on(&base).await {
                        made.lock().push(donor);
                        paid.fetch_add(1, Ordering::SeqCst);
                    } else {
                        waiting.lock().push_back(donor);
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            })
        })
        .collect();
    // A kill for every twentieth gift or so, whatever is in flight at that moment.
    let began = Instant::now();
    for kill in 0..KILLS {
        let after = (kill * GIFTS / KILLS + chance.below(15)).min(GIFTS - 5);
        let latest = Instant::now() + Duration::from_secs(5);
        while paid.load(Ordering::SeqCst) < after && Instant::now() < latest {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(chance.roll() % 200)).await;
        program.kill();
        program.start(None).await;
    }
    println!(
        "ten kills in {:?}, {} gifts paid by then",
        began.elapsed(),
        paid.load(Ordering::SeqCst)
    );
    for donor in donors {
        tokio::time::timeout(Duration::from_secs(60), donor)
            .await
            .expect("every gift is made within a minute")
            .unwrap();
    }
    println!("all gifts paid after {:?}", began.elapsed());
    program.kill();
    program.start(None).await;
    let gifts = std::mem::take(&mut *made.lock());
    let ids: Vec<String> = gifts
        .iter()
        .map(|donor| donor.begun.clone().unwrap().0)
        .collect();
    all_is_paid_once(&program, &ids).await;
    println!("settled after {:?}", began.elapsed());
    the_sums_are_the_processors(&program, &gifts).await;
    every_donor_has_one_receipt(&program).await;
    let (code, words) = program.check();
    assert_eq!(code, Some(0), "{words}");
}

/// Every payment at the processor is a gift of its own that is paid here, and no gift has two.
async fn all_is_paid_once(program: &Program, ids: &[String]) {
    for id in ids {
        let path = format!("/api/v1/donations/{id}");
        program
            .until(&path, Duration::from_secs(60), |gift| {
                gift["status"] == "paid"
            })
            .await;
    }
    let state = program.json("/sandbox/state").await;
    let sessions = state["sessions"].as_array().unwrap();
    let paid: Vec<&Value> = sessions
        .iter()
        .filter(|session| session["payment_status"] == "paid")
        .collect();
    let of_gifts: BTreeSet<&str> = paid
        .iter()
        .map(|session| session["client_reference_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        (paid.len(), sessions.len()),
        (GIFTS, GIFTS),
        "one session a gift, whoever died in between"
    );
    assert_eq!(
        of_gifts,
        ids.iter().map(String::as_str).collect::<BTreeSet<_>>()
    );
    for session in paid {
        let gift = program
            .json(&format!(
                "/api/v1/donations/{}",
                session["client_reference_id"].as_str().unwrap()
            ))
            .await;
        assert_eq!(gift["charged"]["minor"], session["amount_total"], "{gift}");
        let minor = |money: &Value| money["minor"].as_i64().unwrap();
        let set_aside: i64 = gift["allocation"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| minor(&part["remaining"]))
            .sum();
        assert_eq!(
            set_aside + minor(&gift["fee"]),
            minor(&gift["charged"]),
            "{gift}"
        );
    }
}

/// What the pages show and what was given to no page is what the processor took, and so is the campaign's total.
async fn the_sums_are_the_processors(program: &Program, gifts: &[Donor]) {
    let gross = program.json("/sandbox/state").await["currencies"]["usd"]["gross"]
        .as_i64()
        .unwrap();
    let campaign = program.json(&format!("/api/v1/campaigns/{CAMPAIGN}")).await;
    assert_eq!(campaign["raised"]["minor"], gross, "{campaign}");
    let mut on_pages = 0;
    for page in PAGES.into_iter().flatten() {
        on_pages += program.json(&format!("/api/v1/pages/{page}")).await["raised"]["minor"]
            .as_i64()
            .unwrap();
    }
    let to_no_page = gifts.iter().filter(|donor| donor.body["page"].is_null());
    let direct: i64 = to_no_page
        .map(|donor| donor.body["amount"]["minor"].as_i64().unwrap())
        .sum();
    assert_eq!(on_pages + direct, gross);
}

async fn every_donor_has_one_receipt(program: &Program) {
    let receipts = |mails: &Value| {
        let mut to: BTreeMap<String, usize> = BTreeMap::new();
        for mail in mails["items"].as_array().unwrap() {
            let address = mail["to"].as_str().unwrap();
            if address.contains("@example.net") {
                *to.entry(address.to_owned()).or_default() += 1;
            }
        }
        to
    };
    let found = |mails: &Value| receipts(mails).len() >= GIFTS;
    let mails = program
        .until("/sandbox/mail", Duration::from_secs(60), found)
        .await;
    let to = receipts(&mails);
    assert_eq!(to.len(), GIFTS);
    assert!(to.values().all(|count| *count == 1), "{to:?}");
}

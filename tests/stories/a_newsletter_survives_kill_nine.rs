//! Five thousand mails of one newsletter through the real program, which is killed thirty times while it sends. Nobody is
//! missed, nobody gets two by itself; those in doubt are no more than were in hand; and when a person has them all sent
//! again, duplicates are within N3's bound. Then the same with a worker that freezes (N4). On PostgreSQL two processes share
//! the work, and the kills hit either.

use std::process::Child;
use std::time::Duration;

use selvedge::deliveries::DeliveryState;
use selvedge::deliveries::model::in_doubt;
use selvedge::deliveries::ops::{Doubt, decide};
use selvedge::kernel::Clock;
use selvedge::newsletters::NewsletterState;
use tokio::time::Instant;

use crate::harness::chance::Chance;
use crate::harness::database;
use crate::harness::letters::{Letter, readers};
use crate::harness::program::Program;
use crate::harness::sink::Sink;

const MAILS: usize = 5_000;
const KILLS: usize = 30;
const LINES: usize = 8;

async fn program(sink: &Sink) -> Program {
    let url = sink.url();
    Program::with(&[
        ("SELVEDGE__MAIL__TRANSPORT", "smtp"),
        ("SMTP_URL", &url),
        ("SELVEDGE__NEWSLETTERS__LEASE_SECONDS", "2"),
        ("SELVEDGE__NEWSLETTERS__DOMAIN_PER_SECOND", "0"),
        ("SELVEDGE__NEWSLETTERS__DOMAIN_CONNECTIONS", "0"),
    ])
    .await
}

async fn started(program: &Program) -> Letter {
    let (db, now) = (program.db().await, Clock::system().now());
    let letter = Letter::to(
        &db,
        readers(MAILS, &["a.example", "b.example", "c.example"]),
        now,
    )
    .await;
    letter.start(now).await;
    letter
}

/// Waits until so many mails are out.
async fn until(sink: &Sink, count: usize, program: &Program) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while sink.count() < count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} mails\n{}",
            sink.count(),
            program.words()
        );
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

async fn ended(letter: &Letter, program: &Program) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while letter.state().await != NewsletterState::Sent {
        assert!(
            Instant::now() < deadline,
            "{:?}\n{}",
            letter.counts().await,
            program.words()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every recipient has one end or is in doubt, nobody has two copies, and nobody who is said to have one has none.
async fn is_whole(letter: &Letter, sink: &Sink) -> i64 {
    let counts = letter.counts().await;
    let of = |state| counts.get(&state).copied().unwrap_or(0);
    let (sent, doubt) = (of(DeliveryState::Sent), of(DeliveryState::Unknown));
    assert_eq!(sent + doubt, i64::try_from(MAILS).unwrap(), "{counts:?}");
    let copies = sink.copies();
    assert!(
        copies.values().all(|copies| *copies == 1),
        "nobody gets two by itself"
    );
    let out = i64::try_from(copies.len()).unwrap();
    assert!(out >= sent && out <= sent + doubt, "{out} {sent} {doubt}");
    doubt
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newsletter_survives_thirty_kills() {
    let mut chance = Chance::new("thirty kills of a newsletter");
    let sink = Sink::start().await;
    sink.slow(Duration::from_millis(4));
    let mut program = program(&sink).await;
    let letter = started(&program).await;
    let has_two = database::server().is_some();
    let mut second = has_two.then(|| program.worker());
    program.start(None).await;
    let began = Instant::now();
    for number in 0..KILLS {
        let after = number * (MAILS - 1_000) / KILLS + 60 + chance.below(60);
        until(&sink, after, &program).await;
        tokio::time::sleep(Duration::from_micros(chance.roll() % 5_000)).await;
        match second.take().filter(|_| number % 2 == 1) {
            Some(child) => {
                kill(child);
                second = Some(program.worker());
            }
            None => {
                program.kill();
                program.start(None).await;
            }
        }
        if has_two && second.is_none() {
            second = Some(program.worker());
        }
    }
    println!(
        "{KILLS} kills in {:?}, {} mails out",
        began.elapsed(),
        sink.count()
    );
    ended(&letter, &program).await;
    let doubt = is_whole(&letter, &sink).await;
    println!("ended after {:?}, {doubt} in doubt", began.elapsed());
    let bound = i64::try_from(KILLS * LINES).unwrap();
    assert!(
        doubt <= bound,
        "{doubt} in doubt after {KILLS} kills of {LINES} lines"
    );
    // A person has all of them sent again: nobody is missed, and those who get two are within the bound.
    let (id, by, now) = (letter.id, letter.by, Clock::system().now());
    let open = letter
        .db
        .read(move |conn| in_doubt(conn, id))
        .await
        .unwrap();
    assert_eq!(open, doubt);
    letter
        .db
        .tx(move |conn| decide(conn, id, (None, Doubt::SendAgain), by, now))
        .await
        .unwrap();
    if doubt > 0 {
        assert_eq!(letter.state().await, NewsletterState::Sending);
    }
    ended(&letter, &program).await;
    let copies = sink.copies();
    assert_eq!(copies.len(), MAILS, "missing");
    let duplicates: usize = copies.values().map(|copies| copies - 1).sum();
    println!("{duplicates} duplicates of at most {bound}");
    assert!(duplicates <= KILLS * LINES);
    if let Some(child) = second {
        kill(child);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_freezes_sends_nothing_twice() {
    let sink = Sink::start().await;
    sink.slow(Duration::from_millis(4));
    let mut program = program(&sink).await;
    let letter = started(&program).await;
    program.start(None).await;
    // Three times longer than its lease, three times.
    for count in [500, 1_200, 2_000] {
        until(&sink, count, &program).await;
        program.signal("-STOP");
        // On SQLite a frozen process may hold the writer; on PostgreSQL another one goes on meanwhile.
        let second = database::server().map(|_| program.worker());
        tokio::time::sleep(Duration::from_secs(6)).await;
        program.signal("-CONT");
        if let Some(child) = second {
            tokio::time::sleep(Duration::from_secs(1)).await;
            kill(child);
        }
    }
    ended(&letter, &program).await;
    let doubt = is_whole(&letter, &sink).await;
    println!("{doubt} in doubt after three freezes");
    assert!(doubt <= i64::try_from(6 * LINES).unwrap());
}

//! Newsletters on their way, over a real mail server that misbehaves: N1 to N6, N13, N17, N18, N23.

use std::time::Duration;

use diesel::prelude::*;
use selvedge::db::schema::{deliveries, newsletters, sendings, subscriptions};
use selvedge::deliveries::ops::{self, Doubt};
use selvedge::deliveries::{DeliveryState, PauseWhy, schedule};
use selvedge::each;
use selvedge::kernel::{Json, Timestamp};
use selvedge::newsletters::NewsletterState;
use selvedge::segments::{Audience, refused};
use selvedge::subscribers::model::by_email;
use selvedge::subscribers::{SubscriberId, SubscriptionState, Why};

use crate::harness::letters::{Letter, readers};
use crate::harness::sink::{Mood, Sink};
use crate::harness::verifier::{Verifier, keys_in};
use crate::harness::world::{CAMPAIGN, World};

/// A world whose mail goes to `sink`, without limits.
async fn world(sink: &Sink, more: &[(&str, &str)]) -> World {
    let url = sink.url();
    let mut settings = vec![
        ("mail.transport", "smtp"),
        ("mail.smtp_url", url.as_str()),
        ("mail.timeout_seconds", "2"),
        ("newsletters.domain_per_second", "0"),
        ("newsletters.domain_connections", "0"),
    ];
    settings.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    settings.extend_from_slice(more);
    World::with(&settings).await
}

async fn letter(world: &World, addresses: Vec<String>) -> Letter {
    Letter::to(&world.app.site.db, addresses, world.clock.now()).await
}

async fn deliver(world: &World) {
    world.app.engine.deliver_due().await.unwrap();
}

fn minutes(world: &World, minutes: i64) {
    world.clock.advance(chrono::Duration::minutes(minutes));
}

fn named(names: &[&str]) -> Vec<String> {
    names
        .iter()
        .map(|name| format!("{name}@example.org"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_one_copy_with_all_that_bulk_mail_must_carry() {
    let sink = Sink::start().await;
    let back = [("newsletters.bounce_domain", "back.selvedge.example")];
    let world = world(&sink, &back).await;
    let letter = letter(&world, readers(600, &["one.example", "two.example"])).await;
    let now = world.clock.now();
    assert!(letter.start(now).await);
    assert!(!letter.start(now).await, "the second click does nothing");
    deliver(&world).await;
    assert_eq!(letter.count(DeliveryState::Sent).await, 600);
    assert_eq!(letter.state().await, NewsletterState::Sent);
    let copies = sink.copies();
    assert_eq!(copies.len(), 600);
    assert!(copies.values().all(|copies| *copies == 1));
    for one in sink.taken() {
        let header = |name: &str| {
            one.header(name)
                .unwrap_or_else(|| panic!("{name} is missing"))
        };
        assert!(header("From").ends_with("<campaign@selvedge.example>"));
        assert!(header("To").ends_with(&format!("<{}>", one.to)));
        assert!(header("Message-ID").starts_with("<del_"));
        assert!(header("Message-ID").ends_with("@selvedge.example>"));
        assert!(header("List-Id").ends_with(".lists.selvedge.example>"));
        assert_eq!(
            header("List-Unsubscribe-Post"),
            "List-Unsubscribe=One-Click"
        );
        let leave = header("List-Unsubscribe");
        assert!(
            leave.starts_with(&format!("<{}/unsubscribe/", world.base)),
            "{leave}"
        );
        assert!(leave.contains(">, <mailto:u+"), "{leave}");
        assert_eq!(header("Precedence"), "bulk");
        assert!(header("Content-Type").starts_with("multipart/alternative"));
        for name in ["Date", "Subject", "MIME-Version", "Feedback-ID"] {
            header(name);
        }
        assert_eq!(one.header("Auto-Submitted"), None);
        assert!(one.from.starts_with("b+") && one.from.ends_with("@back.selvedge.example"));
        assert!(one.message.lines().all(|line| line.len() <= 998));
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_a_server_has_its_consequence() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let names = ["good", "grey", "busy", "gone", "drop", "late"];
    let letter = letter(&world, named(&names)).await;
    letter.start(world.clock.now()).await;
    deliver(&world).await;
    let state = |name: &'static str| {
        let letter = letter.clone();
        async move { letter.of(&format!("{name}@example.org")).await }
    };
    assert_eq!(state("good").await.0, DeliveryState::Sent);
    let gone = state("gone").await;
    assert_eq!((gone.0, gone.1), (DeliveryState::Failed, Some(550)));
    assert!(gone.2.contains("no such person"), "{}", gone.2);
    // A line that was used before tries a 421 again over a new one, so `busy` may be out already.
    for later in ["grey", "late"] {
        assert_eq!(state(later).await.0, DeliveryState::Queued, "{later}");
    }
    // Taken, and no answer came: in doubt, and nothing but a person sends it again (N2).
    assert_eq!(state("drop").await.0, DeliveryState::Unknown);
    assert_eq!(sink.copies()["drop@example.org"], 1);
    minutes(&world, 1);
    deliver(&world).await;
    assert_eq!(state("grey").await.0, DeliveryState::Sent);
    assert_eq!(state("busy").await.0, DeliveryState::Sent);
    // 1, 5, 15, 60, 240 minutes, up to two days.
    for (wait, tries) in [(5, 3), (15, 4), (60, 5), (240, 6), (240, 7)] {
        minutes(&world, wait - 1);
        deliver(&world).await;
        assert_eq!(
            state("late").await.3,
            tries - 1,
            "not before {wait} minutes"
        );
        minutes(&world, 1);
        deliver(&world).await;
        assert_eq!(state("late").await.3, tries);
    }
    assert_eq!(letter.state().await, NewsletterState::Sending);
    for _ in 0..12 {
        minutes(&world, 241);
        deliver(&world).await;
    }
    let late = state("late").await;
    assert_eq!((late.0, late.1), (DeliveryState::Failed, Some(451)));
    assert_eq!(letter.state().await, NewsletterState::Sent);
    assert!(
        sink.copies().values().all(|copies| *copies == 1),
        "{:?}",
        sink.copies()
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_doubt_is_decided_by_a_person_and_failed_ones_alone_are_tried_again() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let letter = letter(&world, named(&["good", "deny", "drop1", "drop2"])).await;
    let (id, by, now) = (letter.id, letter.by, world.clock.now());
    letter.start(now).await;
    deliver(&world).await;
    assert_eq!(letter.state().await, NewsletterState::Sent);
    let db = world.app.site.db.clone();
    let decide = |what| {
        let db = db.clone();
        async move {
            db.tx(move |conn| ops::decide(conn, id, (None, what), by, now))
                .await
                .unwrap()
        }
    };
    assert_eq!(decide(Doubt::SendAgain).await, 2);
    assert_eq!(letter.state().await, NewsletterState::Sending);
    deliver(&world).await;
    assert_eq!(sink.copies()["drop1@example.org"], 2);
    let ids: Vec<String> = sink
        .taken()
        .iter()
        .filter(|one| one.to.starts_with("drop1"))
        .map(|one| one.header("Message-ID").unwrap())
        .collect();
    assert_eq!(
        ids[0], ids[1],
        "a reader's program may see that it is the same"
    );
    assert_eq!(decide(Doubt::Leave).await, 2);
    assert_eq!(decide(Doubt::Leave).await, 0);
    assert_eq!(decide(Doubt::SendAgain).await, 0, "that was decided");
    let retry = || {
        let db = db.clone();
        async move {
            db.tx(move |conn| ops::retry_failed(conn, id, None, by, now))
                .await
                .unwrap()
        }
    };
    assert_eq!(retry().await, 1);
    assert_eq!(retry().await, 0);
    deliver(&world).await;
    assert_eq!(sink.copies()["good@example.org"], 1);
    assert_eq!(letter.count(DeliveryState::Failed).await, 1);
    world.done().await;
}

/// A server that is away, silent, or somebody else: nobody is blamed, and after three times the newsletter halts.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_server_halts_the_newsletter_and_blames_no_recipient() {
    let silent = Sink::in_mood(Mood::Silent).await;
    let wrong = Sink::in_mood(Mood::WrongCertificate).await;
    let ask = Sink::start().await;
    let away = {
        let sink = Sink::start().await;
        sink.url()
    };
    for (url, names) in [
        (silent.url(), named(&["a", "b", "c"])),
        (wrong.url(), named(&["a", "b", "c"])),
        (ask.url(), named(&["ask1", "ask2", "ask3"])),
        (away, named(&["a", "b", "c"])),
    ] {
        let world = world(
            &ask,
            &[("mail.smtp_url", &url), ("mail.timeout_seconds", "1")],
        )
        .await;
        let letter = letter(&world, names).await;
        letter.start(world.clock.now()).await;
        for _ in 0..3 {
            assert_eq!(letter.state().await, NewsletterState::Sending, "{url}");
            deliver(&world).await;
            minutes(&world, 1);
        }
        assert_eq!(letter.state().await, NewsletterState::Paused, "{url}");
        let id = letter.id;
        let why: Option<PauseWhy> = world
            .app
            .site
            .db
            .read(move |conn| {
                Ok(each!(conn, c => sendings::table.find(id).select(sendings::paused_why).first(c))?)
            })
            .await
            .unwrap();
        assert_eq!(why, Some(PauseWhy::Connection));
        assert_eq!(letter.count(DeliveryState::Queued).await, 3, "{url}");
        let tries: i64 = world
            .app
            .site
            .db
            .read(move |conn| {
                let tried = deliveries::table
                    .filter(deliveries::newsletter_id.eq(id))
                    .filter(deliveries::attempts.gt(0))
                    .count();
                Ok(each!(conn, c => tried.get_result(c))?)
            })
            .await
            .unwrap();
        assert_eq!(tries, 0, "{url}");
        world.done().await;
    }
    assert_eq!(wrong.count() + ask.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_refusals_halt_a_newsletter() {
    let sink = Sink::start().await;
    let world = world(&sink, &[("newsletters.connections", "2")]).await;
    let mut addresses = readers(40, &["example.org"]);
    addresses.extend((0..400).map(|number| format!("gone{number}@example.org")));
    let letter = letter(&world, addresses).await;
    letter.start(world.clock.now()).await;
    deliver(&world).await;
    assert_eq!(letter.state().await, NewsletterState::Paused);
    let failed = letter.count(DeliveryState::Failed).await;
    assert!((5..40).contains(&failed), "{failed}");
    world.done().await;
}

/// N5: who leaves mid-run, or is suppressed, gets nothing that a server has not got already.
#[tokio::test(flavor = "multi_thread")]
async fn leaving_takes_effect_for_what_no_server_has_yet() {
    let sink = Sink::start().await;
    sink.slow(Duration::from_millis(20));
    let world = world(&sink, &[]).await;
    let letter = letter(&world, readers(1_500, &["example.org"])).await;
    letter.start(world.clock.now()).await;
    let engine = world.app.engine.clone();
    let running = tokio::spawn(async move { engine.deliver_due().await });
    while sink.count() < 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A hundred who have nothing yet: those last in the queue, and the very next.
    let (id, now) = (letter.id, world.clock.now());
    let left: Vec<SubscriberId> = world
        .app
        .site
        .db
        .tx(move |conn| {
            let waiting = |most: i64, is_held: bool| {
                let state = if is_held { DeliveryState::Sending } else { DeliveryState::Queued };
                deliveries::table
                    .filter(deliveries::newsletter_id.eq(id))
                    .filter(deliveries::state.eq(state))
                    .filter(deliveries::handed_at.is_null())
                    .select(deliveries::subscriber_id)
                    .limit(most)
            };
            let mut people: Vec<SubscriberId> = each!(conn, c => waiting(50, true).load(c))?;
            let more: Vec<SubscriberId> = each!(conn, c => waiting(50, false).load(c))?;
            people.extend(more);
            let theirs = subscriptions::table.filter(subscriptions::subscriber_id.eq_any(&people));
            each!(conn, c => diesel::update(theirs)
                .set((subscriptions::state.eq(SubscriptionState::Left), subscriptions::changed_at.eq(now)))
                .execute(c))?;
            Ok(people)
        })
        .await
        .unwrap();
    let at = tokio::time::Instant::now();
    running.await.unwrap().unwrap();
    assert!(left.len() >= 90, "{}", left.len());
    let addresses: std::collections::BTreeSet<String> = world
        .app
        .site
        .db
        .read(move |conn| {
            use selvedge::db::schema::subscribers;
            let query = subscribers::table
                .filter(subscribers::id.eq_any(&left))
                .select(subscribers::email);
            let all: Vec<String> = each!(conn, c => query.load(c))?;
            Ok(all.into_iter().collect())
        })
        .await
        .unwrap();
    let late = sink
        .taken()
        .iter()
        .filter(|one| addresses.contains(&one.to) && one.at > at + Duration::from_secs(1))
        .count();
    assert_eq!(late, 0);
    let skipped = letter.count(DeliveryState::Skipped).await;
    let sent = letter.count(DeliveryState::Sent).await;
    assert_eq!(skipped + sent, 1_500);
    assert!(skipped >= 40, "{skipped}");
    world.done().await;
}

/// A season's participants are on no list of it: one click, which nobody sees an answer to, must end it all the same (N7).
#[tokio::test(flavor = "multi_thread")]
async fn one_click_out_of_a_mail_to_participants_is_out() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let letter = letter(&world, named(&["reader"])).await;
    let now = world.clock.now();
    selvedge::segments::participants::make_known(&world.app.site.db, now)
        .await
        .unwrap();
    let audience = Audience {
        lists: vec![letter.list],
        participants: Some(world.season(CAMPAIGN).await),
        ..Audience::default()
    };
    let (id, meant) = (letter.id, audience.clone());
    world
        .app
        .site
        .db
        .tx(move |conn| {
            let one = newsletters::table.find(id);
            each!(conn, c => diesel::update(one).set(newsletters::audience.eq(Json(meant.clone()))).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    letter.start(now).await;
    deliver(&world).await;
    let taken = sink.taken();
    for address in ["reader@example.org", "maya-roy@example.org"] {
        let mail = taken.iter().find(|one| one.to == address).unwrap();
        let link = mail.header("List-Unsubscribe").unwrap();
        let link = link.split(['<', '>']).nth(1).unwrap();
        let answer = world.http.post(link).body("List-Unsubscribe=One-Click");
        assert_eq!(answer.send().await.unwrap().status().as_u16(), 200);
        let (email, audience) = (address.parse().unwrap(), audience.clone());
        let refused = world
            .app
            .site
            .db
            .read(move |conn| {
                let person = by_email(conn, &email)?.unwrap().id;
                Ok(refused(conn, &[person], &audience, None)?.remove(&person))
            })
            .await
            .unwrap();
        assert_eq!(refused, Some(Why::LeftAll), "{address}");
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_and_a_cancellation_stand_in_front_of_every_mail_that_is_not_out() {
    let sink = Sink::start().await;
    sink.slow(Duration::from_millis(10));
    let world = world(&sink, &[]).await;
    let letter = letter(&world, readers(1_200, &["example.org"])).await;
    let (id, by) = (letter.id, letter.by);
    letter.start(world.clock.now()).await;
    let engine = world.app.engine.clone();
    let running = tokio::spawn(async move { engine.deliver_due().await });
    while sink.count() < 60 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (db, now) = (world.app.site.db.clone(), world.clock.now());
    let paused = db
        .tx(move |conn| ops::pause(conn, id, (Some(by), PauseWhy::Staff, ""), now))
        .await
        .unwrap();
    assert!(paused);
    let out = sink.count();
    running.await.unwrap().unwrap();
    // No more than was in hand: eight lines.
    assert!(sink.count() <= out + 8, "{out} {}", sink.count());
    assert_eq!(letter.state().await, NewsletterState::Paused);
    assert_eq!(letter.count(DeliveryState::Sending).await, 0);
    db.tx(move |conn| ops::resume(conn, id, by, now))
        .await
        .unwrap();
    let engine = world.app.engine.clone();
    let running = tokio::spawn(async move { engine.deliver_due().await });
    while sink.count() < 300 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    db.tx(move |conn| ops::cancel(conn, id, by, now))
        .await
        .unwrap();
    let out = sink.count();
    running.await.unwrap().unwrap();
    assert!(sink.count() <= out + 8);
    deliver(&world).await;
    let counts = letter.counts().await;
    assert_eq!(
        counts.keys().copied().collect::<Vec<_>>(),
        [DeliveryState::Sent, DeliveryState::Skipped]
    );
    assert_eq!(counts.values().sum::<i64>(), 1_200);
    assert!(sink.copies().values().all(|copies| *copies == 1));
    world.done().await;
}

/// N17: the domain's rate holds in every window of a second, and no domain waits for another.
#[tokio::test(flavor = "multi_thread")]
async fn no_domain_gets_more_in_a_second_than_it_should() {
    let sink = Sink::start().await;
    let limits = [
        ("newsletters.domain_per_second", "20"),
        ("newsletters.domain_connections", "2"),
    ];
    let world = world(&sink, &limits).await;
    let domains = [
        "a.example",
        "b.example",
        "c.example",
        "gmail.com",
        "googlemail.com",
    ];
    let letter = letter(&world, readers(500, &domains)).await;
    letter.start(world.clock.now()).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let engine = world.app.engine.clone();
    let running = tokio::spawn(async move { engine.run(stopped).await });
    let began = tokio::time::Instant::now();
    while letter.state().await != NewsletterState::Sent {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{:?}",
            letter.counts().await
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.send_replace(true);
    running.await.unwrap();
    let taken = sink.taken();
    assert_eq!(taken.len(), 500);
    for lane in [&domains[..1], &domains[1..2], &domains[2..3], &domains[3..]] {
        let times: Vec<_> = taken
            .iter()
            .filter(|one| {
                lane.iter()
                    .any(|domain| one.to.ends_with(&format!("@{domain}")))
            })
            .map(|one| one.at)
            .collect();
        let windows = times.windows(21);
        let tightest = windows.map(|few| few[20] - few[0]).min().unwrap();
        assert!(
            tightest >= Duration::from_millis(990),
            "{lane:?}: {tightest:?}"
        );
        // 100 at 20 a second take five seconds, the two that are one domain ten.
        let whole = *times.last().unwrap() - times[0];
        let ideal = Duration::from_millis(50 * times.len() as u64);
        assert!(
            whole < ideal + Duration::from_secs(6),
            "{lane:?}: {whole:?}"
        );
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_starts_by_itself_but_asks_when_it_is_an_hour_late() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let db = world.app.site.db.clone();
    let mut letters = Vec::new();
    for _ in 0..2 {
        let letter = letter_to_one(&world, letters.len()).await;
        let (plan, now) = (letter.plan(), world.clock.now());
        let at = now.plus(chrono::Duration::hours(letters.len() as i64 * 3 + 1));
        db.tx(move |conn| ops::schedule(conn, &plan, at, now))
            .await
            .unwrap();
        letters.push(letter);
    }
    deliver(&world).await;
    assert_eq!(letters[0].state().await, NewsletterState::Scheduled);
    minutes(&world, 61);
    deliver(&world).await;
    assert_eq!(letters[0].state().await, NewsletterState::Sent);
    // Nothing runs for four hours: the second one is more than an hour late.
    minutes(&world, 4 * 60 + 5);
    deliver(&world).await;
    assert_eq!(letters[1].state().await, NewsletterState::Asking);
    assert_eq!(sink.count(), 1);
    assert!(
        letters[1].start(world.clock.now()).await,
        "a person says yes"
    );
    deliver(&world).await;
    assert_eq!(sink.count(), 2);
    world.done().await;
}

async fn letter_to_one(world: &World, number: usize) -> Letter {
    letter(world, vec![format!("only{number}@example.org")]).await
}

/// N18: a database that came out of a backup sends nothing until somebody says that it is the one that counts; and what was
/// in its midst when everything stood still for an hour halts.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_sends_nothing_and_a_long_silence_halts_what_was_under_way() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let db = world.app.site.db.clone();
    let letter = letter_to_one(&world, 0).await;
    letter.start(world.clock.now()).await;
    db.tx(schedule::hold).await.unwrap();
    deliver(&world).await;
    minutes(&world, 10);
    deliver(&world).await;
    assert_eq!(sink.count(), 0, "0 mails after a restore");
    // What the other installation may have sent does not go by itself even then.
    let (id, by, now) = (letter.id, letter.by, world.clock.now());
    assert!(db.tx(move |c| schedule::let_go(c, now)).await.unwrap());
    assert!(!db.tx(move |c| schedule::let_go(c, now)).await.unwrap());
    deliver(&world).await;
    assert_eq!(letter.state().await, NewsletterState::Paused);
    assert_eq!(sink.count(), 0);
    db.tx(move |conn| ops::resume(conn, id, by, now))
        .await
        .unwrap();
    // A process that starts two hours after the last one lived.
    minutes(&world, 120);
    let config = &world.app.site.config;
    let other = selvedge::deliveries::Engine::open(
        config,
        db.clone(),
        world.clock.clone(),
        Default::default(),
    )
    .await
    .unwrap();
    other.deliver_due().await.unwrap();
    assert_eq!(letter.state().await, NewsletterState::Paused);
    assert_eq!(sink.count(), 0);
    let (id, by, now) = (letter.id, letter.by, world.clock.now());
    db.tx(move |conn| ops::resume(conn, id, by, now))
        .await
        .unwrap();
    other.deliver_due().await.unwrap();
    assert_eq!(sink.count(), 1);
    world.done().await;
}

/// N1: recipients that died with their worker: what no server had goes again, what one may have had is in doubt, and a
/// worker that comes back late clears its doubt up, but never over a person's decision.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_workers_recipients_are_told_apart() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let letter = letter(&world, readers(10, &["example.org"])).await;
    let db = world.app.site.db.clone();
    letter.start(world.clock.now()).await;
    // The rows of a worker that died: eight claimed, three of them handed over. They are made before anything is sent.
    let id = letter.id;
    let held = freeze_and_hold(&world, &letter).await;
    assert_eq!(held, 10);
    minutes(&world, 6);
    deliver(&world).await;
    assert_eq!(letter.count(DeliveryState::Sent).await, 7);
    assert_eq!(letter.count(DeliveryState::Unknown).await, 3);
    assert_eq!(sink.count(), 7);
    let doubts = db
        .read(move |conn| selvedge::deliveries::model::in_doubt(conn, id))
        .await
        .unwrap();
    assert_eq!(doubts, 3);
    assert_eq!(letter.state().await, NewsletterState::Sent);
    world.done().await;
}

async fn freeze_and_hold(world: &World, letter: &Letter) -> i64 {
    let (id, now) = (letter.id, world.clock.now());
    let db = world.app.site.db.clone();
    // The engine freezes; held, it sends nothing.
    db.tx(schedule::hold).await.unwrap();
    deliver(world).await;
    let by = letter.by;
    db.tx(move |c| {
        schedule::let_go(c, now)?;
        ops::resume(c, id, by, now)
    })
    .await
    .unwrap();
    let until: Timestamp = now.plus(chrono::Duration::minutes(5));
    db.tx(move |conn| {
        let all = deliveries::table.filter(deliveries::newsletter_id.eq(id));
        let held = each!(conn, c => diesel::update(all)
            .set((
                deliveries::state.eq(DeliveryState::Sending),
                deliveries::lease_token.eq(Some("dead:0")),
                deliveries::lease_until.eq(Some(until)),
            ))
            .execute(c))?;
        let some: Vec<selvedge::deliveries::DeliveryId> = each!(conn, c => deliveries::table
            .filter(deliveries::newsletter_id.eq(id))
            .select(deliveries::id)
            .limit(3)
            .load(c))?;
        each!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq_any(some)))
            .set(deliveries::handed_at.eq(Some(now)))
            .execute(c))?;
        Ok(i64::try_from(held).unwrap())
    })
    .await
    .unwrap()
}

/// Two engines over one database (on PostgreSQL that is two instances): one copy each.
#[tokio::test(flavor = "multi_thread")]
async fn two_engines_share_a_newsletter_and_nobody_gets_two() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let letter = letter(&world, readers(2_000, &["a.example", "b.example"])).await;
    letter.start(world.clock.now()).await;
    let config = world.app.site.config.clone();
    let (db, clock) = (world.app.site.db.clone(), world.clock.clone());
    let other = selvedge::deliveries::Engine::open(&config, db, clock, Default::default())
        .await
        .unwrap();
    let own = world.app.engine.clone();
    let (one, two) = tokio::join!(own.deliver_due(), other.deliver_due());
    one.unwrap();
    two.unwrap();
    deliver(&world).await;
    assert_eq!(sink.copies().len(), 2_000);
    assert!(sink.copies().values().all(|copies| *copies == 1));
    assert_eq!(letter.state().await, NewsletterState::Sent);
    let id = letter.id;
    let ended: Option<Timestamp> = world
        .app
        .site
        .db
        .read(move |conn| {
            Ok(each!(conn, c => newsletters::table.find(id).select(newsletters::ended_at).first(c))?)
        })
        .await
        .unwrap();
    assert!(ended.is_some());
    world.done().await;
}

/// N9: both signatures of every mail hold before an independent verifier, and a changed subject breaks them.
#[tokio::test(flavor = "multi_thread")]
async fn every_mail_is_signed_so_that_others_believe_it() {
    let folder = tempfile::tempdir().unwrap();
    let setting = keys_in(folder.path());
    let sink = Sink::start().await;
    let world = world(&sink, &[("mail.dkim", &setting)]).await;
    let letter = letter(&world, readers(50, &["example.org"])).await;
    letter.start(world.clock.now()).await;
    deliver(&world).await;
    let taken = sink.taken();
    assert_eq!(taken.len(), 50);
    let verifier = Verifier::new();
    for one in &taken {
        assert!(verifier.believes(&one.message, 2).await);
        let bent = one
            .message
            .replace("What your gifts did", "What your gifts dyd");
        assert_ne!(bent, one.message);
        assert!(!verifier.believes(&bent, 2).await, "a changed subject");
        let head = one.message.split("\r\n\r\n").next().unwrap();
        for kind in ["rsa-sha256", "ed25519-sha256"] {
            let signature = format!("DKIM-Signature: v=1; a={kind};");
            assert_eq!(head.matches(&signature).count(), 1);
        }
        for name in [
            "list-unsubscribe",
            "list-unsubscribe-post",
            "message-id",
            "mime-version",
        ] {
            assert!(head.contains(&format!(":{name}:")), "{name}");
        }
    }
    world.done().await;
}

/// N1: two readers become one while recipients are gathered; nobody behind them is forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_while_recipients_are_gathered_forgets_nobody() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let letter = letter(&world, readers(10_040, &["example.org"])).await;
    let db = world.app.site.db.clone();
    let (id, list, now) = (letter.id, letter.list, world.clock.now());
    // A row that went over to somebody of the second piece.
    db.tx(move |conn| {
        let query = subscriptions::table
            .filter(subscriptions::list_id.eq(list))
            .order(subscriptions::subscriber_id)
            .offset(10_020)
            .select(subscriptions::subscriber_id);
        let far: SubscriberId = each!(conn, c => query.first(c))?;
        let row = (
            deliveries::id.eq(selvedge::deliveries::DeliveryId::new()),
            deliveries::newsletter_id.eq(id),
            deliveries::subscriber_id.eq(far),
            deliveries::variant.eq("a"),
            deliveries::domain.eq("example.org"),
            deliveries::state.eq(DeliveryState::Sent),
            deliveries::run_at.eq(now),
            deliveries::attempts.eq(1),
            deliveries::changed_at.eq(now),
        );
        each!(conn, c => diesel::insert_into(deliveries::table).values(row).execute(c))?;
        schedule::hold(conn)
    })
    .await
    .unwrap();
    letter.start(now).await;
    deliver(&world).await;
    assert_eq!(letter.count(DeliveryState::Queued).await, 10_039);
    world.done().await;
}

/// One newsletter that cannot be worked on holds up no other; after some tries it halts.
#[tokio::test(flavor = "multi_thread")]
async fn a_newsletter_that_errs_stops_no_other() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let broken = letter(&world, named(&["a", "b"])).await;
    let sound = letter(&world, named(&["c", "d"])).await;
    broken.start(world.clock.now()).await;
    sound.start(world.clock.now()).await;
    let id = broken.id;
    world
        .app
        .site
        .db
        .tx(move |conn| {
            let one = newsletters::table.filter(newsletters::id.eq(id));
            each!(conn, c => diesel::update(one).set(newsletters::content.eq("{")).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    for _ in 0..12 {
        deliver(&world).await;
    }
    assert_eq!(sound.count(DeliveryState::Sent).await, 2);
    assert_eq!(broken.state().await, NewsletterState::Paused);
    assert_eq!(broken.count(DeliveryState::Queued).await, 2);
    world.done().await;
}

/// A newsletter by readers' own clocks, planned for the same evening, starts: that some clocks have passed the hour is no delay.
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_readers_clocks_may_be_near() {
    let sink = Sink::start().await;
    let world = world(&sink, &[]).await;
    let letter = letter(&world, named(&["a", "b"])).await;
    let (db, now) = (world.app.site.db.clone(), world.clock.now());
    let plan = ops::Plan {
        reader_time: true,
        ..letter.plan()
    };
    let at = now.plus(chrono::Duration::hours(3));
    db.tx(move |conn| ops::schedule(conn, &plan, at, now))
        .await
        .unwrap();
    deliver(&world).await;
    assert_eq!(letter.state().await, NewsletterState::Sending);
    assert_eq!(
        sink.count(),
        0,
        "their clocks are not known: the season's hour"
    );
    minutes(&world, 181);
    deliver(&world).await;
    assert_eq!(sink.count(), 2);
    world.done().await;
}

//! Sequences: whoever something happens to is enrolled once, each step is mailed once and never right after another mail, and the
//! simulator says what the job then does.

use diesel::prelude::*;
use selvedge::auth::Role;
use selvedge::db::Conn;
use selvedge::db::schema::{
    deliveries, newsletters, sequence_enrolments, sequence_outcomes, subscribers,
};
use selvedge::deliveries::DeliveryState;
use selvedge::each;
use selvedge::kernel::Timestamp;
use selvedge::segments::{Among, Rule, compile_rule, run as run_query};
use selvedge::sequences::{SequenceId, SequenceState, advance, enrol, model};
use selvedge::subscribers::{ListId, SubscriberId};

use crate::harness::people::Visitor;
use crate::harness::world::{CAMPAIGN, World};
use crate::payouts::OPEN;

fn sql(at: Timestamp) -> String {
    at.naive().format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

async fn run(world: &World, text: String) {
    world
        .app
        .site
        .db
        .tx(move |c| c.execute_batch(&text))
        .await
        .unwrap();
}

/// A list of the season, and how somebody joins it now.
async fn list(world: &World) -> ListId {
    let id = ListId::new();
    let now = sql(world.clock.now());
    run(world, format!("INSERT INTO lists (id, campaign_id, slug, name, about, is_public, created_at) SELECT '{id}', c.id, 'friends', 'Friends', '', TRUE, '{now}' FROM campaigns c WHERE c.slug = '{CAMPAIGN}'")).await;
    id
}

async fn join(world: &World, address: &str, list: ListId) -> SubscriberId {
    let id = SubscriberId::new();
    let now = sql(world.clock.now());
    run(world, format!("INSERT INTO subscribers (id, email, email_folded, name, language, country, token, created_at) VALUES ('{id}', '{address}', '{address}', 'Maria', 'en', 'US', 'tok-{id}', '{now}'); INSERT INTO subscriptions (list_id, subscriber_id, state, changed_at) VALUES ('{list}', '{id}', 'confirmed', '{now}')")).await;
    id
}

async fn coordinator(world: &World) -> Visitor {
    let user = world.user("carla@staff.example", Role::Coordinator).await;
    world.visitor(Some(user)).await
}

/// The same, signed in anew: days have passed.
async fn again(world: &World) -> Visitor {
    let user = world.user_of("carla@staff.example").await;
    world.visitor(Some(user)).await
}

/// A sequence of so many steps, each a subject and the days it waits, made through the console.
async fn sequence(
    world: &World,
    who: &Visitor,
    form: &[(&str, &str)],
    steps: &[(&str, &str)],
) -> SequenceId {
    let id = SequenceId::new();
    let text = id.to_string();
    let mut all = vec![
        ("id", text.as_str()),
        ("name", "Welcome"),
        ("campaign", CAMPAIGN),
        ("days_between", "2"),
    ];
    all.retain(|(name, _)| form.iter().all(|(other, _)| other != name));
    all.extend_from_slice(form);
    let place = world.send(who, "/console/sequences", &all).await;
    assert!(
        place.starts_with(&format!("/console/sequences/{id}")),
        "{place}"
    );
    for (subject, wait) in steps {
        let form = [("subject", *subject), ("wait_days", *wait), ("at_hour", "")];
        world
            .send(who, &format!("/console/sequences/{id}/steps"), &form)
            .await;
    }
    id
}

async fn switch(world: &World, who: &Visitor, id: SequenceId, word: &str) {
    // A step's mail is written where newsletters are; without words it is not switched on.
    run(world, format!("UPDATE newsletters SET content = '{{\"blocks\":[{{\"kind\":\"text\",\"words\":\"Good morning.\"}}]}}' WHERE content = '' AND sequence_step_id IN (SELECT id FROM sequence_steps WHERE sequence_id = '{id}')")).await;
    world
        .send(who, &format!("/console/sequences/{id}"), &[("do", word)])
        .await;
}

/// One turn of the job.
async fn turn(world: &World) -> (usize, usize) {
    let (db, now) = (&world.app.site.db, world.clock.now());
    let enrolled = enrol(db, now).await.unwrap();
    let mailed = advance(db, "selvedge.example", now).await.unwrap().mailed;
    // What waits for the server holds the next mail back.
    world.app.engine.deliver_due().await.unwrap();
    (enrolled, mailed)
}

fn days(world: &World, days: i64) {
    world.clock.advance(chrono::Duration::days(days));
}

/// The subjects of what is on its way to somebody, in order.
async fn mails(world: &World, to: SubscriberId) -> Vec<String> {
    let query = move |c: &mut Conn| {
        let query = deliveries::table
            .inner_join(newsletters::table.on(newsletters::id.eq(deliveries::newsletter_id)))
            .filter(deliveries::subscriber_id.eq(to))
            .order((deliveries::run_at, newsletters::slug))
            .select(newsletters::subject);
        Ok(each!(c, c => query.load(c))?)
    };
    world.app.site.db.read(query).await.unwrap()
}

async fn standing(world: &World, id: SequenceId) -> Vec<(String, String)> {
    let query = move |c: &mut Conn| {
        let query = sequence_enrolments::table
            .filter(sequence_enrolments::sequence_id.eq(id))
            .order(sequence_enrolments::subscriber_id)
            .select((sequence_enrolments::state, sequence_enrolments::why));
        Ok(each!(c, c => query.load(c))?)
    };
    world.app.site.db.read(query).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_up_gets_each_step_once_and_in_its_time() {
    let world = World::starting_with("2026-11-20T10:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let friends = list(&world).await;
    let early = join(&world, "early@example.org", friends).await;
    let text = friends.to_string();
    let form = [("trigger", "signed_up"), ("list", text.as_str())];
    let id = sequence(
        &world,
        &carla,
        &form,
        &[
            ("Hello", "0"),
            ("Tell a friend", "3"),
            ("How is it going", "4"),
        ],
    )
    .await;
    assert_eq!(turn(&world).await, (0, 0), "a draft does nothing");
    days(&world, 1);
    let carla = again(&world).await;
    switch(&world, &carla, id, "on").await;
    let maria = join(&world, "maria@example.org", friends).await;
    assert_eq!(turn(&world).await, (1, 1));
    assert_eq!(turn(&world).await, (0, 0), "nobody twice");
    assert_eq!(mails(&world, maria).await, ["Hello"]);
    assert_eq!(
        mails(&world, early).await,
        [""; 0],
        "it happened before it was switched on"
    );
    let rows = world.app.site.db.read(move |c| {
        let query =
            deliveries::table.select((deliveries::state, deliveries::domain, deliveries::variant));
        Ok(each!(c, c => query.load::<(DeliveryState, String, String)>(c))?)
    });
    assert_eq!(
        rows.await.unwrap(),
        [(DeliveryState::Sent, "example.org".into(), "a".into())]
    );
    days(&world, 2);
    assert_eq!(turn(&world).await, (0, 0));
    days(&world, 1);
    assert_eq!(turn(&world).await, (0, 1));
    days(&world, 4);
    assert_eq!(turn(&world).await, (0, 1));
    assert_eq!(
        mails(&world, maria).await,
        ["Hello", "Tell a friend", "How is it going"]
    );
    assert_eq!(
        standing(&world, id).await,
        [("done".into(), "past the last step".into())]
    );
    days(&world, 30);
    assert_eq!(turn(&world).await, (0, 0));
    let carla = again(&world).await;
    let page = world
        .look(&carla, &format!("/console/sequences/{id}"))
        .await;
    assert!(page.contains("0 people on their way · 1 through"), "{page}");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_right_after_another_mail_of_whatever_kind() {
    let world = World::starting_with("2026-11-20T10:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let friends = list(&world).await;
    let text = friends.to_string();
    let form = [
        ("trigger", "signed_up"),
        ("list", text.as_str()),
        ("days_between", "3"),
    ];
    let form: Vec<(&str, &str)> = form.into_iter().collect();
    let one = sequence(&world, &carla, &form, &[("One", "0")]).await;
    let two = sequence(&world, &carla, &form, &[("Two", "0")]).await;
    switch(&world, &carla, one, "on").await;
    switch(&world, &carla, two, "on").await;
    let maria = join(&world, "maria@example.org", friends).await;
    assert_eq!(turn(&world).await, (2, 1), "two are due, one finds room");

    let now = sql(world.clock.now().plus(chrono::Duration::days(1)));
    // The coach wrote to her too, a day later.
    run(&world, format!("UPDATE subscribers SET user_id = (SELECT owner_id FROM pages WHERE slug = 'johanna-lindqvist') WHERE id = '{maria}'; INSERT INTO coaching_mails (page_id, kind, key, user_id, decided_at, is_mailed) SELECT q.a, 'tips', 'x', q.b, '{now}', TRUE FROM (SELECT x.id AS a, x.owner_id AS b FROM pages x WHERE x.slug = 'johanna-lindqvist') q")).await;
    days(&world, 3);
    assert_eq!(
        turn(&world).await,
        (0, 0),
        "three days after the step, two after the coach"
    );
    days(&world, 1);
    assert_eq!(turn(&world).await, (0, 1));
    assert_eq!(mails(&world, maria).await.len(), 2);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_gets_no_more_and_a_condition_passes_over() {
    let world = World::starting_with("2026-11-20T10:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let friends = list(&world).await;
    // A segment that ends the sequence, and one for a single step.
    let segment = |name: &'static str, country: &'static str| {
        let (world, carla) = (&world, &carla);
        async move {
            let form = [
                ("name", name),
                ("campaign", CAMPAIGN),
                ("n.0.part", "all"),
                ("n.0.0.part", "country"),
                ("n.0.0.country", country),
                ("do", "save"),
            ];
            let place = world.send(carla, "/console/segments", &form).await;
            place
                .trim_start_matches("/console/segments/")
                .split('?')
                .next()
                .unwrap()
                .to_owned()
        }
    };
    let (indian, french) = (
        segment("In India", "IN").await,
        segment("In France", "FR").await,
    );
    let text = friends.to_string();
    let form = [
        ("trigger", "signed_up"),
        ("list", text.as_str()),
        ("leaves", indian.as_str()),
    ];
    let id = sequence(&world, &carla, &form, &[("Hello", "0")]).await;
    let step = [
        ("subject", "For France"),
        ("wait_days", "3"),
        ("at_hour", ""),
        ("step_segment", french.as_str()),
    ];
    world
        .send(&carla, &format!("/console/sequences/{id}/steps"), &step)
        .await;
    let last = [("subject", "Goodbye"), ("wait_days", "1"), ("at_hour", "")];
    world
        .send(&carla, &format!("/console/sequences/{id}/steps"), &last)
        .await;
    switch(&world, &carla, id, "on").await;
    let stays = join(&world, "stays@example.org", friends).await;
    let moves = join(&world, "moves@example.org", friends).await;
    let leaves = join(&world, "leaves@example.org", friends).await;
    assert_eq!(turn(&world).await, (3, 3));
    run(&world, format!("UPDATE subscribers SET country = 'IN' WHERE id = '{moves}'; UPDATE subscriptions SET state = 'left' WHERE subscriber_id = '{leaves}'")).await;
    days(&world, 3);
    assert_eq!(
        turn(&world).await,
        (0, 0),
        "the step for France is for none of them"
    );
    days(&world, 1);
    assert_eq!(turn(&world).await, (0, 1));
    assert_eq!(mails(&world, stays).await, ["Hello", "Goodbye"]);
    assert_eq!(mails(&world, moves).await, ["Hello"]);
    assert_eq!(mails(&world, leaves).await, ["Hello"]);
    let mut ends = standing(&world, id).await;
    ends.sort();
    let ends: Vec<&str> = ends.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(
        ends,
        [
            "past the last step",
            "left_list",
            "the sequence’s end came about"
        ]
    );
    let outcomes = world.app.site.db.read(move |c| {
        let query = sequence_outcomes::table
            .filter(sequence_outcomes::subscriber_id.eq(stays))
            .order(sequence_outcomes::at)
            .select(sequence_outcomes::outcome);
        Ok(each!(c, c => query.load::<String>(c))?)
    });
    assert_eq!(outcomes.await.unwrap(), ["mailed", "passed", "mailed"]);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_gift_a_page_and_a_season_that_ends_are_noticed() {
    let world = World::starting_with("2026-12-10T18:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let friends = list(&world).await;
    let text = friends.to_string();
    let on = |trigger: &'static str, number: &'static str, who: &'static str| {
        let (world, carla, text) = (&world, &carla, text.as_str());
        async move {
            let mut form = vec![("trigger", trigger), ("number", number)];
            form.push(if who == "list" {
                ("list", text)
            } else {
                ("participants", "1")
            });
            let id = sequence(world, carla, &form, &[(trigger, "0")]).await;
            switch(world, carla, id, "on").await;
        }
    };
    on("first_gift", "", "list").await;
    on("page_live", "", "own").await;
    on("milestone", "50", "own").await;
    on("season_ends", "10", "own").await;
    on("no_gift", "20", "list").await;
    on("recurring_failed", "", "list").await;
    let donor = join(&world, "asha@example.org", friends).await;
    let owner = join(
        &world,
        "owner@example.org",
        ListId::new_listless(&world).await,
    )
    .await;
    run(&world, format!("UPDATE subscribers SET user_id = (SELECT owner_id FROM pages WHERE slug = 'maya-roy') WHERE id = '{owner}'; UPDATE pages SET published_at = '{}' WHERE slug = 'maya-roy'", sql(world.clock.now()))).await;
    world.clock.advance(chrono::Duration::minutes(1));
    assert_eq!(turn(&world).await, (1, 1));
    assert_eq!(mails(&world, owner).await, ["page_live"]);
    // Far from its half until staff lower the goal.
    run(
        &world,
        "UPDATE pages SET goal = 900000000 WHERE slug = 'maya-roy'".to_owned(),
    )
    .await;
    let gift = world.paid(&World::gift(500_000)).await;
    world.app.engine.deliver_due().await.unwrap();
    run(&world, format!("UPDATE subscribers SET supporter_id = (SELECT supporter_id FROM donations WHERE id = '{gift}') WHERE id = '{donor}'; UPDATE pages SET goal = 600000 WHERE slug = 'maya-roy'")).await;
    days(&world, 3);
    // The first gift was seen when it was settled: her address is known, so she is the donor (N19).
    assert_eq!(turn(&world).await, (1, 1));
    assert_eq!(mails(&world, donor).await, ["first_gift"]);
    assert_eq!(mails(&world, owner).await, ["page_live", "milestone"]);
    days(&world, 18);
    assert_eq!(turn(&world).await, (1, 1));
    assert_eq!(mails(&world, donor).await, ["first_gift", "no_gift"]);
    // Ten days before 31 January, at nine in the morning there.
    days(&world, 21);
    let (enrolled, mailed) = turn(&world).await;
    assert!(
        enrolled > 1 && enrolled == mailed,
        "every participant of the season"
    );
    assert_eq!(
        mails(&world, owner).await,
        ["page_live", "milestone", "season_ends"]
    );
    days(&world, 60);
    assert_eq!(turn(&world).await, (0, 0));
    world.done().await;
}

/// A list that nobody asks for.
trait Listless {
    async fn new_listless(world: &World) -> ListId;
}

impl Listless for ListId {
    async fn new_listless(world: &World) -> Self {
        let id = Self::new();
        let now = sql(world.clock.now());
        run(world, format!("INSERT INTO lists (id, slug, name, about, is_public, created_at) VALUES ('{id}', 'others', 'Others', '', FALSE, '{now}')")).await;
        id
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn off_means_off_and_only_then_can_it_be_changed() {
    let world = World::starting_with("2026-11-20T10:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let friends = list(&world).await;
    let text = friends.to_string();
    let form = [("trigger", "signed_up"), ("list", text.as_str())];
    let id = sequence(&world, &carla, &form, &[]).await;
    let here = format!("/console/sequences/{id}");
    let early = world.ask(&carla, "POST", &here, &[("do", "on")]).await;
    assert_eq!(early.status, 409, "{}", early.text);
    let steps = format!("{here}/steps");
    let bad = world
        .ask(
            &carla,
            "POST",
            &steps,
            &[("subject", "Hello"), ("wait_days", "soon")],
        )
        .await;
    assert!(
        bad.status == 422 && bad.text.contains("value=\"Hello\""),
        "{}",
        bad.text
    );
    world
        .send(&carla, &steps, &[("subject", "Hello"), ("wait_days", "0")])
        .await;
    switch(&world, &carla, id, "on").await;
    let late = world
        .ask(
            &carla,
            "POST",
            &steps,
            &[("subject", "More"), ("wait_days", "0")],
        )
        .await;
    assert_eq!(late.status, 409, "{}", late.text);
    switch(&world, &carla, id, "off").await;
    let maria = join(&world, "maria@example.org", friends).await;
    assert_eq!(turn(&world).await, (0, 0));
    switch(&world, &carla, id, "on").await;
    assert_eq!(
        turn(&world).await,
        (1, 1),
        "it happened since it was first switched on"
    );
    assert_eq!(mails(&world, maria).await, ["Hello"]);
    switch(&world, &carla, id, "off").await;
    switch(&world, &carla, id, "archive").await;
    let kept = world
        .app
        .site
        .db
        .read(move |c| model::by_id(c, id))
        .await
        .unwrap();
    assert_eq!(kept.state, SequenceState::Archived);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_workers_at_once_mail_nobody_twice() {
    let world = World::starting_with("2026-11-20T10:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let friends = list(&world).await;
    let text = friends.to_string();
    let form = [("trigger", "signed_up"), ("list", text.as_str())];
    let id = sequence(&world, &carla, &form, &[("Hello", "0")]).await;
    switch(&world, &carla, id, "on").await;
    let now = sql(world.clock.now());
    let mut all = String::new();
    for n in 0..1_200 {
        all.push_str(&format!("INSERT INTO subscribers (id, email, email_folded, name, language, country, token, created_at) VALUES ('sub_{n:032}', 'n{n}@example.org', 'n{n}@example.org', '', '', '', 't{n}', '{now}'); INSERT INTO subscriptions (list_id, subscriber_id, state, changed_at) VALUES ('{friends}', 'sub_{n:032}', 'confirmed', '{now}');"));
    }
    run(&world, all).await;
    let (db, now) = (&world.app.site.db, world.clock.now());
    let both = futures_util::future::join3(
        async {
            (
                enrol(db, now).await,
                advance(db, "selvedge.example", now).await,
            )
        },
        async {
            (
                enrol(db, now).await,
                advance(db, "selvedge.example", now).await,
            )
        },
        async {
            (
                enrol(db, now).await,
                advance(db, "selvedge.example", now).await,
            )
        },
    );
    let (a, b, c) = both.await;
    let enrolled: usize = [a.0, b.0, c.0].into_iter().map(|done| done.unwrap()).sum();
    let mut mailed: usize = [a.1, b.1, c.1]
        .into_iter()
        .map(|done| done.unwrap().mailed)
        .sum();
    mailed += advance(db, "selvedge.example", now).await.unwrap().mailed;
    assert_eq!((enrolled, mailed), (1_200, 1_200));
    let rows = db.read(move |c| {
        let query = subscribers::table
            .inner_join(deliveries::table.on(deliveries::subscriber_id.eq(subscribers::id)))
            .count();
        Ok(each!(c, c => query.get_result::<i64>(c))?)
    });
    assert_eq!(rows.await.unwrap(), 1_200);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_says_what_the_job_then_does() {
    let world = World::starting_with("2026-12-01T09:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let friends = list(&world).await;
    let text = friends.to_string();
    let form = [("trigger", "signed_up"), ("list", text.as_str())];
    let id = sequence(
        &world,
        &carla,
        &form,
        &[("Hello", "0"), ("Again", "1"), ("At last", "10")],
    )
    .await;
    switch(&world, &carla, id, "on").await;
    let maria = join(&world, "maria@example.org", friends).await;
    let page = world
        .look(
            &carla,
            "/console/simulator?who=maria@example.org&from=2026-12-01&until=2026-12-31",
        )
        .await;
    assert!(page.contains("3 mails"), "{page}");
    for said in [
        "because they signed up",
        "“Again” waits: they had a mail within 2 days",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let stranger = world
        .ask(
            &carla,
            "GET",
            "/console/simulator?who=nobody@example.org&from=2026-12-01&until=2026-12-31",
            &[],
        )
        .await;
    assert_eq!(stranger.status, 422);
    // December, a day at a time.
    let mut came = Vec::new();
    for day in 1..=31 {
        let before = mails(&world, maria).await.len();
        turn(&world).await;
        came.extend(
            mails(&world, maria)
                .await
                .into_iter()
                .skip(before)
                .map(|subject| (day, subject)),
        );
        days(&world, 1);
    }
    assert_eq!(
        came,
        [
            (1, "Hello".into()),
            (3, "Again".into()),
            (13, "At last".into())
        ]
    );
    for day in ["1 December", "3 December", "13 December"] {
        assert!(page.contains(day), "{day}: {page}");
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_edit_the_coachs_tips() {
    let world = World::starting_with("2026-11-25T20:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let page = world
        .look(&carla, &format!("/console/tips?campaign={CAMPAIGN}"))
        .await;
    assert!(
        page.contains("Be the first thread") && page.contains("built-in series"),
        "{page}"
    );
    let version = page
        .split("name=\"version\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let form = [
        ("campaign", CAMPAIGN),
        ("version", version.as_str()),
        ("key0", "first-day"),
        ("title0", "It starts"),
        ("text0", "One paragraph.\r\n\r\nAnother one."),
        ("days0", "0"),
        ("from0", "start"),
        ("least_days0", "1"),
        ("act0", "Go"),
        ("tool0", "diary"),
        ("key1", ""),
        ("title1", "Half way"),
        ("text1", "Still here?"),
        ("days1", "x"),
        ("from1", "start"),
        ("act1", "Look"),
        ("tool1", ""),
    ];
    let wrong = world.ask(&carla, "POST", "/console/tips", &form).await;
    assert!(
        wrong.status == 422 && wrong.text.contains("Still here?"),
        "{}",
        wrong.text
    );
    let good: Vec<(&str, &str)> = form
        .iter()
        .map(|(a, b)| (*a, if *b == "x" { "15" } else { b }))
        .collect();
    world.send(&carla, "/console/tips", &good).await;
    let page = world
        .look(&carla, &format!("/console/tips?campaign={CAMPAIGN}"))
        .await;
    assert!(
        page.contains("a series of its own") && page.contains("value=\"own-1\""),
        "{page}"
    );
    assert!(!page.contains("Be the first thread"), "{page}");
    let again = world.ask(&carla, "POST", "/console/tips", &good).await;
    assert_eq!(again.status, 409, "somebody saved it since");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_has_segments_that_read_well_and_a_sequence_that_runs() {
    let world = World::with(OPEN).await;
    let carla = world.user("carla@staff.example", Role::Coordinator).await;
    let (seed, now) = (selvedge::demo::SegmentSeed::new(), world.clock.now());
    world
        .app
        .site
        .db
        .tx(move |c| selvedge::demo::segments(c, &seed, carla, now))
        .await
        .unwrap();
    let carla = world.visitor(Some(carla)).await;
    let page = world.look(&carla, "/console/segments").await;
    for said in [
        "Gave last year, not yet this year",
        "gave $100 or more in all in “",
        "that raised less than 10 % of its goal, or who have a page",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = world.look(&carla, "/console/sequences").await;
    assert!(
        page.contains("3 steps, because their page went live"),
        "{page}"
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn participants_are_known_without_a_list_once_each() {
    let world = World::with(OPEN).await;
    let friends = list(&world).await;
    // One of them is a subscriber already, under the same address.
    let query = |c: &mut Conn| {
        use selvedge::db::schema::{pages, users};
        let query = users::table
            .inner_join(pages::table.on(pages::owner_id.eq(users::id.nullable())))
            .filter(pages::slug.eq("johanna-lindqvist"))
            .select(users::email);
        Ok(each!(c, c => query.first::<String>(c))?)
    };
    let address = world.app.site.db.read(query).await.unwrap();
    let johanna = join(&world, &address, friends).await;
    let (db, now) = (&world.app.site.db, world.clock.now());
    let made = selvedge::segments::participants::make_known(db, now)
        .await
        .unwrap();
    assert!(made > 5, "{made}");
    assert_eq!(
        selvedge::segments::participants::make_known(db, now)
            .await
            .unwrap(),
        0
    );
    let linked = db.read(move |c| {
        let query = subscribers::table
            .find(johanna)
            .select(subscribers::user_id.is_not_null());
        Ok(each!(c, c => query.first::<bool>(c))?)
    });
    assert!(linked.await.unwrap());
    let reached = db.read(move |c| {
        let of = Among::Reachable(None);
        let who = compile_rule(c, of, (&Rule::default(), None), now)?;
        run_query::count(c, &who)
    });
    let reached = usize::try_from(reached.await.unwrap()).unwrap();
    assert!(
        reached > 5 && reached <= made,
        "{reached} of {made}: drafts are nobody's yet"
    );
    world.done().await;
}

/// What happens to everybody at once is told on its day; a share of a goal is reached once; another trigger begins anew.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_late_of_what_is_over() {
    let world = World::starting_with("2027-01-27T10:00:00Z", OPEN).await;
    let carla = coordinator(&world).await;
    let friends = list(&world).await;
    let text = friends.to_string();
    let ends = [
        ("trigger", "season_ends"),
        ("number", "3"),
        ("list", text.as_str()),
    ];
    let id = sequence(&world, &carla, &ends, &[("Three days left", "0")]).await;
    switch(&world, &carla, id, "on").await;
    let early = join(&world, "early@example.org", friends).await;
    days(&world, 2);
    assert_eq!(turn(&world).await, (1, 1));
    assert_eq!(mails(&world, early).await, ["Three days left"]);
    days(&world, 2);
    join(&world, "late@example.org", friends).await;
    assert_eq!(turn(&world).await, (0, 0), "the day is over");
    world.done().await;
}

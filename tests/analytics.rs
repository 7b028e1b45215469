//! Analytics: off by default; without names unless a reader agreed; machines told apart; gifts that follow a link.

use diesel::prelude::*;
use selvedge::analytics::report::{Reaction, reactions};
use selvedge::analytics::{Counting, HitKind, settings};
use selvedge::db::schema::{deliveries, newsletter_signs, newsletters, subscribers};
use selvedge::deliveries::DeliveryState;
use selvedge::deliveries::ops;
use selvedge::each;
use selvedge::newsletters::NewsletterId;
use selvedge::subscribers::SubscriberId;
use selvedge::subscribers::model::by_email;
use serde_json::Value;

use crate::harness::letters::Letter;
use crate::harness::people::fields_of;
use crate::harness::world::{CAMPAIGN, World};
use crate::payouts::OPEN;

const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
const READERS: [&str; 3] = ["maya@example.net", "ravi@example.net", "asha@example.org"];

/// A newsletter with links to a page of ours and to three other places, to three readers.
async fn letter(world: &World) -> Letter {
    let addresses = READERS.map(str::to_owned).to_vec();
    let letter = Letter::to(&world.app.site.db, addresses, world.clock.now()).await;
    let words = "Dear {{first_name|friend}}, [give]({{give_url}}), [one](https://one.example/a?b=c&d=e), [two](https://two.example/), [three](https://three.example/).";
    let content = serde_json::json!({ "blocks": [{ "kind": "text", "words": words }] }).to_string();
    let id = letter.id;
    world
        .app
        .site
        .db
        .tx(move |c| {
            c.execute_batch(&format!("UPDATE newsletters SET campaign_id = (SELECT id FROM campaigns WHERE slug = '{CAMPAIGN}') WHERE id = '{id}'"))?;
            let one = newsletters::table.filter(newsletters::id.eq(id));
            each!(c, c => diesel::update(one).set(newsletters::content.eq(&content)).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    letter
}

async fn count(world: &World, letter: &Letter, counting: Counting) {
    let (by, now) = (letter.by, world.clock.now());
    world
        .app
        .site
        .db
        .tx(move |c| settings::set(c, counting, by, now))
        .await
        .unwrap();
}

const ALL: Counting = Counting {
    opens: true,
    clicks: true,
};

/// A reader ticks, or unticks, the box of their preference centre.
async fn agree(world: &World, address: &str, wants: bool) {
    let email = address.parse().unwrap();
    let reader = world
        .app
        .site
        .db
        .read(move |c| by_email(c, &email))
        .await
        .unwrap()
        .unwrap();
    let visitor = world.visitor(None).await;
    let path = format!("/preferences/{}", reader.token);
    let page = world.look(&visitor, &path).await;
    let kept = fields_of(&page, &path);
    let mut form: Vec<(&str, &str)> = Vec::new();
    for (name, values) in &kept {
        if ["list", "topic", "name"].contains(&name.as_str()) {
            form.extend(values.iter().map(|value| (name.as_str(), value.as_str())));
        }
    }
    if wants {
        form.push(("counted", "1"));
    }
    form.push(("act", "save"));
    world.send(&visitor, &path, &form).await;
}

async fn send(world: &World, letter: &Letter) {
    letter.start(world.clock.now()).await;
    world.app.engine.deliver_due().await.unwrap();
    // Nobody reads within the first seconds.
    world.clock.advance(chrono::Duration::seconds(30));
}

async fn html_to(world: &World, address: &str) -> String {
    let mails = world.mails_to(address).await;
    mails[0]["html"].as_str().unwrap().to_owned()
}

/// The counted addresses of a mail, in their order: links, and the pixel.
fn counted(html: &str, base: &str) -> (Vec<String>, Option<String>) {
    let begin = format!("{base}/n/");
    let mut links = Vec::new();
    let mut pixel = None;
    for part in html.split('"').filter(|part| part.starts_with(&begin)) {
        if part.ends_with("/open.gif") {
            pixel = Some(part.to_owned());
        } else if !links.contains(&part.to_owned()) {
            links.push(part.to_owned());
        }
    }
    (links, pixel)
}

/// A person's browser follows an address; answers where it leads.
async fn follow(world: &World, url: &str, agent: &str) -> (u16, String) {
    let answer = world
        .http
        .get(url)
        .header("user-agent", agent)
        .send()
        .await
        .unwrap();
    let to = answer.headers().get("location");
    let to = to.map_or_else(String::new, |value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to)
}

async fn reaction(world: &World, id: NewsletterId) -> Reaction {
    let found = world.app.site.db.read(move |c| reactions(c, &[id])).await;
    found.unwrap().remove(&id).unwrap_or_default()
}

async fn signs(world: &World) -> Vec<(String, String, i32)> {
    world
        .app
        .site
        .db
        .read(|c| {
            let query = newsletter_signs::table
                .inner_join(
                    subscribers::table.on(subscribers::id.eq(newsletter_signs::subscriber_id)),
                )
                .order((newsletter_signs::kind, newsletter_signs::link))
                .select((
                    subscribers::email,
                    newsletter_signs::kind,
                    newsletter_signs::link,
                ));
            Ok(each!(c, c => query.load(c))?)
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_counted_unless_somebody_switches_it_on() {
    let world = World::with(OPEN).await;
    let letter = letter(&world).await;
    agree(&world, READERS[0], true).await;
    send(&world, &letter).await;
    for reader in READERS {
        let html = html_to(&world, reader).await;
        assert_eq!(counted(&html, &world.base), (Vec::new(), None));
        assert!(html.contains("https://two.example/"), "{html}");
    }
    let nothing = Reaction {
        agreed: 1,
        ..Reaction::default()
    };
    assert_eq!(reaction(&world, letter.id).await, nothing);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_are_counted_without_names_and_with_them_of_whoever_agreed() {
    let world = World::with(OPEN).await;
    let letter = letter(&world).await;
    count(&world, &letter, ALL).await;
    agree(&world, "maya@example.net", true).await;
    send(&world, &letter).await;
    let (mayas, pixel) = counted(&html_to(&world, "maya@example.net").await, &world.base);
    let (ravis, none) = counted(&html_to(&world, "ravi@example.net").await, &world.base);
    let (ashas, _) = counted(&html_to(&world, "asha@example.org").await, &world.base);
    assert_eq!(none, None, "no picture for who did not agree");
    assert_eq!(ravis, ashas, "who did not agree has everybody's address");
    assert_eq!(ravis.len(), 4);
    assert!(mayas.iter().all(|link| !ravis.contains(link)));

    // Where links lead: our own pages hear of the newsletter, others of nothing.
    let id = letter.id;
    let (status, to) = follow(&world, &ravis[0], FIREFOX).await;
    assert_eq!(status, 303);
    assert!(
        to.ends_with(&format!(
            "/give/dressember-2026?utm_source={id}&utm_medium=newsletter"
        )),
        "{to}"
    );
    let (_, to) = follow(&world, &ravis[1], FIREFOX).await;
    assert_eq!(to, "https://one.example/a?b=c&d=e");
    assert_eq!(signs(&world).await, []);
    let (_, _) = follow(&world, &mayas[1], FIREFOX).await;
    let (status, _) = follow(&world, &pixel.unwrap(), FIREFOX).await;
    assert_eq!(status, 200);
    let maya = |kind: &str, link| ("maya@example.net".to_owned(), kind.to_owned(), link);
    assert_eq!(signs(&world).await, [maya("click", 1), maya("open", 0)]);
    let came = reaction(&world, id).await;
    assert_eq!((came.agreed, came.opened_by, came.clicked_by), (1, 1, 1));
    assert_eq!((came.of(HitKind::Click), came.of(HitKind::Open)), (3, 1));

    // Addresses that were made up lead nowhere and count nothing.
    for bad in [
        format!("{}x", ravis[0]),
        ravis[0].replace("/n/", "/n/A"),
        format!("{}9", ravis[0]),
    ] {
        assert_eq!(follow(&world, &bad, FIREFOX).await.0, 404, "{bad}");
    }
    assert_eq!(reaction(&world, id).await.of(HitKind::Click), 3);

    // While it is switched off links go on leading, and nothing is counted.
    count(&world, &letter, Counting::default()).await;
    assert_eq!(follow(&world, &ravis[2], FIREFOX).await.0, 303);
    assert_eq!(reaction(&world, id).await.of(HitKind::Click), 3);

    // A no takes what was noted; the counts without names stay.
    agree(&world, "maya@example.net", false).await;
    assert_eq!(signs(&world).await, []);
    count(&world, &letter, ALL).await;
    follow(&world, &mayas[2], FIREFOX).await;
    assert_eq!(
        signs(&world).await,
        [],
        "a mail that is out knows no better"
    );
    assert_eq!(reaction(&world, id).await.of(HitKind::Click), 4);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scanners_are_told_from_readers() {
    let world = World::with(OPEN).await;
    let letter = letter(&world).await;
    count(&world, &letter, ALL).await;
    agree(&world, "maya@example.net", true).await;
    letter.start(world.clock.now()).await;
    world.app.engine.deliver_due().await.unwrap();
    let (mayas, pixel) = counted(&html_to(&world, "maya@example.net").await, &world.base);
    let (ravis, _) = counted(&html_to(&world, "ravi@example.net").await, &world.base);
    // Sooner than anybody reads.
    follow(&world, &mayas[0], FIREFOX).await;
    world.clock.advance(chrono::Duration::seconds(60));
    // By name; a look at the head alone.
    follow(&world, &ravis[0], "curl/8.5.0").await;
    follow(&world, &pixel.unwrap(), "Mozilla/5.0").await;
    let head = world.http.head(&ravis[0]).header("user-agent", FIREFOX);
    head.send().await.unwrap();
    // One after the other, all at once.
    for link in &mayas {
        follow(&world, link, FIREFOX).await;
    }
    assert_eq!(
        signs(&world)
            .await
            .iter()
            .filter(|sign| sign.1 == "click")
            .count(),
        0
    );
    world.clock.advance(chrono::Duration::seconds(60));
    // And then a person.
    follow(&world, &mayas[3], FIREFOX).await;
    let came = reaction(&world, letter.id).await;
    assert_eq!(came.clicked_by, 1);
    assert_eq!(came.of(HitKind::MachineOpen), 1);
    let (clicks, machines) = (came.of(HitKind::Click), came.of(HitKind::MachineClick));
    // Of the sweep the first two were taken for a person's until the third came; then they were taken back.
    assert_eq!((clicks, machines), (1, 7));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_follows_the_link_that_was_followed_last() {
    let world = World::with(OPEN).await;
    let coordinator = world
        .user("cora@example.org", selvedge::auth::Role::Owner)
        .await;
    let first = letter(&world).await;
    count(&world, &first, ALL).await;
    // Asha is known as a giver before; the second newsletter goes to the same three.
    agree(&world, "asha@example.org", true).await;
    send(&world, &first).await;
    let (links, _) = counted(&html_to(&world, "asha@example.org").await, &world.base);
    follow(&world, &links[1], FIREFOX).await;
    world.clock.advance(chrono::Duration::days(6));
    // By a reader who agreed: within a week.
    world.paid(&World::gift(5_000)).await;
    let came = reaction(&world, first.id).await;
    assert_eq!(came.gifts, 1);
    assert_eq!(
        came.given
            .iter()
            .map(|money| money.minor())
            .collect::<Vec<_>>(),
        [5_000]
    );
    world.clock.advance(chrono::Duration::days(2));
    world.paid(&World::gift(700)).await;
    assert_eq!(
        reaction(&world, first.id).await.gifts,
        1,
        "after a week it is over"
    );
    // By the link itself, whoever it is.
    let mut gift = World::gift(1_100);
    gift["donor"] = serde_json::json!({ "name": "Ravi", "email": "somebody@example.com" });
    gift["source"] = Value::String(first.id.to_string());
    world.paid(&gift).await;
    assert_eq!(reaction(&world, first.id).await.gifts, 2);
    // What is given back is not counted any more.
    let finance = world.visitor(Some(coordinator)).await;
    let page = world
        .look(
            &finance,
            &format!("/console/newsletters/{}/results", first.id),
        )
        .await;
    assert!(page.contains("$61"), "{page}");
    assert!(page.contains("in 2 gifts"), "{page}");
    let path = format!("/console/newsletters/{}/results.csv", first.id);
    let csv = world.look(&finance, &path).await;
    assert!(csv.contains("USD 6100"), "{csv}");
    let state = world.json("/sandbox/state").await;
    let sessions = state["sessions"].as_array().unwrap();
    let newest = sessions
        .iter()
        .find(|one| one["amount_total"] == 1_100)
        .unwrap();
    let newest = &newest["payment_intent"];
    let back = serde_json::json!({ "refund": { "payment_intent": newest, "amount": 1_100, "outcome": "succeeded" } });
    world.control(back).await;
    world.settle().await;
    assert_eq!(reaction(&world, first.id).await.gifts, 1);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_is_for_those_who_run_all_seasons() {
    let world = World::with(OPEN).await;
    let owner = world
        .user("owner@example.org", selvedge::auth::Role::Owner)
        .await;
    let owner = world.visitor(Some(owner)).await;
    let page = world.look(&owner, "/console/newsletters").await;
    assert!(page.contains("What is counted"), "{page}");
    let form = [("clicks", "1")];
    world
        .send(&owner, "/console/newsletters/counting", &form)
        .await;
    let now = world.app.site.db.read(settings::now).await.unwrap();
    assert_eq!(
        now,
        Counting {
            opens: false,
            clicks: true
        }
    );
    let page = world.look(&owner, "/console/newsletters").await;
    assert!(
        page.contains("name=\"clicks\" value=\"1\" checked"),
        "{page}"
    );
    world.done().await;
}

/// The subject whose readers followed more links goes to the rest, when the test has been waited for.
#[tokio::test(flavor = "multi_thread")]
async fn the_better_subject_of_a_test_goes_to_the_rest() {
    let world = World::with(OPEN).await;
    let addresses = (0..120)
        .map(|n| format!("r{n}@d{}.example", n % 30))
        .collect();
    let db = world.app.site.db.clone();
    let letter = Letter::to(&db, addresses, world.clock.now()).await;
    count(&world, &letter, ALL).await;
    let (id, now) = (letter.id, world.clock.now());
    let words = r#"{"blocks":[{"kind":"text","words":"[Read](https://one.example/)"}]}"#;
    db.tx(move |c| {
        let one = newsletters::table.filter(newsletters::id.eq(id));
        let texts = (
            newsletters::content.eq(words),
            newsletters::subject.eq("The first"),
            newsletters::subject_b.eq("The other"),
        );
        each!(c, c => diesel::update(one).set(texts).execute(c))?;
        let all = subscribers::table.filter(subscribers::email_folded.like("r%.example"));
        each!(c, c => diesel::update(all).set(subscribers::counted_since.eq(now)).execute(c))?;
        Ok(())
    })
    .await
    .unwrap();
    let plan = ops::Plan {
        test_percent: 50,
        test_minutes: 60,
        ..letter.plan()
    };
    db.tx(move |c| ops::start(c, &plan, now)).await.unwrap();
    let deliver = async || {
        // Ten domains' mails go in one second: the rest is put off.
        for _ in 0..6 {
            world.app.engine.deliver_due().await.unwrap();
            world.clock.advance(chrono::Duration::seconds(5));
        }
    };
    deliver().await;
    let by_variant = || {
        db.read(move |c| {
            let query = deliveries::table
                .filter(deliveries::newsletter_id.eq(id))
                .select((deliveries::variant, deliveries::subscriber_id));
            Ok(each!(c, c => query.load::<(String, SubscriberId)>(c))?)
        })
    };
    let of = |all: &[(String, SubscriberId)], word: &str| -> Vec<SubscriberId> {
        let own = all.iter().filter(|(variant, _)| variant == word);
        own.map(|(_, reader)| *reader).collect()
    };
    let all = by_variant().await.unwrap();
    let (a, b, waits) = (of(&all, "a"), of(&all, "b"), of(&all, "wait"));
    assert_eq!((a.len() + b.len(), waits.len()), (70, 50));
    assert!(a.len().abs_diff(b.len()) <= 1);
    let links = &world.app.subscribing.links;
    for reader in b.iter().take(5).chain(a.iter().take(2)) {
        let link = links.counted(&id, Some(*reader));
        assert_eq!(follow(&world, &format!("{link}/0"), FIREFOX).await.0, 303);
    }
    deliver().await;
    assert_eq!(
        of(&by_variant().await.unwrap(), "wait").len(),
        50,
        "an hour is waited for"
    );
    world.clock.advance(chrono::Duration::minutes(61));
    deliver().await;
    let all = by_variant().await.unwrap();
    assert_eq!(of(&all, "b").len(), b.len() + 50);
    assert_eq!(letter.count(DeliveryState::Sent).await, 120);
    let winner = db
        .read(move |c| selvedge::deliveries::model::sending(c, id))
        .await
        .unwrap();
    assert_eq!(winner.unwrap().test_winner.as_deref(), Some("b"));
    world.done().await;
}

//! Ten thousand mails, each of somebody who gave something else under another name: every one parses, is signed so that an
//! independent verifier believes it, and says what its own reader gave and nothing of anybody else (N6, N9).

use std::collections::BTreeSet;

use diesel::prelude::*;
use mail_parser::MessageParser;
use selvedge::db::schema::newsletters;
use selvedge::deliveries::DeliveryState;
use selvedge::each;

use crate::harness::letters::Letter;
use crate::harness::sink::Sink;
use crate::harness::verifier::{Verifier, keys_in};
use crate::harness::world::World;

const READERS: usize = 10_000;

const CONTENT: &str = r#"{"blocks":[
 {"kind":"text","words":"Dear {{name|friend}}, this season you gave {{given|nothing yet}}. [Where it is]({{gift_url|https://example.org/}})."},
 {"kind":"impact","nothing":"You gave nothing."}]}"#;

/// What is somebody's own in a mail: a name, an amount, secrets in links.
fn name(number: usize) -> String {
    format!("Rada{number:05}q")
}

/// Cents that nobody else gave: 10,000 dollars and some.
fn cents(number: usize) -> usize {
    1_000_000 + number
}

fn amount(number: usize) -> String {
    let (dollars, cents) = (cents(number) / 100, cents(number) % 100);
    let whole = format!("${},{:03}", dollars / 1_000, dollars % 1_000);
    match cents {
        0 => whole,
        cents => format!("{whole}.{cents:02}"),
    }
}

/// Readers who gave, as settled gifts leave them.
async fn readers(world: &World, letter: &Letter) {
    let now = world
        .clock
        .now()
        .naive()
        .format("%Y-%m-%d %H:%M:%S")
        .to_string();
    let list = letter.list;
    for piece in 0..READERS / 500 {
        let mut text = String::new();
        for n in piece * 500..(piece + 1) * 500 {
            let (name, cents) = (name(n), cents(n));
            let address = format!("reader{n}@d{}.example", n % 40);
            text.push_str(&format!("INSERT INTO supporters (id, email, email_folded, name, created_at) VALUES ('sup_{n:032}', '{address}', '{address}', '{name}', '{now}');"));
            text.push_str(&format!("INSERT INTO donations (id, campaign_id, policy_id, supporter_id, status, currency, amount, fee_cover, charged, refunded, donor_name, anonymous, hide_amount, token, created_at, checked_at, paid_at, method) SELECT 'don_{n:032}', c.id, (SELECT MIN(p.id) FROM allocation_policies p WHERE p.campaign_id = c.id), 'sup_{n:032}', 'paid', 'USD', {cents}, 0, {cents}, 0, '{name}', FALSE, FALSE, 'gift-{n:05}-secret', '{now}', '{now}', '{now}', 'online' FROM campaigns c WHERE c.slug = 'dressember-2026';"));
            text.push_str(&format!("INSERT INTO subscribers (id, email, email_folded, name, language, country, supporter_id, token, created_at) VALUES ('sub_{n:032}', '{address}', '{address}', '{name}', 'en', 'US', 'sup_{n:032}', 'pref-{n:05}-secret', '{now}');"));
            text.push_str(&format!("INSERT INTO subscriptions (list_id, subscriber_id, state, changed_at) VALUES ('{list}', 'sub_{n:032}', 'confirmed', '{now}');"));
        }
        world
            .app
            .site
            .db
            .tx(move |c| c.execute_batch(&text))
            .await
            .unwrap();
    }
}

/// Whatever in a text begins with `mark` and goes on with so many digits, and the digits.
fn numbers(text: &str, mark: &str, digits: usize) -> BTreeSet<usize> {
    text.match_indices(mark)
        .filter_map(|(at, _)| text.get(at + mark.len()..at + mark.len() + digits))
        .filter_map(|found| found.parse().ok())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_mails_carry_their_own_facts_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let setting = keys_in(folder.path());
    let sink = Sink::start().await;
    let world = World::with(&[
        ("mail.transport", "smtp"),
        ("mail.smtp_url", &sink.url()),
        ("mail.dkim", &setting),
        ("newsletters.domain_per_second", "0"),
        ("newsletters.domain_connections", "0"),
    ])
    .await;
    let letter = Letter::to(&world.app.site.db, Vec::new(), world.clock.now()).await;
    readers(&world, &letter).await;
    let id = letter.id;
    world
        .app
        .site
        .db
        .tx(move |c| {
            c.execute_batch(&format!("UPDATE newsletters SET campaign_id = (SELECT id FROM campaigns WHERE slug = 'dressember-2026') WHERE id = '{id}'"))?;
            let one = newsletters::table.filter(newsletters::id.eq(id));
            let texts = (
                newsletters::content.eq(CONTENT),
                newsletters::subject.eq("{{name|friend}}, where {{given|your gift}} went"),
            );
            each!(c, c => diesel::update(one).set(texts).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    letter.start(world.clock.now()).await;
    world.app.engine.deliver_due().await.unwrap();
    assert_eq!(
        letter.count(DeliveryState::Sent).await,
        i64::try_from(READERS).unwrap()
    );
    let taken = sink.taken();
    assert_eq!(taken.len(), READERS);
    let (verifier, parser) = (Verifier::new(), MessageParser::default());
    let mut seen = BTreeSet::new();
    for one in &taken {
        assert!(verifier.believes(&one.message, 2).await, "{}", one.to);
        let number: usize = one.to["reader".len()..one.to.find('@').unwrap()]
            .parse()
            .unwrap();
        seen.insert(number);
        let own = BTreeSet::from([number]);
        let mail = parser.parse(one.message.as_bytes()).unwrap();
        let (html, text) = (mail.body_html(0).unwrap(), mail.body_text(0).unwrap());
        let subject = mail.subject().unwrap();
        for part in [subject, &html, &text] {
            assert_eq!(numbers(part, "Rada", 5), own, "{part}");
            assert!(part.contains(&amount(number)), "{}: {part}", amount(number));
            // Whoever's it is: every amount of that size is this reader's.
            for (at, _) in part.match_indices("$10,") {
                assert!(part[at..].starts_with(&amount(number)), "{part}");
            }
        }
        for part in [&html, &text] {
            assert_eq!(numbers(part, "/gifts/gift-", 5), own, "{part}");
            assert_eq!(numbers(part, "/preferences/pref-", 5), own, "{part}");
            assert!(part.contains("/unsubscribe/"), "{part}");
        }
        let to = mail.to().unwrap().first().unwrap();
        assert_eq!(to.address().unwrap(), one.to);
        assert_eq!(to.name().unwrap(), name(number));
    }
    assert_eq!(seen.len(), READERS);
    world.done_beside_the_books().await;
}

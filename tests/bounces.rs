//! What comes back about a newsletter, through the doors it comes by: N14 to N16.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;
use selvedge::db::schema::{deliveries, subscribers, suppressions};
use selvedge::deliveries::return_path::Purpose;
use selvedge::deliveries::{DeliveryId, DeliveryState};
use selvedge::each;
use selvedge::newsletters::NewsletterState;

use crate::harness::letters::{Letter, readers};
use crate::harness::world::World;

const SECRET: &str = "a-secret-of-forty-three-letters-0123456789";

async fn world(more: &[(&str, &str)]) -> World {
    let mut settings = vec![
        ("newsletters.domain_per_second", "0"),
        ("newsletters.domain_connections", "0"),
        ("newsletters.bounce_domain", "back.selvedge.example"),
        ("newsletters.inbound_secret", SECRET),
        ("newsletters.postmark_secret", "postmark:hush"),
    ];
    settings.extend_from_slice(more);
    World::with(&settings).await
}

async fn sent(world: &World, count: usize) -> Letter {
    let db = &world.app.site.db;
    let letter = Letter::to(db, readers(count, &["example.net"]), world.clock.now()).await;
    letter.start(world.clock.now()).await;
    world.app.engine.deliver_due().await.unwrap();
    letter
}

async fn delivery(world: &World, letter: &Letter, address: &str) -> DeliveryId {
    let (id, address) = (letter.id, address.to_owned());
    world
        .app
        .site
        .db
        .read(move |conn| {
            Ok(each!(conn, c => deliveries::table
                .inner_join(subscribers::table.on(subscribers::id.eq(deliveries::subscriber_id)))
                .filter(deliveries::newsletter_id.eq(id))
                .filter(subscribers::email_folded.eq(address))
                .select(deliveries::id)
                .first(c))?)
        })
        .await
        .unwrap()
}

async fn suppressed(world: &World, address: &str) -> Option<String> {
    let address = address.to_owned();
    world
        .app
        .site
        .db
        .read(move |conn| {
            Ok(each!(conn, c => suppressions::table
                .find(address)
                .select(suppressions::reason)
                .first(c)
                .optional())?)
        })
        .await
        .unwrap()
}

async fn post(world: &World, door: &str, headers: &[(&str, &str)], body: Vec<u8>) -> u16 {
    let mut request = world
        .http
        .post(world.url(&format!("/webhooks/mail/{door}")));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).send().await.unwrap().status().as_u16()
}

fn dsn(to: &str, status: &str, number: usize) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@mx.example.net\nTo: <{to}>\nMessage-ID: <{number}@mx>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; x@example.net\nAction: failed\nStatus: {status}\n\n--b--\n"
    )
    .replace('\n', "\r\n")
    .into_bytes()
}

async fn bounce(world: &World, letter: &Letter, address: &str, status: &str, number: usize) {
    let id = delivery(world, letter, address).await;
    let path = &world.app.engine.house().return_path;
    let to = path.address(Purpose::Report, id).unwrap();
    let bearer = format!("Bearer {SECRET}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "message/rfc822"),
    ];
    let status = post(world, "inbound", &headers, dsn(to.as_str(), status, number)).await;
    assert_eq!(status, 200);
}

/// N14 as a table: a dead address at once, the third soft bounce of a month, never the first or an old one.
#[tokio::test(flavor = "multi_thread")]
async fn bounces_suppress_by_their_thresholds() {
    let world = world(&[]).await;
    let letter = sent(&world, 4).await;
    bounce(&world, &letter, "reader0@example.net", "5.1.1", 0).await;
    assert_eq!(
        suppressed(&world, "reader0@example.net").await.as_deref(),
        Some("hard_bounce")
    );
    let state = letter.of("reader0@example.net").await;
    assert_eq!(
        (state.0, state.2.as_str()),
        (DeliveryState::Bounced, "5.1.1")
    );
    let next = || async {
        let next = letter.another(world.clock.now()).await;
        next.start(world.clock.now()).await;
        world.app.engine.deliver_due().await.unwrap();
        next
    };
    let (second, third) = (next().await, next().await);
    // The same report twice counts once, and so do several about one mail: it is mails that come back.
    for number in [1, 1, 7, 8] {
        bounce(&world, &letter, "reader1@example.net", "5.2.2", number).await;
    }
    assert_eq!(suppressed(&world, "reader1@example.net").await, None);
    bounce(&world, &second, "reader1@example.net", "4.4.7", 2).await;
    assert_eq!(suppressed(&world, "reader1@example.net").await, None);
    world.clock.advance(chrono::Duration::days(29));
    bounce(&world, &third, "reader1@example.net", "5.7.1", 3).await;
    assert_eq!(
        suppressed(&world, "reader1@example.net").await.as_deref(),
        Some("soft_bounces")
    );
    // Two of a month ago and one of today are one of today.
    bounce(&world, &letter, "reader2@example.net", "5.2.2", 4).await;
    bounce(&world, &second, "reader2@example.net", "5.2.2", 5).await;
    world.clock.advance(chrono::Duration::days(31));
    bounce(&world, &third, "reader2@example.net", "5.2.2", 6).await;
    assert_eq!(suppressed(&world, "reader2@example.net").await, None);
    // A report about an address that its reader has left blames the new one for nothing.
    world
        .app
        .site
        .db
        .tx(|conn| {
            let moved =
                subscribers::table.filter(subscribers::email_folded.eq("reader3@example.net"));
            let to = ("reader3@elsewhere.example", "reader3@elsewhere.example");
            each!(conn, c => diesel::update(moved)
                .set((subscribers::email.eq(to.0), subscribers::email_folded.eq(to.1)))
                .execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    bounce(&world, &letter, "reader3@elsewhere.example", "5.1.1", 9).await;
    assert_eq!(suppressed(&world, "reader3@elsewhere.example").await, None);
    // Who is suppressed gets no other newsletter.
    let next = Letter::to(
        &world.app.site.db,
        vec!["new@example.net".into()],
        world.clock.now(),
    )
    .await;
    let (list, now) = (next.list, world.clock.now());
    world
        .app
        .site
        .db
        .tx(move |conn| {
            use selvedge::db::schema::subscriptions;
            let everybody = subscriptions::table.filter(subscriptions::list_id.ne(list));
            each!(conn, c => diesel::update(everybody).set((
                subscriptions::list_id.eq(list),
                subscriptions::changed_at.eq(now),
            )).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    next.start(world.clock.now()).await;
    world.app.engine.deliver_due().await.unwrap();
    assert_eq!(
        next.count(DeliveryState::Sent).await,
        3,
        "two of five are suppressed"
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_or_too_large_changes_nothing() {
    let world = world(&[]).await;
    let letter = sent(&world, 1).await;
    let id = delivery(&world, &letter, "reader0@example.net").await;
    let path = &world.app.engine.house().return_path;
    let to = path.address(Purpose::Report, id).unwrap().to_string();
    let bearer = format!("Bearer {SECRET}");
    let genuine = [("authorization", bearer.as_str())];
    for wrong in ["", "Bearer ", "Bearer wrong", SECRET] {
        let headers = [("authorization", wrong)];
        assert_eq!(
            post(&world, "inbound", &headers, dsn(&to, "5.1.1", 0)).await,
            403,
            "{wrong}"
        );
    }
    let bent = to.replacen("b+", "b+0", 1);
    assert_eq!(
        post(&world, "inbound", &genuine, dsn(&bent, "5.1.1", 0)).await,
        200
    );
    let mut large = dsn(&to, "5.1.1", 0);
    large.resize(10 * 1024 * 1024, b'x');
    assert_eq!(post(&world, "inbound", &genuine, large).await, 413);
    assert_eq!(
        post(&world, "sendgrid", &[], b"[]".to_vec()).await,
        404,
        "a door without a key is closed"
    );
    assert_eq!(suppressed(&world, "reader0@example.net").await, None);
    assert_eq!(
        letter.of("reader0@example.net").await.0,
        DeliveryState::Sent
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_believed_by_their_signatures() {
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
    let random = ring::rand::SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap();
    // The head of a P-256 public key's DER (RFC 5480), then its point.
    let mut key = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").unwrap();
    key.extend_from_slice(pair.public_key().as_ref());
    let key = STANDARD.encode(key);
    let world = world(&[("newsletters.sendgrid_key", &key)]).await;
    let letter = sent(&world, 4).await;
    let body = serde_json::json!([
        { "event": "delivered", "email": "reader0@example.net", "sg_event_id": "a" },
        { "event": "bounce", "email": "reader0@example.net", "status": "5.1.1", "sg_event_id": "b", "new": 1 },
        { "event": "spamreport", "email": "Reader1@Example.net", "sg_event_id": "c" },
        { "event": "bounce", "email": "stranger@example.net", "status": "5.1.1", "sg_event_id": "d" },
    ])
    .to_string()
    .into_bytes();
    let sign = |at: i64, body: &[u8]| {
        let mut signed = at.to_string().into_bytes();
        signed.extend_from_slice(body);
        STANDARD.encode(pair.sign(&random, &signed).unwrap())
    };
    let now = world.clock.now().seconds();
    let ask = async |at: i64, signature: &str, body: &[u8]| {
        let at = at.to_string();
        let headers = [
            ("x-twilio-email-event-webhook-signature", signature),
            ("x-twilio-email-event-webhook-timestamp", at.as_str()),
        ];
        post(&world, "sendgrid", &headers, body.to_vec()).await
    };
    let good = sign(now, &body);
    assert_eq!(ask(now, &good, b"[]").await, 403, "another body");
    assert_eq!(ask(now + 1, &good, &body).await, 403, "another time");
    assert_eq!(ask(now, "", &body).await, 403);
    assert_eq!(
        ask(now - 3_600, &sign(now - 3_600, &body), &body).await,
        403,
        "sent again later"
    );
    assert_eq!(suppressed(&world, "reader0@example.net").await, None);
    assert_eq!(ask(now, &good, &body).await, 200);
    assert_eq!(
        suppressed(&world, "reader0@example.net").await.as_deref(),
        Some("hard_bounce")
    );
    assert_eq!(
        suppressed(&world, "reader1@example.net").await.as_deref(),
        Some("complaint")
    );
    assert_eq!(
        letter.of("reader0@example.net").await.0,
        DeliveryState::Bounced
    );
    // Postmark, by user and password.
    let body = |kind: &str, to: &str| {
        serde_json::json!({ "RecordType": "Bounce", "Type": kind, "Email": to, "ID": 7 })
            .to_string()
    };
    let basic = |words: &str| format!("Basic {}", STANDARD.encode(words));
    let hard = body("HardBounce", "reader2@example.net").into_bytes();
    let wrong = basic("postmark:wrong");
    assert_eq!(
        post(
            &world,
            "postmark",
            &[("authorization", &wrong)],
            hard.clone()
        )
        .await,
        403
    );
    let right = basic("postmark:hush");
    assert_eq!(
        post(&world, "postmark", &[("authorization", &right)], hard).await,
        200
    );
    assert_eq!(
        suppressed(&world, "reader2@example.net").await.as_deref(),
        Some("hard_bounce")
    );
    let auto = body("AutoResponder", "reader3@example.net").into_bytes();
    assert_eq!(
        post(&world, "postmark", &[("authorization", &right)], auto).await,
        200
    );
    assert_eq!(suppressed(&world, "reader3@example.net").await, None);
    assert_eq!(
        post(
            &world,
            "postmark",
            &[("authorization", &right)],
            b"{".to_vec()
        )
        .await,
        400
    );
    world.done().await;
}

/// N8: above three complaints of a thousand a newsletter halts.
#[tokio::test(flavor = "multi_thread")]
async fn a_newsletter_that_readers_call_spam_halts() {
    let world = world(&[("newsletters.per_hour", "300")]).await;
    let letter = sent(&world, 400).await;
    assert_eq!(letter.count(DeliveryState::Sent).await, 300);
    assert_eq!(
        letter.state().await,
        NewsletterState::Sending,
        "a hundred wait for the next hour"
    );
    let right = format!("Basic {}", STANDARD.encode("postmark:hush"));
    for number in 0..3 {
        assert_eq!(letter.state().await, NewsletterState::Sending);
        let body = serde_json::json!({ "RecordType": "SpamComplaint", "Email": format!("reader{number}@example.net"), "ID": number });
        let headers = [("authorization", right.as_str())];
        assert_eq!(
            post(&world, "postmark", &headers, body.to_string().into_bytes()).await,
            200
        );
    }
    assert_eq!(letter.state().await, NewsletterState::Paused);
    world.done().await;
}

/// Stands in for the net: one certificate at one address, and every request noted.
#[derive(Default)]
struct Asked {
    urls: parking_lot::Mutex<Vec<String>>,
}

impl selvedge::bounces::fetch::Fetch for Asked {
    fn get<'a>(
        &'a self,
        url: &'a url::Url,
    ) -> std::pin::Pin<
        Box<dyn std::future::Future<Output = selvedge::bounces::fetch::Got> + Send + 'a>,
    > {
        self.urls.lock().push(url.to_string());
        Box::pin(std::future::ready(Ok(include_bytes!(
            "harness/data/sns.cert.pem"
        )
        .to_vec())))
    }
}

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:bounces";
const CERTIFICATE: &str = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem";

/// A notification as Amazon signs it.
fn notification(message: &serde_json::Value, at: &str, certificate: &str) -> serde_json::Value {
    let (message, id) = (message.to_string(), format!("id-{at}"));
    let signed = format!(
        "Message\n{message}\nMessageId\n{id}\nTimestamp\n{at}\nTopicArn\n{TOPIC}\nType\nNotification\n"
    );
    let key = ring::rsa::KeyPair::from_pkcs8(include_bytes!("harness/data/sns.key.der")).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &ring::signature::RSA_PKCS1_SHA256,
        &ring::rand::SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    serde_json::json!({
        "Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": message, "Timestamp": at,
        "SignatureVersion": "2", "Signature": STANDARD.encode(signature), "SigningCertURL": certificate, "UnsubscribeURL": "x",
    })
}

/// N16: what is forged, old or signed elsewhere is 403, and nobody is asked for a certificate at a strange address.
#[tokio::test(flavor = "multi_thread")]
async fn amazon_is_believed_by_its_certificate_alone() {
    let world = world(&[("newsletters.sns_topic", TOPIC)]).await;
    let asked = std::sync::Arc::new(Asked::default());
    world.app.notary.fetch_with(asked.clone());
    let letter = sent(&world, 2).await;
    let bounce = serde_json::json!({
        "notificationType": "Bounce", "mail": {},
        "bounce": { "bounceType": "Permanent", "bouncedRecipients": [
            { "emailAddress": "reader0@example.net", "status": "5.1.1", "action": "failed" } ] },
    });
    let now = world.clock.now().rfc3339();
    let ask = async |body: &serde_json::Value| {
        post(&world, "ses", &[], body.to_string().into_bytes()).await
    };
    for elsewhere in [
        "https://evil.example/x.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
        "http://sns.us-east-1.amazonaws.com/x.pem",
    ] {
        assert_eq!(
            ask(&notification(&bounce, &now, elsewhere)).await,
            403,
            "{elsewhere}"
        );
    }
    let old = world
        .clock
        .now()
        .minus(chrono::Duration::hours(2))
        .rfc3339();
    assert_eq!(
        ask(&notification(&bounce, &old, CERTIFICATE)).await,
        403,
        "sent again later"
    );
    let mut topic = notification(&bounce, &now, CERTIFICATE);
    topic["TopicArn"] = "arn:aws:sns:us-east-1:123456789012:other".into();
    assert_eq!(ask(&topic).await, 403);
    assert!(asked.urls.lock().is_empty(), "nobody was asked");
    let mut forged = notification(&bounce, &now, CERTIFICATE);
    forged["Message"] = bounce.to_string().replace("reader0", "reader1").into();
    assert_eq!(ask(&forged).await, 403);
    assert_eq!(suppressed(&world, "reader1@example.net").await, None);
    let genuine = notification(&bounce, &now, CERTIFICATE);
    for _ in 0..2 {
        assert_eq!(ask(&genuine).await, 200);
    }
    assert_eq!(
        suppressed(&world, "reader0@example.net").await.as_deref(),
        Some("hard_bounce")
    );
    assert_eq!(
        letter.of("reader0@example.net").await.0,
        DeliveryState::Bounced
    );
    assert_eq!(*asked.urls.lock(), [CERTIFICATE], "once, and remembered");
    world.done().await;
}

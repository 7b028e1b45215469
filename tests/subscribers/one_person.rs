//! One person at several addresses (N19): gifts, merges, moves, and the data of an account.

use diesel::prelude::*;
use selvedge::auth::{Role, UserId};
use selvedge::db::schema::{
    campaigns, consents, sequence_enrolments, sequence_outcomes, subscription_proofs, suppressions,
};
use selvedge::each;
use selvedge::kernel::Email;
use selvedge::segments::participants::make_known;
use selvedge::subscribers::ops::{self, Fresh};
use selvedge::subscribers::proofs::{Door, Said};
use selvedge::subscribers::{
    ListId, Subscriber, SubscriberId, SubscriptionState, SuppressionReason, merge, moving, own,
};
use serde_json::{Value, json};

use super::{OPEN, found, list, news, reader, stands};
use crate::harness::world::{PAYS, World};

const ON: Option<SubscriptionState> = Some(SubscriptionState::Confirmed);
const LEFT: Option<SubscriptionState> = Some(SubscriptionState::Left);

async fn coordinator(world: &World) -> UserId {
    world.user("coord@staff.example", Role::Coordinator).await
}

/// `old` turns out to be `kept`.
async fn merged(world: &World, old: &Subscriber, kept: &Subscriber) {
    let (pair, now) = ((old.id, kept.id), world.clock.now());
    let by = coordinator(world).await;
    let work = world
        .app
        .site
        .db
        .tx(move |c| merge::merge(c, pair, by, now));
    work.await.unwrap();
}

/// A gift of Asha's with the tick.
fn ticked() -> Value {
    let mut gift = World::gift(5_000);
    gift["consent"] = json!({ "newsletter": true });
    gift
}

async fn wiped(world: &World, email: &str) {
    let person = found(world, email).await.unwrap().id;
    let (fresh, now) = (Fresh::new().unwrap(), world.clock.now());
    let work = world
        .app
        .site
        .db
        .tx(move |c| own::erase(c, person, &[], &fresh, now));
    work.await.unwrap();
}

async fn reason(world: &World, email: &str) -> Option<SuppressionReason> {
    let query = suppressions::table
        .find(email.to_owned())
        .select(suppressions::reason);
    let read = world
        .app
        .site
        .db
        .read(move |c| Ok(each!(c, c => query.first(c).optional())?));
    read.await.unwrap()
}

async fn suppress(world: &World, email: &str, reason: SuppressionReason) {
    let (email, now): (Email, _) = (email.parse().unwrap(), world.clock.now());
    let work = world
        .app
        .site
        .db
        .tx(move |c| ops::suppress(c, &email, reason, "", now));
    work.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_settles_whoever_its_donor_was_merged_into() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    world.paid(&ticked()).await;
    let asha = found(&world, "asha@example.org").await.unwrap();
    let kept = reader(&world, "asha.verma@example.net", &[]).await;
    merged(&world, &asha, &kept).await;
    let kept = found(&world, "asha.verma@example.net").await.unwrap();
    assert_eq!(kept.supporter_id, asha.supporter_id);
    // Twice: with the tick, and without.
    world.paid(&ticked()).await;
    world.paid(&World::gift(1_000)).await;
    assert_eq!(stands(&world, "asha.verma@example.net", news).await, ON);
    let again = found(&world, "asha.verma@example.net").await.unwrap();
    assert_eq!(again.supporter_id, asha.supporter_id);
    // Whoever was taken in before they gave is linked where they are read now.
    let old = reader(&world, "ravi@example.org", &[]).await;
    let ravi = reader(&world, "ravi@example.net", &[]).await;
    merged_too(&world, &old, &ravi).await;
    let mut gift = World::gift(2_000);
    gift["donor"]["email"] = json!("ravi@example.org");
    world.paid(&gift).await;
    let ravi = found(&world, "ravi@example.net").await.unwrap();
    assert!(ravi.supporter_id.is_some());
    world.done().await;
}

/// As [`merged`], by somebody who is there already.
async fn merged_too(world: &World, old: &Subscriber, kept: &Subscriber) {
    let by = world.user_of("coord@staff.example").await;
    let (pair, now) = ((old.id, kept.id), world.clock.now());
    let work = world
        .app
        .site
        .db
        .tx(move |c| merge::merge(c, pair, by, now));
    work.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_settles_after_its_donors_account_moved() {
    let world = World::with(OPEN).await;
    let user = world.user("asha@example.org", Role::Participant).await;
    world.paid(&ticked()).await;
    let asha = found(&world, "asha@example.org").await.unwrap();
    assert_eq!(asha.user_id, Some(user));
    let (to, now): (Email, _) = ("asha@example.net".parse().unwrap(), world.clock.now());
    let work = world
        .app
        .site
        .db
        .tx(move |c| moving::follow(c, user, &to, now));
    work.await.unwrap();
    // Somebody else reads at the old address by now, and gives under it.
    let other = reader(&world, "asha@example.org", &[]).await;
    assert_ne!(other.id, asha.id);
    world.paid(&ticked()).await;
    let kept = found(&world, "asha@example.net").await.unwrap();
    assert_eq!(kept.supporter_id, asha.supporter_id);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_brings_nobody_back_and_is_dated_when_it_was_set() {
    let world = World::with(OPEN).await;
    let (news, letters) = (news(&world).await, list(&world, "Letters", true).await);
    let (_, checkout) = world.begin(&ticked()).await;
    world.clock.advance(chrono::Duration::hours(2));
    assert_eq!(world.pay(&checkout, PAYS).await, 303);
    world.settle().await;
    assert_eq!(stands(&world, "asha@example.org", news).await, ON);
    let (said, set) = world
        .app
        .site
        .db
        .read(|c| {
            let said = subscription_proofs::table
                .filter(subscription_proofs::door.eq(Door::Gift))
                .select(subscription_proofs::at);
            let set = consents::table.select(consents::given_at);
            let said: selvedge::kernel::Timestamp = each!(c, c => said.first(c))?;
            let set: selvedge::kernel::Timestamp = each!(c, c => set.first(c))?;
            Ok((said, set))
        })
        .await
        .unwrap();
    assert_eq!(said, set);
    // A no to the list; a no to everything, on another list of this season too; an erasure.
    let asha = found(&world, "asha@example.org").await.unwrap().id;
    let leave = |everything: bool| {
        let now = world.clock.now();
        world.app.site.db.tx(move |c| {
            let said = Said::by(Door::Form);
            if everything {
                return ops::leave_all(c, asha, &said, now);
            }
            ops::leave_list(c, asha, news, &said, now)
        })
    };
    assert!(leave(false).await.unwrap());
    world.paid(&ticked()).await;
    assert_eq!(stands(&world, "asha@example.org", news).await, LEFT);
    assert!(leave(true).await.unwrap());
    world.paid(&ticked()).await;
    let kept = found(&world, "asha@example.org").await.unwrap();
    assert!(kept.left_all_at.is_some());
    assert_eq!(stands(&world, "asha@example.org", letters).await, None);
    wiped(&world, "asha@example.org").await;
    world.paid(&ticked()).await;
    assert!(found(&world, "asha@example.org").await.is_none());
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_is_known_again_by_their_own_yes_alone() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let (db, now) = (&world.app.site.db, world.clock.now());
    assert!(make_known(db, now).await.unwrap() > 5);
    let address = "maya-roy@example.org";
    assert!(found(&world, address).await.is_some());
    wiped(&world, address).await;
    assert_eq!(make_known(db, now).await.unwrap(), 0);
    assert!(found(&world, address).await.is_none());
    // An invitation is a mail, and nothing else.
    let staff = coordinator(&world).await;
    let visitor = world.visitor(Some(staff)).await;
    let to = news.to_string();
    let form = [("email", address), ("name", "Maya"), ("to", to.as_str())];
    world.send(&visitor, "/console/subscribers", &form).await;
    assert!(found(&world, address).await.is_none());
    world.work().await;
    let mail = world.mails_to(address).await.remove(0);
    let text = mail["text"].as_str().unwrap();
    let token = text.split("/subscribe/").nth(1).unwrap();
    let path = format!("/subscribe/{}", token.split_whitespace().next().unwrap());
    let stranger = world.visitor(None).await;
    assert_eq!(world.ask(&stranger, "POST", &path, &[]).await.status, 200);
    assert_eq!(stands(&world, address, news).await, ON);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_writes_nothing_into_what_is_known() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    reader(&world, "maya@example.net", &[]).await;
    let staff = coordinator(&world).await;
    let visitor = world.visitor(Some(staff)).await;
    let to = news.to_string();
    let form = [
        ("email", "maya@example.net"),
        ("name", "Somebody else"),
        ("to", to.as_str()),
    ];
    world.send(&visitor, "/console/subscribers", &form).await;
    let maya = found(&world, "maya@example.net").await.unwrap();
    assert_eq!(maya.name, "");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_takes_all_its_addresses_along_and_away() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let user = world.user("maya@example.net", Role::Participant).await;
    let own = reader(&world, "maya@example.net", &[news]).await;
    let kept = reader(&world, "maya.roy@example.com", &[]).await;
    merged(&world, &own, &kept).await;
    let staff = world
        .visitor(Some(world.user_of("coord@staff.example").await))
        .await;
    let to = list(&world, "Letters", true).await.to_string();
    let form = [
        ("email", "maya.roy@example.com"),
        ("name", ""),
        ("to", to.as_str()),
    ];
    world.send(&staff, "/console/subscribers", &form).await;
    world.work().await;
    assert_eq!(world.mails_to("maya.roy@example.com").await.len(), 1);
    let visitor = world.visitor(Some(user)).await;
    let export = world.ask(&visitor, "POST", "/account/export", &[]).await;
    let export: Value = serde_json::from_str(&export.text).unwrap();
    assert_eq!(export["newsletters"]["address"], "maya.roy@example.com");
    assert_eq!(
        export["newsletters"]["other_addresses"],
        json!(["maya@example.net"])
    );
    let lists = export["newsletters"]["lists"].as_array().unwrap();
    assert!(lists.iter().any(|one| one["list"] == "News"), "{lists:?}");
    let form = [("email", "maya@example.net")];
    let answer = world.ask(&visitor, "POST", "/account/delete", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for address in ["maya@example.net", "maya.roy@example.com"] {
        assert!(found(&world, address).await.is_none(), "{address}");
        assert!(world.mails_to(address).await.is_empty(), "{address}");
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_moves_to_its_second_address_is_read_there() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let user = world.user("maya@example.net", Role::Participant).await;
    let own = reader(&world, "maya@example.net", &[news]).await;
    let second = reader(&world, "maya.roy@example.com", &[]).await;
    merged(&world, &second, &own).await;
    suppress(&world, "maya@example.net", SuppressionReason::Complaint).await;
    let follow = |to: &str| {
        let (to, now): (Email, _) = (to.parse().unwrap(), world.clock.now());
        world
            .app
            .site
            .db
            .tx(move |c| moving::follow(c, user, &to, now))
    };
    follow("Maya.Roy@example.com").await.unwrap();
    let here = found(&world, "maya.roy@example.com").await.unwrap();
    assert_eq!((here.id, here.user_id), (own.id, Some(user)));
    let there = found(&world, "maya@example.net").await.unwrap();
    assert_eq!((there.id, there.merged_into), (second.id, Some(own.id)));
    // A complaint is its owner's word, and goes along; a bounce is the address's.
    let complaint = Some(SuppressionReason::Complaint);
    assert_eq!(reason(&world, "maya.roy@example.com").await, complaint);
    follow("maya@example.org").await.unwrap();
    assert_eq!(reason(&world, "maya@example.org").await, complaint);
    let bounced = SuppressionReason::HardBounce;
    let other = world.user("ravi@example.net", Role::Participant).await;
    reader(&world, "ravi@example.net", &[news]).await;
    suppress(&world, "ravi@example.net", bounced).await;
    let (to, now): (Email, _) = ("ravi@example.org".parse().unwrap(), world.clock.now());
    let work = world
        .app
        .site
        .db
        .tx(move |c| moving::follow(c, other, &to, now));
    work.await.unwrap();
    assert_eq!(reason(&world, "ravi@example.org").await, None);
    world.done().await;
}

/// Three sequences of one step; `old` is in the first two, `kept` in the last two.
async fn in_sequences(world: &World, old: SubscriberId, kept: SubscriberId) {
    let now = world
        .clock
        .now()
        .naive()
        .format("%Y-%m-%d %H:%M:%S")
        .to_string();
    let by = world.user("writer@staff.example", Role::Coordinator).await;
    let work = world.app.site.db.tx(move |c| {
        let season: String = each!(c, c => campaigns::table.select(campaigns::id).first(c))?;
        let mut text = String::new();
        for number in 0..3 {
            text.push_str(&format!("INSERT INTO sequences (id, campaign_id, name, trigger_rule, audience, days_between, state, version, made_by, created_at, changed_at) VALUES ('seq-{number}', '{season}', 'S', '\"signed_up\"', '{{\"lists\":[],\"segment\":null,\"without\":null}}', 2, 'off', 1, '{by}', '{now}', '{now}'); INSERT INTO sequence_steps (id, sequence_id, position, wait_days, created_at) VALUES ('step-{number}', 'seq-{number}', 0, 0, '{now}');"));
        }
        for (person, number, word) in [(old, 0, "old"), (old, 1, "old"), (kept, 1, "kept"), (kept, 2, "kept")] {
            text.push_str(&format!("INSERT INTO sequence_enrolments (sequence_id, subscriber_id, state, position, due_at, happened_at, enrolled_at, why) VALUES ('seq-{number}', '{person}', 'done', 1, '{now}', '{now}', '{now}', '{word}'); INSERT INTO sequence_outcomes (step_id, subscriber_id, outcome, at) VALUES ('step-{number}', '{person}', '{word}', '{now}');"));
        }
        c.execute_batch(&text)
    });
    work.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_against_one_address_stands_against_the_person() {
    let world = World::with(OPEN).await;
    let news: ListId = news(&world).await;
    let kept = reader(&world, "maya@example.net", &[news]).await;
    let old = reader(&world, "maya.roy@example.com", &[news]).await;
    suppress(&world, "maya@example.net", SuppressionReason::HardBounce).await;
    suppress(&world, "maya.roy@example.com", SuppressionReason::Staff).await;
    in_sequences(&world, old.id, kept.id).await;
    merged(&world, &old, &kept).await;
    let staff = Some(SuppressionReason::Staff);
    assert_eq!(reason(&world, "maya@example.net").await, staff);
    // Whoever went through a sequence by either address went through it, and does once.
    type Rows = Vec<(String, String, SubscriberId)>;
    let (enrolled, outcomes) = world
        .app
        .site
        .db
        .read(|c| {
            let enrolled = sequence_enrolments::table
                .filter(sequence_enrolments::sequence_id.like("seq-%"))
                .order(sequence_enrolments::sequence_id)
                .select((
                    sequence_enrolments::sequence_id,
                    sequence_enrolments::why,
                    sequence_enrolments::subscriber_id,
                ));
            let outcomes = sequence_outcomes::table
                .filter(sequence_outcomes::step_id.like("step-%"))
                .order(sequence_outcomes::step_id)
                .select((
                    sequence_outcomes::step_id,
                    sequence_outcomes::outcome,
                    sequence_outcomes::subscriber_id,
                ));
            let enrolled: Rows = each!(c, c => enrolled.load(c))?;
            let outcomes: Rows = each!(c, c => outcomes.load(c))?;
            Ok((enrolled, outcomes))
        })
        .await
        .unwrap();
    for rows in [enrolled, outcomes] {
        let words: Vec<&str> = rows.iter().map(|row| row.1.as_str()).collect();
        assert_eq!(words, ["old", "kept", "kept"]);
        assert!(rows.iter().all(|row| row.2 == kept.id));
    }
    world.done().await;
}

//! Leaving (N7, RFC 8058), the preference centre, wiping.

use diesel::prelude::*;
use selvedge::auth::Role;
use selvedge::db::schema::{subscription_proofs, subscriptions, suppressions, topics};
use selvedge::each;
use selvedge::subscribers::consent::{refused_about, refused_among};
use selvedge::subscribers::{ListId, Subscriber, SubscriptionState, Why, proofs};
use serde_json::Value;

use super::{OPEN, found, list, news, reader, rows, stands};
use crate::harness::world::World;

const ON: Option<SubscriptionState> = Some(SubscriptionState::Confirmed);
const LEFT: Option<SubscriptionState> = Some(SubscriptionState::Left);
const NEWSLETTER: &str = "nws_019acf5e800070008000000000000001";

fn link(world: &World, reader: &Subscriber, lists: &[ListId]) -> String {
    let links = &world.app.subscribing.links;
    let url = links.unsubscribe(reader.id, Some(&NEWSLETTER), lists);
    url.split_once("/unsubscribe/")
        .map(|(_, token)| format!("/unsubscribe/{token}"))
        .unwrap()
}

/// What a mail program sends: no cookie, no seal, no referrer.
async fn one_click(world: &World, path: &str) -> (u16, Option<String>) {
    let answer = world
        .http
        .post(world.url(path))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click")
        .send()
        .await
        .unwrap();
    let cookie = answer.headers().get("set-cookie");
    let cookie = cookie.map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), cookie)
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_a_hundred_times_leaves_nobody_out_and_one_click_does() {
    let world = World::with(OPEN).await;
    let (news, letters) = (news(&world).await, list(&world, "Letters", true).await);
    let maya = reader(&world, "maya@example.net", &[news, letters]).await;
    let path = link(&world, &maya, &[news]);
    for turn in 0..100 {
        let method = if turn % 2 == 0 { "GET" } else { "HEAD" };
        let request = world
            .http
            .request(method.parse().unwrap(), world.url(&path));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    }
    assert_eq!(stands(&world, "maya@example.net", news).await, ON);
    let begun = std::time::Instant::now();
    assert_eq!(one_click(&world, &path).await, (200, None));
    assert!(
        begun.elapsed().as_millis() <= 1_000,
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(stands(&world, "maya@example.net", news).await, LEFT);
    assert_eq!(stands(&world, "maya@example.net", letters).await, ON);
    // Again, and as multipart, and with nothing in it: 200 each time, and no second proof.
    assert_eq!(one_click(&world, &path).await.0, 200);
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (kind, body) in [
        ("multipart/form-data; boundary=x", multipart),
        ("text/plain", ""),
    ] {
        let request = world
            .http
            .post(world.url(&path))
            .header("content-type", kind);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
    let left = world
        .app
        .site
        .db
        .read(|c| proofs::left_by(c, NEWSLETTER))
        .await;
    assert_eq!(left.unwrap(), 1);
    let kept = rows(&world).await.1;
    assert_eq!(kept, 3, "two yes, one no");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multipart_one_click_leaves_as_well() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let maya = reader(&world, "maya@example.net", &[news]).await;
    let path = link(&world, &maya, &[news]);
    let body = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let request = world
        .http
        .post(world.url(&path))
        .header("content-type", "multipart/form-data; boundary=x");
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(stands(&world, "maya@example.net", news).await, LEFT);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_link_tells_nothing_and_does_nothing() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let maya = reader(&world, "maya@example.net", &[news]).await;
    let good = link(&world, &maya, &[news]);
    let nobody = selvedge::subscribers::SubscriberId::new();
    let links = &world.app.subscribing.links;
    let of_nobody = links.leave_token(nobody, None, &[news]);
    let mut answers = Vec::new();
    for path in [
        format!("{}A", &good[..good.len() - 1]),
        "/unsubscribe/nonsense".to_owned(),
        format!("/unsubscribe/{of_nobody}"),
    ] {
        let path = if path == good {
            "/unsubscribe/x".into()
        } else {
            path
        };
        let (status, text) = world.get(&path).await;
        assert_eq!(status, 404);
        answers.push(text.split("<main").nth(1).unwrap_or(&text).to_owned());
        assert_eq!(one_click(&world, &path).await.0, 404);
    }
    assert!(answers.iter().all(|text| *text == answers[0]));
    assert_eq!(stands(&world, "maya@example.net", news).await, ON);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_list_and_everything_are_told_apart() {
    let world = World::with(OPEN).await;
    let (news, letters) = (news(&world).await, list(&world, "Letters", true).await);
    let maya = reader(&world, "maya@example.net", &[news, letters]).await;
    let path = link(&world, &maya, &[news]);
    let visitor = world.visitor(None).await;
    let page = world.look(&visitor, &path).await;
    assert!(page.contains("“News”") && !page.contains("Letters"));
    let answer = world
        .ask(&visitor, "POST", &path, &[("what", "everything")])
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("You have left."));
    for list in [news, letters] {
        assert_eq!(stands(&world, "maya@example.net", list).await, LEFT);
    }
    let id = maya.id;
    let db = world_db(&world);
    let refused = move |through: Vec<ListId>| {
        let db = db.clone();
        async move {
            db.read(move |c| refused_among(c, &[id], &through))
                .await
                .unwrap()
        }
    };
    assert_eq!(refused(Vec::new()).await[&id], Why::LeftAll);
    assert_eq!(refused(vec![news]).await[&id], Why::LeftAll);
    // A yes to one list brings back that list alone.
    reader(&world, "maya@example.net", &[letters]).await;
    assert_eq!(refused(vec![letters]).await.len(), 0);
    assert_eq!(refused(vec![news]).await[&id], Why::LeftList);
    world.done().await;
}

fn world_db(world: &World) -> selvedge::db::Db {
    world.app.site.db.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_choose_lists_topics_language_and_clock() {
    let world = World::with(OPEN).await;
    let (news, letters) = (news(&world).await, list(&world, "Letters", true).await);
    let volunteers = list(&world, "Volunteers", false).await;
    let now = world.clock.now();
    let topic = (
        topics::slug.eq("stories"),
        topics::name.eq("Stories"),
        topics::about.eq(""),
        topics::created_at.eq(now),
    );
    world_db(&world)
        .tx(move |c| {
            Ok(each!(c, c => diesel::insert_into(topics::table).values(topic).execute(c))?)
        })
        .await
        .unwrap();
    let maya = reader(&world, "maya@example.net", &[news, volunteers]).await;
    let path = format!("/preferences/{}", maya.token);
    let visitor = world.visitor(None).await;
    let page = world.look(&visitor, &path).await;
    assert!(page.contains("Volunteers") && page.contains("Stories"));
    let form = [
        ("act", "save"),
        ("name", "Maya"),
        ("language", "bn"),
        ("time_zone", "Asia/Kolkata"),
        ("list", "letters"),
    ];
    world.send(&visitor, &path, &form).await;
    let kept = found(&world, "maya@example.net").await.unwrap();
    assert_eq!((kept.name.as_str(), kept.language.as_str()), ("Maya", "bn"));
    assert_eq!(kept.time_zone.as_deref(), Some("Asia/Kolkata"));
    assert_eq!(stands(&world, "maya@example.net", news).await, LEFT);
    assert_eq!(stands(&world, "maya@example.net", volunteers).await, LEFT);
    assert_eq!(stands(&world, "maya@example.net", letters).await, ON);
    let id = maya.id;
    let db = world_db(&world);
    let about = move |topic: Option<&'static str>| {
        let db = db.clone();
        async move {
            db.read(move |c| refused_about(c, &[id], &[letters], topic))
                .await
                .unwrap()
        }
    };
    assert_eq!(about(Some("stories")).await[&id], Why::TopicOff);
    assert_eq!(
        about(Some("other")).await.len() + about(None).await.len(),
        0
    );
    // A private list is not joined here.
    let form = [
        ("act", "save"),
        ("list", "volunteers"),
        ("list", "letters"),
        ("topic", "stories"),
    ];
    world.send(&visitor, &path, &form).await;
    assert_eq!(stands(&world, "maya@example.net", volunteers).await, LEFT);
    assert!(about(Some("stories")).await.is_empty());
    let wrong = [
        ("act", "save"),
        ("name", "Maya the second"),
        ("language", "es"),
        ("time_zone", "Mars/Base"),
        ("list", "news"),
        ("counted", "1"),
    ];
    let again = world.ask(&visitor, "POST", &path, &wrong).await;
    assert_eq!(again.status, 422);
    // What was typed stands there, not what is kept.
    for typed in [
        "value=\"Maya the second\"",
        "value=\"es\" selected",
        "value=\"Mars/Base\" selected",
        "value=\"news\" checked",
        "name=\"counted\" value=\"1\" checked",
    ] {
        assert!(again.text.contains(typed), "{typed}: {}", again.text);
    }
    for kept in ["value=\"letters\" checked", "value=\"stories\" checked"] {
        assert!(!again.text.contains(kept), "{kept}: {}", again.text);
    }
    world.send(&visitor, &path, &[("act", "out")]).await;
    assert!(
        found(&world, "maya@example.net")
            .await
            .unwrap()
            .left_all_at
            .is_some()
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_data_is_taken_along_and_wiped() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let maya = reader(&world, "maya@example.net", &[news]).await;
    let visitor = world.visitor(None).await;
    let path = format!("/preferences/{}", maya.token);
    let data: Value =
        serde_json::from_str(&world.look(&visitor, &format!("{path}/data")).await).unwrap();
    assert_eq!(data["address"], "maya@example.net");
    assert_eq!(data["lists"][0]["state"], "confirmed");
    assert_eq!(data["proofs"][0]["what"], "agreed");
    let erase = format!("{path}/erase");
    assert_eq!(world.ask(&visitor, "POST", &erase, &[]).await.status, 422);
    let leave = link(&world, &maya, &[news]);
    let answer = world.ask(&visitor, "POST", &erase, &[("sure", "1")]).await;
    assert_eq!(answer.status, 200);
    assert!(found(&world, "maya@example.net").await.is_none());
    assert_eq!(world.get(&path).await.0, 404);
    assert_eq!(
        one_click(&world, &leave).await.0,
        200,
        "an old mail's link still ends well"
    );
    let id = maya.id;
    let (lists, keys, networks) = world_db(&world)
        .read(move |c| {
            let lists = subscriptions::table
                .filter(subscriptions::subscriber_id.eq(id))
                .count();
            let lists: i64 = each!(c, c => lists.get_result(c))?;
            let keys = suppressions::table.select(suppressions::email_folded);
            let keys: Vec<String> = each!(c, c => keys.load(c))?;
            let networks = subscription_proofs::table
                .filter(subscription_proofs::ip_hash.is_not_null())
                .count();
            let networks: i64 = each!(c, c => networks.get_result(c))?;
            Ok((lists, keys, networks))
        })
        .await
        .unwrap();
    assert_eq!((lists, networks), (0, 0));
    assert!(keys.len() == 1 && keys[0].starts_with("erased:") && !keys[0].contains("maya"));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accounts_export_holds_the_reader_and_its_deletion_wipes_them() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let user = world.user("maya@example.net", Role::Participant).await;
    let maya = reader(&world, "maya@example.net", &[news]).await;
    assert_eq!(maya.user_id, Some(user));
    let visitor = world.visitor(Some(user)).await;
    let export = world.ask(&visitor, "POST", "/account/export", &[]).await;
    let export: Value = serde_json::from_str(&export.text).unwrap();
    assert_eq!(export["newsletters"]["lists"][0]["list"], "News");
    let form = [("email", "maya@example.net")];
    let answer = world.ask(&visitor, "POST", "/account/delete", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(found(&world, "maya@example.net").await.is_none());
    let id = maya.id;
    let left = world_db(&world)
        .read(move |c| selvedge::subscribers::model::by_id(c, id))
        .await
        .unwrap();
    assert!(left.erased_at.is_some() && left.user_id.is_none() && left.name.is_empty());
    world.done().await;
}

//! The console: finding, asking, suppressing, merging, exporting.

use diesel::prelude::*;
use selvedge::auth::Role;
use selvedge::db::schema::audit_log;
use selvedge::each;
use selvedge::subscribers::consent::refused_among;
use selvedge::subscribers::{SubscriptionState, Why};

use super::{OPEN, found, list, news, reader, stands};
use crate::harness::people::Visitor;
use crate::harness::world::World;

async fn deeds(world: &World, action: &'static str) -> i64 {
    world
        .app
        .site
        .db
        .read(move |c| {
            let query = audit_log::table
                .filter(audit_log::action.eq(action))
                .count();
            Ok(each!(c, c => query.get_result(c))?)
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_find_readers_and_take_them_along() {
    let world = World::with(OPEN).await;
    let (news, letters) = (news(&world).await, list(&world, "Letters", false).await);
    reader(&world, "maya@example.net", &[news]).await;
    reader(&world, "ravi@example.net", &[letters]).await;
    let user = world.user("coord@example.org", Role::Coordinator).await;
    let visitor = world.visitor(Some(user)).await;
    let all = world.look(&visitor, "/console/subscribers").await;
    assert!(all.contains("maya@example.net") && all.contains("ravi@example.net"));
    let some = world.look(&visitor, "/console/subscribers?q=MAYA").await;
    assert!(some.contains("maya@example.net") && !some.contains("ravi@example.net"));
    let of = world
        .look(&visitor, &format!("/console/subscribers?list={letters}"))
        .await;
    assert!(!of.contains("maya@example.net") && of.contains("ravi@example.net"));
    let left = world
        .look(&visitor, "/console/subscribers?standing=left")
        .await;
    assert!(left.contains("Nobody fits."));
    let csv = world
        .look(&visitor, "/console/subscribers.csv?sort=address")
        .await;
    assert!(
        csv.contains("\"maya@example.net\",\"\",\"\",\"\",\"\",\"News\""),
        "{csv}"
    );
    assert_eq!(deeds(&world, "subscribers.export").await, 1);
    let lists = world.look(&visitor, "/console/lists").await;
    assert!(lists.contains("<b>1</b> on it"));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_ask_and_the_person_answers() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let user = world.user("coord@example.org", Role::Coordinator).await;
    let visitor = world.visitor(Some(user)).await;
    let to = news.to_string();
    let form = [
        ("email", "maya@example.net"),
        ("name", "Maya"),
        ("to", to.as_str()),
    ];
    world.send(&visitor, "/console/subscribers", &form).await;
    let pending = Some(SubscriptionState::Pending);
    assert_eq!(stands(&world, "maya@example.net", news).await, pending);
    world.work().await;
    let mail = world.mails_to("maya@example.net").await.remove(0);
    let text = mail["text"].as_str().unwrap();
    let token = text.split("/subscribe/").nth(1).unwrap();
    let path = format!("/subscribe/{}", token.split_whitespace().next().unwrap());
    let stranger = world.visitor(None).await;
    assert_eq!(world.ask(&stranger, "POST", &path, &[]).await.status, 200);
    let on = Some(SubscriptionState::Confirmed);
    assert_eq!(stands(&world, "maya@example.net", news).await, on);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppression_holds_until_staff_lift_it_on_record() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let maya = reader(&world, "Maya@example.net", &[news]).await;
    let user = world.user("coord@example.org", Role::Coordinator).await;
    let visitor = world.visitor(Some(user)).await;
    let page = format!("/console/subscribers/{}", maya.id);
    world.send(&visitor, &page, &[("act", "suppress")]).await;
    let id = maya.id;
    let db = world.app.site.db.clone();
    let refused = move || {
        let db = db.clone();
        async move {
            db.read(move |c| refused_among(c, &[id], &[news]))
                .await
                .unwrap()
        }
    };
    assert_eq!(refused().await[&id], Why::Suppressed);
    let listed = world
        .look(&visitor, "/console/subscribers/suppressions?q=maya")
        .await;
    assert!(listed.contains("maya@example.net"));
    let form = [("act", "lift"), ("email", "maya@example.net")];
    world
        .send(&visitor, "/console/subscribers/suppressions", &form)
        .await;
    assert!(refused().await.is_empty());
    assert_eq!(deeds(&world, "suppression.lift").await, 1);
    let shown = world.look(&visitor, &page).await;
    assert!(shown.contains("suppression.lift") && shown.contains("agreed"));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_addresses_of_one_person_become_one_and_the_stricter_word_counts() {
    let world = World::with(OPEN).await;
    let (news, letters) = (news(&world).await, list(&world, "Letters", true).await);
    let kept = reader(&world, "maya@example.net", &[news, letters]).await;
    let old = reader(&world, "maya.roy@example.com", &[news, letters]).await;
    let leave = world
        .app
        .subscribing
        .links
        .leave_token(old.id, None, &[letters]);
    let left = world
        .http
        .post(world.url(&format!("/unsubscribe/{leave}")))
        .send()
        .await;
    assert_eq!(left.unwrap().status().as_u16(), 200);
    let user = world.user("coord@example.org", Role::Coordinator).await;
    let visitor = world.visitor(Some(user)).await;
    let page = format!("/console/subscribers/{}", kept.id);
    let form = [("act", "merge"), ("other", "Maya.Roy@example.com")];
    world.send(&visitor, &page, &form).await;
    let gone = found(&world, "maya.roy@example.com").await.unwrap();
    assert_eq!(gone.merged_into, Some(kept.id));
    let on = Some(SubscriptionState::Confirmed);
    assert_eq!(stands(&world, "maya@example.net", news).await, on);
    let left = Some(SubscriptionState::Left);
    assert_eq!(stands(&world, "maya@example.net", letters).await, left);
    assert_eq!(stands(&world, "maya.roy@example.com", news).await, None);
    // A link in an old mail to the old address leaves for the person.
    let leave = world
        .app
        .subscribing
        .links
        .leave_token(old.id, None, &[news]);
    let answer = world
        .http
        .post(world.url(&format!("/unsubscribe/{leave}")))
        .send()
        .await;
    assert_eq!(answer.unwrap().status().as_u16(), 200);
    assert_eq!(stands(&world, "maya@example.net", news).await, left);
    let twice = world.ask(&visitor, "POST", &page, &form).await;
    assert_eq!(twice.status, 409);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_topics_are_made_and_put_away() {
    let world = World::with(OPEN).await;
    let user = world.user("coord@example.org", Role::Coordinator).await;
    let visitor = world.visitor(Some(user)).await;
    let form = [
        ("act", "list"),
        ("name", "Kolkata letters"),
        ("is_public", "1"),
        ("takes_gifts", "1"),
    ];
    world.send(&visitor, "/console/lists", &form).await;
    let again = world.ask(&visitor, "POST", "/console/lists", &form).await;
    assert_eq!(again.status, 422, "the address is taken");
    let letters = page_of_list(&world, &visitor).await;
    let wrong = [
        ("act", "save"),
        ("name", ""),
        ("about", "Letters, typed at length"),
        ("is_public", "1"),
    ];
    let again = world.ask(&visitor, "POST", &letters, &wrong).await;
    assert_eq!(again.status, 422);
    let list = again.text.split(&format!("action=\"{letters}\"")).nth(1);
    let list = list.unwrap().split("</form>").next().unwrap();
    assert!(list.contains("Letters, typed at length"), "{list}");
    assert!(list.contains("field-error") && !list.contains("Kolkata"));
    assert!(again.text.contains("<details open>"));
    let form = [
        ("act", "topic"),
        ("topic_name", "Stories"),
        ("topic_about", "Who tells"),
    ];
    world.send(&visitor, "/console/lists", &form).await;
    let page = world.look(&visitor, "/console/lists").await;
    assert_eq!(
        page.matches("donors’ ticks</span>").count(),
        1,
        "one list of no season takes them"
    );
    assert!(page.contains("<code>stories</code>"));
    let public = world.look(&visitor, "/subscribe").await;
    assert!(public.contains("Kolkata letters"));
    world.done().await;
}

/// Where the form of “Kolkata letters” leads.
async fn page_of_list(world: &World, visitor: &Visitor) -> String {
    let page = world.look(visitor, "/console/lists").await;
    let list = page.split("Kolkata letters</a>").nth(1).unwrap();
    let action = list.split("action=\"").nth(1).unwrap();
    action.split('"').next().unwrap().to_owned()
}

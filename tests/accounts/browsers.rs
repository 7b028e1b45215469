//! Sessions: new at each login, over when they are over, listed and ended (S1).

use diesel::prelude::*;
use selvedge::auth::Role;

use super::{PASSWORD, person};
use crate::harness::browser::{Browser, SESSION, address};
use crate::harness::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_new_at_each_login_and_ends_on_the_server() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[Role::Participant]).await;
    let mut browser = Browser::new(&world);
    // Fixation: a cookie that was planted signs nobody in, before or after.
    let planted = "A".repeat(43);
    browser.cookies.insert(SESSION.into(), planted.clone());
    browser.sign_in(&email, PASSWORD).await.leads_to("/account");
    let first = browser.cookies[SESSION].clone();
    assert_ne!(first, planted);
    let mut again = Browser::new(&world);
    again.cookies = browser.cookies.clone();
    again
        .post_from(
            "/reset",
            "/login",
            &[("email", &email), ("password", PASSWORD)],
        )
        .await
        .leads_to("/account");
    assert_ne!(again.cookies[SESSION], first);
    assert_eq!(
        browser.get("/account").await.status,
        401,
        "the one before ended"
    );
    let last = again.cookies.clone();
    again
        .post_from("/account", "/logout", &[])
        .await
        .leads_to("/login?done=left");
    assert!(!again.cookies.contains_key(SESSION));
    again.cookies = last;
    assert_eq!(again.get("/account").await.status, 401, "a replayed cookie");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_when_unused_and_at_the_end_of_their_life() {
    let world = World::with(&[("auth.staff_second_factor", "false")]).await;
    let (one, staff) = (address(), address());
    person(&world, &one, &[Role::Participant]).await;
    person(&world, &staff, &[Role::Coordinator]).await;
    let (mut participant, mut worker) = (Browser::new(&world), Browser::new(&world));
    participant.sign_in(&one, PASSWORD).await;
    worker.sign_in(&staff, PASSWORD).await;
    world.clock.advance(chrono::Duration::minutes(119));
    assert_eq!(worker.get("/account").await.status, 200);
    world.clock.advance(chrono::Duration::minutes(121));
    assert_eq!(worker.get("/account").await.status, 401, "idle for 2 h");
    for _ in 0..2 {
        world.clock.advance(chrono::Duration::days(13));
        assert_eq!(participant.get("/account").await.status, 200);
    }
    world.clock.advance(chrono::Duration::days(5));
    assert_eq!(
        participant.get("/account").await.status,
        401,
        "30 days are over"
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_browser_signs_the_others_out() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[]).await;
    let mut all = [
        Browser::new(&world),
        Browser::new(&world),
        Browser::new(&world),
    ];
    for browser in &mut all {
        browser.sign_in(&email, PASSWORD).await.leads_to("/account");
    }
    let [first, second, third] = &mut all;
    let shown = first.get("/account/security").await.text;
    assert_eq!(shown.matches("Firefox on Android").count(), 3);
    let href = shown
        .split("action=\"/account/sessions/")
        .nth(1)
        .unwrap()
        .split_once('"')
        .unwrap()
        .0
        .to_owned();
    let path = format!("/account/sessions/{href}");
    first
        .post_from("/account/security", &path, &[])
        .await
        .leads_to("/account/security?done=ended");
    let left = [
        second.get("/account").await.status,
        third.get("/account").await.status,
    ];
    assert_eq!(left.iter().filter(|status| **status == 200).count(), 1);
    first
        .post_from("/account/security", "/account/sessions/end-others", &[])
        .await;
    assert_eq!(first.get("/account").await.status, 200);
    assert_eq!(second.get("/account").await.status, 401);
    assert_eq!(third.get("/account").await.status, 401);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_sessions_are_forgotten_in_time() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    browser.join("Mira", "mira@example.org", PASSWORD).await;
    browser
        .post("/reset", &[("email", "mira@example.org")])
        .await;
    let rows = || {
        let db = world.app.site.db.clone();
        async move {
            db.read(|c| {
                use selvedge::db::schema::{mailed_tokens, sessions};
                let links: i64 =
                    selvedge::each!(c, c => mailed_tokens::table.count().get_result(c))?;
                let sessions: i64 = selvedge::each!(c, c => sessions::table.count().get_result(c))?;
                Ok((links, sessions))
            })
            .await
            .unwrap()
        }
    };
    world.work().await;
    assert_eq!(rows().await, (2, 1));
    world.clock.advance(chrono::Duration::days(32));
    world.work().await;
    assert_eq!(rows().await, (0, 0));
    world.done().await;
}

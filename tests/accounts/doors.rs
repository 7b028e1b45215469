//! The ways in: signing up, mailed links, what a stranger learns, where one is led (S4, S7, S20).

use selvedge::auth::Role;

use super::{PASSWORD, person};
use crate::harness::browser::{Browser, SESSION, address};
use crate::harness::world::{CAMPAIGN, World};

#[tokio::test(flavor = "multi_thread")]
async fn signing_up_leads_through_the_mailbox_to_where_one_was_going() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let asked = browser
        .post(
            "/signup",
            &[
                ("name", "মায়া রায়"),
                ("email", "maya@example.org"),
                ("password", PASSWORD),
                ("next", "/start/dressember-2026"),
            ],
        )
        .await;
    asked.leads_to("/signup/sent");
    assert_eq!(browser.get("/account").await.status, 401);
    let link = browser.mailed_link("maya@example.org", "/verify").await;
    // A scanner follows the link, twice, and nothing is used.
    for _ in 0..2 {
        let shown = browser.get(&link).await;
        assert_eq!(shown.status, 200);
        assert!(shown.text.contains("মায়া রায়"));
        assert_eq!(shown.headers["referrer-policy"], "no-referrer");
        assert!(!browser.cookies.contains_key(SESSION));
    }
    browser
        .post(&link, &[])
        .await
        .leads_to("/start/dressember-2026");
    let own = browser.get("/account").await;
    assert_eq!(own.status, 200);
    assert!(own.text.contains("maya@example.org"));
    assert!(own.text.contains(&format!("/start/{CAMPAIGN}")));
    assert_eq!(own.headers["cache-control"], "no-store");
    let again = browser.post_from("/account", &link, &[]).await;
    assert_eq!(again.status, 410, "a link works once");
    // The password counts from now on.
    let mut other = Browser::new(&world);
    other
        .sign_in("MAYA@example.org", PASSWORD)
        .await
        .leads_to("/account");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_signs_an_address_up_does_not_get_a_password_into_its_account() {
    let world = World::new().await;
    let (mut stranger, mut owner) = (Browser::new(&world), Browser::new(&world));
    let email = "mira.owner@example.org";
    let fields = [("name", "Mira"), ("email", email), ("password", PASSWORD)];
    stranger
        .post("/signup", &fields)
        .await
        .leads_to("/signup/sent");
    let link = owner.mailed_link(email, "/verify").await;
    let shown = owner.get(&link).await;
    assert!(shown.text.contains("not taken over"), "{}", shown.text);
    assert_eq!(owner.post(&link, &[]).await.status, 303);
    assert_eq!(owner.get("/account").await.status, 200);
    let refused = stranger.sign_in(email, PASSWORD).await;
    assert_ne!(refused.status, 303, "the stranger's password opens nothing");
    assert_eq!(stranger.get("/account").await.status, 401);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sign_up_lacks_is_named_and_what_was_typed_comes_back() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let cases = [
        ("", "m@example.org", PASSWORD, "name-error"),
        ("a\u{202e}b", "m@example.org", PASSWORD, "name-error"),
        ("Mira <3", "nobody", PASSWORD, "email-error"),
        ("Mira <3", "m@example.org", "short", "password-error"),
        (
            "Mira <3",
            "m@example.org",
            "Password2026!",
            "password-error",
        ),
    ];
    for (name, email, password, error) in cases {
        let fields = [("name", name), ("email", email), ("password", password)];
        let shown = browser.post("/signup", &fields).await;
        assert_eq!(shown.status, 422, "{name}");
        assert!(shown.text.contains(&format!("id=\"{error}\"")), "{error}");
        assert!(!shown.text.contains(password), "a password is not shown");
        if name == "Mira <3" {
            assert!(shown.text.contains("value=\"Mira &lt;3\""));
        }
    }
    world.work().await;
    assert!(world.mails().await.is_empty());
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_about_who_has_an_account() {
    let world = World::new().await;
    person(&world, "known@example.org", &[Role::Participant]).await;
    let hashing = world.app.accounts.hashing.clone();
    let forms: [(&str, &[(&str, &str)]); 4] = [
        ("/login", &[("password", "some other words here")]),
        ("/login/link", &[]),
        ("/reset", &[]),
        (
            "/signup",
            &[("name", "Mira"), ("password", "some other words here")],
        ),
    ];
    for (path, fields) in forms {
        let mut answers = Vec::new();
        for email in ["known@example.org", "other@example.org"] {
            let before = hashing.done();
            let mut all = vec![("email", email)];
            all.extend_from_slice(fields);
            let answer = Browser::new(&world).post(path, &all).await;
            let text = answer.masked().replace(email, "…");
            world.work().await;
            let mails = world.mails_to(email).await.len();
            answers.push((
                answer.status,
                text,
                answer.location,
                hashing.done() - before,
                mails,
            ));
        }
        let (known, other) = (&answers[0], &answers[1]);
        assert_eq!(known, other, "{path}");
    }
    let subjects: Vec<String> = world
        .mails_to("other@example.org")
        .await
        .iter()
        .map(|mail| mail["subject"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(subjects.len(), 3);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_work_once_and_for_half_an_hour() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[]).await;
    let mut browser = Browser::new(&world);
    for door in ["/login/link", "/reset"] {
        browser
            .post(door, &[("email", &email)])
            .await
            .leads_to("/login/sent");
        let link = browser.mailed_link(&email, door).await;
        world.clock.advance(chrono::Duration::minutes(31));
        let late = browser.get(&link).await;
        assert_eq!(late.status, 410, "{door}");
        assert_eq!(late.headers["referrer-policy"], "no-referrer");
        let used = browser
            .post_from(door, &link, &[("password", PASSWORD)])
            .await;
        assert_eq!(used.status, 410, "{door}");
    }
    browser
        .post(
            "/login/link",
            &[("email", &email), ("next", "/account/data")],
        )
        .await;
    let link = browser.mailed_link(&email, "/login/link").await;
    browser.post(&link, &[]).await.leads_to("/account/data");
    let mut second = Browser::new(&world);
    let again = second.post_from("/login", &link, &[]).await;
    assert_eq!(again.status, 410);
    // Two reset links: using one makes the other useless.
    second.post("/reset", &[("email", &email)]).await;
    let older = second.mailed_link(&email, "/reset").await;
    second.post("/reset", &[("email", &email)]).await;
    let newer = second.mailed_link(&email, "/reset").await;
    assert_ne!(older, newer);
    let chosen = [("password", "seven copper kettles")];
    second.post(&newer, &chosen).await.leads_to("/account");
    assert_eq!(second.get(&older).await.status, 410);
    assert_eq!(browser.get("/account").await.status, 401);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_to_another_site() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[]).await;
    for next in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "evil",
    ] {
        let fields = [
            ("email", email.as_str()),
            ("password", PASSWORD),
            ("next", next),
        ];
        Browser::new(&world)
            .post("/login", &fields)
            .await
            .leads_to("/account");
    }
    let mut browser = Browser::new(&world);
    let fields = [
        ("name", "Mira"),
        ("email", "evil@example.org"),
        ("next", "//evil.example"),
    ];
    browser.post("/signup", &fields).await;
    let link = browser.mailed_link("evil@example.org", "/verify").await;
    browser.post(&link, &[]).await.leads_to("/account");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_shows_the_way_in_and_leads_on() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[]).await;
    let mut browser = Browser::new(&world);
    let shown = browser.get("/account/data").await;
    assert_eq!(shown.status, 401);
    assert!(shown.text.contains("name=\"next\" value=\"/account/data\""));
    browser
        .post_from(
            "/account/data",
            "/login",
            &[
                ("email", &email),
                ("password", PASSWORD),
                ("next", "/account/data"),
            ],
        )
        .await
        .leads_to("/account/data");
    let answer = world
        .http
        .get(world.url("/account"))
        .header("accept", "application/json")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    world.done().await;
}

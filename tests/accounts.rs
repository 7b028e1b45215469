//! Accounts: signing up, signing in, second factors, one's own data (S1, S3 to S7, S20).

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use selvedge::auth::{self, MailKind, NewToken, NewUser, Password, Role, UserId, mutes, totp};
use selvedge::db::Conn;
use selvedge::kernel::{Line, Money};
use serde_json::json;

use crate::harness::browser::{Browser, SESSION, address};
use crate::harness::program::Program;
use crate::harness::world::{CAMPAIGN, World};

const PASSWORD: &str = "a quiet blue loom";

/// Somebody made at the command line.
async fn person(world: &World, email: &str, roles: &[Role]) -> UserId {
    let new = NewUser {
        id: UserId::new(),
        email: email.parse().unwrap(),
        name: Line::parse("Mira Das", 80).unwrap(),
        password_hash: Some(Password::parse(PASSWORD).unwrap().hash().unwrap()),
        roles: roles.to_vec(),
    };
    let (id, now) = (new.id, world.clock.now());
    world
        .app
        .site
        .db
        .tx(move |c| auth::insert_user(c, &new, now))
        .await
        .unwrap();
    id
}

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
async fn tries_are_counted_by_address_and_by_account_and_a_spoofed_header_changes_nothing() {
    let settings = [("limits.enabled", "true"), ("auth.login_burst", "3")];
    let world = World::with(&settings).await;
    let mut browser = Browser::new(&world);
    for n in 0..3 {
        let email = format!("n{n}@example.org");
        assert_eq!(browser.sign_in(&email, PASSWORD).await.status, 401);
    }
    let refused = browser.sign_in("n4@example.org", PASSWORD).await;
    assert_eq!(refused.status, 429);
    assert!(refused.retry_after.is_some());
    assert!(
        refused.text.contains("n4@example.org"),
        "what was typed stays"
    );
    browser.forwarded = Some("198.51.100.7".into());
    let spoofed = browser.sign_in("n5@example.org", PASSWORD).await;
    assert_eq!(spoofed.status, 429, "an untrusted peer speaks for itself");
    world.done().await;

    let mut behind = settings.to_vec();
    behind.push(("http.trusted_proxies", "127.0.0.1"));
    let world = World::with(&behind).await;
    let mut browser = Browser::new(&world);
    for n in 0..4 {
        browser.forwarded = Some(format!("198.51.100.{n}"));
        let status = browser.sign_in("one@example.org", PASSWORD).await.status;
        assert_eq!(status, if n < 3 { 401 } else { 429 }, "{n}");
    }
    assert_eq!(
        browser.sign_in("two@example.org", PASSWORD).await.status,
        401
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_not_filled_by_strangers() {
    let settings = [("limits.enabled", "true"), ("auth.mails_per_hour", "2")];
    let world = World::with(&settings).await;
    let mut browser = Browser::new(&world);
    for _ in 0..5 {
        let fields = [("email", "maya@example.org")];
        browser
            .post("/login/link", &fields)
            .await
            .leads_to("/login/sent");
    }
    world.work().await;
    assert_eq!(world.mails_to("maya@example.org").await.len(), 2);
    world.done().await;
}

/// Two hundred at once: each is answered clearly, others are served meanwhile, and memory stays flat (S3).
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_parallel_logins_are_answered_and_memory_stays_flat() {
    let mut program = Program::new().await;
    program.start(None).await;
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let page = http
        .get(format!("{}/login", program.base))
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let text = page.text().await.unwrap();
    let seal = text.split_once("name=\"csrf\" value=\"").unwrap().1;
    let seal = seal.split_once('"').unwrap().0.to_owned();
    let before = program.kib("VmRSS");
    let login = |n: usize| {
        let (http, base, cookie, seal) = (&http, &program.base, &cookie, &seal);
        async move {
            let body = format!("csrf={seal}&email=n{n}%40example.org&password=some+other+words");
            let answer = http
                .post(format!("{base}/login"))
                .header("accept", "text/html")
                .header("cookie", cookie)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
                .send()
                .await
                .unwrap();
            let patience = answer.headers().contains_key("retry-after");
            (answer.status().as_u16(), patience)
        }
    };
    let others = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..30 {
            let start = Instant::now();
            let page = format!("{}/pages/maya-roy", program.base);
            let answer = http.get(page).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200);
            slowest = slowest.max(start.elapsed());
        }
        slowest
    };
    let logins = futures_util::future::join_all((0..200).map(login));
    let (answers, slowest) = futures_util::future::join(logins, others).await;
    let count = |status: u16| answers.iter().filter(|one| one.0 == status).count();
    assert_eq!(count(401) + count(503), 200, "{answers:?}");
    assert!(
        count(401) >= 36,
        "those that may wait are worked: {answers:?}"
    );
    assert!(answers.iter().all(|one| one.0 != 503 || one.1));
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    let grown = program.kib("VmHWM").saturating_sub(before) / 1024;
    assert!(grown < 120, "memory grew by {grown} MiB");
    program.kill();
}

/// The secret and its code as an app would have them from the page.
fn secret_on(page: &str) -> String {
    let shown = page.split_once("class=\"secret\">").unwrap().1;
    shown.split_once('<').unwrap().0.replace(' ', "")
}

fn recovery_codes_on(page: &str) -> Vec<String> {
    page.split("<li><code>")
        .skip(1)
        .map(|part| part.split_once('<').unwrap().0.to_owned())
        .collect()
}

/// Switches codes on; answers the secret and the recovery codes.
async fn with_codes(world: &World, browser: &mut Browser<'_>) -> (String, Vec<String>) {
    browser
        .post_from("/account/security", "/account/second-factor/begin", &[])
        .await
        .leads_to("/account/security#codes");
    let page = browser.get("/account/security").await.text;
    assert!(page.contains("<svg xmlns"), "the QR code is drawn");
    let secret = secret_on(&page);
    let place = "/account/second-factor/confirm";
    let wrong = browser
        .post_from("/account/security", place, &[("code", "000 00")])
        .await;
    assert_eq!(wrong.status, 422);
    let code = totp::code_at(&secret, world.clock.now()).unwrap();
    let done = browser
        .post_from("/account/security", place, &[("code", &code)])
        .await;
    let codes = recovery_codes_on(&done.text);
    assert_eq!((done.status, codes.len()), (200, 10), "{}", done.text);
    assert!(recovery_codes_on(&browser.get("/account/security").await.text).is_empty());
    (secret, codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_once_a_recovery_code_too_and_a_reset_skips_neither() {
    let world = World::new().await;
    let email = address();
    let id = person(&world, &email, &[]).await;
    let mut browser = Browser::new(&world);
    browser.sign_in(&email, PASSWORD).await.leads_to("/account");
    let (secret, recovery) = with_codes(&world, &mut browser).await;
    let sealed = world
        .app
        .site
        .db
        .read(move |c| auth::model::user_by_id(c, id))
        .await
        .unwrap()
        .totp_secret
        .unwrap();
    assert!(!sealed.contains(&secret));

    let factor = "/login/second-factor";
    let mut other = Browser::new(&world);
    other.sign_in(&email, PASSWORD).await.leads_to(factor);
    assert_eq!(other.get("/account").await.status, 403);
    let half = other.cookies[SESSION].clone();
    // The code that switched it on has been taken; so has the one shown now, after its first use.
    let taken = totp::code_at(&secret, world.clock.now()).unwrap();
    assert_eq!(other.post(factor, &[("code", &taken)]).await.status, 401);
    world.clock.advance(chrono::Duration::seconds(60));
    let code = totp::code_at(&secret, world.clock.now()).unwrap();
    other
        .post(factor, &[("code", &code)])
        .await
        .leads_to("/account");
    assert_ne!(
        other.cookies[SESSION], half,
        "a new session with the factor"
    );
    assert_eq!(other.get("/account").await.status, 200);
    let mut replay = Browser::new(&world);
    replay.sign_in(&email, PASSWORD).await;
    assert_eq!(replay.post(factor, &[("code", &code)]).await.status, 401);
    replay
        .post(factor, &[("code", &recovery[0].to_lowercase())])
        .await
        .leads_to("/account");
    let mut thief = Browser::new(&world);
    thief.sign_in(&email, PASSWORD).await;
    assert_eq!(
        thief.post(factor, &[("code", &recovery[0])]).await.status,
        401
    );

    // Whoever reads the mail sets a password, and stands before the second factor.
    thief.post("/reset", &[("email", &email)]).await;
    let link = thief.mailed_link(&email, "/reset").await;
    let chosen = [("password", "seven copper kettles")];
    thief.post(&link, &chosen).await.leads_to(factor);
    assert_eq!(thief.get("/account").await.status, 403);
    assert_eq!(
        other.get("/account").await.status,
        401,
        "others were signed out"
    );
    let mut late = Browser::new(&world);
    assert_eq!(late.sign_in(&email, PASSWORD).await.status, 401);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_works_here_is_sent_to_set_a_second_factor_up_and_keeps_it() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[Role::Coordinator]).await;
    let mut browser = Browser::new(&world);
    browser
        .sign_in(&email, PASSWORD)
        .await
        .leads_to("/account/security");
    with_codes(&world, &mut browser).await;
    let off = browser
        .post_from("/account/security", "/account/second-factor/off", &[])
        .await;
    assert_eq!(off.status, 409);
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

#[tokio::test(flavor = "multi_thread")]
async fn delicate_changes_need_a_fresh_proof_and_are_told_by_mail() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[]).await;
    let mut browser = Browser::new(&world);
    browser.sign_in(&email, PASSWORD).await;
    world.clock.advance(chrono::Duration::minutes(16));
    let new = [("email", "moved@example.org")];
    let asked = browser
        .post_from("/account/settings", "/account/address", &new)
        .await;
    asked.leads_to("/login/again?next=%2Faccount%2Fsettings");
    let again = "/login/again?next=%2Faccount%2Fsettings";
    let wrong = [
        ("password", "not my password"),
        ("next", "/account/settings"),
    ];
    assert_eq!(
        browser
            .post_from(again, "/login/again", &wrong)
            .await
            .status,
        401
    );
    let right = [("password", PASSWORD), ("next", "/account/settings")];
    browser
        .post_from(again, "/login/again", &right)
        .await
        .leads_to("/account/settings");
    browser
        .post_from("/account/settings", "/account/address", &new)
        .await
        .leads_to("/account/settings?done=address");
    let link = browser
        .mailed_link("moved@example.org", "/account/address")
        .await;
    assert_eq!(
        world.mails_to(&email).await.len(),
        1,
        "the old address is told"
    );
    assert!(browser.get("/account").await.text.contains(&email));
    assert_eq!(browser.post(&link, &[]).await.status, 200);
    assert!(
        browser
            .get("/account")
            .await
            .text
            .contains("moved@example.org")
    );
    assert_eq!(
        Browser::new(&world).sign_in(&email, PASSWORD).await.status,
        401
    );
    Browser::new(&world)
        .sign_in("moved@example.org", PASSWORD)
        .await
        .leads_to("/account");
    world.work().await;
    assert_eq!(world.mails_to(&email).await.len(), 2);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_of_mail_is_switched_off_by_its_link_and_get_changes_nothing() {
    let world = World::new().await;
    let email = address();
    let id = person(&world, &email, &[]).await;
    let url = world.app.accounts.off_links.url(id, MailKind::Tips);
    let path = url.strip_prefix(&world.base).unwrap().to_owned();
    let muted = || {
        let db = world.app.site.db.clone();
        async move { db.read(move |c| mutes::muted_by(c, id)).await.unwrap() }
    };
    let mut browser = Browser::new(&world);
    assert_eq!(browser.get(&path).await.status, 200);
    assert!(muted().await.is_empty());
    // As a mail program's one click: no cookie, no seal.
    let one_click = world
        .http
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click")
        .send()
        .await
        .unwrap();
    assert_eq!(one_click.status().as_u16(), 200);
    assert_eq!(muted().await, [MailKind::Tips]);
    let other = path.replace("/tips/", "/nudges/");
    assert_eq!(
        browser.get(&other).await.status,
        404,
        "it is bound to its kind"
    );
    browser.sign_in(&email, PASSWORD).await;
    browser
        .post_from(
            "/account/settings",
            "/account/mail",
            &[("tips", "1"), ("badges", "1")],
        )
        .await
        .leads_to("/account/settings?done=mail");
    let off = muted().await;
    assert!(!off.contains(&MailKind::Tips) && off.contains(&MailKind::Nudges));
    assert_eq!(off.len(), MailKind::ALL.len() - 2);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_sign_people_up_and_ask_who_they_are() {
    let world = World::new().await;
    person(&world, "known@example.org", &[Role::Participant]).await;
    let post = |body: serde_json::Value| {
        let request = world.http.post(world.url("/api/v1/signup")).json(&body);
        async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<serde_json::Value>().await.unwrap())
        }
    };
    for email in ["known@example.org", "new@example.org"] {
        let (status, body) = post(json!({ "name": "Mira", "email": email })).await;
        assert_eq!((status, body), (202, json!({ "status": "mailed" })));
    }
    let (status, body) = post(json!({ "name": " ", "email": "x", "password": "short" })).await;
    assert_eq!(status, 422);
    let fields: Vec<&str> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["name", "email", "password"]);
    assert_eq!(
        post(json!({ "name": "M", "email": "a@b.org", "x": 1 }))
            .await
            .0,
        422
    );
    let mut browser = Browser::new(&world);
    let link = browser.mailed_link("new@example.org", "/verify").await;
    browser.post(&link, &[]).await.leads_to("/account");

    assert_eq!(world.get("/api/v1/me").await.0, 401);
    let user = world
        .app
        .site
        .db
        .read(|c| auth::user_by_email(c, &"new@example.org".parse().unwrap()))
        .await
        .unwrap()
        .unwrap();
    let (token, secret) = NewToken::make(user.id, vec!["pages:write".parse().unwrap()]).unwrap();
    let now = world.clock.now();
    world
        .app
        .site
        .db
        .tx(move |c| auth::token::insert(c, &token, now))
        .await
        .unwrap();
    let me: serde_json::Value = world
        .http
        .get(world.url("/api/v1/me"))
        .bearer_auth(selvedge::kernel::secret::ExposeSecret::expose_secret(
            &secret,
        ))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        me,
        json!({ "id": user.id.to_string(), "name": "Mira", "roles": ["participant"], "scopes": ["pages:write"] })
    );
    world.done().await;
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    t: String,
    #[diesel(sql_type = Text)]
    c: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The columns of text in which `word` stands anywhere.
async fn columns_with(world: &World, word: &'static str) -> Vec<String> {
    world
        .app
        .site
        .db
        .read(move |conn| {
            let list = match conn {
                Conn::Sqlite(_) => {
                    "SELECT m.name AS t, p.name AS c FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND p.type = 'TEXT'"
                }
                Conn::Postgres(_) => {
                    "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text'"
                }
            };
            let columns: Vec<Column> =
                selvedge::each!(conn, c => diesel::sql_query(list).load(c))?;
            assert!(columns.len() > 100);
            let mut found = Vec::new();
            for Column { t, c: column } in columns {
                let count = format!(
                    "SELECT count(*) AS n FROM \"{t}\" WHERE lower(\"{column}\") LIKE '%{word}%'"
                );
                let count: Count =
                    selvedge::each!(conn, c => diesel::sql_query(&count).get_result(c))?;
                if count.n > 0 {
                    found.push(format!("{t}.{column}"));
                }
            }
            Ok(found)
        })
        .await
        .unwrap()
}

/// A page, a team, a diary day and words of a person, all of which hold the name.
async fn leave_traces(world: &World, user: UserId) -> (selvedge::pages::PageId, String) {
    let page = selvedge::pages::PageId::new();
    let now = world.clock.now();
    world
        .app
        .site
        .db
        .tx(move |c| {
            let campaign = selvedge::campaigns::model::by_slug(c, &CAMPAIGN.parse().unwrap())?;
            let campaign = campaign.campaign;
            let line = |text: &str| Line::parse(text, 120).unwrap();
            let new = selvedge::pages::ops::CreatePage {
                id: page,
                campaign: campaign.id,
                team: None,
                owner: Some(user),
                slug: "quillan-farthing".parse().unwrap(),
                title: line("Quillan wears a tie"),
                participant: line("Quillan Farthing"),
                story: "I am Quillan.".parse().unwrap(),
                goal: Money::new(50_000, campaign.currency),
                photo: None,
            };
            selvedge::pages::ops::create(c, &new, now)?;
            let at = now.rfc3339();
            let at = at.trim_end_matches('Z').replace('T', " ");
            for statement in [
                format!("INSERT INTO page_updates (id, page_id, body, photo_alt, created_at) VALUES ('pup_1', '{page}', 'Quillan here', 'Quillan', '{at}')"),
                format!("INSERT INTO page_aliases (slug, page_id, created_at) VALUES ('quillan', '{page}', '{at}')"),
                format!("INSERT INTO diary_entries (id, page_id, day, outfit, note, photo_alt, is_public, is_backfill, created_at, updated_at) VALUES ('dia_1', '{page}', '2026-12-01', 'dress', 'Quillan in blue', 'Quillan', TRUE, FALSE, '{at}', '{at}')"),
                format!("INSERT INTO page_messages (id, page_id, author_id, from_staff, body, created_at) VALUES ('pms_1', '{page}', '{user}', FALSE, 'Yours, Quillan', '{at}')"),
                format!("INSERT INTO media (id, owner_id, used_for, width, height, bytes, created_at) VALUES ('med_1', '{user}', 'page', 10, 10, 10, '{at}')"),
            ] {
                selvedge::each!(c, c => diesel::sql_query(&statement).execute(c))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    (page, "quillan-farthing".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_leaves_neither_name_nor_address_anywhere() {
    let world = World::new().await;
    let email = "quillan.farthing@example.org";
    let mut browser = Browser::new(&world);
    browser.join("Quillan Farthing", email, PASSWORD).await;
    let found = world
        .app
        .site
        .db
        .read(move |c| auth::user_by_email(c, &email.parse().unwrap()))
        .await
        .unwrap()
        .unwrap();
    let (page, slug) = leave_traces(&world, found.id).await;
    // Also a donor, on somebody else's page, under the same address.
    let mut gift = World::gift(5_000);
    gift["donor"] = json!({ "name": "Quillan Farthing", "email": email });
    gift["comment"] = json!("From Quillan with love");
    world.paid(&gift).await;
    assert_eq!(world.get(&format!("/pages/{slug}")).await.0, 200);
    assert!(columns_with(&world, "quillan").await.len() > 10);

    let export = browser
        .post_from("/account/data", "/account/export", &[])
        .await;
    assert_eq!(export.status, 200);
    let all: serde_json::Value = serde_json::from_str(&export.text).unwrap();
    assert_eq!(all["account"]["email"], email);
    assert_eq!(all["pages"][0]["slug"], slug);
    assert_eq!(all["diary"]["days"][0]["note"], "Quillan in blue");
    assert_eq!(all["gifts"][0]["amount"]["minor"], 5_000);

    let slip = browser
        .post_from("/account/data", "/account/delete", &[("email", "quillan")])
        .await;
    assert_eq!(slip.status, 422);
    let old = browser.cookies.clone();
    let gone = browser
        .post_from("/account/data", "/account/delete", &[("email", email)])
        .await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    assert!(!browser.cookies.contains_key(SESSION));
    browser.cookies = old;
    assert_eq!(browser.get("/account").await.status, 401);
    let refused = Browser::new(&world).sign_in(email, PASSWORD).await;
    assert_eq!(refused.status, 401);
    assert_eq!(world.get(&format!("/pages/{slug}")).await.0, 404);
    let shown = world.get("/pages/maya-roy").await.1;
    assert!(!shown.contains("Quillan"), "the wall of another page");
    world.work().await;
    // What the processor and its sandbox sent is kept as it came until its own retention ends.
    let left: Vec<String> = columns_with(&world, "quillan")
        .await
        .into_iter()
        .filter(|column| !column.starts_with("processor_"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    let removed = world
        .app
        .site
        .db
        .read(move |c| {
            use selvedge::db::schema::{media, pages};
            let status = pages::table.find(page).select(pages::status);
            let status: String = selvedge::each!(c, c => status.first(c))?;
            let media = media::table.select(media::removed_at.is_not_null());
            let media: bool = selvedge::each!(c, c => media.first(c))?;
            Ok((status, media))
        })
        .await
        .unwrap();
    assert_eq!(removed, ("hidden".to_owned(), true));
    // The address is free again, and the books hold: `done` proves them.
    let mut anew = Browser::new(&world);
    assert_eq!(
        anew.join("Somebody Else", email, PASSWORD).await,
        "/account"
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captain_passes_the_team_on_before_leaving() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let email = address();
    let id = person(&world, &email, &[Role::Participant]).await;
    world
        .app
        .site
        .db
        .tx(move |c| {
            use selvedge::db::schema::{pages, teams};
            let with_members = pages::table
                .filter(pages::team_id.is_not_null())
                .select(pages::team_id.assume_not_null());
            let team: selvedge::teams::TeamId = selvedge::each!(c, c => with_members.first(c))?;
            selvedge::each!(c, c => diesel::update(teams::table.find(team))
                .set(teams::captain_id.eq(id))
                .execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    browser.sign_in(&email, PASSWORD).await;
    let shown = browser.get("/account/data").await.text;
    assert!(shown.contains("pass the captaincy on first"));
    let refused = browser
        .post_from("/account", "/account/delete", &[("email", &email)])
        .await;
    assert_eq!(refused.status, 409);
    assert_eq!(browser.get("/account").await.status, 200);
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

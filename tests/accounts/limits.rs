//! How often, and how many at once (S3, S5).

use std::time::{Duration, Instant};

use super::PASSWORD;
use crate::harness::browser::Browser;
use crate::harness::program::Program;
use crate::harness::world::World;

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

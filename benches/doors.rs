//! Doors: whether one tells a stranger, by its time, that an address has an account (S4), and what a crowd at one costs (S3).

use std::time::{Duration, Instant};

use selvedge::auth::{self, NewUser, Password, Role, UserId};
use selvedge::kernel::Line;

use super::Bench;
use super::place::{PAGE, Place, Served};
use super::row::{Goal, Row, machine_load, median};
use super::start::{self, Running};

/// Samples of each kind at each door (S4).
const SAMPLES: u32 = 200;

/// `doors`: sign-in, reset and sign-up.
pub fn doors(bench: &Bench) -> Vec<Row> {
    let place = bench.runtime.block_on(Place::sqlite());
    let served = bench.runtime.block_on(Served::over(&place));
    let mut rows = bench.runtime.block_on(apart(&served));
    drop(served);
    let (running, _) = start::begin(&place);
    rows.extend(bench.runtime.block_on(crowd(&running)));
    rows
}

/// Two hundred who sign in at once: what it takes of memory, and how the others are served meanwhile (S3).
async fn crowd(running: &Running) -> Vec<Row> {
    let http = client();
    let base = format!("http://{}", running.address);
    let (cookie, seal) = form(&http, &format!("{base}/login")).await;
    let before = running.megabytes("VmRSS:");
    let logins = futures_util::future::join_all((0..200).map(|n| {
        let body = format!("csrf={seal}&email=n{n}%40bench.example&password=some+other+words");
        let post = post(&http, &format!("{base}/login"), &cookie, body);
        async move { post.send().await.unwrap().status().as_u16() }
    }));
    let others = async {
        let mut times = Vec::new();
        for _ in 0..300 {
            let start = Instant::now();
            let answer = http
                .get(format!("{base}/pages/{PAGE}"))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status().as_u16(), 200);
            answer.bytes().await.unwrap();
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        times
    };
    let (answers, times) = futures_util::future::join(logins, others).await;
    let worked = answers.iter().filter(|status| **status == 401).count();
    assert!(
        answers.iter().all(|status| [401, 503].contains(status)),
        "{answers:?}"
    );
    let note = format!(
        "{worked} of 200 worked, the others told to come back; {}",
        machine_load()
    );
    vec![
        Row {
            name: "doors.memory".into(),
            what: "200 sign-ins at once: growth of the process's memory at its height".into(),
            measured: running.megabytes("VmHWM:") - before,
            unit: "MB",
            ceiling: None,
            goal: Goal::AtMost(100.0),
            note: note.clone(),
        },
        Row {
            name: "doors.others".into(),
            what: "p99 of a page meanwhile".into(),
            measured: times[times.len() * 99 / 100],
            unit: "ms",
            ceiling: None,
            goal: Goal::AtMost(500.0),
            note,
        },
    ]
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

fn post(http: &reqwest::Client, url: &str, cookie: &str, body: String) -> reqwest::RequestBuilder {
    http.post(url)
        .header("accept", "text/html")
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}

/// For a known address and for unknown ones in turn: the medians of the answers' times (S4).
async fn apart(served: &Served) -> Vec<Row> {
    let http = client();
    let now = served.app.site.clock.now();
    let password = Password::choose("a long and quiet sentence", &[]).unwrap();
    let known = NewUser {
        id: UserId::new(),
        email: "known@bench.example".parse().unwrap(),
        name: Line::parse("Known", 80).unwrap(),
        password_hash: Some(password.hash().unwrap()),
        roles: vec![Role::Participant],
    };
    let insert = served
        .app
        .site
        .db
        .tx(move |c| auth::insert_user(c, &known, now));
    insert.await.unwrap();
    let base = format!("http://{}", served.address);
    let mut rows = Vec::new();
    for (name, path, rest) in [
        ("login", "/login", "&password=another+long+sentence"),
        ("reset", "/reset", ""),
        (
            "signup",
            "/signup",
            "&name=Somebody&password=a+third+long+sentence",
        ),
    ] {
        let (cookie, seal) = form(&http, &format!("{base}{path}")).await;
        let (mut with, mut without) = (Vec::new(), Vec::new());
        let mut statuses = std::collections::BTreeSet::new();
        for n in 0..SAMPLES {
            for is_known in [true, false] {
                let who = if is_known {
                    "known".to_owned()
                } else {
                    format!("nobody{n}")
                };
                let start = Instant::now();
                let body = format!("csrf={seal}&email={who}%40bench.example{rest}");
                let answer = post(&http, &format!("{base}{path}"), &cookie, body)
                    .send()
                    .await
                    .unwrap();
                statuses.insert(answer.status().as_u16());
                answer.bytes().await.unwrap();
                let times = if is_known { &mut with } else { &mut without };
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        assert_eq!(statuses.len(), 1, "{path} answers {statuses:?}");
        let (with, without) = (median(with), median(without));
        rows.push(Row {
            name: format!("doors.{name}"),
            what: format!("POST {path}: the medians of {SAMPLES} for a known and {SAMPLES} for unknown addresses, apart"),
            measured: (with - without).abs(),
            unit: "ms",
            ceiling: None,
            goal: Goal::AtMost(5.0),
            note: format!("{with:.2} against {without:.2} ms, status {statuses:?}; {}", machine_load()),
        });
    }
    rows
}

/// The cookie and the seal of a form.
async fn form(http: &reqwest::Client, url: &str) -> (String, String) {
    let page = http
        .get(url)
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let text = page.text().await.unwrap();
    let seal = text.split_once("name=\"csrf\" value=\"").unwrap().1;
    (cookie, seal.split_once('"').unwrap().0.to_owned())
}

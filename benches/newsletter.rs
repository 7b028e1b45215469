//! A newsletter on its way to a mail server of this machine, which keeps nothing: against a bare client that speaks the same
//! dialogue over as many connections; unsigned, and signed with RSA-2048 against one core's bare signatures.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;
use selvedge::auth::UserId;
use selvedge::db::Db;
use selvedge::db::schema::{deliveries, lists, newsletters, subscribers, subscriptions, users};
use selvedge::deliveries::ops::{self, Plan};
use selvedge::deliveries::{DeliveryState, Engine};
use selvedge::each;
use selvedge::kernel::{Clock, Email, Json};
use selvedge::mail::Dkim;
use selvedge::newsletters::{NewsletterId, NewsletterState, approval};
use selvedge::segments::Audience;
use selvedge::subscribers::{ListId, SubscriberId, SubscriptionState};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::Bench;
use super::load::cpu_micros;
use super::place;
use super::row::{Goal, Row};

const LINES: usize = 10;
const KEY: &str = include_str!("../tests/harness/data/dkim_rsa.pem");

/// The sink, in a process of its own: prints its port, takes whatever comes.
pub fn sink() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(take(socket));
        }
    });
}

async fn take(socket: TcpStream) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    let mut stream = BufReader::with_capacity(64 * 1024, socket);
    stream.get_mut().write_all(b"220 sink\r\n").await.ok()?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        let said: &[u8] = match line.get(..4)? {
            b"EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
            b"DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    line.clear();
                    if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
                        return None;
                    }
                    if line == b".\r\n" {
                        break;
                    }
                }
                b"250 taken\r\n"
            }
            b"QUIT" => return None,
            _ => b"250 ok\r\n",
        };
        stream.get_mut().write_all(said).await.ok()?;
    }
}

struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--sink")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Self { child, port }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Mails a second of a client that does nothing but speak.
async fn bare(port: u16, mails: usize, bytes: usize) -> f64 {
    let line = format!("{}\r\n", "x".repeat(76));
    let body = Arc::new(format!("{}.\r\n", line.repeat(bytes / line.len() + 1)));
    let left = Arc::new(AtomicUsize::new(mails));
    let start = Instant::now();
    let mut lines = tokio::task::JoinSet::new();
    for _ in 0..LINES {
        let (body, left) = (Arc::clone(&body), Arc::clone(&left));
        lines.spawn(async move {
            let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            socket.set_nodelay(true).unwrap();
            let mut stream = BufReader::new(socket);
            let mut answer = String::new();
            stream.read_line(&mut answer).await.unwrap();
            let steps: [&[u8]; 5] = [
                b"EHLO bench\r\n",
                b"MAIL FROM:<a@b.example>\r\n",
                b"RCPT TO:<c@d.example>\r\n",
                b"DATA\r\n",
                body.as_bytes(),
            ];
            let mut first = true;
            while left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
            {
                for step in &steps[usize::from(!first)..] {
                    stream.get_mut().write_all(step).await.unwrap();
                    loop {
                        answer.clear();
                        stream.read_line(&mut answer).await.unwrap();
                        if answer.as_bytes()[3] == b' ' {
                            break;
                        }
                    }
                }
                first = false;
            }
        });
    }
    while lines.join_next().await.is_some() {}
    mails as f64 / start.elapsed().as_secs_f64()
}

/// A list of `count` readers and a newsletter to it.
async fn letter(db: &Db, count: usize) -> (NewsletterId, UserId) {
    let (id, list, now) = (NewsletterId::new(), ListId::new(), Clock::system().now());
    let by: UserId = db
        .tx(move |conn| {
            let by: UserId = each!(conn, c => users::table.select(users::id).first(c))?;
            let row = (
                lists::id.eq(list),
                lists::slug.eq(format!("bench-{}", &list.to_string()[28..])),
                lists::name.eq("News"),
                lists::about.eq("What happens"),
                lists::is_public.eq(true),
                lists::created_at.eq(now),
            );
            each!(conn, c => diesel::insert_into(lists::table).values(row).execute(c))?;
            let audience = Audience {
                lists: vec![list],
                ..Audience::default()
            };
            let row = (
                (
                    newsletters::id.eq(id),
                    newsletters::slug.eq(format!("bench-{}", &id.to_string()[28..])),
                    newsletters::title.eq("A letter"),
                    newsletters::subject.eq("What your gifts did"),
                    newsletters::preheader.eq(""),
                    newsletters::layout.eq("letter"),
                    newsletters::content.eq(r#"{"blocks":[{"kind":"text","words":"Good morning, {{first_name|friend}}: this is what your gifts did."}]}"#),
                ),
                newsletters::audience.eq(Json(audience)),
                newsletters::from_name.eq("Selvedge campaign"),
                newsletters::state.eq(NewsletterState::Draft),
                newsletters::version.eq(1),
                newsletters::made_by.eq(by),
                newsletters::created_at.eq(now),
                newsletters::changed_at.eq(now),
            );
            each!(conn, c => diesel::insert_into(newsletters::table).values(row).execute(c))?;
            Ok(by)
        })
        .await
        .unwrap();
    for first in (0..count).step_by(2_000) {
        let people: Vec<(SubscriberId, Email)> = (first..count.min(first + 2_000))
            .map(|number| {
                let address = format!("{id}.{number}@domain{}.example", number % 50);
                (SubscriberId::new(), address.parse().unwrap())
            })
            .collect();
        db.tx(move |conn| {
            let rows: Vec<_> = people
                .iter()
                .map(|(id, email)| {
                    (
                        subscribers::id.eq(*id),
                        subscribers::email.eq(email),
                        subscribers::email_folded.eq(email.folded()),
                        subscribers::name.eq("Asha Verma"),
                        subscribers::language.eq(""),
                        subscribers::country.eq(""),
                        subscribers::token.eq(format!("token-{id}")),
                        subscribers::created_at.eq(now),
                    )
                })
                .collect();
            each!(conn, c => diesel::insert_into(subscribers::table).values(&rows).execute(c))?;
            let rows: Vec<_> = people
                .iter()
                .map(|(id, _)| {
                    (
                        subscriptions::list_id.eq(list),
                        subscriptions::subscriber_id.eq(*id),
                        subscriptions::state.eq(SubscriptionState::Confirmed),
                        subscriptions::changed_at.eq(now),
                    )
                })
                .collect();
            each!(conn, c => diesel::insert_into(subscriptions::table).values(&rows).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    }
    (id, by)
}

struct Run {
    rate: f64,
    cpu_us: f64,
    freeze: Duration,
    rss_mib: u64,
}

/// Sends a newsletter to `count` readers.
async fn send(url: &str, port: u16, count: usize, dkim: bool) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut config = place::config(url, folder.path());
    config.mail.transport = "smtp".into();
    config.mail.smtp_url = format!("smtp://127.0.0.1:{port}").into();
    config.newsletters.connections = LINES;
    config.newsletters.domain_per_second = 0;
    config.newsletters.domain_connections = 0;
    let mut settings = selvedge::db::DbSettings::new(url.parse().unwrap());
    settings.patience = Duration::from_secs(60);
    let db = Db::open(settings).await.unwrap();
    let (id, by) = letter(&db, count).await;
    let keys = if dkim {
        vec![Dkim::new("bench", KEY).unwrap()]
    } else {
        Vec::new()
    };
    let clock = Clock::system();
    let engine = Engine::open(&config, db.clone(), clock.clone(), Arc::new(keys))
        .await
        .unwrap();
    let (plan, now) = (
        Plan {
            newsletter: id,
            by,
            reader_time: false,
            test_percent: 0,
            test_minutes: 0,
        },
        clock.now(),
    );
    db.tx(move |conn| {
        // A second person's word is not what is measured here.
        approval::set_above(conn, 1_000_000, by, now)?;
        ops::start(conn, &plan, now)
    })
    .await
    .unwrap();
    let running = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.deliver_due().await })
    };
    let began = Instant::now();
    // Freezing goes before the first mail.
    let sent = async || {
        db.read(move |conn| {
            let sent = deliveries::table
                .filter(deliveries::newsletter_id.eq(id))
                .filter(deliveries::state.eq(DeliveryState::Sent))
                .limit(1)
                .select(deliveries::id);
            let one: Option<String> = each!(conn, c => sent.first(c).optional())?;
            Ok(one.is_some())
        })
        .await
        .unwrap()
    };
    while !sent().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let freeze = began.elapsed();
    let (start, cpu) = (Instant::now(), cpu_micros());
    running.await.unwrap().unwrap();
    let run = Run {
        rate: count as f64 / start.elapsed().as_secs_f64(),
        cpu_us: (cpu_micros() - cpu) / count as f64,
        freeze,
        rss_mib: rss_mib(),
    };
    let counts = db
        .read(move |conn| selvedge::deliveries::model::counts(conn, id))
        .await
        .unwrap();
    assert_eq!(
        counts.get(&DeliveryState::Sent).copied(),
        Some(count as i64),
        "{counts:?}"
    );
    db.close().await;
    run
}

fn rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}

/// Bare RSA-2048 signatures a second of one core.
fn signatures() -> f64 {
    let body: String = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let key = ring::rsa::KeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
    let random = ring::rand::SystemRandom::new();
    let mut out = vec![0; key.public().modulus_len()];
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < Duration::from_secs(2) {
        key.sign(&ring::signature::RSA_PKCS1_SHA256, &random, b"x", &mut out)
            .unwrap();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// `newsletter`: a row an engine; `newsletter.dkim`: signed.
pub fn newsletter(bench: &Bench) -> Vec<Row> {
    let count = if bench.is_small() { 10_000 } else { 100_000 };
    let mut rows = Vec::new();
    for (engine, place) in bench.runtime.block_on(place::engines()) {
        let sink = Sink::start();
        let ceiling = bench
            .runtime
            .block_on(bare(sink.port, count.min(30_000), 2_000));
        let run = bench
            .runtime
            .block_on(send(&place.url(), sink.port, count, false));
        rows.push(Row {
            name: format!("newsletter.{engine}"),
            what: format!("mails of one newsletter to {count} readers over {LINES} connections, against a bare client"),
            measured: run.rate,
            unit: "mails/s",
            ceiling: Some(ceiling),
            goal: Goal::Part(0.6),
            note: format!(
                "{:.0} µs CPU a mail; recipients frozen and first mail out in {:.1} s; {} MiB resident",
                run.cpu_us,
                run.freeze.as_secs_f64(),
                run.rss_mib
            ),
        });
        if engine == "sqlite" {
            let one_core = signatures();
            let signed = count / 5;
            let run = bench
                .runtime
                .block_on(send(&place.url(), sink.port, signed, true));
            let cores = (run.cpu_us * run.rate / 1e6).max(0.1);
            rows.push(Row {
                name: "newsletter.dkim".into(),
                what: format!("the same signed with RSA-2048, {signed} readers, per core used, against one core's bare signatures"),
                measured: run.rate / cores,
                unit: "mails/s/core",
                ceiling: Some(one_core),
                goal: Goal::Part(0.8),
                note: format!("{:.0} mails/s over {cores:.2} cores, {:.0} µs CPU a mail", run.rate, run.cpu_us),
            });
        }
    }
    rows
}

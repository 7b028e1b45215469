#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use serde_json::{Value, json};

use super::transport::{Files, Sandbox, Smtp, SmtpSettings, Tls};
use super::*;
use crate::db::schema::{findings, mails};
use crate::db::{Db, DbSettings, migrations};
use crate::each;
use crate::kernel::{Clock, Email};

mod sink;
use sink::{Manner, Sink};

struct Bench {
    db: Db,
    clock: Clock,
    mails: Mails,
    folder: tempfile::TempDir,
}

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mail.db", folder.path().display());
    let mut settings = DbSettings::new(url.parse().unwrap());
    settings.create = true;
    let db = Db::open(settings).await.unwrap();
    db.exclusive(|conn| migrations::up(conn).map(|_| ()))
        .await
        .unwrap();
    let templates = Arc::new(Templates::load(None).unwrap());
    Bench {
        db,
        clock: Clock::system(),
        mails: Mails::new(templates, &email("campaign@selvedge.example")),
        folder,
    }
}

impl Bench {
    fn draft(&self, source_id: &str, to: &str, name: Option<&str>) -> NewMail {
        NewMail {
            id: MailId::new(),
            kind: "receipt",
            source_id: source_id.into(),
            to: email(to),
            to_name: name.map(str::to_owned),
            context: self.mails.templates().sample("receipt").unwrap().clone(),
        }
    }

    async fn queue(&self, batch: Vec<NewMail>) -> usize {
        let (mails, now) = (self.mails.clone(), self.clock.now());
        self.db
            .tx(move |conn| mails.queue(conn, &batch, now))
            .await
            .unwrap()
    }

    async fn states(&self) -> Vec<(MailState, i32)> {
        self.db
            .read(|conn| {
                Ok(each!(conn, c => mails::table
                    .order(mails::id)
                    .select((mails::state, mails::attempts))
                    .load(c))?)
            })
            .await
            .unwrap()
    }

    fn sender(&self, transport: Transport) -> Sender {
        let origin = Origin {
            email: email("campaign@selvedge.example"),
            name: "Selvedge, the campaign".into(),
        };
        Sender::new(self.db.clone(), self.clock.clone(), transport, origin)
    }

    fn smtp(&self, port: u16, connections: usize) -> Sender {
        self.sender(Transport::Smtp(Smtp::new(settings(port, connections))))
    }

    fn minutes(&self, minutes: i64) {
        self.clock.advance(chrono::Duration::minutes(minutes));
    }
}

fn settings(port: u16, connections: usize) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::None,
        credentials: None,
        hello: "selvedge.example".into(),
        connections,
        timeout: Duration::from_secs(1),
    }
}

#[tokio::test]
async fn a_mail_is_queued_once_per_kind_and_source() {
    let bench = bench().await;
    let batch = vec![
        bench.draft("don_1", "a@example.org", None),
        bench.draft("don_2", "b@example.org", None),
        bench.draft("don_1", "a@example.org", None),
    ];
    assert_eq!(bench.queue(batch).await, 2);
    let again = bench.draft("don_2", "b@example.org", None);
    assert_eq!(bench.queue(vec![again]).await, 0);
    assert_eq!(bench.queue(Vec::new()).await, 0);
    let many = (0..2_500)
        .map(|n| bench.draft(&format!("x{n}"), "c@example.org", None))
        .collect();
    assert_eq!(bench.queue(many).await, 2_500);
}

#[tokio::test]
async fn a_mail_that_cannot_be_rendered_holds_nobody_up_and_is_a_finding() {
    let bench = bench().await;
    let mut broken = bench.draft("don_1", "a@example.org", None);
    broken.context["campaign"] = json!({});
    let batch = vec![broken.clone(), bench.draft("don_2", "b@example.org", None)];
    assert_eq!(bench.queue(batch).await, 1);
    let found: Vec<(String, String)> = bench
        .db
        .read(|conn| {
            Ok(each!(conn, c => findings::table
                .select((findings::kind, findings::subject)).load(c))?)
        })
        .await
        .unwrap();
    assert_eq!(
        found,
        [("mail_not_rendered".to_owned(), "receipt:don_1".to_owned())]
    );
    broken.kind = "no_such_mail";
    let (mails, now) = (bench.mails.clone(), bench.clock.now());
    let unknown = bench
        .db
        .tx(move |conn| mails.queue(conn, std::slice::from_ref(&broken), now))
        .await;
    assert!(unknown.is_err());
}

#[tokio::test]
async fn a_server_that_takes_mails_gets_each_once_over_one_connection() {
    let (bench, sink) = (bench().await, Sink::start(vec![]).await);
    let batch = (0..20)
        .map(|n| bench.draft(&format!("d{n}"), "maya@example.org", Some("মায়া রায়")))
        .collect();
    bench.queue(batch).await;
    let sender = bench.smtp(sink.port, 1);
    assert_eq!(sender.deliver_due().await.unwrap(), 20);
    assert_eq!(sender.deliver_due().await.unwrap(), 0);
    assert_eq!(sink.connections(), 1);
    let taken = sink.taken();
    assert_eq!(taken.len(), 20);
    assert!(bench.states().await.iter().all(|(s, _)| *s == MailState::Sent));
    let head = sink::headers(&taken[0]);
    let names: Vec<&str> = head.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    ] {
        assert_eq!(names.iter().filter(|n| **n == name).count(), 1, "{name}");
    }
    let value = |name: &str| &head.iter().find(|(n, _)| n == name).unwrap().1;
    assert!(value("From").contains("\"Selvedge, the campaign\" <campaign@selvedge.example>"));
    assert!(value("To").contains("=?utf-8?b?") && value("To").contains("<maya@example.org>"));
    assert!(value("Message-ID").starts_with("<mail_"));
    assert!(value("Message-ID").ends_with("@selvedge.example>"));
    assert!(value("Content-Type").starts_with("multipart/alternative"));
}

#[tokio::test]
async fn greylisting_is_waited_out_and_one_copy_arrives() {
    let bench = bench().await;
    let sink = Sink::start(vec![Manner::Greylist, Manner::Greylist]).await;
    bench.queue(vec![bench.draft("d", "a@example.org", None)]).await;
    let sender = bench.smtp(sink.port, 1);
    assert_eq!(sender.deliver_due().await.unwrap(), 0);
    assert_eq!(bench.states().await, [(MailState::Queued, 1)]);
    assert_eq!(sender.deliver_due().await.unwrap(), 0);
    bench.minutes(1);
    assert_eq!(sender.deliver_due().await.unwrap(), 0);
    assert_eq!(bench.states().await, [(MailState::Queued, 2)]);
    bench.minutes(1);
    assert_eq!(sender.deliver_due().await.unwrap(), 0, "five minutes now");
    bench.minutes(4);
    assert_eq!(sender.deliver_due().await.unwrap(), 1);
    assert_eq!(bench.states().await, [(MailState::Sent, 3)]);
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test]
async fn a_mail_that_no_server_takes_for_two_days_has_failed() {
    let bench = bench().await;
    let sink = Sink::start(vec![Manner::Greylist; 100]).await;
    bench.queue(vec![bench.draft("d", "a@example.org", None)]).await;
    let sender = bench.smtp(sink.port, 1);
    for _ in 0..12 * 49 {
        sender.deliver_due().await.unwrap();
        bench.minutes(5);
    }
    let (state, attempts) = bench.states().await[0];
    assert_eq!(state, MailState::Failed);
    assert!((14..=18).contains(&attempts), "{attempts}");
}

#[tokio::test]
async fn a_refusal_is_final_and_the_connection_goes_on() {
    let bench = bench().await;
    let sink = Sink::start(vec![Manner::Refuse]).await;
    bench
        .queue(vec![
            bench.draft("a", "gone@example.org", None),
            bench.draft("b", "here@example.org", None),
        ])
        .await;
    let sender = bench.smtp(sink.port, 1);
    assert_eq!(sender.deliver_due().await.unwrap(), 1);
    assert_eq!(
        bench.states().await,
        [(MailState::Failed, 1), (MailState::Sent, 1)]
    );
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn a_drop_after_data_is_sent_again_under_the_same_id_to_the_byte() {
    let bench = bench().await;
    let sink = Sink::start(vec![Manner::TakeAndDrop]).await;
    bench.queue(vec![bench.draft("d", "a@example.org", None)]).await;
    let sender = bench.smtp(sink.port, 1);
    assert_eq!(sender.deliver_due().await.unwrap(), 0);
    assert_eq!(bench.states().await, [(MailState::Queued, 1)]);
    bench.minutes(1);
    assert_eq!(sender.deliver_due().await.unwrap(), 1);
    let taken = sink.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0], taken[1]);
}

#[tokio::test]
async fn a_connection_closed_while_idle_costs_no_try() {
    let bench = bench().await;
    let sink = Sink::start(vec![Manner::TakeThenClose]).await;
    let sender = bench.smtp(sink.port, 1);
    for source in ["a", "b"] {
        bench.queue(vec![bench.draft(source, "a@example.org", None)]).await;
        assert_eq!(sender.deliver_due().await.unwrap(), 1);
    }
    assert_eq!(bench.states().await, [(MailState::Sent, 1); 2]);
    assert_eq!(sink.connections(), 2);
}

#[tokio::test]
async fn silence_ends_within_the_time_out() {
    let bench = bench().await;
    let sink = Sink::start(vec![Manner::Silent]).await;
    bench.queue(vec![bench.draft("d", "a@example.org", None)]).await;
    let sender = bench.smtp(sink.port, 1);
    let began = Instant::now();
    assert_eq!(sender.deliver_due().await.unwrap(), 0);
    assert!(began.elapsed() < Duration::from_millis(1_600));
    assert_eq!(bench.states().await, [(MailState::Queued, 1)]);
}

#[tokio::test]
async fn a_server_that_is_away_blames_no_mail_and_all_leave_when_it_is_back() {
    let bench = bench().await;
    let away = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = away.local_addr().unwrap().port();
    drop(away);
    let batch = (0..10)
        .map(|n| bench.draft(&format!("d{n}"), "a@example.org", None))
        .collect();
    bench.queue(batch).await;
    let sender = bench.smtp(port, 3);
    for _ in 0..5 {
        assert_eq!(sender.deliver_due().await.unwrap(), 0);
        bench.minutes(10);
    }
    let states = bench.states().await;
    // The mail that met the fault comes back with the others, its try not counted.
    assert!(states.iter().all(|state| *state == (MailState::Queued, 0)), "{states:?}");
    let sink = Sink::start_on(port, vec![]).await;
    assert_eq!(sender.deliver_due().await.unwrap(), 10);
    assert_eq!(sink.taken().len(), 10);
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_tls_was_asked_for() {
    for tls in [Tls::StartTls, Tls::Implicit] {
        let (bench, sink) = (bench().await, Sink::start(vec![]).await);
        bench.queue(vec![bench.draft("d", "a@example.org", None)]).await;
        let mut settings = settings(sink.port, 1);
        settings.tls = tls;
        let sender = bench.sender(Transport::Smtp(Smtp::new(settings)));
        assert_eq!(sender.deliver_due().await.unwrap(), 0);
        assert!(sink.taken().is_empty());
        assert_eq!(bench.states().await, [(MailState::Queued, 0)]);
    }
}

#[tokio::test]
async fn hostile_names_neither_panic_nor_add_a_header() {
    let hostile = [
        "E\r\nBcc: x@evil.example", "a\nb", "a\rb", "nul\0nul", "\u{202e}gnihsif", "x\u{2028}y",
        "\"quoted\" \\back\\", "<script>alert(1)</script>", "=?utf-8?q?=0D=0ABcc:_x?=", "a@b.org, c@d.org",
        ";;;:::<<<>>>", "মায়া রায়", "👩🏽‍🎓👩🏽‍🎓👩🏽‍🎓👩🏽‍🎓", "",
    ];
    let long = "n".repeat(3_000);
    let (bench, sink) = (bench().await, Sink::start(vec![]).await);
    let mut batch = Vec::new();
    for (n, name) in hostile.iter().copied().chain([long.as_str()]).enumerate() {
        let mut mail = bench.draft(&n.to_string(), "a@example.org", Some(name));
        mail.context["donor_name"] = json!(name);
        mail.context["comment"] = json!(long);
        mail.context["campaign"]["title"] = json!("Ω".repeat(400));
        batch.push(mail);
    }
    let many = batch.len();
    assert_eq!(bench.queue(batch).await, many);
    assert_eq!(bench.smtp(sink.port, 2).deliver_due().await.unwrap(), many);
    let taken = sink.taken();
    assert_eq!(taken.len(), many);
    for message in &taken {
        assert!(message.split("\r\n").all(|line| line.len() <= letter::LINE_MOST));
        let head = sink::headers(message);
        assert_eq!(head.len(), 8, "{head:?}");
        assert!(!head.iter().any(|(name, _)| name.eq_ignore_ascii_case("bcc")));
    }
}

#[tokio::test]
async fn a_sender_that_died_leaves_its_mails_to_the_next_when_the_lease_runs_out() {
    let (bench, sink) = (bench().await, Sink::start(vec![]).await);
    bench.queue(vec![bench.draft("d", "a@example.org", None)]).await;
    let now = bench.clock.now();
    let dead = bench
        .db
        .tx(move |conn| outgoing::claim(conn, "dead:0", 5, now))
        .await
        .unwrap();
    assert_eq!(dead.len(), 1);
    let sender = bench.smtp(sink.port, 1);
    assert_eq!(sender.deliver_due().await.unwrap(), 0);
    bench.minutes(6);
    assert_eq!(sender.deliver_due().await.unwrap(), 1);
    // The dead one wakes and reports: its lease is gone, nothing changes.
    let now = bench.clock.now();
    bench
        .db
        .tx(move |conn| {
            let refused = transport::Outcome::Refused("late".into());
            outgoing::settle(conn, &dead[0], &refused, now)
        })
        .await
        .unwrap();
    assert_eq!(bench.states().await, [(MailState::Sent, 2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_sender_wakes_sends_and_says_goodbye() {
    let (bench, sink) = (bench().await, Sink::start(vec![]).await);
    let sender = Arc::new(bench.smtp(sink.port, 2));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = Arc::clone(&sender);
    let task = tokio::spawn(async move { running.run(stopped).await });
    bench.queue(vec![bench.draft("d", "a@example.org", None)]).await;
    sender.wake();
    while sink.taken().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(true).unwrap();
    task.await.unwrap();
    assert_eq!(sink.farewells(), 1);
    assert_eq!(bench.states().await, [(MailState::Sent, 1)]);
}

#[tokio::test]
async fn files_are_whole_and_one_a_mail() {
    let bench = bench().await;
    let mail = bench.draft("d", "a@example.org", Some("Maya"));
    let id = mail.id;
    bench.queue(vec![mail]).await;
    let folder = bench.folder.path().join("out");
    let sender = bench.sender(Transport::File(Files::new(folder.clone())));
    assert_eq!(sender.deliver_due().await.unwrap(), 1);
    let names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, [format!("{id}.eml")]);
    let message = std::fs::read_to_string(folder.join(&names[0])).unwrap();
    assert!(message.contains("\r\nTo: Maya <a@example.org>\r\n") || message.contains("To: \"Maya\""));
}

#[actix_web::test]
async fn the_sandbox_mailbox_shows_what_was_sent_newest_first() {
    use actix_web::{App, test, web};
    let bench = bench().await;
    let mut hostile = bench.draft("b", "second@example.org", None);
    hostile.context["comment"] = json!("<script>alert(1)</script>");
    let id = hostile.id;
    let transport = || Transport::Sandbox(Sandbox::new(bench.db.clone(), bench.clock.clone()));
    bench.queue(vec![bench.draft("a", "first@example.org", None)]).await;
    bench.sender(transport()).deliver_due().await.unwrap();
    bench.queue(vec![hostile]).await;
    bench.sender(transport()).deliver_due().await.unwrap();
    let app = test::init_service(
        App::new()
            .app_data(web::Data::new(bench.db.clone()))
            .configure(mailbox::routes),
    )
    .await;
    let get = |path: String, accept: &'static str| {
        test::TestRequest::get()
            .uri(&path)
            .insert_header(("Accept", accept))
            .to_request()
    };
    let found: Value =
        test::call_and_read_body_json(&app, get("/sandbox/mail".into(), "application/json")).await;
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["to"], "second@example.org");
    assert_eq!(items[1]["to"], "first@example.org");
    assert_eq!(items[0]["from"], "campaign@selvedge.example");
    assert!(items[0]["text"].as_str().unwrap().contains("$34.25"));
    assert_eq!(items[0]["headers"]["Auto-Submitted"], "auto-generated");
    assert!(found["next"].is_null());
    let first: Value = test::call_and_read_body_json(
        &app,
        get("/sandbox/mail?limit=1".into(), "application/json"),
    )
    .await;
    let path = format!("/sandbox/mail?limit=1&after={}", first["next"].as_str().unwrap());
    let second: Value = test::call_and_read_body_json(&app, get(path, "application/json")).await;
    assert_eq!(second["items"][0]["to"], "first@example.org");

    let list = test::call_and_read_body(&app, get("/sandbox/mail".into(), "text/html")).await;
    assert!(String::from_utf8_lossy(&list).contains(&format!("/sandbox/mail/{id}")));
    let page = test::call_and_read_body(&app, get(format!("/sandbox/mail/{id}"), "text/html")).await;
    assert!(!String::from_utf8_lossy(&page).contains("<script>"));
    let html = test::call_service(&app, get(format!("/sandbox/mail/{id}/html"), "*/*")).await;
    let policy = html.headers().get("content-security-policy").unwrap();
    assert!(policy.to_str().unwrap().contains("sandbox"));
    let source = test::call_service(&app, get(format!("/sandbox/mail/{id}/source"), "*/*")).await;
    assert!(source.status().is_success());
    let missing = test::call_service(&app, get("/sandbox/mail/mail_1".into(), "*/*")).await;
    assert_eq!(missing.status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_fast_one_connection_is() {
    let (bench, sink) = (bench().await, Sink::start(vec![]).await);
    let origin = Origin {
        email: email("campaign@selvedge.example"),
        name: "Selvedge".into(),
    };
    let parts = {
        let templates = bench.mails.templates();
        templates
            .render("receipt", templates.sample("receipt").unwrap())
            .unwrap()
    };
    let draft = letter::Draft {
        id: MailId::new(),
        to: email("a@example.org"),
        to_name: None,
        subject: parts.subject,
        html: parts.html,
        text: parts.text,
        message_id: "<mail_x@selvedge.example>".into(),
        written_at: bench.clock.now(),
    };
    let smtp = Transport::Smtp(Smtp::new(settings(sink.port, 1)));
    let mails = 1_000u32;
    let began = Instant::now();
    let mut composing = Duration::ZERO;
    for _ in 0..mails {
        let started = Instant::now();
        let letter = letter::Letter::compose(draft.clone(), &origin).unwrap();
        composing += started.elapsed();
        assert_eq!(smtp.deliver(&letter).await, transport::Outcome::Sent);
    }
    println!(
        "{:.0} mails/s over one connection, {:?} to compose one (unoptimised build)",
        f64::from(mails) / began.elapsed().as_secs_f64(),
        composing / mails,
    );
    assert_eq!(sink.taken().len(), 1_000);
}

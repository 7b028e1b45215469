//! The sender against a real dialogue over loopback, with servers of every manner.

use super::sink::{self, Manner, Sink};
use super::*;
use crate::mail::transport::{Smtp, SmtpSettings, Tls};

impl Bench {
    fn smtp(&self, port: u16, connections: usize) -> Sender {
        self.sender(Transport::Smtp(Smtp::new(settings(port, connections))))
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
    assert!(
        bench
            .states()
            .await
            .iter()
            .all(|(s, _)| *s == MailState::Sent)
    );
    let head = sink::headers(&taken[0]);
    let names: Vec<&str> = head.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ] {
        assert_eq!(names.iter().filter(|n| **n == name).count(), 1, "{name}");
    }
    let value = |name: &str| &head.iter().find(|(n, _)| n == name).unwrap().1;
    assert!(value("From").contains("Selvedge campaign\" <campaign@selvedge.example>"));
    assert!(value("To").contains("=?utf-8?b?") && value("To").contains("<maya@example.org>"));
    assert!(value("Message-ID").starts_with("<mail_"));
    assert!(value("Message-ID").ends_with("@selvedge.example>"));
    assert!(value("Content-Type").starts_with("multipart/alternative"));
}

#[tokio::test]
async fn greylisting_is_waited_out_and_one_copy_arrives() {
    let bench = bench().await;
    let sink = Sink::start(vec![Manner::Greylist, Manner::Greylist]).await;
    bench
        .queue(vec![bench.draft("d", "a@example.org", None)])
        .await;
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
    bench
        .queue(vec![bench.draft("d", "a@example.org", None)])
        .await;
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
    bench
        .queue(vec![bench.draft("d", "a@example.org", None)])
        .await;
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
        bench
            .queue(vec![bench.draft(source, "a@example.org", None)])
            .await;
        assert_eq!(sender.deliver_due().await.unwrap(), 1);
    }
    assert_eq!(bench.states().await, [(MailState::Sent, 1); 2]);
    assert_eq!(sink.connections(), 2);
}

#[tokio::test]
async fn silence_ends_within_the_time_out() {
    let bench = bench().await;
    let sink = Sink::start(vec![Manner::Silent]).await;
    bench
        .queue(vec![bench.draft("d", "a@example.org", None)])
        .await;
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
    assert!(
        states.iter().all(|state| *state == (MailState::Queued, 0)),
        "{states:?}"
    );
    let sink = Sink::start_on(port, vec![]).await;
    assert_eq!(sender.deliver_due().await.unwrap(), 10);
    assert_eq!(sink.taken().len(), 10);
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_tls_was_asked_for() {
    for tls in [Tls::StartTls, Tls::Implicit] {
        let (bench, sink) = (bench().await, Sink::start(vec![]).await);
        bench
            .queue(vec![bench.draft("d", "a@example.org", None)])
            .await;
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
        "E\r\nBcc: x@evil.example",
        "a\nb",
        "a\rb",
        "nul\0nul",
        "\u{202e}gnihsif",
        "x\u{2028}y",
        "\"quoted\" \\back\\",
        "<script>alert(1)</script>",
        "=?utf-8?q?=0D=0ABcc:_x?=",
        "a@b.org, c@d.org",
        ";;;:::<<<>>>",
        "মায়া রায়",
        "👩🏽‍🎓👩🏽‍🎓👩🏽‍🎓👩🏽‍🎓",
        "",
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
        assert!(
            message
                .split("\r\n")
                .all(|line| line.len() <= letter::LINE_MOST)
        );
        let head = sink::headers(message);
        assert_eq!(head.len(), 8, "{head:?}");
        assert!(
            !head
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("bcc"))
        );
    }
}

#[tokio::test]
async fn a_sender_that_died_leaves_its_mails_to_the_next_when_the_lease_runs_out() {
    let (bench, sink) = (bench().await, Sink::start(vec![]).await);
    bench
        .queue(vec![bench.draft("d", "a@example.org", None)])
        .await;
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
    bench
        .queue(vec![bench.draft("d", "a@example.org", None)])
        .await;
    sender.wake();
    while sink.taken().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(true).unwrap();
    task.await.unwrap();
    assert_eq!(sink.farewells(), 1);
    assert_eq!(bench.states().await, [(MailState::Sent, 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_fast_one_connection_is() {
    let (bench, sink) = (bench().await, Sink::start(vec![]).await);
    let origin = Origin::plain(email("campaign@selvedge.example"), "Selvedge");
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
        headers: vec![("Auto-Submitted", "auto-generated".into())],
        reply_to: None,
        return_path: None,
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

#[tokio::test]
async fn a_wrong_password_blames_no_mail() {
    use lettre::transport::smtp::authentication::Credentials;
    let (bench, sink) = (bench().await, Sink::start(vec![]).await);
    bench
        .queue(vec![bench.draft("d", "a@example.org", None)])
        .await;
    for (password, sent, state) in [
        ("wrong", 0, (MailState::Queued, 0)),
        ("right", 1, (MailState::Sent, 1)),
    ] {
        let mut settings = settings(sink.port, 1);
        settings.credentials = Some(Credentials::new("maya".into(), password.into()));
        let sender = bench.sender(Transport::Smtp(Smtp::new(settings)));
        assert_eq!(sender.deliver_due().await.unwrap(), sent, "{password}");
        assert_eq!(bench.states().await, [state]);
    }
}

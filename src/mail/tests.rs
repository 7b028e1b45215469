#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use serde_json::{Value, json};

use super::transport::{Files, Sandbox};
use super::*;
use crate::db::Db;
use crate::db::schema::{findings, mails};
use crate::each;
use crate::kernel::{Clock, Email};

mod delivery;
mod sink;

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
    let (db, folder) = crate::jobs::tests::fresh_db().await;
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
        let origin = Origin::plain(email("campaign@selvedge.example"), "Selvedge campaign");
        Sender::new(self.db.clone(), self.clock.clone(), transport, origin)
    }

    fn minutes(&self, minutes: i64) {
        self.clock.advance(chrono::Duration::minutes(minutes));
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
    assert!(
        message.contains("\r\nTo: Maya <a@example.org>\r\n") || message.contains("To: \"Maya\"")
    );
}

#[actix_web::test]
async fn the_sandbox_mailbox_shows_what_was_sent_newest_first() {
    use actix_web::{App, test, web};
    let bench = bench().await;
    let mut hostile = bench.draft("b", "second@example.org", None);
    hostile.context["comment"] = json!("<script>alert(1)</script>");
    let id = hostile.id;
    let transport = || Transport::Sandbox(Sandbox::new(bench.db.clone(), bench.clock.clone()));
    bench
        .queue(vec![bench.draft("a", "first@example.org", None)])
        .await;
    bench.sender(transport()).deliver_due().await.unwrap();
    bench.queue(vec![hostile]).await;
    bench.sender(transport()).deliver_due().await.unwrap();
    let config = crate::config::Config::load(None, &std::collections::HashMap::new(), &[]).unwrap();
    let templates = crate::web::templates::Templates::load(None).unwrap();
    let site = crate::web::Site::open(
        std::sync::Arc::new(config),
        bench.db.clone(),
        bench.clock.clone(),
        templates,
    )
    .await
    .unwrap();
    let app = test::init_service(
        App::new()
            .app_data(web::Data::new(site))
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
    let path = format!(
        "/sandbox/mail?limit=1&after={}",
        first["next"].as_str().unwrap()
    );
    let second: Value = test::call_and_read_body_json(&app, get(path, "application/json")).await;
    assert_eq!(second["items"][0]["to"], "first@example.org");

    let list = test::call_and_read_body(&app, get("/sandbox/mail".into(), "text/html")).await;
    assert!(String::from_utf8_lossy(&list).contains(&format!("/sandbox/mail/{id}")));
    let page =
        test::call_and_read_body(&app, get(format!("/sandbox/mail/{id}"), "text/html")).await;
    assert!(!String::from_utf8_lossy(&page).contains("<script>"));
    let html = test::call_service(&app, get(format!("/sandbox/mail/{id}/html"), "*/*")).await;
    let policy = html.headers().get("content-security-policy").unwrap();
    assert!(policy.to_str().unwrap().contains("sandbox"));
    let source = test::call_service(&app, get(format!("/sandbox/mail/{id}/source"), "*/*")).await;
    assert!(source.status().is_success());
    let missing = test::call_service(&app, get("/sandbox/mail/mail_1".into(), "*/*")).await;
    assert_eq!(missing.status(), 404);
}

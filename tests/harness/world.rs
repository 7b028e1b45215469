//! A running program: the real router on a port of its own, the demo season, the sandbox processor over HTTP, and
//! webhooks, events, jobs and mail driven by hand.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use selvedge::app::App;
use selvedge::config::Config;
use selvedge::db::Db;
use selvedge::demo::DemoSeed;
use selvedge::kernel::Clock;
use selvedge::web::server::Bound;
use selvedge::web::stop::{Stop, StopSwitch};
use serde_json::{Value, json};

use super::database::{self, Guard};

/// The demo season's campaign, and a page of it.
pub const CAMPAIGN: &str = "dressember-2026";
pub const PAGE: &str = "maya-roy";

/// Test cards.
pub const PAYS: &str = "4242424242424242";
#[allow(dead_code)]
pub const DECLINED: &str = "4000000000000002";

/// Turns `clock` to `time`, as RFC 3339 writes it.
pub fn turn(clock: &Clock, time: &str) {
    let time = chrono::DateTime::parse_from_rfc3339(time).unwrap();
    let by = time.timestamp_micros() - clock.now().micros();
    clock.advance(chrono::Duration::microseconds(by));
}

pub struct World {
    pub app: App,
    pub base: String,
    pub http: reqwest::Client,
    pub clock: Clock,
    stop: StopSwitch,
    _database: Guard,
    _files: tempfile::TempDir,
    finished: bool,
}

impl World {
    /// The demo season, empty of gifts.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same under other settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::from(Clock::system(), settings).await
    }

    /// The same on another day than the machine's: the clock stands at `time`, as RFC 3339 writes it, and can be turned.
    pub async fn starting(time: &str) -> Self {
        let clock = Clock::system();
        turn(&clock, time);
        Self::from(clock, &[]).await
    }

    /// Both.
    pub async fn starting_with(time: &str, settings: &[(&str, &str)]) -> Self {
        let clock = Clock::system();
        turn(&clock, time);
        Self::from(clock, settings).await
    }

    async fn from(clock: Clock, settings: &[(&str, &str)]) -> Self {
        let (db, guard) = database::fresh().await;
        let (seed, now) = (DemoSeed::new(Vec::new()), clock.now());
        db.tx(move |conn| selvedge::demo::seed(conn, &seed, now))
            .await
            .unwrap();
        Self::over(db, guard, clock, settings).await
    }

    async fn over(db: Db, guard: Guard, clock: Clock, settings: &[(&str, &str)]) -> Self {
        if let Ok(filter) = std::env::var("RUST_LOG")
            && selvedge::web::logs::begin(selvedge::web::logs::Lines::Readable, Some(&filter))
                .is_err()
        {
            // Another test of this run has begun to log already.
        }
        let files = tempfile::tempdir().unwrap();
        let mut presets: Vec<(&str, String)> = vec![
            ("database.url", guard.url()),
            ("site.data_dir", files.path().display().to_string()),
            ("http.port", "0".into()),
            ("http.workers", "2".into()),
            ("payments.processor", "sandbox".into()),
            ("payments.requests_per_second", "2000".into()),
            ("mail.transport", "sandbox".into()),
            ("mail.from", "campaign@selvedge.example".into()),
            ("limits.enabled", "false".into()),
        ];
        presets.extend(
            settings
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned())),
        );
        let mut config = Config::load(None, &HashMap::new(), &presets).unwrap();
        let bound = Bound::new(&config).unwrap();
        config.http.port = bound.address().port();
        let base = format!("http://127.0.0.1:{}", config.http.port);
        let app = App::with_db(config, clock.clone(), db).await.unwrap();
        let (stop, stopped) = Stop::by_hand();
        let (site, mounted) = (app.site.clone(), app.clone());
        std::thread::spawn(move || {
            actix_web::rt::System::new()
                .block_on(bound.serve(
                    site,
                    move |cfg: &mut ServiceConfig| mounted.routes(cfg),
                    stopped,
                ))
                .unwrap();
        });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Self {
            app,
            base,
            http,
            clock,
            stop,
            _database: guard,
            _files: files,
            finished: false,
        }
    }

    /// The day by the season's own clock, as forms take it: in its evening the world's is another.
    pub fn season_day(&self) -> String {
        let zone = chrono_tz::America::Los_Angeles;
        self.clock.now().date_in(zone).to_string()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub async fn json(&self, path: &str) -> Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A gift of `minor` cents on the page, as the API takes it.
    pub fn gift(minor: i64) -> Value {
        json!({
            "campaign": CAMPAIGN, "page": PAGE, "amount": { "minor": minor, "currency": "USD" },
            "donor": { "name": "Asha Verma", "email": "asha@example.org" }
        })
    }

    pub async fn post_gift(&self, key: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .http
            .post(self.url("/api/v1/donations"))
            .header("Idempotency-Key", key)
            .json(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Begins a gift and answers its id and checkout.
    pub async fn begin(&self, body: &Value) -> (String, String) {
        let key = selvedge::kernel::secret::random_token().unwrap();
        let (status, answer) = self.post_gift(&key, body).await;
        assert_eq!(status, 201, "{answer}");
        let text = |field: &str| answer[field].as_str().unwrap().to_owned();
        (text("id"), text("checkout_url"))
    }

    /// Fills in the hosted pay page; answers its status.
    pub async fn pay(&self, checkout: &str, card: &str) -> u16 {
        let form = [
            ("card_number", card),
            ("exp", "12/34"),
            ("cvc", "123"),
            ("name", "A. Verma"),
        ];
        let body = form
            .map(|(key, value)| format!("{key}={}", value.replace(' ', "+").replace('/', "%2F")))
            .join("&");
        let answer = self
            .http
            .post(checkout)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        answer.status().as_u16()
    }

    /// A gift, paid and settled; answers its id.
    pub async fn paid(&self, body: &Value) -> String {
        let (id, checkout) = self.begin(body).await;
        assert_eq!(self.pay(&checkout, PAYS).await, 303);
        self.settle().await;
        assert_eq!(self.donation(&id).await["status"], "paid");
        id
    }

    pub async fn donation(&self, id: &str) -> Value {
        self.json(&format!("/api/v1/donations/{id}")).await
    }

    pub async fn page_totals(&self, slug: &str) -> (i64, i64, i64) {
        let page = self.json(&format!("/api/v1/pages/{slug}")).await;
        (
            page["raised"]["minor"].as_i64().unwrap(),
            page["donations"].as_i64().unwrap(),
            page["donors"].as_i64().unwrap(),
        )
    }

    /// Delivers every webhook that is due, works off events, jobs and mail, until nothing is left.
    pub async fn settle(&self) {
        loop {
            let delivered = self.app.sandbox.as_ref().unwrap().deliver_due_once().await;
            let mut worked = 0;
            loop {
                let now = self.app.giving.work_events().await.unwrap();
                worked += now;
                if now == 0 {
                    break;
                }
            }
            if delivered == 0 && worked == 0 {
                break;
            }
        }
        self.work().await;
    }

    /// Works off jobs and mail.
    pub async fn work(&self) {
        loop {
            let ran = self.app.runner.run_due().await.unwrap();
            let sent = self.app.sender.deliver_due().await.unwrap();
            if ran + sent == 0 {
                return;
            }
        }
    }

    pub async fn control(&self, body: Value) -> Value {
        let answer = self
            .http
            .post(self.url("/sandbox/control"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{body}");
        answer.json().await.unwrap()
    }

    /// The mailbox, newest first, without the coach's letters: those come by the clock, whatever a test is about.
    pub async fn mails(&self) -> Vec<Value> {
        let mut all = self.all_mails().await;
        all.retain(|mail| {
            let text = mail["text"].as_str().unwrap();
            !text.contains("There is at most one such mail in")
        });
        all
    }

    /// The mailbox, newest first.
    pub async fn all_mails(&self) -> Vec<Value> {
        let answer = self
            .http
            .get(self.url("/sandbox/mail?limit=100"))
            .header("accept", "application/json")
            .send()
            .await
            .unwrap();
        let list: Value = answer.json().await.unwrap();
        list["items"].as_array().unwrap().clone()
    }

    pub async fn mails_to(&self, address: &str) -> Vec<Value> {
        self.mails()
            .await
            .into_iter()
            .filter(|mail| mail["to"].as_str().unwrap().contains(address))
            .collect()
    }

    /// What `selvedge check` would say.
    pub async fn findings(&self) -> Vec<String> {
        selvedge::cli::findings(&self.app.site.db).await.unwrap()
    }

    /// The end of every test: nothing is left undone, and the books hold.
    pub async fn done(self) {
        self.settle().await;
        assert_eq!(self.findings().await, Vec::<String>::new());
        self.done_beside_the_books().await;
    }

    /// The end of a test that wrote gifts where no money stands behind them: nothing is left undone.
    pub async fn done_beside_the_books(mut self) {
        self.settle().await;
        assert_eq!(
            self.app.runner.left_over().await.unwrap(),
            Vec::<String>::new(),
            "jobs were left unrun"
        );
        self.finished = true;
        self.stop.ask();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.ask();
        assert!(
            self.finished || std::thread::panicking(),
            "a test must end with World::done, which looks for work left undone"
        );
    }
}

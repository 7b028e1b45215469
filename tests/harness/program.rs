//! The real binary as a process of its own, which can be killed and started again over the same database and files.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use diesel::prelude::*;
use selvedge::auth::UserId;
use selvedge::auth::mutes::{MailKind, mute};
use selvedge::db::schema::{mails, users};
use selvedge::demo::DemoSeed;
use selvedge::each;
use selvedge::kernel::Clock;
use selvedge::mail::MailState;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::database::{self, Guard};
use super::world::PAYS;

/// `selvedge serve` with the sandbox processor and mailbox, over the demo season, empty of gifts and with a silent coach.
pub struct Program {
    pub base: String,
    port: u16,
    child: Option<Child>,
    database: Guard,
    files: tempfile::TempDir,
    /// Settings besides those of every program, as the environment has them.
    more: Vec<(String, String)>,
}

impl Program {
    /// Everything but the process itself.
    pub async fn new() -> Self {
        let (db, database) = database::fresh().await;
        let (seed, now) = (DemoSeed::new(Vec::new()), Clock::system().now());
        db.tx(move |conn| {
            selvedge::demo::seed(conn, &seed, now)?;
            // The coach writes by the clock, in the midst of any story: here nobody wants that.
            let everybody = each!(conn, c => users::table.select(users::id).load::<UserId>(c))?;
            for user in everybody {
                for kind in [
                    MailKind::Tips,
                    MailKind::Milestones,
                    MailKind::Nudges,
                    MailKind::Badges,
                ] {
                    mute(conn, user, kind, now)?;
                }
            }
            Ok(())
        })
        .await
        .unwrap();
        db.close().await;
        // Taken and given back: checkout links hold the address, so every start must have the same one.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let files = tempfile::tempdir().unwrap();
        Self {
            base: format!("http://127.0.0.1:{port}"),
            port,
            child: None,
            database,
            files,
            more: Vec::new(),
        }
    }

    /// The same with these settings, by their names in the environment.
    pub async fn with(more: &[(&str, &str)]) -> Self {
        let mut program = Self::new().await;
        let owned = more
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        program.more = owned.collect();
        program
    }

    /// The database, from outside the process.
    pub async fn db(&self) -> selvedge::db::Db {
        database::open(&self.database.url(), false).await
    }

    /// A second process over the same database, that works and serves nothing.
    pub fn worker(&self) -> Child {
        let mut command = self.command(&["worker"]);
        command
            .stdout(self.log())
            .stderr(self.log())
            .spawn()
            .unwrap()
    }

    /// Stops the process where it stands, or lets it go on: what a machine does that swaps.
    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        let done = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(done.success());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
        command
            .args(arguments)
            .env_remove("FAILPOINTS")
            .env("DATABASE_URL", self.database.url())
            .env("SELVEDGE__SITE__DATA_DIR", self.files.path())
            .env("SELVEDGE__HTTP__PORT", self.port.to_string())
            .env("SELVEDGE__HTTP__WORKERS", "2")
            .env("SELVEDGE__HTTP__CONNECTIONS_PER_IP", "500")
            .env("SELVEDGE__PAYMENTS__PROCESSOR", "sandbox")
            .env("SELVEDGE__PAYMENTS__REQUESTS_PER_SECOND", "1000")
            .env("SELVEDGE__PAYMENTS__ASK_AFTER_SECONDS", "1")
            .env("SELVEDGE__MAIL__TRANSPORT", "sandbox")
            .env("SELVEDGE__MAIL__FROM", "campaign@selvedge.example")
            .env("SELVEDGE__LIMITS__ENABLED", "false")
            .env("RUST_LOG", "warn")
            .envs(self.more.iter().map(|(key, value)| (key, value)));
        command
    }

    fn log(&self) -> Stdio {
        let file = self.files.path().join("serve.log");
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .unwrap()
            .into()
    }

    /// Starts the process, with the named place armed so that it dies there, and waits until it answers. One that is armed may
    /// die before it answers: the workers start before the first request comes.
    pub async fn start(&mut self, armed: Option<&str>) {
        let mut command = self.command(&["serve"]);
        if let Some(name) = armed {
            command.env("FAILPOINTS", format!("{name}=1*return"));
        }
        self.child = Some(
            command
                .stdout(self.log())
                .stderr(self.log())
                .spawn()
                .unwrap(),
        );
        let http = client(Duration::from_secs(2));
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if http
                .get(format!("{}/readyz", self.base))
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
            {
                return;
            }
            let ended = self.child.as_mut().expect("it runs").try_wait().unwrap();
            if ended.is_some() && armed.is_some() {
                return;
            }
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the program did not start ({ended:?}):\n{}",
                self.words()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A figure of the process in KiB, as the kernel tells it: `VmRSS`, `VmHWM`.
    pub fn kib(&self, name: &str) -> u64 {
        let pid = self.child.as_ref().expect("it runs").id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// SIGKILL: no destructor, no flush, no good-bye.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Whether the process has ended by itself.
    pub fn has_died(&mut self) -> bool {
        let died = self
            .child
            .as_mut()
            .expect("it was started")
            .try_wait()
            .unwrap()
            .is_some();
        if died {
            self.child = None;
        }
        died
    }

    /// The log's last lines.
    pub fn words(&self) -> String {
        let log = std::fs::read_to_string(self.files.path().join("serve.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// `selvedge check --json`: its exit code and what it printed.
    pub fn check(&self) -> (Option<i32>, String) {
        let done = self.command(&["check", "--json"]).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    }

    /// How many mails have not left, as the outbox knows it.
    pub async fn unsent(&self) -> i64 {
        let db = database::open(&self.database.url(), false).await;
        let count = db.read(|conn| {
            let open = mails::table
                .filter(mails::state.ne(MailState::Sent))
                .count();
            Ok(each!(conn, c => open.get_result(c))?)
        });
        let count = count.await.unwrap();
        db.close().await;
        count
    }

    pub async fn json(&self, path: &str) -> Value {
        let request = client(Duration::from_secs(20))
            .get(format!("{}{path}", self.base))
            .header("accept", "application/json");
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Asks until `found` is content with the answer.
    pub async fn until(
        &self,
        path: &str,
        patience: Duration,
        found: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + patience;
        loop {
            let answer = self.json(path).await;
            if found(&answer) {
                return answer;
            }
            assert!(
                Instant::now() < deadline,
                "{path} did not come to what was awaited: {answer}\n{}",
                self.words()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub async fn control(&self, body: &Value) {
        let answer = client(Duration::from_secs(20))
            .post(format!("{}/sandbox/control", self.base))
            .json(body)
            .send()
            .await;
        assert_eq!(answer.unwrap().status().as_u16(), 200);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// A client without redirects that gives up after `patience`.
pub fn client(patience: Duration) -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(patience)
        .build()
        .unwrap()
}

/// A donor in front of a browser that may lose the server at any moment: the same gift under the same key, as often as
/// it takes.
pub struct Donor {
    pub key: String,
    pub body: Value,
    http: reqwest::Client,
    /// The gift's id and checkout, once it was begun.
    pub begun: Option<(String, String)>,
    paid: bool,
}

impl Donor {
    pub fn new(
        key: &str,
        page: Option<&str>,
        minor: i64,
        email: &str,
        http: &reqwest::Client,
    ) -> Self {
        let body = json!({
            "campaign": super::world::CAMPAIGN, "page": page, "amount": { "minor": minor, "currency": "USD" },
            "donor": { "name": "Asha Verma", "email": email },
        });
        Self {
            key: key.to_owned(),
            body,
            http: http.clone(),
            begun: None,
            paid: false,
        }
    }

    /// One try to come further; `true` when the gift is begun and paid. A server that is away or says 5xx is no failure.
    pub async fn try_on(&mut self, base: &str) -> bool {
        if self.begun.is_none() {
            self.begun = self.begin(base).await;
        }
        if let Some((_, checkout)) = self.begun.clone().filter(|_| !self.paid) {
            self.paid = self.pay(&checkout).await;
        }
        self.paid
    }

    async fn begin(&self, base: &str) -> Option<(String, String)> {
        let request = self
            .http
            .post(format!("{base}/api/v1/donations"))
            .header("Idempotency-Key", &self.key)
            .json(&self.body);
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        assert!(status == 201 || status >= 500, "{status} {text}");
        if status != 201 {
            return None;
        }
        let body: Value = serde_json::from_str(&text).unwrap();
        Some((
            body["id"].as_str().unwrap().to_owned(),
            body["checkout_url"].as_str().unwrap().to_owned(),
        ))
    }

    /// A page that has been paid sends on to the thanks, however often the button is pressed.
    async fn pay(&self, checkout: &str) -> bool {
        let form = format!("card_number={PAYS}&exp=12%2F34&cvc=123&name=A.+Verma");
        let request = self
            .http
            .post(checkout)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let Ok(answer) = request.send().await else {
            return false;
        };
        let status = answer.status().as_u16();
        assert!(status == 303 || status >= 500, "{status}");
        status == 303
    }
}

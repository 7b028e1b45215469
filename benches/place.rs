//! Scratch databases with the demo season in them, and the program serving them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::web::{self, Bytes, ServiceConfig};
use secrecy::ExposeSecret;
use selvedge::app::App;
use selvedge::auth::sessions::{self, NewSession};
use selvedge::auth::{self, NewUser, Role, UserId};
use selvedge::config::Config;
use selvedge::db::{Db, DbSettings, migrations};
use selvedge::demo::DemoSeed;
use selvedge::kernel::secret::random_token;
use selvedge::kernel::{Clock, Line};
use selvedge::web::server::Bound;
use selvedge::web::stop::{Stop, StopSwitch};

/// The live campaign of the demo, and a page of it.
pub const CAMPAIGN: &str = "dressember-2026";
pub const PAGE: &str = "maya-roy";

/// The secret that signs the bench's webhooks.
pub const SECRET: &str = "whsec_bench";

/// A database that goes when this goes.
pub enum Place {
    File(tempfile::TempDir),
    Server { server: String, name: String },
}

/// The PostgreSQL server, where one is named.
pub fn server() -> Option<String> {
    std::env::var("SELVEDGE_TEST_DATABASE_URL")
        .ok()
        .filter(|url| url.starts_with("postgres"))
}

/// The engines to measure: SQLite, and PostgreSQL where a server is named.
pub async fn engines() -> Vec<(&'static str, Place)> {
    let mut all = vec![("sqlite", Place::sqlite().await)];
    if let Some(server) = server() {
        all.push(("postgres", Place::postgres(server).await));
    }
    all
}

impl Place {
    /// The demo season without gifts, in a file.
    pub async fn sqlite() -> Self {
        let place = Self::File(tempfile::tempdir().unwrap());
        place.begin().await;
        place
    }

    /// The same on a server.
    pub async fn postgres(server: String) -> Self {
        let token: String = random_token()
            .unwrap()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(12)
            .collect();
        let name = format!("selvedge_bench_{}", token.to_lowercase());
        maintain(&server, &format!("CREATE DATABASE {name}")).await;
        let place = Self::Server { server, name };
        place.begin().await;
        place
    }

    async fn begin(&self) {
        let db = self.open(true).await;
        db.exclusive(migrations::up).await.unwrap();
        let (seed, now) = (DemoSeed::new(Vec::new()), Clock::system().now());
        db.tx(move |conn| selvedge::demo::seed(conn, &seed, now))
            .await
            .unwrap();
        db.close().await;
    }

    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => {
                format!("sqlite://{}", folder.path().join("selvedge.db").display())
            }
            Self::Server { server, name } => {
                let mut url = url::Url::parse(server).unwrap();
                url.set_path(name);
                url.to_string()
            }
        }
    }

    pub async fn open(&self, create: bool) -> Db {
        let mut settings = DbSettings::new(self.url().parse().unwrap());
        settings.create = create;
        settings.patience = Duration::from_secs(60);
        Db::open(settings).await.unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self::Server { server, name } = self else {
            return;
        };
        let (server, statement) = (
            server.clone(),
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        );
        // A thread of its own: this may be inside the bench's runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(maintain(&server, &statement));
        });
        if dropped.join().is_err() {
            eprintln!("a scratch database could not be dropped");
        }
    }
}

async fn maintain(server: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
        .await
        .unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

/// The settings of a program under load: as installed, but for limits, which would hold one address
/// back, and second factors, which nobody is here to show.
pub fn config(url: &str, folder: &std::path::Path) -> Config {
    let presets: Vec<(&str, String)> = vec![
        ("database.url", url.to_owned()),
        ("site.data_dir", folder.display().to_string()),
        ("http.port", "0".into()),
        ("payments.processor", "sandbox".into()),
        ("payments.stripe_webhook_secret", SECRET.into()),
        ("mail.transport", "sandbox".into()),
        ("mail.from", "campaign@selvedge.example".into()),
        ("limits.enabled", "false".into()),
        ("auth.staff_second_factor", "false".into()),
    ];
    Config::load(None, &HashMap::new(), &presets).unwrap()
}

/// The program, serving over a place; no worker runs beside it.
pub struct Served {
    pub app: App,
    pub address: SocketAddr,
    stop: StopSwitch,
    _files: tempfile::TempDir,
}

impl Served {
    pub async fn over(place: &Place) -> Self {
        let files = tempfile::tempdir().unwrap();
        let mut config = config(&place.url(), files.path());
        let bound = Bound::new(&config).unwrap();
        let address = bound.address();
        config.http.port = address.port();
        let app = App::build(config, Clock::system()).await.unwrap();
        let (stop, stopped) = Stop::by_hand();
        let (site, mounted) = (app.site.clone(), app.clone());
        std::thread::spawn(move || {
            let routes = move |cfg: &mut ServiceConfig| mounted.routes(cfg);
            actix_web::rt::System::new()
                .block_on(bound.serve(site, routes, stopped))
                .unwrap();
        });
        Self {
            app,
            address,
            stop,
            _files: files,
        }
    }
}

impl Served {
    /// The cookie of a new member of staff who is signed in.
    pub async fn signed_in(&self, role: Role) -> String {
        let user = NewUser {
            id: UserId::new(),
            email: format!("{role}@bench.example").parse().unwrap(),
            name: Line::parse("Staff", 80).unwrap(),
            password_hash: None,
            roles: vec![role],
        };
        let (session, secret) = NewSession::make(user.id, "a bench").unwrap();
        let (site, now) = (&self.app.site, self.app.site.clock.now());
        let sign_in = site.db.tx(move |c| {
            auth::insert_user(c, &user, now)?;
            sessions::begin(c, &session, now)
        });
        sign_in.await.unwrap();
        format!("selvedge-session={}", secret.expose_secret())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.ask();
    }
}

/// A bare actix-web handler that answers `body` at `/`, for as long as the bench runs.
pub fn bare(body: Vec<u8>, content_type: &'static str) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let body = Bytes::from(body);
    std::thread::spawn(move || {
        let server = actix_web::HttpServer::new(move || {
            let body = body.clone();
            actix_web::App::new().route(
                "/",
                web::get().to(move || {
                    let body = body.clone();
                    async move {
                        actix_web::HttpResponse::Ok()
                            .content_type(content_type)
                            .body(body)
                    }
                }),
            )
        })
        .workers(std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get))
        .tcp_nodelay(true)
        .disable_signals()
        .listen(listener)
        .unwrap();
        actix_web::rt::System::new().block_on(server.run()).unwrap();
    });
    address
}

//! A database a test, on the engine that `SELVEDGE_TEST_DATABASE_URL` names (unset: SQLite).
//!
//! A migrated template is made once a run; a test gets a copy of it (a file, or `CREATE DATABASE … TEMPLATE`).

use std::collections::BTreeSet;
use std::path::PathBuf;

use diesel::prelude::*;
use diesel::sql_types::Text;
use selvedge::db::{Db, DbSettings, DbUrl, migrations};
use selvedge::each;
use selvedge::kernel::secret::random_token;
use tokio::sync::OnceCell;

/// Takes the database away when the test is done.
pub enum Guard {
    File(tempfile::TempDir),
    Server { name: String },
}

impl Guard {
    /// The address by which another process reaches the same database.
    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => {
                format!("sqlite://{}", folder.path().join("selvedge.db").display())
            }
            Self::Server { name } => server_url(name),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Self::Server { name } = self else { return };
        let statement = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
        // A thread of its own: the test's runtime is on its way out.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(maintain(&statement));
        });
        if dropped.join().is_err() {
            eprintln!("a test database could not be dropped");
        }
    }
}

/// The server's address, if the suite runs on one.
pub fn server() -> Option<String> {
    std::env::var("SELVEDGE_TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
}

fn server_url(database: &str) -> String {
    let base = server().expect("SELVEDGE_TEST_DATABASE_URL");
    let mut url = url::Url::parse(&base).expect("SELVEDGE_TEST_DATABASE_URL is a URL");
    url.set_path(database);
    url.to_string()
}

/// One statement outside any transaction, on the server's own database.
async fn maintain(statement: &str) {
    let (client, connection) = tokio_postgres::connect(&server().unwrap(), tokio_postgres::NoTls)
        .await
        .expect("the test server answers");
    let driver = tokio::spawn(connection);
    client
        .batch_execute(statement)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
    drop(client);
    driver.await.unwrap().unwrap();
}

fn fresh_name() -> String {
    let token: String = random_token()
        .unwrap()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(16)
        .collect();
    format!("selvedge_test_{}", token.to_lowercase())
}

/// The migrated template, made once a run of the suite.
async fn template() -> &'static String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            if server().is_some() {
                let name = fresh_name();
                maintain(&format!("CREATE DATABASE \"{name}\"")).await;
                migrate(&server_url(&name)).await;
                return name;
            }
            let folder = tempfile::tempdir().unwrap().keep();
            let file = folder.join("template.db");
            migrate(&format!("sqlite://{}", file.display())).await;
            file.display().to_string()
        })
        .await
}

async fn migrate(url: &str) {
    let db = open(url, true).await;
    db.exclusive(migrations::up).await.unwrap();
    db.close().await;
}

async fn open(url: &str, create: bool) -> Db {
    let url: DbUrl = url.parse().unwrap();
    let mut settings = DbSettings::new(url);
    settings.create = create;
    // Generous: a busy machine runs many tests at once, and no test here is about patience.
    settings.patience = std::time::Duration::from_secs(60);
    settings.readers = 4;
    settings.writers = 8;
    Db::open(settings).await.unwrap()
}

/// A fresh place with the schema; nobody has opened it yet.
pub async fn place() -> Guard {
    let template = template().await;
    if server().is_some() {
        let name = fresh_name();
        maintain(&format!(
            "CREATE DATABASE \"{name}\" TEMPLATE \"{template}\""
        ))
        .await;
        return Guard::Server { name };
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(PathBuf::from(template), folder.path().join("selvedge.db")).unwrap();
    Guard::File(folder)
}

/// A fresh database with the schema.
pub async fn fresh() -> (Db, Guard) {
    let guard = place().await;
    (open(&guard.url(), false).await, guard)
}

/// A fresh database without anything.
pub async fn empty() -> (Db, Guard) {
    let guard = if server().is_some() {
        let name = fresh_name();
        maintain(&format!("CREATE DATABASE \"{name}\"")).await;
        Guard::Server { name }
    } else {
        Guard::File(tempfile::tempdir().unwrap())
    };
    (open(&guard.url(), true).await, guard)
}

/// The names of the tables.
pub async fn tables(db: &Db) -> BTreeSet<String> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    db.read(|conn| {
        let query = if conn.is_sqlite() {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        } else {
            "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'"
        };
        let names: Vec<Name> = each!(conn, c => diesel::sql_query(query).load(c))?;
        Ok(names.into_iter().map(|row| row.name).collect())
    })
    .await
    .unwrap()
}

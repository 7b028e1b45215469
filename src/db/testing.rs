//! A fresh, migrated database for each test, on the engine that `SELVEDGE_TEST_DATABASE_URL` names (unset: SQLite).
#![allow(clippy::unwrap_used)]

use super::{Db, DbSettings, DbUrl, migrations};

/// Keeps the database while a test runs, and takes it away afterwards.
pub enum Guard {
    /// The folder of the file.
    Sqlite(tempfile::TempDir),
    /// The server's maintenance URL and the name of the database on it.
    Postgres(String, String),
}

/// Opens a new database with the schema of this binary.
pub async fn fresh() -> (Db, Guard) {
    let (url, guard) = match std::env::var("SELVEDGE_TEST_DATABASE_URL") {
        Ok(server) if server.starts_with("postgres") => {
            let name = format!("test_{}", uuid::Uuid::now_v7().simple());
            administer(server.clone(), format!("CREATE DATABASE {name}"))
                .await
                .unwrap();
            let mut url = url::Url::parse(&server).unwrap();
            url.set_path(&name);
            (url.to_string(), Guard::Postgres(server, name))
        }
        _ => {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("test.db");
            (
                format!("sqlite://{}", file.display()),
                Guard::Sqlite(folder),
            )
        }
    };
    let mut settings = DbSettings::new(url.parse::<DbUrl>().unwrap());
    settings.create = true;
    settings.readers = 2;
    settings.writers = 4;
    settings.patience = std::time::Duration::from_secs(60);
    let db = Db::open(settings).await.unwrap();
    db.exclusive(migrations::up).await.unwrap();
    (db, guard)
}

async fn administer(server: String, statement: String) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    let done = client.batch_execute(&statement).await;
    drop(client);
    driver.await.unwrap()?;
    done
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Self::Postgres(server, name) = self else {
            return;
        };
        let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let server = server.clone();
        // A thread of its own: the test's runtime may be ending.
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(administer(server, statement))
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            eprintln!("test database {name} could not be dropped");
        }
    }
}

//! The two doors to the database, on whichever engine the suite runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use selvedge::db::{Conn, Db, migrations};
use selvedge::each;
use selvedge::error::{AppError, AppResult};

use crate::harness::database;

fn read(conn: &mut Conn, name: &str) -> AppResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Value {
        #[diesel(sql_type = Text)]
        value: String,
    }
    let rows: Vec<Value> = each!(conn, c => diesel::sql_query(format!("SELECT value FROM installation WHERE name = '{name}'")).load(c))?;
    Ok(rows.first().map(|row| row.value.parse().unwrap()))
}

fn write(conn: &mut Conn, name: &str, value: i64) -> AppResult<()> {
    conn.execute_batch(&format!(
        "INSERT INTO installation (name, value) VALUES ('{name}', '{value}')
         ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    ))
}

async fn value(db: &Db, name: &'static str) -> Option<i64> {
    db.read(move |conn| read(conn, name)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_and_one_increments_at_once_lose_none() {
    let (db, _guard) = database::fresh().await;
    db.tx(|conn| write(conn, "counter", 0)).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..201 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            // The door bounds its retries; a caller told "try again" does so.
            loop {
                let done = db
                    .tx(|conn| {
                        let before = read(conn, "counter")?.unwrap_or_default();
                        write(conn, "counter", before + 1)
                    })
                    .await;
                match done {
                    Ok(()) => return,
                    Err(AppError::Unavailable { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(value(&db, "counter").await, Some(201));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_their_own_rows_all_arrive() {
    let (db, _guard) = database::fresh().await;
    let mut tasks = Vec::new();
    for writer in 0..64 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            for turn in 0..20 {
                let name = format!("w{writer}-{turn}");
                db.tx(move |conn| write(conn, &name, turn)).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let count = db.read(|conn| rows(conn, "installation")).await.unwrap();
    assert_eq!(count, 64 * 20);
}

fn rows(conn: &mut Conn, table: &str) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let counted: Count = each!(conn, c => diesel::sql_query(format!("SELECT COUNT(*) AS n FROM {table}")).get_result(c))?;
    Ok(counted.n)
}

/// One caller's error or panic takes back its own rows and nobody else's, however the closures were grouped.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_or_a_panic_harms_no_neighbour() {
    let (db, _guard) = database::fresh().await;
    let failed = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for number in 0..90i64 {
        let (db, failed) = (db.clone(), Arc::clone(&failed));
        tasks.push(tokio::spawn(async move {
            let name = format!("n{number}");
            let done = db
                .tx(move |conn| {
                    write(conn, &name, number)?;
                    conn.atomically(|conn| {
                        write(conn, &format!("inner-{name}"), number)?;
                        match number % 3 {
                            1 => Err(AppError::field(
                                "number",
                                "is one more than a multiple of three",
                            )),
                            2 => panic!("this panic is part of the test"),
                            _ => Ok(()),
                        }
                    })
                })
                .await;
            if done.is_err() {
                failed.fetch_add(1, Ordering::SeqCst);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(failed.load(Ordering::SeqCst), 60);
    assert_eq!(
        db.read(|conn| rows(conn, "installation")).await.unwrap(),
        30 * 2
    );
    db.tx(|conn| write(conn, "after", 1)).await.unwrap();
    assert_eq!(value(&db, "after").await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_cannot_write() {
    let (db, _guard) = database::fresh().await;
    assert!(db.read(|conn| write(conn, "x", 1)).await.is_err());
    assert_eq!(value(&db, "x").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_an_error_and_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.db");
    let url = format!("sqlite://{}", file.display()).parse().unwrap();
    let error = Db::open(selvedge::db::DbSettings::new(url))
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("selvedge migrate"), "{error}");
    assert!(!file.exists());
    let nobody = "postgres://nobody:x@127.0.0.1:9/none?connect_timeout=1"
        .parse()
        .unwrap();
    assert!(matches!(
        Db::open(selvedge::db::DbSettings::new(nobody)).await,
        Err(AppError::Unavailable { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_up_down_and_up_again() {
    let (db, _guard) = database::empty().await;
    let ran = db.exclusive(migrations::up).await.unwrap();
    assert!(ran.len() >= 4);
    let tables = database::tables(&db).await;
    assert_eq!(
        db.exclusive(|conn| migrations::down(conn, 99))
            .await
            .unwrap(),
        ran.len()
    );
    assert!(!database::tables(&db).await.contains("donations"));
    assert_eq!(db.exclusive(migrations::up).await.unwrap(), ran);
    assert_eq!(database::tables(&db).await, tables);
    assert!(db.exclusive(migrations::up).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_newer_than_the_binary_is_refused() {
    let (db, _guard) = database::fresh().await;
    db.tx(|conn| {
        conn.execute_batch("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')")
    })
    .await
    .unwrap();
    let error = db.exclusive(migrations::pending).await.err().unwrap();
    assert!(error.to_string().contains("newer binary"), "{error}");
}

/// Both trees make the same tables, columns, nullability and uniques: read from the files, so that it holds on a
/// machine with one engine.
#[test]
fn both_migration_trees_say_the_same() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let names = |engine: &str| {
        let mut names: Vec<String> = std::fs::read_dir(folder.join(engine))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    for name in names("sqlite") {
        for file in ["up.sql", "down.sql"] {
            let statements = |engine: &str| -> Vec<String> {
                let text =
                    std::fs::read_to_string(folder.join(engine).join(&name).join(file)).unwrap();
                let text = text
                    .replace(
                        "BIGSERIAL NOT NULL PRIMARY KEY",
                        "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
                    )
                    .replace("BYTEA", "BLOB")
                    // SQLite compares by bytes anyway.
                    .replace("COLLATE \"C\" ", "")
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("--"))
                    .collect::<Vec<_>>()
                    .join("\n");
                text.replace(";\n", ";")
                    .trim_end_matches(';')
                    .split(';')
                    .map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "))
                    .filter(|s| {
                        s.starts_with("CREATE TABLE")
                            || s.contains(" INDEX ")
                            || s.starts_with("DROP TABLE")
                            || s.starts_with("ALTER TABLE")
                    })
                    .collect()
            };
            // Where SQLite makes a table anew PostgreSQL alters it: the texts differ, and the suite on both engines holds those.
            let rebuilt: Vec<String> = statements("sqlite")
                .iter()
                .filter_map(|statement| Some(statement.split_once(" RENAME TO ")?.1.to_owned()))
                .collect();
            let alike = |engine: &str| -> Vec<String> {
                let of_rebuilt = |statement: &String| {
                    rebuilt.iter().any(|table| {
                        statement
                            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                            .take(8)
                            .any(|word| {
                                word == table
                                    || word == format!("{table}_new")
                                    || word == format!("{table}_old")
                            })
                    })
                };
                let mut all = statements(engine);
                // Its indexes go with the table that SQLite drops; PostgreSQL drops them by name.
                all.retain(|statement| {
                    let is_dropped = statement.starts_with("DROP INDEX") && !rebuilt.is_empty();
                    !is_dropped && !of_rebuilt(statement)
                });
                all
            };
            assert_eq!(alike("sqlite"), alike("postgres"), "{name}/{file}");
        }
    }
}

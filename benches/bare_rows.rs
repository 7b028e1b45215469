//! The ceiling of everything that writes: bare rows of a given size, durably, through the same door.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use diesel::prelude::*;
use selvedge::db::Db;
use selvedge::each;

diesel::table! {
    bench_rows (id) {
        id -> BigInt,
        body -> Text,
    }
}

/// A table of rows that are nothing but bytes.
#[derive(Clone)]
pub struct BareRows {
    db: Db,
    next: Arc<AtomicI64>,
}

impl BareRows {
    pub async fn begin(db: Db) -> Self {
        db.exclusive(|conn| {
            conn.execute_batch(
                "CREATE TABLE bench_rows (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
            )
        })
        .await
        .unwrap();
        Self {
            db,
            next: Arc::default(),
        }
    }

    /// One transaction with a row for each of `bodies`.
    pub async fn write(&self, bodies: &Arc<Vec<String>>) {
        let first = self
            .next
            .fetch_add(i64::try_from(bodies.len()).unwrap(), Ordering::Relaxed);
        let bodies = Arc::clone(bodies);
        self.db
            .tx(move |conn| {
                let rows: Vec<_> = (first..)
                    .zip(bodies.iter())
                    .map(|(id, body)| (bench_rows::id.eq(id), bench_rows::body.eq(body)))
                    .collect();
                for chunk in rows.chunks(1000) {
                    each!(conn, c => diesel::insert_into(bench_rows::table).values(chunk.to_vec()).execute(c))?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }
}

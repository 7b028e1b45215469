//! The databases: the only place that knows which engine runs.
//!
//! Handlers go through two doors, [`Db::read`] and [`Db::tx`]; both run a plain function over [`Conn`] on a
//! blocking thread. A `tx` closure may run more than once (PostgreSQL retries serialisation failures), so it takes
//! the time and new ids from outside and has no other effect than its rows. Nobody is answered before the commit
//! that carries their work is durable.

mod conn;
pub mod installation;
pub mod migrations;
mod postgres;
mod sqlite;
#[cfg(test)]
pub mod testing;
mod url;

/// The tables, as diesel knows them.
pub mod schema;

pub use conn::{Conn, PgConn};
pub use url::{BadDbUrl, DbUrl, Engine};

use std::sync::Arc;
use std::time::Duration;

use crate::error::{AppError, AppResult};

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct DbSettings {
    /// Where it is.
    pub url: DbUrl,
    /// Where reads may go instead (PostgreSQL only).
    pub replica: Option<DbUrl>,
    /// Readers at the same time.
    pub readers: usize,
    /// Writers at the same time on PostgreSQL; SQLite has one.
    pub writers: usize,
    /// How long a call may wait and work before it is answered 503.
    pub patience: Duration,
    /// Whether a missing SQLite file is made; otherwise it is an error (a typing error must not look like an empty installation).
    pub create: bool,
}

impl DbSettings {
    /// The settings of a default installation for `url`.
    pub fn new(url: DbUrl) -> Self {
        Self {
            url,
            replica: None,
            readers: 8,
            writers: 8,
            patience: Duration::from_secs(8),
            create: false,
        }
    }
}

/// The two doors to the database. Clones share it.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    readers: conn::Pool,
    writer: Writer,
    runtime: conn::DbRuntime,
    patience: Duration,
}

enum Writer {
    Group(sqlite::GroupCommit),
    Pool(conn::Pool),
}

impl Db {
    /// Opens the database; its schema is not touched (see [`migrations`]).
    ///
    /// # Errors
    /// When it cannot be reached, or does not keep the promises that money needs (F1).
    pub async fn open(settings: DbSettings) -> AppResult<Self> {
        let runtime = conn::DbRuntime::start()?;
        let (readers, writer) = match &settings.url {
            DbUrl::Sqlite(path) => {
                let writer = sqlite::GroupCommit::start(path.clone(), settings.create)?;
                let path = path.clone();
                let open = move || sqlite::open_reader(&path);
                (
                    conn::Pool::new(settings.readers, open),
                    Writer::Group(writer),
                )
            }
            DbUrl::Postgres(url) => {
                let (reads, writes) = (settings.replica.clone(), url.clone());
                let reads = match reads {
                    Some(DbUrl::Postgres(replica)) => replica,
                    _ => url.clone(),
                };
                let readers =
                    conn::Pool::new(settings.readers, move || postgres::open(&reads, true));
                let writers =
                    conn::Pool::new(settings.writers, move || postgres::open(&writes, false));
                (readers, Writer::Pool(writers))
            }
        };
        let db = Self {
            inner: Arc::new(Inner {
                engine: settings.url.engine(),
                readers,
                writer,
                runtime,
                patience: settings.patience,
            }),
        };
        db.with_reader(|_| Ok(())).await?;
        Ok(db)
    }

    /// Which engine runs, for words shown to operators; no query depends on it.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Runs `work` over one consistent snapshot, read only.
    ///
    /// # Errors
    /// Those of `work`; [`AppError::Unavailable`] when no connection is had in time.
    pub async fn read<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        self.with_reader(move |conn| conn.atomically(work)).await
    }

    async fn with_reader<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        self.patiently(
            self.inner
                .runtime
                .run(move || inner.readers.with(inner.patience, work)),
        )
        .await
    }

    /// Runs a long proof over one snapshot: as [`Db::read`], without its patience.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn proof<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let run = move || {
            inner.readers.with(inner.patience, |conn| {
                conn.without_time_limit()?;
                conn.atomically(work)
            })
        };
        self.inner
            .runtime
            .run(run)
            .await
            .map_err(|_| AppError::database_away())?
    }

    /// Runs `work` as one durable transaction: all of it or nothing.
    ///
    /// # Errors
    /// Those of `work` (then nothing was written); [`AppError::Unavailable`] when the database is away, full or overloaded.
    pub async fn tx<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        match &self.inner.writer {
            Writer::Group(group) => self.patiently(group.submit(work)?).await,
            Writer::Pool(_) => {
                let inner = Arc::clone(&self.inner);
                let run = move || match &inner.writer {
                    Writer::Pool(pool) => postgres::serializable(pool, inner.patience, work),
                    Writer::Group(_) => Err(AppError::internal("engine changed")),
                };
                self.patiently(self.inner.runtime.run(run)).await
            }
        }
    }

    /// Work that must run outside a transaction: migrations, `VACUUM INTO`, `PRAGMA`.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn exclusive<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        match &self.inner.writer {
            Writer::Group(group) => group
                .submit_alone(work)?
                .await
                .map_err(|_| AppError::database_away())?,
            Writer::Pool(_) => {
                let inner = Arc::clone(&self.inner);
                let run = move || match &inner.writer {
                    Writer::Pool(pool) => pool.with(inner.patience, work),
                    Writer::Group(_) => Err(AppError::internal("engine changed")),
                };
                self.inner
                    .runtime
                    .run(run)
                    .await
                    .map_err(|_| AppError::database_away())?
            }
        }
    }

    async fn patiently<T>(
        &self,
        answer: tokio::sync::oneshot::Receiver<AppResult<T>>,
    ) -> AppResult<T> {
        match tokio::time::timeout(self.inner.patience, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(AppError::internal("database work ended without an answer")),
            Err(_) => {
                tracing::warn!("database did not answer in time");
                Err(AppError::database_away())
            }
        }
    }

    /// Closes: the writer finishes what it has, the write-ahead log is folded into the file (F10).
    pub async fn close(&self) {
        if let Writer::Group(group) = &self.inner.writer
            && let Ok(done) =
                group.submit_alone(|conn| conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"))
            && !matches!(done.await, Ok(Ok(())))
        {
            tracing::warn!("write-ahead log not folded at close; it will be at the next start");
        }
    }
}

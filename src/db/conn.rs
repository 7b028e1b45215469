//! One connection of either engine, the pool that keeps several, and the runtime their work runs on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use diesel::connection::{
    AnsiTransactionManager, Connection, SimpleConnection, TransactionManager,
};
use diesel::sqlite::SqliteConnection;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::error::faults;
use crate::error::{AppError, AppResult};

/// A PostgreSQL connection that blocks, driven by the database runtime.
pub type PgConn = AsyncConnectionWrapper<AsyncPgConnection>;

/// A connection of the engine that runs. Queries go through [`each!`](crate::each).
#[allow(clippy::large_enum_variant)] // A handful exist, each lent by reference: boxing would buy nothing.
pub enum Conn {
    /// SQLite, in this process.
    Sqlite(SqliteConnection),
    /// PostgreSQL, over a socket.
    Postgres(PgConn),
}

/// Runs the same diesel expression on whichever engine `conn` is: `each!(conn, c => query.load(c))`; with a name for the
/// engine where a query is put together piece by piece: `each!(conn, c: Db => query.into_boxed::<Db>().load(c))`.
#[macro_export]
macro_rules! each {
    ($conn:expr, $c:ident : $db:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($c) => {
                type $db = diesel::sqlite::Sqlite;
                $body
            }
            $crate::db::Conn::Postgres($c) => {
                type $db = diesel::pg::Pg;
                $body
            }
        }
    };
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($c) => $body,
            $crate::db::Conn::Postgres($c) => $body,
        }
    };
}

impl Conn {
    /// Whether this is SQLite. Only `db/` and operators' words ask.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Runs statements without results.
    ///
    /// # Errors
    /// The database's.
    pub fn execute_batch(&mut self, sql: &str) -> AppResult<()> {
        each!(self, c => c.batch_execute(sql)).map_err(AppError::from)
    }

    /// Runs `work` in a transaction, or in a savepoint inside one. An error or panic of `work` undoes its rows alone.
    ///
    /// # Errors
    /// Those of `work` and of the commit.
    pub fn atomically<T>(&mut self, work: impl FnOnce(&mut Self) -> AppResult<T>) -> AppResult<T> {
        self.begin(None)?;
        let outer = self.depth();
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(value)) => {
                self.commit()?;
                Ok(value)
            }
            Ok(Err(error)) => {
                self.rollback_to(outer)?;
                Err(error)
            }
            Err(_panic) => {
                metrics::counter!("selvedge_panics_total").increment(1);
                self.rollback_to(outer)?;
                Err(AppError::internal("database work panicked"))
            }
        }
    }

    /// Takes the limit off a statement's time, for long proofs and copies; the connection keeps that until it closes.
    pub(super) fn without_time_limit(&mut self) -> AppResult<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(c) => Ok(c.batch_execute("SET statement_timeout = 0")?),
        }
    }

    /// Begins a transaction (with `sql`, where the plain one will not do) or a savepoint.
    pub(super) fn begin(&mut self, sql: Option<&str>) -> AppResult<()> {
        match (self, sql) {
            (Self::Sqlite(c), Some(sql)) => AnsiTransactionManager::begin_transaction_sql(c, sql)?,
            (Self::Sqlite(c), None) => AnsiTransactionManager::begin_transaction(c)?,
            (Self::Postgres(c), _) => {
                <PgConn as Connection>::TransactionManager::begin_transaction(c)?
            }
        }
        Ok(())
    }

    pub(super) fn commit(&mut self) -> AppResult<()> {
        match self {
            Self::Sqlite(c) => AnsiTransactionManager::commit_transaction(c)?,
            Self::Postgres(c) => <PgConn as Connection>::TransactionManager::commit_transaction(c)?,
        }
        Ok(())
    }

    /// Undoes savepoints and transactions down to and including level `outer`.
    pub(super) fn rollback_to(&mut self, outer: u32) -> AppResult<()> {
        while self.depth() >= outer && self.depth() > 0 {
            match self {
                Self::Sqlite(c) => AnsiTransactionManager::rollback_transaction(c)?,
                Self::Postgres(c) => {
                    <PgConn as Connection>::TransactionManager::rollback_transaction(c)?;
                }
            }
        }
        Ok(())
    }

    /// How many transactions and savepoints are open.
    pub(super) fn depth(&mut self) -> u32 {
        let status = match self {
            Self::Sqlite(c) => AnsiTransactionManager::transaction_manager_status_mut(c),
            Self::Postgres(c) => {
                <PgConn as Connection>::TransactionManager::transaction_manager_status_mut(c)
            }
        };
        status
            .transaction_depth()
            .ok()
            .flatten()
            .map_or(0, u32::from)
    }

    fn is_broken(&mut self) -> bool {
        match self {
            Self::Sqlite(c) => AnsiTransactionManager::is_broken_transaction_manager(c),
            Self::Postgres(c) => {
                <PgConn as Connection>::TransactionManager::is_broken_transaction_manager(c)
            }
        }
    }
}

type Open = dyn Fn() -> AppResult<Conn> + Send + Sync;

/// A bounded set of connections, opened on demand, kept while healthy.
pub(super) struct Pool {
    open: Box<Open>,
    state: Mutex<PoolState>,
    freed: Condvar,
}

struct PoolState {
    idle: Vec<Conn>,
    /// How many more may be lent.
    permits: usize,
}

impl Pool {
    pub(super) fn new(
        size: usize,
        open: impl Fn() -> AppResult<Conn> + Send + Sync + 'static,
    ) -> Self {
        let state = PoolState {
            idle: Vec::new(),
            permits: size.max(1),
        };
        Self {
            open: Box::new(open),
            state: Mutex::new(state),
            freed: Condvar::new(),
        }
    }

    /// Lends a connection to `work`, waiting up to `patience` for one to be free. A connection that broke is not kept;
    /// one that had gone stale while idle is replaced before `work` sees it.
    pub(super) fn with<T>(
        &self,
        patience: Duration,
        work: impl FnOnce(&mut Conn) -> AppResult<T>,
    ) -> AppResult<T> {
        let kept = self.borrow(patience)?;
        let _permit = Permit(self);
        let mut conn = match kept.and_then(alive) {
            Some(conn) => conn,
            None => (self.open)()?,
        };
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut conn)))
            .unwrap_or_else(|_| Err(AppError::internal("database work panicked")));
        let lost =
            matches!(&result, Err(AppError::Database(cause)) if faults::is_connection_lost(cause));
        if !lost && conn.depth() == 0 && !conn.is_broken() {
            self.state.lock().idle.push(conn);
        }
        result
    }

    fn borrow(&self, patience: Duration) -> AppResult<Option<Conn>> {
        let deadline = Instant::now() + patience;
        let mut state = self.state.lock();
        while state.permits == 0 {
            if self.freed.wait_until(&mut state, deadline).timed_out() {
                return Err(AppError::database_away());
            }
        }
        state.permits -= 1;
        Ok(state.idle.pop())
    }
}

/// Gives its place back however the work ends.
struct Permit<'a>(&'a Pool);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.state.lock().permits += 1;
        self.0.freed.notify_one();
    }
}

/// The connection, if it still answers: SQLite cannot go away; a PostgreSQL socket may have closed while nobody looked.
fn alive(mut conn: Conn) -> Option<Conn> {
    let answers = match &mut conn {
        Conn::Sqlite(_) => true,
        Conn::Postgres(c) => c.batch_execute("").is_ok(),
    };
    answers.then_some(conn)
}

/// The threads that database work runs on, apart from those that answer HTTP.
pub(super) struct DbRuntime(Option<tokio::runtime::Runtime>);

impl DbRuntime {
    pub(super) fn start() -> AppResult<Self> {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(64)
            .thread_name("selvedge-db")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
            .map_err(AppError::internal)
    }

    /// Runs `work` on a blocking thread of this runtime and hands its result back.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> AppResult<T> + Send + 'static,
    ) -> oneshot::Receiver<AppResult<T>> {
        let (reply, answer) = oneshot::channel();
        if let Some(runtime) = &self.0 {
            runtime.spawn_blocking(move || {
                // The asker may have gone; the work still had its effect.
                if reply.send(work()).is_err() {
                    tracing::debug!("nobody waited for a database answer");
                }
            });
        }
        answer
    }
}

impl Drop for DbRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

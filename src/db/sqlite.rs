//! SQLite: many readers, one writer that commits in groups.
//!
//! Each closure runs in its own savepoint inside one `BEGIN IMMEDIATE … COMMIT`; answers go out after the commit, so
//! a group costs one fsync and nobody is told of work that a power cut could take back (F1).

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use tokio::sync::oneshot;

use super::Conn;
use crate::error::{AppError, AppResult};

/// Closures in one commit at most.
const GROUP: usize = 128;
/// A group that has worked this long commits, so that the first in it does not wait for the last.
const GROUP_TIME: Duration = Duration::from_millis(25);
/// Closures waiting at most; beyond it callers are told 503 at once.
const QUEUE: usize = 4096;

/// One caller's work and where its answer goes.
trait Work: Send {
    /// Runs inside the group's transaction, in a savepoint of its own.
    fn run(&mut self, conn: &mut Conn);
    /// Answers, after the group's commit succeeded or failed.
    fn answer(self: Box<Self>, commit: Result<(), ()>);
    /// Whether this must run outside any transaction.
    fn alone(&self) -> bool {
        false
    }
}

struct Job<T, F> {
    work: F,
    result: Option<AppResult<T>>,
    reply: oneshot::Sender<AppResult<T>>,
    alone: bool,
}

impl<T, F> Work for Job<T, F>
where
    T: Send,
    F: FnMut(&mut Conn) -> AppResult<T> + Send,
{
    fn run(&mut self, conn: &mut Conn) {
        // A caller who gave up waiting is not served: nothing happens after it was told "try again".
        if self.reply.is_closed() {
            return;
        }
        self.result = Some(if self.alone {
            (self.work)(conn)
        } else {
            conn.atomically(&mut self.work)
        });
    }

    fn answer(self: Box<Self>, commit: Result<(), ()>) {
        let answer = match (self.result, commit) {
            (Some(Err(error)), _) => Err(error),
            (Some(result), Ok(())) => result,
            _ => Err(AppError::database_away()),
        };
        if self.reply.send(answer).is_err() {
            tracing::debug!("nobody waited for a database answer");
        }
    }

    fn alone(&self) -> bool {
        self.alone
    }
}

/// The one writer.
pub(super) struct GroupCommit {
    queue: SyncSender<Box<dyn Work>>,
}

impl GroupCommit {
    /// Opens the file (making it only if `create`) and starts the writer's thread.
    pub(super) fn start(path: PathBuf, create: bool) -> AppResult<Self> {
        if !create && !path.is_file() {
            return Err(AppError::internal(format!(
                "there is no database at {}; check DATABASE_URL, or run `selvedge migrate` to make one",
                path.display()
            )));
        }
        let mut conn = open(&path)?;
        let (queue, waiting) = sync_channel::<Box<dyn Work>>(QUEUE);
        std::thread::Builder::new()
            .name("selvedge-writer".into())
            .spawn(move || {
                while let Ok(first) = waiting.recv() {
                    if first.alone() {
                        run_alone(&mut conn, first);
                    } else {
                        run_group(&mut conn, first, &waiting);
                    }
                }
            })
            .map_err(AppError::internal)?;
        Ok(Self { queue })
    }

    pub(super) fn submit<T, F>(&self, work: F) -> AppResult<oneshot::Receiver<AppResult<T>>>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(Job {
            work,
            result: None,
            reply,
            alone: false,
        }))?;
        Ok(answer)
    }

    pub(super) fn submit_alone<T, F>(&self, work: F) -> AppResult<oneshot::Receiver<AppResult<T>>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let mut once = Some(work);
        let work = move |conn: &mut Conn| match once.take() {
            Some(work) => work(conn),
            None => Err(AppError::internal("exclusive work ran twice")),
        };
        self.send(Box::new(Job {
            work,
            result: None,
            reply,
            alone: true,
        }))?;
        Ok(answer)
    }

    fn send(&self, work: Box<dyn Work>) -> AppResult<()> {
        self.queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => AppError::database_away(),
            TrySendError::Disconnected(_) => AppError::internal("the database writer has stopped"),
        })
    }
}

fn run_alone(conn: &mut Conn, mut work: Box<dyn Work>) {
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work.run(conn)));
    work.answer(ran.map_err(|_| ()));
}

fn run_group(conn: &mut Conn, first: Box<dyn Work>, waiting: &Receiver<Box<dyn Work>>) {
    let mut group = vec![first];
    let mut alone = None;
    let began = Instant::now();
    let commit = conn.begin(Some("BEGIN IMMEDIATE")).and_then(|()| {
        let mut next = 0;
        while let Some(work) = group.get_mut(next) {
            work.run(conn);
            next += 1;
            if next == group.len() && group.len() < GROUP && began.elapsed() < GROUP_TIME {
                match waiting.try_recv() {
                    Ok(more) if more.alone() => {
                        alone = Some(more);
                        break;
                    }
                    Ok(more) => group.push(more),
                    Err(_) => break,
                }
            }
        }
        conn.commit()
    });
    metrics::histogram!("selvedge_group_commit_size")
        .record(u32::try_from(group.len()).unwrap_or(u32::MAX));
    if let Err(error) = &commit {
        tracing::error!(cause = %error, closures = group.len(), "group commit failed; nobody in it was acknowledged");
        if let Err(error) = conn.rollback_to(1) {
            tracing::error!(cause = %error, "rollback after a failed commit");
        }
    }
    for work in group {
        work.answer(commit.as_ref().map(|_| ()).map_err(|_| ()));
    }
    if let Some(work) = alone {
        run_alone(conn, work);
    }
}

/// Settings of every connection, and what they must read back as, or money is not safe here (F1).
const PRAGMAS: [(&str, &str, &str); 6] = [
    ("busy_timeout", "5000", "5000"),
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", "2"),
    ("foreign_keys", "ON", "1"),
    ("trusted_schema", "OFF", "0"),
    ("secure_delete", "ON", "1"),
];

fn open(path: &Path) -> AppResult<Conn> {
    let shown = path.display().to_string();
    let away = |cause: &dyn std::fmt::Display| {
        AppError::internal(format!("cannot open database {shown}: {cause}"))
    };
    let name = path
        .to_str()
        .ok_or_else(|| away(&"its path is not UTF-8"))?;
    let mut conn = SqliteConnection::establish(name).map_err(|e| away(&e))?;
    for (pragma, value, expected) in PRAGMAS {
        conn.batch_execute(&format!("PRAGMA {pragma} = {value}"))
            .map_err(|e| away(&e))?;
        let found = read_pragma(&mut conn, pragma).map_err(|e| away(&e))?;
        if found != expected {
            return Err(away(&format!("PRAGMA {pragma} is {found}, not {expected}")));
        }
    }
    conn.batch_execute(
        "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456",
    )
    .map_err(|e| away(&e))?;
    Ok(Conn::Sqlite(conn))
}

/// A read-only connection.
pub(super) fn open_reader(path: &Path) -> AppResult<Conn> {
    let mut conn = open(path)?;
    conn.execute_batch("PRAGMA query_only = ON")?;
    Ok(conn)
}

fn read_pragma(conn: &mut SqliteConnection, pragma: &str) -> QueryResult<String> {
    use diesel::sql_types::Text;
    diesel::select(diesel::dsl::sql::<Text>(&format!(
        "CAST((SELECT * FROM pragma_{pragma}) AS TEXT)"
    )))
    .get_result(conn)
}

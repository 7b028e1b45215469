#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Duration;
use diesel::prelude::*;
use serde_json::json;

use super::*;
use crate::db::schema::findings;
use crate::db::{Db, DbSettings, migrations};
use crate::error::AppError;
use crate::kernel::Clock;

struct Bench {
    db: Db,
    clock: Clock,
    _folder: tempfile::TempDir,
}

/// A migrated database of its own: a SQLite file, or one on the server that `SELVEDGE_TEST_DATABASE_URL` names.
pub(crate) async fn fresh_db() -> (Db, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = match std::env::var("SELVEDGE_TEST_DATABASE_URL") {
        Ok(server) => {
            let name = format!("selvedge_{}", uuid::Uuid::now_v7().simple());
            let statement = format!("CREATE DATABASE {name}");
            let admin = Db::open(DbSettings::new(server.parse().unwrap()))
                .await
                .unwrap();
            admin
                .exclusive(move |conn| conn.execute_batch(&statement))
                .await
                .unwrap();
            let mut url = url::Url::parse(&server).unwrap();
            url.set_path(&name);
            url.to_string()
        }
        Err(_) => format!("sqlite://{}/fresh.db", folder.path().display()),
    };
    let mut settings = DbSettings::new(url.parse().unwrap());
    settings.create = true;
    let db = Db::open(settings).await.unwrap();
    db.exclusive(|conn| migrations::up(conn).map(|_| ()))
        .await
        .unwrap();
    (db, folder)
}

async fn bench() -> Bench {
    let (db, folder) = fresh_db().await;
    Bench {
        db,
        clock: Clock::system(),
        _folder: folder,
    }
}

impl Bench {
    async fn add(&self, kind: &'static str, dedup_key: Option<&str>) -> JobId {
        let now = self.clock.now();
        let job = NewJob {
            id: JobId::new(),
            kind,
            payload: json!({ "n": 1 }),
            dedup_key: dedup_key.map(str::to_owned),
            run_at: now,
        };
        let id = job.id;
        self.db
            .tx(move |conn| enqueue(conn, &job, now))
            .await
            .unwrap();
        id
    }

    async fn count(&self) -> i64 {
        self.db
            .read(|conn| Ok(each!(conn, c => jobs::table.count().get_result(c))?))
            .await
            .unwrap()
    }

    fn runner(&self, registry: Registry, concurrency: usize) -> Runner {
        Runner::new(self.db.clone(), self.clock.clone(), registry, concurrency)
    }
}

/// A handler that counts its runs and answers what `what` says to each.
fn counting(
    registry: &mut Registry,
    kind: &'static str,
    what: fn(usize) -> AppResult<()>,
) -> Arc<AtomicUsize> {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    registry.on(kind, move |_| {
        let run = counter.fetch_add(1, Ordering::SeqCst);
        async move { what(run) }
    });
    runs
}

#[tokio::test]
async fn a_job_runs_once_and_goes() {
    let bench = bench().await;
    let mut registry = Registry::new();
    let runs = counting(&mut registry, "greet", |_| Ok(()));
    let runner = bench.runner(registry, 2);
    bench.add("greet", None).await;
    bench.add("stranger", None).await;
    assert_eq!(runner.left_over().await.unwrap(), ["greet", "stranger"]);
    assert_eq!(runner.run_due().await.unwrap(), 1);
    assert_eq!(runner.run_due().await.unwrap(), 0);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    // A kind that this binary does not know is left for one that does.
    assert_eq!(runner.left_over().await.unwrap(), ["stranger"]);
}

#[tokio::test]
async fn a_failing_job_comes_again_ever_later_and_is_dead_after_ten_tries() {
    let bench = bench().await;
    let mut registry = Registry::new();
    let runs = counting(&mut registry, "fail", |_| Err(AppError::internal("no")));
    let runner = bench.runner(registry, 1);
    let id = bench.add("fail", Some("key")).await;
    for attempt in 1..=TRIES {
        assert_eq!(runner.run_due().await.unwrap(), 1, "attempt {attempt}");
        assert_eq!(runner.run_due().await.unwrap(), 0);
        let least = (1i64 << attempt) * 60 * 9 / 10;
        bench.clock.advance(Duration::seconds(least - 2));
        assert_eq!(runner.run_due().await.unwrap(), 0, "too early {attempt}");
        bench
            .clock
            .advance(Duration::seconds((1i64 << attempt) * 15));
    }
    assert_eq!(runs.load(Ordering::SeqCst), 10);
    assert_eq!(runner.left_over().await.unwrap(), ["fail"]);
    let open = || async {
        bench
            .db
            .read(|conn| {
                Ok(each!(conn, c => findings::table
                    .filter(findings::closed_at.is_null())
                    .select((findings::kind, findings::subject))
                    .load::<(String, String)>(c))?)
            })
            .await
            .unwrap()
    };
    assert_eq!(open().await, [("job_dead".to_owned(), "key".to_owned())]);

    let now = bench.clock.now();
    let again = |subject: String| bench.db.tx(move |conn| requeue(conn, &subject, now));
    assert!(again(JobId::new().to_string()).await.is_err());
    assert!(again(id.to_string()).await.is_ok(), "by its id as well");
    assert!(again("key".to_owned()).await.is_err(), "it is queued");
    assert_eq!(open().await.len(), 1, "the finding is about the key");
    assert_eq!(runner.run_due().await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_harms_its_own_job_alone() {
    let bench = bench().await;
    let mut registry = Registry::new();
    counting(&mut registry, "panic", |_| panic!("on purpose"));
    let fine = counting(&mut registry, "fine", |_| Ok(()));
    let runner = bench.runner(registry, 4);
    for _ in 0..3 {
        bench.add("panic", None).await;
        bench.add("fine", None).await;
    }
    assert_eq!(runner.run_due().await.unwrap(), 6);
    assert_eq!(fine.load(Ordering::SeqCst), 3);
    assert_eq!(bench.count().await, 3);
}

#[tokio::test]
async fn one_queued_job_a_key_and_a_retry_takes_up_a_newer_twin() {
    let bench = bench().await;
    let mut registry = Registry::new();
    let runs = counting(&mut registry, "seal", |_| Ok(()));
    let (db, clock) = (bench.db.clone(), bench.clock.clone());
    registry.on("again", move |_| {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            // While this one runs, the same work is asked for again; then it fails.
            let now = clock.now();
            let job = NewJob {
                id: JobId::new(),
                kind: "again",
                payload: json!({}),
                dedup_key: Some("twin".into()),
                run_at: now.plus(Duration::hours(9)),
            };
            db.tx(move |conn| enqueue(conn, &job, now)).await?;
            Err(AppError::internal("no"))
        }
    });
    let runner = bench.runner(registry, 2);
    for _ in 0..5 {
        bench.add("seal", Some("seal")).await;
    }
    assert_eq!(bench.count().await, 1);
    assert_eq!(runner.run_due().await.unwrap(), 1);
    bench.add("seal", Some("seal")).await;
    assert_eq!(runner.run_due().await.unwrap(), 1);
    assert_eq!(runs.load(Ordering::SeqCst), 2);

    bench.add("again", Some("twin")).await;
    assert_eq!(runner.run_due().await.unwrap(), 1);
    assert_eq!(bench.count().await, 1);
    bench.clock.advance(Duration::minutes(3));
    assert_eq!(
        runner.run_due().await.unwrap(),
        1,
        "the twin took the retry's time"
    );
}

#[tokio::test]
async fn a_lease_that_ran_out_is_claimed_again_and_fences_off_the_sleeper() {
    let bench = bench().await;
    bench.add("work", None).await;
    let take = |token: &'static str| {
        let now = bench.clock.now();
        bench
            .db
            .tx(move |conn| claims::claim(conn, &["work"], token, 5, now))
    };
    let first = take("a:0").await.unwrap().pop().unwrap();
    assert!(take("b:0").await.unwrap().is_empty());
    bench.clock.advance(Duration::minutes(6));
    let second = take("b:1").await.unwrap().pop().unwrap();
    assert_eq!((second.id, second.attempts), (first.id, 2));
    let (sleeper, now) = (first.clone(), bench.clock.now());
    let end = bench
        .db
        .tx(move |conn| {
            assert!(!claims::renew(conn, &sleeper, now)?);
            assert!(!claims::done(conn, &sleeper)?);
            failures::failed(conn, &sleeper, "late", now, "fnd_x", now)
        })
        .await
        .unwrap();
    assert_eq!(end, failures::Failed::Lost);
    assert_eq!(bench.count().await, 1);
    assert!(
        bench
            .db
            .tx(move |conn| claims::done(conn, &second))
            .await
            .unwrap()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_runners_work_200_jobs_and_none_twice() {
    let bench = bench().await;
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let now = bench.clock.now();
    let rows: Vec<NewJob> = (0..200)
        .map(|n| NewJob {
            id: JobId::new(),
            kind: "count",
            payload: json!({ "n": n }),
            dedup_key: None,
            run_at: now,
        })
        .collect();
    bench
        .db
        .tx(move |conn| rows.iter().try_for_each(|job| enqueue(conn, job, now)))
        .await
        .unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut runners = Vec::new();
    for _ in 0..2 {
        let mut registry = Registry::new();
        let seen = Arc::clone(&seen);
        registry.on("count", move |payload| {
            seen.lock()
                .push(payload.get("n").unwrap().as_u64().unwrap());
            async { Ok(()) }
        });
        let (runner, stopped) = (bench.runner(registry, 8), stopped.clone());
        runners.push(tokio::spawn(async move { runner.run(stopped).await }));
    }
    while bench.count().await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stop.send(true).unwrap();
    for runner in runners {
        runner.await.unwrap();
    }
    let mut seen = seen.lock().clone();
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_stopping_runner_lets_work_in_flight_end() {
    let bench = bench().await;
    let mut registry = Registry::new();
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ended);
    let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
    registry.on("slow", move |_| {
        let (counter, began) = (Arc::clone(&counter), began.clone());
        async move {
            began.send(()).unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    });
    bench.add("slow", None).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let runner = bench.runner(registry, 1);
    let running = tokio::spawn(async move { runner.run(stopped).await });
    begun.recv().await.unwrap();
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    assert_eq!(bench.count().await, 0);
}

#[tokio::test]
async fn what_a_stopping_runner_gives_back_runs_at_once_elsewhere() {
    let bench = bench().await;
    bench.add("work", None).await;
    let now = bench.clock.now();
    let released = bench
        .db
        .tx(move |conn| {
            claims::claim(conn, &["work"], "me:7", 5, now)?;
            claims::release(conn, "me", now)
        })
        .await
        .unwrap();
    assert_eq!(released, 1);
    let again = bench
        .db
        .tx(move |conn| claims::claim(conn, &["work"], "you:1", 5, now))
        .await
        .unwrap();
    assert_eq!(again.first().unwrap().attempts, 1);
}

#[tokio::test]
async fn a_schedule_comes_once_a_turn_whatever_the_number_of_runners() {
    let bench = bench().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let runners: Vec<Runner> = (0..3)
        .map(|_| {
            let mut registry = Registry::new();
            let counter = Arc::clone(&runs);
            registry.on("seal", move |_| {
                counter.fetch_add(1, Ordering::SeqCst);
                async { Ok(()) }
            });
            registry.every("seals", 60, "seal");
            bench.runner(registry, 2)
        })
        .collect();
    let all = || async {
        for runner in &runners {
            runner.run_due().await.unwrap();
        }
        runs.load(Ordering::SeqCst)
    };
    assert_eq!(all().await, 1);
    bench.clock.advance(Duration::seconds(30));
    assert_eq!(all().await, 1);
    bench.clock.advance(Duration::seconds(31));
    assert_eq!(all().await, 2);
    // After a pause it comes once, not once for every turn missed.
    bench.clock.advance(Duration::hours(5));
    assert_eq!(all().await, 3);
}

//! Schedules as rows: whoever moves the row on enqueues the turn (F19).

use chrono::Duration;
use diesel::prelude::*;

use super::registry::Schedule;
use super::{JobId, JobState, NewJob, enqueue};
use crate::db::schema::{jobs, schedules};
use crate::db::{Conn, Db};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;

/// Enqueues what is due of `known`; writes nothing when nothing is.
pub(super) async fn tick(db: &Db, known: &[Schedule], now: Timestamp) -> AppResult<()> {
    if known.is_empty() {
        return Ok(());
    }
    let waiting = db.read(rows).await?;
    for schedule in known {
        let row = waiting.iter().find(|row| row.0 == schedule.name);
        let rests = row.is_some_and(|row| row.1 == schedule.seconds && row.2 > now);
        if !rests {
            let (schedule, id) = (*schedule, JobId::new());
            db.tx(move |conn| turn(conn, schedule, id, now)).await?;
        }
    }
    Ok(())
}

fn rows(conn: &mut Conn) -> AppResult<Vec<(String, i64, Timestamp)>> {
    Ok(each!(conn, c => schedules::table
        .select((schedules::name, schedules::every_seconds, schedules::next_at))
        .load(c))?)
}

/// One schedule's turn: the row moves on, and the job is enqueued by whoever moved it.
fn turn(conn: &mut Conn, schedule: Schedule, id: JobId, now: Timestamp) -> AppResult<()> {
    each!(conn, c => diesel::insert_into(schedules::table)
        .values((
            schedules::name.eq(schedule.name),
            schedules::every_seconds.eq(schedule.seconds),
            schedules::next_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    let (seconds, due): (i64, Timestamp) = each!(conn, c => schedules::table
        .filter(schedules::name.eq(schedule.name))
        .select((schedules::every_seconds, schedules::next_at))
        .first(c))?;
    let every = Duration::seconds(schedule.seconds);
    if due > now {
        // A new interval counts from now on, and never postpones a turn.
        let next = due.min(now.plus(every));
        if seconds != schedule.seconds {
            each!(conn, c => diesel::update(schedules::table.filter(schedules::name.eq(schedule.name)))
                .set((schedules::every_seconds.eq(schedule.seconds), schedules::next_at.eq(next)))
                .execute(c))?;
        }
        return Ok(());
    }
    // In step with its own beat while that keeps up; from now on after a pause.
    let beat = due.plus(every);
    let next = if beat > now { beat } else { now.plus(every) };
    let moved = each!(conn, c => diesel::update(
            schedules::table.filter(schedules::name.eq(schedule.name)).filter(schedules::next_at.eq(due)))
        .set((
            schedules::every_seconds.eq(schedule.seconds),
            schedules::next_at.eq(next),
            schedules::last_at.eq(Some(now)),
        ))
        .execute(c))?;
    if moved == 1 {
        let key = format!("schedule:{}", schedule.name);
        hasten(conn, &key, now)?;
        let job = NewJob {
            id,
            kind: schedule.kind,
            payload: serde_json::json!({}),
            dedup_key: Some(key),
            run_at: now,
        };
        enqueue(conn, &job, now)?;
    }
    Ok(())
}

/// A turn that failed and waits to be tried again is tried with this turn: a schedule does not slow down.
fn hasten(conn: &mut Conn, key: &str, now: Timestamp) -> AppResult<()> {
    each!(conn, c => diesel::update(jobs::table
            .filter(jobs::dedup_key.eq(key))
            .filter(jobs::state.eq(JobState::Queued))
            .filter(jobs::run_at.gt(now)))
        .set(jobs::run_at.eq(now))
        .execute(c))?;
    Ok(())
}

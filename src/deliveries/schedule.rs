//! What a clock decides: which newsletters start by themselves, and when nothing starts by itself (N18).

use chrono::Duration;
use diesel::prelude::*;

use super::freeze::{WAITS, begins_at};
use super::model::{DeliveryState, PauseWhy, sending};
use super::ops;
use crate::db::schema::{deliveries, installation, newsletters, sending_lanes, sendings};
use crate::db::{Conn, installation as facts};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::newsletters::model::by_id;
use crate::newsletters::{NewsletterId, NewsletterState};

/// The fact that this database came out of a backup: nothing is sent until somebody says that it is the one that counts.
pub const HELD: &str = "newsletters_held";
/// The lane that is none: when a worker last lived.
pub(super) const ALIVE: &str = "(alive)";
/// So many minutes late, a newsletter does not start by itself, and one in its midst does not go on.
const LATE_MINUTES: i64 = 60;
/// Reader-time newsletters are looked at so many hours before the hour of their own season.
const WORLD_HOURS: i64 = 27;

/// Whether sending is held, because this database came out of a backup.
///
/// # Errors
/// The database's.
pub fn is_held(conn: &mut Conn) -> AppResult<bool> {
    Ok(facts::kept(conn, HELD)?.is_some())
}

/// Holds all sending: written into every backup (N18).
///
/// # Errors
/// The database's.
pub fn hold(conn: &mut Conn) -> AppResult<()> {
    facts::keep(conn, HELD, "restored").map(|_| ())
}

/// This database is the one that counts: sending may go on, but nothing that the other one may have sent goes by itself. What
/// was on its way halts, what was due meanwhile asks. Answers whether it was held.
///
/// # Errors
/// The database's.
pub fn let_go(conn: &mut Conn, now: Timestamp) -> AppResult<bool> {
    let fact = installation::table.filter(installation::name.eq(HELD));
    if each!(conn, c => diesel::delete(fact).execute(c))? == 0 {
        return Ok(false);
    }
    for id in on_their_way(conn)? {
        ops::pause(conn, id, (None, PauseWhy::Restored, ""), now)?;
    }
    let due = newsletters::table
        .filter(newsletters::state.eq(NewsletterState::Scheduled))
        .filter(newsletters::send_at.le(now.plus(Duration::hours(WORLD_HOURS))));
    each!(conn, c => diesel::update(due)
        .set((
            newsletters::state.eq(NewsletterState::Asking),
            newsletters::changed_at.eq(now),
        ))
        .execute(c))?;
    Ok(true)
}

/// Newsletters in their midst, without the mails of sequences' steps: those come one by one, whenever that is.
fn on_their_way(conn: &mut Conn) -> AppResult<Vec<NewsletterId>> {
    let query = newsletters::table
        .filter(newsletters::state.eq(NewsletterState::Sending))
        .filter(newsletters::sequence_step_id.is_null())
        .select(newsletters::id);
    Ok(each!(conn, c => query.load(c))?)
}

/// A worker lives. The first look of each process asks whether one had lived within the hour; where none had, what was in
/// its midst halts until somebody has looked. Answers what halts.
pub(super) fn alive(
    conn: &mut Conn,
    is_first: bool,
    now: Timestamp,
) -> AppResult<Vec<NewsletterId>> {
    let query = sending_lanes::table
        .find(ALIVE)
        .select(sending_lanes::next_at);
    let last: Option<Timestamp> = each!(conn, c => query.first(c).optional())?;
    let mut halted = Vec::new();
    if is_first && last.is_some_and(|last| is_late(last, now)) {
        halted = on_their_way(conn)?;
        for id in &halted {
            ops::pause(conn, *id, (None, PauseWhy::Downtime, ""), now)?;
        }
    }
    let row = (
        sending_lanes::lane.eq(ALIVE),
        sending_lanes::next_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(sending_lanes::table)
        .values(row)
        .on_conflict(sending_lanes::lane)
        .do_update()
        .set(sending_lanes::next_at.eq(now))
        .execute(c))?;
    Ok(halted)
}

fn is_late(due: Timestamp, now: Timestamp) -> bool {
    due.plus(Duration::minutes(LATE_MINUTES)) < now
}

/// Scheduled newsletters whose first reader's turn has come.
pub(super) fn due(conn: &mut Conn, now: Timestamp) -> AppResult<Vec<NewsletterId>> {
    let soon = now.plus(Duration::hours(WORLD_HOURS));
    let query = newsletters::table
        .filter(newsletters::state.eq(NewsletterState::Scheduled))
        .filter(newsletters::send_at.le(soon))
        .select(newsletters::id);
    let ids: Vec<NewsletterId> = each!(conn, c => query.load(c))?;
    let mut due = Vec::new();
    for id in ids {
        let newsletter = by_id(conn, id)?;
        let Some(plan) = sending(conn, id)? else {
            continue;
        };
        if begins_at(conn, &newsletter, &plan)?.is_some_and(|at| at <= now) {
            due.push(id);
        }
    }
    Ok(due)
}

/// Starts a scheduled newsletter, or asks: one that is overdue by more than an hour, and one that cannot start as it is, wait
/// for a person (N18). Answers whether it was started.
pub(super) fn start(conn: &mut Conn, id: NewsletterId, now: Timestamp) -> AppResult<bool> {
    let newsletter = by_id(conn, id)?;
    let Some(plan) = sending(conn, id)?.filter(|_| newsletter.state == NewsletterState::Scheduled)
    else {
        return Ok(false);
    };
    // Of readers' own clocks some may have shown the hour before it was chosen: that is nobody's delay.
    let at = begins_at(conn, &newsletter, &plan)?.map(|at| at.max(newsletter.changed_at));
    if at.is_some_and(|at| is_late(at, now)) {
        ask(conn, id, now)?;
        return Ok(false);
    }
    match ops::begin(conn, id, None, now) {
        Ok(started) => Ok(started),
        // What `begin` refuses it refuses before it writes.
        Err(AppError::Conflict { .. }) => {
            ask(conn, id, now)?;
            Ok(false)
        }
        Err(other) => Err(other),
    }
}

/// Leaves a scheduled newsletter to a person (N18).
pub(super) fn ask(conn: &mut Conn, id: NewsletterId, now: Timestamp) -> AppResult<()> {
    let from = [NewsletterState::Scheduled];
    ops::moved(conn, id, &from, NewsletterState::Asking, now).map(|_| ())
}

/// Newsletters whose test of two subjects has been waited for.
pub(super) fn tests_over(conn: &mut Conn, now: Timestamp) -> AppResult<Vec<NewsletterId>> {
    let query = newsletters::table
        .inner_join(sendings::table.on(sendings::newsletter_id.eq(newsletters::id)))
        .filter(newsletters::state.eq(NewsletterState::Sending))
        .filter(sendings::frozen_at.is_not_null())
        .filter(sendings::test_percent.gt(0))
        .filter(sendings::test_winner.is_null())
        .select((
            newsletters::id,
            sendings::frozen_at.assume_not_null(),
            sendings::test_minutes,
        ));
    let rows: Vec<(NewsletterId, Timestamp, i32)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .filter(|(_, frozen, minutes)| frozen.plus(Duration::minutes(i64::from(*minutes))) <= now)
        .map(|(id, _, _)| id)
        .collect())
}

/// The rest of a newsletter's readers get the subject that won.
pub(super) fn choose(
    conn: &mut Conn,
    id: NewsletterId,
    winner: &str,
    most: i64,
) -> AppResult<bool> {
    let plan = sendings::table
        .filter(sendings::newsletter_id.eq(id))
        .filter(sendings::test_winner.is_null());
    let query = deliveries::table
        .filter(deliveries::newsletter_id.eq(id))
        .filter(deliveries::state.eq(DeliveryState::Queued))
        .filter(deliveries::variant.eq(WAITS))
        .select(deliveries::id)
        .limit(most);
    let ids: Vec<super::DeliveryId> = each!(conn, c => query.load(c))?;
    for chunk in ids.chunks(1_000) {
        let rows = deliveries::table.filter(deliveries::id.eq_any(chunk));
        each!(conn, c => diesel::update(rows).set(deliveries::variant.eq(winner)).execute(c))?;
    }
    let is_last = i64::try_from(ids.len()).is_ok_and(|count| count < most);
    if is_last {
        each!(conn, c => diesel::update(plan).set(sendings::test_winner.eq(Some(winner))).execute(c))?;
    }
    Ok(is_last)
}

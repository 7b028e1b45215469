//! The verbs of whoever runs a newsletter: schedule, start, pause, resume, cancel; and what becomes of recipients that
//! failed or are in doubt. Each is one guarded change of state; asked for twice, the second changes nothing.

use diesel::prelude::*;

pub use super::decide::{Doubt, decide, retry_failed};
use super::model::{DeliveryState, PauseWhy, sending};
use super::pace;
use crate::analytics::settings as counting;
use crate::audit::{self, Deed, Via};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{deliveries, newsletters, sendings};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::newsletters::checks;
use crate::newsletters::model::by_id;
use crate::newsletters::{Newsletter, NewsletterId, NewsletterState};

/// How a newsletter is to be sent.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which.
    pub newsletter: NewsletterId,
    /// Who says so.
    pub by: UserId,
    /// Whether its hour is that of each reader's own time zone.
    pub reader_time: bool,
    /// Of a hundred readers, how many get one of two subjects as a test (0 to 50); 0: no test.
    pub test_percent: i32,
    /// For how many minutes the test is waited for.
    pub test_minutes: i32,
}

pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> AppError {
    AppError::Conflict {
        code,
        detail: detail.into(),
    }
}

/// Moves a newsletter on, if it stands in one of `from`; whether it did.
pub(super) fn moved(
    conn: &mut Conn,
    id: NewsletterId,
    from: &[NewsletterState],
    to: NewsletterState,
    now: Timestamp,
) -> AppResult<bool> {
    let guarded = newsletters::table
        .filter(newsletters::id.eq(id))
        .filter(newsletters::state.eq_any(from));
    let changed = each!(conn, c => diesel::update(guarded)
        .set((newsletters::state.eq(to), newsletters::changed_at.eq(now)))
        .execute(c))?;
    Ok(changed > 0)
}

pub(super) fn record(
    conn: &mut Conn,
    (by, action): (Option<UserId>, &'static str),
    newsletter: &Newsletter,
    detail: &str,
    now: Timestamp,
) -> AppResult<()> {
    let deed = Deed {
        actor: by,
        via: if by.is_some() {
            Via::Browser
        } else {
            Via::Program
        },
        action,
        subject: ("newsletter", newsletter.id.to_string()),
        campaign: newsletter.campaign_id,
        detail: detail.to_owned(),
        edit: None,
    };
    audit::record(conn, &deed, now)
}

/// Opens newsletters whose recipients come one by one, as those of a sequence's steps do: nobody is gathered, and each row that
/// is written for them is sent.
///
/// # Errors
/// [`AppError::Conflict`] `not_ready`, when one of them may not go out as it stands.
pub fn open_one_by_one(
    conn: &mut Conn,
    ids: &[NewsletterId],
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    for id in ids {
        ready(conn, *id, now)?;
    }
    let row = |id: &NewsletterId| {
        (
            sendings::newsletter_id.eq(*id),
            sendings::planned_by.eq(by),
            sendings::reader_time.eq(false),
            sendings::frozen_at.eq(Some(now)),
            sendings::recipients.eq(0),
            sendings::test_percent.eq(0),
            sendings::test_minutes.eq(0),
            sendings::created_at.eq(now),
        )
    };
    let rows: Vec<_> = ids.iter().map(row).collect();
    each!(conn, c => diesel::insert_into(sendings::table)
        .values(&rows)
        .on_conflict_do_nothing()
        .execute(c))?;
    counting::settle(conn, ids)
}

/// What keeps a newsletter from going out: what its checks say, among it that it is for nobody and a missing approval (N20).
fn blocked(conn: &mut Conn, newsletter: &Newsletter, now: Timestamp) -> AppResult<()> {
    ready(conn, newsletter.id, now)?;
    if newsletter.audience.0.one_by_one {
        return Err(conflict(
            "one_by_one",
            "It belongs to a sequence, which sends it to one reader at a time.",
        ));
    }
    Ok(())
}

fn ready(conn: &mut Conn, id: NewsletterId, now: Timestamp) -> AppResult<()> {
    let found = checks::blocking(conn, id, now)?;
    if let Some(first) = found.first() {
        let more = match found.len() - 1 {
            0 => String::new(),
            1 => " (and one thing more)".to_owned(),
            more => format!(" (and {more} things more)"),
        };
        return Err(conflict("not_ready", format!("{}{more}", first.words)));
    }
    Ok(())
}

fn keep_plan(conn: &mut Conn, plan: &Plan, now: Timestamp) -> AppResult<()> {
    let changing = (
        sendings::planned_by.eq(plan.by),
        sendings::reader_time.eq(plan.reader_time),
        sendings::test_percent.eq(plan.test_percent.clamp(0, 50)),
        sendings::test_minutes.eq(plan.test_minutes.max(0)),
    );
    let row = (
        sendings::newsletter_id.eq(plan.newsletter),
        sendings::recipients.eq(0),
        sendings::created_at.eq(now),
        changing,
    );
    each!(conn, c => diesel::insert_into(sendings::table)
        .values(row)
        .on_conflict(sendings::newsletter_id)
        .do_update()
        .set(changing)
        .execute(c))?;
    Ok(())
}

/// Sets the hour at which it starts by itself; a scheduled one is moved.
///
/// # Errors
/// [`AppError::Conflict`] when it is under way, or something of it is missing; [`AppError::Invalid`] for an hour that has passed.
pub fn schedule(conn: &mut Conn, plan: &Plan, at: Timestamp, now: Timestamp) -> AppResult<()> {
    let newsletter = by_id(conn, plan.newsletter)?;
    if at <= now {
        return Err(AppError::field("at", "choose a time that is still to come"));
    }
    blocked(conn, &newsletter, now)?;
    let from = [
        NewsletterState::Draft,
        NewsletterState::Scheduled,
        NewsletterState::Asking,
    ];
    if !moved(conn, newsletter.id, &from, NewsletterState::Scheduled, now)? {
        return Err(conflict(
            "under_way",
            "It is under way, or over: it cannot be scheduled any more.",
        ));
    }
    let one = newsletters::table.filter(newsletters::id.eq(newsletter.id));
    each!(conn, c => diesel::update(one).set(newsletters::send_at.eq(Some(at))).execute(c))?;
    keep_plan(conn, plan, now)?;
    let said = format!("for {}", at.rfc3339());
    record(
        conn,
        (Some(plan.by), "newsletter.schedule"),
        &newsletter,
        &said,
        now,
    )
}

/// Takes a scheduled one back to be written on.
///
/// # Errors
/// [`AppError::Conflict`] when it has started.
pub fn unschedule(
    conn: &mut Conn,
    id: NewsletterId,
    by: UserId,
    now: Timestamp,
) -> AppResult<bool> {
    let newsletter = by_id(conn, id)?;
    if newsletter.state == NewsletterState::Draft {
        return Ok(false);
    }
    let from = [NewsletterState::Scheduled, NewsletterState::Asking];
    if !moved(conn, id, &from, NewsletterState::Draft, now)? {
        return Err(conflict("started", "It has started: pause or cancel it."));
    }
    let one = newsletters::table.filter(newsletters::id.eq(id));
    each!(conn, c => diesel::update(one).set(newsletters::send_at.eq(None::<Timestamp>)).execute(c))?;
    record(
        conn,
        (Some(by), "newsletter.unschedule"),
        &newsletter,
        "",
        now,
    )?;
    Ok(true)
}

/// Starts a newsletter now: the engine freezes its recipients and begins. Answers whether it was this call that did it.
///
/// # Errors
/// [`AppError::Conflict`] when something of it is missing, or it is over.
pub fn start(conn: &mut Conn, plan: &Plan, now: Timestamp) -> AppResult<bool> {
    keep_plan_of_unstarted(conn, plan, now)?;
    begin(conn, plan.newsletter, Some(plan.by), now)
}

fn keep_plan_of_unstarted(conn: &mut Conn, plan: &Plan, now: Timestamp) -> AppResult<()> {
    let newsletter = by_id(conn, plan.newsletter)?;
    let unstarted = [
        NewsletterState::Draft,
        NewsletterState::Scheduled,
        NewsletterState::Asking,
    ];
    if unstarted.contains(&newsletter.state) {
        keep_plan(conn, plan, now)?;
    }
    Ok(())
}

/// The same by its schedule, with the plan that was kept.
pub(super) fn begin(
    conn: &mut Conn,
    id: NewsletterId,
    by: Option<UserId>,
    now: Timestamp,
) -> AppResult<bool> {
    let newsletter = by_id(conn, id)?;
    let under_way = [NewsletterState::Sending, NewsletterState::Paused];
    if under_way.contains(&newsletter.state) {
        return Ok(false);
    }
    blocked(conn, &newsletter, now)?;
    let from = [
        NewsletterState::Draft,
        NewsletterState::Scheduled,
        NewsletterState::Asking,
    ];
    if !moved(conn, id, &from, NewsletterState::Sending, now)? {
        return Err(conflict("over", "It is over: it cannot be started again."));
    }
    let one = newsletters::table.filter(newsletters::id.eq(id));
    each!(conn, c => diesel::update(one).set(newsletters::started_at.eq(Some(now))).execute(c))?;
    counting::settle(conn, &[id])?;
    record(conn, (by, "newsletter.start"), &newsletter, "", now)?;
    Ok(true)
}

/// Halts a newsletter: nothing that is not in a server's hands already goes out. What workers had claimed goes back to the
/// queue in the same transaction, so their leases are void.
///
/// # Errors
/// [`AppError::Conflict`] when it is not under way.
pub fn pause(
    conn: &mut Conn,
    id: NewsletterId,
    (by, why, detail): (Option<UserId>, PauseWhy, &str),
    now: Timestamp,
) -> AppResult<bool> {
    let newsletter = by_id(conn, id)?;
    if newsletter.state == NewsletterState::Paused {
        return Ok(false);
    }
    let from = [NewsletterState::Sending];
    if !moved(conn, id, &from, NewsletterState::Paused, now)? {
        return Err(conflict("not_sending", "It is not being sent."));
    }
    give_back(conn, id, now)?;
    let kept: String = detail.chars().take(500).collect();
    let one = sendings::table.filter(sendings::newsletter_id.eq(id));
    each!(conn, c => diesel::update(one)
        .set((sendings::paused_why.eq(Some(why)), sendings::paused_detail.eq(Some(&kept))))
        .execute(c))?;
    // What a server said may name a recipient: the record says which kind of fault it was (S15).
    record(
        conn,
        (by, "newsletter.pause"),
        &newsletter,
        why.as_str(),
        now,
    )?;
    Ok(true)
}

/// Goes on with a halted newsletter.
///
/// # Errors
/// [`AppError::Conflict`] when it is not halted.
pub fn resume(conn: &mut Conn, id: NewsletterId, by: UserId, now: Timestamp) -> AppResult<bool> {
    let newsletter = by_id(conn, id)?;
    if newsletter.state == NewsletterState::Sending {
        return Ok(false);
    }
    if !moved(
        conn,
        id,
        &[NewsletterState::Paused],
        NewsletterState::Sending,
        now,
    )? {
        return Err(conflict("not_paused", "It is not paused."));
    }
    let one = sendings::table.filter(sendings::newsletter_id.eq(id));
    each!(conn, c => diesel::update(one)
        .set((sendings::paused_why.eq(None::<PauseWhy>), sendings::paused_detail.eq(None::<String>)))
        .execute(c))?;
    record(conn, (Some(by), "newsletter.resume"), &newsletter, "", now)?;
    Ok(true)
}

/// Gives a newsletter up: who had it, had it. The engine marks the rest as skipped, piece by piece.
///
/// # Errors
/// [`AppError::Conflict`] when every recipient has an end.
pub fn cancel(conn: &mut Conn, id: NewsletterId, by: UserId, now: Timestamp) -> AppResult<bool> {
    let newsletter = by_id(conn, id)?;
    if newsletter.audience.0.one_by_one {
        return Err(conflict(
            "one_by_one",
            "It belongs to a sequence: switch that off, or take the step out of it.",
        ));
    }
    if newsletter.state == NewsletterState::Cancelled {
        return Ok(false);
    }
    let from = [
        NewsletterState::Draft,
        NewsletterState::Scheduled,
        NewsletterState::Asking,
        NewsletterState::Sending,
        NewsletterState::Paused,
    ];
    if !moved(conn, id, &from, NewsletterState::Cancelled, now)? {
        return Err(conflict("over", "It has been sent to everybody already."));
    }
    give_back(conn, id, now)?;
    let one = newsletters::table.filter(newsletters::id.eq(id));
    each!(conn, c => diesel::update(one).set(newsletters::ended_at.eq(Some(now))).execute(c))?;
    record(conn, (Some(by), "newsletter.cancel"), &newsletter, "", now)?;
    Ok(true)
}

/// What was claimed and is in no server's hands waits again.
fn give_back(conn: &mut Conn, id: NewsletterId, now: Timestamp) -> AppResult<()> {
    let held = deliveries::table
        .filter(deliveries::newsletter_id.eq(id))
        .filter(deliveries::state.eq(DeliveryState::Sending))
        .filter(deliveries::handed_at.is_null());
    let released = each!(conn, c => diesel::update(held)
        .set((
            deliveries::state.eq(DeliveryState::Queued),
            deliveries::lease_token.eq(None::<String>),
            deliveries::lease_until.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    pace::uncount(conn, released, now)
}

/// Whether a plan is kept for a newsletter: the engine starts none without.
///
/// # Errors
/// The database's.
pub fn is_planned(conn: &mut Conn, id: NewsletterId) -> AppResult<bool> {
    Ok(sending(conn, id)?.is_some())
}

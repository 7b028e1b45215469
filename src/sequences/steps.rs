//! The steps of a sequence: added behind the others, changed, taken away, while it is off.

use diesel::prelude::*;

use super::model::{self, Sequence, SequenceId, SequenceState, StepId};
use super::ops::{conflict, mail_audience, set_mails};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{newsletters, sequence_steps};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Json, Line, Timestamp};
use crate::newsletters::{NewsletterId, NewsletterState};
use crate::segments::SegmentId;

/// Steps of one sequence, at most.
pub const MOST_STEPS: usize = 30;
/// Days that a step waits, at most.
pub const MOST_WAIT: i32 = 400;

/// A step to be kept.
#[derive(Debug, Clone)]
pub struct NewStep {
    /// The id.
    pub id: StepId,
    /// Its newsletter's.
    pub newsletter: NewsletterId,
    /// The mail's subject.
    pub subject: Line,
    /// What it says, as `newsletters.content` holds it; empty: it is written where newsletters are.
    pub content: String,
    /// Days to wait.
    pub wait_days: i32,
    /// And until which hour.
    pub at_hour: Option<i32>,
    /// Only for those in this segment.
    pub segment: Option<SegmentId>,
    /// The display name it comes from.
    pub from_name: String,
}

/// A sequence that may be changed.
fn open(conn: &mut Conn, id: SequenceId) -> AppResult<Sequence> {
    let sequence = model::by_id(conn, id)?;
    match sequence.state {
        SequenceState::Draft | SequenceState::Off => Ok(sequence),
        _ => Err(conflict(
            "is_on",
            "switch it off first: who is on their way waits meanwhile",
        )),
    }
}

fn check_step(wait_days: i32, at_hour: Option<i32>) -> AppResult<()> {
    if !(0..=MOST_WAIT).contains(&wait_days) {
        return Err(AppError::field(
            "wait_days",
            format!("write a number from 0 to {MOST_WAIT}"),
        ));
    }
    if at_hour.is_some_and(|hour| !(0..24).contains(&hour)) {
        return Err(AppError::field("at_hour", "write an hour from 0 to 23"));
    }
    Ok(())
}

/// Adds a step behind the others, with an empty newsletter of its own.
///
/// # Errors
/// [`AppError::Invalid`] by field; [`AppError::Conflict`] while the sequence is on, or with [`MOST_STEPS`].
pub fn add_step(
    conn: &mut Conn,
    id: SequenceId,
    new: &NewStep,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    check_step(new.wait_days, new.at_hour)?;
    let sequence = open(conn, id)?;
    let all = sequence_steps::table
        .filter(sequence_steps::sequence_id.eq(id))
        .select(diesel::dsl::max(sequence_steps::position));
    let last: Option<i32> = each!(conn, c => all.first(c))?;
    if model::steps(conn, &[id])?.len() >= MOST_STEPS {
        return Err(conflict("too_many", "thirty steps are enough"));
    }
    let row = (
        sequence_steps::id.eq(new.id),
        sequence_steps::sequence_id.eq(id),
        sequence_steps::position.eq(last.unwrap_or(0) + 1),
        sequence_steps::wait_days.eq(new.wait_days),
        sequence_steps::at_hour.eq(new.at_hour),
        sequence_steps::segment_id.eq(new.segment),
        sequence_steps::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(sequence_steps::table).values(row).execute(c))?;
    let mail = (
        newsletters::id.eq(new.newsletter),
        newsletters::campaign_id.eq(sequence.campaign_id),
        newsletters::slug.eq(new.id.to_string().replace('_', "-")),
        newsletters::title.eq(format!("{}: {}", sequence.name, new.subject.as_str())),
        newsletters::subject.eq(new.subject.as_str()),
        newsletters::preheader.eq(""),
        newsletters::layout.eq("letter"),
        newsletters::content.eq(&new.content),
        newsletters::audience.eq(Json(mail_audience(&sequence.audience.0))),
        newsletters::from_name.eq(&new.from_name),
        newsletters::state.eq(NewsletterState::Draft),
        newsletters::version.eq(1),
        newsletters::made_by.eq(by),
        newsletters::created_at.eq(now),
        newsletters::changed_at.eq(now),
        newsletters::sequence_step_id.eq(new.id),
        // Of each reader's own way: the archive shows what all got at once.
        newsletters::is_public.eq(false),
    );
    each!(conn, c => diesel::insert_into(newsletters::table).values(mail).execute(c))?;
    Ok(())
}

/// Changes when and for whom a step is.
///
/// # Errors
/// As [`add_step`]; [`AppError::NotFound`] for a step of another sequence.
pub fn change_step(
    conn: &mut Conn,
    id: SequenceId,
    step: StepId,
    (wait_days, at_hour, segment): (i32, Option<i32>, Option<SegmentId>),
) -> AppResult<()> {
    check_step(wait_days, at_hour)?;
    open(conn, id)?;
    let target = sequence_steps::table
        .find(step)
        .filter(sequence_steps::sequence_id.eq(id));
    let changed = each!(conn, c => diesel::update(target)
        .set((
            sequence_steps::wait_days.eq(wait_days),
            sequence_steps::at_hour.eq(at_hour),
            sequence_steps::segment_id.eq(segment),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(AppError::NotFound("this step"));
    }
    Ok(())
}

/// Takes a step away: whoever waited for it goes on to the next. What was mailed by it stays on record.
///
/// # Errors
/// As [`change_step`].
pub fn remove_step(conn: &mut Conn, id: SequenceId, step: StepId, now: Timestamp) -> AppResult<()> {
    open(conn, id)?;
    let target = sequence_steps::table
        .find(step)
        .filter(sequence_steps::sequence_id.eq(id))
        .filter(sequence_steps::removed_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set(sequence_steps::removed_at.eq(now))
        .execute(c))?;
    if changed == 0 {
        return Err(AppError::NotFound("this step"));
    }
    set_mails(conn, &[step], NewsletterState::Cancelled, now)
}

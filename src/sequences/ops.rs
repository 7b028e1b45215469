//! Making, changing, switching on and off, putting away.

use diesel::prelude::*;

use super::cap::MOST_DAYS;
use super::model::{self, Sequence, SequenceId, SequenceState, Step, StepId};
use super::rules::Trigger;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{newsletters, sequence_steps, sequences};
use crate::deliveries;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Json, Line, Timestamp};
use crate::newsletters::{NewsletterId, NewsletterState, approval, audience};
use crate::segments::{Audience, SegmentId};

/// A sequence to be kept.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What staff call it.
    pub name: Line,
    /// The season that it is about; once made, it stays.
    pub campaign: Option<CampaignId>,
    /// What has to happen.
    pub trigger: Trigger,
    /// To whom.
    pub audience: Audience,
    /// Whoever comes to be in this segment leaves.
    pub leaves: Option<SegmentId>,
    /// Days after any bulk mail in which none of these comes.
    pub days_between: i32,
}

pub(super) fn conflict(code: &'static str, detail: &str) -> AppError {
    AppError::Conflict {
        code,
        detail: detail.to_owned(),
    }
}

fn check(new: &Draft) -> AppResult<()> {
    if new.audience.lists.is_empty() && new.audience.participants.is_none() {
        return Err(AppError::field(
            "lists",
            "choose a list, or the season’s participants: nobody else is written to",
        ));
    }
    if !(1..=MOST_DAYS).contains(&new.days_between) {
        return Err(AppError::field(
            "days_between",
            format!("write a number from 1 to {MOST_DAYS}"),
        ));
    }
    let needs_season = matches!(new.trigger, Trigger::SeasonEnds { .. });
    if needs_season && new.campaign.is_none() {
        return Err(AppError::field("trigger", "a season’s end needs a season"));
    }
    Ok(())
}

/// Keeps a new sequence, as a draft; again under the same id it changes nothing.
///
/// # Errors
/// [`AppError::Invalid`] by field.
pub fn make(
    conn: &mut Conn,
    id: SequenceId,
    new: &Draft,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    check(new)?;
    let row = (
        sequences::id.eq(id),
        sequences::campaign_id.eq(new.campaign),
        sequences::name.eq(new.name.as_str()),
        sequences::trigger_rule.eq(Json(new.trigger)),
        sequences::audience.eq(Json(new.audience.clone())),
        sequences::leaves.eq(new.leaves),
        sequences::days_between.eq(new.days_between),
        sequences::state.eq(SequenceState::Draft),
        sequences::version.eq(1),
        sequences::made_by.eq(by),
        sequences::created_at.eq(now),
        sequences::changed_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(sequences::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Changes a sequence that is not on and that nobody changed since `version`.
///
/// # Errors
/// As [`make`]; [`AppError::Conflict`] `changed` or `is_on`.
pub fn change(
    conn: &mut Conn,
    id: SequenceId,
    new: &Draft,
    version: i64,
    now: Timestamp,
) -> AppResult<()> {
    check(new)?;
    let old = model::by_id(conn, id)?;
    let target = sequences::table
        .find(id)
        .filter(sequences::version.eq(version))
        .filter(sequences::state.eq_any([SequenceState::Draft, SequenceState::Off]));
    let changed = each!(conn, c => diesel::update(target)
        .set((
            sequences::name.eq(new.name.as_str()),
            sequences::trigger_rule.eq(Json(new.trigger)),
            sequences::audience.eq(Json(new.audience.clone())),
            sequences::leaves.eq(new.leaves),
            sequences::days_between.eq(new.days_between),
            sequences::version.eq(version + 1),
            sequences::changed_at.eq(now),
        ))
        .execute(c))?;
    if changed > 0 && (old.trigger_rule.0 != new.trigger || old.audience.0 != new.audience) {
        // Something else is waited for, or others are meant: what happened to them until now was before its time.
        each!(conn, c => diesel::update(sequences::table.find(id))
            .set(sequences::started_at.eq(None::<Timestamp>))
            .execute(c))?;
    }
    if changed == 0 {
        return Err(conflict(
            "changed",
            "it is on, or somebody changed it meanwhile: open it anew",
        ));
    }
    each!(conn, c => diesel::update(newsletters::table)
        .filter(newsletters::sequence_step_id.eq_any(
            sequence_steps::table
                .filter(sequence_steps::sequence_id.eq(id))
                .select(sequence_steps::id.nullable()),
        ))
        .set((
            newsletters::audience.eq(Json(mail_audience(&new.audience))),
            // Whoever has one in hand reads it anew.
            newsletters::version.eq(newsletters::version + 1),
        ))
        .execute(c))?;
    Ok(())
}

/// For whom a step's newsletter is: for nobody at once, and for each by the sequence's lists and season.
pub(super) fn mail_audience(audience: &Audience) -> Audience {
    Audience {
        lists: audience.lists.clone(),
        participants: audience.participants,
        one_by_one: true,
        ..Audience::default()
    }
}

/// Moves a sequence on, by the table of moves.
fn moved(
    conn: &mut Conn,
    id: SequenceId,
    from: &[SequenceState],
    to: SequenceState,
    now: Timestamp,
) -> AppResult<()> {
    let target = sequences::table
        .find(id)
        .filter(sequences::state.eq_any(from));
    let changed = each!(conn, c => diesel::update(target)
        .set((sequences::state.eq(to), sequences::changed_at.eq(now)))
        .execute(c))?;
    if changed == 0 {
        return Err(conflict(
            "no_such_move",
            "it does not stand so that this could be done",
        ));
    }
    Ok(())
}

/// Switches a sequence on: from now on it enrols and mails.
///
/// # Errors
/// [`AppError::Conflict`] `no_steps`; `not_ready`, when a step's mail may not go out as it stands; `approval`, when it mails many at
/// once and nobody but its writers said so (N20); or when it is on or put away.
pub fn switch_on(conn: &mut Conn, id: SequenceId, by: UserId, now: Timestamp) -> AppResult<()> {
    let steps = model::steps(conn, &[id])?;
    if steps.is_empty() {
        return Err(conflict("no_steps", "it has no step yet: add one"));
    }
    let sequence = model::by_id(conn, id)?;
    approved(conn, &sequence, &steps, by, now)?;
    moved(
        conn,
        id,
        &[SequenceState::Draft, SequenceState::Off],
        SequenceState::On,
        now,
    )?;
    let target = sequences::table
        .find(id)
        .filter(sequences::started_at.is_null());
    each!(conn, c => diesel::update(target)
        .set(sequences::started_at.eq(now))
        .execute(c))?;
    let mails: Vec<NewsletterId> = steps.iter().map(|step| step.newsletter).collect();
    deliveries::ops::open_one_by_one(conn, &mails, by, now)?;
    let steps: Vec<StepId> = steps.iter().map(|step| step.timing.id).collect();
    set_mails(conn, &steps, NewsletterState::Sending, now)
}

/// A season's end happens to everybody in one moment: beyond the number above which a newsletter needs a second person, so does
/// this one's first mail (N20).
fn approved(
    conn: &mut Conn,
    sequence: &Sequence,
    steps: &[Step],
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    if !sequence.trigger_rule.0.is_at_once() {
        return Ok(());
    }
    let readers = audience::count(conn, &sequence.audience.0, now)?;
    let above = approval::above(conn)?;
    if readers <= above {
        return Ok(());
    }
    let mails: Vec<NewsletterId> = steps.iter().map(|step| step.newsletter).collect();
    let query = newsletters::table
        .filter(newsletters::id.eq_any(mails))
        .select((newsletters::made_by, newsletters::changed_by));
    let wrote: Vec<(UserId, Option<UserId>)> = each!(conn, c => query.load(c))?;
    let is_writer = sequence.made_by == by
        || wrote
            .iter()
            .any(|(made, changed)| *made == by || *changed == Some(by));
    if is_writer {
        return Err(conflict(
            "approval",
            &format!(
                "It goes to {readers} people at once, more than {above}: somebody who wrote nothing of it switches it on."
            ),
        ));
    }
    Ok(())
}

/// Switches every sequence off that is on: in a copy out of a backup nobody knows whom they mailed since (N18).
///
/// # Errors
/// The database's.
pub fn rest(conn: &mut Conn, now: Timestamp) -> AppResult<()> {
    for sequence in model::running(conn)? {
        switch_off(conn, sequence.id, now)?;
    }
    Ok(())
}

/// Switches it off: its mails that no server has yet wait, and can be written on.
///
/// # Errors
/// [`AppError::Conflict`] when it is not on.
pub fn switch_off(conn: &mut Conn, id: SequenceId, now: Timestamp) -> AppResult<()> {
    moved(conn, id, &[SequenceState::On], SequenceState::Off, now)?;
    let steps = model::steps(conn, &[id])?;
    let steps: Vec<StepId> = steps.iter().map(|step| step.timing.id).collect();
    set_mails(conn, &steps, NewsletterState::Draft, now)
}

/// Puts it away.
///
/// # Errors
/// [`AppError::Conflict`] while it is on.
pub fn archive(conn: &mut Conn, id: SequenceId, now: Timestamp) -> AppResult<()> {
    let from = [SequenceState::Draft, SequenceState::Off];
    moved(conn, id, &from, SequenceState::Archived, now)?;
    let steps = model::steps(conn, &[id])?;
    let steps: Vec<StepId> = steps.iter().map(|step| step.timing.id).collect();
    set_mails(conn, &steps, NewsletterState::Cancelled, now)
}

pub(super) fn set_mails(
    conn: &mut Conn,
    steps: &[StepId],
    to: NewsletterState,
    now: Timestamp,
) -> AppResult<()> {
    let steps: Vec<Option<StepId>> = steps.iter().copied().map(Some).collect();
    let target = newsletters::table
        .filter(newsletters::sequence_step_id.eq_any(steps))
        .filter(newsletters::state.ne(NewsletterState::Cancelled));
    let started = (to == NewsletterState::Sending).then_some(now);
    each!(conn, c => diesel::update(target)
        .set((
            newsletters::state.eq(to),
            newsletters::started_at.eq(started),
            newsletters::changed_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

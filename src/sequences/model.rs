//! Rows, and how they are found.

use diesel::prelude::*;

use super::rules::{Timing, Trigger};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{campaigns, newsletters, sequence_enrolments, sequence_steps, sequences};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Json, Timestamp, Zone};
use crate::newsletters::{NewsletterId, NewsletterState};
use crate::segments::{Audience, SegmentId};

crate::id!(
    /// A sequence.
    pub SequenceId,
    "seq"
);
crate::id!(
    /// A step of one.
    pub StepId,
    "stp"
);

crate::words! {
    /// How a sequence stands. Moves: draft → on ⇄ off, (draft | off) → archived.
    pub enum SequenceState {
        /// Being written.
        Draft = "draft",
        /// Enrols and mails.
        On = "on",
        /// Halted: nobody is enrolled, nothing is mailed; who is on their way stays there.
        Off = "off",
        /// Put away.
        Archived = "archived",
    }
}

crate::words! {
    /// How somebody stands in a sequence.
    pub enum EnrolmentState {
        /// On their way.
        Active = "active",
        /// Past the last step.
        Done = "done",
        /// Out before it: `why` says for what.
        Left = "left",
    }
}

crate::words! {
    /// What became of a step for somebody.
    pub enum Outcome {
        /// A delivery was made.
        Mailed = "mailed",
        /// It was not for them.
        Passed = "passed",
    }
}

/// A sequence.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sequences)]
pub struct Sequence {
    /// The id.
    pub id: SequenceId,
    /// The season that it is about.
    pub campaign_id: Option<CampaignId>,
    /// What staff call it.
    pub name: String,
    /// What has to happen.
    pub trigger_rule: Json<Trigger>,
    /// To whom, and by whose word they are written to.
    pub audience: Json<Audience>,
    /// Whoever comes to be in this segment leaves.
    pub leaves: Option<SegmentId>,
    /// Days after any bulk mail in which none of these comes.
    pub days_between: i32,
    /// How it stands.
    pub state: SequenceState,
    /// Grows with each change.
    pub version: i64,
    /// Who made it.
    pub made_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Last changed.
    pub changed_at: Timestamp,
    /// When it was first switched on: what happened before counts for nothing.
    pub started_at: Option<Timestamp>,
}

/// A step, with the newsletter that is its mail.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which one, and when.
    pub timing: Timing,
    /// Of which sequence.
    pub sequence: SequenceId,
    /// Only for those who are in this segment then.
    pub segment: Option<SegmentId>,
    /// Its mail.
    pub newsletter: NewsletterId,
    /// The mail's subject.
    pub subject: String,
    /// How that newsletter stands.
    pub mail_state: NewsletterState,
}

/// One sequence.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: SequenceId) -> AppResult<Sequence> {
    each!(conn, c => sequences::table
        .find(id)
        .select(Sequence::as_select())
        .first(c)
        .optional())?
    .ok_or(AppError::NotFound("this sequence"))
}

/// The sequences of `seasons` (`None`: all) that were not put away, newest first. There are few.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, seasons: Option<&[CampaignId]>) -> AppResult<Vec<Sequence>> {
    Ok(each!(conn, c: Db => {
        let mut query = sequences::table
            .filter(sequences::state.ne(SequenceState::Archived))
            .into_boxed::<Db>();
        if let Some(seasons) = seasons {
            query = query.filter(sequences::campaign_id.eq_any(seasons));
        }
        query
            .order(sequences::id.desc())
            .limit(200)
            .select(Sequence::as_select())
            .load(c)
    })?)
}

/// Those that are on.
///
/// # Errors
/// The database's.
pub fn running(conn: &mut Conn) -> AppResult<Vec<Sequence>> {
    let query = sequences::table
        .filter(sequences::state.eq(SequenceState::On))
        .order(sequences::id);
    Ok(each!(conn, c => query.select(Sequence::as_select()).load(c))?)
}

/// The steps of these sequences, in order.
///
/// # Errors
/// The database's.
pub fn steps(conn: &mut Conn, of: &[SequenceId]) -> AppResult<Vec<Step>> {
    type Row = (
        (StepId, SequenceId, i32, i32, Option<i32>, Option<SegmentId>),
        (NewsletterId, String, NewsletterState),
    );
    let query = sequence_steps::table
        .inner_join(
            newsletters::table.on(newsletters::sequence_step_id.eq(sequence_steps::id.nullable())),
        )
        .filter(sequence_steps::sequence_id.eq_any(of))
        .filter(sequence_steps::removed_at.is_null())
        .order((sequence_steps::sequence_id, sequence_steps::position))
        .select((
            (
                sequence_steps::id,
                sequence_steps::sequence_id,
                sequence_steps::position,
                sequence_steps::wait_days,
                sequence_steps::at_hour,
                sequence_steps::segment_id,
            ),
            (newsletters::id, newsletters::subject, newsletters::state),
        ));
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    let step = |((id, sequence, position, wait_days, at_hour, segment), mail): Row| Step {
        timing: Timing {
            id,
            position,
            wait_days,
            at_hour,
        },
        sequence,
        segment,
        newsletter: mail.0,
        subject: mail.1,
        mail_state: mail.2,
    };
    Ok(rows.into_iter().map(step).collect())
}

/// Whose days a sequence goes by: those of its season.
///
/// # Errors
/// The database's.
pub fn zone(conn: &mut Conn, sequence: &Sequence) -> AppResult<Zone> {
    let Some(season) = sequence.campaign_id else {
        return Ok(Zone::UTC);
    };
    let query = campaigns::table.find(season).select(campaigns::time_zone);
    Ok(each!(conn, c => query.first(c))?)
}

/// How many people stand how in a sequence.
///
/// # Errors
/// The database's.
pub fn standing(conn: &mut Conn, id: SequenceId) -> AppResult<Vec<(EnrolmentState, i64)>> {
    let query = sequence_enrolments::table
        .filter(sequence_enrolments::sequence_id.eq(id))
        .group_by(sequence_enrolments::state)
        .select((sequence_enrolments::state, diesel::dsl::count_star()));
    Ok(each!(conn, c => query.load(c))?)
}

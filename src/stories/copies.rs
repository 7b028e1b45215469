//! What leaves the house with a story in it: whether it may, and the list of what has, which nothing can take back (S17).
//!
//! Whoever sends (newsletters, appeals) asks [`may_leave`] when a sending is planned and again when it goes out, holds on
//! the answer's [`Leave`], and writes [`note`] in the transaction that hands the sending over. A story that was taken down in
//! between does not go: the sending is skipped, or goes without it.

use diesel::prelude::*;

use super::grounds::{Grounds, grounds};
use super::model::{self, StoryId};
use crate::consent_vault::Channel;
use crate::consent_vault::ops::today;
use crate::db::Conn;
use crate::db::schema::story_copies;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Line, Timestamp};

/// That a story may leave by a channel now; only [`may_leave`] makes one.
#[derive(Debug, Clone)]
pub struct Leave {
    channel: Channel,
    grounds: Grounds,
}

impl Leave {
    /// Which story.
    pub fn story(&self) -> StoryId {
        self.grounds.story()
    }

    /// By which channel.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The last day (UTC) on which it may still go; `None`: no consent ends.
    pub fn until(&self) -> Option<Day> {
        self.grounds.until()
    }
}

/// Whether a story may leave by `channel` now: it is public, and all its consents cover that channel.
///
/// # Errors
/// [`AppError::Gone`] for one that is not public; those of [`super::grounds`].
pub fn may_leave(
    conn: &mut Conn,
    story: StoryId,
    channel: Channel,
    now: Timestamp,
) -> AppResult<Leave> {
    let today = today(now)?;
    let story = model::by_id(conn, story)?;
    if !story.is_shown(today) {
        return Err(AppError::Gone("this story"));
    }
    let grounds = grounds(conn, &story, channel, today)?;
    Ok(Leave { channel, grounds })
}

/// Copies of a story that have left.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = story_copies)]
pub struct Copy {
    /// Of which story.
    pub story_id: StoryId,
    /// By which channel.
    pub channel: Channel,
    /// Which sending: an id or a place in URLs, for staff.
    pub reference: String,
    /// To how many.
    pub recipients: i64,
    /// When.
    pub sent_at: Timestamp,
}

/// Notes that copies have left; noting the same sending again adds its recipients.
///
/// # Errors
/// The database's.
pub fn note(
    conn: &mut Conn,
    leave: &Leave,
    reference: &Line,
    recipients: i64,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        story_copies::story_id.eq(leave.story()),
        story_copies::channel.eq(leave.channel),
        story_copies::reference.eq(reference.as_str()),
        story_copies::recipients.eq(recipients),
        story_copies::sent_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(story_copies::table)
        .values(row)
        .on_conflict((
            story_copies::story_id,
            story_copies::channel,
            story_copies::reference,
        ))
        .do_update()
        .set(story_copies::recipients.eq(story_copies::recipients + recipients))
        .execute(c))?;
    Ok(())
}

/// The copies of a story that have left, newest first: what a revoked consent cannot call back.
///
/// # Errors
/// The database's.
pub fn of(conn: &mut Conn, stories: &[StoryId]) -> AppResult<Vec<Copy>> {
    let query = story_copies::table
        .filter(story_copies::story_id.eq_any(stories))
        .order((story_copies::sent_at.desc(), story_copies::reference))
        .limit(500);
    Ok(each!(conn, c => query.select(Copy::as_select()).load(c))?)
}

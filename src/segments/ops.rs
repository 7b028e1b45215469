//! Making, changing and putting away segments.

use diesel::prelude::*;

use super::model::SegmentId;
use super::rule::{MOST_TEXT, Rule};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::segments;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Line, Timestamp};

/// A segment to be kept.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What staff call it.
    pub name: Line,
    /// The season it belongs to.
    pub campaign: Option<CampaignId>,
    /// What it says.
    pub rule: Rule,
}

fn text(rule: &Rule) -> AppResult<String> {
    rule.check()?;
    let text = serde_json::to_string(rule).map_err(AppError::internal)?;
    if text.len() > MOST_TEXT {
        return Err(AppError::field(
            "rule",
            "this is too long to be one segment",
        ));
    }
    Ok(text)
}

/// Keeps a new segment; again under the same id it changes nothing.
///
/// # Errors
/// As [`Rule::check`].
pub fn make(
    conn: &mut Conn,
    id: SegmentId,
    new: &Draft,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        segments::id.eq(id),
        segments::campaign_id.eq(new.campaign),
        segments::name.eq(new.name.as_str()),
        segments::rule.eq(text(&new.rule)?),
        segments::made_by.eq(by),
        segments::created_at.eq(now),
        segments::changed_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(segments::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Changes a segment that nobody changed since `seen`. What is being sent by it was frozen when it started.
///
/// # Errors
/// As [`Rule::check`]; [`AppError::Conflict`] `changed` when somebody else did, or it was put away.
pub fn change(
    conn: &mut Conn,
    id: SegmentId,
    new: &Draft,
    seen: Timestamp,
    now: Timestamp,
) -> AppResult<()> {
    let target = segments::table
        .find(id)
        .filter(segments::changed_at.eq(seen))
        .filter(segments::archived_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set((
            segments::name.eq(new.name.as_str()),
            segments::rule.eq(text(&new.rule)?),
            segments::changed_at.eq(now),
        ))
        .execute(c))?;
    moved(changed)
}

/// Puts a segment away: it is offered no more. Who is written to by it already stays so.
///
/// # Errors
/// [`AppError::Conflict`] `changed` when it was already.
pub fn archive(conn: &mut Conn, id: SegmentId, now: Timestamp) -> AppResult<()> {
    let target = segments::table
        .find(id)
        .filter(segments::archived_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set(segments::archived_at.eq(now))
        .execute(c))?;
    moved(changed)
}

fn moved(rows: usize) -> AppResult<()> {
    if rows == 1 {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "changed",
        detail: "somebody changed this segment meanwhile: open it anew to see what stands"
            .to_owned(),
    })
}

//! What a segment and an audience are, and how segments are found.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::rule::Rule;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::segments;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, GrantId};
use crate::kernel::{Limit, Listed, Timestamp};
use crate::subscribers::ListId;

crate::id!(
    /// A segment.
    pub SegmentId,
    "seg"
);

/// Whom a newsletter is for. Somebody who is on several of the lists gets one copy (N19).
///
/// Lists are how people agree (N20). The one other way is a page of one's own: whoever has one that is shown in a season gets
/// what its coordinators write to its participants, until they leave everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Who agreed to any of these.
    pub lists: Vec<ListId>,
    /// And of them, who is in this segment.
    pub segment: Option<SegmentId>,
    /// But not who is in this one.
    pub without: Option<SegmentId>,
    /// And of them, whose money is in this grant. Where no list is named, of everybody who agreed to any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// And beside the lists, whoever has a page that is shown in this season.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants: Option<CampaignId>,
    /// Its recipients come one by one, as those of a sequence's step do: nobody is meant at once, and the lists and the
    /// season say only by whose word each of them is written to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_by_one: bool,
}

/// A segment.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = segments)]
pub struct Segment {
    /// The id.
    pub id: SegmentId,
    /// The season whose coordinators may use it; conditions that name no season are about this one.
    pub campaign_id: Option<CampaignId>,
    /// What staff call it.
    pub name: String,
    rule: String,
    /// Who made it.
    pub made_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed last: two who edit do not overwrite one another.
    pub changed_at: Timestamp,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
}

impl Segment {
    /// What it says.
    ///
    /// # Errors
    /// As [`Rule::read`].
    pub fn rule(&self) -> AppResult<Rule> {
        Rule::read(&self.rule)
    }
}

/// One segment, put away or not: what is planned with it goes on.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: SegmentId) -> AppResult<Segment> {
    each!(conn, c => segments::table
        .find(id)
        .select(Segment::as_select())
        .first(c)
        .optional())?
    .ok_or(AppError::NotFound("this segment"))
}

/// The segments in use of `seasons` (`None`: all of them, and those of none), newest first.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    seasons: Option<&[CampaignId]>,
    after: Option<SegmentId>,
    limit: Limit,
) -> AppResult<Listed<Segment>> {
    let rows: Vec<Segment> = each!(conn, c: Db => {
        let mut query = segments::table
            .filter(segments::archived_at.is_null())
            .into_boxed::<Db>();
        if let Some(seasons) = seasons {
            query = query.filter(segments::campaign_id.eq_any(seasons));
        }
        if let Some(after) = after {
            query = query.filter(segments::id.lt(after));
        }
        query
            .order(segments::id.desc())
            .limit(limit.and_one())
            .select(Segment::as_select())
            .load(c)
    })?;
    Ok(Listed::cut(rows, limit, |one| one.id))
}

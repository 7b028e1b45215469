//! Rows of stories, and how they are found.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::auth::UserId;
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{programs, stories, story_answers, story_campaigns, story_programs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Json, Limit, Listed, Slug, Timestamp};
use crate::partners::{FurtherLink, Program, ProgramId};

crate::id!(
    /// A story.
    pub StoryId,
    "sto"
);

crate::words! {
    /// Whose story it is.
    pub enum About {
        /// By or about a survivor: it stands on a consent.
        Survivor = "survivor",
        /// About the work, without a survivor in it.
        Work = "work",
    }
}

crate::words! {
    /// Where a story stands.
    pub enum Status {
        /// Being written.
        Draft = "draft",
        /// Waits for somebody to publish it.
        InReview = "in_review",
        /// Seen by everybody.
        Published = "published",
        /// Taken down.
        Withdrawn = "withdrawn",
        /// Put away.
        Archived = "archived",
    }
}

impl Status {
    /// The states that this one can come from; a draft can also be made.
    pub fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::InReview, Self::Withdrawn, Self::Archived],
            Self::InReview => &[Self::Draft],
            Self::Published => &[Self::InReview, Self::Withdrawn],
            Self::Withdrawn => &[Self::Published],
            Self::Archived => &[Self::Draft, Self::Withdrawn],
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Draft => "Being written",
            Self::InReview => "Waits for review",
            Self::Published => "Published",
            Self::Withdrawn => "Taken down",
            Self::Archived => "Put away",
        }
    }
}

crate::words! {
    /// Why a story was taken down.
    pub enum Because {
        /// Staff decided so.
        Staff = "staff",
        /// A consent that it stood on was revoked.
        ConsentRevoked = "consent_revoked",
        /// A consent that it stood on came to its end.
        ConsentEnded = "consent_ended",
    }
}

/// A story.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = stories)]
pub struct Story {
    /// The id.
    pub id: StoryId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// Markdown.
    pub body: String,
    /// Whose story it is.
    pub about: About,
    /// Who wrote it, under the name or pseudonym that is shown.
    pub author_name: String,
    /// A sentence or two about the author.
    pub author_about: String,
    /// What readers should know before they read; may be empty.
    pub content_note: String,
    /// Ways to take part.
    pub take_part: Json<Vec<String>>,
    /// "For more".
    pub more: Json<Vec<FurtherLink>>,
    /// Whether search engines may list it; one with a survivor in it by decision alone (S17).
    pub is_indexed: bool,
    /// Its state.
    pub status: Status,
    /// The last day (UTC) on which everything that it stands on holds; `None` where it needs nothing.
    pub shown_until: Option<Day>,
    /// Counts its edits.
    pub version: i32,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Who gave it to review.
    pub submitted_by: Option<UserId>,
    /// Who published it.
    pub published_by: Option<UserId>,
    /// When it was published first.
    pub published_at: Option<Timestamp>,
    /// When it was taken down last.
    pub withdrawn_at: Option<Timestamp>,
    /// Why.
    pub withdrawn_because: Option<Because>,
    /// In words, for staff.
    pub withdrawn_note: String,
}

impl Story {
    /// Whether everybody sees it on `today` (UTC).
    pub fn is_shown(&self, today: Day) -> bool {
        self.status == Status::Published && self.shown_until.is_none_or(|until| today <= until)
    }

    /// Whether search engines are asked to stay away (S17).
    pub fn is_hidden_from_search(&self) -> bool {
        !self.is_indexed
    }
}

/// The story of an id in whatever state, for staff.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: StoryId) -> AppResult<Story> {
    let query = stories::table.find(id);
    each!(conn, c => query.select(Story::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this story"))
}

/// The story at a slug as everybody sees it on `today`.
///
/// # Errors
/// [`AppError::Gone`] for one that was public and is not any more; [`AppError::NotFound`] for one that never was.
pub fn shown_by_slug(conn: &mut Conn, slug: &Slug, today: Day) -> AppResult<Story> {
    let query = stories::table.filter(stories::slug.eq(slug));
    let found: Option<Story> =
        each!(conn, c => query.select(Story::as_select()).first(c).optional())?;
    match found {
        Some(story) if story.is_shown(today) => Ok(story),
        Some(story) if story.published_at.is_some() => Err(AppError::Gone("this story")),
        _ => Err(AppError::NotFound("this story")),
    }
}

/// Which stories a list is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which {
    /// Those of this campaign.
    pub campaign: Option<CampaignId>,
    /// Those of this program.
    pub program: Option<ProgramId>,
}

/// Where a list of public stories goes on.
pub type Place = (Timestamp, StoryId);

/// The stories that everybody sees on `today`, newest first, going on after one.
///
/// # Errors
/// The database's.
pub fn shown(
    conn: &mut Conn,
    which: Which,
    after: Option<Place>,
    limit: Limit,
    today: Day,
) -> AppResult<Listed<Story>> {
    let rows = each!(conn, c: Db => {
        let mut query = stories::table
            .select(Story::as_select())
            .filter(stories::status.eq(Status::Published))
            .filter(stories::shown_until.is_null().or(stories::shown_until.ge(today)))
            .order((stories::published_at.desc(), stories::id.desc()))
            .limit(limit.and_one())
            .into_boxed::<Db>();
        if let Some(campaign) = which.campaign {
            let of = story_campaigns::table
                .filter(story_campaigns::campaign_id.eq(campaign))
                .select(story_campaigns::story_id);
            query = query.filter(stories::id.eq_any(of));
        }
        if let Some(program) = which.program {
            let of = story_programs::table
                .filter(story_programs::program_id.eq(program))
                .select(story_programs::story_id);
            query = query.filter(stories::id.eq_any(of));
        }
        if let Some((at, id)) = after {
            query = query.filter(
                stories::published_at.lt(at)
                    .or(stories::published_at.eq(at).and(stories::id.lt(id))),
            );
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |row: &Story| {
        (row.published_at.unwrap_or(row.created_at), row.id)
    }))
}

/// Stories that were public and were taken down since `since`: the feed tells readers' programs to forget them.
///
/// # Errors
/// The database's.
pub(super) fn taken_down(
    conn: &mut Conn,
    since: Timestamp,
    most: i64,
) -> AppResult<Vec<(StoryId, Timestamp)>> {
    let query = stories::table
        .filter(stories::status.ne(Status::Published))
        .filter(stories::withdrawn_at.ge(since))
        .order(stories::withdrawn_at.desc())
        .limit(most)
        .select((stories::id, stories::withdrawn_at.assume_not_null()));
    Ok(each!(conn, c => query.load(c))?)
}

/// Stories for staff, the last changed first; `mine`: those of these campaigns alone.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    mine: Option<&[CampaignId]>,
    status: Option<Status>,
    after: Option<Place>,
    limit: Limit,
) -> AppResult<Listed<Story>> {
    let rows = each!(conn, c: Db => {
        let mut query = stories::table
            .select(Story::as_select())
            .order((stories::updated_at.desc(), stories::id.desc()))
            .limit(limit.and_one())
            .into_boxed::<Db>();
        if let Some(mine) = mine {
            let of = story_campaigns::table
                .filter(story_campaigns::campaign_id.eq_any(mine))
                .select(story_campaigns::story_id);
            query = query.filter(stories::id.eq_any(of));
        }
        if let Some(status) = status {
            query = query.filter(stories::status.eq(status));
        }
        if let Some((at, id)) = after {
            query = query.filter(
                stories::updated_at.lt(at)
                    .or(stories::updated_at.eq(at).and(stories::id.lt(id))),
            );
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |row: &Story| {
        (row.updated_at, row.id)
    }))
}

/// The programs that a story is about, in its order.
///
/// # Errors
/// The database's.
pub fn programs_of(conn: &mut Conn, story: StoryId) -> AppResult<Vec<Program>> {
    let query = story_programs::table
        .inner_join(programs::table.on(programs::id.eq(story_programs::program_id)))
        .filter(story_programs::story_id.eq(story))
        .order((story_programs::position, programs::id));
    Ok(each!(conn, c => query.select(Program::as_select()).load(c))?)
}

/// Slugs and names of the programs of several stories, one statement.
///
/// # Errors
/// The database's.
pub(super) fn program_names(
    conn: &mut Conn,
    of: &[StoryId],
) -> AppResult<HashMap<StoryId, Vec<(Slug, String)>>> {
    let query = story_programs::table
        .inner_join(programs::table.on(programs::id.eq(story_programs::program_id)))
        .filter(story_programs::story_id.eq_any(of))
        .order((story_programs::position, programs::id))
        .select((story_programs::story_id, programs::slug, programs::name));
    let rows: Vec<(StoryId, Slug, String)> = each!(conn, c => query.load(c))?;
    let mut all: HashMap<StoryId, Vec<(Slug, String)>> = HashMap::new();
    for (story, slug, name) in rows {
        all.entry(story).or_default().push((slug, name));
    }
    Ok(all)
}

/// The campaigns whose lists hold a story.
///
/// # Errors
/// The database's.
pub fn campaigns_of(conn: &mut Conn, story: StoryId) -> AppResult<Vec<CampaignId>> {
    let query = story_campaigns::table
        .filter(story_campaigns::story_id.eq(story))
        .order(story_campaigns::campaign_id)
        .select(story_campaigns::campaign_id);
    Ok(each!(conn, c => query.load(c))?)
}

/// An editor's answer to a warning.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = story_answers)]
pub struct Answer {
    /// Of which story.
    pub story_id: StoryId,
    /// To which warning ([`super::harm::Warning::key`]).
    pub warning: String,
    /// What the editor says.
    pub reason: String,
    /// Who.
    pub answered_by: UserId,
    /// When.
    pub answered_at: Timestamp,
}

/// The answers of a story, by the warning's key.
///
/// # Errors
/// The database's.
pub fn answers(conn: &mut Conn, story: StoryId) -> AppResult<HashMap<String, Answer>> {
    let query = story_answers::table.filter(story_answers::story_id.eq(story));
    let rows: Vec<Answer> = each!(conn, c => query.select(Answer::as_select()).load(c))?;
    let rows = rows.into_iter().map(|row| (row.warning.clone(), row));
    Ok(rows.collect())
}

//! Rows of photographs, and where they are found.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{
    diary_entries, media, page_updates, pages, stories, story_campaigns, story_pictures, teams,
};
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::{Day, Timestamp};

crate::id!(
    /// A photograph.
    pub MediaId,
    "med"
);

crate::words! {
    /// What a photograph belongs to.
    pub enum Use {
        /// A participant's page.
        Page = "page",
        /// News on a page.
        PageUpdate = "page_update",
        /// A day of the style diary.
        DiaryEntry = "diary_entry",
        /// A team.
        Team = "team",
        /// A story.
        Story = "story",
        /// Newsletters: everybody who gets one sees it.
        Newsletter = "newsletter",
    }
}

/// How wide a photograph is served, at most: it is never made larger than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 1280 pixels.
    Large,
    /// 640 pixels.
    Middle,
    /// 160 pixels.
    Small,
}

impl Size {
    /// Every size, the largest first.
    pub const ALL: [Self; 3] = [Self::Large, Self::Middle, Self::Small];

    /// Pixels across at most.
    pub const fn pixels(self) -> u32 {
        match self {
            Self::Large => 1280,
            Self::Middle => 640,
            Self::Small => 160,
        }
    }

    /// The size that an address names by its pixels.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|size| size.pixels().to_string() == text)
    }
}

/// A photograph.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = media)]
pub struct Media {
    /// The id.
    pub id: MediaId,
    /// Who sent it.
    pub owner_id: Option<UserId>,
    /// What it belongs to.
    pub used_for: Use,
    /// Pixels across in its largest size.
    pub width: i32,
    /// Pixels down in its largest size.
    pub height: i32,
    /// Bytes of its files; 0 once they are swept away.
    pub bytes: i64,
    /// When it was taken in.
    pub created_at: Timestamp,
    /// Since when only its owner sees it, and staff of its campaign unless it is a private day's.
    pub hidden_at: Option<Timestamp>,
    /// Since when nobody sees it.
    pub removed_at: Option<Timestamp>,
}

/// Where a photograph is, from `/` on.
pub fn url(id: MediaId, size: Size) -> String {
    format!("/media/{id}/{}.jpg", size.pixels())
}

/// The photograph that a row names, if it names one.
pub fn named(name: Option<&str>) -> Option<MediaId> {
    name.and_then(|name| name.parse().ok())
}

/// The photograph of an id, in whatever state.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, id: MediaId) -> AppResult<Option<Media>> {
    let query = media::table.find(id);
    Ok(each!(conn, c => query.select(Media::as_select()).first(c).optional())?)
}

/// The photographs of these ids that are shown, in no order: for the width and height of lists.
///
/// # Errors
/// The database's.
pub fn by_ids(conn: &mut Conn, ids: &[MediaId]) -> AppResult<Vec<Media>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = media::table
        .filter(media::id.eq_any(ids))
        .filter(media::hidden_at.is_null())
        .filter(media::removed_at.is_null());
    Ok(each!(conn, c => query.select(Media::as_select()).load(c))?)
}

/// The campaign whose coordinators see a photograph while it is hidden: that of the page or team which shows it. `None` for the
/// photograph of a private day, which is its owner's alone, and for one that stands nowhere.
pub(super) fn staff_campaign(conn: &mut Conn, media: &Media) -> AppResult<Option<CampaignId>> {
    let name = media.id.to_string();
    let found: Option<CampaignId> = match media.used_for {
        Use::Page => {
            let query = pages::table
                .filter(pages::photo.eq(name))
                .select(pages::campaign_id);
            each!(conn, c => query.first(c).optional())?
        }
        Use::PageUpdate => {
            let query = page_updates::table
                .inner_join(pages::table.on(pages::id.eq(page_updates::page_id)))
                .filter(page_updates::photo.eq(name))
                .select(pages::campaign_id);
            each!(conn, c => query.first(c).optional())?
        }
        Use::DiaryEntry => {
            let query = diary_entries::table
                .inner_join(pages::table.on(pages::id.eq(diary_entries::page_id)))
                .filter(diary_entries::photo.eq(name))
                .filter(diary_entries::is_public.eq(true))
                .filter(pages::is_diary_public.eq(true))
                .select(pages::campaign_id);
            each!(conn, c => query.first(c).optional())?
        }
        Use::Team => {
            let query = teams::table
                .filter(teams::photo.eq(name))
                .select(teams::campaign_id);
            each!(conn, c => query.first(c).optional())?
        }
        // Several seasons may list one: see [`story_campaigns_of`].
        Use::Story | Use::Newsletter => None,
    };
    Ok(found)
}

/// Whether a picture of a story may be seen: it follows the story, which follows its consents (S17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InStory {
    /// By everybody.
    Shown,
    /// Not any more.
    TakenDown,
    /// Not yet.
    NotYet,
}

/// Where the picture of a story stands on `today` (UTC).
pub(super) fn in_story(conn: &mut Conn, id: MediaId, today: Day) -> AppResult<InStory> {
    let query = story_pictures::table
        .inner_join(stories::table.on(stories::id.eq(story_pictures::story_id)))
        .filter(story_pictures::media_id.eq(id))
        .select((stories::status, stories::shown_until, stories::published_at));
    let found: Option<(String, Option<Day>, Option<Timestamp>)> =
        each!(conn, c => query.first(c).optional())?;
    Ok(match found {
        // The word of the state stands beside its enum, a storey higher; a test holds them together.
        Some((status, until, _))
            if status == "published" && until.is_none_or(|until| today <= until) =>
        {
            InStory::Shown
        }
        Some((.., Some(_))) => InStory::TakenDown,
        _ => InStory::NotYet,
    })
}

/// The campaigns that list the story of a picture.
pub(super) fn story_campaigns_of(conn: &mut Conn, id: MediaId) -> AppResult<Vec<CampaignId>> {
    let query = story_pictures::table
        .inner_join(
            story_campaigns::table.on(story_campaigns::story_id.eq(story_pictures::story_id)),
        )
        .filter(story_pictures::media_id.eq(id))
        .select(story_campaigns::campaign_id);
    Ok(each!(conn, c => query.load(c))?)
}

/// Removed photographs whose files still lie there, the longest removed first.
pub(super) fn to_sweep(conn: &mut Conn, most: i64) -> AppResult<Vec<MediaId>> {
    let query = media::table
        .filter(media::removed_at.is_not_null())
        .filter(media::bytes.gt(0))
        .order(media::removed_at.asc())
        .limit(most)
        .select(media::id);
    Ok(each!(conn, c => query.load(c))?)
}

/// Which of these ids have a row.
pub(super) fn known(conn: &mut Conn, ids: &[MediaId]) -> AppResult<Vec<MediaId>> {
    let query = media::table.filter(media::id.eq_any(ids)).select(media::id);
    Ok(each!(conn, c => query.load(c))?)
}

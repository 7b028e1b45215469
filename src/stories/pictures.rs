//! Pictures of a story: what each shows is said in words, and of whom by a rule (S17).

use diesel::prelude::*;

use super::model::{self, Status, StoryId};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::consent_vault::Shows;
use crate::db::Conn;
use crate::db::schema::{media, story_pictures};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Timestamp};
use crate::media::{self as photographs, MediaId, NewMedia};

crate::words! {
    /// Where in a story a picture stands.
    pub enum Where {
        /// Above the text.
        Lead = "lead",
        /// Beside the words about the author.
        Author = "author",
        /// Below the text.
        Body = "body",
    }
}

/// A picture of a story.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = story_pictures)]
pub struct Picture {
    /// Its files.
    pub media_id: MediaId,
    /// Of which story.
    pub story_id: StoryId,
    /// Where it stands.
    pub place: Where,
    /// Its place among the others.
    pub position: i32,
    /// What it shows, for people who cannot see it.
    pub alt: String,
    /// What stands below it; may be empty.
    pub caption: String,
    /// What it shows of people.
    pub shows: Shows,
}

/// A picture and its proportions.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The picture.
    pub picture: Picture,
    /// Pixels across in its largest size.
    pub width: i32,
    /// Pixels down in its largest size.
    pub height: i32,
}

/// A picture to be added; its files lie there.
#[derive(Debug, Clone)]
pub struct AddPicture {
    /// To which story.
    pub story: StoryId,
    /// Its files.
    pub media: NewMedia,
    /// Where it stands.
    pub place: Where,
    /// What it shows; required.
    pub alt: Line,
    /// What stands below it.
    pub caption: String,
    /// What it shows of people.
    pub shows: Shows,
}

/// Pictures of one story at most.
const MOST: usize = 12;

/// The pictures of these stories that were not removed, in their order.
///
/// # Errors
/// The database's.
pub fn of(conn: &mut Conn, stories: &[StoryId]) -> AppResult<Vec<Shown>> {
    let query = story_pictures::table
        .inner_join(media::table.on(media::id.eq(story_pictures::media_id)))
        .filter(story_pictures::story_id.eq_any(stories))
        .filter(media::removed_at.is_null())
        .order((
            story_pictures::story_id,
            story_pictures::position,
            media::id,
        ));
    let rows: Vec<(Picture, i32, i32)> = each!(conn, c => query
        .select((Picture::as_select(), media::width, media::height))
        .load(c))?;
    let rows = rows.into_iter().map(|(picture, width, height)| Shown {
        picture,
        width,
        height,
    });
    Ok(rows.collect())
}

/// Pictures are changed while a story is not public: what is public was looked at as it stands.
fn changeable(conn: &mut Conn, story: StoryId) -> AppResult<()> {
    match model::by_id(conn, story)?.status {
        Status::Draft | Status::InReview | Status::Withdrawn => Ok(()),
        Status::Published | Status::Archived => Err(AppError::Conflict {
            code: "story_public",
            detail: "take the story down first, then change its pictures".into(),
        }),
    }
}

/// Adds a picture; it is seen once the story is.
///
/// # Errors
/// [`AppError::Conflict`] `story_public`; [`AppError::Invalid`] of `photo` for one too many.
pub fn add(conn: &mut Conn, new: &AddPicture, now: Timestamp) -> AppResult<()> {
    changeable(conn, new.story)?;
    let known = of(conn, &[new.story])?;
    if known.len() >= MOST {
        let said = format!("a story has {MOST} pictures at most; take one away first");
        return Err(AppError::field("photo", said));
    }
    let last = known.iter().map(|one| one.picture.position).max();
    photographs::insert(conn, &new.media, now)?;
    let row = (
        story_pictures::media_id.eq(new.media.id),
        story_pictures::story_id.eq(new.story),
        story_pictures::place.eq(new.place),
        story_pictures::position.eq(last.unwrap_or(0) + 1),
        story_pictures::alt.eq(new.alt.as_str()),
        story_pictures::caption.eq(&new.caption),
        story_pictures::shows.eq(new.shows),
    );
    each!(conn, c => diesel::insert_into(story_pictures::table).values(row).execute(c))?;
    let said = format!("{}, shows {}", new.place, new.shows);
    let deed = Deed::new(
        new.media.owner,
        "story.add_picture",
        ("story", new.story.to_string()),
    );
    audit::record(conn, &deed.saying(said), now)
}

/// Takes a picture away for good.
///
/// # Errors
/// [`AppError::Conflict`] `story_public`; [`AppError::NotFound`].
pub fn remove(
    conn: &mut Conn,
    story: StoryId,
    picture: MediaId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    changeable(conn, story)?;
    let own = of(conn, &[story])?;
    if !own.iter().any(|one| one.picture.media_id == picture) {
        return Err(AppError::NotFound("this picture"));
    }
    photographs::remove(conn, picture, now)?;
    let deed = Deed::new(by, "story.remove_picture", ("story", story.to_string()));
    audit::record(conn, &deed, now)
}

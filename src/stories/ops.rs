//! Writing stories and moving them from state to state. Each is a deed in the record (S15).

use diesel::prelude::*;

use super::draft::{CreateStory, EditStory};
use super::grounds::{self, Grounds};
use super::model::{self, Status, Story, StoryId};
use super::pictures;
use super::takedown::Reach;
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::campaigns::CampaignId;
use crate::consent_vault::{Channel, ops::today};
use crate::db::Conn;
use crate::db::schema::{stories, story_answers, story_campaigns, story_programs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Json, Line, Slug, Timestamp};
use crate::partners::ProgramId;

pub(super) fn deed(by: UserId, action: &'static str, id: StoryId) -> Deed {
    Deed::new(by, action, ("story", id.to_string()))
}

/// Makes a story, as a draft.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`.
pub fn create(conn: &mut Conn, new: &CreateStory, now: Timestamp) -> AppResult<()> {
    slug_free(conn, new.id, &new.slug)?;
    let none: Json<Vec<String>> = Json(Vec::new());
    let row = (
        (
            stories::id.eq(new.id),
            stories::slug.eq(&new.slug),
            stories::title.eq(new.title.as_str()),
            stories::summary.eq(""),
            stories::body.eq(""),
            stories::about.eq(new.about),
            stories::author_name.eq(""),
            stories::author_about.eq(""),
            stories::content_note.eq(""),
            stories::take_part.eq(none.clone()),
            stories::more.eq(none),
            stories::is_indexed.eq(new.about == super::About::Work),
        ),
        (
            stories::status.eq(Status::Draft),
            stories::version.eq(1),
            stories::created_by.eq(new.by),
            stories::created_at.eq(now),
            stories::updated_at.eq(now),
            stories::withdrawn_note.eq(""),
        ),
    );
    each!(conn, c => diesel::insert_into(stories::table).values(row).execute(c))?;
    set_campaigns(conn, new.id, &new.campaigns)?;
    audit::record(conn, &deed(new.by, "story.create", new.id), now)
}

fn slug_free(conn: &mut Conn, id: StoryId, slug: &Slug) -> AppResult<()> {
    let taken = stories::table
        .filter(stories::slug.eq(slug))
        .filter(stories::id.ne(id));
    if each!(conn, c => taken.count().get_result::<i64>(c))? > 0 {
        return Err(AppError::Conflict {
            code: "slug_taken",
            detail: format!("the address “{slug}” is taken; choose another"),
        });
    }
    Ok(())
}

/// Edits a story. One that is public must stay fit to be: what an edit breaks is refused, in words. One that waits for
/// review goes on waiting. Answers where it shows.
///
/// # Errors
/// [`AppError::Conflict`] `edited_meanwhile`, `slug_taken`, `story_archived`, and for a public one those of
/// [`ready`]; [`AppError::Invalid`] of `slug` and `more`.
pub fn edit(conn: &mut Conn, asked: &EditStory, now: Timestamp) -> AppResult<Reach> {
    let old = model::by_id(conn, asked.id)?;
    if old.status == Status::Archived {
        return Err(AppError::Conflict {
            code: "story_archived",
            detail: "this story is put away; take it up again first".into(),
        });
    }
    if old.published_at.is_some() && old.slug != asked.slug {
        return Err(AppError::field(
            "slug",
            "its address was public and stands for good",
        ));
    }
    let safe = |href: &str| {
        url::Url::parse(href).is_ok_and(|url| matches!(url.scheme(), "https" | "mailto"))
    };
    if !asked.more.iter().all(|link| safe(&link.href)) {
        return Err(AppError::field("more", "use https: and mailto: links"));
    }
    slug_free(conn, asked.id, &asked.slug)?;
    let before = Reach::of(conn, &old)?;
    let take_part: Vec<&str> = asked.take_part.iter().map(Line::as_str).collect();
    let row = (
        stories::slug.eq(&asked.slug),
        stories::title.eq(asked.title.as_str()),
        stories::summary.eq(&asked.summary),
        stories::body.eq(asked.body.as_str()),
        stories::about.eq(asked.about),
        stories::author_name.eq(&asked.author_name),
        stories::author_about.eq(&asked.author_about),
        stories::content_note.eq(&asked.content_note),
        stories::take_part.eq(Json(take_part)),
        stories::more.eq(Json(asked.more.clone())),
        stories::is_indexed.eq(asked.is_indexed),
        stories::version.eq(stories::version + 1),
        stories::updated_at.eq(now),
    );
    let target = stories::table
        .filter(stories::id.eq(asked.id))
        .filter(stories::version.eq(asked.version))
        .filter(stories::status.eq(old.status));
    if each!(conn, c => diesel::update(target).set(row).execute(c))? == 0 {
        return Err(AppError::Conflict {
            code: "edited_meanwhile",
            detail: "Somebody saved this story since you opened it. Copy what you wrote, load it anew, and put it in.".into(),
        });
    }
    set_programs(conn, asked.id, &asked.programs)?;
    set_campaigns(conn, asked.id, &asked.campaigns)?;
    let new = model::by_id(conn, asked.id)?;
    if old.status == Status::Published {
        let grounds = ready(conn, &new, now)?;
        let target = stories::table.find(asked.id);
        let until = stories::shown_until.eq(grounds.until());
        each!(conn, c => diesel::update(target).set(until).execute(c))?;
    }
    let digest = |story: &Story| {
        format!(
            "{}\n{}\n{}\n{}\n{}",
            story.title, story.summary, story.author_name, story.author_about, story.body
        )
    };
    let deed = deed(asked.by, "story.edit", asked.id).edited(digest(&old), digest(&new));
    audit::record(conn, &deed, now)?;
    Ok(before.and(Reach::of(conn, &new)?))
}

fn set_programs(conn: &mut Conn, id: StoryId, programs: &[ProgramId]) -> AppResult<()> {
    let old = story_programs::table.filter(story_programs::story_id.eq(id));
    each!(conn, c => diesel::delete(old).execute(c))?;
    let rows: Vec<_> = (0..)
        .zip(programs)
        .map(|(position, program): (i32, _)| {
            (
                story_programs::story_id.eq(id),
                story_programs::program_id.eq(*program),
                story_programs::position.eq(position),
            )
        })
        .collect();
    each!(conn, c => diesel::insert_into(story_programs::table).values(rows).execute(c))?;
    Ok(())
}

fn set_campaigns(conn: &mut Conn, id: StoryId, campaigns: &[CampaignId]) -> AppResult<()> {
    let old = story_campaigns::table.filter(story_campaigns::story_id.eq(id));
    each!(conn, c => diesel::delete(old).execute(c))?;
    let rows: Vec<_> = campaigns
        .iter()
        .map(|campaign| {
            (
                story_campaigns::story_id.eq(id),
                story_campaigns::campaign_id.eq(*campaign),
            )
        })
        .collect();
    each!(conn, c => diesel::insert_into(story_campaigns::table).values(rows).execute(c))?;
    Ok(())
}

/// An editor's answer to a warning of the harm screen; it can be given again in other words.
///
/// # Errors
/// [`AppError::NotFound`] for a warning that the story does not raise.
pub fn answer(
    conn: &mut Conn,
    id: StoryId,
    warning: &str,
    reason: &Line,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let story = model::by_id(conn, id)?;
    let pictures = pictures::of(conn, &[id])?;
    let raised = grounds::warnings(conn, &story, &pictures)?;
    let raised = raised
        .into_iter()
        .find(|one| one.key() == warning)
        .ok_or(AppError::NotFound("this warning"))?;
    let old = story_answers::table.find((id, warning));
    each!(conn, c => diesel::delete(old).execute(c))?;
    let row = (
        story_answers::story_id.eq(id),
        story_answers::warning.eq(warning),
        story_answers::reason.eq(reason.as_str()),
        story_answers::answered_by.eq(by),
        story_answers::answered_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(story_answers::table).values(row).execute(c))?;
    let said = format!("{}: {reason}", raised.rule);
    audit::record(
        conn,
        &deed(by, "story.answer_warning", id).saying(said),
        now,
    )
}

/// That a story may be published now, on what it stands.
///
/// # Errors
/// [`AppError::Conflict`] `story_incomplete` with what is missing; those of [`grounds::grounds`].
pub fn ready(conn: &mut Conn, story: &Story, now: Timestamp) -> AppResult<Grounds> {
    complete(conn, story)?;
    grounds::grounds(conn, story, Channel::Web, today(now)?)
}

fn complete(conn: &mut Conn, story: &Story) -> AppResult<()> {
    let missing = grounds::hindrances(conn, story)?;
    if missing.is_empty() {
        return Ok(());
    }
    let words: Vec<&str> = missing.iter().map(|one| one.words.as_str()).collect();
    Err(AppError::Conflict {
        code: "story_incomplete",
        detail: words.join(" "),
    })
}

pub(super) fn wrong_state(from: Status, to: Status) -> AppError {
    AppError::Conflict {
        code: "wrong_state",
        detail: format!(
            "the story is in the state “{from}”, from which it cannot go to “{to}”; load it anew"
        ),
    }
}

/// Gives a story to review.
///
/// # Errors
/// [`AppError::Conflict`] `story_incomplete` or `wrong_state`.
pub fn submit(conn: &mut Conn, id: StoryId, by: UserId, now: Timestamp) -> AppResult<()> {
    let story = model::by_id(conn, id)?;
    complete(conn, &story)?;
    let target = stories::table
        .filter(stories::id.eq(id))
        .filter(stories::status.eq_any(Status::InReview.comes_from()));
    let row = (
        stories::status.eq(Status::InReview),
        stories::submitted_by.eq(by),
        stories::updated_at.eq(now),
    );
    if each!(conn, c => diesel::update(target).set(row).execute(c))? == 0 {
        return Err(wrong_state(story.status, Status::InReview));
    }
    audit::record(conn, &deed(by, "story.submit", id), now)
}

/// Publishes a story on its grounds; answers where it shows.
///
/// # Errors
/// Those of [`ready`]; [`AppError::Conflict`] `wrong_state`.
pub fn publish(conn: &mut Conn, id: StoryId, by: UserId, now: Timestamp) -> AppResult<Reach> {
    let story = model::by_id(conn, id)?;
    let grounds = ready(conn, &story, now)?;
    show(conn, &story, &grounds, by, now)
}

/// The one statement that makes a story public: it cannot be written without [`Grounds`].
fn show(
    conn: &mut Conn,
    story: &Story,
    grounds: &Grounds,
    by: UserId,
    now: Timestamp,
) -> AppResult<Reach> {
    let target = stories::table
        .filter(stories::id.eq(grounds.story()))
        .filter(stories::status.eq_any(Status::Published.comes_from()));
    let row = (
        stories::status.eq(Status::Published),
        stories::shown_until.eq(grounds.until()),
        stories::published_by.eq(by),
        stories::published_at.eq(story.published_at.unwrap_or(now)),
        stories::updated_at.eq(now),
    );
    if each!(conn, c => diesel::update(target).set(row).execute(c))? == 0 {
        return Err(wrong_state(story.status, Status::Published));
    }
    let said = match grounds.until() {
        Some(day) => format!("stands on consents until {day}"),
        None => "nobody in it has to agree".to_owned(),
    };
    audit::record(conn, &deed(by, "story.publish", story.id).saying(said), now)?;
    Reach::of(conn, story)
}

/// Back to being written: from review, from being taken down or put away.
///
/// # Errors
/// [`AppError::Conflict`] `wrong_state`.
pub fn reopen(conn: &mut Conn, id: StoryId, by: UserId, now: Timestamp) -> AppResult<()> {
    set_quietly(conn, id, Status::Draft, (by, "story.reopen"), now)
}

/// Puts a story away.
///
/// # Errors
/// [`AppError::Conflict`] `wrong_state`.
pub fn archive(conn: &mut Conn, id: StoryId, by: UserId, now: Timestamp) -> AppResult<()> {
    set_quietly(conn, id, Status::Archived, (by, "story.archive"), now)
}

/// A move between states that nobody outside sees.
fn set_quietly(
    conn: &mut Conn,
    id: StoryId,
    to: Status,
    (by, action): (UserId, &'static str),
    now: Timestamp,
) -> AppResult<()> {
    let story = model::by_id(conn, id)?;
    let target = stories::table
        .filter(stories::id.eq(id))
        .filter(stories::status.eq_any(to.comes_from()));
    let row = (stories::status.eq(to), stories::updated_at.eq(now));
    if each!(conn, c => diesel::update(target).set(row).execute(c))? == 0 {
        return Err(wrong_state(story.status, to));
    }
    audit::record(conn, &deed(by, action, id), now)
}

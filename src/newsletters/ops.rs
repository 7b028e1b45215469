//! Writing: drafts are made, saved, copied and put away. Sending has its own verbs, in `deliveries`.

use diesel::prelude::*;

use super::approval::of_season;
use super::blocks::field_name;
use super::content::{BLOCKS_MOST, Block, Content};
use super::house::House;
use super::layout::Layout;
use super::model::{self, Newsletter, NewsletterId, NewsletterState};
use super::render::Prepared;
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::newsletters;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::impact::reports::ReportId;
use crate::kernel::{Email, Json, Line, Slug, Timestamp};
use crate::segments::Audience;

/// A newsletter to be made, as a draft.
#[derive(Debug, Clone)]
pub struct NewDraft {
    /// The id, made by the caller.
    pub id: NewsletterId,
    /// The season it belongs to, if to one.
    pub campaign: Option<CampaignId>,
    /// Its address; a number is added where it is taken.
    pub slug: Slug,
    /// Its title.
    pub title: Line,
    /// Its subject; may be empty.
    pub subject: String,
    /// Which designed layout.
    pub layout: Layout,
    /// Its blocks.
    pub content: Content,
    /// For whom.
    pub audience: Audience,
    /// The display name it comes from.
    pub from_name: Line,
    /// The report that it tells of.
    pub report: Option<ReportId>,
    /// Who makes it.
    pub by: UserId,
}

/// A draft as it is saved.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Which.
    pub id: NewsletterId,
    /// The version that was edited: another one is a conflict.
    pub version: i64,
    /// Its address.
    pub slug: Slug,
    /// Its title.
    pub title: Line,
    /// Its subject, with merge fields; may be empty in a draft.
    pub subject: String,
    /// The other subject of a test.
    pub subject_b: Option<String>,
    /// See [`Newsletter::test_percent`].
    pub test_percent: i32,
    /// See [`Newsletter::test_minutes`].
    pub test_minutes: i32,
    /// Beside the subject.
    pub preheader: String,
    /// Which designed layout.
    pub layout: Layout,
    /// Its blocks.
    pub content: Content,
    /// The text part, where it is edited.
    pub plain_text: Option<String>,
    /// For whom.
    pub audience: Audience,
    /// The topic that a reader may switch off.
    pub topic: Option<String>,
    /// The display name it comes from.
    pub from_name: Line,
    /// Where answers go.
    pub reply_to: Option<Email>,
    /// Whether the archive shows it.
    pub is_public: bool,
    /// Who saves.
    pub by: UserId,
}

fn deed(by: UserId, action: &'static str, id: NewsletterId) -> Deed {
    Deed::new(by, action, ("newsletter", id.to_string()))
}

/// Whether nobody else has this address.
fn slug_is_free(conn: &mut Conn, id: NewsletterId, slug: &Slug) -> AppResult<bool> {
    let taken = newsletters::table
        .filter(newsletters::slug.eq(slug))
        .filter(newsletters::id.ne(id));
    Ok(each!(conn, c => taken.count().get_result::<i64>(c))? == 0)
}

/// `slug`, or it with the first number that makes it free.
fn free_slug(conn: &mut Conn, id: NewsletterId, slug: &Slug) -> AppResult<Slug> {
    for number in 1..1_000 {
        let text = match number {
            1 => slug.to_string(),
            n => format!("{slug}-{n}"),
        };
        let Ok(wanted) = text.parse::<Slug>() else {
            continue;
        };
        if slug_is_free(conn, id, &wanted)? {
            return Ok(wanted);
        }
    }
    Err(AppError::Conflict {
        code: "slug_taken",
        detail: format!("the address “{slug}” is taken; choose another"),
    })
}

/// Makes a draft.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`; the database's.
pub fn create(conn: &mut Conn, new: &NewDraft, now: Timestamp) -> AppResult<()> {
    let slug = free_slug(conn, new.id, &new.slug)?;
    let row = (
        (
            newsletters::id.eq(new.id),
            newsletters::campaign_id.eq(new.campaign),
            newsletters::slug.eq(slug),
            newsletters::title.eq(new.title.as_str()),
            newsletters::subject.eq(&new.subject),
            newsletters::preheader.eq(""),
            newsletters::layout.eq(new.layout.as_str()),
            newsletters::content.eq(new.content.to_json()?),
            newsletters::audience.eq(Json(new.audience.clone())),
            newsletters::from_name.eq(new.from_name.as_str()),
        ),
        (
            newsletters::state.eq(NewsletterState::Draft),
            newsletters::version.eq(1_i64),
            newsletters::made_by.eq(new.by),
            newsletters::changed_by.eq(new.by),
            newsletters::created_at.eq(now),
            newsletters::changed_at.eq(now),
            newsletters::report_id.eq(new.report),
        ),
    );
    each!(conn, c => diesel::insert_into(newsletters::table).values(row).execute(c))?;
    let made = model::by_id(conn, new.id)?;
    let done = deed(new.by, "newsletter.create", new.id);
    audit::record(conn, &of_season(done, &made), now)
}

/// A newsletter as it would be with `draft` saved: for previews.
///
/// # Errors
/// Never in practice.
pub fn with(newsletter: Newsletter, draft: &Draft) -> AppResult<Newsletter> {
    Ok(Newsletter {
        slug: draft.slug.clone(),
        title: draft.title.as_str().to_owned(),
        subject: draft.subject.clone(),
        subject_b: draft.subject_b.clone(),
        test_percent: draft.test_percent,
        test_minutes: draft.test_minutes,
        preheader: draft.preheader.clone(),
        layout: draft.layout.as_str().to_owned(),
        content: draft.content.to_json()?,
        plain_text: draft.plain_text.clone(),
        audience: Json(draft.audience.clone()),
        topic: draft.topic.clone(),
        from_name: draft.from_name.as_str().to_owned(),
        reply_to: draft.reply_to.clone(),
        is_public: draft.is_public,
        ..newsletter
    })
}

/// Saves a draft. What is wrong with its texts is an error now, not when it goes out (N11); what is unfinished is saved.
///
/// # Errors
/// [`AppError::Invalid`] by field; [`AppError::Conflict`] `edited_meanwhile`, `not_a_draft`.
pub fn save(conn: &mut Conn, draft: &Draft, house: &House, now: Timestamp) -> AppResult<()> {
    let old = model::by_id(conn, draft.id)?;
    if old.state != NewsletterState::Draft {
        return Err(AppError::Conflict {
            code: "not_a_draft",
            detail: "It is no draft any more: take it back from its schedule before you change it."
                .into(),
        });
    }
    bounds(draft)?;
    if !slug_is_free(conn, draft.id, &draft.slug)? {
        return Err(AppError::field(
            "slug",
            "another newsletter has this address; choose another",
        ));
    }
    let wanted = with(old.clone(), draft)?;
    Prepared::of(conn, wanted.clone(), house)?;
    let target = newsletters::table
        .filter(newsletters::id.eq(draft.id))
        .filter(newsletters::version.eq(draft.version))
        .filter(newsletters::state.eq(NewsletterState::Draft));
    let row = (
        newsletters::slug.eq(&wanted.slug),
        newsletters::title.eq(&wanted.title),
        newsletters::subject.eq(&wanted.subject),
        newsletters::subject_b.eq(&wanted.subject_b),
        newsletters::test_percent.eq(wanted.test_percent),
        newsletters::test_minutes.eq(wanted.test_minutes),
        newsletters::preheader.eq(&wanted.preheader),
        newsletters::layout.eq(&wanted.layout),
        newsletters::content.eq(&wanted.content),
        newsletters::plain_text.eq(&wanted.plain_text),
        newsletters::audience.eq(&wanted.audience),
        newsletters::topic.eq(&wanted.topic),
        newsletters::from_name.eq(&wanted.from_name),
        newsletters::reply_to.eq(&wanted.reply_to),
        newsletters::is_public.eq(wanted.is_public),
    );
    let counted = (
        newsletters::version.eq(newsletters::version + 1),
        newsletters::changed_by.eq(Some(draft.by)),
        newsletters::changed_at.eq(now),
    );
    let changed = each!(conn, c => diesel::update(target).set((row, counted)).execute(c))?;
    if changed == 0 {
        return Err(AppError::Conflict {
            code: "edited_meanwhile",
            detail: "Somebody else saved this newsletter while you wrote. Nothing of yours is lost: it stands below, and what they saved stands beside it. Saving again keeps yours.".into(),
        });
    }
    let done = deed(draft.by, "newsletter.edit", draft.id).edited(old.digest(), wanted.digest());
    audit::record(conn, &of_season(done, &old), now)
}

/// What the rows must hold to, beside what the texts say.
fn bounds(draft: &Draft) -> AppResult<()> {
    if draft.content.blocks.len() > BLOCKS_MOST {
        return Err(AppError::field(
            "blocks",
            format!("A newsletter has at most {BLOCKS_MOST} blocks; take some away"),
        ));
    }
    if !(0..=50).contains(&draft.test_percent) {
        return Err(AppError::field(
            "test_percent",
            "write a whole number from 0 to 50",
        ));
    }
    if draft.test_percent > 0 && draft.subject_b.is_none() {
        return Err(AppError::field(
            "subject_b",
            "write the other subject, or set the share to 0",
        ));
    }
    if !(0..=2_880).contains(&draft.test_minutes) {
        return Err(AppError::field(
            "test_minutes",
            "write a whole number of minutes, two days at most",
        ));
    }
    for (number, block) in draft.content.blocks.iter().enumerate() {
        if let Block::Picture { alt, .. } = block
            && alt.chars().count() > crate::media::ALT_MAX
        {
            return Err(AppError::field(
                &field_name(number, "alt"),
                format!("use at most {} characters", crate::media::ALT_MAX),
            ));
        }
    }
    Ok(())
}

/// Makes a draft like `id`, under a new address.
///
/// # Errors
/// [`AppError::NotFound`]; the database's.
pub fn copy(
    conn: &mut Conn,
    id: NewsletterId,
    new: NewsletterId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let old = model::by_id(conn, id)?;
    let line = |text: &str| Line::parse(text, 200).map_err(AppError::internal);
    let draft = NewDraft {
        id: new,
        campaign: old.campaign_id,
        slug: old.slug.clone(),
        title: line(&old.title)?,
        subject: old.subject.clone(),
        layout: Layout::named(&old.layout),
        content: Content::parse(&old.content)?,
        audience: old.audience.0.clone(),
        from_name: line(&old.from_name)?,
        report: None,
        by,
    };
    create(conn, &draft, now)?;
    let rest = (
        newsletters::subject_b.eq(old.subject_b),
        newsletters::test_percent.eq(old.test_percent),
        newsletters::test_minutes.eq(old.test_minutes),
        newsletters::preheader.eq(old.preheader),
        newsletters::plain_text.eq(old.plain_text),
        newsletters::topic.eq(old.topic),
        newsletters::reply_to.eq(old.reply_to),
        newsletters::is_public.eq(old.is_public),
    );
    each!(conn, c => diesel::update(newsletters::table.find(new)).set(rest).execute(c))?;
    Ok(())
}

/// Puts a draft away for good: it was never sent.
///
/// # Errors
/// [`AppError::Conflict`] `not_a_draft`.
pub fn discard(conn: &mut Conn, id: NewsletterId, by: UserId, now: Timestamp) -> AppResult<()> {
    let old = model::by_id(conn, id)?;
    if old.audience.0.one_by_one {
        return Err(AppError::Conflict {
            code: "one_by_one",
            detail: "It belongs to a sequence: take the step out of that.".into(),
        });
    }
    let target = newsletters::table
        .filter(newsletters::id.eq(id))
        .filter(newsletters::state.eq(NewsletterState::Draft));
    let gone = each!(conn, c => diesel::update(target)
        .set((
            newsletters::state.eq(NewsletterState::Cancelled),
            newsletters::changed_at.eq(now),
        ))
        .execute(c))?;
    if gone == 0 {
        return Err(AppError::Conflict {
            code: "not_a_draft",
            detail: "It is no draft any more.".into(),
        });
    }
    audit::record(
        conn,
        &of_season(deed(by, "newsletter.discard", id), &old),
        now,
    )
}

/// Shows a sent newsletter in the public archive, or not any more.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn set_public(
    conn: &mut Conn,
    id: NewsletterId,
    is_public: bool,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let old = model::by_id(conn, id)?;
    let target = newsletters::table.filter(newsletters::id.eq(id));
    each!(conn, c => diesel::update(target)
        .set(newsletters::is_public.eq(is_public))
        .execute(c))?;
    let action = if is_public {
        "newsletter.archive_show"
    } else {
        "newsletter.archive_hide"
    };
    audit::record(conn, &of_season(deed(by, action, id), &old), now)
}

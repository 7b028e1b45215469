//! Making pages, showing them and putting them away. What staff do to pages stands in `review`.

use diesel::prelude::*;

use super::PageId;
use super::model::{self, PageStatus, name_key};
use super::photos::{self, Followed};
use super::slugs;
use crate::auth::UserId;
use crate::campaigns::{self, Campaign, CampaignStatus};
use crate::db::Conn;
use crate::db::schema::{pages, teams};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, TeamId};
use crate::kernel::{Line, Money, Slug, Timestamp};
use crate::totals::{self, TotalScope};
use crate::web::markdown::Story;

/// A page to be made.
#[derive(Debug, Clone)]
pub struct CreatePage {
    /// The id, made by the caller.
    pub id: PageId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// In which team of that campaign.
    pub team: Option<TeamId>,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: Line,
    /// How the participant is called in public.
    pub participant: Line,
    /// Empty shows the campaign's story.
    pub story: Story,
    /// How much it wants to raise, in the campaign's currency.
    pub goal: Money,
    /// The photograph's name, if there is one.
    pub photo: Option<String>,
}

/// Makes a page that is shown, with its total.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`, or `closed` when the campaign is over; [`AppError::Invalid`] for a goal below
/// zero or of another currency, or a team of another campaign; [`AppError::NotFound`] without such a campaign.
pub fn create(conn: &mut Conn, new: &CreatePage, now: Timestamp) -> AppResult<()> {
    begin(conn, new, PageStatus::Live, None, now)
}

/// Makes a page that its owner alone sees.
///
/// # Errors
/// Those of [`create`], and `draft_exists` when the owner has a draft in the season: there is one, so that a second tab
/// goes on with the first one's.
pub fn draft(conn: &mut Conn, new: &CreatePage, now: Timestamp) -> AppResult<()> {
    begin(conn, new, PageStatus::Draft, None, now)
}

/// Makes a page that begins as a draft, waiting for approval, or shown; under `key` once.
pub(super) fn begin(
    conn: &mut Conn,
    new: &CreatePage,
    status: PageStatus,
    key: Option<&str>,
    now: Timestamp,
) -> AppResult<()> {
    let campaign = insert(conn, new, status, key, now)?;
    match status {
        PageStatus::Live => first_shown(conn, new.id, &campaign, now),
        _ => Ok(()),
    }
}

/// That `campaign` takes new pages from this person.
///
/// # Errors
/// [`AppError::Conflict`] `closed`, or `invited_only` where nobody but staff makes pages.
pub fn takes_pages(campaign: &Campaign, from_staff: bool) -> AppResult<()> {
    if campaign.status == CampaignStatus::Closed {
        return Err(closed());
    }
    if campaign.rules.0.invited_only && !from_staff {
        return Err(AppError::Conflict {
            code: "invited_only",
            detail: "pages of this campaign are made by the people who run it; write to them to take part"
                .into(),
        });
    }
    Ok(())
}

fn closed() -> AppError {
    AppError::Conflict {
        code: "closed",
        detail: "this campaign is over; it takes no new pages".into(),
    }
}

fn insert(
    conn: &mut Conn,
    new: &CreatePage,
    status: PageStatus,
    key: Option<&str>,
    now: Timestamp,
) -> AppResult<Campaign> {
    let campaign = campaigns::model::by_id(conn, new.campaign)?;
    if campaign.status == CampaignStatus::Closed {
        return Err(closed());
    }
    fits(&campaign, new.goal)?;
    if let Some(team) = new.team {
        let same = teams::table
            .filter(teams::id.eq(team))
            .filter(teams::campaign_id.eq(new.campaign));
        if each!(conn, c => same.count().get_result::<i64>(c))? == 0 {
            return Err(AppError::field("team", "choose a team of this campaign"));
        }
    }
    slugs::not_kept(conn, &new.slug, None)?;
    let row = (
        pages::id.eq(new.id),
        pages::campaign_id.eq(new.campaign),
        pages::team_id.eq(new.team),
        pages::owner_id.eq(new.owner),
        pages::slug.eq(&new.slug),
        pages::title.eq(new.title.as_str()),
        pages::participant.eq(new.participant.as_str()),
        pages::name_key.eq(name_key(new.participant.as_str())),
        pages::story.eq(new.story.as_str()),
        pages::goal.eq(new.goal.minor()),
        pages::photo.eq(new.photo.as_deref()),
        pages::status.eq(status),
        pages::created_at.eq(now),
        pages::updated_at.eq(now),
        pages::request_key.eq(key),
    );
    // Nothing is read before: on PostgreSQL a thousand pages made at once would else stand in each other's way.
    let made = each!(conn, c => diesel::insert_into(pages::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if made == 1 {
        // Brought over from a page that was put away, it is seen again; a photograph just taken in is.
        if new.photo.is_some() {
            drop(photos::follow(conn, new.id, now)?);
        }
        return Ok(campaign);
    }
    if let Some(key) = key
        && model::by_request(conn, key)?.is_some()
    {
        return Err(AppError::Conflict {
            code: "request_repeated",
            detail: "this request was done already".into(),
        });
    }
    if let (PageStatus::Draft, Some(owner)) = (status, new.owner)
        && model::draft_of(conn, owner, new.campaign)?.is_some()
    {
        return Err(AppError::Conflict {
            code: "draft_exists",
            detail: "you have begun a page in this season already; go on with that one".into(),
        });
    }
    Err(slugs::taken(&new.slug))
}

/// That a goal is one of the campaign's.
pub(super) fn fits(campaign: &Campaign, goal: Money) -> AppResult<()> {
    if goal.currency() == campaign.currency && goal.minor() >= 0 {
        return Ok(());
    }
    Err(AppError::field(
        "goal",
        format!("name a goal in {}", campaign.currency),
    ))
}

/// Opens the total of a page that is shown from now on; one that was shown before has it already.
pub(super) fn first_shown(
    conn: &mut Conn,
    page: PageId,
    campaign: &Campaign,
    now: Timestamp,
) -> AppResult<()> {
    let target = pages::table
        .filter(pages::id.eq(page))
        .filter(pages::published_at.is_null());
    each!(conn, c => diesel::update(target)
        .set(pages::published_at.eq(now))
        .execute(c))?;
    totals::ops::open(
        conn,
        TotalScope::Page,
        &page.to_string(),
        campaign.id,
        campaign.currency,
        now,
    )
}

/// Ends a draft: shows the page, or hands it to staff where the season asks for their approval. Answers its new state.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is no draft (any more), `closed` when the campaign is over.
pub fn publish(conn: &mut Conn, page: PageId, now: Timestamp) -> AppResult<PageStatus> {
    let campaign = campaign_of(conn, page)?;
    if campaign.status == CampaignStatus::Closed {
        return Err(closed());
    }
    let to = if campaign.rules.0.approve_pages {
        PageStatus::Submitted
    } else {
        PageStatus::Live
    };
    // A draft has neither news nor days, and its photograph is shown already.
    drop(step(conn, page, &[PageStatus::Draft], to, now)?);
    if to == PageStatus::Live {
        first_shown(conn, page, &campaign, now)?;
    }
    Ok(to)
}

/// Puts a live page away: its owner does not want to show it any more. Gifts stay. Then [`Followed::tell`].
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is not live.
pub fn archive(conn: &mut Conn, page: PageId, now: Timestamp) -> AppResult<Followed> {
    step(conn, page, &[PageStatus::Live], PageStatus::Archived, now)
}

/// Shows a page again that its owner had put away. Then [`Followed::tell`].
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is not archived.
pub fn unarchive(conn: &mut Conn, page: PageId, now: Timestamp) -> AppResult<Followed> {
    step(conn, page, &[PageStatus::Archived], PageStatus::Live, now)
}

pub(super) fn campaign_of(conn: &mut Conn, page: PageId) -> AppResult<Campaign> {
    let query = pages::table.find(page).select(pages::campaign_id);
    let id: Option<CampaignId> = each!(conn, c => query.first(c).optional())?;
    campaigns::model::by_id(conn, id.ok_or(AppError::NotFound("the page"))?)
}

/// One move, in one guarded statement: from states out of `from`, which [`PageStatus::comes_from`] allows.
/// Its photographs follow; then [`Followed::tell`].
pub(super) fn step(
    conn: &mut Conn,
    page: PageId,
    from: &[PageStatus],
    to: PageStatus,
    now: Timestamp,
) -> AppResult<Followed> {
    debug_assert!(from.iter().all(|state| to.comes_from().contains(state)));
    let target = pages::table
        .filter(pages::id.eq(page))
        .filter(pages::status.eq_any(from));
    let moved = each!(conn, c => diesel::update(target)
        .set((pages::status.eq(to), pages::updated_at.eq(now)))
        .execute(c))?;
    if moved == 1 {
        // Days and conversations of a page that is not shown leave its campaign's counts.
        totals::tallies::count_page(conn, page, to == PageStatus::Live)?;
        return photos::follow(conn, page, now);
    }
    Err(AppError::Conflict {
        code: "no_such_move",
        detail: format!(
            "this page cannot become “{}” from where it stands",
            to.words()
        ),
    })
}

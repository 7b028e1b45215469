//! Making pages and moving them from state to state.

use diesel::prelude::*;

use super::PageId;
use super::model::{PageStatus, name_key};
use crate::auth::UserId;
use crate::campaigns::{self, CampaignStatus};
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
    let campaign = campaigns::model::by_id(conn, new.campaign)?;
    if campaign.status == CampaignStatus::Closed {
        return Err(AppError::Conflict {
            code: "closed",
            detail: "this campaign is over; it takes no new pages".into(),
        });
    }
    if new.goal.currency() != campaign.currency || new.goal.minor() < 0 {
        return Err(AppError::field(
            "goal",
            format!("name a goal in {}", campaign.currency),
        ));
    }
    if let Some(team) = new.team {
        let same = teams::table
            .filter(teams::id.eq(team))
            .filter(teams::campaign_id.eq(new.campaign));
        if each!(conn, c => same.count().get_result::<i64>(c))? == 0 {
            return Err(AppError::field("team", "choose a team of this campaign"));
        }
    }
    let taken = pages::table.filter(pages::slug.eq(&new.slug));
    if each!(conn, c => taken.count().get_result::<i64>(c))? > 0 {
        return Err(AppError::Conflict {
            code: "slug_taken",
            detail: format!("the address “{}” is taken; choose another", new.slug),
        });
    }
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
        pages::status.eq(PageStatus::Live),
        pages::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(pages::table).values(row).execute(c))?;
    totals::ops::open(
        conn,
        TotalScope::Page,
        &new.id.to_string(),
        new.campaign,
        campaign.currency,
        now,
    )
}

/// Shows or hides a page, in one guarded statement.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when there is no such page in a state that leads there.
pub fn move_to(conn: &mut Conn, page: PageId, to: PageStatus) -> AppResult<()> {
    let target = pages::table
        .filter(pages::id.eq(page))
        .filter(pages::status.eq_any(to.comes_from()));
    let moved = each!(conn, c => diesel::update(target)
        .set(pages::status.eq(to))
        .execute(c))?;
    if moved == 1 {
        // Days and conversations of a page that is not shown leave its campaign's counts.
        totals::tallies::count_page(conn, page, to == PageStatus::Live)?;
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "no_such_move",
        detail: format!("this page cannot become {to}"),
    })
}

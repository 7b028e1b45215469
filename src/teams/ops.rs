//! Making teams.

use diesel::prelude::*;

use super::TeamId;
use super::model::name_key;
use crate::auth::UserId;
use crate::campaigns;
use crate::db::Conn;
use crate::db::schema::teams;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Line, Money, Slug, Timestamp};
use crate::totals::{self, TotalScope};
use crate::web::markdown::Story;

/// A team to be made.
#[derive(Debug, Clone)]
pub struct CreateTeam {
    /// The id, made by the caller.
    pub id: TeamId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
    /// What it says about itself.
    pub story: Story,
    /// How much it wants to raise, in the campaign's currency.
    pub goal: Money,
    /// Who leads it.
    pub captain: Option<UserId>,
}

/// Makes a team with its total.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`; [`AppError::Invalid`] for a goal below zero or of another currency;
/// [`AppError::NotFound`] without such a campaign.
pub fn create(conn: &mut Conn, new: &CreateTeam, now: Timestamp) -> AppResult<()> {
    let campaign = campaigns::model::by_id(conn, new.campaign)?;
    if new.goal.currency() != campaign.currency || new.goal.minor() < 0 {
        return Err(AppError::field(
            "goal",
            format!("name a goal in {}", campaign.currency),
        ));
    }
    let taken = teams::table.filter(teams::slug.eq(&new.slug));
    if each!(conn, c => taken.count().get_result::<i64>(c))? > 0 {
        return Err(AppError::Conflict {
            code: "slug_taken",
            detail: format!("the address “{}” is taken; choose another", new.slug),
        });
    }
    let row = (
        teams::id.eq(new.id),
        teams::campaign_id.eq(new.campaign),
        teams::slug.eq(&new.slug),
        teams::name.eq(new.name.as_str()),
        teams::name_key.eq(name_key(new.name.as_str())),
        teams::story.eq(new.story.as_str()),
        teams::goal.eq(new.goal.minor()),
        teams::captain_id.eq(new.captain),
        teams::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(teams::table).values(row).execute(c))?;
    totals::ops::open(
        conn,
        TotalScope::Team,
        &new.id.to_string(),
        new.campaign,
        campaign.currency,
        now,
    )
}

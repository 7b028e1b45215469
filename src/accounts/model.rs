//! What an account's own pages show: pages, teams, and the seasons that one can join.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::campaigns::{Campaign, CampaignStatus};
use crate::db::Conn;
use crate::db::schema::{campaigns, pages, team_co_captains, teams, totals};
use crate::each;
use crate::error::AppResult;
use crate::ids::TeamId;
use crate::kernel::Money;
use crate::pages::model::Page;
use crate::teams::Team;
use crate::totals::{Total, TotalScope};

crate::words! {
    /// A language that pages and mails may speak.
    pub enum Language {
        /// English.
        English = "en",
        /// Spanish.
        Spanish = "es",
    }
}

impl Language {
    /// Its name in itself.
    pub const fn label(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }
}

/// Rows that an account's overview shows at most; more are a matter of lists, not of an overview.
const MOST: i64 = 50;

/// A page of one's own.
#[derive(Debug, Clone, Queryable)]
pub(super) struct OwnPage {
    pub(super) page: Page,
    pub(super) campaign: Campaign,
    pub(super) total: Total,
}

impl OwnPage {
    pub(super) fn goal(&self) -> Money {
        self.page.goal(self.campaign.currency)
    }
}

/// The pages of a user, newest first.
pub(super) fn own_pages(conn: &mut Conn, user: UserId) -> AppResult<Vec<OwnPage>> {
    let query = pages::table
        .inner_join(campaigns::table.on(campaigns::id.eq(pages::campaign_id)))
        .inner_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Page)
                .and(totals::scope_id.eq(pages::id))),
        )
        .filter(pages::owner_id.eq(user))
        .order(pages::id.desc())
        .limit(MOST);
    Ok(each!(conn, c => query
        .select((Page::as_select(), Campaign::as_select(), Total::as_select()))
        .load(c))?)
}

/// The teams that a user leads or helps to lead, newest first; `true` for those of which they are the captain.
pub(super) fn led_teams(conn: &mut Conn, user: UserId) -> AppResult<Vec<(Team, bool)>> {
    let helped = team_co_captains::table
        .filter(team_co_captains::user_id.eq(user))
        .select(team_co_captains::team_id)
        .limit(MOST);
    let helped: Vec<TeamId> = each!(conn, c => helped.load(c))?;
    let query = teams::table
        .filter(teams::captain_id.eq(user).or(teams::id.eq_any(helped)))
        .filter(teams::archived_at.is_null())
        .order(teams::id.desc())
        .limit(MOST);
    let found: Vec<Team> = each!(conn, c => query.select(Team::as_select()).load(c))?;
    Ok(found
        .into_iter()
        .map(|team| {
            let leads = team.captain_id == Some(user);
            (team, leads)
        })
        .collect())
}

/// The seasons that are live, newest first.
pub(super) fn live_campaigns(conn: &mut Conn) -> AppResult<Vec<Campaign>> {
    let query = campaigns::table
        .filter(campaigns::status.eq(CampaignStatus::Live))
        .order(campaigns::starts_on.desc())
        .limit(MOST);
    Ok(each!(conn, c => query.select(Campaign::as_select()).load(c))?)
}

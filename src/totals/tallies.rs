//! What was done beside giving: days worn, conversations, and what came of them.
//!
//! A tally is a counter kept beside diary entries and conversations, written in their transactions and proved from them by
//! `selvedge check`. A page has one from its first entry on, a campaign from its first page's. A page that is not shown
//! keeps its own tally, but `is_counted` is off and its counts are neither in the campaign's nor in its team's: a team's is the
//! sum of its pages' rows, so that teams have no row to hold right when a page changes its team.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;
use serde::Serialize;

use crate::db::Conn;
use crate::db::schema::{pages, tallies};
use crate::each;
use crate::error::AppResult;
use crate::ids::{CampaignId, PageId, TeamId};

crate::words! {
    /// What a tally is of.
    pub enum TallyScope {
        /// The pages of a season that are shown.
        Campaign = "campaign",
        /// One page.
        Page = "page",
    }
}

/// Counts of days and conversations.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Queryable, Selectable, Serialize, utoipa::ToSchema,
)]
#[diesel(table_name = tallies)]
pub struct Tally {
    /// Days on which a dress, a tie or what counts as one was worn and logged.
    pub days: i64,
    /// Conversations that were begun by it.
    pub conversations: i64,
    /// Conversations in which somebody learned something new.
    pub learned: i64,
    /// Conversations after which somebody signed something.
    pub signed: i64,
    /// Conversations after which somebody gave.
    pub gave: i64,
}

impl Tally {
    /// One day.
    pub const DAY: Self = Self {
        days: 1,
        conversations: 0,
        learned: 0,
        signed: 0,
        gave: 0,
    };

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same, to be taken off.
    #[must_use]
    pub fn off(self) -> Self {
        Self::default().plus(self, -1)
    }

    /// With `other` added `times` times.
    #[must_use]
    pub fn plus(self, other: Self, times: i64) -> Self {
        let sum = |a: i64, b: i64| a.saturating_add(b.saturating_mul(times));
        Self {
            days: sum(self.days, other.days),
            conversations: sum(self.conversations, other.conversations),
            learned: sum(self.learned, other.learned),
            signed: sum(self.signed, other.signed),
            gave: sum(self.gave, other.gave),
        }
    }
}

/// Which page a count is of, and whether it is shown: that decides for a page's first count alone.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// The page.
    pub page: PageId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Whether everybody may see it.
    pub is_shown: bool,
}

/// Adds `delta` to a page's tally and, while the page counts, to its campaign's. Call it last in the transaction: the
/// campaign's row is the one that all pages of a season write.
///
/// # Errors
/// The database's.
pub fn add(conn: &mut Conn, of: Counted, delta: Tally) -> AppResult<()> {
    if delta.is_empty() {
        return Ok(());
    }
    let id = of.page.to_string();
    raise(
        conn,
        (TallyScope::Page, &id),
        of.campaign,
        delta,
        of.is_shown,
    )?;
    let query = tallies::table
        .find((TallyScope::Page, &id))
        .select(tallies::is_counted);
    let is_counted: bool = each!(conn, c => query.first(c))?;
    if is_counted {
        raise_campaign(conn, of.campaign, delta)?;
    }
    Ok(())
}

fn raise_campaign(conn: &mut Conn, campaign: CampaignId, delta: Tally) -> AppResult<()> {
    let id = campaign.to_string();
    raise(conn, (TallyScope::Campaign, &id), campaign, delta, true)
}

fn raise(
    conn: &mut Conn,
    (scope, id): (TallyScope, &str),
    campaign: CampaignId,
    delta: Tally,
    is_counted: bool,
) -> AppResult<()> {
    let row = (
        tallies::scope.eq(scope),
        tallies::scope_id.eq(id),
        tallies::campaign_id.eq(campaign),
        tallies::days.eq(delta.days),
        tallies::conversations.eq(delta.conversations),
        tallies::learned.eq(delta.learned),
        tallies::signed.eq(delta.signed),
        tallies::gave.eq(delta.gave),
        tallies::is_counted.eq(is_counted),
    );
    each!(conn, c => diesel::insert_into(tallies::table)
        .values(row)
        .on_conflict((tallies::scope, tallies::scope_id))
        .do_update()
        .set((
            tallies::days.eq(tallies::days + excluded(tallies::days)),
            tallies::conversations.eq(tallies::conversations + excluded(tallies::conversations)),
            tallies::learned.eq(tallies::learned + excluded(tallies::learned)),
            tallies::signed.eq(tallies::signed + excluded(tallies::signed)),
            tallies::gave.eq(tallies::gave + excluded(tallies::gave)),
        ))
        .execute(c))?;
    Ok(())
}

/// Takes a page's counts into its campaign's when it comes to be shown, and out of it when it is hidden. Answers whether
/// anything changed; asking twice does no harm.
///
/// # Errors
/// The database's.
pub fn count_page(conn: &mut Conn, page: PageId, is_shown: bool) -> AppResult<bool> {
    let id = page.to_string();
    let target = tallies::table
        .find((TallyScope::Page, &id))
        .filter(tallies::is_counted.eq(!is_shown));
    let turned = each!(conn, c => diesel::update(target)
        .set(tallies::is_counted.eq(is_shown))
        .execute(c))?;
    if turned == 0 {
        return Ok(false);
    }
    let query = tallies::table.find((TallyScope::Page, &id));
    let (campaign, tally): (CampaignId, Tally) = each!(conn, c => query
        .select((tallies::campaign_id, Tally::as_select()))
        .first(c))?;
    let delta = if is_shown { tally } else { tally.off() };
    raise_campaign(conn, campaign, delta)?;
    Ok(true)
}

/// A page's or a campaign's tally; nothing where nothing was logged yet.
///
/// # Errors
/// The database's.
pub fn tally(conn: &mut Conn, scope: TallyScope, id: &str) -> AppResult<Tally> {
    let query = tallies::table.find((scope, id));
    let found: Option<Tally> =
        each!(conn, c => query.select(Tally::as_select()).first(c).optional())?;
    Ok(found.unwrap_or_default())
}

/// The tallies of a team's shown pages together; its cost is the team's size.
///
/// # Errors
/// The database's.
pub fn team_tally(conn: &mut Conn, team: TeamId) -> AppResult<Tally> {
    // The engines sum whole numbers into a wider type, which is cut back here.
    let sum = |column: &str| sql::<BigInt>(&format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT)"));
    let query = pages::table
        .inner_join(
            tallies::table.on(tallies::scope
                .eq(TallyScope::Page)
                .and(tallies::scope_id.eq(pages::id))),
        )
        .filter(pages::team_id.eq(team))
        .filter(tallies::is_counted.eq(true))
        .select((
            sum("tallies.days"),
            sum("tallies.conversations"),
            sum("tallies.learned"),
            sum("tallies.signed"),
            sum("tallies.gave"),
        ));
    let (days, conversations, learned, signed, gave) = each!(conn, c => query.first(c))?;
    Ok(Tally {
        days,
        conversations,
        learned,
        signed,
        gave,
    })
}

//! The leaderboard: a campaign's pages or teams by what they raised, each with its place.

use serde::{Deserialize, Serialize};

use super::model::{self, PageCard};
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::{CampaignId, PageId, TeamId};
use crate::kernel::{Cursor, Limit, Listed};
use crate::teams::{self, TeamCard};
use crate::totals::model::Place;
use crate::totals::{TotalScope, ranked};

crate::words! {
    /// Which leaderboard.
    pub enum Board {
        /// Participants' pages.
        Pages = "pages",
        /// Teams.
        Teams = "teams",
    }
}

/// Where a leaderboard goes on: the last place given and the total that stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Which leaderboard it is a place of.
    pub board: Board,
    rank: i64,
    total: Place,
}

/// One place.
#[derive(Debug, Clone)]
pub struct Ranked<T> {
    /// 1 for the most raised. Equal amounts do not share a place: who got there first stands before.
    pub rank: i64,
    /// Who stands there.
    pub item: T,
}

/// The pages that are shown, by what they raised.
///
/// # Errors
/// The database's.
pub fn pages(
    conn: &mut Conn,
    campaign: CampaignId,
    after: Option<&Standing>,
    limit: Limit,
) -> AppResult<Listed<Ranked<PageCard>>> {
    let find = |conn: &mut Conn, ids: &[String]| {
        let ids: Vec<PageId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let cards = model::cards(conn, &ids)?;
        Ok(keyed(cards, |card| card.page.id.to_string()))
    };
    board(conn, campaign, Board::Pages, after, limit, find)
}

/// The teams, by what they raised.
///
/// # Errors
/// The database's.
pub fn teams(
    conn: &mut Conn,
    campaign: CampaignId,
    after: Option<&Standing>,
    limit: Limit,
) -> AppResult<Listed<Ranked<TeamCard>>> {
    let find = |conn: &mut Conn, ids: &[String]| {
        let ids: Vec<TeamId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let cards = teams::model::cards(conn, &ids)?;
        Ok(keyed(cards, |card| card.team.id.to_string()))
    };
    board(conn, campaign, Board::Teams, after, limit, find)
}

type Keyed<T> = std::collections::HashMap<String, T>;

fn keyed<T>(cards: Vec<T>, id: impl Fn(&T) -> String) -> Keyed<T> {
    cards.into_iter().map(|card| (id(&card), card)).collect()
}

/// Ranks what `find` finds; totals of what is not shown take no place. Reads on until the page is full, so the cost is
/// that of `limit` rows and of those passed over.
fn board<T>(
    conn: &mut Conn,
    campaign: CampaignId,
    board: Board,
    after: Option<&Standing>,
    limit: Limit,
    find: impl Fn(&mut Conn, &[String]) -> AppResult<Keyed<T>>,
) -> AppResult<Listed<Ranked<T>>> {
    let scope = match board {
        Board::Pages => TotalScope::Page,
        Board::Teams => TotalScope::Team,
    };
    let mut place = after.map(|standing| standing.total.clone());
    let mut rank = after.map_or(0, |standing| standing.rank);
    let mut items = Vec::with_capacity(limit.get());
    loop {
        let totals = ranked(conn, campaign, scope, place.as_ref(), limit)?;
        let ids: Vec<String> = totals.items.iter().map(|t| t.scope_id.clone()).collect();
        let mut found = find(conn, &ids)?;
        let mut left = totals.items.len();
        for total in &totals.items {
            left -= 1;
            place = Some(total.place());
            if let Some(item) = found.remove(&total.scope_id) {
                rank += 1;
                items.push(Ranked { rank, item });
            }
            if items.len() == limit.get() {
                break;
            }
        }
        let goes_on = left > 0 || totals.next.is_some();
        if items.len() == limit.get() || !goes_on {
            let next = place
                .filter(|_| goes_on)
                .map(|total| Cursor::at(&Standing { board, rank, total }));
            return Ok(Listed { items, next });
        }
    }
}

//! Finding a team: by name within its campaign, or among those that one led before.

use diesel::prelude::*;

use super::TeamId;
use super::model::{Team, name_key};
use crate::auth::UserId;
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::{campaigns, teams};
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::{Limit, Listed};

/// Where a list by name goes on.
pub type NamePlace = (String, TeamId);

/// The teams of a campaign that take members and whose name holds `text`, by name. An empty text finds all.
///
/// It walks one index over the campaign's teams in the order of their names and stops when the page is full.
///
/// # Errors
/// The database's.
pub fn search(
    conn: &mut Conn,
    campaign: CampaignId,
    text: &str,
    after: Option<&NamePlace>,
    limit: Limit,
) -> AppResult<Listed<Team>> {
    let pattern = format!("%{}%", escaped(&name_key(text.trim())));
    macro_rules! load {
        ($most:expr $(, $condition:expr)*) => {
            each!(conn, c => teams::table
                .filter(teams::campaign_id.eq(campaign))
                .filter(teams::archived_at.is_null())
                .filter(teams::name_key.like(&pattern).escape('\\'))
                $(.filter($condition))*
                .order((teams::name_key.asc(), teams::id.asc()))
                .limit($most)
                .select((Team::as_select(), teams::name_key))
                .load(c))
        };
    }
    let rows: Vec<(Team, String)> = match after {
        None => load!(limit.and_one())?,
        Some((key, id)) => {
            let mut rows: Vec<(Team, String)> =
                load!(limit.and_one(), teams::name_key.eq(key), teams::id.gt(id))?;
            let missing = limit.and_one() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
            if missing > 0 {
                let more: Vec<(Team, String)> = load!(missing, teams::name_key.gt(key))?;
                rows.extend(more);
            }
            rows
        }
    };
    let page = Listed::cut(rows, limit, |(team, key)| (key.clone(), team.id));
    Ok(page.map(|(team, _)| team))
}

/// `text` with the signs that `LIKE` reads as wildcards made plain.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for symbol in text.chars() {
        if matches!(symbol, '%' | '_' | '\\') {
            plain.push('\\');
        }
        plain.push(symbol);
    }
    plain
}

/// The teams of other campaigns that `user` leads, with their campaigns, the newest first, at most ten: whose name and
/// story a new team may take over.
///
/// # Errors
/// The database's.
pub fn led_before(
    conn: &mut Conn,
    user: UserId,
    campaign: CampaignId,
) -> AppResult<Vec<(Team, Campaign)>> {
    let query = teams::table
        .inner_join(campaigns::table.on(campaigns::id.eq(teams::campaign_id)))
        .filter(teams::captain_id.eq(user))
        .filter(teams::campaign_id.ne(campaign))
        .order(teams::id.desc())
        .limit(10);
    Ok(each!(conn, c => query
        .select((Team::as_select(), Campaign::as_select()))
        .load(c))?)
}

/// A team as others link to it; `None` when it does not exist.
///
/// # Errors
/// The database's.
pub fn team(conn: &mut Conn, id: TeamId) -> AppResult<Option<Team>> {
    let query = teams::table.find(id);
    Ok(each!(conn, c => query.select(Team::as_select()).first(c).optional())?)
}

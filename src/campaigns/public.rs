//! A campaign's cloth, and what the browsers that watch it are told.

use super::CampaignId;
use super::frame::Destinations;
use super::model::{self, CampaignTotal};
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Limit, Timestamp};
use crate::walls::{self, Wall, WallGift, Weave, live};
use crate::web::views::palette::Accent;

/// Gifts that the live screen lists.
const LINES: &str = "8";

/// A campaign's cloth; `own` (a gift's id) is highlighted.
///
/// # Errors
/// The database's.
pub fn weave(
    conn: &mut Conn,
    row: &CampaignTotal,
    to: &Destinations,
    own: Option<&str>,
) -> AppResult<Weave> {
    let CampaignTotal { campaign, total } = row;
    let wall = Wall::Campaign(campaign.id);
    Weave::of(conn, wall, (*total, campaign.goal()), &to.shades(), own)
}

/// A campaign's cloth and newest gifts: what the live screen shows.
///
/// # Errors
/// The database's.
pub fn screen(
    conn: &mut Conn,
    row: &CampaignTotal,
    now: Timestamp,
) -> AppResult<(Weave, Vec<WallGift>)> {
    let to = Destinations::of(conn, &row.campaign, now)?;
    let weave = weave(conn, row, &to, None)?;
    let lines: Limit = LINES.parse().unwrap_or_default();
    let wall = walls::newest(conn, Wall::Campaign(row.campaign.id), None, lines)?;
    Ok((weave, wall.items))
}

/// What watchers of a campaign are told, the newest gift by name if `announce`; `None` for one that is not shown.
///
/// # Errors
/// The database's.
pub fn live_state(
    conn: &mut Conn,
    id: CampaignId,
    announce: bool,
    now: Timestamp,
) -> AppResult<Option<String>> {
    match model::shown_by_id(conn, id)? {
        Some(row) => {
            let (weave, wall) = screen(conn, &row, now)?;
            let accent = Accent::new(row.campaign.accent.as_str());
            live::message(&weave, &accent.light, &wall, (announce, true), now).map(Some)
        }
        None => Ok(None),
    }
}

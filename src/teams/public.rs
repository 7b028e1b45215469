//! What others show of a team: its cloth and the ways to share it.

use super::model::TeamOverview;
use crate::campaigns::frame::Destinations;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::walls::{Wall, Weave};
use crate::web::views::rows::ShareView;

/// A team's cloth; `own` (a gift's id) is highlighted.
///
/// # Errors
/// The database's.
pub fn weave(
    conn: &mut Conn,
    overview: &TeamOverview,
    to: &Destinations,
    own: Option<&str>,
) -> AppResult<Weave> {
    let goal = overview.team.goal(overview.campaign.currency);
    let wall = Wall::Team(overview.team.id);
    Weave::of(conn, wall, (overview.total, goal), &to.shades(), own)
}

/// Ways to share a team's page.
pub fn share(config: &Config, overview: &TeamOverview) -> ShareView {
    let url = format!("{}/teams/{}", config.public_url(), overview.team.slug);
    let text = format!(
        "{}, a team of {}",
        overview.team.name, overview.campaign.title
    );
    ShareView::new(&url, &text, None)
}

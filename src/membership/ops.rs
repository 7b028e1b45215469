//! Joining and leaving, with what goes along: the captain's mail, the record of what staff do.

use crate::audit::{self, Deed};
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::{PageId, TeamId};
use crate::kernel::Timestamp;
use crate::teams::joining::{self, Joined, Way};
use crate::teams::mails::{self, Letters};
use crate::teams::model;
use crate::web::Site;

/// A page that wants into a team.
#[derive(Debug, Clone)]
pub struct Join {
    /// The page.
    pub page: PageId,
    /// The team.
    pub team: TeamId,
    /// By what right.
    pub way: Way,
    /// What is recorded when staff do it.
    pub deed: Option<Deed>,
}

/// Joins, or asks and tells the captain by mail.
///
/// # Errors
/// Those of [`joining::join`].
pub fn join(conn: &mut Conn, letters: &Letters, deed: &Join, now: Timestamp) -> AppResult<Joined> {
    let joined = joining::join(conn, deed.team, deed.page, &deed.way, now)?;
    if let (Joined::Asked, Way::Asking(request)) = (joined, &deed.way) {
        let overview = model::by_id(conn, deed.team)?;
        let page = joining::page(conn, deed.page)?;
        mails::request(conn, letters, &overview, (request, &page), now)?;
    }
    if let Some(deed) = &deed.deed {
        audit::record(conn, deed, now)?;
    }
    Ok(joined)
}

/// Lets the public pages of a page and its teams know that it moved.
pub fn show_move(site: &Site, page: PageId, teams: impl IntoIterator<Item = TeamId>) {
    site.views.changed("page", &page.to_string());
    for team in teams {
        site.views.changed("team", &team.to_string());
    }
}

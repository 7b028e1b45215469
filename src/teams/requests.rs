//! Requests to join a team whose captain confirms.
//!
//! ```text
//! open ──> accepted | declined | withdrawn
//! ```
//!
//! Invariant: one open request at most per page and team (a unique index); a page that joins a team has none left.

use diesel::prelude::*;

use super::joining::{self, TeamPage};
use super::model::TeamOverview;
use super::{TeamId, model};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{pages, team_requests, teams};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::PageId;
use crate::kernel::{Slug, Timestamp};

crate::id!(
    /// A request to join a team.
    pub RequestId,
    "trq"
);

crate::words! {
    /// Where a request stands.
    pub enum RequestState {
        /// Nobody has answered.
        Open = "open",
        /// The page is in the team.
        Accepted = "accepted",
        /// The team said no.
        Declined = "declined",
        /// The page's owner took it back, or joined a team meanwhile, or the team ended.
        Withdrawn = "withdrawn",
    }
}

/// Open requests of one page at most.
pub const OPEN_OF_PAGE: i64 = 5;
/// Characters of the words with a request at most.
pub const WORDS: usize = 500;

/// A request to be made.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The id, made by the caller.
    pub id: RequestId,
    /// What its owner says to the captain; may be empty.
    pub words: String,
}

/// Asks; the callers tell the captain.
///
/// # Errors
/// [`AppError::Conflict`] `asked_already` or `too_many_requests`.
pub(super) fn ask(
    conn: &mut Conn,
    overview: &TeamOverview,
    page: &TeamPage,
    new: &NewRequest,
    now: Timestamp,
) -> AppResult<()> {
    let query = team_requests::table
        .filter(team_requests::page_id.eq(page.id))
        .filter(team_requests::state.eq(RequestState::Open))
        .select(team_requests::team_id);
    let open: Vec<TeamId> = each!(conn, c => query.load(c))?;
    if open.contains(&overview.team.id) {
        return Err(AppError::Conflict {
            code: "asked_already",
            detail: "the captain has been asked and has not answered yet".into(),
        });
    }
    if i64::try_from(open.len()).unwrap_or(i64::MAX) >= OPEN_OF_PAGE {
        return Err(AppError::Conflict {
            code: "too_many_requests",
            detail: format!(
                "{OPEN_OF_PAGE} teams have been asked and have not answered yet; take one request back first"
            ),
        });
    }
    let row = (
        team_requests::id.eq(new.id),
        team_requests::team_id.eq(overview.team.id),
        team_requests::page_id.eq(page.id),
        team_requests::words.eq(&new.words),
        team_requests::state.eq(RequestState::Open),
        team_requests::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(team_requests::table).values(row).execute(c))?;
    Ok(())
}

/// An open request, as those who lead the team see it.
#[derive(Debug, Clone, Queryable)]
pub struct OpenRequest {
    /// The request.
    pub id: RequestId,
    /// The page.
    pub page: TeamPage,
    /// What its owner says.
    pub words: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The open requests of a team, the oldest first, at most 100.
///
/// # Errors
/// The database's.
pub fn of_team(conn: &mut Conn, team: TeamId) -> AppResult<Vec<OpenRequest>> {
    let query = team_requests::table
        .inner_join(pages::table.on(pages::id.eq(team_requests::page_id)))
        .filter(team_requests::team_id.eq(team))
        .filter(team_requests::state.eq(RequestState::Open))
        .order(team_requests::id)
        .limit(100);
    Ok(each!(conn, c => query
        .select((
            team_requests::id,
            TeamPage::as_select(),
            team_requests::words,
            team_requests::created_at,
        ))
        .load(c))?)
}

/// The open requests of a page: their ids with slug and name of the team.
///
/// # Errors
/// The database's.
pub fn of_page(conn: &mut Conn, page: PageId) -> AppResult<Vec<(RequestId, Slug, String)>> {
    let query = team_requests::table
        .inner_join(teams::table.on(teams::id.eq(team_requests::team_id)))
        .filter(team_requests::page_id.eq(page))
        .filter(team_requests::state.eq(RequestState::Open))
        .order(team_requests::id)
        .select((team_requests::id, teams::slug, teams::name));
    Ok(each!(conn, c => query.load(c))?)
}

/// An answer to a request.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The team that answers.
    pub team: TeamId,
    /// To which request.
    pub request: RequestId,
    /// Yes or no.
    pub accept: bool,
    /// Who answers.
    pub by: UserId,
}

/// What an answer did.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The page that asked.
    pub page: TeamPage,
    /// The team that it left by joining this one.
    pub left: Option<TeamId>,
}

/// Answers a request. Of two who answer at once, one is told that it was answered.
///
/// # Errors
/// [`AppError::Conflict`] `answered` when it is not open any more; those of [`joining::place`].
pub fn answer(conn: &mut Conn, deed: &Answer, now: Timestamp) -> AppResult<Answered> {
    let state = if deed.accept {
        RequestState::Accepted
    } else {
        RequestState::Declined
    };
    let target = team_requests::table
        .find(deed.request)
        .filter(team_requests::team_id.eq(deed.team))
        .filter(team_requests::state.eq(RequestState::Open));
    let asked: Option<PageId> = each!(conn, c => diesel::update(target)
        .set((
            team_requests::state.eq(state),
            team_requests::decided_by.eq(deed.by),
            team_requests::decided_at.eq(now),
        ))
        .returning(team_requests::page_id)
        .get_result(c)
        .optional())?;
    let Some(asked) = asked else {
        return Err(AppError::Conflict {
            code: "answered",
            detail: "this request has been answered or taken back already".into(),
        });
    };
    let page = joining::page(conn, asked)?;
    let left = if deed.accept {
        let overview = model::by_id(conn, deed.team)?;
        joining::place(conn, &overview, asked)?
    } else {
        None
    };
    Ok(Answered { page, left })
}

/// Takes a page's own request back.
///
/// # Errors
/// [`AppError::Conflict`] `answered` when it is not open any more.
pub fn withdraw(conn: &mut Conn, page: PageId, request: RequestId) -> AppResult<()> {
    let target = team_requests::table
        .find(request)
        .filter(team_requests::page_id.eq(page))
        .filter(team_requests::state.eq(RequestState::Open));
    let changed = each!(conn, c => diesel::update(target)
        .set(team_requests::state.eq(RequestState::Withdrawn))
        .execute(c))?;
    match changed {
        0 => Err(AppError::Conflict {
            code: "answered",
            detail: "this request has been answered already".into(),
        }),
        _ => Ok(()),
    }
}

/// Ends the open requests of a page that has joined a team.
pub(super) fn withdraw_all(conn: &mut Conn, page: PageId) -> AppResult<()> {
    let target = team_requests::table
        .filter(team_requests::page_id.eq(page))
        .filter(team_requests::state.eq(RequestState::Open));
    each!(conn, c => diesel::update(target)
        .set(team_requests::state.eq(RequestState::Withdrawn))
        .execute(c))?;
    Ok(())
}

/// Ends the open requests of a team that is archived.
pub(super) fn end_all(conn: &mut Conn, team: TeamId, now: Timestamp) -> AppResult<()> {
    let target = team_requests::table
        .filter(team_requests::team_id.eq(team))
        .filter(team_requests::state.eq(RequestState::Open));
    each!(conn, c => diesel::update(target)
        .set((
            team_requests::state.eq(RequestState::Withdrawn),
            team_requests::decided_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

//! Who leads a team: one captain, some co-captains.

use diesel::prelude::*;

use super::TeamId;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{pages, team_co_captains, teams, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Timestamp};

/// Co-captains of one team at most.
pub const CO_CAPTAINS: usize = 10;

/// Somebody who leads a team.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Leader {
    /// Who.
    pub user: UserId,
    /// How they are called.
    pub name: String,
    /// Where their mail goes.
    pub email: Email,
}

/// The co-captains of a team, in the order in which they were made.
///
/// # Errors
/// The database's.
pub fn co_captains(conn: &mut Conn, team: TeamId) -> AppResult<Vec<Leader>> {
    let query = team_co_captains::table
        .inner_join(users::table.on(users::id.eq(team_co_captains::user_id)))
        .filter(team_co_captains::team_id.eq(team))
        .order((team_co_captains::created_at, team_co_captains::user_id))
        .select((users::id, users::name, users::email));
    Ok(each!(conn, c => query.load(c))?)
}

/// Captain and co-captains whose accounts are open: who is told of requests.
///
/// # Errors
/// The database's.
pub fn leaders(conn: &mut Conn, team: TeamId) -> AppResult<Vec<Leader>> {
    let query = teams::table
        .inner_join(users::table.on(users::id.nullable().eq(teams::captain_id)))
        .filter(teams::id.eq(team))
        .filter(users::disabled_at.is_null())
        .select((users::id, users::name, users::email));
    let mut all: Vec<Leader> = each!(conn, c => query.load(c))?;
    let query = team_co_captains::table
        .inner_join(users::table.on(users::id.eq(team_co_captains::user_id)))
        .filter(team_co_captains::team_id.eq(team))
        .filter(users::disabled_at.is_null())
        .order((team_co_captains::created_at, team_co_captains::user_id))
        .select((users::id, users::name, users::email));
    let more: Vec<Leader> = each!(conn, c => query.load(c))?;
    all.extend(more);
    Ok(all)
}

/// Whether `user` is a co-captain of `team`.
///
/// # Errors
/// The database's.
pub fn is_co_captain(conn: &mut Conn, team: TeamId, user: UserId) -> AppResult<bool> {
    let query = team_co_captains::table.find((team, user)).count();
    Ok(each!(conn, c => query.get_result::<i64>(c))? > 0)
}

/// Whether a page of `user` belongs to `team`, in whatever state it is.
pub(super) fn is_member(conn: &mut Conn, team: TeamId, user: UserId) -> AppResult<bool> {
    let query = pages::table
        .filter(pages::owner_id.eq(user))
        .filter(pages::team_id.eq(team))
        .count();
    Ok(each!(conn, c => query.get_result::<i64>(c))? > 0)
}

fn must_be_member(conn: &mut Conn, team: TeamId, user: UserId) -> AppResult<()> {
    if is_member(conn, team, user)? {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "not_a_member",
        detail: "this person has no page in the team".into(),
    })
}

/// Makes a member a co-captain; nothing changes for one who is.
///
/// # Errors
/// [`AppError::Conflict`] `not_a_member`, `is_captain` or `enough_co_captains`.
pub fn make_co_captain(
    conn: &mut Conn,
    team: TeamId,
    user: UserId,
    now: Timestamp,
) -> AppResult<()> {
    must_be_member(conn, team, user)?;
    let captain = teams::table.find(team).select(teams::captain_id);
    if each!(conn, c => captain.first::<Option<UserId>>(c))? == Some(user) {
        return Err(AppError::Conflict {
            code: "is_captain",
            detail: "this person is the captain already".into(),
        });
    }
    let others = team_co_captains::table
        .filter(team_co_captains::team_id.eq(team))
        .filter(team_co_captains::user_id.ne(user))
        .count();
    let others = each!(conn, c => others.get_result::<i64>(c))?;
    if usize::try_from(others).unwrap_or(usize::MAX) >= CO_CAPTAINS {
        return Err(AppError::Conflict {
            code: "enough_co_captains",
            detail: format!("a team has at most {CO_CAPTAINS} co-captains"),
        });
    }
    insert_co_captain(conn, team, user, now)
}

fn insert_co_captain(conn: &mut Conn, team: TeamId, user: UserId, now: Timestamp) -> AppResult<()> {
    let row = (
        team_co_captains::team_id.eq(team),
        team_co_captains::user_id.eq(user),
        team_co_captains::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(team_co_captains::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Takes the co-captaincy back; nothing changes for one who was none.
///
/// # Errors
/// The database's.
pub fn unmake_co_captain(conn: &mut Conn, team: TeamId, user: UserId) -> AppResult<()> {
    let target = team_co_captains::table.find((team, user));
    each!(conn, c => diesel::delete(target).execute(c))?;
    Ok(())
}

/// The captaincy, handed on.
#[derive(Debug, Clone, Copy)]
pub struct HandOn {
    /// Of which team.
    pub team: TeamId,
    /// Who is captain now, as whoever hands it on saw it.
    pub from: Option<UserId>,
    /// Who becomes captain: somebody with a page in the team.
    pub to: UserId,
    /// Whether the old captain, being a member, becomes a co-captain.
    pub stays: bool,
}

/// Makes a member the captain. Of two who do it at once, one is told that it was done.
///
/// # Errors
/// [`AppError::Conflict`] `not_a_member`, or `captain_changed` when the captain is not who it was.
pub fn hand_on(conn: &mut Conn, deed: &HandOn, now: Timestamp) -> AppResult<()> {
    must_be_member(conn, deed.team, deed.to)?;
    let team = || {
        teams::table
            .find(deed.team)
            .filter(teams::archived_at.is_null())
    };
    let to = teams::captain_id.eq(deed.to);
    let changed = match deed.from {
        Some(from) => {
            let target = team().filter(teams::captain_id.eq(from));
            each!(conn, c => diesel::update(target).set(to).execute(c))?
        }
        None => {
            let target = team().filter(teams::captain_id.is_null());
            each!(conn, c => diesel::update(target).set(to).execute(c))?
        }
    };
    if changed == 0 {
        return Err(AppError::Conflict {
            code: "captain_changed",
            detail: "the captaincy was handed on meanwhile; look at the team again".into(),
        });
    }
    unmake_co_captain(conn, deed.team, deed.to)?;
    match deed.from.filter(|from| deed.stays && *from != deed.to) {
        Some(from) if is_member(conn, deed.team, from)? => {
            insert_co_captain(conn, deed.team, from, now)
        }
        _ => Ok(()),
    }
}

//! Invitations: links that put one page into a team, whatever its policy but `staff`. Seven days, once (S7).

use chrono::Duration;
use diesel::prelude::*;
use secrecy::SecretString;

use super::model::TeamOverview;
use super::policy::JoinPolicy;
use super::{TeamId, joining, model};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::team_invitations;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::PageId;
use crate::kernel::secret::{random_token, sha256_hex};
use crate::kernel::{Email, Timestamp};

crate::id!(
    /// An invitation to a team.
    pub InvitationId,
    "tiv"
);

/// How long an invitation holds.
pub const HOLDS: Duration = Duration::days(7);
/// Invitations that a team may have made in a day: they send mail to strangers.
pub const IN_A_DAY: i64 = 50;

/// An invitation to be stored; its secret exists here and in the link.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// The id.
    pub id: InvitationId,
    /// To which team.
    pub team: TeamId,
    /// For the account of this address alone; `None`: for whoever has the link.
    pub to: Option<Email>,
    /// Who invites.
    pub by: UserId,
    hash: String,
}

impl NewInvitation {
    /// A new invitation, with the secret for its link.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make(team: TeamId, to: Option<Email>, by: UserId) -> AppResult<(Self, SecretString)> {
        let secret = random_token()?;
        let new = Self {
            id: InvitationId::new(),
            team,
            to,
            by,
            hash: sha256_hex(&secret),
        };
        Ok((new, SecretString::from(secret)))
    }
}

/// Stores an invitation.
///
/// # Errors
/// [`AppError::Conflict`] `archived`, `staff_only` (unless `by_staff`) or `enough_invitations`.
pub fn insert(
    conn: &mut Conn,
    new: &NewInvitation,
    by_staff: bool,
    now: Timestamp,
) -> AppResult<()> {
    let TeamOverview { team, .. } = model::by_id(conn, new.team)?;
    if !team.is_open() {
        return Err(super::ops::archived());
    }
    if team.join_policy == JoinPolicy::Staff && !by_staff {
        return Err(staff_only());
    }
    let today = team_invitations::table
        .filter(team_invitations::team_id.eq(new.team))
        .filter(team_invitations::created_at.gt(now.minus(Duration::days(1))))
        .count();
    if each!(conn, c => today.get_result::<i64>(c))? >= IN_A_DAY {
        return Err(AppError::Conflict {
            code: "enough_invitations",
            detail: format!("a team sends at most {IN_A_DAY} invitations a day; go on tomorrow"),
        });
    }
    let row = (
        team_invitations::id.eq(new.id),
        team_invitations::team_id.eq(new.team),
        team_invitations::token_hash.eq(&new.hash),
        team_invitations::to_email.eq(new.to.as_ref()),
        team_invitations::invited_by.eq(new.by),
        team_invitations::created_at.eq(now),
        team_invitations::expires_at.eq(now.plus(HOLDS)),
    );
    each!(conn, c => diesel::insert_into(team_invitations::table).values(row).execute(c))?;
    Ok(())
}

fn staff_only() -> AppError {
    AppError::Conflict {
        code: "staff_only",
        detail: JoinPolicy::Staff.tells().into(),
    }
}

/// An invitation that holds.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = team_invitations)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// To which team.
    pub team_id: TeamId,
    /// For whom alone.
    pub to_email: Option<Email>,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// The invitation of a link's secret while it holds, without using it.
///
/// # Errors
/// The database's.
pub fn peek(conn: &mut Conn, secret: &str, now: Timestamp) -> AppResult<Option<Invitation>> {
    if secret.len() > 64 {
        return Ok(None);
    }
    let query = team_invitations::table
        .filter(team_invitations::token_hash.eq(sha256_hex(secret)))
        .filter(team_invitations::used_at.is_null())
        .filter(team_invitations::revoked_at.is_null())
        .filter(team_invitations::expires_at.gt(now));
    Ok(each!(conn, c => query.select(Invitation::as_select()).first(c).optional())?)
}

/// What [`accept`] needs.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The link's secret.
    pub secret: String,
    /// Who accepts, and under which address.
    pub user: UserId,
    /// See [`Accept::user`].
    pub email: Email,
    /// The page that joins: one of theirs.
    pub page: PageId,
}

/// Joins by an invitation. Of many who use one link at once, one page is in the team and the others are told.
///
/// # Errors
/// [`AppError::Gone`] for an invitation that does not hold; [`AppError::Forbidden`] for one of another address or somebody
/// else's page; those of [`joining::place`].
pub fn accept(
    conn: &mut Conn,
    deed: &Accept,
    now: Timestamp,
) -> AppResult<(TeamOverview, Option<TeamId>)> {
    let found = peek(conn, &deed.secret, now)?.ok_or(AppError::Gone("this invitation"))?;
    let is_theirs = found
        .to_email
        .as_ref()
        .is_none_or(|email| email.folded() == deed.email.folded());
    if !is_theirs {
        return Err(AppError::Forbidden(
            "this invitation was sent to another address",
        ));
    }
    if joining::page(conn, deed.page)?.owner_id != Some(deed.user) {
        return Err(AppError::Forbidden("this page belongs to somebody else"));
    }
    let target = team_invitations::table
        .find(found.id)
        .filter(team_invitations::used_at.is_null())
        .filter(team_invitations::revoked_at.is_null());
    let used = each!(conn, c => diesel::update(target)
        .set((
            team_invitations::used_at.eq(now),
            team_invitations::used_by.eq(deed.page),
        ))
        .execute(c))?;
    if used == 0 {
        return Err(AppError::Gone("this invitation"));
    }
    let overview = model::by_id(conn, found.team_id)?;
    if overview.team.join_policy == JoinPolicy::Staff {
        return Err(staff_only());
    }
    let left = joining::place(conn, &overview, deed.page)?;
    Ok((overview, left))
}

/// The invitations of a team that hold, the newest first, at most 100.
///
/// # Errors
/// The database's.
pub fn of_team(conn: &mut Conn, team: TeamId, now: Timestamp) -> AppResult<Vec<Invitation>> {
    let query = team_invitations::table
        .filter(team_invitations::team_id.eq(team))
        .filter(team_invitations::used_at.is_null())
        .filter(team_invitations::revoked_at.is_null())
        .filter(team_invitations::expires_at.gt(now))
        .order(team_invitations::id.desc())
        .limit(100);
    Ok(each!(conn, c => query.select(Invitation::as_select()).load(c))?)
}

/// Takes an invitation back.
///
/// # Errors
/// [`AppError::Conflict`] `used` when it was used or taken back already.
pub fn revoke(
    conn: &mut Conn,
    team: TeamId,
    invitation: InvitationId,
    now: Timestamp,
) -> AppResult<()> {
    let target = team_invitations::table
        .find(invitation)
        .filter(team_invitations::team_id.eq(team))
        .filter(team_invitations::used_at.is_null())
        .filter(team_invitations::revoked_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set(team_invitations::revoked_at.eq(now))
        .execute(c))?;
    match changed {
        0 => Err(AppError::Conflict {
            code: "used",
            detail: "this invitation was used or taken back already".into(),
        }),
        _ => Ok(()),
    }
}

/// Ends the invitations of a team that is archived.
pub(super) fn end_all(conn: &mut Conn, team: TeamId, now: Timestamp) -> AppResult<()> {
    let target = team_invitations::table
        .filter(team_invitations::team_id.eq(team))
        .filter(team_invitations::used_at.is_null())
        .filter(team_invitations::revoked_at.is_null());
    each!(conn, c => diesel::update(target)
        .set(team_invitations::revoked_at.eq(now))
        .execute(c))?;
    Ok(())
}

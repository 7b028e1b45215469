//! Roles given and taken back, narrowed to campaigns; accounts kept out. The last owner cannot be lost.

use diesel::prelude::*;

use super::model::{Role, User, UserId, grant_role, roles_of};
use super::sessions;
use super::token::TokenHolder;
use crate::db::Conn;
use crate::db::schema::{role_campaigns, user_roles, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Email, Timestamp};

/// A user by the id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn user_by_id(conn: &mut Conn, id: UserId) -> AppResult<User> {
    let query = users::table.find(id);
    each!(conn, c => query.select(User::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the person"))
}

/// To which campaigns a user's roles are narrowed.
///
/// # Errors
/// The database's.
pub fn narrowed(conn: &mut Conn, user: UserId) -> AppResult<Vec<(Role, CampaignId)>> {
    let query = role_campaigns::table
        .filter(role_campaigns::user_id.eq(user))
        .order((role_campaigns::role, role_campaigns::campaign_id))
        .select((role_campaigns::role, role_campaigns::campaign_id));
    Ok(each!(conn, c => query.load(c))?)
}

/// What a user shall be allowed from now on.
#[derive(Debug, Clone)]
pub struct SetRole {
    /// Whose.
    pub user: UserId,
    /// Which role.
    pub role: Role,
    /// Whether the user has it.
    pub has: bool,
    /// The campaigns that it is narrowed to; empty: all.
    pub campaigns: Vec<CampaignId>,
}

/// Gives or takes back a role, and narrows it. Only coordinators' and finance's roles can be narrowed.
///
/// # Errors
/// [`AppError::Conflict`] `last_owner`; [`AppError::Invalid`] for a role that cannot be narrowed.
pub fn set_role(conn: &mut Conn, new: &SetRole, now: Timestamp) -> AppResult<()> {
    let can_be_narrowed = matches!(new.role, Role::Coordinator | Role::Finance);
    if !new.campaigns.is_empty() && !can_be_narrowed {
        return Err(AppError::field(
            "campaigns",
            "only the roles of coordinator and finance hold for single campaigns",
        ));
    }
    let narrow = role_campaigns::table
        .filter(role_campaigns::user_id.eq(new.user))
        .filter(role_campaigns::role.eq(new.role));
    each!(conn, c => diesel::delete(narrow).execute(c))?;
    if !new.has {
        if new.role == Role::Owner {
            another_owner(conn, new.user)?;
        }
        let row = user_roles::table
            .filter(user_roles::user_id.eq(new.user))
            .filter(user_roles::role.eq(new.role));
        each!(conn, c => diesel::delete(row).execute(c))?;
        return Ok(());
    }
    grant_role(conn, new.user, new.role, now)?;
    if new.campaigns.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = new
        .campaigns
        .iter()
        .map(|campaign| {
            (
                role_campaigns::user_id.eq(new.user),
                role_campaigns::role.eq(new.role),
                role_campaigns::campaign_id.eq(*campaign),
            )
        })
        .collect();
    each!(conn, c => diesel::insert_into(role_campaigns::table).values(rows).execute(c))?;
    Ok(())
}

/// Keeps a person out from now on, and ends every session.
///
/// # Errors
/// [`AppError::Conflict`] `last_owner`, or `no_such_move` when the person is kept out already.
pub fn disable(conn: &mut Conn, user: UserId, now: Timestamp) -> AppResult<()> {
    if roles_of(conn, user)?.contains(&Role::Owner) {
        another_owner(conn, user)?;
    }
    let target = users::table.find(user).filter(users::disabled_at.is_null());
    let moved = each!(conn, c => diesel::update(target)
        .set(users::disabled_at.eq(Some(now)))
        .execute(c))?;
    if moved == 0 {
        return Err(no_such_move("this person is kept out already"));
    }
    sessions::end_all(conn, user, None, now)?;
    Ok(())
}

/// Lets a person in again. A deleted account stays closed.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move`.
pub fn enable(conn: &mut Conn, user: UserId) -> AppResult<()> {
    let target = users::table
        .find(user)
        .filter(users::disabled_at.is_not_null())
        .filter(users::deleted_at.is_null());
    let nobody: Option<Timestamp> = None;
    let moved = each!(conn, c => diesel::update(target)
        .set(users::disabled_at.eq(nobody))
        .execute(c))?;
    if moved == 0 {
        return Err(no_such_move("this person is not kept out"));
    }
    Ok(())
}

/// That somebody else can run the installation if `user` cannot.
fn another_owner(conn: &mut Conn, user: UserId) -> AppResult<()> {
    let others = user_roles::table
        .inner_join(users::table.on(users::id.eq(user_roles::user_id)))
        .filter(user_roles::role.eq(Role::Owner))
        .filter(user_roles::user_id.ne(user))
        .filter(users::disabled_at.is_null())
        .count();
    if each!(conn, c => others.get_result::<i64>(c))? > 0 {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "last_owner",
        detail: "somebody must own this installation; make another owner first".into(),
    })
}

fn no_such_move(detail: &str) -> AppError {
    AppError::Conflict {
        code: "no_such_move",
        detail: detail.into(),
    }
}

/// Somebody of staff who can be written to.
pub type Reachable = (UserId, Email, String);

/// Who runs a campaign, or, of what belongs to none, all of them: coordinators, else the owners of the installation.
///
/// # Errors
/// The database's.
pub fn runners(conn: &mut Conn, campaign: Option<CampaignId>) -> AppResult<Vec<Reachable>> {
    let narrowed = role_campaigns::table
        .filter(role_campaigns::role.eq(Role::Coordinator))
        .select((role_campaigns::user_id, role_campaigns::campaign_id));
    let narrowed: Vec<(UserId, CampaignId)> = each!(conn, c => narrowed.load(c))?;
    let mut holders = |role: Role| -> AppResult<Vec<Reachable>> {
        let query = users::table
            .inner_join(user_roles::table.on(user_roles::user_id.eq(users::id)))
            .filter(user_roles::role.eq(role))
            .filter(users::disabled_at.is_null())
            .filter(users::deleted_at.is_null())
            .order(users::id)
            .select((users::id, users::email, users::name));
        Ok(each!(conn, c => query.load(c))?)
    };
    let mut found = holders(Role::Coordinator)?;
    found.retain(|(user, _, _)| {
        let mut theirs = narrowed.iter().filter(|(of, _)| of == user).peekable();
        theirs.peek().is_none() || theirs.any(|(_, one)| Some(*one) == campaign)
    });
    if found.is_empty() {
        found = holders(Role::Owner)?;
    }
    Ok(found)
}

/// Whether whoever shows a token may read a campaign's givers: its coordinators and finance, and owners. Tenants are kept apart
/// (S9), and a token is worth no more than the roles that its user still has.
///
/// # Errors
/// The database's.
pub fn reads_givers(
    conn: &mut Conn,
    holder: &TokenHolder,
    campaign: CampaignId,
) -> AppResult<bool> {
    if holder.roles.contains(&Role::Owner) {
        return Ok(true);
    }
    let narrowed = narrowed(conn, holder.user)?;
    let holds = |role: Role| {
        let mut theirs = narrowed.iter().filter(|(of, _)| *of == role).peekable();
        holder.roles.contains(&role)
            && (theirs.peek().is_none() || theirs.any(|(_, one)| *one == campaign))
    };
    Ok(holds(Role::Coordinator) || holds(Role::Finance))
}

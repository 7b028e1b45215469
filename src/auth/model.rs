//! Rows of users and their roles.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{user_roles, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Line, Timestamp};

crate::id!(
    /// A person who can sign in.
    pub UserId,
    "usr"
);

crate::words! {
    /// What a user may do. A user can have several roles.
    pub enum Role {
        /// Runs the installation.
        Owner = "owner",
        /// Runs seasons: pages, moderation, newsletters.
        Coordinator = "coordinator",
        /// Payouts, grants, refunds, books.
        Finance = "finance",
        /// Reports for a partner.
        Partner = "partner",
        /// Has a page.
        Participant = "participant",
    }
}

impl Role {
    /// Whether it opens the console: such accounts need a second factor (S6) and have shorter sessions (S1).
    pub fn is_staff(self) -> bool {
        matches!(self, Self::Owner | Self::Coordinator | Self::Finance)
    }

    /// Whether what it opens needs a second factor: the console, and the desk of a partner, at which places and names
    /// are read that nobody else may know.
    pub fn needs_factor(self) -> bool {
        self.is_staff() || self == Self::Partner
    }
}

/// A person who can sign in.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// Where mail goes.
    pub email: Email,
    /// How the person is called.
    pub name: String,
    /// The PHC string of the password; `None` while no password was chosen.
    pub password_hash: Option<String>,
    /// When the person came.
    pub created_at: Timestamp,
    /// Since when the person is kept out.
    pub disabled_at: Option<Timestamp>,
    /// When the address was shown to be the person's own.
    pub verified_at: Option<Timestamp>,
    /// BCP 47 language of pages and mails.
    pub language: String,
    /// The TOTP secret in Base32, sealed by the installation's key; without `totp_confirmed_at` it is only offered.
    pub totp_secret: Option<String>,
    /// Since when TOTP codes are asked for.
    pub totp_confirmed_at: Option<Timestamp>,
    /// The last time step whose code was taken.
    pub totp_last_step: Option<i64>,
    /// When the account was deleted: its name and address are gone.
    pub deleted_at: Option<Timestamp>,
}

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The id, made by the caller.
    pub id: UserId,
    /// Where mail goes.
    pub email: Email,
    /// How the person is called.
    pub name: Line,
    /// The PHC string of the password, if one is known ([`super::Password::hash`]).
    pub password_hash: Option<String>,
    /// What the person may do.
    pub roles: Vec<Role>,
}

/// Makes a user with its roles. The address counts as verified: a user is made by the link that was mailed to it, or by
/// somebody at the command line who answers for it.
///
/// # Errors
/// [`AppError::Conflict`] `email_taken` when the address has a user already.
pub fn insert_user(conn: &mut Conn, new: &NewUser, now: Timestamp) -> AppResult<()> {
    if user_by_email(conn, &new.email)?.is_some() {
        return Err(AppError::Conflict {
            code: "email_taken",
            detail: "this address has an account already".into(),
        });
    }
    let row = (
        users::id.eq(new.id),
        users::email.eq(&new.email),
        users::email_folded.eq(new.email.folded()),
        users::name.eq(new.name.as_str()),
        users::password_hash.eq(new.password_hash.as_deref()),
        users::created_at.eq(now),
        users::verified_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(users::table).values(row).execute(c))?;
    for role in &new.roles {
        grant_role(conn, new.id, *role, now)?;
    }
    Ok(())
}

/// Lets a user act as `role`; nothing changes when it could already.
///
/// # Errors
/// The database's.
pub fn grant_role(conn: &mut Conn, user: UserId, role: Role, now: Timestamp) -> AppResult<()> {
    let row = (
        user_roles::user_id.eq(user),
        user_roles::role.eq(role),
        user_roles::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(user_roles::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// The user of a mail address, compared folded (N19).
///
/// # Errors
/// The database's.
pub fn user_by_email(conn: &mut Conn, email: &Email) -> AppResult<Option<User>> {
    let query = users::table.filter(users::email_folded.eq(email.folded()));
    Ok(each!(conn, c => query.select(User::as_select()).first(c).optional())?)
}

/// What a user may do, in the order of [`Role::ALL`].
///
/// # Errors
/// The database's.
pub fn roles_of(conn: &mut Conn, user: UserId) -> AppResult<Vec<Role>> {
    let query = user_roles::table
        .filter(user_roles::user_id.eq(user))
        .select(user_roles::role);
    let mut roles: Vec<Role> = each!(conn, c => query.load(c))?;
    roles.sort_unstable();
    Ok(roles)
}

/// The user of an id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn user_by_id(conn: &mut Conn, id: UserId) -> AppResult<User> {
    let query = users::table.find(id);
    each!(conn, c => query.select(User::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the account"))
}

/// Notes that the address was shown to be the person's own.
///
/// # Errors
/// The database's.
pub fn verify(conn: &mut Conn, user: UserId, now: Timestamp) -> AppResult<()> {
    let target = users::table.find(user).filter(users::verified_at.is_null());
    each!(conn, c => diesel::update(target).set(users::verified_at.eq(now)).execute(c))?;
    Ok(())
}

/// Changes how a person is called, and the language of pages and mails.
///
/// # Errors
/// The database's.
pub fn rename(conn: &mut Conn, user: UserId, name: &Line, language: &str) -> AppResult<()> {
    each!(conn, c => diesel::update(users::table.find(user))
        .set((users::name.eq(name.as_str()), users::language.eq(language)))
        .execute(c))?;
    Ok(())
}

/// Stores a password's hash.
///
/// # Errors
/// The database's.
pub fn set_password(conn: &mut Conn, user: UserId, phc: &str) -> AppResult<()> {
    each!(conn, c => diesel::update(users::table.find(user))
        .set(users::password_hash.eq(phc))
        .execute(c))?;
    Ok(())
}

/// Moves an account to an address that was shown to be the person's own.
///
/// # Errors
/// [`AppError::Conflict`] `email_taken` when another account has it.
pub fn set_email(conn: &mut Conn, user: UserId, email: &Email, now: Timestamp) -> AppResult<()> {
    if user_by_email(conn, email)?.is_some_and(|other| other.id != user) {
        return Err(AppError::Conflict {
            code: "email_taken",
            detail: "this address has an account already".into(),
        });
    }
    each!(conn, c => diesel::update(users::table.find(user))
        .set((
            users::email.eq(email),
            users::email_folded.eq(email.folded()),
            users::verified_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

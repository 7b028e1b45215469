//! Browsers that are signed in (S1): 256 random bits in a cookie, their SHA-256 in the database, so that a session ends on
//! the server when it ends.

use chrono::Duration;
use diesel::prelude::*;
use secrecy::SecretString;

use super::model::{Role, User, UserId, roles_of};
use crate::db::Conn;
use crate::db::schema::{passkeys, role_campaigns, sessions, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::secret::{random_token, sha256_hex};
use crate::kernel::{Email, Timestamp};

crate::id!(
    /// A browser that is signed in.
    pub SessionId,
    "ses"
);

/// How long a session lives: unused, and in all (S1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Without a request.
    pub idle: Duration,
    /// From signing in.
    pub absolute: Duration,
}

impl Lifetime {
    /// Staff 2 h and 12 h, everybody else 14 d and 30 d (S1).
    pub fn of(roles: &[Role]) -> Self {
        if roles.iter().any(|role| role.is_staff()) {
            Self {
                idle: Duration::hours(2),
                absolute: Duration::hours(12),
            }
        } else {
            Self {
                idle: Duration::days(14),
                absolute: Duration::days(30),
            }
        }
    }
}

/// A session's row is touched at most this often.
const TOUCH: Duration = Duration::minutes(5);

/// A session to be stored; its secret exists here and in the cookie.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// How the browser calls itself, shortened.
    pub browser: String,
    /// Whether a second factor was shown with it.
    pub second_factor: bool,
    hash: String,
}

impl NewSession {
    /// A new session, with the secret for its cookie.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make(user: UserId, browser: &str) -> AppResult<(Self, SecretString)> {
        let secret = random_token()?;
        let session = Self {
            id: SessionId::new(),
            user,
            browser: browser.chars().take(120).collect(),
            second_factor: false,
            hash: sha256_hex(&secret),
        };
        Ok((session, SecretString::from(secret)))
    }

    /// The same session, of `user`: for links, whose person is known only in the transaction that uses them.
    #[must_use]
    pub fn of(&self, user: UserId) -> Self {
        Self {
            user,
            ..self.clone()
        }
    }
}

/// Stores a session.
///
/// # Errors
/// The database's.
pub fn begin(conn: &mut Conn, new: &NewSession, now: Timestamp) -> AppResult<()> {
    let row = (
        sessions::id.eq(new.id),
        sessions::token_hash.eq(&new.hash),
        sessions::user_id.eq(new.user),
        sessions::browser.eq(&new.browser),
        sessions::created_at.eq(now),
        sessions::seen_at.eq(now),
        sessions::proved_at.eq(now),
        sessions::second_factor_at.eq(new.second_factor.then_some(now)),
    );
    each!(conn, c => diesel::insert_into(sessions::table).values(row).execute(c))?;
    Ok(())
}

/// A row of the list of one's sessions.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// How the browser calls itself.
    pub browser: String,
    /// Signed in at.
    pub created_at: Timestamp,
    /// Last used at.
    pub seen_at: Timestamp,
    /// When a password or a mailed link was last shown.
    pub proved_at: Timestamp,
    /// When a second factor was shown.
    pub second_factor_at: Option<Timestamp>,
}

/// A person behind a session that holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// To which campaigns roles are narrowed.
    pub narrowed: Vec<(Role, CampaignId)>,
    /// Whether the account asks for a second factor.
    pub has_second_factor: bool,
}

/// The session of a cookie's secret, if it holds.
///
/// # Errors
/// The database's.
pub fn held(conn: &mut Conn, secret: &str, now: Timestamp) -> AppResult<Option<Held>> {
    if secret.len() > 64 {
        return Ok(None);
    }
    let query = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::token_hash.eq(sha256_hex(secret)))
        .filter(sessions::ended_at.is_null())
        .filter(users::disabled_at.is_null());
    let found: Option<(Session, User)> = each!(conn, c => query
        .select((Session::as_select(), User::as_select()))
        .first(c)
        .optional())?;
    let Some((session, user)) = found else {
        return Ok(None);
    };
    let roles = roles_of(conn, user.id)?;
    let life = Lifetime::of(&roles);
    if now > session.seen_at.plus(life.idle) || now > session.created_at.plus(life.absolute) {
        return Ok(None);
    }
    let query = role_campaigns::table
        .filter(role_campaigns::user_id.eq(user.id))
        .select((role_campaigns::role, role_campaigns::campaign_id));
    let narrowed = each!(conn, c => query.load(c))?;
    let has_second_factor = user.totp_confirmed_at.is_some() || has_passkey(conn, user.id)?;
    Ok(Some(Held {
        session,
        user,
        roles,
        narrowed,
        has_second_factor,
    }))
}

fn has_passkey(conn: &mut Conn, user: UserId) -> AppResult<bool> {
    let query = passkeys::table.filter(passkeys::user_id.eq(user)).count();
    Ok(each!(conn, c => query.get_result::<i64>(c))? > 0)
}

/// Whether the row should be touched for a request at `now`.
pub fn is_stale(session: &Session, now: Timestamp) -> bool {
    now > session.seen_at.plus(TOUCH)
}

/// Notes that a session was used.
///
/// # Errors
/// The database's.
pub fn touch(conn: &mut Conn, id: SessionId, now: Timestamp) -> AppResult<()> {
    let target = sessions::table.find(id).filter(sessions::seen_at.lt(now));
    each!(conn, c => diesel::update(target).set(sessions::seen_at.eq(now)).execute(c))?;
    Ok(())
}

/// Notes that the person proved again who they are (S6), and whether with a second factor.
///
/// # Errors
/// The database's.
pub fn prove(conn: &mut Conn, id: SessionId, second_factor: bool, now: Timestamp) -> AppResult<()> {
    let target = sessions::table
        .find(id)
        .filter(sessions::ended_at.is_null());
    if second_factor {
        each!(conn, c => diesel::update(target)
            .set((sessions::proved_at.eq(now), sessions::second_factor_at.eq(now)))
            .execute(c))?;
    } else {
        each!(conn, c => diesel::update(target).set(sessions::proved_at.eq(now)).execute(c))?;
    }
    Ok(())
}

/// The sessions of a user that have not ended, newest use first.
///
/// # Errors
/// The database's.
pub fn of_user(conn: &mut Conn, user: UserId) -> AppResult<Vec<Session>> {
    let query = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .order(sessions::seen_at.desc())
        .limit(100);
    Ok(each!(conn, c => query.select(Session::as_select()).load(c))?)
}

/// Ends one session of a user.
///
/// # Errors
/// [`AppError::NotFound`] when the user has no such session.
pub fn end(conn: &mut Conn, user: UserId, id: SessionId, now: Timestamp) -> AppResult<()> {
    let target = sessions::table
        .find(id)
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null());
    match each!(conn, c => diesel::update(target).set(sessions::ended_at.eq(now)).execute(c))? {
        0 => Err(AppError::NotFound("the session")),
        _ => Ok(()),
    }
}

/// Ends every session of a user, but `keep`: after a new password, say (S1).
///
/// # Errors
/// The database's.
pub fn end_all(
    conn: &mut Conn,
    user: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> AppResult<usize> {
    let target = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null());
    Ok(match keep {
        None => {
            each!(conn, c => diesel::update(target).set(sessions::ended_at.eq(now)).execute(c))?
        }
        Some(keep) => {
            let target = target.filter(sessions::id.ne(keep));
            each!(conn, c => diesel::update(target).set(sessions::ended_at.eq(now)).execute(c))?
        }
    })
}

/// Forgets sessions that began before `before`: at the end of the longest life there is, whoever's they were; answers how
/// many.
///
/// # Errors
/// The database's.
pub fn forget(conn: &mut Conn, before: Timestamp) -> AppResult<usize> {
    let old = sessions::table.filter(sessions::created_at.lt(before));
    Ok(each!(conn, c => diesel::delete(old).execute(c))?)
}

/// Who a session belongs to, in the words that handlers need.
impl Held {
    /// The address.
    pub fn email(&self) -> &Email {
        &self.user.email
    }
}

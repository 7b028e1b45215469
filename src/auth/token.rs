//! API tokens: 256 random bits that a program shows instead of a password. The database keeps their SHA-256 alone.

use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::model::{Role, UserId, roles_of};
use crate::db::Conn;
use crate::db::schema::{api_tokens, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::{random_token, sha256_hex};
use crate::kernel::{Json, Timestamp};

crate::id!(
    /// An API token.
    pub TokenId,
    "tok"
);

crate::words! {
    /// What a token may do with a noun.
    pub enum Access {
        /// Look.
        Read = "read",
        /// Change. It does not include looking.
        Write = "write",
    }
}

/// One thing that a token may do: `donations:read`, `pages:write`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    noun: String,
    access: Access,
}

/// The text is no scope.
#[derive(Debug, thiserror::Error)]
#[error("write a scope like donations:read or pages:write")]
pub struct BadScope;

impl Scope {
    /// The noun, in the plural, as in the API's paths.
    pub fn noun(&self) -> &str {
        &self.noun
    }

    /// What may be done with it.
    pub fn access(&self) -> Access {
        self.access
    }
}

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Self, BadScope> {
        let (noun, access) = text.split_once(':').ok_or(BadScope)?;
        let fits = (1..=32).contains(&noun.len()) && noun.bytes().all(|b| b.is_ascii_lowercase());
        match access.parse() {
            Ok(access) if fits => Ok(Self {
                noun: noun.to_owned(),
                access,
            }),
            _ => Err(BadScope),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.noun, self.access)
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A token to be stored; its secret exists here and then never again.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The id.
    pub id: TokenId,
    /// On whose behalf it acts.
    pub user: UserId,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// SHA-256 of the secret, in hex.
    hash: String,
}

impl NewToken {
    /// A new token, with the secret that its holder shows as `Authorization: Bearer`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make(user: UserId, mut scopes: Vec<Scope>) -> AppResult<(Self, SecretString)> {
        scopes.sort_unstable();
        scopes.dedup();
        let secret = random_token()?;
        let token = Self {
            id: TokenId::new(),
            user,
            scopes,
            hash: sha256_hex(&secret),
        };
        Ok((token, SecretString::from(secret)))
    }
}

/// Stores a token.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, new: &NewToken, now: Timestamp) -> AppResult<()> {
    let row = (
        api_tokens::id.eq(new.id),
        api_tokens::user_id.eq(new.user),
        api_tokens::token_hash.eq(&new.hash),
        api_tokens::scopes.eq(Json(new.scopes.clone())),
        api_tokens::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(api_tokens::table).values(row).execute(c))?;
    Ok(())
}

/// Takes a token's power away, at once and for good.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such token in force.
pub fn revoke(conn: &mut Conn, token: TokenId, now: Timestamp) -> AppResult<()> {
    let target = api_tokens::table
        .filter(api_tokens::id.eq(token))
        .filter(api_tokens::revoked_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set(api_tokens::revoked_at.eq(now))
        .execute(c))?;
    match changed {
        0 => Err(AppError::NotFound("the token")),
        _ => Ok(()),
    }
}

/// Who shows a valid token.
#[derive(Debug, Clone)]
pub struct TokenHolder {
    /// The token.
    pub token: TokenId,
    /// On whose behalf it acts.
    pub user: UserId,
    /// What that user may do.
    pub roles: Vec<Role>,
    /// What the token may do.
    pub scopes: Vec<Scope>,
}

impl TokenHolder {
    /// Whether the token may do this.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] when it may not.
    pub fn may(&self, noun: &str, access: Access) -> AppResult<()> {
        self.scopes
            .iter()
            .any(|scope| scope.noun == noun && scope.access == access)
            .then_some(())
            .ok_or(AppError::Forbidden("this token's scopes do not allow that"))
    }
}

/// The holder of a bearer token; `None` for one that is unknown, revoked, or of a user who is kept out.
///
/// The look-up is by digest, so its time tells nothing about stored tokens.
///
/// # Errors
/// The database's.
pub fn verify(conn: &mut Conn, bearer: &str) -> AppResult<Option<TokenHolder>> {
    if bearer.len() > 256 {
        return Ok(None);
    }
    let query = api_tokens::table
        .inner_join(users::table.on(users::id.eq(api_tokens::user_id)))
        .filter(api_tokens::token_hash.eq(sha256_hex(bearer)))
        .filter(api_tokens::revoked_at.is_null())
        .filter(users::disabled_at.is_null())
        .select((api_tokens::id, users::id, api_tokens::scopes));
    let found: Option<(TokenId, UserId, Json<Vec<Scope>>)> =
        each!(conn, c => query.first(c).optional())?;
    let Some((token, user, Json(scopes))) = found else {
        return Ok(None);
    };
    Ok(Some(TokenHolder {
        token,
        user,
        roles: roles_of(conn, user)?,
        scopes,
    }))
}

//! Rows of promises, and how they are found.

use diesel::prelude::*;

use super::rules::PAGE_MOST;
use crate::auth::mailed::{self, Purpose};
use crate::db::Conn;
use crate::db::schema::day_sponsors;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::PageId;
use crate::kernel::secret::sha256_hex;
use crate::kernel::{Currency, Email, Money, Timestamp};

crate::id!(
    /// A promise of so much a day.
    pub SponsorId,
    "spo"
);

crate::words! {
    /// Where a promise stands.
    pub enum SponsorState {
        /// Its address has not confirmed it.
        Open = "open",
        /// It holds.
        Confirmed = "confirmed",
        /// Its sponsor took it back.
        Cancelled = "cancelled",
        /// The sum was asked for, once.
        Requested = "requested",
        /// The season ended without anything to ask for.
        Thanked = "thanked",
    }
}

/// A promise.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = day_sponsors)]
pub struct Promise {
    /// The id.
    pub id: SponsorId,
    /// On which page.
    pub page_id: PageId,
    /// The sponsor's name, as typed.
    pub name: String,
    /// Where mail goes.
    pub email: Email,
    currency: Currency,
    per_day: i64,
    cap: i64,
    /// Whether the name is shown.
    pub is_named: bool,
    /// Where it stands.
    pub state: SponsorState,
    requested: Option<i64>,
    /// The logged days that the request was reckoned from.
    pub days: Option<i64>,
    /// Mails to confirm that went out.
    pub asks: i32,
    pub(super) token_hash: String,
    /// When it was last promised.
    pub created_at: Timestamp,
}

impl Promise {
    /// For each logged day.
    pub fn per_day(&self) -> Money {
        Money::new(self.per_day, self.currency)
    }

    /// At most.
    pub fn cap(&self) -> Money {
        Money::new(self.cap, self.currency)
    }

    /// What was asked for in the end.
    pub fn requested(&self) -> Option<Money> {
        self.requested.map(|minor| Money::new(minor, self.currency))
    }
}

/// How many promises on a page hold, and the names of those who are shown, the first first. Promises that were asked for
/// count on: they held.
///
/// # Errors
/// The database's.
pub fn shown(conn: &mut Conn, page: PageId) -> AppResult<(i64, Vec<String>)> {
    let rows = held(conn, page)?;
    let many = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let named = rows.into_iter().filter(|promise| promise.is_named);
    Ok((many, named.map(|promise| promise.name).collect()))
}

/// The promises on a page that hold or held, for its owner: amounts and names, where the sponsor shows it.
///
/// # Errors
/// The database's.
pub fn promises(conn: &mut Conn, page: PageId) -> AppResult<Vec<Promise>> {
    held(conn, page)
}

fn held(conn: &mut Conn, page: PageId) -> AppResult<Vec<Promise>> {
    let states = [
        SponsorState::Confirmed,
        SponsorState::Requested,
        SponsorState::Thanked,
    ];
    let query = day_sponsors::table
        .filter(day_sponsors::page_id.eq(page))
        .filter(day_sponsors::state.eq_any(states))
        .order(day_sponsors::id)
        .limit(PAGE_MOST);
    Ok(each!(conn, c => query.select(Promise::as_select()).load(c))?)
}

/// The promise that a mailed link names: its newest link, or an earlier one while it waits to be confirmed.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_secret(conn: &mut Conn, secret: &str, now: Timestamp) -> AppResult<Promise> {
    if secret.len() > 64 {
        return Err(AppError::NotFound("the promise"));
    }
    let query = day_sponsors::table.filter(day_sponsors::token_hash.eq(sha256_hex(secret)));
    let newest = each!(conn, c => query.select(Promise::as_select()).first(c).optional())?;
    if let Some(promise) = newest {
        return Ok(promise);
    }
    let missing = || AppError::NotFound("the promise");
    let earlier = mailed::peek(conn, Purpose::Sponsor, secret, now)?.ok_or_else(missing)?;
    let query = day_sponsors::table
        .filter(day_sponsors::id.eq(&earlier.payload))
        .filter(day_sponsors::state.eq(SponsorState::Open));
    each!(conn, c => query.select(Promise::as_select()).first(c).optional())?.ok_or_else(missing)
}

/// The promise of an address on a page, whatever its state.
///
/// # Errors
/// The database's.
pub fn of_address(conn: &mut Conn, page: PageId, email: &Email) -> AppResult<Option<Promise>> {
    let query = day_sponsors::table
        .filter(day_sponsors::page_id.eq(page))
        .filter(day_sponsors::email_folded.eq(email.folded()));
    Ok(each!(conn, c => query.select(Promise::as_select()).first(c).optional())?)
}

/// How many promises of an address wait for their confirmation.
///
/// # Errors
/// The database's.
pub fn open_of(conn: &mut Conn, email: &Email) -> AppResult<i64> {
    let query = day_sponsors::table
        .filter(day_sponsors::email_folded.eq(email.folded()))
        .filter(day_sponsors::state.eq(SponsorState::Open))
        .count();
    Ok(each!(conn, c => query.get_result(c))?)
}

/// How many promises hold or held on a page. Those that nobody confirmed do not count: anybody can make them up.
///
/// # Errors
/// The database's.
pub fn many_on(conn: &mut Conn, page: PageId) -> AppResult<i64> {
    let query = day_sponsors::table
        .filter(day_sponsors::page_id.eq(page))
        .filter(day_sponsors::state.ne_all([SponsorState::Open, SponsorState::Cancelled]))
        .count();
    Ok(each!(conn, c => query.get_result(c))?)
}

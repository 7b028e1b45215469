//! The verbs: who is known, who agrees, who must not be written to.

use diesel::prelude::*;

pub use super::leaving::{leave, leave_all, leave_list};
pub use super::linking::{link_account, link_donor};

use super::erased;
use super::linking::{account_of, donor_of};
use super::model::{
    ListId, Subscriber, SubscriberId, SubscriptionState, SuppressionReason, by_email, by_id,
};
use super::proofs::{self, Act, Said};
use crate::db::Conn;
use crate::db::schema::{subscribers, subscriptions, suppressions};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};

/// What a new subscriber needs from outside the transaction, which may run twice.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The id, where the address is new.
    pub id: SubscriberId,
    /// What opens their preferences: 256 random bits.
    pub token: String,
}

impl Fresh {
    /// An id and a token.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn new() -> AppResult<Self> {
        Ok(Self {
            id: SubscriberId::new(),
            token: crate::kernel::secret::random_token()?,
        })
    }
}

/// What is known of somebody besides the address; empty where nothing is.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Their name.
    pub name: String,
    /// The language they read (BCP 47).
    pub language: String,
    /// Their country (ISO 3166, two letters).
    pub country: String,
    /// Their time zone (IANA).
    pub time_zone: Option<String>,
}

/// The subscriber of an address, made if new and linked to the account and the donor of that address (N19). What is known
/// already stays; gaps are filled from `known`. Being a subscriber agrees to nothing.
///
/// # Errors
/// The database's.
pub fn ensure(
    conn: &mut Conn,
    email: &Email,
    known: &Known,
    fresh: &Fresh,
    now: Timestamp,
) -> AppResult<Subscriber> {
    if let Some(found) = by_email(conn, email)? {
        return fill(conn, found, known);
    }
    let folded = email.folded();
    let row = (
        subscribers::id.eq(fresh.id),
        subscribers::email.eq(email),
        subscribers::email_folded.eq(&folded),
        subscribers::name.eq(&known.name),
        subscribers::language.eq(&known.language),
        subscribers::country.eq(&known.country),
        subscribers::time_zone.eq(known.time_zone.as_deref()),
        subscribers::supporter_id.eq(donor_of(conn, &folded)?),
        subscribers::user_id.eq(account_of(conn, &folded)?),
        subscribers::token.eq(&fresh.token),
        subscribers::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(subscribers::table).values(row).execute(c))?;
    by_id(conn, fresh.id)
}

/// Fills what is not known of somebody yet.
///
/// # Errors
/// [`crate::error::AppError::NotFound`].
pub(super) fn fill_in(conn: &mut Conn, id: SubscriberId, known: &Known) -> AppResult<()> {
    let found = by_id(conn, id)?;
    fill(conn, found, known).map(|_| ())
}

fn fill(conn: &mut Conn, found: Subscriber, known: &Known) -> AppResult<Subscriber> {
    let or = |has: &str, new: &str| if has.is_empty() { new } else { has }.to_owned();
    let name = or(&found.name, &known.name);
    let language = or(&found.language, &known.language);
    let country = or(&found.country, &known.country);
    let zone = found.time_zone.clone().or_else(|| known.time_zone.clone());
    let same = name == found.name
        && language == found.language
        && country == found.country
        && zone == found.time_zone;
    if same {
        return Ok(found);
    }
    each!(conn, c => diesel::update(subscribers::table.find(found.id))
        .set((
            subscribers::name.eq(&name),
            subscribers::language.eq(&language),
            subscribers::country.eq(&country),
            subscribers::time_zone.eq(zone.as_deref()),
        ))
        .execute(c))?;
    by_id(conn, found.id)
}

/// Somebody says yes to a list: they are on it, with proof. Whoever had left everything is back, on this list alone, and an
/// address that was merged away stands for itself again.
///
/// # Errors
/// The database's.
pub fn agree(
    conn: &mut Conn,
    subscriber: SubscriberId,
    list: ListId,
    said: &Said,
    now: Timestamp,
) -> AppResult<()> {
    let back = subscribers::table.find(subscriber).filter(
        subscribers::left_all_at
            .is_not_null()
            .or(subscribers::merged_into.is_not_null()),
    );
    each!(conn, c => diesel::update(back)
        .set((
            subscribers::left_all_at.eq(None::<Timestamp>),
            subscribers::merged_into.eq(None::<SubscriberId>),
        ))
        .execute(c))?;
    stand(conn, (subscriber, list), SubscriptionState::Confirmed, now)?;
    proofs::keep(conn, (subscriber, Some(list)), Act::Agreed, said, now)
}

/// Somebody was asked to join a list and has not answered; who is on it, or left it, stands as before.
///
/// # Errors
/// The database's.
pub(super) fn wait(
    conn: &mut Conn,
    (subscriber, list): (SubscriberId, ListId),
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        subscriptions::list_id.eq(list),
        subscriptions::subscriber_id.eq(subscriber),
        subscriptions::state.eq(SubscriptionState::Pending),
        subscriptions::changed_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(subscriptions::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Writes how somebody stands to a list, unless they stand so already.
///
/// # Errors
/// The database's.
pub(super) fn stand(
    conn: &mut Conn,
    (subscriber, list): (SubscriberId, ListId),
    state: SubscriptionState,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        subscriptions::list_id.eq(list),
        subscriptions::subscriber_id.eq(subscriber),
        subscriptions::state.eq(state),
        subscriptions::changed_at.eq(now),
    );
    let new = each!(conn, c => diesel::insert_into(subscriptions::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if new == 0 {
        let other = subscriptions::table
            .find((list, subscriber))
            .filter(subscriptions::state.ne(state));
        each!(conn, c => diesel::update(other)
            .set((
                subscriptions::state.eq(state),
                subscriptions::changed_at.eq(now),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// No bulk mail goes to `email` any more (N14). The first reason stands.
///
/// # Errors
/// The database's.
pub fn suppress(
    conn: &mut Conn,
    email: &Email,
    reason: SuppressionReason,
    detail: &str,
    now: Timestamp,
) -> AppResult<()> {
    suppress_key(conn, &email.folded(), reason, detail, now)
}

/// As [`suppress`], of what stands in the place of an address.
pub(super) fn suppress_key(
    conn: &mut Conn,
    key: &str,
    reason: SuppressionReason,
    detail: &str,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        suppressions::email_folded.eq(key),
        suppressions::reason.eq(reason),
        suppressions::detail.eq(detail),
        suppressions::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(suppressions::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Lifts a suppression: mail may go to `email` again, where its owner agreed. Answers the reason that stood.
///
/// # Errors
/// The database's.
pub fn lift(conn: &mut Conn, email: &Email) -> AppResult<Option<SuppressionReason>> {
    let target = suppressions::table.find(email.folded());
    let reason = target.clone().select(suppressions::reason);
    let reason: Option<SuppressionReason> = each!(conn, c => reason.first(c).optional())?;
    if reason.is_some() {
        each!(conn, c => diesel::delete(target).execute(c))?;
    }
    Ok(reason)
}

/// What a mailed link proves when it is used: the address works and its owner wants this. So bounces, complaints and an
/// erasure stand no longer in the way; what staff decided does.
///
/// # Errors
/// The database's.
pub(super) fn prove_address(conn: &mut Conn, email: &Email) -> AppResult<()> {
    let mut keys = vec![email.folded()];
    keys.extend(erased::mark_of(conn, email)?);
    let mended = suppressions::table
        .filter(suppressions::email_folded.eq_any(keys))
        .filter(suppressions::reason.ne(SuppressionReason::Staff));
    each!(conn, c => diesel::delete(mended).execute(c))?;
    Ok(())
}

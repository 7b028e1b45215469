//! Leaving: a list, or everything. A no is believed whoever brings it, at once, and again.

use diesel::prelude::*;

use super::links::Leave;
use super::model::{ListId, SubscriberId, SubscriptionState, standing_for};
use super::proofs::{self, Act, Said};
use crate::db::Conn;
use crate::db::schema::{subscribers, subscriptions};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;

/// Somebody leaves one list. Answers whether they were on it or waited for it; a repeat changes nothing and is no proof.
///
/// # Errors
/// The database's.
pub fn leave_list(
    conn: &mut Conn,
    subscriber: SubscriberId,
    list: ListId,
    said: &Said,
    now: Timestamp,
) -> AppResult<bool> {
    let on = subscriptions::table
        .find((list, subscriber))
        .filter(subscriptions::state.ne(SubscriptionState::Left));
    let left = each!(conn, c => diesel::update(on)
        .set((
            subscriptions::state.eq(SubscriptionState::Left),
            subscriptions::changed_at.eq(now),
        ))
        .execute(c))?;
    if left > 0 {
        proofs::keep(conn, (subscriber, Some(list)), Act::Left, said, now)?;
    }
    Ok(left > 0)
}

/// Somebody leaves everything: no list, no bulk mail of any kind, until they say yes again. Answers whether that is new.
///
/// # Errors
/// The database's.
pub fn leave_all(
    conn: &mut Conn,
    subscriber: SubscriberId,
    said: &Said,
    now: Timestamp,
) -> AppResult<bool> {
    let here = subscribers::table
        .find(subscriber)
        .filter(subscribers::left_all_at.is_null());
    let left = each!(conn, c => diesel::update(here)
        .set(subscribers::left_all_at.eq(now))
        .execute(c))?;
    let on = subscriptions::table
        .filter(subscriptions::subscriber_id.eq(subscriber))
        .filter(subscriptions::state.ne(SubscriptionState::Left));
    each!(conn, c => diesel::update(on)
        .set((
            subscriptions::state.eq(SubscriptionState::Left),
            subscriptions::changed_at.eq(now),
        ))
        .execute(c))?;
    if left > 0 {
        proofs::keep(conn, (subscriber, None), Act::LeftAll, said, now)?;
    }
    Ok(left > 0)
}

/// What a leaving link does (N7): its lists are left, or everything, where `everything` was asked for or it names no list.
/// For whoever was merged, it is left by whom they turned out to be. A repeat changes nothing.
///
/// # Errors
/// [`crate::error::AppError::NotFound`] when the person is not there at all.
pub fn leave(
    conn: &mut Conn,
    what: &Leave,
    everything: bool,
    said: &Said,
    now: Timestamp,
) -> AppResult<()> {
    let person = standing_for(conn, what.subscriber)?.id;
    let said = said.clone().because_of(what.source.clone());
    if everything || what.lists.is_empty() {
        leave_all(conn, person, &said, now)?;
        return Ok(());
    }
    for list in &what.lists {
        leave_list(conn, person, *list, &said, now)?;
    }
    Ok(())
}

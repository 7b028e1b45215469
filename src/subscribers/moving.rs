//! An account that moves to another address takes its newsletters along (N19): the link that moved it was read there.

use diesel::prelude::*;

use super::merge::{carry_suppression, unite};
use super::model::{Subscriber, SubscriberId, by_email};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::subscribers;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Timestamp};

/// Whoever reads newsletters by this account reads them at `email` from now on. Somebody who reads them there already is the
/// same person: two become one.
///
/// # Errors
/// The database's.
pub fn follow(conn: &mut Conn, account: UserId, email: &Email, now: Timestamp) -> AppResult<()> {
    let own = subscribers::table.filter(subscribers::user_id.eq(account));
    let own: Option<Subscriber> =
        each!(conn, c => own.select(Subscriber::as_select()).first(c).optional())?;
    let Some(own) = own else {
        return super::ops::link_account(conn, email, account);
    };
    match by_email(conn, email)? {
        Some(there) if there.id == own.id => Ok(()),
        // Their second address was taken in before: it is the one that is written to now.
        Some(there) if there.merged_into == Some(own.id) => swap(conn, &own, &there),
        // Staff took it in as somebody else's, who is written to where they are.
        Some(there) if there.merged_into.is_some() || there.erased_at.is_some() => Ok(()),
        Some(there) => unite(conn, (&own, &there), now),
        None => {
            carry_suppression(conn, &own.email_folded, &email.folded())?;
            settle_at(conn, own.id, email)
        }
    }
}

/// The row that is read at and the one that was taken into it change addresses.
fn swap(conn: &mut Conn, own: &Subscriber, taken_in: &Subscriber) -> AppResult<()> {
    carry_suppression(conn, &own.email_folded, &taken_in.email_folded)?;
    // An address stands in one row at a time.
    let nowhere: Email = format!("moving-{}@moving.invalid", own.id)
        .parse()
        .map_err(AppError::internal)?;
    settle_at(conn, taken_in.id, &nowhere)?;
    settle_at(conn, own.id, &taken_in.email)?;
    settle_at(conn, taken_in.id, &own.email)
}

fn settle_at(conn: &mut Conn, reader: SubscriberId, email: &Email) -> AppResult<()> {
    each!(conn, c => diesel::update(subscribers::table.find(reader))
        .set((
            subscribers::email.eq(email),
            subscribers::email_folded.eq(email.folded()),
        ))
        .execute(c))?;
    Ok(())
}

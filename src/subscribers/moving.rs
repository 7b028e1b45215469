//! An account that moves to another address takes its newsletters along (N19): the link that moved it was read there.

use diesel::prelude::*;

use super::merge::unite;
use super::model::{Subscriber, by_email};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::subscribers;
use crate::each;
use crate::error::AppResult;
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
        // Their second address was taken in before: it is the one that is kept now.
        Some(there) if there.merged_into.is_some() || there.erased_at.is_some() => Ok(()),
        Some(there) => unite(conn, (&own, &there), now),
        None => {
            each!(conn, c => diesel::update(subscribers::table.find(own.id))
                .set((
                    subscribers::email.eq(email),
                    subscribers::email_folded.eq(email.folded()),
                ))
                .execute(c))?;
            Ok(())
        }
    }
}

//! The readers that an account's owner is, for its export and its deletion: by its address, by the row that its address was
//! merged into, by its own id.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::model::{Subscriber, SubscriberId, by_email, standing_for};
use super::ops::Fresh;
use super::own;
use crate::auth::User;
use crate::db::Conn;
use crate::db::schema::subscribers;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::mail::MailId;

/// Their rows, whoever is written to first. Where their address was merged into the reader of another account, that one is
/// the other account's.
fn rows(conn: &mut Conn, user: &User) -> AppResult<Vec<Subscriber>> {
    let by_account = subscribers::table.filter(subscribers::user_id.eq(user.id));
    let mut found: Vec<Subscriber> =
        each!(conn, c => by_account.select(Subscriber::as_select()).load(c))?;
    found.extend(by_email(conn, &user.email)?);
    let mut all: Vec<Subscriber> = Vec::new();
    for own in found {
        let standing = standing_for(conn, own.id)?;
        let is_ours = standing.user_id.is_none_or(|account| account == user.id);
        for one in [Some(standing).filter(|_| is_ours), Some(own)]
            .into_iter()
            .flatten()
        {
            let is_known = all.iter().any(|known| known.id == one.id);
            if !is_known && one.erased_at.is_none() {
                all.push(one);
            }
        }
    }
    // What was merged goes with the row that it was merged into.
    let kept: Vec<SubscriberId> = all.iter().map(|one| one.id).collect();
    all.retain(|one| one.merged_into.is_none_or(|into| !kept.contains(&into)));
    Ok(all)
}

/// As [`own::data`]; `null` for whoever reads nothing here. Further rows of theirs stand beside the first.
///
/// # Errors
/// The database's.
pub fn data(conn: &mut Conn, user: &User) -> AppResult<Value> {
    let mut all = Vec::new();
    for one in rows(conn, user)? {
        all.push(own::data(conn, &one)?);
    }
    let mut all = all.into_iter();
    let Some(mut first) = all.next() else {
        return Ok(Value::Null);
    };
    let rest: Vec<Value> = all.collect();
    if let (Value::Object(fields), false) = (&mut first, rest.is_empty()) {
        fields.insert("also_known_as".to_owned(), json!(rest));
    }
    Ok(first)
}

/// Every address under which they were written to, as a reader or by the account.
///
/// # Errors
/// The database's.
pub fn addresses(conn: &mut Conn, user: &User) -> AppResult<Vec<String>> {
    let mut all = vec![user.email.to_string(), user.email.folded()];
    for one in rows(conn, user)? {
        all.extend(own::addresses(conn, &one)?);
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// As [`own::erase`], of all that they are.
///
/// # Errors
/// The database's.
pub fn erase(
    conn: &mut Conn,
    user: &User,
    mails: &[MailId],
    fresh: &Fresh,
    now: Timestamp,
) -> AppResult<()> {
    for (number, one) in rows(conn, user)?.into_iter().enumerate() {
        let fresh = Fresh {
            id: fresh.id,
            token: format!("{}-{number}", fresh.token),
        };
        own::erase(conn, one.id, mails, &fresh, now)?;
    }
    Ok(())
}

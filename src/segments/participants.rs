//! Participants become subscribers of nothing: a row that says where their pages' people are written to, and no list.

use std::collections::BTreeMap;

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::schema::{pages, subscribers, supporters, users};
use crate::db::{Conn, Db};
use crate::each;
use crate::error::AppResult;
use crate::ids::SupporterId;
use crate::kernel::secret::random_token;
use crate::kernel::{Email, Timestamp};
use crate::subscribers::SubscriberId;

/// People of one batch.
const BATCH: usize = 500;

type Owner = (UserId, Email, String, String, String);

/// Makes whoever has a page known where bulk mail looks for people: links the subscriber of their address, or makes one.
/// Answers how many were made.
///
/// # Errors
/// The database's; the next run goes on from there.
pub async fn make_known(db: &Db, now: Timestamp) -> AppResult<usize> {
    let mut made = 0;
    loop {
        if db.read(unknown).await?.is_empty() {
            return Ok(made);
        }
        // Made outside: a transaction may run twice.
        let mut fresh = Vec::with_capacity(BATCH);
        for _person in 0..BATCH {
            fresh.push((SubscriberId::new(), random_token()?));
        }
        let done = db.tx(move |c| batch(c, &fresh, now)).await?;
        if done == 0 {
            return Ok(made);
        }
        made += done;
    }
}

/// Owners of pages, with an address that is theirs, whom no subscriber is linked to.
fn unknown(conn: &mut Conn) -> AppResult<Vec<Owner>> {
    let page = pages::table
        .filter(pages::owner_id.eq(users::id.nullable()))
        .filter(pages::status.eq_any(["live", "draft"]));
    let known = subscribers::table.filter(subscribers::user_id.eq(users::id.nullable()));
    // Somebody whose address is that of another account's subscriber stays as they are.
    let taken = subscribers::table
        .filter(subscribers::email_folded.eq(users::email_folded))
        .filter(subscribers::user_id.is_not_null());
    let query = users::table
        .filter(users::verified_at.is_not_null())
        .filter(users::disabled_at.is_null())
        .filter(users::deleted_at.is_null())
        .filter(exists(page))
        .filter(not(exists(known)))
        .filter(not(exists(taken)))
        .order(users::id)
        .limit(i64::try_from(BATCH).unwrap_or(500))
        .select((
            users::id,
            users::email,
            users::email_folded,
            users::name,
            users::language,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

fn batch(conn: &mut Conn, fresh: &[(SubscriberId, String)], now: Timestamp) -> AppResult<usize> {
    let owners = unknown(conn)?;
    let folded: Vec<&str> = owners.iter().map(|one| one.2.as_str()).collect();
    let there = subscribers::table
        .filter(subscribers::email_folded.eq_any(&folded))
        .select((subscribers::email_folded, subscribers::id));
    let there: Vec<(String, SubscriberId)> = each!(conn, c => there.load(c))?;
    let there: BTreeMap<String, SubscriberId> = there.into_iter().collect();
    let donors = supporters::table
        .filter(supporters::email_folded.eq_any(&folded))
        .filter(not(exists(subscribers::table.filter(
            subscribers::supporter_id.eq(supporters::id.nullable()),
        ))))
        .select((supporters::email_folded, supporters::id));
    let donors: Vec<(String, SupporterId)> = each!(conn, c => donors.load(c))?;
    let donors: BTreeMap<String, SupporterId> = donors.into_iter().collect();
    let mut rows = Vec::new();
    let mut linked = 0;
    for ((user, email, folded, name, language), (id, token)) in owners.iter().zip(fresh) {
        if let Some(own) = there.get(folded) {
            each!(conn, c => diesel::update(subscribers::table.find(*own))
                .set(subscribers::user_id.eq(*user))
                .execute(c))?;
            linked += 1;
            continue;
        }
        rows.push((
            subscribers::id.eq(*id),
            subscribers::email.eq(email),
            subscribers::email_folded.eq(folded),
            subscribers::name.eq(name),
            subscribers::language.eq(language),
            subscribers::country.eq(""),
            subscribers::supporter_id.eq(donors.get(folded).copied()),
            subscribers::user_id.eq(Some(*user)),
            subscribers::token.eq(token),
            subscribers::created_at.eq(now),
        ));
    }
    if rows.is_empty() {
        return Ok(linked);
    }
    let made = each!(conn, c => diesel::insert_into(subscribers::table).values(rows).execute(c))?;
    Ok(made + linked)
}

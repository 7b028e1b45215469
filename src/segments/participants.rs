//! Participants become subscribers of nothing: a row that says where their pages' people are written to, and no list.

use std::collections::{BTreeMap, BTreeSet};

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
use crate::subscribers::{SubscriberId, erased, ops};

/// People of one batch.
const BATCH: usize = 500;

type Owner = (UserId, Email, String, String, String);

/// Makes whoever has a page known where bulk mail looks for people: links the subscriber of their address, or makes one.
/// Answers how many were made.
///
/// # Errors
/// The database's; the next run goes on from there.
pub async fn make_known(db: &Db, now: Timestamp) -> AppResult<usize> {
    let (mut made, mut after) = (0, None);
    loop {
        let seen = db.read(move |c| unknown(c, after)).await?;
        let Some((last, ..)) = seen.last() else {
            return Ok(made);
        };
        let last = *last;
        // Made outside: a transaction may run twice.
        let mut fresh = Vec::with_capacity(BATCH);
        for _person in 0..BATCH {
            fresh.push((SubscriberId::new(), random_token()?));
        }
        made += db.tx(move |c| batch(c, after, &fresh, now)).await?;
        // Those who are never made known, since they had everything erased, stand in nobody's way.
        after = Some(last);
    }
}

/// Owners of pages, with an address that is theirs, whom no subscriber is linked to; in the order of ids, behind `after`.
fn unknown(conn: &mut Conn, after: Option<UserId>) -> AppResult<Vec<Owner>> {
    let page = pages::table
        .filter(pages::owner_id.eq(users::id.nullable()))
        .filter(pages::status.eq_any(["live", "draft"]));
    let known = subscribers::table.filter(subscribers::user_id.eq(users::id.nullable()));
    // Somebody whose address is that of another account's subscriber stays as they are.
    let taken = subscribers::table
        .filter(subscribers::email_folded.eq(users::email_folded))
        .filter(subscribers::user_id.is_not_null());
    let after = after.map_or(String::new(), |id| id.to_string());
    let query = users::table
        .filter(users::id.gt(after))
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

fn batch(
    conn: &mut Conn,
    after: Option<UserId>,
    fresh: &[(SubscriberId, String)],
    now: Timestamp,
) -> AppResult<usize> {
    let mut owners = unknown(conn, after)?;
    let folded: Vec<String> = owners.iter().map(|one| one.2.clone()).collect();
    // A page of theirs is no yes: it takes their own to be a reader again.
    let erased = erased::among(conn, &folded)?;
    owners.retain(|(_, _, folded, ..)| !erased.contains(folded));
    let there = subscribers::table
        .filter(subscribers::email_folded.eq_any(&folded))
        .select(subscribers::email_folded);
    let there: Vec<String> = each!(conn, c => there.load(c))?;
    let there: BTreeSet<String> = there.into_iter().collect();
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
        if there.contains(folded) {
            ops::link_account(conn, email, *user)?;
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

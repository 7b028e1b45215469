//! Whom to ask again: the people who gave openly on a participant's earlier pages, one row a person.
//!
//! A person who gave anonymously is counted and never named (S18), not even as somebody who also gave openly: what is shown
//! comes from open gifts alone.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{donations, page_asks, pages};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::PageId;
use crate::kernel::{Currency, Money, Timestamp};
use crate::walls::model::GONE;

/// Earlier pages looked at, at most: one a season.
const SEASONS: usize = 10;

/// Gifts looked at, at most, the newest first.
const GIFTS: i64 = 10_000;

/// A person who gave openly before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDonor {
    /// The supporter's id.
    pub supporter: String,
    /// As they wrote their name with the newest open gift.
    pub name: String,
    /// How many open gifts.
    pub gifts: i64,
    /// When the newest open gift arrived.
    pub last_at: Timestamp,
    /// How much it was; `None` when they hide it.
    pub last_amount: Option<Money>,
    /// Whether they gave openly on the new page already.
    pub gave_again: bool,
    /// When the owner noted that they were asked.
    pub asked_at: Option<Timestamp>,
}

/// The past donors of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PastDonors {
    /// Those who can be named, not yet asked first, then by their newest gift.
    pub people: Vec<PastDonor>,
    /// How many gave anonymously only.
    pub unnamed: usize,
}

/// The same participant's earlier pages, newest first.
fn earlier(conn: &mut Conn, page: PageId) -> AppResult<Vec<PageId>> {
    let mut found: Vec<PageId> = Vec::new();
    let mut at = page;
    while found.len() < SEASONS {
        let query = pages::table.find(at).select(pages::previous_id);
        let previous: Option<Option<PageId>> = each!(conn, c => query.first(c).optional())?;
        match previous.flatten() {
            Some(id) if id != page && !found.contains(&id) => {
                found.push(id);
                at = id;
            }
            _ => break,
        }
    }
    Ok(found)
}

type Gift = (String, String, bool, bool, i64, Currency, Timestamp);

/// The past donors of a page that was brought over.
///
/// # Errors
/// The database's.
pub fn past_donors(conn: &mut Conn, page: PageId) -> AppResult<PastDonors> {
    let earlier = earlier(conn, page)?;
    if earlier.is_empty() {
        return Ok(PastDonors::default());
    }
    let query = donations::table
        .filter(donations::page_id.eq_any(&earlier))
        .filter(donations::paid_at.is_not_null())
        .filter(donations::status.ne(GONE))
        .order((donations::paid_at.desc(), donations::id.desc()))
        .limit(GIFTS)
        .select((
            donations::supporter_id,
            donations::donor_name,
            donations::anonymous,
            donations::hide_amount,
            donations::charged,
            donations::currency,
            donations::paid_at.assume_not_null(),
        ));
    let gifts: Vec<Gift> = each!(conn, c => query.load(c))?;
    let query = page_asks::table
        .filter(page_asks::page_id.eq(page))
        .select((page_asks::supporter_id, page_asks::asked_at));
    let asked: Vec<(String, Timestamp)> = each!(conn, c => query.load(c))?;
    let query = donations::table
        .filter(donations::page_id.eq(page))
        .filter(donations::paid_at.is_not_null())
        .filter(donations::status.ne(GONE))
        .filter(donations::anonymous.eq(false))
        .order((donations::paid_at.desc(), donations::id.desc()))
        .limit(GIFTS)
        .select(donations::supporter_id);
    let again: Vec<String> = each!(conn, c => query.load(c))?;
    Ok(gathered(
        gifts,
        &asked.into_iter().collect(),
        &again.into_iter().collect(),
    ))
}

fn gathered(
    gifts: Vec<Gift>,
    asked: &BTreeMap<String, Timestamp>,
    again: &BTreeSet<String>,
) -> PastDonors {
    let mut people: Vec<PastDonor> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut unnamed = BTreeSet::new();
    for (supporter, name, anonymous, hidden, charged, currency, at) in gifts {
        if anonymous {
            unnamed.insert(supporter);
            continue;
        }
        if let Some(person) = places.get(&supporter).and_then(|at| people.get_mut(*at)) {
            person.gifts += 1;
            continue;
        }
        places.insert(supporter.clone(), people.len());
        people.push(PastDonor {
            name,
            gifts: 1,
            last_at: at,
            last_amount: (!hidden).then(|| Money::new(charged, currency)),
            gave_again: again.contains(&supporter),
            asked_at: asked.get(&supporter).copied(),
            supporter,
        });
    }
    unnamed.retain(|supporter| !places.contains_key(supporter));
    // Newest gift first already; whoever waits to be asked stands before.
    people.sort_by_key(|person| person.asked_at.is_some() || person.gave_again);
    PastDonors {
        people,
        unnamed: unnamed.len(),
    }
}

/// Notes that a past donor was asked, or takes the note back.
///
/// # Errors
/// [`AppError::NotFound`] for somebody who did not give openly on an earlier page.
pub fn note(
    conn: &mut Conn,
    page: PageId,
    supporter: &str,
    asked: bool,
    now: Timestamp,
) -> AppResult<()> {
    let earlier = earlier(conn, page)?;
    let query = donations::table
        .filter(donations::page_id.eq_any(&earlier))
        .filter(donations::supporter_id.eq(supporter))
        .filter(donations::anonymous.eq(false))
        .filter(donations::paid_at.is_not_null())
        .count();
    if each!(conn, c => query.get_result::<i64>(c))? == 0 {
        return Err(AppError::NotFound("this person"));
    }
    if asked {
        let row = (
            page_asks::page_id.eq(page),
            page_asks::supporter_id.eq(supporter),
            page_asks::asked_at.eq(now),
        );
        each!(conn, c => diesel::insert_into(page_asks::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    } else {
        let row = page_asks::table.find((page, supporter));
        each!(conn, c => diesel::delete(row).execute(c))?;
    }
    Ok(())
}

//! Closing days: once a day is over, its lines are hashed over the day before and the newest seal.

use diesel::prelude::*;

use super::days::{Closing, GENESIS, days_of, lines_of};
use super::model::Books;
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::book_days;
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::{Day, Timestamp};

/// Hours after its end at which a day is closed: whatever was on its way has arrived.
const PATIENCE_HOURS: i64 = 1;

/// A day that is closed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = book_days)]
pub struct ClosedDay {
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// 1, 2, 3 … within the campaign.
    pub number: i32,
    /// The day in the campaign's time zone.
    pub day: Day,
    /// The newest seal of the ledger when it was closed; 0 before the first.
    pub seal: i64,
    /// That seal's hash.
    pub seal_hash: String,
    /// The hash of the day before.
    pub previous_hash: String,
    /// The hash over this day.
    pub hash: String,
    /// When it was closed.
    pub closed_at: Timestamp,
}

/// The closed days of a campaign in their order.
///
/// # Errors
/// The database's.
pub(super) fn closed(conn: &mut Conn, campaign: CampaignId) -> AppResult<Vec<ClosedDay>> {
    let query = book_days::table
        .filter(book_days::campaign_id.eq(campaign))
        .order(book_days::number);
    Ok(each!(conn, c => query.select(ClosedDay::as_select()).load(c))?)
}

/// Closes the days of `campaign` that are over; answers how many. The sums must have been brought up first.
///
/// # Errors
/// The database's.
pub fn close(
    conn: &mut Conn,
    campaign: &Campaign,
    books: &Books,
    now: Timestamp,
) -> AppResult<usize> {
    let closed = closed(conn, campaign.id)?;
    let ripe = now.minus(chrono::Duration::hours(PATIENCE_HOURS));
    let Some(open) = campaign.time_zone.day_of(ripe) else {
        return Ok(0);
    };
    let after = closed.last().map(|last| last.day);
    let mut previous = closed
        .last()
        .map_or_else(|| GENESIS.to_owned(), |last| last.hash.clone());
    let first = closed.last().map_or(1, |last| last.number + 1);
    let (seal, seal_hash) = match &books.seal {
        Some(seal) => (seal.id, seal.hash.clone()),
        None => (0, GENESIS.to_owned()),
    };
    let over = days_of(&books.entries)
        .into_iter()
        .filter(|day| *day < open && after.is_none_or(|after| *day > after));
    let mut fresh = Vec::new();
    for (number, day) in (first..).zip(over) {
        let lines = lines_of(&books.entries, day);
        let closing = Closing {
            campaign: &campaign.id.to_string(),
            number,
            day: &day.to_string(),
            lines: &lines,
            seal,
            seal_hash: &seal_hash,
            previous: &previous,
        };
        let hash = closing.hash();
        fresh.push(ClosedDay {
            campaign_id: campaign.id,
            number,
            day,
            seal,
            seal_hash: seal_hash.clone(),
            previous_hash: previous,
            hash: hash.clone(),
            closed_at: now,
        });
        previous = hash;
    }
    for some in fresh.chunks(500) {
        each!(conn, c => diesel::insert_into(book_days::table).values(some).execute(c))?;
    }
    Ok(fresh.len())
}

//! What the books can prove: against the ledger, against the layers, and day by day against their own hashes.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::close::closed;
use super::days::{Closing, GENESIS, lines_of};
use super::fold::Sums;
use super::project::{STEP, fold, movements, position};
use super::{Entry, Line};
use crate::campaigns::model::all;
use crate::db::Conn;
use crate::db::schema::book_sums;
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::Day;
use crate::ledger::seals;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = BigInt)]
    off: i64,
}

/// What is held by the books against what lies in the layers, by fund; only where the sums are up to the ledger.
const HELD: &str = "
    SELECT fund AS subject, CAST(SUM(amount) AS BIGINT) AS off FROM (
        SELECT fund_id AS fund, amount FROM book_sums WHERE line = 'held'
        UNION ALL SELECT fund_id, -held FROM splits
    ) AS sides GROUP BY fund HAVING SUM(amount) <> 0 ORDER BY fund LIMIT 20";

/// Everything about the books that does not hold, a line each.
///
/// # Errors
/// The database's.
pub fn findings(conn: &mut Conn) -> AppResult<Vec<String>> {
    let mut found = Vec::new();
    let until = position(conn)?;
    let counted = recount(conn, until)?;
    let kept = kept(conn)?;
    for (key, amount) in differences(&kept, &counted) {
        let (campaign, day, line, fund) = key;
        found.push(format!(
            "books: {line} {fund} of {campaign} on {day} is off by {amount} from the ledger"
        ));
    }
    if movements(conn, until, 1)?.is_empty() {
        let rows: Vec<Found> = each!(conn, c => diesel::sql_query(HELD).load(c))?;
        found.extend(rows.into_iter().map(|row| {
            format!(
                "books: what is held in {} is off by {} from its layers",
                row.subject, row.off
            )
        }));
    }
    chains(conn, &kept, &mut found)?;
    found.truncate(20);
    Ok(found)
}

type Key = (CampaignId, Day, Line, String);

fn kept(conn: &mut Conn) -> AppResult<BTreeMap<Key, i64>> {
    let query = book_sums::table.select((
        book_sums::campaign_id,
        book_sums::day,
        book_sums::line,
        book_sums::fund_id,
        book_sums::amount,
    ));
    let rows: Vec<(CampaignId, Day, Line, String, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(campaign, day, line, fund, amount)| ((campaign, day, line, fund), amount))
        .collect())
}

/// The sums of all transfers up to `until`, counted anew.
fn recount(conn: &mut Conn, until: i64) -> AppResult<BTreeMap<Key, i64>> {
    let (mut all, mut from) = (BTreeMap::new(), 0);
    while from < until {
        let mut rows = movements(conn, from, STEP)?;
        rows.retain(|row| row.id <= until);
        let Some(last) = rows.last() else { break };
        from = last.id;
        let Sums { campaigns, .. } = fold(conn, &rows)?;
        for (key, amount) in campaigns {
            *all.entry(key).or_insert(0) += amount;
        }
    }
    Ok(all)
}

fn differences(kept: &BTreeMap<Key, i64>, counted: &BTreeMap<Key, i64>) -> Vec<(Key, i64)> {
    let mut off = kept.clone();
    for (key, amount) in counted {
        *off.entry(key.clone()).or_insert(0) -= amount;
    }
    off.into_iter().filter(|(_, amount)| *amount != 0).collect()
}

/// Follows each campaign's closed days and names the first that does not hold.
fn chains(conn: &mut Conn, kept: &BTreeMap<Key, i64>, found: &mut Vec<String>) -> AppResult<()> {
    for campaign in all(conn)? {
        let entries: Vec<Entry> = kept
            .iter()
            .filter(|((of, ..), _)| *of == campaign.id)
            .map(|((_, day, line, fund), amount)| Entry {
                day: *day,
                line: *line,
                fund: fund.clone(),
                amount: *amount,
            })
            .collect();
        let mut previous = GENESIS.to_owned();
        let closed = closed(conn, campaign.id)?;
        let mut named: Vec<i64> = closed.iter().map(|day| day.seal).collect();
        named.dedup();
        let mut seals = seals::hashes(conn, &named)?;
        seals.insert(0, GENESIS.to_owned());
        for day in closed {
            let lines = lines_of(&entries, day.day);
            let closing = Closing {
                campaign: &campaign.id.to_string(),
                number: day.number,
                day: &day.day.to_string(),
                lines: &lines,
                seal: day.seal,
                seal_hash: &day.seal_hash,
                previous: &previous,
            };
            if day.previous_hash != previous || closing.hash() != day.hash {
                found.push(format!(
                    "books: day {} (number {}) of {} is not what it was when it was closed",
                    day.day, day.number, campaign.slug
                ));
                break;
            }
            if seals.get(&day.seal) != Some(&day.seal_hash) {
                found.push(format!(
                    "books: day {} (number {}) of {} was closed on seal {} of the ledger, which is gone or another one by now",
                    day.day, day.number, campaign.slug, day.seal
                ));
                break;
            }
            previous = day.hash;
        }
    }
    Ok(())
}

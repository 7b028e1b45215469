//! Keeping the sums: each transfer is read once, in order, and added to its lines.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::fold::{Fold, Layer, Movement, Sums};
use crate::db::Conn;
use crate::db::schema::{
    book_page_sums, book_positions, book_sums, campaigns, donations, grant_layers, grant_tranches,
    transfers,
};
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::{Timestamp, Zone};

/// Transfers read in one step.
pub(super) const STEP: i64 = 2_000;

/// The row that says how far the sums have come.
const POSITION: &str = "books";

/// Adds the transfers that came since the last time, a step at most; answers how many they were.
///
/// On PostgreSQL numbers are given before they are committed: writers of transfers are held for the moment in which the step
/// is read, so that no smaller number can appear behind the position (as with seals).
///
/// # Errors
/// The database's.
pub fn advance(conn: &mut Conn, now: Timestamp) -> AppResult<usize> {
    if !conn.is_sqlite() {
        conn.execute_batch("LOCK TABLE transfers IN SHARE MODE")?;
    }
    let from = position(conn)?;
    let rows = movements(conn, from, STEP)?;
    let Some(last) = rows.last() else {
        return Ok(0);
    };
    let sums = fold(conn, &rows)?;
    add_sums(conn, &sums)?;
    let row = (
        book_positions::name.eq(POSITION),
        book_positions::transfer_id.eq(last.id),
        book_positions::moved_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(book_positions::table)
        .values(row)
        .on_conflict(book_positions::name)
        .do_update()
        .set((
            book_positions::transfer_id.eq(last.id),
            book_positions::moved_at.eq(now),
        ))
        .execute(c))?;
    Ok(rows.len())
}

/// The last transfer that the sums hold; 0 before the first.
pub(super) fn position(conn: &mut Conn) -> AppResult<i64> {
    let query = book_positions::table
        .find(POSITION)
        .select(book_positions::transfer_id);
    Ok(each!(conn, c => query.first(c).optional())?.unwrap_or(0))
}

/// The transfers after `from`, each with the gift whose money it moves.
pub(super) fn movements(conn: &mut Conn, from: i64, most: i64) -> AppResult<Vec<Movement>> {
    let query = transfers::table
        .left_join(donations::table.on(donations::id.nullable().eq(transfers::donation_id)))
        .filter(transfers::id.gt(from))
        .order(transfers::id)
        .limit(most)
        .select((
            (
                transfers::id,
                transfers::debit,
                transfers::credit,
                transfers::amount,
                transfers::source_kind,
                transfers::source_id,
                transfers::created_at,
            ),
            (
                donations::campaign_id.nullable(),
                donations::page_id.nullable(),
                donations::paid_at.nullable(),
            ),
        ));
    type Moved = (i64, String, String, i64, String, String, Timestamp);
    type Gift = (
        Option<CampaignId>,
        Option<crate::ids::PageId>,
        Option<Timestamp>,
    );
    let rows: Vec<(Moved, Gift)> = each!(conn, c => query.load(c))?;
    let movement = |(moved, gift): (Moved, Gift)| Movement {
        id: moved.0,
        debit: moved.1,
        credit: moved.2,
        amount: moved.3,
        source_kind: moved.4,
        source_id: moved.5,
        created_at: moved.6,
        campaign: gift.0,
        page: gift.1,
        paid_at: gift.2,
    };
    Ok(rows.into_iter().map(movement).collect())
}

/// What `rows` add up to.
pub(super) fn fold(conn: &mut Conn, rows: &[Movement]) -> AppResult<Sums> {
    let zones = zones(conn)?;
    let layers = layers(conn, rows)?;
    let mut fold = Fold {
        zones: &zones,
        layers: &layers,
        sums: Sums::default(),
    };
    for row in rows {
        fold.add(row)?;
    }
    Ok(fold.sums)
}

fn zones(conn: &mut Conn) -> AppResult<BTreeMap<CampaignId, Zone>> {
    let query = campaigns::table.select((campaigns::id, campaigns::time_zone));
    let rows: Vec<(CampaignId, Zone)> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

/// What the tranches among `rows` took, gift by gift.
fn layers(conn: &mut Conn, rows: &[Movement]) -> AppResult<Vec<Layer>> {
    let is_grant =
        |row: &&Movement| row.debit.starts_with("granted:") || row.credit.starts_with("granted:");
    let tranches: Vec<&str> = rows
        .iter()
        .filter(is_grant)
        .map(|row| row.source_id.as_str())
        .collect();
    let mut found = Vec::new();
    for some in tranches.chunks(500) {
        let query = grant_layers::table
            .inner_join(grant_tranches::table.on(grant_tranches::id.eq(grant_layers::tranche_id)))
            .inner_join(donations::table.on(donations::id.eq(grant_layers::donation_id)))
            .filter(grant_layers::tranche_id.eq_any(some))
            .select((
                grant_layers::tranche_id,
                grant_tranches::grant_id,
                donations::campaign_id,
                donations::page_id,
                donations::paid_at,
                donations::created_at,
                grant_layers::amount,
            ));
        type Row = (
            String,
            crate::ids::GrantId,
            CampaignId,
            Option<crate::ids::PageId>,
            Option<Timestamp>,
            Timestamp,
            i64,
        );
        let rows: Vec<Row> = each!(conn, c => query.load(c))?;
        found.extend(rows.into_iter().map(|row| Layer {
            tranche: row.0,
            grant: row.1,
            campaign: row.2,
            page: row.3,
            settled_at: row.4.unwrap_or(row.5),
            amount: row.6,
        }));
    }
    Ok(found)
}

fn add_sums(conn: &mut Conn, sums: &Sums) -> AppResult<()> {
    let rows: Vec<_> = sums
        .campaigns
        .iter()
        .filter(|(_, amount)| **amount != 0)
        .map(|((campaign, day, line, fund), amount)| {
            (
                book_sums::campaign_id.eq(*campaign),
                book_sums::day.eq(*day),
                book_sums::line.eq(*line),
                book_sums::fund_id.eq(fund.as_str()),
                book_sums::amount.eq(*amount),
            )
        })
        .collect();
    for some in rows.chunks(1_000) {
        each!(conn, c => diesel::insert_into(book_sums::table)
            .values(some.to_vec())
            .on_conflict((
                book_sums::campaign_id,
                book_sums::day,
                book_sums::line,
                book_sums::fund_id,
            ))
            .do_update()
            .set(book_sums::amount.eq(book_sums::amount + excluded(book_sums::amount)))
            .execute(c))?;
    }
    let rows: Vec<_> = sums
        .pages
        .iter()
        .filter(|(_, amount)| **amount != 0)
        .map(|((page, line, fund, grant), amount)| {
            (
                book_page_sums::page_id.eq(*page),
                book_page_sums::line.eq(*line),
                book_page_sums::fund_id.eq(fund.as_str()),
                book_page_sums::grant_id.eq(grant.as_str()),
                book_page_sums::amount.eq(*amount),
            )
        })
        .collect();
    for some in rows.chunks(1_000) {
        each!(conn, c => diesel::insert_into(book_page_sums::table)
            .values(some.to_vec())
            .on_conflict((
                book_page_sums::page_id,
                book_page_sums::line,
                book_page_sums::fund_id,
                book_page_sums::grant_id,
            ))
            .do_update()
            .set(book_page_sums::amount.eq(book_page_sums::amount + excluded(book_page_sums::amount)))
            .execute(c))?;
    }
    Ok(())
}

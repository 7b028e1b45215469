//! Seals: blocks of transfers under a hash that covers the block and the seal before it (L11).
//!
//! No posting waits on the chain: a job seals what has come since the last seal. Whoever changes a sealed transfer,
//! with whatever rights, breaks the chain from that block on. Whoever takes seals away leaves a gap; or, at the end, transfers
//! that nothing covers, and days of the books that name a seal which is gone or another one by now.

use std::collections::BTreeMap;

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::db::Conn;
use crate::db::schema::{schedules, seals, transfers};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Currency, Timestamp};

/// Transfers under one seal at most.
const BLOCK: i64 = 5_000;

/// The schedule that seals.
pub const SCHEDULE: &str = "seal_transfers";

/// Minutes for which a transfer may wait for its seal while the schedule runs.
const PATIENCE_MINUTES: i64 = 15;

/// The hash that stands before the first seal.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A transfer as a seal covers it: every column.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = transfers)]
pub struct Sealable {
    id: i64,
    debit: String,
    credit: String,
    amount: i64,
    currency: Currency,
    code: String,
    source_kind: String,
    source_id: String,
    donation_id: Option<String>,
    reverses: Option<i64>,
    created_at: Timestamp,
}

/// A seal.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = seals)]
pub struct Seal {
    /// 1, 2, 3 …
    pub id: i64,
    /// The first transfer covered.
    pub first_transfer: i64,
    /// The last transfer covered.
    pub last_transfer: i64,
    /// How many are covered.
    pub transfers: i64,
    /// SHA-256 over the seal before and the block.
    pub hash: String,
    /// The hash of the seal before.
    pub previous_hash: String,
    /// When it was set.
    pub sealed_at: Timestamp,
}

/// Seals what has come since the last seal; answers how many transfers were sealed (0: none were new).
///
/// On PostgreSQL numbers are given before they are committed, so writers of transfers are held for the moment in
/// which the block is read: no smaller number can appear behind a seal.
///
/// # Errors
/// The database's.
pub fn seal(conn: &mut Conn, now: Timestamp) -> AppResult<i64> {
    if !conn.is_sqlite() {
        conn.execute_batch("LOCK TABLE transfers IN SHARE MODE")?;
    }
    let last = newest(conn)?;
    let from = last.as_ref().map_or(0, |seal| seal.last_transfer);
    let block = block(conn, from, i64::MAX)?;
    let (Some(first), Some(end)) = (block.first(), block.last()) else {
        return Ok(0);
    };
    let previous = last.as_ref().map_or(GENESIS, |seal| seal.hash.as_str());
    let count = i64::try_from(block.len()).unwrap_or(i64::MAX);
    let fresh = Seal {
        id: last.as_ref().map_or(1, |seal| seal.id + 1),
        first_transfer: first.id,
        last_transfer: end.id,
        transfers: count,
        hash: hash(previous, &block),
        previous_hash: previous.to_owned(),
        sealed_at: now,
    };
    each!(conn, c => diesel::insert_into(seals::table).values(&fresh).execute(c))?;
    Ok(count)
}

/// The newest seal.
///
/// # Errors
/// The database's.
pub fn newest(conn: &mut Conn) -> AppResult<Option<Seal>> {
    let query = seals::table.order(seals::id.desc());
    Ok(each!(conn, c => query.select(Seal::as_select()).first(c).optional())?)
}

/// Walks the whole chain; answers what is wrong with the first bad block, naming it and, where it can be told, the
/// transfer; or else that the chain ends too early.
///
/// # Errors
/// The database's.
pub fn verify(conn: &mut Conn) -> AppResult<Option<String>> {
    let newest = newest(conn)?;
    let last = newest.as_ref().map_or(0, |seal| seal.id);
    let (mut previous, mut after) = (GENESIS.to_owned(), 0);
    for number in 1..=last {
        let query = seals::table.find(number);
        let found = each!(conn, c => query.select(Seal::as_select()).first(c).optional())?;
        let Some(seal) = found else {
            return Ok(Some(format!(
                "seal {number} is missing, though seal {last} is there"
            )));
        };
        let block = block(conn, after, seal.last_transfer)?;
        let count = i64::try_from(block.len()).unwrap_or(i64::MAX);
        if seal.previous_hash != previous {
            return Ok(Some(format!(
                "seal {number} does not follow seal {}",
                number - 1
            )));
        }
        if count != seal.transfers || hash(&previous, &block) != seal.hash {
            return Ok(Some(format!(
                "seal {number} over transfers {} to {} does not match: {} of {} transfers are there, or one was changed",
                seal.first_transfer, seal.last_transfer, count, seal.transfers
            )));
        }
        previous = seal.hash;
        after = seal.last_transfer;
    }
    unsealed(conn, newest.as_ref())
}

/// Transfers that have come since the newest seal and that the schedule should have sealed: seals were taken away, or sealing
/// fails. The proof has no clock of its own; it counts by the schedule's last turn, so that where nothing runs by itself, as in
/// a copy of the database, nothing is late.
fn unsealed(conn: &mut Conn, newest: Option<&Seal>) -> AppResult<Option<String>> {
    let query = schedules::table
        .filter(schedules::name.eq(SCHEDULE))
        .filter(schedules::last_at.is_not_null())
        .select(schedules::last_at.assume_not_null());
    let turned: Option<Timestamp> = each!(conn, c => query.first(c).optional())?;
    let Some(turned) = turned else {
        return Ok(None);
    };
    let before = turned.minus(chrono::Duration::minutes(PATIENCE_MINUTES));
    let after = newest.map_or(0, |seal| seal.last_transfer);
    // A transfer's time is taken before it is posted: one that is older than the newest seal was posted as that was set.
    let since = newest.map(|seal| seal.sealed_at);
    let oldest: Option<i64> = each!(conn, c: Db => {
        let mut query = transfers::table
            .filter(transfers::id.gt(after))
            .filter(transfers::created_at.lt(before))
            .order(transfers::id)
            .select(transfers::id)
            .into_boxed::<Db>();
        if let Some(since) = since {
            query = query.filter(transfers::created_at.gt(since));
        }
        query.first(c).optional()
    })?;
    Ok(oldest.map(|id| {
        format!("transfer {id} and what came after it lie under no seal, {PATIENCE_MINUTES} minutes later and more: seals were taken away, or the job that seals fails")
    }))
}

/// The hashes of seals by their numbers; those that are not there are left out.
///
/// # Errors
/// The database's.
pub fn hashes(conn: &mut Conn, numbers: &[i64]) -> AppResult<BTreeMap<i64, String>> {
    let mut found = BTreeMap::new();
    for chunk in numbers.chunks(1000) {
        let query = seals::table
            .filter(seals::id.eq_any(chunk))
            .select((seals::id, seals::hash));
        let rows: Vec<(i64, String)> = each!(conn, c => query.load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

fn block(conn: &mut Conn, after: i64, until: i64) -> AppResult<Vec<Sealable>> {
    let query = transfers::table
        .filter(transfers::id.gt(after).and(transfers::id.le(until)))
        .order(transfers::id)
        .limit(BLOCK);
    Ok(each!(conn, c => query.select(Sealable::as_select()).load(c))?)
}

/// SHA-256 over the previous hash and, transfer by transfer, every column with its length before it, so that no two
/// different blocks read the same.
fn hash(previous: &str, block: &[Sealable]) -> String {
    let mut state = Sha256::new();
    state.update(previous.as_bytes());
    for transfer in block {
        let fields = [
            transfer.id.to_string(),
            transfer.debit.clone(),
            transfer.credit.clone(),
            transfer.amount.to_string(),
            transfer.currency.to_string(),
            transfer.code.clone(),
            transfer.source_kind.clone(),
            transfer.source_id.clone(),
            transfer.donation_id.clone().unwrap_or_default(),
            transfer
                .reverses
                .map(|id| id.to_string())
                .unwrap_or_default(),
            transfer.created_at.micros().to_string(),
        ];
        for field in fields {
            state.update((field.len() as u64).to_be_bytes());
            state.update(field.as_bytes());
        }
    }
    hex::encode(state.finalize())
}

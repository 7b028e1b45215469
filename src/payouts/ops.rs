//! From what the processor says of its payouts to our books: rows, comparison, transfers, findings.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::model::{Payout, PayoutItem, PayoutState, known};
use crate::db::Conn;
use crate::db::schema::{payout_items, payouts, refunds, transfers};
use crate::donations::disputes;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::findings;
use crate::kernel::{Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};
use crate::payments::PROCESSOR;
use crate::payments::client;

/// An entry of the processor's that our books lack.
pub const MISSING: &str = "payout_item_missing";
/// An entry that says another amount than ours.
pub const DIFFERS: &str = "payout_item_differs";
/// A payout that is not the sum of its entries.
pub const SUM_DIFFERS: &str = "payout_sum_differs";
/// A payout that could not be booked.
pub const NOT_BOOKED: &str = "payout_not_booked";
/// An entry of ours that is in no payout.
pub const NOT_PAID_OUT: &str = "payout_entry_missing";

/// A payout with what it is made up of, as the processor tells it.
#[derive(Debug, Clone)]
pub struct Told {
    /// The payout.
    pub payout: client::Payout,
    /// Its balance transactions.
    pub moved: Vec<client::Moved>,
}

/// What a run found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Payouts that came into the books.
    pub booked: usize,
    /// Payouts that were taken out of them again.
    pub reversed: usize,
    /// Entries that do not agree.
    pub differing: usize,
}

/// Takes `told` into the books; telling it again changes nothing.
///
/// # Errors
/// The database's.
pub fn record(conn: &mut Conn, told: &[Told], now: Timestamp) -> AppResult<Recorded> {
    let mut done = Recorded::default();
    for one in told {
        let id = &one.payout.id;
        let (Some(amount), Ok(state)) = (one.payout.amount, one.payout.status.parse()) else {
            let why = format!(
                "its amount or its state ({}) cannot be read",
                one.payout.status
            );
            findings::open(conn, NOT_BOOKED, id, &why, now)?;
            continue;
        };
        let payout = upsert(conn, &one.payout, amount, state, now)?;
        done.differing += compare(conn, &payout, &one.moved, now)?;
        // In a savepoint: a bank account that does not hold what came back must not keep the rest out of the books.
        match conn.atomically(|conn| book(conn, &payout, now)) {
            Ok((booked, reversed)) => {
                done.booked += usize::from(booked);
                done.reversed += usize::from(reversed);
                findings::close_by_itself(conn, NOT_BOOKED, id, "It is in the books now.", now)?;
            }
            Err(AppError::Conflict { detail, .. }) => {
                findings::open(conn, NOT_BOOKED, id, &detail, now)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

fn upsert(
    conn: &mut Conn,
    told: &client::Payout,
    amount: Money,
    state: PayoutState,
    now: Timestamp,
) -> AppResult<Payout> {
    let row = Payout {
        id: told.id.clone(),
        currency: amount.currency(),
        amount: amount.minor(),
        state,
        failure: told.failure.clone(),
        made_at: told.created,
        arrives_at: told.arrives,
        seen_at: now,
        booked_at: None,
        reversed_at: None,
        agreed_at: None,
    };
    Ok(each!(conn, c => diesel::insert_into(payouts::table)
        .values(&row)
        .on_conflict(payouts::id)
        .do_update()
        .set((
            payouts::state.eq(state),
            payouts::failure.eq(&row.failure),
            payouts::arrives_at.eq(row.arrives_at),
            payouts::seen_at.eq(now),
        ))
        .returning(Payout::as_returning())
        .get_result(c))?)
}

/// Writes what the payout is made up of beside what we have of it; answers how many entries do not agree.
fn compare(
    conn: &mut Conn,
    payout: &Payout,
    moved: &[client::Moved],
    now: Timestamp,
) -> AppResult<usize> {
    let ours = Ours::load(conn, moved)?;
    let minor = |money: Option<Money>| {
        money
            .filter(|money| money.currency() == payout.currency)
            .map(Money::minor)
    };
    let mut items = Vec::with_capacity(moved.len());
    let mut is_readable = true;
    for one in moved {
        let (Some(amount), Some(fee), Some(net)) =
            (minor(one.amount), minor(one.fee), minor(one.net))
        else {
            is_readable = false;
            continue;
        };
        items.push(PayoutItem {
            ours: ours.of(one, net),
            transaction_id: one.id.clone(),
            payout_id: payout.id.clone(),
            kind: one.kind.clone(),
            source_id: one.source.clone(),
            amount,
            fee,
            net,
        });
    }
    for chunk in items.chunks(1000) {
        each!(conn, c => diesel::insert_into(payout_items::table)
            .values(chunk)
            .on_conflict(payout_items::transaction_id)
            .do_update()
            .set((
                payout_items::amount.eq(excluded(payout_items::amount)),
                payout_items::fee.eq(excluded(payout_items::fee)),
                payout_items::net.eq(excluded(payout_items::net)),
                payout_items::ours.eq(excluded(payout_items::ours)),
            ))
            .execute(c))?;
    }
    let differing = tell(conn, payout, &items, now)?;
    let sum: i64 = items.iter().map(|item| item.net).sum();
    let adds_up = is_readable && sum == payout.amount;
    if adds_up {
        findings::close_by_itself(conn, SUM_DIFFERS, &payout.id, "It adds up now.", now)?;
    } else {
        let entries = Money::new(sum, payout.currency);
        let why = format!(
            "the bank gets {}, its entries come to {}",
            payout.money(),
            entries
        );
        findings::open(conn, SUM_DIFFERS, &payout.id, &why, now)?;
    }
    let agreed = (differing == 0 && adds_up).then(|| payout.agreed_at.unwrap_or(now));
    let change = diesel::update(payouts::table.find(&payout.id)).set(payouts::agreed_at.eq(agreed));
    each!(conn, c => change.execute(c))?;
    Ok(differing)
}

/// Opens a finding for each entry that does not agree, and closes those of entries that do by now.
fn tell(
    conn: &mut Conn,
    payout: &Payout,
    items: &[PayoutItem],
    now: Timestamp,
) -> AppResult<usize> {
    let money = |minor| Money::new(minor, payout.currency);
    let mut differing = 0;
    for item in items {
        let id = &item.transaction_id;
        let what = format!("{} {} in payout {}", item.kind, item.source_id, payout.id);
        let why = match item.ours {
            Some(ours) if ours == item.net => None,
            Some(ours) => Some((
                DIFFERS,
                format!(
                    "{what}: the processor says {}, our books {}",
                    money(item.net),
                    money(ours)
                ),
            )),
            None => Some((
                MISSING,
                format!(
                    "{what}: {} of the processor's that our books do not have",
                    money(item.net)
                ),
            )),
        };
        let Some((kind, why)) = why else {
            continue;
        };
        differing += 1;
        findings::open(conn, kind, id, &why, now)?;
    }
    if payout.agreed_at.is_none() {
        let agreeing = items.iter().filter(|item| item.agrees());
        for item in agreeing {
            for kind in [MISSING, DIFFERS] {
                let word = "Both books say the same now.";
                findings::close_by_itself(conn, kind, &item.transaction_id, word, now)?;
            }
            let word = "It was paid out after all.";
            findings::close_by_itself(conn, NOT_PAID_OUT, &item.source_id, word, now)?;
        }
    }
    Ok(differing)
}

/// What our account of the processor says of each source.
struct Ours {
    /// By kind and id of the source.
    sums: BTreeMap<(String, String), i64>,
    /// Refunds that had failed, and disputes that were won, before we heard of them, so that neither they nor their return were ever booked.
    passed_by: Vec<String>,
}

impl Ours {
    fn load(conn: &mut Conn, moved: &[client::Moved]) -> AppResult<Self> {
        let processor = Account::processor(PROCESSOR);
        let mut ids: Vec<String> = moved
            .iter()
            .flat_map(|one| {
                let own = disputes::under(&one.source, &one.id);
                [one.source.clone(), one.id.clone(), own]
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let mut sums = BTreeMap::new();
        for chunk in ids.chunks(1000) {
            let query = transfers::table
                .filter(transfers::source_kind.eq_any([
                    "charge",
                    "balance_transaction",
                    "refund",
                    "refund_failed",
                    "dispute",
                    "dispute_won",
                    "payout_failed",
                ]))
                .filter(transfers::source_id.eq_any(chunk))
                .filter(
                    transfers::debit
                        .eq(processor.as_str())
                        .or(transfers::credit.eq(processor.as_str())),
                )
                .select((
                    transfers::source_kind,
                    transfers::source_id,
                    transfers::debit,
                    transfers::amount,
                ));
            let rows: Vec<(String, String, String, i64)> = each!(conn, c => query.load(c))?;
            for (kind, id, debit, amount) in rows {
                let signed = if debit == processor.as_str() {
                    amount
                } else {
                    -amount
                };
                *sums.entry((kind, id)).or_default() += signed;
            }
        }
        let back: Vec<&str> = moved
            .iter()
            .filter(|one| one.source.starts_with("re_") || one.source.starts_with("dp_"))
            .map(|one| one.source.as_str())
            .collect();
        let query = refunds::table
            .filter(refunds::id.eq_any(&back))
            .filter(refunds::state.eq("recredited"))
            .select(refunds::id);
        let failed: Vec<String> = each!(conn, c => query.load(c))?;
        let passed_by = failed
            .into_iter()
            .filter(|id| {
                let has = |kind: &str| sums.contains_key(&(kind.to_owned(), id.clone()));
                !has("refund") && !has("dispute")
            })
            .collect();
        Ok(Self { sums, passed_by })
    }

    fn of(&self, moved: &client::Moved, net: i64) -> Option<i64> {
        let sum = |kind: &str, id: &str| self.sums.get(&(kind.to_owned(), id.to_owned())).copied();
        let fee = || sum("balance_transaction", &moved.id).unwrap_or_default();
        // A movement of a dispute after the first: what was set aside again, less what the bank holds from then on.
        let own = disputes::under(&moved.source, &moved.id);
        let parts = (sum("dispute", &own), sum("dispute_won", &own));
        if parts != (None, None) {
            return Some(parts.0.unwrap_or_default() + parts.1.unwrap_or_default() + fee());
        }
        if self.passed_by.contains(&moved.source) {
            return Some(net);
        }
        match moved.kind.as_str() {
            "charge" | "payment" => {
                let gross = sum("charge", &moved.source)?;
                Some(gross + fee())
            }
            // What a donor's bank takes, and gives back when it is lost there.
            "adjustment" if moved.source.starts_with("dp_") => {
                let taken = moved.amount.is_some_and(|amount| amount.minor() < 0);
                let kind = if taken { "dispute" } else { "dispute_won" };
                Some(sum(kind, &moved.source)? + fee())
            }
            "refund" | "payment_refund" => sum("refund", &moved.source),
            "refund_failure" | "payment_failure_refund" => sum("refund_failed", &moved.source),
            "payout_failure" | "payout_cancel" => sum("payout_failed", &moved.source),
            _ => None,
        }
    }
}

/// Posts what arrived at the bank, or what the processor took from there when its balance was below nothing, and takes it
/// back when the bank sent it back. One that failed before we heard of it is posted and taken back at once, so that its return
/// in a later payout has its entry.
fn book(conn: &mut Conn, payout: &Payout, now: Timestamp) -> AppResult<(bool, bool)> {
    let mut done = (false, false);
    let came = payout.state == PayoutState::Paid || payout.state.came_back();
    if came && payout.booked_at.is_none() && payout.amount != 0 {
        let transfer = transfer(payout, "payout", None);
        ledger::post(conn, &[transfer], now)?;
        let change =
            diesel::update(payouts::table.find(&payout.id)).set(payouts::booked_at.eq(now));
        each!(conn, c => change.execute(c))?;
        done.0 = true;
    }
    if payout.state.came_back() && payout.reversed_at.is_none() && payout.amount != 0 {
        let query = transfers::table
            .filter(transfers::source_kind.eq("payout"))
            .filter(transfers::source_id.eq(&payout.id))
            .select(transfers::id);
        let booked: i64 = each!(conn, c => query.first(c))?;
        let transfer = transfer(payout, "payout_failed", Some(booked));
        ledger::post(conn, &[transfer], now)?;
        let change =
            diesel::update(payouts::table.find(&payout.id)).set(payouts::reversed_at.eq(now));
        each!(conn, c => change.execute(c))?;
        done.1 = true;
    }
    Ok(done)
}

fn transfer(payout: &Payout, kind: &'static str, reverses: Option<i64>) -> NewTransfer {
    let (bank, processor) = (Account::bank(), Account::processor(PROCESSOR));
    let to_bank = (payout.amount > 0) == reverses.is_none();
    let (debit, credit) = if to_bank {
        (bank, processor)
    } else {
        (processor, bank)
    };
    NewTransfer {
        debit,
        credit,
        amount: Money::new(payout.amount.saturating_abs(), payout.currency),
        code: Code::new(kind),
        source: Source {
            kind,
            id: payout.id.clone(),
        },
        donation: None,
        reverses,
    }
}

/// Which of `listed` must be looked at again: unknown ones, those of another state, and those that do not agree yet.
///
/// # Errors
/// The database's.
pub fn to_look_at(conn: &mut Conn, listed: &[client::Payout]) -> AppResult<Vec<String>> {
    let ids: Vec<String> = listed.iter().map(|one| one.id.clone()).collect();
    let known = known(conn, &ids)?;
    let open = listed.iter().filter(|one| match known.get(&one.id) {
        None => true,
        Some(row) => {
            let moves = row.amount != 0;
            let unbooked = row.state == PayoutState::Paid && row.booked_at.is_none();
            let unreversed = row.state.came_back() && row.reversed_at.is_none();
            row.agreed_at.is_none()
                || row.state.as_str() != one.status
                || (moves && (unbooked || unreversed))
        }
    });
    Ok(open.map(|one| one.id.clone()).collect())
}

//! Disputes (P19): the donor's bank takes a payment back, and the processor's word says how it ends.
//!
//! ```text
//! asked -> open -> won | lost     (a lost one is won when its money comes back late, a won one open when it is taken again)
//! ```
//!
//! What the bank took leaves the funds at once, by what remains of each (L6), as it has left the processor's balance: nothing
//! is granted, and nothing shown, that may have to be given up. A dispute that is won sets it aside again; one that is lost
//! stays as it is. What the processor keeps for a dispute is a cost on `fees` that no gift bears.
//!
//! The books follow the movements of the money and not the word that stands on a dispute: what the bank holds is what it took
//! less what it gave back. The first that it takes is booked under the dispute's id, and given back under the same; what moves
//! after that, under the id and the movement's ([`under`]), so that a payout finds each entry.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::model::{Donation, DonationId};
use super::refunds::{self, RefundState, Way};
use crate::db::Conn;
use crate::db::schema::{disputes, refunds as refund_rows, transfers};
use crate::each;
use crate::error::AppResult;
use crate::findings;
use crate::kernel::{Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};
use crate::payments::PROCESSOR;
use crate::payments::client::Dispute;

crate::words! {
    /// How a dispute stands.
    pub enum DisputeState {
        /// The bank asks, and has taken nothing.
        Asked = "asked",
        /// The money is with the bank until it decides.
        Open = "open",
        /// The money came back.
        Won = "won",
        /// It stays with the donor.
        Lost = "lost",
    }
}

/// The finding of a dispute that waits for evidence.
pub const FINDING: &str = "payment_disputed";

/// A dispute as we know it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = disputes)]
pub struct DisputeRow {
    /// `dp_…`: unique, so a dispute is booked once whoever reports it (P14).
    pub id: String,
    /// The gift.
    pub donation_id: DonationId,
    /// What the bank took, minor units; of it, what it holds stands among the gift's refunds.
    pub amount: i64,
    /// What the processor kept for it.
    pub fee: i64,
    /// How it stands.
    pub state: DisputeState,
    /// The processor's word for why.
    pub reason: String,
    /// When we heard of it.
    pub opened_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

/// The disputes of a gift, oldest first.
///
/// # Errors
/// The database's.
pub fn of_donation(conn: &mut Conn, id: DonationId) -> AppResult<Vec<DisputeRow>> {
    let query = disputes::table
        .filter(disputes::donation_id.eq(id))
        .order((disputes::opened_at, disputes::id));
    Ok(each!(conn, c => query.select(DisputeRow::as_select()).load(c))?)
}

/// Whether a bank holds something of a gift, or has kept it.
pub(super) fn stands(conn: &mut Conn, id: DonationId) -> AppResult<bool> {
    let own = disputes::table
        .filter(disputes::donation_id.eq(id))
        .filter(disputes::state.eq_any([DisputeState::Open, DisputeState::Lost]))
        .count();
    Ok(each!(conn, c => own.get_result::<i64>(c))? > 0)
}

/// What a sighting says of a dispute.
struct Sighted<'a> {
    told: &'a Dispute,
    taken: i64,
    back: i64,
    fee: i64,
    state: DisputeState,
}

impl<'a> Sighted<'a> {
    /// `Err`: an amount that cannot be booked.
    fn of(told: &'a Dispute, donation: &Donation) -> Result<Self, String> {
        let (mut taken, mut back, mut fee) = (0, 0, 0);
        for moved in &told.moves {
            let own = |money: Option<Money>| {
                let money = money.filter(|money| money.currency() == donation.currency);
                let word = || format!("dispute {} has an amount that we cannot book", told.id);
                money.map(Money::minor).ok_or_else(word)
            };
            let amount = own(moved.amount)?;
            taken += (-amount).max(0);
            back += amount.max(0);
            fee += own(moved.fee)?;
        }
        let state = match told.status.as_str() {
            _ if taken == 0 => DisputeState::Asked,
            _ if back >= taken => DisputeState::Won,
            "lost" => DisputeState::Lost,
            _ => DisputeState::Open,
        };
        Ok(Self {
            told,
            taken,
            back,
            fee,
            state,
        })
    }

    /// What the bank took (below zero) and gave back since the books heard of `taken` and `back`, in order.
    fn news(&self, taken: i64, back: i64) -> Vec<(&'a str, i64)> {
        let (mut all_taken, mut all_back) = (0, 0);
        let mut news = Vec::new();
        for moved in &self.told.moves {
            let minor = moved.amount.map_or(0, Money::minor);
            all_taken += (-minor).max(0);
            all_back += minor.max(0);
            let is_new = (minor < 0 && all_taken > taken) || (minor > 0 && all_back > back);
            if is_new {
                news.push((moved.id.as_str(), minor));
            }
        }
        news
    }
}

/// The id under which a movement of a dispute is booked, unless it is the first of its direction.
pub fn under(dispute: &str, transaction: &str) -> String {
    format!("{dispute}:{transaction}")
}

/// What the bank holds of a gift under a dispute, as booked: the id and the amount.
fn held(conn: &mut Conn, id: &str) -> AppResult<Option<(String, i64)>> {
    let own = refund_rows::table
        .filter(
            refund_rows::id
                .eq(id)
                .or(refund_rows::id.like(under(id, "%"))),
        )
        .filter(refund_rows::state.eq(RefundState::Posted))
        .select((refund_rows::id, refund_rows::amount));
    Ok(each!(conn, c => own.first(c).optional())?)
}

/// Books what is new among the processor's `seen` disputes that have come back: before refunds, which may take of it again.
/// The inner error tells what does not fit.
pub(super) fn win(
    conn: &mut Conn,
    donation: &mut Donation,
    seen: &[Dispute],
    now: Timestamp,
) -> AppResult<Result<bool, String>> {
    follow(conn, donation, seen, true, now)
}

/// The same of those that are open or lost: after refunds, which came before them.
pub(super) fn lose(
    conn: &mut Conn,
    donation: &mut Donation,
    seen: &[Dispute],
    now: Timestamp,
) -> AppResult<Result<bool, String>> {
    follow(conn, donation, seen, false, now)
}

fn follow(
    conn: &mut Conn,
    donation: &mut Donation,
    seen: &[Dispute],
    won: bool,
    now: Timestamp,
) -> AppResult<Result<bool, String>> {
    if seen.is_empty() {
        return Ok(Ok(false));
    }
    let known = of_donation(conn, donation.id)?;
    let mut changed = false;
    for told in seen {
        let sighted = match Sighted::of(told, donation) {
            Ok(sighted) => sighted,
            Err(why) => return Ok(Err(why)),
        };
        if (sighted.state == DisputeState::Won) != won {
            continue;
        }
        let before = known.iter().find(|row| row.id == told.id);
        match note(conn, donation, &sighted, before, now)? {
            Ok(some) => changed |= some,
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(changed))
}

/// How far a dispute has come while no money moves.
fn rank(state: DisputeState) -> u8 {
    match state {
        DisputeState::Asked => 0,
        DisputeState::Open => 1,
        DisputeState::Won | DisputeState::Lost => 2,
    }
}

fn note(
    conn: &mut Conn,
    donation: &mut Donation,
    sighted: &Sighted<'_>,
    before: Option<&DisputeRow>,
    now: Timestamp,
) -> AppResult<Result<bool, String>> {
    let (id, state) = (&sighted.told.id, sighted.state);
    let was = before.map(|row| row.state);
    let held = held(conn, id)?;
    let holds = held.as_ref().map_or(0, |(_, minor)| *minor);
    let taken = before.map_or(0, |row| row.amount);
    let back = taken - holds;
    // Movements only ever come: a sighting that knows of fewer is older, and changes nothing (P13).
    let is_older = sighted.taken < taken || sighted.back < back;
    let news = sighted.news(taken, back);
    if is_older || (news.is_empty() && was.is_some_and(|was| rank(was) >= rank(state))) {
        return Ok(Ok(false));
    }
    // What had come back before we heard of any of it is never booked.
    let passed_by = state == DisputeState::Won && taken == 0;
    if !passed_by && most(holds, &news) > donation.charged - donation.refunded + holds {
        return Ok(Err(format!(
            "dispute {id} exceeds what is left of the gift"
        )));
    }
    write(conn, donation, sighted, was.is_some(), now)?;
    fees(conn, donation, sighted, now)?;
    if passed_by {
        refunds::passed_by(conn, donation, id, sighted.taken, now)?;
    } else {
        book(conn, donation, id, held, &news, now)?;
    }
    if rank(state) == 2 {
        let word = format!("It was {state}.");
        findings::close_by_itself(conn, FINDING, id, &word, now)?;
    } else {
        let why = format!(
            "{} of {} is disputed ({}): answer at the processor",
            Money::new(sighted.taken, donation.currency),
            donation.id,
            sighted.told.reason.replace('_', " ")
        );
        findings::open(conn, FINDING, id, &why, now)?;
    }
    Ok(Ok(true))
}

/// The most that the bank holds on the way.
fn most(holds: i64, news: &[(&str, i64)]) -> i64 {
    let steps = news.iter().scan(holds, |sum, (_, minor)| {
        *sum -= minor;
        Some(*sum)
    });
    steps.max().unwrap_or(holds)
}

/// Books movement by movement: what the bank held is set aside again, and what it holds from then on is taken. So a part that
/// comes back is divided as all of it was.
fn book(
    conn: &mut Conn,
    donation: &mut Donation,
    id: &str,
    mut held: Option<(String, i64)>,
    news: &[(&str, i64)],
    now: Timestamp,
) -> AppResult<()> {
    for (transaction, minor) in news {
        let before = held.as_ref().map_or(0, |(_, minor)| *minor);
        let holds = (before - minor).max(0);
        let own = under(id, transaction);
        if let Some((episode, _)) = held.take() {
            let by = if episode == id && holds == 0 {
                id
            } else {
                own.as_str()
            };
            refunds::undo(conn, donation, Way::Dispute, (&episode, by), now)?;
        }
        if holds > 0 {
            let is_first = !refunds::is_known(conn, id)?;
            let episode = if is_first { id.to_owned() } else { own };
            let amount = Money::new(holds, donation.currency);
            refunds::take(conn, donation, Way::Dispute, (&episode, amount), now)?;
            held = Some((episode, holds));
        }
    }
    Ok(())
}

fn write(
    conn: &mut Conn,
    donation: &Donation,
    sighted: &Sighted<'_>,
    is_known: bool,
    now: Timestamp,
) -> AppResult<()> {
    let decided_at = (rank(sighted.state) == 2).then_some(now);
    if is_known {
        let change = diesel::update(disputes::table.find(&sighted.told.id)).set((
            disputes::amount.eq(sighted.taken),
            disputes::fee.eq(sighted.fee),
            disputes::state.eq(sighted.state),
            disputes::decided_at.eq(decided_at),
        ));
        each!(conn, c => change.execute(c))?;
        return Ok(());
    }
    let row = DisputeRow {
        id: sighted.told.id.clone(),
        donation_id: donation.id,
        amount: sighted.taken,
        fee: sighted.fee,
        state: sighted.state,
        reason: sighted.told.reason.clone(),
        opened_at: now,
        decided_at,
    };
    each!(conn, c => diesel::insert_into(disputes::table).values(&row).execute(c))?;
    Ok(())
}

/// What the processor kept for each movement, or gave back of that; each once.
fn fees(
    conn: &mut Conn,
    donation: &Donation,
    sighted: &Sighted<'_>,
    now: Timestamp,
) -> AppResult<()> {
    let moves = &sighted.told.moves;
    let ids: Vec<&str> = moves.iter().map(|moved| moved.id.as_str()).collect();
    let query = transfers::table
        .filter(transfers::source_kind.eq("balance_transaction"))
        .filter(transfers::source_id.eq_any(&ids))
        .select(transfers::source_id);
    let booked: BTreeSet<String> = each!(conn, c => query.load(c))?.into_iter().collect();
    let new = moves.iter().filter(|moved| !booked.contains(&moved.id));
    let all: Vec<NewTransfer> = new
        .filter_map(|moved| {
            let fee = moved.fee?;
            let (mut debit, mut credit) = (Account::fees(), Account::processor(PROCESSOR));
            if fee.minor() < 0 {
                std::mem::swap(&mut debit, &mut credit);
            }
            Some(NewTransfer {
                debit,
                credit,
                amount: Money::new(fee.minor().abs(), donation.currency),
                code: Code::new("dispute_fee"),
                source: Source {
                    kind: "balance_transaction",
                    id: moved.id.clone(),
                },
                donation: Some(donation.id.to_string()),
                reverses: None,
            })
        })
        .collect();
    ledger::post(conn, &all, now)
}

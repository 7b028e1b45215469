//! From "state at the processor" to ledger, splits, totals, receipt and mails: one transaction a batch.
//!
//! Applying the same state again changes nothing (P13, P14): what is new is told from the gift's own row, the unique
//! ids of charges and refunds, and the unique sources of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::arrived::Arrived;
use super::counters::{Change, Counters};
use super::disputes;
use super::fees;
use super::mails;
use super::matched;
use super::model::{Donation, DonationId, DonationStatus, Origin, Split};
use super::refunds;
use super::serials;
use super::sightings::{check, fee_of, resolve};
use crate::db::Conn;
use crate::db::schema::{donations, splits};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::funds::{self, FundId, PolicyId};
use crate::kernel::apportion::largest_remainder;
use crate::kernel::crash;
use crate::kernel::{Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};
use crate::mail::Mails;
use crate::payments::client::{Charge, Payment, SessionState};
use crate::subscribers;

/// What a batch did.
#[derive(Debug, Default)]
pub struct Applied {
    /// Gifts whose money was taken as arrived.
    pub settled: Vec<DonationId>,
    /// Gifts of which the totals changed: whoever shows them looks again.
    pub changed: Vec<Donation>,
    /// Payments that do not fit their gift: credited to nobody, for staff to look at (P3).
    pub quarantined: Vec<Quarantined>,
}

/// A payment that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The gift it claims to be for.
    pub donation: DonationId,
    /// What does not fit, without names or addresses.
    pub why: String,
}

/// What the settling of a batch needs beside the connection.
#[derive(Clone)]
pub struct Settling {
    /// Renders the mails into the outbox.
    pub mails: Mails,
    /// Links in the mails begin with it.
    pub public_url: String,
    /// Who sends them.
    pub organisation: String,
}

/// Applies what the processor says of `payments`.
///
/// # Errors
/// The database's; then nothing of the batch was written.
pub fn apply(
    conn: &mut Conn,
    with: &Settling,
    payments: &[Payment],
    now: Timestamp,
) -> AppResult<Applied> {
    let mut applied = Applied::default();
    let mut arrived = Vec::new();
    let mut later = Vec::new();
    for (donation, payment) in resolve(conn, payments)? {
        match &payment.charge {
            Some(charge) if donation.status.is_open() => match check(&donation, charge) {
                Ok(fee) => {
                    let intent = payment.intent_id.clone();
                    arrived.push(Arrived::of_charge(donation, charge, intent, fee));
                }
                Err(why) => applied.quarantined.push(Quarantined {
                    donation: donation.id,
                    why,
                }),
            },
            Some(charge) => later.push((donation, charge.clone())),
            None => close(conn, &donation, payment, now)?,
        }
    }
    settle(conn, with, &mut arrived, now)?;
    applied.settled = arrived.iter().map(|one| one.donation.id).collect();
    let settled = arrived.into_iter();
    later.extend(settled.filter_map(|one| Some((one.donation, one.charge?))));
    for (donation, charge) in later {
        let (id, settled_now) = (donation.id, applied.settled.contains(&donation.id));
        match follow(conn, donation, &charge, now)? {
            Followed::Changed(donation) => applied.changed.push(*donation),
            Followed::Same(donation) if settled_now => applied.changed.push(*donation),
            Followed::Same(_) => {}
            Followed::Misfit(why) => applied.quarantined.push(Quarantined { donation: id, why }),
        }
    }
    Ok(applied)
}

/// No money: the checkout closed, a delayed method failed, or it is still open.
fn close(conn: &mut Conn, donation: &Donation, payment: &Payment, now: Timestamp) -> AppResult<()> {
    if donation.status != DonationStatus::Pending {
        return Ok(());
    }
    let status = match &payment.session {
        Some((_, SessionState::Expired)) => DonationStatus::Expired,
        Some((_, SessionState::Complete)) if payment.failed => DonationStatus::Failed,
        _ => DonationStatus::Pending,
    };
    let own = donations::table
        .find(donation.id)
        .filter(donations::status.eq(DonationStatus::Pending));
    let change = diesel::update(own).set((
        donations::status.eq(status),
        donations::failure.eq(payment.failure.clone()),
        donations::checked_at.eq(now),
        donations::session_id.eq(donation
            .session_id
            .clone()
            .or(payment.session.as_ref().map(|s| s.0.clone()))),
    ));
    each!(conn, c => change.execute(c))?;
    Ok(())
}

/// Takes all of `arrived` as paid.
pub(super) fn settle(
    conn: &mut Conn,
    with: &Settling,
    arrived: &mut [Arrived],
    now: Timestamp,
) -> AppResult<()> {
    if arrived.is_empty() {
        return Ok(());
    }
    allocate(conn, arrived, now)?;
    matched::add(conn, arrived, now)?;
    serials::date(conn, arrived, now)?;
    let serials = serials::take(conn, arrived)?;
    mark_paid(conn, arrived, serials, now)?;
    let rows: Vec<&Split> = arrived
        .iter()
        .flat_map(|one| one.splits.iter().chain(one.added_splits()))
        .collect();
    for chunk in rows.chunks(1000) {
        each!(conn, c => diesel::insert_into(splits::table).values(chunk.to_vec()).execute(c))?;
    }
    let transfers: Vec<NewTransfer> = arrived
        .iter()
        .flat_map(|one| {
            transfers_of(one)
                .into_iter()
                .chain(matched::transfers_of(one))
        })
        .collect();
    ledger::post(conn, &transfers, now)?;
    matched::record(conn, arrived)?;
    let mut counters = Counters::default();
    for one in arrived.iter() {
        counters.add(
            &one.donation,
            Change {
                raised: one.donation.charged,
                gifts: 1,
                matched: one.matched.as_ref().map_or(0, |added| added.amount),
            },
        );
    }
    counters.write(conn, now)?;
    let paid: Vec<DonationId> = arrived.iter().map(|one| one.donation.id).collect();
    subscribers::gifts::agree(conn, &paid, now)?;
    subscribers::followed::follow(conn, &paid, now)?;
    mails::queue(conn, with, arrived, now)?;
    crash::point("settle-before-commit");
    Ok(())
}

/// Divides each gift's net by its frozen policy or its designation (L5, L7).
fn allocate(conn: &mut Conn, arrived: &mut [Arrived], now: Timestamp) -> AppResult<()> {
    let mut shares: BTreeMap<PolicyId, Vec<(FundId, i64)>> = BTreeMap::new();
    let policies: BTreeSet<PolicyId> = arrived.iter().map(|one| one.donation.policy_id).collect();
    for policy in policies {
        shares.insert(policy, funds::model::shares(conn, policy)?);
    }
    let mut funds_of = BTreeMap::new();
    for one in arrived.iter_mut() {
        let donation = &one.donation;
        let parts = match (one.fund, donation.program_id) {
            (Some(fund), _) => vec![(fund, 10_000)],
            (None, Some(program)) => {
                let key = (program, donation.currency.code());
                let fund = match funds_of.get(&key) {
                    Some(fund) => *fund,
                    None => {
                        let fund = funds::model::fund_of_program(conn, program, donation.currency)?
                            .ok_or_else(|| {
                                AppError::internal(format!("program {program} has no fund"))
                            })?
                            .id;
                        funds_of.insert(key, fund);
                        fund
                    }
                };
                vec![(fund, 10_000)]
            }
            (None, None) => shares.get(&donation.policy_id).cloned().unwrap_or_default(),
        };
        let weights: Vec<i64> = parts.iter().map(|(_, weight)| *weight).collect();
        let net = (donation.charged - one.fee_minor()).max(0);
        let amounts = largest_remainder(net, &weights).ok_or_else(|| {
            AppError::internal(format!("policy {} divides nothing", donation.policy_id))
        })?;
        one.splits = parts
            .iter()
            .zip(amounts)
            .filter(|(_, amount)| *amount > 0)
            .map(|((fund, _), amount)| Split::fresh(donation.id, *fund, Origin::Gift, amount, now))
            .collect();
        one.weights = parts;
    }
    Ok(())
}

/// Marks a batch as paid. The rows were read, and found open, in this very transaction: one writer on SQLite and
/// SERIALIZABLE on PostgreSQL see to it that nobody settled them in between.
///
/// One statement a batch: the rows are inserted once more and meet themselves, which lets each bring its own values.
/// `UPDATE … FROM (VALUES …)` would say it plainly, but the engines do not speak it alike.
fn mark_paid(
    conn: &mut Conn,
    arrived: &mut [Arrived],
    serials: Vec<String>,
    now: Timestamp,
) -> AppResult<()> {
    for (one, serial) in arrived.iter_mut().zip(serials) {
        let gift = &mut one.donation;
        gift.status = DonationStatus::Paid;
        gift.fee = one.fee.map(Money::minor);
        gift.charge_id = one.charge.as_ref().map(|charge| charge.id.clone());
        gift.payment_intent_id.clone_from(&one.intent_id);
        gift.paid_at = Some(now);
        gift.checked_at = now;
        gift.receipt = Some(serial);
        gift.failure = None;
    }
    let rows: Vec<&Donation> = arrived.iter().map(|one| &one.donation).collect();
    // 33 columns a row: SQLite takes 32,766 variables in a statement.
    for chunk in rows.chunks(500) {
        each!(conn, c => diesel::insert_into(donations::table)
            .values(chunk.to_vec())
            .on_conflict(donations::id)
            .do_update()
            .set((
                donations::status.eq(excluded(donations::status)),
                donations::fee.eq(excluded(donations::fee)),
                donations::charge_id.eq(excluded(donations::charge_id)),
                donations::payment_intent_id.eq(excluded(donations::payment_intent_id)),
                donations::paid_at.eq(excluded(donations::paid_at)),
                donations::checked_at.eq(excluded(donations::checked_at)),
                donations::receipt.eq(excluded(donations::receipt)),
                donations::failure.eq(excluded(donations::failure)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Gross in, fee out, net set aside.
fn transfers_of(one: &Arrived) -> Vec<NewTransfer> {
    let donation = &one.donation;
    let received = Account::received(donation.campaign_id);
    let transfer = |debit, credit, minor, code, source| NewTransfer {
        debit,
        credit,
        amount: Money::new(minor, donation.currency),
        code,
        source,
        donation: Some(donation.id.to_string()),
        reverses: None,
    };
    let mut all = vec![transfer(
        one.lies_in.clone(),
        received.clone(),
        donation.charged,
        Code::new(Code::GIFT),
        one.source.clone(),
    )];
    let known = one.charge.as_ref().and_then(|charge| charge.fee.as_ref());
    if let (Some(fee), Some(known)) = (one.fee, known) {
        let source = Source {
            kind: "balance_transaction",
            id: known.id.clone(),
        };
        all.push(transfer(
            Account::fees(),
            one.lies_in.clone(),
            fee.minor(),
            Code::new("fee"),
            source,
        ));
    }
    for split in &one.splits {
        let fund = Account::fund(split.fund_id);
        let code = Code::of("allocate", &fund);
        all.push(transfer(
            received.clone(),
            fund,
            split.amount,
            code,
            one.source.clone(),
        ));
    }
    all
}

enum Followed {
    Changed(Box<Donation>),
    Same(Box<Donation>),
    Misfit(String),
}

/// What came after the money: a fee that was not known yet, refunds, refunds that failed, disputes.
fn follow(
    conn: &mut Conn,
    mut donation: Donation,
    charge: &Charge,
    now: Timestamp,
) -> AppResult<Followed> {
    if donation.charge_id.as_deref() != Some(charge.id.as_str()) {
        return Ok(Followed::Misfit(
            "a second charge for a gift that is already paid".into(),
        ));
    }
    let mut changed = false;
    if donation.fee.is_none()
        && let Some(fee) = fee_of(&donation, charge)
        && let Some(known) = &charge.fee
    {
        fees::arrive(conn, &mut donation, fee, &known.id, now)?;
        changed = true;
    }
    // In the order in which money is there to be taken: what came back first, then refunds, then what banks took.
    for done in [
        disputes::win(conn, &mut donation, &charge.disputes, now)?,
        refunds::follow(conn, &mut donation, &charge.refunds, now)?,
        disputes::lose(conn, &mut donation, &charge.disputes, now)?,
    ] {
        match done {
            Ok(some) => changed |= some,
            Err(why) => return Ok(Followed::Misfit(why)),
        }
    }
    Ok(if changed {
        Followed::Changed(Box::new(donation))
    } else {
        Followed::Same(Box::new(donation))
    })
}

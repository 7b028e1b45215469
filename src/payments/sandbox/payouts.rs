//! Payouts: what has become available leaves for the bank, once a day by the clock or at once on request, with the
//! balance transactions that it is made up of.
//!
//! A payout is `in_transit` for a day, then `paid`; a bank may send it back, and then it is `failed` and its amount is a
//! balance transaction of its own that the next payout takes along (<https://docs.stripe.com/payouts/reconciliation>).

use diesel::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{set, text, whole, with_nulls};
use super::params::Params;
use super::refusal::{Fault, Refusal};
use super::schema::{new_id, objects, payout_items};
use super::shapes::{self, Movement};
use super::store::{Kind, Record, Teller};

const DAY: i64 = 86_400;
/// Why a bank sends a payout back: code and words.
const FAILURE: (&str, &str) = (
    "account_closed",
    "The bank account has been closed. (Asked for by the sandbox's control.)",
);

/// `payout` in the control's body: `true` pays out all that was not, at once; with words, see each.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum PayoutDeed {
    Plain(bool),
    With(PayoutWish),
}

/// How a payout on request goes wrong, for tests of whoever reconciles (P21).
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PayoutWish {
    /// The payout that the bank sends back; no new one is made.
    fails: Option<String>,
    /// Adds a balance transaction that belongs to no payment, of this many minor units of US dollars.
    stray: i64,
    /// Leaves the transactions of this charge or refund out, for good.
    leave_out: Option<String>,
    /// Makes the transaction of this charge or refund say so much more, or less.
    off: Option<Off>,
    /// Where the balance is below nothing, takes what it lacks from the bank: a payout of less than nothing.
    debit: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Off {
    source: String,
    by: i64,
}

impl Teller<'_> {
    /// A balance transaction has become available: whatever else has goes with it to the bank, once a day.
    pub fn pay_out_by_clock(&mut self, record: Record) -> Result<(), Fault> {
        // The payout of another one may have taken it while it waited its turn.
        let mut record = self.need(Kind::Balance, &record.id)?;
        if record.due.is_none() {
            return Ok(());
        }
        let now = self.now.seconds();
        let today = now.div_euclid(DAY);
        let last = self.newest_payout()?.map(|at| at.div_euclid(DAY));
        if last == Some(today) {
            record.due = Some((today + 1).saturating_mul(DAY));
            return self.save(&record);
        }
        let currency = text(&record.body, "currency").to_owned();
        let ready: Vec<Record> = self
            .unpaid(&currency)?
            .into_iter()
            .filter(|one| whole(&one.body, "available_on") <= now)
            .collect();
        let sum: i64 = ready.iter().map(|one| whole(&one.body, "net")).sum();
        if sum <= 0 {
            record.due = Some((today + 1).saturating_mul(DAY));
            return self.save(&record);
        }
        self.make_payout(&currency, ready, now.saturating_add(DAY))
            .map(drop)
    }

    /// When the newest payout was made, whatever its currency: the schedule looks once a day.
    fn newest_payout(&mut self) -> Result<Option<i64>, Fault> {
        Ok(objects::table
            .filter(objects::kind.eq(Kind::Payout.word()))
            .order(objects::seq.desc())
            .select(objects::created)
            .first(self.conn)
            .optional()?)
    }

    /// Balance transactions that no payout took yet, oldest first: they are those that something is still due to.
    fn unpaid(&mut self, currency: &str) -> Result<Vec<Record>, Fault> {
        let all = self.waiting(Kind::Balance)?;
        let own = all
            .into_iter()
            .filter(|one| text(&one.body, "currency") == currency);
        Ok(own.collect())
    }

    /// Writes the payout with its own balance transaction, and gathers `parts` under it.
    fn make_payout(
        &mut self,
        currency: &str,
        parts: Vec<Record>,
        arrives: i64,
    ) -> Result<Record, Fault> {
        let id = new_id(Kind::Payout.prefix(), 12)?;
        let now = self.now.seconds();
        let amount: i64 = parts.iter().map(|one| whole(&one.body, "net")).sum();
        let txn = self.book_payout("payout", -amount, currency, &id)?;
        let body = json!({
            "id": id, "object": "payout", "amount": amount, "arrival_date": arrives, "automatic": true,
            "balance_transaction": txn, "created": now, "currency": currency, "description": "STRIPE PAYOUT",
            "destination": "ba_sandbox", "livemode": false, "metadata": {}, "method": "standard",
            "reconciliation_status": "completed", "source_type": "card", "status": "in_transit", "type": "bank_account",
        });
        let record = Record {
            kind: Kind::Payout,
            id: id.clone(),
            created: now,
            body: with_nulls(body, NULLS),
            notes: json!({}),
            parent: None,
            tag: Some("in_transit".to_owned()),
            due: Some(arrives),
        };
        self.add(&record)?;
        self.gather(&id, &txn)?;
        for mut part in parts {
            self.gather(&id, &part.id)?;
            part.due = None;
            self.save(&part)?;
        }
        self.emit("payout.created", &record.body, None)?;
        Ok(record)
    }

    fn gather(&mut self, payout: &str, transaction: &str) -> Result<(), Fault> {
        diesel::insert_into(payout_items::table)
            .values((
                payout_items::entry.eq(transaction),
                payout_items::payout.eq(payout),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    fn book_payout(
        &mut self,
        kind: &str,
        amount: i64,
        currency: &str,
        payout: &str,
    ) -> Result<String, Fault> {
        let id = new_id(Kind::Balance.prefix(), 12)?;
        let now = self.now.seconds();
        let body = shapes::balance_transaction(&Movement {
            id: &id,
            kind,
            created: now,
            amount,
            fee: 0,
            currency,
            source: payout,
            description: &Value::from("STRIPE PAYOUT"),
        });
        // What a bank sent back is paid out anew; the payout's own line is in no later one.
        let due = (kind != "payout").then(|| now.saturating_add(2 * DAY));
        self.add(&Record {
            kind: Kind::Balance,
            id: id.clone(),
            created: now,
            body,
            notes: Value::Null,
            parent: Some(payout.to_owned()),
            tag: Some(kind.to_owned()),
            due,
        })?;
        Ok(id)
    }

    /// The money is at the bank.
    pub fn arrive(&mut self, payout: &mut Record) -> Result<(), Fault> {
        let before = json!({ "status": payout.body.get("status") });
        payout.due = None;
        payout.tag = Some("paid".to_owned());
        set(&mut payout.body, "status", "paid");
        self.save(payout)?;
        self.emit("payout.updated", &payout.body, Some(before))?;
        self.emit("payout.paid", &payout.body, None)?;
        self.emit("payout.reconciliation_completed", &payout.body, None)
    }

    /// The bank sends the money back.
    fn bounce(&mut self, mut payout: Record) -> Result<Value, Fault> {
        if text(&payout.body, "status") == "failed" {
            return Ok(payout.body);
        }
        let (amount, currency) = (
            whole(&payout.body, "amount"),
            text(&payout.body, "currency").to_owned(),
        );
        let txn = self.book_payout("payout_failure", amount, &currency, &payout.id)?;
        payout.due = None;
        payout.tag = Some("failed".to_owned());
        set(&mut payout.body, "status", "failed");
        set(&mut payout.body, "failure_code", FAILURE.0);
        set(&mut payout.body, "failure_message", FAILURE.1);
        set(&mut payout.body, "failure_balance_transaction", txn);
        self.save(&payout)?;
        self.emit("payout.failed", &payout.body, None)?;
        Ok(payout.body)
    }

    /// What `control` asks for: a payout of all that was not paid out, available or not, which arrives at once; one a
    /// currency.
    pub fn pay_out_on_request(&mut self, deed: PayoutDeed) -> Result<Value, Fault> {
        let wish = match deed {
            PayoutDeed::Plain(false) => return Ok(Value::Null),
            PayoutDeed::Plain(true) => PayoutWish::default(),
            PayoutDeed::With(wish) => wish,
        };
        if let Some(id) = wish.fails {
            let payout = self.need(Kind::Payout, &id)?;
            return self.bounce(payout);
        }
        if wish.stray != 0 {
            let stray = new_id("adj_", 12)?;
            self.book_payout("adjustment", wish.stray, "usd", &stray)?;
        }
        if let Some(source) = &wish.leave_out {
            for mut one in self.children(Kind::Balance, source)? {
                one.due = None;
                self.save(&one)?;
            }
        }
        if let Some(off) = &wish.off {
            for mut one in self.children(Kind::Balance, &off.source)? {
                for field in ["amount", "net"] {
                    let said = whole(&one.body, field).saturating_add(off.by);
                    set(&mut one.body, field, said);
                }
                self.save(&one)?;
            }
        }
        let mut currencies: Vec<String> = self
            .waiting(Kind::Balance)?
            .iter()
            .map(|one| text(&one.body, "currency").to_owned())
            .collect();
        currencies.sort();
        currencies.dedup();
        let mut made = Vec::new();
        for currency in currencies {
            let parts = self.unpaid(&currency)?;
            let sum: i64 = parts.iter().map(|one| whole(&one.body, "net")).sum();
            if sum > 0 || (sum < 0 && wish.debit) {
                let now = self.now.seconds();
                let mut payout = self.make_payout(&currency, parts, now)?;
                self.arrive(&mut payout)?;
                made.push(payout.body);
            }
        }
        if made.is_empty() {
            let message = "There is nothing to be paid out.";
            return Err(Refusal::invalid("balance_insufficient", "payout", message).into());
        }
        Ok(Value::Array(made))
    }

    /// `GET /v1/payouts`.
    pub fn list_payouts(&mut self, params: &Params) -> Result<Value, Fault> {
        self.list_of(Kind::Payout, params, "/v1/payouts", &[], &["status"])
    }
}

const NULLS: &[&str] = &[
    "application_fee",
    "application_fee_amount",
    "failure_balance_transaction",
    "failure_code",
    "failure_message",
    "original_payout",
    "payout_method",
    "reversed_by",
    "statement_descriptor",
    "trace_id",
];

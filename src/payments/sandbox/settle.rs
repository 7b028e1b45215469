//! What becomes of a charge: settled, its fee booked, or returned by the bank.

use serde_json::{Value, json};

use super::cards::{DEBIT_RETURNED, Decline, Instrument};
use super::currency;
use super::json::{set, text, whole};
use super::refusal::{Fault, Refusal};
use super::schema::new_id;
use super::shapes::{self, Movement};
use super::store::{Kind, Record, Teller};

impl Teller<'_> {
    /// The money is certain: intent and charge say so, and the fee follows.
    pub fn succeed(&mut self, intent: &mut Record, charge: &mut Record) -> Result<(), Fault> {
        let amount = whole(&charge.body, "amount");
        set(&mut intent.body, "status", "succeeded");
        set(&mut intent.body, "amount_received", amount);
        set(&mut intent.body, "latest_charge", charge.id.as_str());
        set(&mut intent.body, "last_payment_error", Value::Null);
        set(&mut intent.body, "processing", Value::Null);
        self.save(intent)?;
        self.emit("charge.succeeded", &charge.body, None)?;
        self.emit("payment_intent.succeeded", &intent.body, None)?;
        match i64::from(self.mood()?.balance_transaction_delay_s) {
            0 => self.book_charge(charge),
            delay => {
                charge.due = Some(self.now.seconds().saturating_add(delay));
                self.save(charge)
            }
        }
    }

    /// The balance transaction of a charge arrives, and with it the fee (P20).
    pub fn book_charge(&mut self, charge: &mut Record) -> Result<(), Fault> {
        let amount = whole(&charge.body, "amount");
        let debit = charge
            .body
            .pointer("/payment_method_details/sepa_debit")
            .is_some();
        let kind = if debit { "payment" } else { "charge" };
        let txn = self.book(kind, amount, currency::fee(amount), charge)?;
        set(&mut charge.body, "balance_transaction", txn);
        charge.due = None;
        self.save(charge)?;
        let before = json!({ "balance_transaction": null });
        self.emit("charge.updated", &charge.body, Some(before))
    }

    /// Writes a balance transaction for `source` and gives its id.
    pub fn book(
        &mut self,
        kind: &str,
        amount: i64,
        fee: i64,
        source: &Record,
    ) -> Result<String, Fault> {
        let id = new_id(Kind::Balance.prefix(), 12)?;
        let now = self.now.seconds();
        let description = source.body.get("description").cloned().unwrap_or_default();
        let body = shapes::balance_transaction(&Movement {
            id: &id,
            kind,
            created: now,
            amount,
            fee,
            currency: text(&source.body, "currency"),
            source: &source.id,
            description: &description,
        });
        self.add(&Record {
            kind: Kind::Balance,
            id: id.clone(),
            created: now,
            body,
            notes: Value::Null,
            parent: Some(source.id.clone()),
            tag: Some(kind.to_owned()),
            // Available in two days; from then on the next payout takes it.
            due: Some(now.saturating_add(2 * 86_400)),
        })?;
        Ok(id)
    }

    /// The intent waits for another payment method, and says why.
    pub fn fail_intent(
        &mut self,
        intent: &mut Record,
        charge: &Record,
        decline: Decline,
    ) -> Result<(), Fault> {
        let with: Instrument =
            serde_json::from_value(charge.notes.get("instrument").cloned().unwrap_or_default())?;
        let billing = charge
            .body
            .get("billing_details")
            .cloned()
            .unwrap_or_default();
        let error = shapes::payment_error(
            decline,
            Some(&charge.id),
            &billing,
            &with,
            self.now.seconds(),
        );
        set(&mut intent.body, "last_payment_error", error);
        set(&mut intent.body, "latest_charge", charge.id.as_str());
        set(&mut intent.body, "payment_method", Value::Null);
        set(&mut intent.body, "next_action", Value::Null);
        set(&mut intent.body, "processing", Value::Null);
        set(&mut intent.body, "status", "requires_payment_method");
        self.save(intent)?;
        self.emit("payment_intent.payment_failed", &intent.body, None)
    }

    /// A pending debit ends.
    pub fn settle_debit(&mut self, charge: &mut Record, honoured: bool) -> Result<(), Fault> {
        let mut intent = self.need(Kind::Intent, text(&charge.body, "payment_intent"))?;
        let mut session = self.need(Kind::Session, text(&charge.notes, "session"))?;
        charge.due = None;
        if honoured {
            set(&mut charge.body, "status", "succeeded");
            set(&mut charge.body, "paid", true);
            charge.tag = Some("succeeded".to_owned());
            self.save(charge)?;
            self.succeed(&mut intent, charge)?;
            set(&mut session.body, "payment_status", "paid");
            self.save(&session)?;
            return self.emit(
                "checkout.session.async_payment_succeeded",
                &session.body,
                None,
            );
        }
        set(&mut charge.body, "status", "failed");
        set(&mut charge.body, "captured", false);
        set(&mut charge.body, "amount_captured", 0);
        set(&mut charge.body, "failure_code", DEBIT_RETURNED.code);
        set(&mut charge.body, "failure_message", DEBIT_RETURNED.message);
        charge.tag = Some("failed".to_owned());
        self.save(charge)?;
        self.emit("charge.failed", &charge.body, None)?;
        self.fail_intent(&mut intent, charge, DEBIT_RETURNED)?;
        self.emit("checkout.session.async_payment_failed", &session.body, None)
    }

    /// The pending debit of a session, for `control`.
    pub fn pending_debit(&mut self, session: &str) -> Result<Record, Fault> {
        let session = self.need(Kind::Session, session)?;
        let intent = session.parent.unwrap_or_default();
        let charges = self.children(Kind::Charge, &intent)?;
        charges
            .into_iter()
            .find(|charge| charge.tag.as_deref() == Some("pending"))
            .ok_or_else(|| {
                let message = "This session has no debit on its way.";
                Refusal::invalid("parameter_invalid", "sepa[session]", message).into()
            })
    }
}

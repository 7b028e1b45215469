//! Refunds: succeeded at once for cards, pending for debits; a refund may fail later, and then the money is back.

use serde_json::{Value, json};

use super::json::{set, text, whole, with_nulls};
use super::params::Params;
use super::refusal::{Fault, Refusal};
use super::schema::new_id;
use super::store::{Kind, Record, Teller};

/// A refund that ends by itself does so after a day.
const LATER_SECONDS: i64 = 86_400;
const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

/// How a refund goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// By the payment method: cards at once, debits after a day.
    Usual,
    /// `succeeded` now, `failed` after a day.
    FailsLater,
}

/// What to refund.
pub(super) struct Wanted {
    /// `None`: all that is left.
    pub amount: Option<i64>,
    pub reason: Option<String>,
    pub metadata: serde_json::Map<String, Value>,
    pub course: Course,
}

impl Teller<'_> {
    /// `POST /v1/refunds`.
    pub fn create_refund(&mut self, params: &Params) -> Result<Value, Fault> {
        params.only(&[
            "amount",
            "charge",
            "instructions_email",
            "metadata",
            "payment_intent",
            "reason",
        ])?;
        let charge = match (params.get("charge"), params.get("payment_intent")) {
            (Some(charge), _) => self.need(Kind::Charge, charge)?,
            (None, Some(intent)) => self.paid_charge(intent)?,
            (None, None) => return Err(Refusal::missing("charge").into()),
        };
        let reason = params.get("reason");
        if reason.is_some_and(|reason| !REASONS.contains(&reason)) {
            let message = format!("A reason is one of {}.", REASONS.join(", "));
            return Err(Refusal::invalid("parameter_invalid", "reason", message).into());
        }
        let wanted = Wanted {
            amount: params.whole("amount")?,
            reason: reason.map(str::to_owned),
            metadata: params.metadata("metadata")?,
            course: Course::Usual,
        };
        self.refund(charge, wanted)
    }

    /// The charge of an intent that took money.
    pub fn paid_charge(&mut self, intent: &str) -> Result<Record, Fault> {
        let intent = self.need(Kind::Intent, intent)?;
        let charges = self.children(Kind::Charge, &intent.id)?;
        charges
            .into_iter()
            .find(|charge| charge.tag.as_deref() == Some("succeeded"))
            .ok_or_else(|| {
                let message = "This payment intent has no successful charge to refund.";
                Refusal::invalid("payment_intent_unexpected_state", "payment_intent", message)
                    .into()
            })
    }

    /// Gives money back. The sum of refunds never passes what was captured: the transaction is the lock (P18).
    pub fn refund(&mut self, mut charge: Record, wanted: Wanted) -> Result<Value, Fault> {
        if charge.tag.as_deref() != Some("succeeded") {
            let message = "Only a successful charge can be refunded.";
            return Err(Refusal::invalid("charge_not_refundable", "charge", message).into());
        }
        if self.is_disputed(&charge.id)? {
            let message = format!("Charge {} is disputed, and cannot be refunded.", charge.id);
            return Err(Refusal::invalid("charge_disputed", "charge", message).into());
        }
        let refunded = whole(&charge.body, "amount_refunded");
        let left = whole(&charge.body, "amount_captured").saturating_sub(refunded);
        if left <= 0 {
            let message = format!("Charge {} has already been refunded.", charge.id);
            return Err(Refusal::invalid("charge_already_refunded", "charge", message).into());
        }
        let amount = wanted.amount.unwrap_or(left);
        if amount <= 0 || amount > left {
            let message = format!(
                "Refund amount ({amount}) must be between 1 and what is left on the charge ({left})."
            );
            return Err(Refusal::invalid("amount_too_large", "amount", message).into());
        }
        let mut refund = self.new_refund(&charge, amount, &wanted)?;
        self.add(&refund)?;
        let debit = charge
            .body
            .pointer("/payment_method_details/sepa_debit")
            .is_some();
        let kind = if debit { "payment_refund" } else { "refund" };
        let txn = self.book(kind, -amount, 0, &refund)?;
        set(&mut refund.body, "balance_transaction", txn);
        if debit || wanted.course == Course::FailsLater {
            refund.due = Some(self.now.seconds().saturating_add(LATER_SECONDS));
            set(
                &mut refund.notes,
                "fails",
                wanted.course == Course::FailsLater,
            );
        }
        if debit {
            set(&mut refund.body, "status", "pending");
        }
        self.save(&refund)?;
        set(
            &mut charge.body,
            "amount_refunded",
            refunded.saturating_add(amount),
        );
        set(&mut charge.body, "refunded", amount == left);
        self.save(&charge)?;
        self.emit("refund.created", &refund.body, None)?;
        let before = json!({ "amount_refunded": refunded, "refunded": false });
        self.emit("charge.refunded", &charge.body, Some(before))?;
        if !debit {
            let arrived = json!({
                "card": { "reference": "4242424242", "reference_status": "available", "reference_type": "acquirer_reference_number", "type": "refund" },
                "type": "card",
            });
            let before = json!({ "destination_details": refund.body.get("destination_details") });
            set(&mut refund.body, "destination_details", arrived);
            self.save(&refund)?;
            self.emit("refund.updated", &refund.body, Some(before))?;
        }
        Ok(refund.body)
    }

    fn new_refund(
        &mut self,
        charge: &Record,
        amount: i64,
        wanted: &Wanted,
    ) -> Result<Record, Fault> {
        let id = new_id(Kind::Refund.prefix(), 12)?;
        let body = json!({
            "id": id,
            "object": "refund",
            "amount": amount,
            "charge": charge.id,
            "created": self.now.seconds(),
            "currency": charge.body.get("currency"),
            "destination_details": { "card": { "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund" }, "type": "card" },
            "metadata": wanted.metadata,
            "payment_intent": charge.parent,
            "reason": wanted.reason,
            "status": "succeeded",
        });
        Ok(Record {
            kind: Kind::Refund,
            id,
            created: self.now.seconds(),
            body: with_nulls(
                body,
                &[
                    "balance_transaction",
                    "failure_balance_transaction",
                    "receipt_number",
                    "source_transfer_reversal",
                    "transfer_reversal",
                ],
            ),
            notes: json!({}),
            parent: Some(charge.id.clone()),
            tag: charge.parent.clone(),
            due: None,
        })
    }

    /// A refund ends: a pending one succeeds, or any one fails and the money is on the charge again (P17).
    pub fn end_refund(&mut self, mut refund: Record, fails: bool) -> Result<Value, Fault> {
        let before = json!({ "status": refund.body.get("status") });
        let was = text(&refund.body, "status").to_owned();
        refund.due = None;
        if was == "failed" || (was == "succeeded" && !fails) {
            self.save(&refund)?;
            return Ok(refund.body);
        }
        if !fails {
            set(&mut refund.body, "status", "succeeded");
            self.save(&refund)?;
            self.emit("refund.updated", &refund.body, Some(before))?;
            return Ok(refund.body);
        }
        let amount = whole(&refund.body, "amount");
        let txn = self.book("refund_failure", amount, 0, &refund)?;
        set(&mut refund.body, "status", "failed");
        set(&mut refund.body, "failure_reason", "lost_or_stolen_card");
        set(&mut refund.body, "failure_balance_transaction", txn);
        self.save(&refund)?;
        let mut charge = self.need(Kind::Charge, refund.parent.as_deref().unwrap_or_default())?;
        let left = whole(&charge.body, "amount_refunded").saturating_sub(amount);
        set(&mut charge.body, "amount_refunded", left);
        set(&mut charge.body, "refunded", false);
        self.save(&charge)?;
        self.emit("refund.failed", &refund.body, Some(before.clone()))?;
        self.emit("refund.updated", &refund.body, Some(before))?;
        Ok(refund.body)
    }
}

//! Disputes: the payer's bank takes a charge back, and gives it again when the account wins
//! (<https://docs.stripe.com/disputes/how-disputes-work>).
//!
//! ```text
//! needs_response -> won | lost
//! ```

use serde_json::{Value, json};

use super::json::{set, text, whole};
use super::params::Params;
use super::refusal::{Fault, Refusal};
use super::schema::new_id;
use super::store::{Kind, Record, Teller};

/// A card that is disputed by itself is so after a minute: its payer has been thanked by then.
pub(super) const AFTER_SECONDS: i64 = 60;
/// What a dispute costs, in minor units; it is kept whoever wins.
const FEE: i64 = 1_500;
/// Days until evidence must be there.
const EVIDENCE_SECONDS: i64 = 7 * 86_400;

impl Teller<'_> {
    /// The bank takes `amount` of a charge back: all that is left of it, where none is named.
    pub fn open_dispute(
        &mut self,
        mut charge: Record,
        amount: Option<i64>,
    ) -> Result<Value, Fault> {
        let refunded = whole(&charge.body, "amount_refunded");
        let left = whole(&charge.body, "amount_captured").saturating_sub(refunded);
        let amount = amount.unwrap_or(left);
        if self.is_disputed(&charge.id)? || amount <= 0 || amount > left {
            let message =
                format!("A dispute takes between 1 and what is left on the charge ({left}), once.");
            return Err(
                Refusal::invalid("parameter_invalid_integer", "dispute[amount]", message).into(),
            );
        }
        let id = new_id(Kind::Dispute.prefix(), 12)?;
        let now = self.now.seconds();
        let body = json!({
            "id": id,
            "object": "dispute",
            "amount": amount,
            "balance_transactions": [],
            "charge": charge.id,
            "created": now,
            "currency": charge.body.get("currency"),
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": { "due_by": now.saturating_add(EVIDENCE_SECONDS), "has_evidence": false, "past_due": false, "submission_count": 0 },
            "is_charge_refundable": false,
            "livemode": false,
            "metadata": {},
            "payment_intent": charge.parent,
            "payment_method_details": { "card": { "brand": "visa", "case_type": "chargeback", "network_reason_code": "83" }, "type": "card" },
            "reason": "fraudulent",
            "status": "needs_response",
        });
        let mut dispute = Record {
            kind: Kind::Dispute,
            id,
            created: now,
            body,
            notes: json!({}),
            parent: Some(charge.id.clone()),
            tag: charge.parent.clone(),
            due: None,
        };
        self.add(&dispute)?;
        self.move_disputed(&mut dispute, -amount, FEE)?;
        set(&mut charge.body, "disputed", true);
        self.save(&charge)?;
        self.emit("charge.dispute.created", &dispute.body, None)?;
        self.emit("charge.dispute.funds_withdrawn", &dispute.body, None)?;
        Ok(dispute.body)
    }

    /// A dispute is decided. One that was is left as it is.
    pub fn close_dispute(&mut self, mut dispute: Record, won: bool) -> Result<Value, Fault> {
        if text(&dispute.body, "status") != "needs_response" {
            return Ok(dispute.body);
        }
        set(
            &mut dispute.body,
            "status",
            if won { "won" } else { "lost" },
        );
        if won {
            let amount = whole(&dispute.body, "amount");
            self.move_disputed(&mut dispute, amount, 0)?;
            self.emit("charge.dispute.funds_reinstated", &dispute.body, None)?;
        } else {
            self.save(&dispute)?;
        }
        self.emit("charge.dispute.closed", &dispute.body, None)?;
        Ok(dispute.body)
    }

    /// The bank gives so much back, or takes it, beside what was decided.
    pub fn move_late(&mut self, mut dispute: Record, by: i64) -> Result<Value, Fault> {
        self.move_disputed(&mut dispute, by, 0)?;
        let word = if by > 0 {
            "charge.dispute.funds_reinstated"
        } else {
            "charge.dispute.funds_withdrawn"
        };
        self.emit(word, &dispute.body, None)?;
        Ok(dispute.body)
    }

    fn move_disputed(&mut self, dispute: &mut Record, amount: i64, fee: i64) -> Result<(), Fault> {
        let txn = self.book("adjustment", amount, fee, dispute)?;
        let moved = self.need(Kind::Balance, &txn)?.body;
        if let Some(Value::Array(all)) = dispute.body.get_mut("balance_transactions") {
            all.push(moved);
        }
        self.save(dispute)
    }

    /// Whether a charge is under a dispute, or lost one: then nothing of it can be refunded.
    pub fn is_disputed(&mut self, charge: &str) -> Result<bool, Fault> {
        let all = self.children(Kind::Dispute, charge)?;
        Ok(all.iter().any(|one| text(&one.body, "status") != "won"))
    }

    /// `GET /v1/disputes`.
    pub fn list_disputes(&mut self, params: &Params) -> Result<Value, Fault> {
        self.list_of(
            Kind::Dispute,
            params,
            "/v1/disputes",
            &["charge"],
            &["payment_intent"],
        )
    }
}

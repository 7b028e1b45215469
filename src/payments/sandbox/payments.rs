//! A payment on the hosted page, from pressing Pay to a session that is complete.
//!
//! Intent: requires_payment_method -> (requires_action) -> (processing) -> succeeded, and back to
//! requires_payment_method when it fails. Charge: pending -> succeeded | failed.

use serde_json::{Value, json};

use super::cards::{Decline, Fate, Instrument, NOT_AUTHENTICATED};
use super::json::{set, text, whole};
use super::refusal::Fault;
use super::schema::new_id;
use super::sessions::success_address;
use super::shapes::{self, Purpose};
use super::store::{Kind, Record, Teller};

/// A debit is settled after five days unless `control` settles it before.
const DEBIT_SECONDS: i64 = 5 * 86_400;

/// Where an attempt to pay leads the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The session is complete; the address is the payer's next page.
    Complete(String),
    /// Turned down, with the sentence to show.
    Declined(&'static str),
    /// The payer must prove who they are.
    Authenticate,
    /// Too late.
    Expired,
}

/// What the pay page hands over.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub with: Instrument,
    pub fate: Fate,
    /// The name as typed; nobody but the processor's objects carries it.
    pub name: Option<String>,
}

/// What a session still needs to know while its payer authenticates.
#[derive(serde::Serialize, serde::Deserialize)]
struct Waiting {
    with: Instrument,
    name: Option<String>,
}

fn optional<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.get(key).and_then(Value::as_str)
}

fn purpose(session: &Record) -> Purpose {
    let metadata = session.notes.get("intent_metadata");
    Purpose {
        amount: whole(&session.body, "amount_total"),
        currency: text(&session.body, "currency").to_owned(),
        description: optional(&session.notes, "intent_description").map(str::to_owned),
        metadata: metadata
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        email: optional(&session.body, "customer_email").map(str::to_owned),
    }
}

impl Teller<'_> {
    /// The payer presses Pay. A session that is complete stays as it is: two clicks are one charge.
    pub fn attempt(&mut self, session: &str, attempt: Attempt) -> Result<Outcome, Fault> {
        let mut session = self.need(Kind::Session, session)?;
        if let Some(over) = closed(&session) {
            return Ok(over);
        }
        let mut intent = self.intent_of(&mut session)?;
        match attempt.fate {
            Fate::Pays | Fate::Disputes => self.pay(&mut session, &mut intent, &attempt),
            Fate::Declines(decline) => self.decline(&mut session, &mut intent, &attempt, decline),
            Fate::Authenticates => self.ask_for_proof(&mut session, &mut intent, attempt),
            Fate::Debits { honoured } => self.debit(&mut session, &mut intent, &attempt, honoured),
        }
    }

    /// The payer answers the bank's question.
    pub fn authenticated(&mut self, session: &str, proven: bool) -> Result<Outcome, Fault> {
        let mut session = self.need(Kind::Session, session)?;
        if let Some(over) = closed(&session) {
            return Ok(over);
        }
        let Some(waiting) = session.notes.get_mut("waiting").map(Value::take) else {
            return Ok(Outcome::Declined("Enter your card again."));
        };
        if waiting.is_null() {
            return Ok(Outcome::Declined("Enter your card again."));
        }
        let waiting: Waiting = serde_json::from_value(waiting)?;
        let attempt = Attempt {
            with: waiting.with,
            fate: Fate::Pays,
            name: waiting.name,
        };
        let mut intent = self.intent_of(&mut session)?;
        set(&mut intent.body, "next_action", Value::Null);
        if proven {
            self.pay(&mut session, &mut intent, &attempt)
        } else {
            self.decline(&mut session, &mut intent, &attempt, NOT_AUTHENTICATED)
        }
    }

    /// The session's intent, made at the first attempt, as Stripe does since 2022.
    fn intent_of(&mut self, session: &mut Record) -> Result<Record, Fault> {
        if let Some(id) = session.parent.clone() {
            return self.need(Kind::Intent, &id);
        }
        let id = new_id(Kind::Intent.prefix(), 12)?;
        let types = session
            .body
            .get("payment_method_types")
            .cloned()
            .unwrap_or_default();
        let body = shapes::intent(&id, self.now.seconds(), &purpose(session), &types);
        let intent = Record {
            kind: Kind::Intent,
            id: id.clone(),
            created: self.now.seconds(),
            body,
            notes: json!({ "session": session.id }),
            parent: None,
            tag: None,
            due: None,
        };
        self.add(&intent)?;
        set(&mut session.body, "payment_intent", id.as_str());
        session.parent = Some(id);
        self.save(session)?;
        self.emit("payment_intent.created", &intent.body, None)?;
        Ok(intent)
    }

    /// A charge of this session's amount, not yet written down.
    fn charge(
        &mut self,
        session: &Record,
        intent: &Record,
        attempt: &Attempt,
        status: &str,
    ) -> Result<Record, Fault> {
        let purpose = purpose(session);
        let billing = shapes::billing(attempt.name.as_deref(), purpose.email.as_deref());
        let id = new_id(Kind::Charge.prefix(), 12)?;
        let now = self.now.seconds();
        let body = shapes::charge(
            &id,
            &intent.id,
            now,
            &purpose,
            &billing,
            &attempt.with,
            status,
        );
        Ok(Record {
            kind: Kind::Charge,
            id,
            created: now,
            body,
            notes: json!({ "instrument": attempt.with, "session": session.id }),
            parent: Some(intent.id.clone()),
            tag: Some(status.to_owned()),
            due: None,
        })
    }

    fn pay(
        &mut self,
        session: &mut Record,
        intent: &mut Record,
        attempt: &Attempt,
    ) -> Result<Outcome, Fault> {
        let mut charge = self.charge(session, intent, attempt, "succeeded")?;
        self.add(&charge)?;
        set(
            &mut intent.body,
            "payment_method",
            shapes::payment_method_id(&attempt.with),
        );
        if attempt.fate == Fate::Disputes {
            let after = super::disputes::AFTER_SECONDS;
            intent.due = Some(self.now.seconds().saturating_add(after));
        }
        self.succeed(intent, &mut charge)?;
        self.complete(session, attempt, "paid")
    }

    fn complete(
        &mut self,
        session: &mut Record,
        attempt: &Attempt,
        payment_status: &str,
    ) -> Result<Outcome, Fault> {
        let email = session
            .body
            .get("customer_email")
            .cloned()
            .unwrap_or_default();
        let details = json!({
            "address": null, "business_name": null, "email": email, "individual_name": null, "name": attempt.name,
            "phone": null, "tax_exempt": "none", "tax_ids": [],
        });
        set(&mut session.body, "customer_details", details);
        set(&mut session.body, "status", "complete");
        set(&mut session.body, "payment_status", payment_status);
        set(&mut session.body, "url", Value::Null);
        session.tag = Some("complete".to_owned());
        session.due = None;
        self.save(session)?;
        self.emit("checkout.session.completed", &session.body, None)?;
        Ok(Outcome::Complete(success_address(&session.body)))
    }

    fn decline(
        &mut self,
        session: &mut Record,
        intent: &mut Record,
        attempt: &Attempt,
        decline: Decline,
    ) -> Result<Outcome, Fault> {
        let mut charge = self.charge(session, intent, attempt, "failed")?;
        set(&mut charge.body, "failure_code", decline.code);
        set(&mut charge.body, "failure_message", decline.message);
        self.add(&charge)?;
        self.save(session)?;
        self.emit("charge.failed", &charge.body, None)?;
        self.fail_intent(intent, &charge, decline)?;
        Ok(Outcome::Declined(decline.message))
    }

    fn ask_for_proof(
        &mut self,
        session: &mut Record,
        intent: &mut Record,
        attempt: Attempt,
    ) -> Result<Outcome, Fault> {
        let page = format!(
            "{}/sandbox/pay/{}/authenticate",
            self.house.public_url, session.id
        );
        set(&mut intent.body, "status", "requires_action");
        set(
            &mut intent.body,
            "payment_method",
            shapes::payment_method_id(&attempt.with),
        );
        set(
            &mut intent.body,
            "next_action",
            json!({ "redirect_to_url": { "return_url": success_address(&session.body), "url": page }, "type": "redirect_to_url" }),
        );
        let waiting = Waiting {
            with: attempt.with,
            name: attempt.name,
        };
        set(
            &mut session.notes,
            "waiting",
            serde_json::to_value(waiting)?,
        );
        self.save(session)?;
        self.save(intent)?;
        self.emit("payment_intent.requires_action", &intent.body, None)?;
        Ok(Outcome::Authenticate)
    }

    /// A bank debit: the session is complete, the money is not there (P15).
    fn debit(
        &mut self,
        session: &mut Record,
        intent: &mut Record,
        attempt: &Attempt,
        honoured: bool,
    ) -> Result<Outcome, Fault> {
        let mut charge = self.charge(session, intent, attempt, "pending")?;
        set(&mut charge.notes, "honoured", honoured);
        charge.due = Some(self.now.seconds().saturating_add(DEBIT_SECONDS));
        self.add(&charge)?;
        set(&mut intent.body, "status", "processing");
        set(&mut intent.body, "latest_charge", charge.id.as_str());
        set(
            &mut intent.body,
            "payment_method",
            shapes::payment_method_id(&attempt.with),
        );
        self.save(intent)?;
        self.emit("charge.pending", &charge.body, None)?;
        self.emit("payment_intent.processing", &intent.body, None)?;
        self.complete(session, attempt, "unpaid")
    }
}

/// What an attempt on a session that is no longer open comes to.
fn closed(session: &Record) -> Option<Outcome> {
    match text(&session.body, "status") {
        "open" => None,
        "complete" => Some(Outcome::Complete(success_address(&session.body))),
        _ => Some(Outcome::Expired),
    }
}

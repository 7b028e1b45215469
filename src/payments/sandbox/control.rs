//! `POST /sandbox/control`: changes how the processor behaves, turns the clock, and does what a person would do in
//! the processor's dashboard.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Sandbox;
use super::currency;
use super::json::{set, text, whole};
use super::mood::Mood;
use super::payouts::PayoutDeed;
use super::refunds::{Course, Wanted};
use super::refusal::{Fault, Refusal};
use super::store::{Kind, Origin, Record, Teller};

/// What can be done once, besides changing settings.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Deeds {
    clock_advance_days: i64,
    clock_advance_s: i64,
    refund: Option<RefundDeed>,
    dispute: Option<DisputeDeed>,
    sepa: Option<SepaDeed>,
    tamper: Option<TamperDeed>,
    payout: Option<PayoutDeed>,
}

const DEEDS: [&str; 7] = [
    "clock_advance_days",
    "clock_advance_s",
    "refund",
    "dispute",
    "sepa",
    "tamper",
    "payout",
];
/// Ten years: further than any rehearsal.
const LONGEST_SECONDS: i64 = 3_660 * 86_400;

/// A refund made in the dashboard, or the end of one (`refund`, with outcome `succeeded` or `failed`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundDeed {
    payment_intent: Option<String>,
    session: Option<String>,
    refund: Option<String>,
    amount: Option<i64>,
    #[serde(default)]
    outcome: RefundOutcome,
}

#[derive(Deserialize, Default, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum RefundOutcome {
    #[default]
    Succeeded,
    FailedLater,
    Failed,
}

/// A payer's bank disputes a payment, or (`dispute`, with an outcome) decides a dispute.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeDeed {
    payment_intent: Option<String>,
    session: Option<String>,
    dispute: Option<String>,
    amount: Option<i64>,
    outcome: Option<DisputeOutcome>,
    /// Moves the balance by so much more, whatever was decided: the bank gives back late or in part, or (below zero) takes
    /// again.
    moves: Option<i64>,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum DisputeOutcome {
    Won,
    Lost,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SepaDeed {
    session: String,
    outcome: SepaOutcome,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum SepaOutcome {
    Succeeded,
    Failed,
}

/// Makes a session say another amount or currency than was asked for (P3).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TamperDeed {
    session: String,
    amount_total: Option<i64>,
    currency: Option<String>,
}

fn senseless(message: impl Into<String>) -> Refusal {
    Refusal {
        status: 422,
        ..Refusal::invalid("parameter_unknown", "control", message)
    }
}

/// A result as JSON.
pub(super) fn answer(result: Result<Value, Fault>) -> HttpResponse {
    match result {
        Ok(value) => HttpResponse::Ok().json(value),
        Err(fault) => {
            let refusal = fault.into_refusal();
            let status = actix_web::http::StatusCode::from_u16(refusal.status);
            HttpResponse::build(status.unwrap_or(actix_web::http::StatusCode::BAD_REQUEST))
                .json(refusal.body())
        }
    }
}

/// `POST /sandbox/control`.
pub(super) async fn control(body: web::Bytes, sandbox: web::Data<Sandbox>) -> HttpResponse {
    let (settings, deeds) = match read(&body) {
        Ok(read) => read,
        Err(refusal) => return answer(Err(refusal.into())),
    };
    let seconds = deeds
        .clock_advance_days
        .saturating_mul(86_400)
        .saturating_add(deeds.clock_advance_s);
    if !(0..=LONGEST_SECONDS).contains(&seconds) {
        return answer(Err(
            senseless("the clock turns forward, at most ten years").into()
        ));
    }
    if seconds > 0
        && let Err(fault) = sandbox.turn_clock(seconds).await
    {
        return answer(Err(fault));
    }
    let done = sandbox.work(Origin::default(), move |teller| {
        let mood = merged(teller.mood()?, settings)?;
        teller.set_mood(&mood)?;
        let mut force = serde_json::to_value(&mood)?;
        if let Some(deed) = deeds.refund {
            let refund = refund(teller, deed)?;
            set(&mut force, "refund", refund);
        }
        if let Some(deed) = deeds.dispute {
            let dispute = dispute(teller, deed)?;
            set(&mut force, "dispute", dispute);
        }
        if let Some(deed) = deeds.sepa {
            let mut charge = teller.pending_debit(&deed.session)?;
            teller.settle_debit(&mut charge, deed.outcome == SepaOutcome::Succeeded)?;
        }
        if let Some(deed) = deeds.tamper {
            tamper(teller, &deed)?;
        }
        if let Some(deed) = deeds.payout {
            let payout = teller.pay_out_on_request(deed)?;
            set(&mut force, "payout", payout);
        }
        set(&mut force, "now", teller.now.seconds());
        Ok(force)
    });
    answer(done.await)
}

/// Parts what is done once from what stays in force.
fn read(body: &[u8]) -> Result<(Map<String, Value>, Deeds), Refusal> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| senseless(error.to_string()))?;
    let Value::Object(settings) = value else {
        return Err(senseless("an object is wanted"));
    };
    let (deeds, settings): (Map<_, _>, Map<_, _>) = settings
        .into_iter()
        .partition(|(name, _)| DEEDS.contains(&name.as_str()));
    let deeds =
        serde_json::from_value(deeds.into()).map_err(|error| senseless(error.to_string()))?;
    Ok((settings, deeds))
}

/// The settings with those named changed; a name that does not exist is refused.
fn merged(mood: Mood, changes: Map<String, Value>) -> Result<Mood, Fault> {
    let mut value = serde_json::to_value(mood)?;
    for (name, change) in changes {
        match (value.get_mut(&name), change) {
            (Some(Value::Object(group)), Value::Object(inner)) => group.extend(inner),
            (_, change) => set(&mut value, &name, change),
        }
    }
    let mood: Mood = serde_json::from_value(value).map_err(|error| senseless(error.to_string()))?;
    match mood.objection() {
        Some(objection) => Err(senseless(objection).into()),
        None => Ok(mood),
    }
}

fn refund(teller: &mut Teller<'_>, deed: RefundDeed) -> Result<Value, Fault> {
    if let Some(id) = &deed.refund {
        let refund = teller.need(Kind::Refund, id)?;
        return teller.end_refund(refund, deed.outcome != RefundOutcome::Succeeded);
    }
    let charge = charge(teller, deed.payment_intent, deed.session)?;
    let course = match deed.outcome {
        RefundOutcome::FailedLater => Course::FailsLater,
        RefundOutcome::Succeeded | RefundOutcome::Failed => Course::Usual,
    };
    let made = teller.refund(
        charge,
        Wanted {
            amount: deed.amount,
            reason: None,
            metadata: Map::new(),
            course,
        },
    )?;
    if deed.outcome == RefundOutcome::Failed {
        let refund = teller.need(Kind::Refund, text(&made, "id"))?;
        return teller.end_refund(refund, true);
    }
    Ok(made)
}

/// The charge that is meant.
fn charge(
    teller: &mut Teller<'_>,
    intent: Option<String>,
    session: Option<String>,
) -> Result<Record, Fault> {
    let intent = match (intent, session) {
        (Some(intent), _) => intent,
        (None, Some(session)) => teller
            .need(Kind::Session, &session)?
            .parent
            .unwrap_or_default(),
        (None, None) => {
            return Err(senseless("name a payment_intent, a session or what was made").into());
        }
    };
    teller.paid_charge(&intent)
}

fn dispute(teller: &mut Teller<'_>, deed: DisputeDeed) -> Result<Value, Fault> {
    let made = match deed.dispute {
        Some(id) => teller.need(Kind::Dispute, &id)?,
        None => {
            let charge = charge(teller, deed.payment_intent, deed.session)?;
            let made = teller.open_dispute(charge, deed.amount)?;
            teller.need(Kind::Dispute, text(&made, "id"))?
        }
    };
    let made = match deed.outcome {
        None => made,
        Some(outcome) => {
            let id = made.id.clone();
            teller.close_dispute(made, outcome == DisputeOutcome::Won)?;
            teller.need(Kind::Dispute, &id)?
        }
    };
    match deed.moves {
        None => Ok(made.body),
        Some(by) => teller.move_late(made, by),
    }
}

fn tamper(teller: &mut Teller<'_>, deed: &TamperDeed) -> Result<(), Fault> {
    let mut session = teller.need(Kind::Session, &deed.session)?;
    let mut altered: Vec<(Record, &[&str])> = Vec::new();
    if let Some(intent) = session.parent.clone() {
        for charge in teller.children(Kind::Charge, &intent)? {
            altered.push((charge, &["amount", "amount_captured"]));
        }
        let intent = teller.need(Kind::Intent, &intent)?;
        altered.push((intent, &["amount", "amount_received"]));
    }
    let code = match &deed.currency {
        Some(code) => Some(currency::parse(code, "currency")?.code().to_lowercase()),
        None => None,
    };
    let mut alter = |record: &mut Record, fields: &[&str]| -> Result<(), Fault> {
        for field in fields {
            // What was never received or captured stays 0.
            if let Some(amount) = deed.amount_total
                && whole(&record.body, field) != 0
            {
                set(&mut record.body, field, amount);
            }
        }
        if let Some(code) = &code {
            set(&mut record.body, "currency", code.as_str());
        }
        teller.save(record)
    };
    alter(&mut session, &["amount_total", "amount_subtotal"])?;
    for (record, fields) in &mut altered {
        alter(record, fields)?;
    }
    Ok(())
}

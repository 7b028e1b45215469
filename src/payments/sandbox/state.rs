//! `GET /sandbox/state`: what the processor knows, for tests that compare it with what the program knows.

use actix_web::{HttpResponse, web};
use diesel::prelude::*;
use serde_json::{Map, Value, json};

use super::Sandbox;
use super::control::answer;
use super::json::{set, text, whole};
use super::refusal::Fault;
use super::schema::{events, sends};
use super::store::{Kind, Origin, Record, Teller};

/// `GET /sandbox/state`.
pub(super) async fn state(sandbox: web::Data<Sandbox>) -> HttpResponse {
    let calls = sandbox.log();
    let posts = calls.iter().filter(|call| call.method == "POST");
    let with_key = posts.clone().filter(|call| call.idempotency_key.is_some());
    let calls = json!({ "total": calls.len(), "posts": posts.clone().count(), "posts_with_key": with_key.count() });
    let result = sandbox.work(Origin::default(), move |teller| {
        let mut account = account(teller)?;
        set(&mut account, "calls", calls);
        Ok(account)
    });
    answer(result.await)
}

/// What the processor knows: sessions, sums per currency, refunds, sends.
fn account(teller: &mut Teller<'_>) -> Result<Value, Fault> {
    let sessions = pick(teller.all(Kind::Session)?, SESSION_FIELDS);
    let refunds = pick(teller.all(Kind::Refund)?, REFUND_FIELDS);
    let disputes = pick(teller.all(Kind::Dispute)?, DISPUTE_FIELDS);
    let payouts = pick(teller.all(Kind::Payout)?, PAYOUT_FIELDS);
    let events: i64 = events::table.count().get_result(teller.conn)?;
    Ok(json!({
        "now": teller.now.seconds(), "control": teller.mood()?, "currencies": sums(teller)?, "sessions": sessions,
        "refunds": refunds, "disputes": disputes, "payouts": payouts, "events": events, "sends": sent(teller)?,
    }))
}

const SESSION_FIELDS: &[&str] = &[
    "id",
    "status",
    "payment_status",
    "amount_total",
    "currency",
    "payment_intent",
    "client_reference_id",
    "metadata",
    "created",
];
const REFUND_FIELDS: &[&str] = &[
    "id",
    "status",
    "amount",
    "currency",
    "charge",
    "payment_intent",
    "metadata",
];

const DISPUTE_FIELDS: &[&str] = &[
    "id",
    "status",
    "amount",
    "currency",
    "charge",
    "payment_intent",
];

const PAYOUT_FIELDS: &[&str] = &["id", "status", "amount", "currency", "arrival_date"];

fn pick(records: Vec<Record>, names: &[&str]) -> Vec<Value> {
    let line = |record: Record| -> Value {
        let field = |name: &&str| {
            let value = record.body.get(*name).cloned();
            ((*name).to_owned(), value.unwrap_or_default())
        };
        Value::Object(names.iter().map(field).collect())
    };
    records.into_iter().map(line).collect()
}

/// Payments, gross, refunded, fees and net of each currency, in minor units.
fn sums(teller: &mut Teller<'_>) -> Result<Value, Fault> {
    let mut sums: Map<String, Value> = Map::new();
    let mut add = |body: &Value, name: &str, amount: i64| {
        let zero = || json!({ "payments": 0, "gross": 0, "refunded": 0, "fees": 0, "net": 0 });
        let currency = text(body, "currency").to_owned();
        let line = sums.entry(currency).or_insert_with(zero);
        let sum = whole(line, name).saturating_add(amount);
        set(line, name, sum);
    };
    for charge in teller.all(Kind::Charge)? {
        if charge.tag.as_deref() == Some("succeeded") {
            let body = &charge.body;
            add(body, "payments", 1);
            add(body, "gross", whole(body, "amount_captured"));
            add(body, "refunded", whole(body, "amount_refunded"));
        }
    }
    // What left for the bank, and came back from it, is no one's gift.
    let own = teller.all(Kind::Balance)?.into_iter();
    for txn in own.filter(|txn| !text(&txn.body, "type").starts_with("payout")) {
        add(&txn.body, "fees", whole(&txn.body, "fee"));
        add(&txn.body, "net", whole(&txn.body, "net"));
    }
    Ok(sums.into())
}

/// How the sends stand.
fn sent(teller: &mut Teller<'_>) -> Result<Value, Fault> {
    let mut sent = json!({ "outstanding": 0, "delivered": 0, "dropped": 0, "gave_up": 0 });
    let states: Vec<(String, i64)> = sends::table
        .group_by(sends::state)
        .select((sends::state, diesel::dsl::count_star()))
        .load(teller.conn)?;
    for (state, count) in states {
        let name = match state.as_str() {
            "waiting" | "leased" => "outstanding",
            other => other,
        };
        let sum = whole(&sent, name).saturating_add(count);
        set(&mut sent, name, sum);
    }
    Ok(sent)
}

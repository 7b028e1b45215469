//! Events: what happened, with the object as it was then, and the sends that carry each to the webhook.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::json::set;
use super::refusal::{Fault, Refusal};
use super::schema::{events, new_id, sends};
use super::store::{Page, Teller};

/// Stripe lists events for 30 days.
const KEPT_SECONDS: i64 = 30 * 86_400;

/// Which events a list shows.
#[derive(Debug, Clone)]
pub(super) struct EventQuery {
    /// Any of these types; empty for all. A trailing `*` stands for any ending.
    pub types: Vec<String>,
    pub from: i64,
    pub to: i64,
    /// Only events whose webhooks all arrived, or only those with one that did not.
    pub delivered: Option<bool>,
    pub page: Page,
}

type EventRow = (String, String, i32);

fn shown((_, body, pending): EventRow) -> Result<Value, Fault> {
    let mut event: Value = serde_json::from_str(&body)?;
    set(&mut event, "pending_webhooks", pending);
    Ok(event)
}

/// Adds what no library knows yet, as a newer API would: a field in every object, and a value in known ones.
pub(super) fn sprinkle_unknown(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for inner in map.values_mut() {
                sprinkle_unknown(inner);
            }
            let Some(object) = map.get("object").and_then(Value::as_str) else {
                return;
            };
            let with_new_value = match object {
                "checkout.session" => Some("ui_mode"),
                "payment_intent" => Some("capture_method"),
                _ => None,
            };
            if let Some(name) = with_new_value {
                map.insert(name.to_owned(), "sandbox_new_value".into());
            }
            map.insert(
                "sandbox_new_field".to_owned(),
                json!({ "kind": "not_invented_yet", "list": [1, null] }),
            );
        }
        Value::Array(items) => items.iter_mut().for_each(sprinkle_unknown),
        _ => {}
    }
}

impl Teller<'_> {
    /// Writes an event and its sends. `previous` holds the old values in `*.updated` events.
    pub fn emit(
        &mut self,
        kind: &str,
        object: &Value,
        previous: Option<Value>,
    ) -> Result<(), Fault> {
        let mood = self.mood()?;
        let id = new_id("evt_", 12)?;
        let mut data = json!({ "object": object });
        if let Some(previous) = previous {
            set(&mut data, "previous_attributes", previous);
        }
        let version = mood
            .webhooks
            .api_version
            .unwrap_or_else(|| super::API_VERSION.to_owned());
        let mut event = json!({
            "id": id, "object": "event", "api_version": version, "created": self.now.seconds(), "data": data,
            "livemode": false, "pending_webhooks": 1,
            "request": { "id": self.origin.request, "idempotency_key": self.origin.key },
            "type": kind,
        });
        if mood.api.unknown_fields {
            sprinkle_unknown(&mut event);
        }
        diesel::insert_into(events::table)
            .values((
                events::id.eq(&id),
                events::kind.eq(kind),
                events::created.eq(self.now.seconds()),
                events::body.eq(event.to_string()),
                events::pending.eq(1),
            ))
            .execute(self.conn)?;
        // One throw for the event and all its copies: a dropped event is one that never arrives.
        let dropped = match mood.webhooks.drop {
            0 => false,
            percent => self.with_dice(|dice| dice.happens(percent))?,
        };
        let due_at = (self.now.micros() / 1_000).saturating_add(mood.webhooks.delay_ms.into());
        let state = if dropped { "dropped" } else { "waiting" };
        let row = (
            sends::event.eq(&id),
            sends::due_at.eq(due_at),
            sends::attempt.eq(0),
            sends::state.eq(state),
        );
        for _copy in 0..=mood.webhooks.duplicate {
            diesel::insert_into(sends::table)
                .values(row)
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// One event as the API shows it.
    pub fn event(&mut self, id: &str) -> Result<Value, Fault> {
        let row: Option<EventRow> = events::table
            .filter(events::id.eq(id))
            .select((events::id, events::body, events::pending))
            .first(self.conn)
            .optional()?;
        row.map(shown)
            .transpose()?
            .ok_or_else(|| Refusal::absent("event", id).into())
    }

    /// The place of an event in the list.
    pub fn event_seq(&mut self, id: &str) -> Result<i64, Fault> {
        let found: Option<i64> = events::table
            .filter(events::id.eq(id))
            .select(events::seq)
            .first(self.conn)
            .optional()?;
        found.ok_or_else(|| Refusal::absent("event", id).into())
    }

    /// Events, newest first, and whether more lie behind.
    pub fn events(&mut self, query: &EventQuery) -> Result<(Vec<Value>, bool), Fault> {
        let oldest = self.now.seconds().saturating_sub(KEPT_SECONDS);
        let mut select = events::table
            .filter(events::created.between(query.from.max(oldest), query.to))
            .select((events::id, events::body, events::pending))
            .into_boxed();
        if let [pattern] = query.types.as_slice()
            && let Some(head) = pattern.strip_suffix('*')
        {
            select = select.filter(events::kind.like(format!("{}%", head.replace('%', ""))));
        } else if !query.types.is_empty() {
            select = select.filter(events::kind.eq_any(&query.types));
        }
        select = match query.delivered {
            Some(true) => select.filter(events::pending.eq(0)),
            Some(false) => select.filter(events::pending.gt(0)),
            None => select,
        };
        if let Some(seq) = query.page.before {
            select = select.filter(events::seq.lt(seq));
        }
        select = match query.page.after {
            Some(seq) => select.filter(events::seq.gt(seq)).order(events::seq.asc()),
            None => select.order(events::seq.desc()),
        };
        let rows: Vec<EventRow> = select
            .limit(query.page.limit.saturating_add(1))
            .load(self.conn)?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > query.page.limit;
        let keep = usize::try_from(query.page.limit).unwrap_or(usize::MAX);
        let mut list = rows
            .into_iter()
            .take(keep)
            .map(shown)
            .collect::<Result<Vec<_>, _>>()?;
        if query.page.after.is_some() {
            list.reverse();
        }
        Ok((list, more))
    }
}

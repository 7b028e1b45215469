//! Lists, pages and expansion, as Stripe's API has them
//! (<https://docs.stripe.com/api/pagination>, <https://docs.stripe.com/api/expanding_objects>).

use serde_json::{Value, json};

use super::events::EventQuery;
use super::json::{set, text, whole};
use super::params::Params;
use super::refusal::{Fault, Refusal};
use super::store::{Kind, Page, Query, Record, Teller};

/// Stripe expands four levels deep.
const DEPTH: usize = 4;

fn page_of(data: Vec<Value>, more: bool, url: &str) -> Value {
    json!({ "object": "list", "data": data, "has_more": more, "url": url })
}

impl Teller<'_> {
    fn page(
        &mut self,
        params: &Params,
        mut seq: impl FnMut(&mut Self, &str) -> Result<i64, Fault>,
    ) -> Result<Page, Fault> {
        let limit = params.whole("limit")?.unwrap_or(10);
        if !(1..=100).contains(&limit) {
            let message = "limit lies between 1 and 100.";
            return Err(Refusal::invalid("parameter_invalid_integer", "limit", message).into());
        }
        let before = params.get("starting_after");
        let after = params.get("ending_before");
        Ok(Page {
            limit,
            before: before.map(|id| seq(self, id)).transpose()?,
            after: after.map(|id| seq(self, id)).transpose()?,
        })
    }

    /// A list of objects. `filters` names the parameters that become the parent or the tag looked for.
    pub(super) fn list_of(
        &mut self,
        kind: Kind,
        params: &Params,
        url: &str,
        parent: &[&str],
        tag: &[&str],
    ) -> Result<Value, Fault> {
        let mut known = vec!["created", "limit", "starting_after", "ending_before"];
        known.extend_from_slice(parent);
        known.extend_from_slice(tag);
        if kind == Kind::Balance {
            known.push("payout");
        }
        params.only(&known)?;
        let wanted = |names: &[&str]| {
            let found = names.iter().find_map(|name| params.get(name));
            found.map(str::to_owned)
        };
        let created = params.created()?;
        let query = Query {
            parent: wanted(parent),
            tag: wanted(tag),
            payout: params.get("payout").map(str::to_owned),
            from: created.from,
            to: created.to,
            page: self.page(params, |teller, id| teller.seq(id))?,
        };
        let (records, more) = self.list(kind, &query)?;
        let data = records
            .into_iter()
            .map(|record| self.show(record))
            .collect();
        Ok(page_of(data, more, url))
    }

    /// `GET /v1/checkout/sessions`.
    pub fn list_sessions(&mut self, params: &Params) -> Result<Value, Fault> {
        self.list_of(
            Kind::Session,
            params,
            "/v1/checkout/sessions",
            &["payment_intent"],
            &["status"],
        )
    }

    /// `GET /v1/payment_intents`.
    pub fn list_intents(&mut self, params: &Params) -> Result<Value, Fault> {
        self.list_of(Kind::Intent, params, "/v1/payment_intents", &[], &[])
    }

    /// `GET /v1/charges`.
    pub fn list_charges(&mut self, params: &Params) -> Result<Value, Fault> {
        self.list_of(
            Kind::Charge,
            params,
            "/v1/charges",
            &["payment_intent"],
            &[],
        )
    }

    /// `GET /v1/refunds`.
    pub fn list_refunds(&mut self, params: &Params) -> Result<Value, Fault> {
        self.list_of(
            Kind::Refund,
            params,
            "/v1/refunds",
            &["charge"],
            &["payment_intent"],
        )
    }

    /// `GET /v1/balance_transactions`. Those of a payout stand among them only when it is named.
    pub fn list_balance_transactions(&mut self, params: &Params) -> Result<Value, Fault> {
        let url = "/v1/balance_transactions";
        self.list_of(Kind::Balance, params, url, &["source"], &["type"])
    }

    /// `GET /v1/events`.
    pub fn list_events(&mut self, params: &Params) -> Result<Value, Fault> {
        params.only(&[
            "created",
            "delivery_success",
            "ending_before",
            "limit",
            "starting_after",
            "type",
            "types",
        ])?;
        let created = params.created()?;
        let mut types: Vec<String> = params
            .list("types")
            .into_iter()
            .map(str::to_owned)
            .collect();
        types.extend(params.get("type").map(str::to_owned));
        let query = EventQuery {
            types,
            from: created.from,
            to: created.to,
            delivered: params.get("delivery_success").map(|value| value == "true"),
            page: self.page(params, |teller, id| teller.event_seq(id))?,
        };
        let (data, more) = self.events(&query)?;
        Ok(page_of(data, more, "/v1/events"))
    }

    /// One object.
    pub fn retrieve(&mut self, kind: Kind, id: &str) -> Result<Value, Fault> {
        let record = self.need(kind, id)?;
        Ok(self.show(record))
    }

    /// What the API shows of an object now: money that is two days old has become available.
    fn show(&self, record: Record) -> Value {
        let mut body = record.body;
        if record.kind == Kind::Balance && whole(&body, "available_on") <= self.now.seconds() {
            set(&mut body, "status", "available");
        }
        body
    }

    /// `GET /v1/balance`: what the balance transactions add up to.
    pub fn balance(&mut self) -> Result<Value, Fault> {
        let mut sums: Vec<(String, i64, i64)> = Vec::new();
        for record in self.all(Kind::Balance)? {
            let body = self.show(record);
            let currency = text(&body, "currency").to_owned();
            let net = whole(&body, "net");
            let available = text(&body, "status") == "available";
            let (ready, waiting) = if available { (net, 0) } else { (0, net) };
            match sums.iter_mut().find(|(code, ..)| *code == currency) {
                Some((_, now, later)) => {
                    *now = now.saturating_add(ready);
                    *later = later.saturating_add(waiting);
                }
                None => sums.push((currency, ready, waiting)),
            }
        }
        if sums.is_empty() {
            sums.push(("usd".to_owned(), 0, 0));
        }
        let side = |pick: fn(&(String, i64, i64)) -> i64| -> Vec<Value> {
            let line = |sum: &(String, i64, i64)| json!({ "amount": pick(sum), "currency": sum.0, "source_types": { "card": pick(sum) } });
            sums.iter().map(line).collect()
        };
        Ok(json!({
            "object": "balance", "available": side(|sum| sum.1), "livemode": false, "pending": side(|sum| sum.2),
        }))
    }

    /// Replaces ids by objects along each path, such as `data.latest_charge.balance_transaction`.
    pub fn expand(&mut self, value: &mut Value, paths: &[&str]) -> Result<(), Fault> {
        for path in paths {
            let steps: Vec<&str> = path.split('.').collect();
            let inside = steps.iter().filter(|step| **step != "data").count();
            if inside > DEPTH {
                let message = "Expansion goes four levels deep.";
                return Err(Refusal::invalid("parameter_invalid", "expand", message).into());
            }
            self.expand_path(value, &steps, path)?;
        }
        Ok(())
    }

    fn expand_path(&mut self, value: &mut Value, steps: &[&str], path: &str) -> Result<(), Fault> {
        let Some((step, rest)) = steps.split_first() else {
            return Ok(());
        };
        if let Value::Array(items) = value {
            for item in items {
                self.expand_path(item, steps, path)?;
            }
            return Ok(());
        }
        self.include(value, step)?;
        let inner = value.get_mut(*step).ok_or_else(|| {
            let message = format!("This property cannot be expanded ({path}).");
            Refusal::invalid("parameter_invalid", "expand", message)
        })?;
        match inner {
            Value::Array(items) => {
                for item in items {
                    self.expand_path(item, rest, path)?;
                }
                return Ok(());
            }
            Value::String(id) => {
                if let Some(kind) = Kind::of_id(id) {
                    let record = self.need(kind, &id.clone())?;
                    *inner = self.show(record);
                }
            }
            _ => {}
        }
        if inner.is_object() {
            self.expand_path(inner, rest, path)?;
        }
        Ok(())
    }

    /// Lists inside an object that are printed only when asked for.
    fn include(&mut self, value: &mut Value, step: &str) -> Result<(), Fault> {
        let id = text(value, "id").to_owned();
        match (text(value, "object"), step) {
            ("charge", "refunds") => {
                let refunds = self.children(Kind::Refund, &id)?;
                let data = refunds
                    .into_iter()
                    .rev()
                    .map(|refund| refund.body)
                    .collect();
                let url = format!("/v1/charges/{id}/refunds");
                set(value, "refunds", page_of(data, false, &url));
            }
            ("checkout.session", "line_items") => {
                let session = self.need(Kind::Session, &id)?;
                set(value, "line_items", Teller::line_items(&session));
            }
            _ => {}
        }
        Ok(())
    }
}

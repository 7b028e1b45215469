//! Checkout sessions: open -> complete (paid, or unpaid while a debit is on its way) | expired.

use serde_json::{Value, json};
use url::Url;

use crate::kernel::Currency;

use super::currency;
use super::json::{set, text};
use super::params::Params;
use super::refusal::{Fault, Refusal};
use super::schema::new_id;
use super::shapes::{self, NewSession};
use super::store::{Kind, Record, Teller};

/// Every parameter Stripe documents for creating a session; the sandbox uses some and lets the others pass.
const KNOWN: &[&str] = &[
    "adaptive_pricing",
    "after_expiration",
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "automatic_tax",
    "billing_address_collection",
    "branding_settings",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "currency",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_creation",
    "customer_email",
    "discounts",
    "excluded_payment_method_types",
    "expires_at",
    "integration_identifier",
    "invoice_creation",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "name_collection",
    "origin_context",
    "payment_intent_data",
    "payment_method_collection",
    "payment_method_configuration",
    "payment_method_options",
    "payment_method_types",
    "phone_number_collection",
    "redirect_on_completion",
    "submit_type",
    "success_url",
    "tax_id_collection",
    "ui_mode",
    "wallet_options",
];

/// Sessions live 24 hours unless told otherwise; at least 30 minutes.
const DAY_SECONDS: i64 = 86_400;
const SHORTEST_SECONDS: i64 = 1_800;
const METHODS: [&str; 2] = ["card", "sepa_debit"];

/// What is bought: the lines as they are shown, and their sum.
struct Lines {
    items: Vec<Value>,
    total: i64,
    currency: Currency,
}

fn lines(params: &Params) -> Result<Lines, Fault> {
    let mut items = Vec::new();
    let mut total: i64 = 0;
    let mut one_currency: Option<Currency> = None;
    for place in 0..100 {
        let line = format!("line_items[{place}]");
        if !params.has_inside(&line) {
            break;
        }
        if params.get(&format!("{line}[price]")).is_some() {
            let message = "The sandbox takes prices inline only: use price_data.";
            return Err(
                Refusal::invalid("resource_missing", &format!("{line}[price]"), message).into(),
            );
        }
        let of = |name: &str| format!("{line}[price_data]{name}");
        let code = of("[currency]");
        let currency = params.get(&code).ok_or_else(|| Refusal::missing(&code))?;
        let currency = currency::parse(currency, &code)?;
        if one_currency.is_some_and(|first| first != currency) {
            let message = "All lines must be of one currency.";
            return Err(Refusal::invalid("parameter_invalid", &code, message).into());
        }
        one_currency = Some(currency);
        let unit = of("[unit_amount]");
        let amount = params
            .whole(&unit)?
            .ok_or_else(|| Refusal::missing(&unit))?;
        let name = of("[product_data][name]");
        let name = params.get(&name).ok_or_else(|| Refusal::missing(&name))?;
        let quantity = format!("{line}[quantity]");
        let quantity = params
            .whole(&quantity)?
            .ok_or_else(|| Refusal::missing(&quantity))?;
        let sum = amount
            .checked_mul(quantity)
            .filter(|sum| amount >= 0 && quantity > 0 && *sum <= 999_999_999)
            .ok_or_else(|| {
                Refusal::invalid(
                    "parameter_invalid_integer",
                    &unit,
                    "The amount is out of range.",
                )
            })?;
        total = total.saturating_add(sum);
        items.push(json!({
            "id": new_id("li_", 12)?, "object": "item", "amount_discount": 0, "amount_subtotal": sum, "amount_tax": 0,
            "amount_total": sum, "currency": currency.code().to_lowercase(), "description": name, "price": null,
            "quantity": quantity,
        }));
    }
    let currency = one_currency.ok_or_else(|| Refusal::missing("line_items"))?;
    currency::check_amount(total, currency)?;
    Ok(Lines {
        items,
        total,
        currency,
    })
}

fn web_address(params: &Params, name: &str) -> Result<Option<String>, Refusal> {
    let Some(address) = params.get(name) else {
        return Ok(None);
    };
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(address.to_owned())),
        _ => Err(Refusal::invalid(
            "url_invalid",
            name,
            format!("{name} must be a web address with http or https."),
        )),
    }
}

fn method_types(params: &Params) -> Result<Vec<String>, Refusal> {
    // The pinned version says `allowed_payment_method_types`; older ones, and curl, say `payment_method_types`.
    let mut named = params.list("allowed_payment_method_types");
    named.extend(params.list("payment_method_types"));
    if let Some(stranger) = named.iter().find(|name| !METHODS.contains(name)) {
        return Err(Refusal::invalid(
            "payment_method_invalid_parameter",
            "payment_method_types",
            format!("The sandbox has no payment method {stranger}: it has card and sepa_debit."),
        ));
    }
    match named.as_slice() {
        [] => Ok(vec!["card".to_owned()]),
        named => Ok(named.iter().map(|name| (*name).to_owned()).collect()),
    }
}

fn check_mode(params: &Params) -> Result<(), Refusal> {
    match params.get("mode") {
        Some("payment") => Ok(()),
        None => Err(Refusal::missing("mode")),
        Some(mode @ ("subscription" | "setup")) => Err(Refusal::invalid(
            "parameter_invalid",
            "mode",
            format!("The sandbox does not know mode={mode} yet: it takes single payments only."),
        )),
        Some(mode) => Err(Refusal::invalid(
            "parameter_invalid",
            "mode",
            format!("Invalid mode: {mode}."),
        )),
    }
}

impl Teller<'_> {
    /// `POST /v1/checkout/sessions`.
    pub fn create_session(&mut self, params: &Params) -> Result<Value, Fault> {
        params.only(KNOWN)?;
        check_mode(params)?;
        let lines = lines(params)?;
        let now = self.now.seconds();
        let expires_at = params.whole("expires_at")?.unwrap_or(now + DAY_SECONDS);
        // A minute's grace on either side: the caller's clock is not ours.
        if !(now + SHORTEST_SECONDS - 60..=now + DAY_SECONDS + 60).contains(&expires_at) {
            let message = "expires_at must lie between 30 minutes and 24 hours from now.";
            return Err(Refusal::invalid("parameter_invalid", "expires_at", message).into());
        }
        let email = params.get("customer_email").map(str::to_owned);
        if email.as_ref().is_some_and(|email| !email.contains('@')) {
            let message = "This is not an e-mail address.";
            return Err(Refusal::invalid("email_invalid", "customer_email", message).into());
        }
        let reference = params.get("client_reference_id").map(str::to_owned);
        if reference
            .as_ref()
            .is_some_and(|text| text.chars().count() > 200)
        {
            let message = "A reference has at most 200 characters.";
            return Err(
                Refusal::invalid("parameter_invalid", "client_reference_id", message).into(),
            );
        }
        let success_url =
            web_address(params, "success_url")?.ok_or_else(|| Refusal::missing("success_url"))?;
        let id = new_id(Kind::Session.prefix(), 24)?;
        let notes = json!({
            "line_items": lines.items,
            "intent_metadata": params.metadata("payment_intent_data[metadata]")?,
            "intent_description": params.get("payment_intent_data[description]"),
        });
        let body = shapes::session(NewSession {
            url: format!("{}/sandbox/pay/{id}", self.house.public_url),
            created: now,
            expires_at,
            success_url,
            cancel_url: web_address(params, "cancel_url")?,
            amount: lines.total,
            currency: lines.currency.code().to_lowercase(),
            reference,
            email,
            locale: params.get("locale").map(str::to_owned),
            submit_type: params.get("submit_type").map(str::to_owned),
            method_types: method_types(params)?,
            metadata: params.metadata("metadata")?,
            id: id.clone(),
        });
        self.add(&Record {
            kind: Kind::Session,
            id,
            created: now,
            body: body.clone(),
            notes,
            parent: None,
            tag: Some("open".to_owned()),
            due: Some(expires_at),
        })?;
        Ok(body)
    }

    /// `POST /v1/checkout/sessions/{id}/expire`.
    pub fn expire_on_request(&mut self, id: &str) -> Result<Value, Fault> {
        let mut session = self.need(Kind::Session, id)?;
        let status = text(&session.body, "status").to_owned();
        if status != "open" {
            let message = format!("Only an open session can be expired; this one is {status}.");
            return Err(Refusal::invalid("checkout_session_not_open", "session", message).into());
        }
        self.expire(&mut session)?;
        Ok(session.body)
    }

    /// An open session ends unpaid.
    pub fn expire(&mut self, session: &mut Record) -> Result<(), Fault> {
        set(&mut session.body, "status", "expired");
        set(&mut session.body, "url", Value::Null);
        session.tag = Some("expired".to_owned());
        session.due = None;
        self.save(session)?;
        self.emit("checkout.session.expired", &session.body, None)
    }

    /// The lines of a session, as `expand[]=line_items` and `…/line_items` show them.
    pub fn line_items(session: &Record) -> Value {
        let items = session.notes.get("line_items").cloned();
        json!({
            "object": "list", "data": items.unwrap_or_else(|| json!([])), "has_more": false,
            "url": format!("/v1/checkout/sessions/{}/line_items", session.id),
        })
    }
}

/// Where the payer goes after paying.
pub(super) fn success_address(session: &Value) -> String {
    text(session, "success_url").replace("{CHECKOUT_SESSION_ID}", text(session, "id"))
}

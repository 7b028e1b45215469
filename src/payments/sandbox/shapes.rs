//! Objects as Stripe prints them at the pinned version. Fields this sandbox has no use for are `null`, as Stripe's are.

use serde_json::{Map, Value, json};

use super::cards::{Decline, Instrument};
use super::json::with_nulls;

/// What a new session is made of.
pub(super) struct NewSession {
    pub id: String,
    pub created: i64,
    pub expires_at: i64,
    pub url: String,
    pub success_url: String,
    pub cancel_url: Option<String>,
    pub amount: i64,
    /// Lower-case ISO code.
    pub currency: String,
    pub reference: Option<String>,
    pub email: Option<String>,
    pub locale: Option<String>,
    pub submit_type: Option<String>,
    pub method_types: Vec<String>,
    pub metadata: Map<String, Value>,
}

const SESSION_NULLS: &[&str] = &[
    "after_expiration",
    "allow_promotion_codes",
    "billing_address_collection",
    "client_secret",
    "collected_information",
    "consent",
    "consent_collection",
    "currency_conversion",
    "customer",
    "customer_details",
    "invoice",
    "origin_context",
    "payment_link",
    "permissions",
    "recovered_from",
    "saved_payment_method_options",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "subscription",
    "wallet_options",
];

/// A checkout session, open and unpaid.
pub(super) fn session(new: NewSession) -> Value {
    let body = json!({
        "id": new.id,
        "object": "checkout.session",
        "adaptive_pricing": { "enabled": false },
        "amount_subtotal": new.amount,
        "amount_total": new.amount,
        "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
        "cancel_url": new.cancel_url,
        "client_reference_id": new.reference,
        "created": new.created,
        "currency": new.currency,
        "custom_fields": [],
        "custom_text": { "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null },
        "customer_creation": "if_required",
        "customer_email": new.email,
        "discounts": [],
        "expires_at": new.expires_at,
        "invoice_creation": {
            "enabled": false,
            "invoice_data": {
                "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null, "issuer": null,
                "metadata": {}, "rendering_options": null,
            },
        },
        "livemode": false,
        "locale": new.locale,
        "metadata": new.metadata,
        "mode": "payment",
        "payment_intent": null,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": null,
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } },
        "payment_method_types": new.method_types,
        "payment_status": "unpaid",
        "phone_number_collection": { "enabled": false },
        "shipping_options": [],
        "status": "open",
        "submit_type": new.submit_type,
        "success_url": new.success_url,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "ui_mode": "hosted_page",
        "url": new.url,
    });
    with_nulls(body, SESSION_NULLS)
}

/// What an intent and its charges have in common.
pub(super) struct Purpose {
    pub amount: i64,
    pub currency: String,
    pub description: Option<String>,
    pub metadata: Map<String, Value>,
    pub email: Option<String>,
}

const INTENT_NULLS: &[&str] = &[
    "application",
    "application_fee_amount",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "customer",
    "last_payment_error",
    "latest_charge",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "payment_method_configuration_details",
    "processing",
    "receipt_email",
    "review",
    "setup_future_usage",
    "shipping",
    "source",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
];

/// A payment intent that waits for a payment method.
pub(super) fn intent(id: &str, created: i64, purpose: &Purpose, method_types: &Value) -> Value {
    let body = json!({
        "id": id,
        "object": "payment_intent",
        "amount": purpose.amount,
        "amount_capturable": 0,
        "amount_details": { "tip": {} },
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": format!("{id}_secret_sandbox"),
        "confirmation_method": "automatic",
        "created": created,
        "currency": purpose.currency,
        "description": purpose.description,
        "livemode": false,
        "metadata": purpose.metadata,
        "payment_method_options": {
            "card": { "installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic" },
        },
        "payment_method_types": method_types,
        "status": "requires_payment_method",
    });
    with_nulls(body, INTENT_NULLS)
}

/// Name and address as typed on the pay page.
pub(super) fn billing(name: Option<&str>, email: Option<&str>) -> Value {
    let address = with_nulls(
        json!({}),
        &["city", "country", "line1", "line2", "postal_code", "state"],
    );
    json!({ "address": address, "email": email, "name": name, "phone": null, "tax_id": null })
}

/// The details of the card or account, as a charge and an error carry them.
fn method_details(with: &Instrument) -> Value {
    if with.is_debit() {
        return json!({
            "sepa_debit": {
                "bank_code": "37040044", "branch_code": "", "country": "DE", "fingerprint": with.fingerprint,
                "last4": with.last4, "mandate": null,
            },
            "type": "sepa_debit",
        });
    }
    json!({
        "card": {
            "amount_authorized": null, "authorization_code": null, "brand": with.brand,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
            "country": "US", "exp_month": with.exp_month, "exp_year": with.exp_year, "fingerprint": with.fingerprint,
            "funding": "credit", "installments": null, "last4": with.last4, "mandate": null, "network": with.brand,
            "network_token": { "used": false }, "three_d_secure": null, "wallet": null,
        },
        "type": "card",
    })
}

const CHARGE_NULLS: &[&str] = &[
    "application",
    "application_fee",
    "application_fee_amount",
    "balance_transaction",
    "customer",
    "failure_balance_transaction",
    "failure_code",
    "failure_message",
    "on_behalf_of",
    "receipt_email",
    "receipt_number",
    "review",
    "shipping",
    "source",
    "source_transfer",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
];

/// A charge in `status` `succeeded`, `pending` or `failed`.
pub(super) fn charge(
    id: &str,
    intent: &str,
    created: i64,
    purpose: &Purpose,
    billing: &Value,
    with: &Instrument,
    status: &str,
) -> Value {
    let failed = status == "failed";
    let captured = if failed { 0 } else { purpose.amount };
    let outcome = if failed {
        json!({
            "network_status": "declined_by_network", "reason": "generic_decline", "risk_level": "normal",
            "seller_message": "The bank declined the payment.", "type": "issuer_declined",
        })
    } else {
        json!({
            "network_status": "approved_by_network", "reason": null, "risk_level": "normal",
            "seller_message": "Payment complete.", "type": "authorized",
        })
    };
    let body = json!({
        "id": id,
        "object": "charge",
        "amount": purpose.amount,
        "amount_captured": captured,
        "amount_refunded": 0,
        "billing_details": billing,
        "calculated_statement_descriptor": "SELVEDGE SANDBOX",
        "captured": !failed,
        "created": created,
        "currency": purpose.currency,
        "description": purpose.description,
        "disputed": false,
        "fraud_details": {},
        "livemode": false,
        "metadata": purpose.metadata,
        "outcome": outcome,
        "paid": status == "succeeded",
        "payment_intent": intent,
        "payment_method": payment_method_id(with),
        "payment_method_details": method_details(with),
        "radar_options": {},
        "receipt_url": null,
        "refunded": false,
        "status": status,
    });
    with_nulls(body, CHARGE_NULLS)
}

/// The id of the payment method: one a card, as far as the sandbox recognises cards.
pub(super) fn payment_method_id(with: &Instrument) -> String {
    format!("pm_{}", with.fingerprint)
}

/// `last_payment_error`.
pub(super) fn payment_error(
    decline: Decline,
    charge: Option<&str>,
    billing: &Value,
    with: &Instrument,
    created: i64,
) -> Value {
    let mut method = json!({
        "id": payment_method_id(with), "object": "payment_method", "allow_redisplay": "limited",
        "billing_details": billing, "created": created, "customer": null, "livemode": false, "metadata": {},
        "type": with.method(),
    });
    let mut details = method_details(with);
    if let Some(inner) = details.get_mut(with.method()) {
        super::json::set(&mut method, with.method(), inner.take());
    }
    json!({
        "charge": charge, "code": decline.code, "decline_code": decline.decline_code,
        "message": decline.message, "payment_method": method, "type": "card_error",
    })
}

/// One movement of the processor's balance.
pub(super) struct Movement<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub created: i64,
    pub amount: i64,
    pub fee: i64,
    pub currency: &'a str,
    pub source: &'a str,
    pub description: &'a Value,
}

/// A balance transaction; it becomes available two days later.
pub(super) fn balance_transaction(of: &Movement<'_>) -> Value {
    let fees = match of.fee {
        0 => json!([]),
        fee => json!([{
            "amount": fee, "application": null, "currency": of.currency,
            "description": "Sandbox processing fees", "type": "stripe_fee",
        }]),
    };
    json!({
        "id": of.id,
        "object": "balance_transaction",
        "amount": of.amount,
        "available_on": of.created.saturating_add(2 * 86_400),
        "balance_type": "payments",
        "created": of.created,
        "currency": of.currency,
        "description": of.description,
        "exchange_rate": null,
        "fee": of.fee,
        "fee_details": fees,
        "net": of.amount.saturating_sub(of.fee),
        "reporting_category": of.kind,
        "source": of.source,
        "status": "pending",
        "type": of.kind,
    })
}

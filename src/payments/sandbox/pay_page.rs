//! How the hosted page looks: one function a page, from a plain view to HTML, so that templates can take their place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The card form.
#[derive(Debug, Serialize)]
pub(super) struct PayPage {
    /// Where the form is posted.
    pub action: String,
    /// As people read it: `$50`.
    pub amount: String,
    /// What is paid for.
    pub lines: Vec<String>,
    pub email: Option<String>,
    /// The way back without paying.
    pub back: Option<String>,
    /// The name as typed before.
    pub name: String,
    /// Whether a bank debit may be chosen.
    pub offers_debit: bool,
    /// Whether it was chosen.
    pub debit: bool,
    /// Why the last try was turned down.
    pub declined: Option<&'static str>,
    pub card_error: Option<&'static str>,
    pub exp_error: Option<&'static str>,
    pub cvc_error: Option<&'static str>,
}

/// The bank's question.
#[derive(Debug, Serialize)]
pub(super) struct AuthenticatePage {
    pub action: String,
    pub amount: String,
}

/// A page with nothing to fill in.
#[derive(Debug, Serialize)]
pub(super) struct Notice {
    pub title: &'static str,
    pub message: &'static str,
    pub back: Option<String>,
}

/// The style sheet in the page, allowed by its hash.
pub(super) struct Style(&'static str);

impl Style {
    /// The source expression of a content security policy.
    pub fn hash(&self) -> String {
        format!("sha256-{}", STANDARD.encode(Sha256::digest(self.0)))
    }
}

pub(super) const STYLE: Style = Style(
    "*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1c1c24;background:#f2f2f5}\
main{max-width:26rem;margin:0 auto;padding:1.5rem 1rem 3rem}h1{font-size:2rem;margin:.25rem 0}p{margin:.5rem 0}\
.test{background:#5b2a00;color:#fff;text-align:center;padding:.6rem 1rem;font-weight:600}\
form,.box{background:#fff;border:1px solid #d5d5dd;border-radius:12px;padding:1.25rem;margin:1rem 0}\
label{display:block;font-weight:600;margin:.9rem 0 .25rem}input[type=text]{width:100%;font:inherit;padding:.65rem .75rem;\
border:1px solid #767680;border-radius:8px;background:#fff;color:inherit}input[aria-invalid=true]{border-color:#b00020;\
border-width:2px}.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}.wrong{color:#b00020;font-size:.95rem;margin:.25rem 0 0}\
.alert{border:2px solid #b00020;background:#fff0f1;border-radius:8px;padding:.75rem 1rem}.choice{font-weight:400;margin:.4rem 0}\
button{width:100%;font:inherit;font-weight:700;min-height:3rem;margin-top:1.25rem;border:0;border-radius:8px;background:#123f7a;\
color:#fff;cursor:pointer}button.plain{background:#fff;color:#123f7a;border:2px solid #123f7a}a{color:#123f7a}\
:focus-visible{outline:3px solid #e08a00;outline-offset:2px}code{white-space:nowrap}\
@media(prefers-color-scheme:dark){body{background:#16161c;color:#ececf1}form,.box{background:#202028;border-color:#44444f}\
input[type=text]{background:#16161c;border-color:#8e8e99}a{color:#9cc2ff}.wrong{color:#ff9aa5}.alert{background:#3a161b;border-color:#ff9aa5}\
button{background:#9cc2ff;color:#0d1a2b}button.plain{background:transparent;color:#9cc2ff;border-color:#9cc2ff}input[aria-invalid=true]{border-color:#ff9aa5}}",
);

/// Text safe inside an element and inside a quoted attribute.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

fn frame(title: &str, inner: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · TEST</title>\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
<style>{style}</style></head><body><header class=\"test\">TEST · Sandbox payment processor. No real money moves.</header>\
<main>{inner}</main></body></html>",
        title = escape(title),
        style = STYLE.0,
    )
}

/// One text field with the error beside it.
struct Field<'a> {
    id: &'a str,
    label: &'a str,
    value: &'a str,
    hints: &'a str,
    error: Option<&'a str>,
}

fn field(of: &Field<'_>) -> String {
    let id = of.id;
    let (state, message) = match of.error {
        Some(error) => (
            format!(" aria-invalid=\"true\" aria-describedby=\"{id}-error\""),
            format!("<p class=\"wrong\" id=\"{id}-error\">{}</p>", escape(error)),
        ),
        None => (String::new(), String::new()),
    };
    format!(
        "<div><label for=\"{id}\">{label}</label><input type=\"text\" id=\"{id}\" name=\"{id}\" value=\"{value}\" {hints}{state}>{message}</div>",
        label = escape(of.label),
        value = escape(of.value),
        hints = of.hints,
    )
}

fn back_link(back: Option<&str>) -> String {
    back.map(|address| {
        format!(
            "<p><a href=\"{}\">Go back without paying</a></p>",
            escape(address)
        )
    })
    .unwrap_or_default()
}

fn method_choice(page: &PayPage) -> String {
    if !page.offers_debit {
        return String::new();
    }
    let choice = |value: &str, label: &str, chosen: bool| {
        let checked = if chosen { " checked" } else { "" };
        format!(
            "<label class=\"choice\"><input type=\"radio\" name=\"method\" value=\"{value}\"{checked}> {label}</label>"
        )
    };
    format!(
        "<fieldset><legend>Pay with</legend>{}{}</fieldset>",
        choice("card", "Card", !page.debit),
        choice(
            "sepa_debit",
            "SEPA debit (test): put <code>DE89370400440532013000</code> in the number field",
            page.debit
        ),
    )
}

/// The card form.
pub(super) fn pay(page: &PayPage) -> String {
    let lines: String = page
        .lines
        .iter()
        .map(|line| format!("<p>{}</p>", escape(line)))
        .collect();
    let email = page.email.as_deref().map(escape);
    let email = email
        .map(|email| format!("<p>{email}</p>"))
        .unwrap_or_default();
    let declined = page.declined.map(|why| {
        format!(
            "<p class=\"alert\" role=\"alert\">{} Nothing was charged.</p>",
            escape(why)
        )
    });
    let text_field = |id, label, value, hints, error| {
        field(&Field {
            id,
            label,
            value,
            hints,
            error,
        })
    };
    let number = "inputmode=\"numeric\" autocomplete=\"cc-number\" placeholder=\"4242 4242 4242 4242\" required";
    let exp = "autocomplete=\"cc-exp\" placeholder=\"12/34\"";
    let cvc = "inputmode=\"numeric\" autocomplete=\"cc-csc\" placeholder=\"123\"";
    let inner = format!(
        "{lines}<h1>{amount}</h1>{email}{declined}\
<form method=\"post\" action=\"{action}\" novalidate>{choice}{number}<div class=\"two\">{exp}{cvc}</div>{name}\
<button type=\"submit\">Pay</button></form>{back}\
<div class=\"box\"><p>Test cards: <code>4242 4242 4242 4242</code> pays, <code>4000 0000 0000 0002</code> is declined, \
<code>4000 0000 0000 9995</code> has no funds, <code>4000 0025 0000 3155</code> asks who you are. Any later date, any three digits.</p></div>",
        amount = escape(&page.amount),
        declined = declined.unwrap_or_default(),
        action = escape(&page.action),
        choice = method_choice(page),
        number = text_field("card_number", "Card number", "", number, page.card_error),
        exp = text_field("exp", "Expires", "", exp, page.exp_error),
        cvc = text_field("cvc", "Security code", "", cvc, page.cvc_error),
        name = text_field(
            "name",
            "Name on card",
            &page.name,
            "autocomplete=\"cc-name\"",
            None
        ),
        back = back_link(page.back.as_deref()),
    );
    frame(&format!("Pay {}", page.amount), &inner)
}

/// The bank's question, with the answer to be chosen.
pub(super) fn authenticate(page: &AuthenticatePage) -> String {
    let inner = format!(
        "<h1>Is it you?</h1><p>Your bank asks you to confirm a payment of {amount}. In this test you choose how that ends.</p>\
<form method=\"post\" action=\"{action}\"><button type=\"submit\" name=\"outcome\" value=\"complete\">Complete</button>\
<button type=\"submit\" class=\"plain\" name=\"outcome\" value=\"fail\">Fail</button></form>",
        amount = escape(&page.amount),
        action = escape(&page.action),
    );
    frame("Confirm the payment", &inner)
}

/// A page that only says something.
pub(super) fn notice(notice: &Notice) -> String {
    let inner = format!(
        "<h1>{}</h1><p>{}</p>{}",
        escape(notice.title),
        escape(notice.message),
        back_link(notice.back.as_deref()),
    );
    frame(notice.title, &inner)
}

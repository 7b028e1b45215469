//! The hosted page's addresses. They stand for another company's site: no cookie, no CSRF token, a policy of their own.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use url::Url;

use super::Sandbox;
use super::cards::{self, FieldError};
use super::currency;
use super::json::{text, whole};
use super::params::Params;
use super::pay_page::{self, AuthenticatePage, Notice, PayPage, STYLE};
use super::payments::{Attempt, Outcome};
use super::refusal::Fault;
use super::sessions::success_address;
use super::store::{Kind, Origin, Record};

/// What was typed and may be shown again. Never the card.
#[derive(Default)]
struct Typed {
    name: String,
    debit: bool,
}

/// `GET /sandbox/pay/{session}`.
pub(super) async fn show(id: web::Path<String>, sandbox: web::Data<Sandbox>) -> HttpResponse {
    match load(&sandbox, &id).await {
        Ok(session) => form(&session, &Typed::default(), StatusCode::OK, None, &[]),
        Err(other) => other,
    }
}

/// `POST /sandbox/pay/{session}`.
pub(super) async fn pay(
    id: web::Path<String>,
    body: web::Bytes,
    sandbox: web::Data<Sandbox>,
) -> HttpResponse {
    let fields = Params::parse(&body);
    let field = |name: &str| fields.get(name).unwrap_or_default();
    let typed = Typed {
        name: field("name").trim().chars().take(200).collect(),
        debit: field("method") == "sepa_debit",
    };
    let session = match load(&sandbox, &id).await {
        Ok(session) => session,
        Err(other) => return other,
    };
    let read = cards::read(
        field("card_number"),
        field("exp"),
        field("cvc"),
        typed.debit,
        sandbox.now(),
    );
    let (with, fate) = match read {
        Ok(read) => read,
        Err(errors) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return form(&session, &typed, status, None, &errors);
        }
    };
    let attempt = Attempt {
        with,
        fate,
        name: Some(typed.name.clone()).filter(|name| !name.is_empty()),
    };
    let id = session.id.clone();
    let outcome = sandbox
        .work(Origin::default(), move |teller| {
            teller.attempt(&id, attempt)
        })
        .await;
    finish(outcome, &session, &typed)
}

/// `GET /sandbox/pay/{session}/authenticate`.
pub(super) async fn show_authenticate(
    id: web::Path<String>,
    sandbox: web::Data<Sandbox>,
) -> HttpResponse {
    let session = match load(&sandbox, &id).await {
        Ok(session) => session,
        Err(other) => return other,
    };
    if session
        .notes
        .get("waiting")
        .is_none_or(serde_json::Value::is_null)
    {
        return see_other(&format!("/sandbox/pay/{}", session.id));
    }
    let page = AuthenticatePage {
        action: format!("/sandbox/pay/{}/authenticate", session.id),
        amount: amount(&session),
    };
    html(StatusCode::OK, pay_page::authenticate(&page), &session.body)
}

/// `POST /sandbox/pay/{session}/authenticate` with `outcome=complete` or `outcome=fail`.
pub(super) async fn authenticate(
    id: web::Path<String>,
    body: web::Bytes,
    sandbox: web::Data<Sandbox>,
) -> HttpResponse {
    let proven = Params::parse(&body).get("outcome") == Some("complete");
    let session = match load(&sandbox, &id).await {
        Ok(session) => session,
        Err(other) => return other,
    };
    let typed = Typed {
        name: session
            .notes
            .pointer("/waiting/name")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        debit: false,
    };
    let id = session.id.clone();
    let outcome = sandbox
        .work(Origin::default(), move |teller| {
            teller.authenticated(&id, proven)
        })
        .await;
    finish(outcome, &session, &typed)
}

fn finish(outcome: Result<Outcome, Fault>, session: &Record, typed: &Typed) -> HttpResponse {
    match outcome {
        Ok(Outcome::Complete(next)) => see_other(&next),
        Ok(Outcome::Authenticate) => {
            see_other(&format!("/sandbox/pay/{}/authenticate", session.id))
        }
        Ok(Outcome::Declined(why)) => {
            form(session, typed, StatusCode::PAYMENT_REQUIRED, Some(why), &[])
        }
        Ok(Outcome::Expired) => expired(session),
        Err(fault) => broken(fault),
    }
}

/// The session while it is open; else the page or redirect that takes its place.
async fn load(sandbox: &Sandbox, id: &str) -> Result<Record, HttpResponse> {
    let id = id.to_owned();
    let found = sandbox
        .work(Origin::default(), move |teller| {
            teller.find(Kind::Session, &id)
        })
        .await;
    match found {
        Ok(Some(session)) => match text(&session.body, "status") {
            "open" => Ok(session),
            "complete" => Err(see_other(&success_address(&session.body))),
            _ => Err(expired(&session)),
        },
        Ok(None) => {
            let notice = Notice {
                title: "There is no such payment",
                message: "The link is wrong or from another sandbox.",
                back: None,
            };
            Err(html(
                StatusCode::NOT_FOUND,
                pay_page::notice(&notice),
                &serde_json::Value::Null,
            ))
        }
        Err(fault) => Err(broken(fault)),
    }
}

fn expired(session: &Record) -> HttpResponse {
    let notice = Notice {
        title: "This payment page has expired",
        message: "Nothing was charged. Go back and start again.",
        back: optional(session, "cancel_url"),
    };
    html(StatusCode::GONE, pay_page::notice(&notice), &session.body)
}

fn broken(fault: Fault) -> HttpResponse {
    let status = StatusCode::from_u16(fault.into_refusal().status);
    let notice = Notice {
        title: "The sandbox processor is not available",
        message: "Nothing was charged. Try again in a moment.",
        back: None,
    };
    html(
        status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        pay_page::notice(&notice),
        &serde_json::Value::Null,
    )
}

fn form(
    session: &Record,
    typed: &Typed,
    status: StatusCode,
    declined: Option<&'static str>,
    errors: &[FieldError],
) -> HttpResponse {
    let error_of = |field: &str| {
        let found = errors.iter().find(|error| error.field == field);
        found.map(|error| error.message)
    };
    let types = session.body.get("payment_method_types");
    let types = types
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten();
    let lines = session
        .notes
        .get("line_items")
        .and_then(serde_json::Value::as_array);
    let lines = lines
        .into_iter()
        .flatten()
        .map(|line| text(line, "description").to_owned());
    let page = PayPage {
        action: format!("/sandbox/pay/{}", session.id),
        amount: amount(session),
        lines: lines.collect(),
        email: optional(session, "customer_email"),
        back: optional(session, "cancel_url"),
        name: typed.name.clone(),
        offers_debit: types.into_iter().any(|kind| kind == "sepa_debit"),
        debit: typed.debit,
        declined,
        card_error: error_of("card_number"),
        exp_error: error_of("exp"),
        cvc_error: error_of("cvc"),
    };
    html(status, pay_page::pay(&page), &session.body)
}

fn amount(session: &Record) -> String {
    let code = text(&session.body, "currency");
    currency::display(whole(&session.body, "amount_total"), code)
}

fn optional(session: &Record, name: &str) -> Option<String> {
    let value = session.body.get(name)?.as_str()?;
    Some(value.to_owned())
}

fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// A page with its policy: no script, one known style, forms to here and, by redirect, to where the payer came from.
fn html(status: StatusCode, page: String, session: &serde_json::Value) -> HttpResponse {
    let home =
        Url::parse(text(session, "success_url")).map(|url| url.origin().ascii_serialization());
    let policy = format!(
        "default-src 'none'; style-src 'self' '{}'; img-src 'self'; font-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        STYLE.hash(),
        home.unwrap_or_default(),
    );
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(page)
}

//! `/sandbox/stripe/v1/…`: who may call, what was answered before, what goes wrong on request, and the routes.

use std::time::Duration;

use actix_web::body::{BodyStream, BoxBody, MessageBody};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde_json::{Value, json};

use super::events::sprinkle_unknown;
use super::keys::Kept;
use super::params::Params;
use super::refusal::{Fault, Refusal};
use super::schema::new_id;
use super::store::{Kind, Origin, Teller};
use super::{API_VERSION, Sandbox};

/// One call, read from HTTP.
struct Call {
    post: bool,
    /// Without `/v1/`.
    path: String,
    params: Params,
    key: Option<String>,
    fingerprint: String,
}

/// What to answer, and how badly.
struct Answer {
    status: u16,
    body: String,
    replayed: bool,
    /// `Stripe-Should-Retry`, where Stripe would say.
    should_retry: Option<bool>,
    delay_ms: u32,
    /// Close the connection instead of answering.
    dropped: bool,
    truncated: bool,
}

impl Answer {
    fn new(status: u16, body: String) -> Self {
        Self {
            status,
            body,
            replayed: false,
            should_retry: None,
            delay_ms: 0,
            dropped: false,
            truncated: false,
        }
    }

    fn refused(refusal: &Refusal) -> Self {
        let mut answer = Self::new(refusal.status, refusal.body().to_string());
        answer.should_retry = matches!(refusal.status, 409 | 429).then_some(true);
        answer
    }
}

/// Handles every call under `/sandbox/stripe/v1/`.
pub(super) async fn call(
    request: HttpRequest,
    tail: web::Path<String>,
    body: web::Bytes,
    sandbox: web::Data<Sandbox>,
) -> HttpResponse {
    let post = request.method() == Method::POST;
    let path = tail.into_inner();
    let header_of = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let key = header_of("idempotency-key").filter(|key| post && !key.is_empty());
    sandbox.note(
        request.method().as_str(),
        &format!("/v1/{path}"),
        key.as_deref(),
    );
    let params = if post {
        Params::parse(&body)
    } else {
        Params::parse(request.query_string().as_bytes())
    };
    let request_id = new_id("req_", 8).unwrap_or_default();
    let authorised = authorise(header_of("authorization").as_deref());
    let call = Call {
        post,
        fingerprint: params.fingerprint(request.method().as_str(), &path),
        path,
        params,
        key,
    };
    let answer = match authorised.and_then(|()| method_known(request.method())) {
        Ok(()) => answer(&sandbox, call, &request_id).await,
        Err(refusal) => Answer::refused(&refusal),
    };
    respond(answer, &request_id)
}

fn method_known(method: &Method) -> Result<(), Refusal> {
    if matches!(*method, Method::GET | Method::POST) {
        return Ok(());
    }
    let message = "The sandbox knows GET and POST.";
    Err(Refusal::plain(404, "invalid_request_error", None, message))
}

/// Any test key may come in; a live key must never be sent to a sandbox.
fn authorise(header: Option<&str>) -> Result<(), Refusal> {
    let key = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    if key.starts_with("sk_test_") || key.starts_with("rk_test_") {
        return Ok(());
    }
    let message = if key.starts_with("sk_live_") || key.starts_with("rk_live_") {
        "This is the sandbox: it refuses live keys. Take this key out of the test configuration."
    } else {
        "A test key is needed: Authorization: Bearer sk_test_… or rk_test_…"
    };
    Err(Refusal::plain(401, "invalid_request_error", None, message))
}

async fn answer(sandbox: &web::Data<Sandbox>, call: Call, request_id: &str) -> Answer {
    // A second call with a key whose first call is still being answered (409, as Stripe does).
    let _held = match &call.key {
        Some(key) if key.len() > 255 => {
            let message = "An idempotency key has at most 255 characters.";
            let refusal = Refusal::plain(400, "idempotency_error", None, message);
            return Answer::refused(&refusal);
        }
        Some(key) => match sandbox.hold(key) {
            Some(held) => Some(held),
            None => {
                let message = "Another request with this idempotency key is being worked on.";
                let code = Some("idempotency_key_in_use");
                return Answer::refused(&Refusal::plain(409, "idempotency_error", code, message));
            }
        },
        None => None,
    };
    let origin = Origin {
        request: Some(request_id.to_owned()),
        key: call.key.clone(),
    };
    let answer = match sandbox
        .work(origin, move |teller| serve(teller, &call))
        .await
    {
        Ok(answer) => answer,
        Err(fault) => Answer::refused(&fault.into_refusal()),
    };
    if answer.delay_ms > 0 {
        // After acting: the webhook may overtake the answer (P16), and a caller that gives up has been charged (P7).
        tokio::time::sleep(Duration::from_millis(answer.delay_ms.into())).await;
    }
    answer
}

/// Answers one call inside one transaction: what it did and the answer kept under its key are written together.
fn serve(teller: &mut Teller<'_>, call: &Call) -> Result<Answer, Fault> {
    let mut mood = teller.mood()?;
    let api = &mut mood.api;
    let mut counted = false;
    let mut take = |counter: &mut u32| {
        let taken = *counter > 0;
        *counter = counter.saturating_sub(1);
        counted |= taken;
        taken
    };
    let limited = take(&mut api.rate_limit_next);
    let dropped = !limited && call.post && take(&mut api.drop_after_acting);
    let truncated = !limited && !dropped && take(&mut api.truncate_next);
    let kept = match (&call.key, limited) {
        (Some(key), false) => teller.kept_answer(key)?,
        _ => None,
    };
    let fails = !limited && kept.is_none() && take(&mut api.fail_next);
    if counted {
        teller.set_mood(&mood)?;
    }
    let mut answer = if limited {
        let message = "Too many requests (asked for by the sandbox's control).";
        let code = Some("rate_limit");
        Answer::refused(&Refusal::plain(429, "invalid_request_error", code, message))
    } else {
        match kept {
            Some(kept) => replay(call, kept),
            None => first_time(teller, call, fails, mood.api.unknown_fields)?,
        }
    };
    answer.delay_ms = mood.api.delay_ms;
    answer.dropped = dropped;
    answer.truncated = truncated;
    Ok(answer)
}

fn replay(call: &Call, kept: Kept) -> Answer {
    if kept.request != call.fingerprint {
        let message = "This idempotency key was used before with other parameters; use a new key.";
        return Answer::refused(&Refusal::plain(400, "idempotency_error", None, message));
    }
    let mut answer = Answer::new(kept.status, kept.body);
    answer.replayed = true;
    answer
}

/// Acts, and keeps the answer under the key. A refusal undoes what was begun and is not kept, as nothing happened.
fn first_time(
    teller: &mut Teller<'_>,
    call: &Call,
    fails: bool,
    unknown_fields: bool,
) -> Result<Answer, Fault> {
    let answer = if fails {
        let message = "Something went wrong (asked for by the sandbox's control).";
        Answer::refused(&Refusal::plain(500, "api_error", None, message))
    } else {
        let result = teller.savepoint(|teller| {
            let mut value = route(teller, call)?;
            teller.expand(&mut value, &call.params.list("expand"))?;
            Ok(value)
        });
        match result {
            Ok(mut value) => {
                if unknown_fields {
                    sprinkle_unknown(&mut value);
                }
                Answer::new(200, value.to_string())
            }
            Err(Fault::Refused(refusal)) => return Ok(Answer::refused(&refusal)),
            Err(broken) => return Err(broken),
        }
    };
    if let Some(key) = &call.key {
        teller.keep_answer(
            key,
            &Kept {
                request: call.fingerprint.clone(),
                status: answer.status,
                body: answer.body.clone(),
            },
        )?;
    }
    Ok(answer)
}

fn route(teller: &mut Teller<'_>, call: &Call) -> Result<Value, Fault> {
    let steps: Vec<&str> = call.path.trim_end_matches('/').split('/').collect();
    let params = &call.params;
    match (call.post, steps.as_slice()) {
        (true, ["checkout", "sessions"]) => teller.create_session(params),
        (true, ["checkout", "sessions", id, "expire"]) => teller.expire_on_request(id),
        (true, ["refunds"]) => teller.create_refund(params),
        (false, ["checkout", "sessions"]) => teller.list_sessions(params),
        (false, ["checkout", "sessions", id]) => teller.retrieve(Kind::Session, id),
        (false, ["checkout", "sessions", id, "line_items"]) => {
            let session = teller.need(Kind::Session, id)?;
            Ok(Teller::line_items(&session))
        }
        (false, ["payment_intents"]) => teller.list_intents(params),
        (false, ["payment_intents", id]) => teller.retrieve(Kind::Intent, id),
        (false, ["charges"]) => teller.list_charges(params),
        (false, ["charges", id]) => teller.retrieve(Kind::Charge, id),
        (false, ["balance_transactions"]) => teller.list_balance_transactions(params),
        (false, ["balance_transactions", id]) => teller.retrieve(Kind::Balance, id),
        (false, ["payouts"]) => teller.list_payouts(params),
        (false, ["payouts", id]) => teller.retrieve(Kind::Payout, id),
        (false, ["refunds"]) => teller.list_refunds(params),
        (false, ["refunds", id]) => teller.retrieve(Kind::Refund, id),
        (false, ["disputes"]) => teller.list_disputes(params),
        (false, ["disputes", id]) => teller.retrieve(Kind::Dispute, id),
        (false, ["events"]) => teller.list_events(params),
        (false, ["events", id]) => teller.event(id),
        (false, ["balance"]) => teller.balance(),
        (false, ["webhook_endpoints"]) => {
            let endpoint = webhook_endpoint(teller)?;
            Ok(
                json!({ "object": "list", "data": [endpoint], "has_more": false, "url": "/v1/webhook_endpoints" }),
            )
        }
        (false, ["webhook_endpoints", "we_sandbox"]) => webhook_endpoint(teller),
        _ => {
            let message = format!(
                "The sandbox has nothing at /v1/{} for this method.",
                call.path
            );
            Err(Refusal::plain(404, "invalid_request_error", None, message).into())
        }
    }
}

/// The one endpoint: P23 compares its version and mode with the program's.
fn webhook_endpoint(teller: &mut Teller<'_>) -> Result<Value, Fault> {
    let version = teller.mood()?.webhooks.api_version;
    Ok(json!({
        "id": "we_sandbox", "object": "webhook_endpoint", "api_version": version.as_deref().unwrap_or(API_VERSION),
        "application": null, "created": 1_767_225_600, "description": "The sandbox's own", "enabled_events": ["*"],
        "livemode": false, "metadata": {}, "status": "enabled", "url": teller.house.webhook_url,
    }))
}

fn respond(answer: Answer, request_id: &str) -> HttpResponse {
    if answer.dropped {
        return hang_up();
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-cache, no-store"))
        .insert_header(("Request-Id", request_id))
        .insert_header(("Stripe-Version", API_VERSION));
    if answer.replayed {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    if let Some(should) = answer.should_retry {
        response.insert_header(("Stripe-Should-Retry", should.to_string()));
    }
    let mut body = answer.body;
    if answer.truncated {
        let middle = (0..=body.len() / 2)
            .rev()
            .find(|at| body.is_char_boundary(*at));
        body.truncate(middle.unwrap_or_default());
    }
    response.body(body)
}

/// Ends the connection without a byte: a body that breaks before its first chunk takes the unsent head with it.
fn hang_up() -> HttpResponse {
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    let body = BodyStream::new(stream::iter([Err::<web::Bytes, _>(broken)]));
    let response: HttpResponse<BoxBody> = HttpResponse::Ok().body(body.boxed());
    response
}

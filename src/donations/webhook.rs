//! `POST /webhooks/stripe`: check, store, answer (P11, P12). 200 once stored, 400 and nothing written otherwise.

use actix_web::web::{Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};

use super::{Giving, events};
use crate::error::{AppError, AppResult};
use crate::kernel::crash;
use crate::payments::webhook::{self, Refused};

/// Mounts the webhook.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/webhooks/stripe")
            .app_data(web::PayloadConfig::new(1024 * 1024))
            .route(web::post().to(receive)),
    );
}

async fn receive(
    giving: Data<Giving>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let header = request
        .headers()
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok());
    let (config, now) = (&giving.site.config, giving.site.clock.now());
    let checked = webhook::verify(header, &body, &giving.webhook_secrets, now)
        .and_then(|()| webhook::parse(&body, config.is_live()));
    let event = match checked {
        Ok(event) => event,
        Err(refused) => {
            metrics::counter!("selvedge_webhooks_refused_total", "why" => why(refused))
                .increment(1);
            return Err(AppError::BadRequest(refused.to_string()));
        }
    };
    let payload = String::from_utf8(body.to_vec())
        .map_err(|_| AppError::BadRequest("the body is not UTF-8".into()))?;
    let stored = giving
        .site
        .db
        .tx(move |conn| events::store(conn, &event, &payload, "webhook", now))
        .await?;
    crash::point("event-stored");
    metrics::gauge!("selvedge_webhook_last_seconds").set(f64_seconds(now.seconds()));
    if stored {
        giving.events.notify_one();
    }
    Ok(HttpResponse::Ok().json(serde_json::json!({ "received": true })))
}

/// Prometheus speaks floats; this is time, not money.
#[allow(clippy::cast_precision_loss)]
fn f64_seconds(seconds: i64) -> f64 {
    seconds as f64
}

fn why(refused: Refused) -> &'static str {
    match refused {
        Refused::Header => "header",
        Refused::Signature => "signature",
        Refused::Clock => "clock",
        Refused::Body => "body",
        Refused::Mode => "mode",
    }
}

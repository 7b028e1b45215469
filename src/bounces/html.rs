//! The doors: `POST /webhooks/mail/inbound`, `/webhooks/mail/postmark`, `…/sendgrid`, `…/ses`.
//!
//! Each is closed until its secret is set. What is not proved is 403 and leaves no trace but a number; what is proved and says
//! nothing to us is 200, so that nobody sends it again.

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::ops::{self, BounceId, Report};
use super::{Notary, message, postmark, sendgrid};
use crate::deliveries::Engine;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::equal;
use crate::web::Site;

/// Bytes of a report at most: it may return the mail that it is about, and no more (N15).
const MOST: usize = 2 * 1024 * 1024;

/// Mounts the doors. Needs `Data<Site>` and `Data<Engine>`.
pub fn routes(cfg: &mut ServiceConfig) {
    let most = || web::PayloadConfig::new(MOST);
    cfg.service(
        web::resource("/webhooks/mail/inbound")
            .app_data(most())
            .route(web::post().to(inbound)),
    )
    .service(
        web::resource("/webhooks/mail/postmark")
            .app_data(most())
            .route(web::post().to(by_postmark)),
    )
    .service(
        web::resource("/webhooks/mail/sendgrid")
            .app_data(most())
            .route(web::post().to(by_sendgrid)),
    )
    .service(
        web::resource("/webhooks/mail/ses")
            .app_data(most())
            .route(web::post().to(by_ses)),
    );
}

const FORGED: AppError = AppError::Forbidden("this report proves nothing");

/// The secret of a door, if it is open.
fn open(secret: &SecretString) -> AppResult<&str> {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return Err(AppError::NotFound("this door"));
    }
    Ok(secret)
}

fn sent<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let header = request.headers().get(name);
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// `Authorization: <scheme> …` without its scheme.
fn authorization<'a>(request: &'a HttpRequest, scheme: &str) -> &'a str {
    let text = sent(request, AUTHORIZATION.as_str());
    text.strip_prefix(scheme).map_or("", str::trim_start)
}

async fn store(site: &Site, reports: Vec<Report>, door: &'static str) -> AppResult<HttpResponse> {
    let now = site.clock.now();
    let reports: Vec<(BounceId, Report)> = reports
        .into_iter()
        .map(|report| (BounceId::new(), report))
        .collect();
    let taken = site
        .db
        .tx(move |conn| {
            let mut taken = 0_u64;
            for (id, report) in &reports {
                taken += u64::from(ops::take(conn, *id, report, now)?);
            }
            Ok(taken)
        })
        .await?;
    metrics::counter!("selvedge_mail_reports_total", "door" => door).increment(taken);
    Ok(HttpResponse::Ok().json(serde_json::json!({ "received": true })))
}

/// A message as the mail server got it. The envelope's recipient may be told in `?to=`.
async fn inbound(
    site: Data<Site>,
    engine: Data<Engine>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let secret = open(&site.config.newsletters.inbound_secret)?;
    if !equal(
        authorization(&request, "Bearer ").as_bytes(),
        secret.as_bytes(),
    ) {
        return Err(FORGED);
    }
    let to = url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == "to")
        .map(|(_, value)| value.into_owned());
    let report = message::read(&body, to.as_deref(), &engine.house().return_path);
    store(&site, report.into_iter().collect(), "inbound").await
}

async fn by_postmark(
    site: Data<Site>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let secret = open(&site.config.newsletters.postmark_secret)?;
    let given = STANDARD
        .decode(authorization(&request, "Basic "))
        .unwrap_or_default();
    if !equal(&given, secret.as_bytes()) {
        return Err(FORGED);
    }
    let report = postmark::read(&body).map_err(|_| ops::unreadable())?;
    store(&site, report.into_iter().collect(), "postmark").await
}

async fn by_sendgrid(
    site: Data<Site>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let key = site.config.newsletters.sendgrid_key.as_str();
    if key.is_empty() {
        return Err(AppError::NotFound("this door"));
    }
    let signature = sent(&request, "x-twilio-email-event-webhook-signature");
    let timestamp = sent(&request, "x-twilio-email-event-webhook-timestamp");
    if !sendgrid::is_genuine(key, signature, timestamp, &body, site.clock.now()) {
        return Err(FORGED);
    }
    let reports = sendgrid::read(&body).map_err(|_| ops::unreadable())?;
    store(&site, reports, "sendgrid").await
}

async fn by_ses(site: Data<Site>, notary: Data<Notary>, body: Bytes) -> AppResult<HttpResponse> {
    let topic = site.config.newsletters.sns_topic.as_str();
    if topic.is_empty() {
        return Err(AppError::NotFound("this door"));
    }
    let reports = notary.read(topic, &body, site.clock.now()).await;
    store(&site, reports.ok_or(FORGED)?, "ses").await
}

//! SendGrid's event webhook: signed with ECDSA over time and raw body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;

use super::ops::{Kind, Report, Whose};
use crate::deliveries::refusals::{is_dead, status_in};
use crate::kernel::Timestamp;

/// Seconds that a signature's time may differ from ours: a stored request cannot be sent again later.
const WINDOW_SECONDS: i64 = 600;
/// Bytes of a point of P-256, uncompressed: the end of its public key's DER.
const POINT: usize = 65;

#[derive(Deserialize)]
struct Event {
    event: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    sg_event_id: String,
}

/// Whether the request was signed by the holder of `key` (base64 of its DER) within the window.
pub(super) fn is_genuine(
    key: &str,
    signature: &str,
    timestamp: &str,
    body: &[u8],
    now: Timestamp,
) -> bool {
    let at: Option<i64> = timestamp.parse().ok();
    let is_near = at.is_some_and(|at| (now.seconds() - at).abs() <= WINDOW_SECONDS);
    let (Ok(der), Ok(signature)) = (STANDARD.decode(key), STANDARD.decode(signature)) else {
        return false;
    };
    let Some(point) = der
        .len()
        .checked_sub(POINT)
        .and_then(|from| der.get(from..))
    else {
        return false;
    };
    let mut signed = timestamp.as_bytes().to_vec();
    signed.extend_from_slice(body);
    let is_signed = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
        .verify(&signed, &signature)
        .is_ok();
    is_near && is_signed
}

/// What the events report.
pub(super) fn read(body: &[u8]) -> Result<Vec<Report>, serde_json::Error> {
    let events: Vec<Event> = serde_json::from_slice(body)?;
    Ok(events.into_iter().filter_map(report).collect())
}

fn report(event: Event) -> Option<Report> {
    let status = status_in(&event.status)
        .or_else(|| status_in(&event.reason))
        .unwrap_or_default();
    let kind = match event.event.as_str() {
        "bounce" if is_dead(&status) => Kind::Hard,
        "bounce" | "blocked" => Kind::Soft,
        "spamreport" => Kind::Complaint,
        _ => return None,
    };
    Some(Report {
        kind,
        whose: Whose::Address(event.email.parse().ok()?),
        status,
        source: "sendgrid",
        id: format!("sendgrid:{}", event.sg_event_id),
    })
}

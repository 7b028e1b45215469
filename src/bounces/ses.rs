//! Amazon SES, by its notification service (SNS): signed by a certificate that may lie at one kind of host alone (N16).
//!
//! Signature version 2 (SHA-256) is asked for; version 1 signs with SHA-1 and is refused: `aws sns set-topic-attributes
//! --attribute-name SignatureVersion --attribute-value 2`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::{Mutex, RwLock};
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use std::sync::Arc;
use url::Url;
use webpki::EndEntityCert;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;

use super::fetch::{Fetch, Net};
use super::ops::{Kind, Report, Whose};
use crate::deliveries::refusals::{is_dead, status_in};
use crate::kernel::Timestamp;

/// Seconds that a notification may be old: one that was stored cannot be sent again later.
const WINDOW_SECONDS: i64 = 3_600;
/// Certificates that are remembered.
const KEPT: usize = 8;

/// What checks notifications: the certificates seen, and how others are got.
pub struct Notary {
    fetch: RwLock<Arc<dyn Fetch>>,
    seen: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Default for Notary {
    fn default() -> Self {
        Self {
            fetch: RwLock::new(Arc::new(Net)),
            seen: Mutex::default(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    r#type: String,
    message_id: String,
    topic_arn: String,
    message: String,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default, rename = "SubscribeURL")]
    subscribe_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(alias = "eventType")]
    notification_type: String,
    #[serde(default)]
    bounce: Option<Bounce>,
    #[serde(default)]
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    diagnostic_code: String,
}

impl Notary {
    /// Gets certificates with `fetch` from now on: for tests.
    pub fn fetch_with(&self, fetch: Arc<dyn Fetch>) {
        *self.fetch.write() = fetch;
    }

    /// What a notification of `topic` reports; `None` for one that proves nothing. A subscription that is offered is
    /// confirmed.
    pub(super) async fn read(
        &self,
        topic: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Option<Vec<Report>> {
        let told: Notification = serde_json::from_slice(body).ok()?;
        let at = chrono::DateTime::parse_from_rfc3339(&told.timestamp).ok()?;
        let is_near = (now.seconds() - at.timestamp()).abs() <= WINDOW_SECONDS;
        if told.topic_arn != topic || told.signature_version != "2" || !is_near {
            return None;
        }
        let signature = STANDARD.decode(&told.signature).ok()?;
        let signed = signed_text(&told)?;
        // The address is looked at before anything is asked of it.
        let certificate = self.certificate(&amazons(&told.signing_cert_url)?).await?;
        let der = CertificateDer::from(certificate);
        let holder = EndEntityCert::try_from(&der).ok()?;
        holder
            .verify_signature(RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
            .ok()?;
        if told.r#type == "SubscriptionConfirmation" {
            let url = amazons(told.subscribe_url.as_deref()?)?;
            let fetch = Arc::clone(&self.fetch.read());
            if let Err(why) = fetch.get(&url).await {
                tracing::warn!(why, "a subscription could not be confirmed");
            }
            return Some(Vec::new());
        }
        Some(reports(&told))
    }

    async fn certificate(&self, url: &Url) -> Option<Vec<u8>> {
        if let Some(known) = self.seen.lock().get(url.as_str()) {
            return Some(known.clone());
        }
        let fetch = Arc::clone(&self.fetch.read());
        let pem = fetch.get(url).await.ok()?;
        let pem = String::from_utf8(pem).ok()?;
        let inner = pem.split("-----BEGIN CERTIFICATE-----").nth(1)?;
        let inner = inner.split("-----END CERTIFICATE-----").next()?;
        let compact: String = inner.chars().filter(|sign| !sign.is_whitespace()).collect();
        let der = STANDARD.decode(compact).ok()?;
        let mut seen = self.seen.lock();
        if seen.len() >= KEPT {
            seen.clear();
        }
        seen.insert(url.to_string(), der.clone());
        Some(der)
    }
}

/// An address of the notification service: `https://sns.<region>.amazonaws.com(.cn)/…`, and nothing that looks like it.
fn amazons(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let region = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"))?
        .strip_prefix("sns.")?;
    let is_region = !region.is_empty()
        && region
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_plain = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (is_region && is_plain).then_some(url)
}

/// What is signed: names and values, a line each, in the alphabet's order.
fn signed_text(told: &Notification) -> Option<String> {
    let mut lines = vec![
        ("Message", told.message.as_str()),
        ("MessageId", told.message_id.as_str()),
    ];
    match told.r#type.as_str() {
        "Notification" => lines.extend(told.subject.as_deref().map(|text| ("Subject", text))),
        "SubscriptionConfirmation" => lines.push(("SubscribeURL", told.subscribe_url.as_deref()?)),
        _ => return None,
    }
    lines.push(("Timestamp", told.timestamp.as_str()));
    if told.r#type == "SubscriptionConfirmation" {
        lines.push(("Token", told.token.as_deref()?));
    }
    lines.push(("TopicArn", told.topic_arn.as_str()));
    lines.push(("Type", told.r#type.as_str()));
    Some(
        lines
            .into_iter()
            .map(|(name, value)| format!("{name}\n{value}\n"))
            .collect(),
    )
}

fn reports(told: &Notification) -> Vec<Report> {
    let Ok(event) = serde_json::from_str::<Event>(&told.message) else {
        return Vec::new();
    };
    let (people, is_permanent) = match (
        event.notification_type.as_str(),
        event.bounce,
        event.complaint,
    ) {
        ("Bounce", Some(bounce), _) => {
            let is_permanent = bounce.bounce_type == "Permanent";
            (bounce.bounced_recipients, Some(is_permanent))
        }
        ("Complaint", _, Some(complaint)) => (complaint.complained_recipients, None),
        _ => return Vec::new(),
    };
    let one = |(number, person): (usize, Recipient)| {
        let status = status_in(&person.status)
            .or_else(|| status_in(&person.diagnostic_code))
            .unwrap_or_default();
        Some(Report {
            kind: match is_permanent {
                None => Kind::Complaint,
                // SES says "permanent" of suppressed and unknown addresses, and of some that refuse for other reasons.
                Some(true) if status.is_empty() || is_dead(&status) => Kind::Hard,
                Some(_) => Kind::Soft,
            },
            whose: Whose::Address(person.email_address.parse().ok()?),
            status,
            source: "ses",
            id: format!("ses:{}:{number}", told.message_id),
        })
    };
    people.into_iter().enumerate().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::amazons;

    #[test]
    fn only_the_service_itself_is_asked() {
        for fine in [
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/x.pem",
        ] {
            assert!(amazons(fine).is_some(), "{fine}");
        }
        for other in [
            "http://sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
            "https://evil.example/sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
            "https://sns.us-east-1.amazonaws.com:8443/x.pem",
            "https://s3.amazonaws.com/sns.pem",
            "https://sns.a.b.amazonaws.com/x.pem",
            "https://sns..amazonaws.com/x.pem",
            "",
        ] {
            assert!(amazons(other).is_none(), "{other}");
        }
    }
}

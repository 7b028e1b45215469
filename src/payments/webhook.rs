//! What the processor sends: checked byte by byte, then read narrowly (P11, P12).

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::kernel::Timestamp;
use crate::kernel::secret::{equal, hmac_sha256_hex};

/// The longest signature header that is read.
const HEADER_LIMIT: usize = 4096;
/// How far a signature's time may be from ours, in seconds, to either side.
const TOLERANCE: i64 = 300;

/// Why a webhook is refused; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No header, or one that cannot be read.
    #[error("the Stripe-Signature header is missing or cannot be read")]
    Header,
    /// No signature of an active secret.
    #[error("no signature in the header matches the body under an active secret")]
    Signature,
    /// Signed too long ago, or in the future: replayed, or a clock is wrong (F14).
    #[error(
        "the signature's time is more than five minutes from this server's clock; check both clocks"
    )]
    Clock,
    /// The body is no event.
    #[error("the body is not an event")]
    Body,
    /// A test event at a live installation, or the other way round.
    #[error("the event's livemode is not this installation's")]
    Mode,
}

/// Checks `Stripe-Signature` (`t=…,v1=…[,v1=…]`) over the raw body: HMAC-SHA-256 of `t.body`, any `v1`, any of
/// `secrets`, in constant time (docs.stripe.com/webhooks#verify-manually).
///
/// # Errors
/// [`Refused`].
pub fn verify(
    header: Option<&str>,
    body: &[u8],
    secrets: &[SecretString],
    now: Timestamp,
) -> Result<(), Refused> {
    let header = header
        .filter(|text| text.len() <= HEADER_LIMIT)
        .ok_or(Refused::Header)?;
    let mut signed_at = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => signed_at = value.parse::<i64>().ok(),
            Some(("v1", value)) => signatures.push(value),
            _ => {}
        }
    }
    let signed_at = signed_at.ok_or(Refused::Header)?;
    if signatures.is_empty() {
        return Err(Refused::Header);
    }
    let time = signed_at.to_string();
    let matches = secrets.iter().any(|secret| {
        let expected = hmac_sha256_hex(
            secret.expose_secret().as_bytes(),
            &[time.as_bytes(), b".", body],
        );
        signatures
            .iter()
            .any(|given| equal(given.as_bytes(), expected.as_bytes()))
    });
    if !matches {
        return Err(Refused::Signature);
    }
    // After the signature, so that a stranger learns nothing of our clock; unsigned_abs, for i64::MIN has no abs.
    let distance = i128::from(now.seconds()) - i128::from(signed_at);
    if distance.unsigned_abs() > TOLERANCE.unsigned_abs().into() {
        return Err(Refused::Clock);
    }
    Ok(())
}

/// The little of an event that we read: everything else is a hint that a refetch replaces (P13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// `checkout.session.completed` …
    pub kind: String,
    /// The version in which the processor wrote it.
    pub api_version: Option<String>,
    /// When it happened, UTC seconds.
    pub created: i64,
    /// The object that it is about: the id, empty if it has none.
    pub object_id: String,
    /// The payment intent, or the object itself, that leads to a payment.
    pub reference: Option<Reference>,
}

/// What leads from an event to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// `cs_…`
    Session(String),
    /// `pi_…`
    PaymentIntent(String),
    /// `ch_…`, where the event names no intent.
    Charge(String),
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    created: i64,
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: serde_json::Value,
}

/// Reads an event. Unknown fields, types and words are no fault: such an event is stored and ignored.
///
/// # Errors
/// [`Refused::Body`] or [`Refused::Mode`].
pub fn parse(body: &[u8], live: bool) -> Result<Event, Refused> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| Refused::Body)?;
    let known = |text: &str| !text.is_empty() && text.len() <= 255;
    if !known(&envelope.id) || !known(&envelope.kind) {
        return Err(Refused::Body);
    }
    if envelope.livemode != live {
        return Err(Refused::Mode);
    }
    let object = &envelope.data.object;
    let text = |key: &str| {
        object
            .get(key)
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
    };
    let object_id = text("id").filter(|id| id.len() <= 255).unwrap_or_default();
    Ok(Event {
        id: envelope.id,
        kind: envelope.kind,
        api_version: envelope.api_version,
        created: envelope.created,
        reference: reference(
            &object_id,
            id_of(object, "payment_intent"),
            id_of(object, "charge"),
        ),
        object_id,
    })
}

/// A field that holds an id, or the object with one.
fn id_of(object: &serde_json::Value, key: &str) -> Option<String> {
    let field = object.get(key)?;
    let id = field.as_str().or_else(|| field.get("id")?.as_str())?;
    (id.len() <= 255).then(|| id.to_owned())
}

fn reference(object: &str, intent: Option<String>, charge: Option<String>) -> Option<Reference> {
    if object.starts_with("cs_") {
        return Some(Reference::Session(object.to_owned()));
    }
    if object.starts_with("pi_") {
        return Some(Reference::PaymentIntent(object.to_owned()));
    }
    if let Some(intent) = intent {
        return Some(Reference::PaymentIntent(intent));
    }
    if object.starts_with("ch_") {
        return Some(Reference::Charge(object.to_owned()));
    }
    charge.map(Reference::Charge)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","type":"charge.succeeded","livemode":false,"created":1,"data":{"object":{"id":"ch_1","payment_intent":"pi_1","new_word":[1]}},"brand_new":true}"#;

    fn sign(secret: &str, time: i64, body: &[u8]) -> String {
        hmac_sha256_hex(
            secret.as_bytes(),
            &[time.to_string().as_bytes(), b".", body],
        )
    }

    fn secrets() -> Vec<SecretString> {
        ["whsec_new", "whsec_old"]
            .map(|s| SecretString::from(s.to_owned()))
            .into()
    }

    #[test]
    fn signatures_hold_or_are_refused() {
        let now = 1_700_000_000;
        let good = sign("whsec_new", now, BODY);
        let old = sign("whsec_old", now, BODY);
        let other = sign("whsec_other", now, BODY);
        let late = |t: i64| format!("t={t},v1={}", sign("whsec_new", t, BODY));
        let table: Vec<(&str, Option<String>, Result<(), Refused>)> = vec![
            ("good", Some(format!("t={now},v1={good}")), Ok(())),
            ("old secret", Some(format!("t={now},v1={old}")), Ok(())),
            (
                "both, good last",
                Some(format!("t={now},v1={other},v1={good}")),
                Ok(()),
            ),
            (
                "both, good first",
                Some(format!("t={now},v1={good},v1={other}")),
                Ok(()),
            ),
            ("spaces", Some(format!("t={now}, v1={good}")), Ok(())),
            (
                "unknown secret",
                Some(format!("t={now},v1={other}")),
                Err(Refused::Signature),
            ),
            (
                "only v0",
                Some(format!("t={now},v0={good}")),
                Err(Refused::Header),
            ),
            ("300 s ago", Some(late(now - 300)), Ok(())),
            ("301 s ago", Some(late(now - 301)), Err(Refused::Clock)),
            ("301 s ahead", Some(late(now + 301)), Err(Refused::Clock)),
            (
                "the least number",
                Some(late(i64::MIN)),
                Err(Refused::Clock),
            ),
            ("no time", Some(format!("v1={good}")), Err(Refused::Header)),
            (
                "time is no number",
                Some(format!("t=x,v1={good}")),
                Err(Refused::Header),
            ),
            ("none", None, Err(Refused::Header)),
            (
                "too long",
                Some(format!("t={now},v1={good},{}", "x".repeat(5000))),
                Err(Refused::Header),
            ),
        ];
        let at = Timestamp::from_seconds(now).unwrap();
        for (name, header, expected) in table {
            assert_eq!(
                verify(header.as_deref(), BODY, &secrets(), at),
                expected,
                "{name}"
            );
        }
        let again = serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(BODY).unwrap())
            .unwrap();
        let spaced = [b" ".as_slice(), &again].concat();
        let header = format!("t={now},v1={good}");
        assert_eq!(
            verify(Some(&header), &spaced, &secrets(), at),
            Err(Refused::Signature)
        );
    }

    #[test]
    fn events_lead_to_payments_and_unknown_words_are_no_fault() {
        let event = parse(BODY, false).unwrap();
        assert_eq!(
            event.reference,
            Some(Reference::PaymentIntent("pi_1".into()))
        );
        assert_eq!(parse(BODY, true), Err(Refused::Mode));
        let refund = br#"{"id":"evt_2","type":"refund.created","livemode":false,"data":{"object":{"id":"re_1","charge":{"id":"ch_9"},"payment_intent":null}}}"#;
        assert_eq!(
            parse(refund, false).unwrap().reference,
            Some(Reference::Charge("ch_9".into()))
        );
        let strange =
            br#"{"id":"evt_3","type":"moon.rose","livemode":false,"data":{"object":{"phase":1}}}"#;
        assert_eq!(parse(strange, false).unwrap().reference, None);
        for body in [
            b"{}".as_slice(),
            b"[]",
            b"\xff",
            br#"{"id":"","type":"x","livemode":false,"data":{"object":{}}}"#,
        ] {
            assert_eq!(parse(body, false), Err(Refused::Body));
        }
    }
}

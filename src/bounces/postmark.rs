//! Postmark's webhook: bounces and spam complaints as JSON.

use serde::Deserialize;

use super::ops::{Kind, Report, Whose};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    record_type: String,
    #[serde(default)]
    r#type: String,
    email: String,
    #[serde(default, rename = "ID")]
    id: i64,
}

/// What an event reports; nothing for kinds that say nothing final. Unknown fields are ignored.
pub(super) fn read(body: &[u8]) -> Result<Option<Report>, serde_json::Error> {
    let event: Event = serde_json::from_slice(body)?;
    let (kind, status) = match (event.record_type.as_str(), event.r#type.as_str()) {
        ("SpamComplaint", _) | ("Bounce", "SpamComplaint") => (Kind::Complaint, ""),
        ("Bounce", "HardBounce" | "BadEmailAddress") => (Kind::Hard, "5.1.1"),
        (
            "Bounce",
            "SoftBounce"
            | "DnsError"
            | "SpamNotification"
            | "Blocked"
            | "ManuallyDeactivated"
            | "DMARCPolicy",
        ) => (Kind::Soft, ""),
        _ => return Ok(None),
    };
    let Ok(email) = event.email.parse() else {
        return Ok(None);
    };
    Ok(Some(Report {
        kind,
        whose: Whose::Address(email),
        status: status.to_owned(),
        source: "postmark",
        id: format!("postmark:{}:{}", event.record_type, event.id),
    }))
}

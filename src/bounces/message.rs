//! A message that came in, read by its fields, never by its prose (N15).

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

use super::ops::{Kind, Report, Whose};
use crate::deliveries::DeliveryId;
use crate::deliveries::refusals::{is_dead, status_in};
use crate::deliveries::return_path::{Purpose, ReturnPath};
use crate::kernel::secret::sha256_hex;

/// Where a message's own envelope or head may name the address that it came to.
const TO: [&str; 6] = [
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-rcpt-to",
    "to",
];

/// What a message reports; nothing when it is none of ours, or says nothing final. `to` is the envelope's recipient, where the server tells it.
pub fn read(raw: &[u8], to: Option<&str>, path: &ReturnPath) -> Option<Report> {
    let message = MessageParser::default().parse(raw)?;
    let addressed = to
        .and_then(|to| path.read(to))
        .or_else(|| addressed(&message, path));
    let id = sha256_hex(raw);
    let report = |kind, delivery, status: String| Report {
        kind,
        whose: Whose::Delivery(delivery),
        status,
        source: "inbound",
        id,
    };
    if let Some((Purpose::Leave, delivery)) = addressed {
        // A robot's answer to the mail wants nothing.
        let is_robot = header(&message, "auto-submitted").is_some_and(|said| said != "no");
        return (!is_robot).then(|| report(Kind::Leave, delivery, String::new()));
    }
    let own = addressed.map(|(_, delivery)| delivery);
    if let Some(fields) = part(&message, "feedback-report") {
        let delivery = own.or_else(|| within(&message, &fields, path))?;
        return complaint(&fields).then(|| report(Kind::Complaint, delivery, String::new()));
    }
    let fields = part(&message, "delivery-status")?;
    let (kind, status) = failure(&fields)?;
    let delivery = own.or_else(|| within(&message, &fields, path))?;
    Some(report(kind, delivery, status))
}

/// The address of ours that the message came to.
fn addressed(message: &Message<'_>, path: &ReturnPath) -> Option<(Purpose, DeliveryId)> {
    for name in TO {
        for (known, value) in message.headers_raw() {
            if known.eq_ignore_ascii_case(name)
                && let Some(found) = token_in(value, path)
            {
                return Some(found);
            }
        }
    }
    None
}

/// An address of ours in a text: each word that holds an @.
fn token_in(text: &str, path: &ReturnPath) -> Option<(Purpose, DeliveryId)> {
    text.split(|symbol: char| symbol.is_whitespace() || "<>,;:?\"()[]".contains(symbol))
        .filter(|word| word.contains('@'))
        .find_map(|word| path.read(word))
}

/// The delivery, by a token in the report's fields or in the head of the mail that it returns: any address of ours proves it.
fn within(message: &Message<'_>, fields: &str, path: &ReturnPath) -> Option<DeliveryId> {
    if let Some((_, delivery)) = token_in(fields, path) {
        return Some(delivery);
    }
    message.parts.iter().find_map(|part| {
        let head: String = match &part.body {
            PartType::Message(inner) => inner
                .headers_raw()
                .map(|(_, value)| value)
                .collect::<Vec<_>>()
                .join("\n"),
            _ => {
                let kind = part.content_type()?;
                let is_head = kind.subtype()?.eq_ignore_ascii_case("rfc822-headers");
                is_head.then(|| part.text_contents().unwrap_or_default().to_owned())?
            }
        };
        token_in(&head, path).map(|(_, delivery)| delivery)
    })
}

fn header(message: &Message<'_>, name: &str) -> Option<String> {
    message
        .headers_raw()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_lowercase())
}

/// The text of the first part of type `message/<subtype>`, also of the kinds that carry other alphabets (RFC 6533).
fn part(message: &Message<'_>, subtype: &str) -> Option<String> {
    message.parts.iter().find_map(|part| {
        let kind = part.content_type()?;
        let found = kind.subtype()?.to_lowercase();
        let fits = kind.ctype().eq_ignore_ascii_case("message")
            && (found == subtype || found == format!("global-{subtype}"));
        fits.then(|| String::from_utf8_lossy(part.contents()).into_owned())
    })
}

/// Fields of one group: lower-case name and value, unfolded.
fn fields(group: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in group.lines() {
        match (line.starts_with([' ', '\t']), all.last_mut()) {
            (true, Some((_, value))) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => {
                if let Some((name, value)) = line.split_once(':') {
                    all.push((name.trim().to_lowercase(), value.trim().to_owned()));
                }
            }
        }
    }
    all
}

fn field<'a>(all: &'a [(String, String)], name: &str) -> Option<&'a str> {
    all.iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// What a delivery status says (RFC 3464): the first recipient whom it failed. A delay, a relay, a success are no failure.
fn failure(text: &str) -> Option<(Kind, String)> {
    let text = text.replace("\r\n", "\n");
    text.split("\n\n").find_map(|group| {
        let all = fields(group);
        let action = field(&all, "action")?.to_lowercase();
        if action.split_whitespace().next() != Some("failed") {
            return None;
        }
        let status = field(&all, "status").and_then(status_in);
        let told = field(&all, "diagnostic-code").and_then(status_in);
        // Some servers write 5.0.0 and mean what the other server told them.
        let status = match (status, told) {
            (Some(status), Some(told)) if status.ends_with(".0.0") => told,
            (Some(status), _) => status,
            (None, Some(told)) => told,
            (None, None) => String::new(),
        };
        let kind = if is_dead(&status) {
            Kind::Hard
        } else {
            Kind::Soft
        };
        Some((kind, status))
    })
}

/// Whether a feedback report is a complaint (RFC 5965): every type but those that say the contrary.
fn complaint(text: &str) -> bool {
    let all = fields(&text.replace("\r\n", "\n"));
    let kind = field(&all, "feedback-type").unwrap_or_default();
    [
        "abuse",
        "fraud",
        "complaint",
        "opt-out",
        "opt-out-list",
        "virus",
        "other",
    ]
    .contains(&kind.to_lowercase().as_str())
}

//! A row of the outbox as the bytes of a message (RFC 5322), the same bytes at every try.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::address::{Address, Envelope};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use super::MailId;
use super::dkim::Dkim;
use super::outbox::harmless_name;
use crate::kernel::{Email, Line, Timestamp};

/// Longest line of a message in bytes, without its end (RFC 5322, 2.1.1).
pub const LINE_MOST: usize = 998;

/// Whom mails come from.
#[derive(Clone)]
pub struct Origin {
    /// The address; its domain ends every Message-ID.
    pub email: Email,
    /// The display name.
    pub name: String,
    /// What signs its messages (N9); nothing where that is left to the relay.
    pub dkim: Arc<Vec<Dkim>>,
}

impl Origin {
    /// An origin whose messages are not signed here.
    pub fn plain(email: Email, name: &str) -> Self {
        Self {
            email,
            name: name.to_owned(),
            dkim: Arc::default(),
        }
    }

    /// The domain of its address.
    pub fn domain(&self) -> &str {
        self.email.as_str().rsplit('@').next().unwrap_or_default()
    }
}

/// What a message is made of.
#[derive(Clone)]
pub struct Draft {
    /// The mail's id.
    pub id: MailId,
    /// To whom.
    pub to: Email,
    /// Their name; one that would break a header is left out, the mail still goes.
    pub to_name: Option<String>,
    /// One line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// `<mail_…@domain>`.
    pub message_id: String,
    /// What the Date header says.
    pub written_at: Timestamp,
    /// Headers of its kind, by name: `Auto-Submitted`, `List-Id` … Each value is one line.
    pub headers: Vec<(&'static str, String)>,
    /// Where answers go, where not to whom it comes from.
    pub reply_to: Option<Email>,
    /// Where reports go that it could not be delivered (N15), where not to whom it comes from.
    pub return_path: Option<Email>,
}

/// The headers by which mail programs offer to switch a kind of mail off with one POST (RFC 2369, RFC 8058).
pub fn one_click(url: &str, mailto: Option<&str>) -> [(&'static str, String); 2] {
    let also = mailto.map_or(String::new(), |address| format!(", <mailto:{address}>"));
    [
        ("List-Unsubscribe", format!("<{url}>{also}")),
        (
            "List-Unsubscribe-Post",
            "List-Unsubscribe=One-Click".to_owned(),
        ),
    ]
}

/// A message ready to be handed over.
#[derive(Clone)]
pub struct Letter {
    /// What it was made of.
    pub draft: Draft,
    /// Whom it comes from.
    pub from: Email,
    /// The message's bytes, lines ended by CR LF.
    pub source: Vec<u8>,
    /// The addresses that the server is told.
    pub envelope: Envelope,
}

impl Letter {
    /// Writes `draft` as a message from `origin`.
    ///
    /// # Errors
    /// Why no message can be made of it; a panic of the message builder counts (N10). The text holds no personal data.
    pub fn compose(draft: Draft, origin: &Origin) -> Result<Self, String> {
        let built = catch_unwind(AssertUnwindSafe(|| build(&draft, origin)))
            .map_err(|_| "the message builder panicked".to_owned())??;
        let mut source = built.formatted();
        if source
            .split(|byte| *byte == b'\n')
            .any(|line| line.len() > LINE_MOST + 1)
        {
            return Err(format!("a line is longer than {LINE_MOST} bytes"));
        }
        for key in origin.dkim.iter().rev() {
            let mut signed = key.sign(&source, origin.domain(), draft.written_at)?;
            signed.append(&mut source);
            source = signed;
        }
        let envelope = match &draft.return_path {
            None => built.envelope().clone(),
            Some(path) => Envelope::new(Some(address(path)?), vec![address(&draft.to)?])
                .map_err(|cause| cause.to_string())?,
        };
        Ok(Self {
            from: origin.email.clone(),
            envelope,
            source,
            draft,
        })
    }

    /// Whether both addresses are ASCII; others need a server with SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.from.as_str().is_ascii() && self.draft.to.as_str().is_ascii()
    }

    /// The header lines, unfolded, in order.
    pub fn headers(&self) -> Vec<(String, String)> {
        let source = String::from_utf8_lossy(&self.source);
        let head = source.split("\r\n\r\n").next().unwrap_or_default();
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in head.split("\r\n") {
            match (line.starts_with([' ', '\t']), headers.last_mut()) {
                (true, Some((_, value))) => value.push_str(line),
                _ => {
                    if let Some((name, value)) = line.split_once(':') {
                        headers.push((name.to_owned(), value.trim_start().to_owned()));
                    }
                }
            }
        }
        headers
    }
}

fn build(draft: &Draft, origin: &Origin) -> Result<Message, String> {
    let since_1970 = Duration::from_secs(u64::try_from(draft.written_at.seconds()).unwrap_or(0));
    // Of the id, so that a mail sent again is the same to the byte.
    let boundary = format!("=_{}", draft.id);
    let mut message = Message::builder();
    for (name, value) in &draft.headers {
        // A break in a value would be another header (N10).
        if value.chars().any(char::is_control) {
            return Err(format!("the header {name} holds a control character"));
        }
        let name = HeaderName::new_from_ascii_str(name);
        message = message.raw_header(HeaderValue::new(name, value.clone()));
    }
    if let Some(reply_to) = &draft.reply_to {
        message = message.reply_to(mailbox(reply_to, None)?);
    }
    message
        .from(mailbox(&origin.email, Some(&origin.name))?)
        .to(mailbox(&draft.to, draft.to_name.as_deref())?)
        .subject(
            Line::parse(&draft.subject, usize::MAX)
                .map_err(|cause| format!("subject: {cause}"))?
                .into_string(),
        )
        .date(SystemTime::UNIX_EPOCH + since_1970)
        .message_id(Some(draft.message_id.clone()))
        .multipart(
            MultiPart::alternative()
                .boundary(boundary)
                .singlepart(SinglePart::plain(draft.text.clone()))
                .singlepart(SinglePart::html(draft.html.clone())),
        )
        .map_err(|cause| cause.to_string())
}

fn mailbox(email: &Email, name: Option<&str>) -> Result<Mailbox, String> {
    Ok(Mailbox::new(name.and_then(harmless_name), address(email)?))
}

fn address(email: &Email) -> Result<Address, String> {
    email
        .as_str()
        .parse()
        .map_err(|_| "the address cannot be written to".to_owned())
}

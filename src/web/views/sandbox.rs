//! The sandbox mailbox. Test mode only.

use serde::Serialize;

use super::shell::Shell;

/// Context of `sandbox_mail`: the mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct SandboxMailView {
    /// The frame.
    pub shell: Shell,
    /// Newest first.
    pub items: Vec<MailRow>,
    /// Older ones, if there are more.
    pub next_url: Option<String>,
}

/// A mail in the mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct MailRow {
    /// Its page.
    pub href: String,
    /// Recipient.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// When (RFC 3339).
    pub sent_at: String,
}

/// Context of `sandbox_mail_message`: one mail.
#[derive(Clone, Debug, Serialize)]
pub struct SandboxMailMessageView {
    /// The frame.
    pub shell: Shell,
    /// Back to the mailbox.
    pub list_url: String,
    /// Sender.
    pub from: String,
    /// Recipient.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// When (RFC 3339).
    pub sent_at: String,
    /// The HTML part as a document of its own (its own CSP; must allow framing by this site); shown in a sandboxed frame.
    pub html_url: Option<String>,
    /// The text part.
    pub text: String,
    /// The whole message as it was sent.
    pub source: String,
}

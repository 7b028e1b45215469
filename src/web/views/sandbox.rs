//! The sandbox processor's hosted pages and the sandbox mailbox. Test mode only.

use serde::Serialize;

use super::money::MoneyView;
use super::shell::Shell;

/// Context of `sandbox_pay`: the hosted pay page. Posts to its own address.
#[derive(Clone, Debug, Serialize)]
pub struct SandboxPayView {
    /// The frame.
    pub shell: Shell,
    /// Where the form posts.
    pub action: String,
    /// Who is paid.
    pub payee: String,
    /// What for.
    pub description: String,
    /// How much.
    pub amount: MoneyView,
    /// Name on the card, as typed.
    pub name: String,
    /// What went wrong at the last try: "Your card was declined."
    pub error: Option<String>,
    /// Back without paying.
    pub cancel_url: String,
}

/// Context of `sandbox_authenticate`: the 3-D Secure test step. Posts `outcome` = `complete` or `fail`.
#[derive(Clone, Debug, Serialize)]
pub struct SandboxAuthenticateView {
    /// The frame.
    pub shell: Shell,
    /// Where the form posts.
    pub action: String,
    /// Who is paid.
    pub payee: String,
    /// How much.
    pub amount: MoneyView,
}

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

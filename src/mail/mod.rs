//! Mail: rendered into an outbox in the transaction of the fact that it tells of, sent afterwards, wanted ones at least once.
//!
//! A mail is `queued`, then `sending` under a lease, then `sent` or `failed`. [`Mails`] writes the outbox, once per
//! (kind, source) whatever is replayed; [`Sender`] claims and hands each mail to the [`transport`]. A mail whose lease
//! ran out, or whose server fell silent after taking it, is sent again with the same Message-ID (N2): a receipt twice
//! is better than none, and mail programs show it once. No transaction is open while a server talks.

pub mod dkim;
mod formats;
pub mod letter;
pub mod mailbox;
mod outbox;
mod outgoing;
mod sender;
pub mod templates;
pub mod transport;

pub use dkim::Dkim;
pub use letter::Origin;
pub use outbox::{
    Mails, NewMail, ReadyMail, forget_mails, forget_told, forget_words, forget_words_to_each,
    mails_to,
};
pub use sender::Sender;
pub use templates::Templates;
pub use transport::Transport;

crate::id!(
    /// A mail.
    pub MailId,
    "mail"
);

crate::words! {
    /// Where a mail stands. Moves: queued → sending → (sent | failed | queued).
    pub enum MailState {
        /// Waits for its time and a worker.
        Queued = "queued",
        /// A worker holds its lease.
        Sending = "sending",
        /// The server took it.
        Sent = "sent",
        /// It will not be tried again; `last_error` says why.
        Failed = "failed",
    }
}

#[cfg(test)]
mod tests;

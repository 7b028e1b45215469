//! How mail leaves: to a server, to files, or to the sandbox mailbox.

mod file;
mod sandbox;
mod smtp;

pub use file::Files;
pub use sandbox::Sandbox;
pub use smtp::{Smtp, SmtpSettings, Tls};

use std::time::Duration;

use secrecy::SecretString;

use super::letter::Letter;
use crate::config::{Config, MailTransport};
use crate::db::Db;
use crate::error::AppResult;
use crate::kernel::Clock;

/// What went wrong in one try: the server's code, where it gave one, and the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `550`, `451` …; none when no server said anything.
    pub code: Option<u16>,
    /// The server's words or ours. They may name the recipient: kept with the mail, never logged (S14).
    pub said: String,
}

impl From<String> for Fault {
    fn from(said: String) -> Self {
        Self { code: None, said }
    }
}

impl From<&str> for Fault {
    fn from(said: &str) -> Self {
        Self::from(said.to_owned())
    }
}

/// What became of one try (N13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Taken (2xx).
    Sent,
    /// Not now (4xx), or the connection broke before the message was handed over.
    Later(Fault),
    /// Never (5xx), or no message can be made of it.
    Refused(Fault),
    /// Handed over, but no answer came: it may have arrived (N2).
    InDoubt(Fault),
    /// The transport itself is at fault (connection, TLS, sign-in, disk): no mail is to blame, all wait.
    Down(Fault),
}

impl Outcome {
    /// One word for metrics and logs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Later(_) => "later",
            Self::Refused(_) => "refused",
            Self::InDoubt(_) => "in_doubt",
            Self::Down(_) => "down",
        }
    }
}

/// One of the ways out.
pub enum Transport {
    /// To a server.
    Smtp(Smtp),
    /// To files.
    File(Files),
    /// To the sandbox mailbox.
    Sandbox(Sandbox),
}

impl Transport {
    /// The transport that `config` names.
    ///
    /// # Errors
    /// When its settings cannot be used.
    pub fn from_config(config: &Config, db: &Db, clock: &Clock) -> AppResult<Self> {
        let (url, connections) = (&config.mail.smtp_url, config.mail.connections);
        Self::over(config, (url, connections), db, clock)
    }

    /// The same kind of transport over another server, with other connections: what is sent in bulk keeps nobody's
    /// receipt waiting.
    ///
    /// # Errors
    /// As [`Transport::from_config`].
    pub fn over(
        config: &Config,
        (url, connections): (&SecretString, usize),
        db: &Db,
        clock: &Clock,
    ) -> AppResult<Self> {
        Ok(match config.mail_transport() {
            MailTransport::Smtp => Self::Smtp(Smtp::new(SmtpSettings::parse(
                url,
                &config.mail.from,
                connections,
                Duration::from_secs(config.mail.timeout_seconds),
            )?)),
            MailTransport::File => Self::File(Files::new(config.site.data_dir.join("mail"))),
            MailTransport::Sandbox => Self::Sandbox(Sandbox::new(db.clone(), clock.clone())),
        })
    }

    /// How many mails may be on their way at the same time.
    pub fn connections(&self) -> usize {
        match self {
            Self::Smtp(smtp) => smtp.connections(),
            Self::File(_) => 1,
            // Their inserts share commits.
            Self::Sandbox(_) => 8,
        }
    }

    /// Hands `letter` over.
    pub async fn deliver(&self, letter: &Letter) -> Outcome {
        match self {
            Self::Smtp(smtp) => smtp.deliver(letter).await,
            Self::File(files) => files.deliver(letter).await,
            Self::Sandbox(sandbox) => sandbox.deliver(letter).await,
        }
    }

    /// Ends connections that nobody has used for a while.
    pub async fn tidy(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.tidy().await;
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.close().await;
        }
    }
}

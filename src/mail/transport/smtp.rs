//! Mail to a server (RFC 5321), over a small pool of our own.
//!
//! lettre's own pool writes a message and its final dot apart on a socket with Nagle's delay, which costs 40 ms a mail
//! (22 mails a second and connection); over sockets that we open with `TCP_NODELAY` the same protocol code sends more
//! than a hundred times that. We also need to know how far a dialogue came before it broke: before the message was
//! handed over it may simply be repeated, afterwards the mail is in doubt.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Fault, Letter, Outcome};

mod settings;
mod tls;

pub use settings::{SmtpSettings, Tls};

/// A connection that nobody used for so long is ended.
const IDLE: Duration = Duration::from_secs(30);
/// How long a server may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// A server and the connections to it.
pub struct Smtp {
    settings: SmtpSettings,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

/// How far a dialogue came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing of the message was handed over.
    Before,
    /// The message was on its way when the dialogue ended.
    Message,
}

impl Smtp {
    /// Connects when the first mail comes.
    pub fn new(settings: SmtpSettings) -> Self {
        Self {
            settings,
            idle: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn connections(&self) -> usize {
        self.settings.connections
    }

    /// One try of one mail, all of it within the time-out.
    pub(super) async fn deliver(&self, letter: &Letter) -> Outcome {
        let deadline = Instant::now() + self.settings.timeout;
        loop {
            let kept = self.idle.lock().pop();
            let fresh = kept.is_none();
            let mut conn = match kept {
                Some((conn, _)) => conn,
                None => match timeout_at(deadline, self.connect()).await {
                    Ok(Ok(conn)) => conn,
                    Ok(Err(why)) => return Outcome::Down(why.into()),
                    Err(_) => return Outcome::Down("the server did not answer in time".into()),
                },
            };
            let takes_unicode = conn.server_info().supports_feature(Extension::SmtpUtfEight);
            if !letter.is_ascii() && !takes_unicode {
                self.keep(conn);
                return Outcome::Refused("the server takes ASCII addresses only".into());
            }
            let mut stage = Stage::Before;
            match timeout_at(deadline, hand_over(&mut conn, letter, &mut stage)).await {
                Ok(Ok(())) => {
                    self.keep(conn);
                    return Outcome::Sent;
                }
                // A server may close what was idle: nothing was handed over, so a new connection takes the mail.
                Ok(Err(error)) if !fresh && stage == Stage::Before && is_cut(&error) => {}
                Ok(Err(error)) => {
                    if error.status().is_some() && !is_cut(&error) {
                        self.reset(conn, deadline).await;
                    }
                    return judge(&error, stage);
                }
                Err(_) if stage == Stage::Message => {
                    return Outcome::InDoubt("no answer in time after the message".into());
                }
                Err(_) => return Outcome::Later("no answer in time".into()),
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let said = |error: Error| error.to_string();
        let settings = &self.settings;
        let socket = TcpStream::connect((settings.host.as_str(), settings.port))
            .await
            .map_err(|error| error.to_string())?;
        socket
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        let hello = ClientId::Domain(settings.hello.clone());
        let mut conn = match settings.tls {
            Tls::Implicit => {
                let stream = tls::wrap(socket, &settings.host).await?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await
            }
            _ => AsyncSmtpConnection::connect_with_transport(Box::new(socket), &hello).await,
        }
        .map_err(said)?;
        if settings.tls == Tls::StartTls {
            if !conn.can_starttls() {
                return Err("the server offers no STARTTLS; nothing is sent in the clear".into());
            }
            let parameters = TlsParameters::new(settings.host.clone()).map_err(said)?;
            conn.starttls(parameters, &hello).await.map_err(said)?;
        }
        if let Some(credentials) = &settings.credentials {
            conn.auth(&[Mechanism::Plain, Mechanism::Login], credentials)
                .await
                .map_err(|error| match error.status() {
                    Some(code) => format!("the server refused user and password ({code})"),
                    None => error.to_string(),
                })?;
        }
        Ok(conn)
    }

    fn keep(&self, conn: AsyncSmtpConnection) {
        self.idle.lock().push((conn, Instant::now()));
    }

    /// After a refusal the dialogue starts over; a connection that will not is dropped.
    async fn reset(&self, mut conn: AsyncSmtpConnection, deadline: Instant) {
        if matches!(timeout_at(deadline, conn.command(Rset)).await, Ok(Ok(_))) {
            self.keep(conn);
        }
    }

    pub(super) async fn tidy(&self) {
        self.end(|since| since.elapsed() >= IDLE).await;
    }

    pub(super) async fn close(&self) {
        self.end(|_| true).await;
    }

    async fn end(&self, which: impl Fn(&Instant) -> bool) {
        let old: Vec<AsyncSmtpConnection> = {
            let mut idle = self.idle.lock();
            let (old, kept) = idle.drain(..).partition(|(_, since)| which(since));
            *idle = kept;
            let old: Vec<(AsyncSmtpConnection, Instant)> = old;
            old.into_iter().map(|(conn, _)| conn).collect()
        };
        for mut conn in old {
            if !matches!(timeout(FAREWELL, conn.quit()).await, Ok(Ok(_))) {
                tracing::debug!("a mail server did not say goodbye");
            }
        }
    }
}

/// MAIL, RCPT, DATA, the message; `stage` tells how far it came.
async fn hand_over(
    conn: &mut AsyncSmtpConnection,
    letter: &Letter,
    stage: &mut Stage,
) -> Result<(), Error> {
    let mut options = Vec::new();
    if !letter.is_ascii() {
        options.push(MailParameter::SmtpUtfEight);
    }
    conn.command(Mail::new(letter.envelope.from().cloned(), options))
        .await?;
    for to in letter.envelope.to() {
        conn.command(Rcpt::new(to.clone(), Vec::new())).await?;
    }
    conn.command(Data).await?;
    *stage = Stage::Message;
    conn.message(&letter.source).await?;
    Ok(())
}

/// The connection is gone or going (421: the server closes it).
fn is_cut(error: &Error) -> bool {
    error
        .status()
        .map_or(!error.is_client(), |code| u16::from(code) == 421)
}

/// What an error means for the mail (N13).
fn judge(error: &Error, stage: Stage) -> Outcome {
    let code = error.status().map(u16::from);
    let said = Fault {
        code,
        said: error.to_string(),
    };
    match code {
        // The server wants us signed in: a setting is wrong, not the mail.
        Some(530 | 534 | 535 | 538) => Outcome::Down(said),
        Some(500..=599) => Outcome::Refused(said),
        Some(_) => Outcome::Later(said),
        None if error.is_client() => Outcome::Refused(said),
        None if stage == Stage::Message => Outcome::InDoubt(said),
        None => Outcome::Later(said),
    }
}

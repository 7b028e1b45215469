//! `SMTP_URL`, parsed.

use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{AppError, AppResult};
use crate::kernel::Email;

/// How the way to the server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: on loopback alone.
    None,
    /// The dialogue is raised to TLS, or nothing is sent (`smtp://`).
    StartTls,
    /// TLS from the first byte (`smtps://`).
    Implicit,
}

/// Where the server is and how it is spoken to.
pub struct SmtpSettings {
    /// Its name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is kept private.
    pub tls: Tls,
    /// User and password, where the server wants them.
    pub credentials: Option<Credentials>,
    /// Whom we say we are (EHLO).
    pub hello: String,
    /// Connections at the same time.
    pub connections: usize,
    /// How long connecting and one mail may take together (N22).
    pub timeout: Duration,
}

impl SmtpSettings {
    /// Reads `smtp://user:password@host:587` (STARTTLS, except on loopback) or `smtps://host:465`.
    ///
    /// # Errors
    /// When it is no such URL. The text never holds the URL: there is a password in it.
    pub fn parse(
        url: &SecretString,
        from: &Email,
        connections: usize,
        timeout: Duration,
    ) -> AppResult<Self> {
        let bad = || {
            AppError::internal(
                "mail.smtp_url: write smtp://user:password@host:587 or smtps://user:password@host:465",
            )
        };
        let url = url::Url::parse(url.expose_secret()).map_err(|_| bad())?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(bad)?
            .trim_matches(['[', ']'])
            .to_owned();
        let (tls, port) = match url.scheme() {
            "smtps" => (Tls::Implicit, 465),
            "smtp" if is_loopback(&host) => (Tls::None, 25),
            "smtp" => (Tls::StartTls, 587),
            _ => return Err(bad()),
        };
        let user = unescape(url.username()).ok_or_else(bad)?;
        let password = unescape(url.password().unwrap_or_default()).ok_or_else(bad)?;
        Ok(Self {
            host,
            port: url.port().unwrap_or(port),
            tls,
            credentials: (!user.is_empty()).then(|| Credentials::new(user, password)),
            hello: from
                .as_str()
                .rsplit('@')
                .next()
                .unwrap_or("localhost")
                .into(),
            connections: connections.max(1),
            timeout,
        })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `%40` and the like, back to what they stand for.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(url: &str) -> AppResult<SmtpSettings> {
        let from = "campaign@example.org".parse().unwrap();
        SmtpSettings::parse(&url.to_owned().into(), &from, 4, Duration::from_secs(20))
    }

    #[test]
    fn urls_say_how_the_way_is_kept_private() {
        for (url, tls, port) in [
            ("smtp://mail.example.org", Tls::StartTls, 587),
            ("smtp://mail.example.org:25", Tls::StartTls, 25),
            (
                "smtps://a%40b.org:p%3Aw@mail.example.org",
                Tls::Implicit,
                465,
            ),
            ("smtp://127.0.0.1:2525", Tls::None, 2525),
            ("smtp://[::1]:2525", Tls::None, 2525),
            ("smtp://localhost", Tls::None, 25),
        ] {
            let settings = parse(url).unwrap();
            assert_eq!((settings.tls, settings.port), (tls, port), "{url}");
        }
        let signed = parse("smtps://a%40b.org:p%3Aw@mail.example.org").unwrap();
        assert!(signed.credentials == Some(Credentials::new("a@b.org".into(), "p:w".into())));
        for url in [
            "",
            "mail.example.org",
            "http://x.org",
            "smtp://",
            "smtp://a%4@x.org",
        ] {
            let error = parse(url).err().unwrap().to_string();
            assert!(error.contains("mail.smtp_url"), "{url}");
        }
    }
}

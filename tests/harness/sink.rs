//! A mail server for tests that can misbehave: over a real socket, recipient by recipient, as the first letters of an address
//! say, or altogether.
//!
//! `grey…` 451 to the first try · `busy…` 421 to the first try, and closes · `gone…` 550 5.1.1 · `deny…` 554 5.7.1 · `late…` 451 for ever ·
//! `drop…` takes the message, then closes without an answer · `ask…` 530, sign in first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::Instant;

/// How the whole server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As the addresses say.
    Kind,
    /// Accepts connections and says nothing.
    Silent,
    /// TLS from the first byte, with a certificate of somebody else, signed by nobody.
    WrongCertificate,
}

/// A message that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub from: String,
    pub to: String,
    pub message: String,
    pub at: Instant,
}

impl Taken {
    /// A header's value, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let found = headers(&self.message);
        let mut values = found.into_iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "{name} twice");
        value
    }
}

/// The header lines of a message, unfolded.
pub fn headers(message: &str) -> Vec<(String, String)> {
    let head = message.split("\r\n\r\n").next().unwrap();
    head.replace("\r\n ", " ")
        .replace("\r\n\t", " ")
        .split("\r\n")
        .map(|line| {
            let (name, value) = line.split_once(':').expect("a header line");
            (name.to_owned(), value.trim().to_owned())
        })
        .collect()
}

struct Seen {
    taken: Mutex<Vec<Taken>>,
    tried: Mutex<BTreeSet<String>>,
    /// Microseconds before a message is answered.
    slow: AtomicU64,
    open: AtomicUsize,
    most_open: AtomicUsize,
    mood: Mood,
}

/// The server.
pub struct Sink {
    pub port: u16,
    seen: Arc<Seen>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    pub async fn start() -> Self {
        Self::in_mood(Mood::Kind).await
    }

    pub async fn in_mood(mood: Mood) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen {
            taken: Mutex::default(),
            tried: Mutex::default(),
            slow: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            mood,
        });
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                socket.set_nodelay(true).unwrap();
                let seen = Arc::clone(&shared);
                tokio::spawn(async move {
                    match seen.mood {
                        Mood::Kind => serve(socket, &seen).await,
                        Mood::Silent => std::future::pending().await,
                        Mood::WrongCertificate => {
                            if let Ok(stream) = another_example().accept(socket).await {
                                serve(stream, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, seen, task }
    }

    /// The address for `SMTP_URL`.
    pub fn url(&self) -> String {
        let scheme = match self.seen.mood {
            Mood::WrongCertificate => "smtps",
            _ => "smtp",
        };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// How long each message is kept waiting for its answer.
    pub fn slow(&self, pause: Duration) {
        let micros = u64::try_from(pause.as_micros()).unwrap();
        self.seen.slow.store(micros, Ordering::SeqCst);
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.seen.taken.lock().clone()
    }

    pub fn count(&self) -> usize {
        self.seen.taken.lock().len()
    }

    /// Copies by recipient.
    pub fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for one in self.seen.taken.lock().iter() {
            *copies.entry(one.to.clone()).or_default() += 1;
        }
        copies
    }
}

fn another_example() -> tokio_rustls::TlsAcceptor {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let cert = CertificateDer::from(include_bytes!("data/another_example.cert.der").to_vec());
    let key = include_bytes!("data/another_example.key.der").to_vec();
    let key = PrivateKeyDer::Pkcs8(key.into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(socket: S, seen: &Seen) {
    let mut stream = BufReader::new(socket);
    let (mut from, mut to) = (String::new(), String::new());
    if say(&mut stream, "220 sink").await.is_err() {
        return;
    }
    let mut line = String::new();
    loop {
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return;
        }
        let verb = line.get(..4).unwrap_or_default().to_uppercase();
        let said = match verb.as_str() {
            "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "MAIL" => {
                from = between(&line);
                "250 ok"
            }
            "RCPT" => {
                to = between(&line);
                let is_first = seen.tried.lock().insert(to.clone());
                match to.as_str() {
                    grey if grey.starts_with("grey") && is_first => "451 4.7.1 come back later",
                    late if late.starts_with("late") => "451 4.3.0 never today",
                    deny if deny.starts_with("deny") => "554 5.7.1 not from you",
                    gone if gone.starts_with("gone") => "550 5.1.1 no such person",
                    ask if ask.starts_with("ask") => "530 5.7.0 sign in first",
                    busy if busy.starts_with("busy") && is_first => {
                        drop(say(&mut stream, "421 4.3.2 too busy, closing").await);
                        return;
                    }
                    _ => "250 ok",
                }
            }
            "DATA" => {
                let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most_open.fetch_max(open, Ordering::SeqCst);
                let taken = take(&mut stream, seen, &from, &to).await;
                seen.open.fetch_sub(1, Ordering::SeqCst);
                if !taken || to.starts_with("drop") {
                    return;
                }
                "250 2.0.0 taken"
            }
            "QUIT" => {
                drop(say(&mut stream, "221 bye").await);
                return;
            }
            "RSET" | "NOOP" => "250 ok",
            _ => "500 what?",
        };
        if say(&mut stream, said).await.is_err() {
            return;
        }
    }
}

async fn take<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    seen: &Seen,
    from: &str,
    to: &str,
) -> bool {
    if say(stream, "354 go on").await.is_err() {
        return false;
    }
    let Some(message) = message(stream).await else {
        return false;
    };
    let slow = seen.slow.load(Ordering::SeqCst);
    if slow > 0 {
        tokio::time::sleep(Duration::from_micros(slow)).await;
    }
    seen.taken.lock().push(Taken {
        from: from.to_owned(),
        to: to.to_owned(),
        message,
        at: Instant::now(),
    });
    true
}

fn between(line: &str) -> String {
    let inner = line.split('<').nth(1).unwrap_or_default();
    inner.split('>').next().unwrap_or_default().to_owned()
}

async fn say<S>(stream: &mut BufReader<S>, said: &str) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream
        .get_mut()
        .write_all(format!("{said}\r\n").as_bytes())
        .await
}

/// Reads to the final dot, undoing the doubled ones (RFC 5321, 4.5.2).
async fn message<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(message);
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

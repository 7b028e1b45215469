//! A mail server for tests, over loopback, with manners.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How the server meets one message; without any left it takes what comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// 451 to RCPT.
    Greylist,
    /// 550 to RCPT.
    Refuse,
    /// Stores the message, then cuts the connection without an answer.
    TakeAndDrop,
    /// Takes the message, then closes the connection.
    TakeThenClose,
    /// Says nothing more, from RCPT on.
    Silent,
}

#[derive(Default)]
struct Seen {
    manners: VecDeque<Manner>,
    taken: Vec<String>,
    connections: usize,
    farewells: usize,
}

/// The server.
pub struct Sink {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    pub async fn start(manners: Vec<Manner>) -> Self {
        Self::start_on(0, manners).await
    }

    pub async fn start_on(port: u16, manners: Vec<Manner>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen {
            manners: manners.into(),
            ..Seen::default()
        }));
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                shared.lock().connections += 1;
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        Self { port, seen, task }
    }

    pub fn taken(&self) -> Vec<String> {
        self.seen.lock().taken.clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().connections
    }

    pub fn farewells(&self) -> usize {
        self.seen.lock().farewells
    }
}

async fn serve(socket: TcpStream, seen: Arc<Mutex<Seen>>) {
    socket.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(socket);
    let mut manner = None;
    if answer(&mut stream, "220 sink").await.is_err() {
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
            "EHLO" => "250-sink\r\n250-8BITMIME\r\n250-AUTH LOGIN PLAIN\r\n250 SMTPUTF8",
            // "\0maya\0right" (RFC 4616)
            "AUTH" if line.trim_end() == "AUTH PLAIN AG1heWEAcmlnaHQ=" => "235 come in",
            "AUTH" => "535 who are you?",
            "RCPT" => {
                manner = seen.lock().manners.pop_front();
                match manner {
                    Some(Manner::Greylist) => "451 come back later",
                    Some(Manner::Refuse) => "550 no such person",
                    Some(Manner::Silent) => {
                        let mut rest = Vec::new();
                        drop(stream.read_to_end(&mut rest).await);
                        return;
                    }
                    _ => "250 ok",
                }
            }
            "DATA" => {
                if answer(&mut stream, "354 go on").await.is_err() {
                    return;
                }
                let Some(message) = message(&mut stream).await else {
                    return;
                };
                seen.lock().taken.push(message);
                match manner {
                    Some(Manner::TakeAndDrop) => return,
                    Some(Manner::TakeThenClose) => {
                        drop(answer(&mut stream, "250 taken").await);
                        return;
                    }
                    _ => "250 taken",
                }
            }
            "QUIT" => {
                seen.lock().farewells += 1;
                drop(answer(&mut stream, "221 bye").await);
                return;
            }
            "MAIL" | "RSET" | "NOOP" => "250 ok",
            _ => "500 what?",
        };
        if answer(&mut stream, said).await.is_err() {
            return;
        }
    }
}

async fn answer(stream: &mut BufReader<TcpStream>, said: &str) -> std::io::Result<()> {
    stream
        .get_mut()
        .write_all(format!("{said}\r\n").as_bytes())
        .await
}

/// Reads to the final dot, undoing the doubled ones (RFC 5321, 4.5.2).
async fn message(stream: &mut BufReader<TcpStream>) -> Option<String> {
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

/// The header lines of a message, unfolded.
pub fn headers(message: &str) -> Vec<(String, String)> {
    let head = message.split("\r\n\r\n").next().unwrap();
    head.replace("\r\n ", " ")
        .split("\r\n")
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.trim().to_owned())
        })
        .collect()
}

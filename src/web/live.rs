//! What browsers that watch are told while it happens: server-sent events (WHATWG HTML, "Server-sent events").
//!
//! Watching costs a sleeping task; nothing is asked of the database on behalf of a watcher. Whoever falls behind
//! misses messages, never the latest ones, so a message carries the whole state it is about (`raised`, not `+50`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

use super::stop::Stop;
use crate::error::{AppError, AppResult};

/// Messages that one watcher may be behind.
const BACKLOG: usize = 16;

/// Bytes now and then tell a proxy, and us, that the line still holds.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Watchers of one process at most.
const WATCHERS: usize = 2_000;

type Channels = HashMap<String, broadcast::Sender<Bytes>>;

/// The hub: publishers on one side, watchers on the other.
pub struct Live {
    channels: Arc<Mutex<Channels>>,
    places: Arc<Semaphore>,
    stop: Stop,
    heartbeat: Duration,
}

impl Live {
    /// A hub whose streams end at `stop`.
    pub fn new(stop: Stop) -> Self {
        Self::with(stop, WATCHERS, HEARTBEAT)
    }

    /// A hub for at most `watchers`, who hear something every `heartbeat`.
    pub fn with(stop: Stop, watchers: usize, heartbeat: Duration) -> Self {
        Self {
            channels: Arc::default(),
            places: Arc::new(Semaphore::new(watchers)),
            stop,
            heartbeat,
        }
    }

    /// Tells whoever watches a thing (`"page"`, its id) its new state, as one line of JSON.
    pub fn publish(&self, kind: &str, id: &str, json: &str) {
        let mut message = String::with_capacity(json.len() + 8);
        push_message(&mut message, json);
        let mut channels = self.channels.lock();
        let key = channel_key(kind, id);
        // Sending fails when the last watcher has left: then the channel goes too.
        if let Some(channel) = channels.get(&key)
            && channel.send(message.into()).is_err()
        {
            channels.remove(&key);
        }
    }

    /// How many watch.
    pub fn watchers(&self) -> usize {
        let channels = self.channels.lock();
        channels
            .values()
            .map(broadcast::Sender::receiver_count)
            .sum()
    }

    /// Whether anybody watches a thing: its state need not be read for nobody.
    pub fn is_watched(&self, kind: &str, id: &str) -> bool {
        let channels = self.channels.lock();
        let channel = channels.get(&channel_key(kind, id));
        channel.is_some_and(|channel| channel.receiver_count() > 0)
    }

    /// Takes a place among the watchers of a thing. Take it first and read the thing's state then, so that no change
    /// falls between the two; [`Watcher::begin`] answers the request.
    ///
    /// # Errors
    /// [`AppError::Unavailable`] when too many watch already.
    pub fn watch(&self, kind: &str, id: &str) -> AppResult<Watcher> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| AppError::Unavailable {
            what: "too many are watching at the moment; the page shows the latest state when it is loaded again"
                .into(),
            retry_after: 60,
        })?;
        let key = channel_key(kind, id);
        let messages = {
            let mut channels = self.channels.lock();
            let channel = channels
                .entry(key.clone())
                .or_insert_with(|| broadcast::Sender::new(BACKLOG));
            channel.subscribe()
        };
        Ok(Watcher {
            messages,
            hello: None,
            stop: self.stop.clone(),
            heartbeat: self.heartbeat,
            _leave: Leave {
                channels: Arc::clone(&self.channels),
                key,
            },
            _place: place,
        })
    }
}

fn channel_key(kind: &str, id: &str) -> String {
    format!("{kind}\0{id}")
}

/// Writes a message of the stream. A line break inside would end it early.
fn push_message(text: &mut String, json: &str) {
    for line in json.lines() {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
}

/// One browser that watches one thing.
pub struct Watcher {
    // Dropped before `_leave`, so that the last one out finds the channel empty.
    messages: broadcast::Receiver<Bytes>,
    hello: Option<Bytes>,
    stop: Stop,
    heartbeat: Duration,
    _leave: Leave,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// The answer: a stream of what is published from now on, beginning with the state `now` (one line of JSON), if given.
    pub fn begin(mut self, now: Option<&str>) -> HttpResponse {
        let mut hello = String::from("retry: 5000\n\n");
        if let Some(now) = now {
            push_message(&mut hello, now);
        }
        self.hello = Some(hello.into());
        HttpResponse::Ok()
            .content_type("text/event-stream")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            // nginx would otherwise keep messages back until its buffer is full.
            .insert_header(("x-accel-buffering", "no"))
            .streaming(stream::unfold(self, Self::next))
    }

    async fn next(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        if let Some(hello) = self.hello.take() {
            return Some((Ok(hello), self));
        }
        let bytes = loop {
            tokio::select! {
                () = self.stop.asked(1) => return None,
                () = tokio::time::sleep(self.heartbeat) => break Bytes::from_static(b": still here\n\n"),
                message = self.messages.recv() => match message {
                    Ok(message) => break message,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
            }
        };
        Some((Ok(bytes), self))
    }
}

/// Takes the channel away when nobody watches it any more.
struct Leave {
    channels: Arc<Mutex<Channels>>,
    key: String,
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut channels = self.channels.lock();
        if channels
            .get(&self.key)
            .is_some_and(|channel| channel.receiver_count() == 0)
        {
            channels.remove(&self.key);
        }
    }
}

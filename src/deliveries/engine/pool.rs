//! What is claimed and waits for a line, and which of it may go now.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::bulk::Bulk;
use super::super::claim::Claimed;
use super::super::pace::Pace;
use crate::newsletters::NewsletterId;
use crate::newsletters::render::Facts;

/// A claimed recipient with all that its mail needs.
pub(super) struct Ready {
    pub(super) claimed: Claimed,
    pub(super) bulk: Arc<Bulk>,
    pub(super) facts: Facts,
    /// When its time comes.
    pub(super) at: Instant,
    pub(super) claimed_at: Instant,
}

/// What a line finds.
enum Found {
    One(Box<Ready>),
    /// Something will be free at this time.
    Later(Instant),
    Nothing,
    Closed,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Ready>,
    /// Mails on their way, by lane.
    busy: HashMap<String, usize>,
    /// When a lane is free, and when all are: a second guard beside the lanes' rows, of this process alone.
    free: HashMap<String, Instant>,
    all_free: Option<Instant>,
    /// The same where mails are handed over: what was held up on its way there must not close up on the next.
    handed: HashMap<String, Instant>,
    all_handed: Option<Instant>,
    in_hand: usize,
    is_closed: bool,
}

/// The pool.
pub(super) struct Pool {
    inner: Mutex<Inner>,
    lane_connections: usize,
    lane_apart: Option<Duration>,
    all_apart: Option<Duration>,
    /// Lines wait here.
    changed: Notify,
    /// The feeder waits here.
    low: Notify,
}

impl Pool {
    pub(super) fn new(pace: &Pace) -> Self {
        let (lane, all) = pace.spacing();
        let real = |apart: Option<chrono::Duration>| apart.and_then(|apart| apart.to_std().ok());
        Self {
            inner: Mutex::new(Inner::default()),
            lane_connections: pace.lane_connections,
            lane_apart: real(lane),
            all_apart: real(all),
            changed: Notify::new(),
            low: Notify::new(),
        }
    }

    /// Puts claimed recipients in.
    pub(super) fn put(&self, ready: impl IntoIterator<Item = Ready>) {
        self.inner.lock().waiting.extend(ready);
        self.changed.notify_waiters();
    }

    /// How many wait for a line.
    pub(super) fn waiting(&self) -> usize {
        self.inner.lock().waiting.len()
    }

    /// Whether nothing waits and no line holds anything.
    pub(super) fn is_idle(&self) -> bool {
        let inner = self.inner.lock();
        inner.waiting.is_empty() && inner.in_hand == 0
    }

    /// The next one that may go, at once or not at all.
    pub(super) fn try_next(&self) -> Option<Ready> {
        match self.find() {
            Found::One(ready) => Some(*ready),
            _ => None,
        }
    }

    /// The next one that may go, when it may; none after the pool was closed.
    pub(super) async fn next(&self) -> Option<Ready> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.find() {
                Found::One(ready) => return Some(*ready),
                Found::Closed => return None,
                Found::Nothing => changed.await,
                Found::Later(at) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(at) => {}
                    }
                }
            }
        }
    }

    fn find(&self) -> Found {
        let mut inner = self.inner.lock();
        if inner.is_closed {
            return Found::Closed;
        }
        let now = Instant::now();
        let mut earliest: Option<Instant> = None;
        let mut place = None;
        for (index, ready) in inner.waiting.iter().enumerate() {
            let lane = ready.claimed.lane.as_str();
            let busy = inner.busy.get(lane).copied().unwrap_or(0);
            if self.lane_connections > 0 && busy >= self.lane_connections {
                continue;
            }
            let free = inner.free.get(lane).copied();
            let at = free.map_or(ready.at, |free| free.max(ready.at));
            let at = inner.all_free.map_or(at, |free| free.max(at));
            if at <= now {
                place = Some(index);
                break;
            }
            earliest = Some(earliest.map_or(at, |known| known.min(at)));
        }
        let Some(ready) = place.and_then(|place| inner.waiting.remove(place)) else {
            return earliest.map_or(Found::Nothing, Found::Later);
        };
        let lane = ready.claimed.lane.clone();
        if let Some(apart) = self.lane_apart {
            inner.free.insert(lane.clone(), now + apart);
            if inner.free.len() > 10_000 {
                inner.free.retain(|_, free| *free > now);
            }
        }
        if let Some(apart) = self.all_apart {
            inner.all_free = Some(now + apart);
        }
        *inner.busy.entry(lane).or_default() += 1;
        inner.in_hand += 1;
        drop(inner);
        self.low.notify_one();
        Found::One(Box::new(ready))
    }

    /// Waits until a mail of `lane` may be handed over: a rate holds at the server, whatever happens before it.
    pub(super) async fn gate(&self, lane: &str) {
        if self.lane_apart.is_none() && self.all_apart.is_none() {
            return;
        }
        let at = {
            let mut inner = self.inner.lock();
            let now = Instant::now();
            let own = inner.handed.get(lane).copied().unwrap_or(now);
            let at = inner.all_handed.unwrap_or(now).max(own).max(now);
            if let Some(apart) = self.lane_apart {
                inner.handed.insert(lane.to_owned(), at + apart);
                if inner.handed.len() > 10_000 {
                    inner.handed.retain(|_, free| *free > now);
                }
            }
            if let Some(apart) = self.all_apart {
                inner.all_handed = Some(at + apart);
            }
            at
        };
        tokio::time::sleep_until(at).await;
    }

    /// A mail is on its way no more.
    pub(super) fn finished(&self, lane: &str) {
        let mut inner = self.inner.lock();
        if let Some(busy) = inner.busy.get_mut(lane) {
            *busy = busy.saturating_sub(1);
            if *busy == 0 {
                inner.busy.remove(lane);
            }
        }
        inner.in_hand = inner.in_hand.saturating_sub(1);
        drop(inner);
        if self.lane_connections > 0 {
            self.changed.notify_waiters();
        }
        self.low.notify_one();
    }

    /// Takes out what waits, of one newsletter or of all.
    pub(super) fn drain(&self, of: Option<NewsletterId>) -> Vec<Claimed> {
        let mut inner = self.inner.lock();
        let (out, kept): (VecDeque<Ready>, VecDeque<Ready>) = inner
            .waiting
            .drain(..)
            .partition(|ready| of.is_none_or(|id| ready.claimed.newsletter == id));
        inner.waiting = kept;
        drop(inner);
        self.low.notify_one();
        out.into_iter().map(|ready| ready.claimed).collect()
    }

    /// No line gets any more.
    pub(super) fn close(&self) {
        self.inner.lock().is_closed = true;
        self.changed.notify_waiters();
    }

    /// Waits until a line took something or put something down.
    pub(super) async fn moved(&self) {
        self.low.notified().await;
    }
}

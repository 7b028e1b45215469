//! A line: one mail at a time from the pool to the server, and what became of it to the registrar.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::model::PauseWhy;
use super::super::turn::{Done, End, Next};
use super::Inner;
use super::pool::{Pool, Ready};
use super::registrar::Desk;
use crate::mail::letter::Letter;
use crate::mail::transport::{Fault, Outcome};

/// A claim that is older is asked for consent again when its recipient is marked (N5).
const FRESH: Duration = Duration::from_millis(500);

/// Works until the pool is closed.
pub(super) async fn run(inner: Arc<Inner>, pool: Arc<Pool>, desk: Desk) {
    let mut done: Vec<Done> = Vec::new();
    loop {
        let ready = match pool.try_next() {
            Some(ready) => Some(ready),
            None => {
                // Nothing can go at once: what is known must not wait for it.
                flush(&desk, &mut done).await;
                pool.next().await
            }
        };
        let Some(ready) = ready else {
            flush(&desk, &mut done).await;
            return;
        };
        let lane = ready.claimed.lane.clone();
        if let Some(one) = inner.hand_over(&pool, &desk, ready, &mut done).await {
            done.push(one);
        }
        pool.finished(&lane);
    }
}

async fn flush(desk: &Desk, done: &mut Vec<Done>) {
    if !done.is_empty() {
        desk.turn(std::mem::take(done), None).await;
    }
}

impl Inner {
    /// One try of one recipient: marks it (and has `done` written in the same transaction), hands it over. `None` when it was
    /// not marked: it is not ours any more.
    async fn hand_over(
        &self,
        pool: &Pool,
        desk: &Desk,
        ready: Ready,
        done: &mut Vec<Done>,
    ) -> Option<Done> {
        let claimed = ready.claimed;
        let id = claimed.newsletter;
        // Made before it is marked: between mark and server lies as little as can be.
        let letter = ready
            .bulk
            .letter(&self.house, &claimed, &ready.facts, self.clock.now());
        let letter = match letter {
            Ok(letter) => letter,
            Err(why) => {
                tracing::warn!(delivery = %claimed.id, "no message can be made of a newsletter for this recipient");
                self.note(pool, id, true).await;
                let end = End::Unmade(why);
                return Some(Done { claimed, end });
            }
        };
        let is_old = ready.claimed_at.elapsed() > FRESH;
        let next = Next {
            claimed: claimed.clone(),
            ask_again: is_old.then(|| Arc::clone(&ready.bulk.grounds)),
        };
        let asked = Instant::now();
        if !desk.turn(std::mem::take(done), Some(next)).await {
            return None;
        }
        pool.gate(&claimed.lane).await;
        let half = self.lease.to_std().unwrap_or_default() / 2;
        let end = if asked.elapsed() > half {
            // We slept (N4). Others may think it in doubt; we know that it is not.
            End::Back
        } else {
            self.try_once(pool, id, &letter).await
        };
        Some(Done { claimed, end })
    }

    async fn try_once(
        &self,
        pool: &Pool,
        id: crate::newsletters::NewsletterId,
        letter: &Letter,
    ) -> End {
        let outcome = match self.transport.deliver(letter).await {
            // The line broke or stayed silent before anything was handed over: the server's fault, nobody's else (N13).
            Outcome::Later(Fault { code: None, said }) => Outcome::Down(said.into()),
            other => other,
        };
        metrics::counter!("selvedge_deliveries_total", "outcome" => outcome.word()).increment(1);
        match &outcome {
            Outcome::Down(fault) => self.fault(pool, id, &fault.said).await,
            Outcome::InDoubt(_) => {}
            Outcome::Sent | Outcome::Later(_) => {
                self.is_up();
                self.note(pool, id, false).await;
            }
            Outcome::Refused(_) => {
                self.is_up();
                self.note(pool, id, true).await;
            }
        }
        End::Tried(outcome)
    }

    /// Notes how it went; halts the newsletter when too many were refused.
    async fn note(&self, pool: &Pool, id: crate::newsletters::NewsletterId, refused: bool) {
        if self.is_too_much(id, refused) {
            let why = "too many of the last recipients were refused for good";
            self.halt(pool, id, PauseWhy::Failures, why).await;
        }
    }
}

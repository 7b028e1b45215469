//! What a server's faults and refusals do to a newsletter as a whole (N13): a rest, another, a halt.

use super::super::model::PauseWhy;
use super::super::{ops, schedule};
use super::Inner;
use super::pool::Pool;
use crate::error::{AppError, AppResult};
use crate::newsletters::NewsletterId;

/// Seconds that everything rests after the server could not be reached; after as many faults in a row as there are rests and
/// one more, the newsletter halts (N13).
const RESTS: [i64; 2] = [2, 10];
/// Outcomes of a newsletter that its share of refusals is reckoned from, and so many are needed.
const WINDOW: usize = 100;
const ENOUGH: usize = 50;

/// So often in a row one newsletter may err before it is put aside: the others must go on.
const ERRORS: usize = 5;

impl Inner {
    /// What one newsletter's work came to: its error is logged and holds up no other newsletter; one that errs again and again
    /// halts, or asks. A database that is away is everybody's.
    pub(super) async fn or_halt<T>(
        &self,
        id: NewsletterId,
        done: AppResult<T>,
    ) -> AppResult<Option<T>> {
        let cause = match done {
            Ok(done) => {
                self.memory.lock().errors.remove(&id);
                return Ok(Some(done));
            }
            Err(cause @ AppError::Unavailable { .. }) => return Err(cause),
            Err(cause) => cause,
        };
        tracing::error!(newsletter = %id, %cause, "a newsletter could not be worked on");
        let errors = {
            let mut memory = self.memory.lock();
            let errors = memory.errors.entry(id).or_default();
            *errors += 1;
            *errors
        };
        if errors >= ERRORS {
            self.memory.lock().errors.remove(&id);
            let now = self.clock.now();
            self.db
                .tx(move |conn| {
                    schedule::ask(conn, id, now)?;
                    match ops::pause(conn, id, (None, PauseWhy::Broken, ""), now) {
                        // It asks, or is over.
                        Err(AppError::Conflict { .. }) => Ok(()),
                        other => other.map(|_| ()),
                    }
                })
                .await?;
        }
        Ok(None)
    }

    /// Whether everything rests after a fault of the server.
    pub(super) fn rests(&self) -> bool {
        let now = self.clock.now();
        self.memory
            .lock()
            .rests_until
            .is_some_and(|until| now < until)
    }

    /// The server is at fault: nobody is blamed, all wait a moment; and when that does not help, the newsletter halts (N13).
    pub(super) async fn fault(&self, pool: &Pool, id: NewsletterId, why: &str) {
        let halts = {
            let mut memory = self.memory.lock();
            let now = self.clock.now();
            if memory.rests_until.is_some_and(|until| now < until) {
                return;
            }
            let rest = RESTS.get(memory.faults).copied();
            memory.faults += 1;
            let seconds = rest.or(RESTS.last().copied()).unwrap_or(1);
            memory.rests_until = Some(now.plus(chrono::Duration::seconds(seconds)));
            if rest.is_none() {
                memory.faults = 0;
            }
            rest.is_none()
        };
        tracing::error!(newsletter = %id, halts, "newsletters cannot leave: the server is at fault");
        metrics::counter!("selvedge_newsletter_faults_total").increment(1);
        if let Err(cause) = self.give_back(pool.drain(None)).await {
            tracing::warn!(%cause, "what was claimed could not be given back; its lease will run out");
        }
        if halts {
            self.halt(pool, id, PauseWhy::Connection, why).await;
        }
    }

    /// A server answered, whatever it said.
    pub(super) fn is_up(&self) {
        let mut memory = self.memory.lock();
        memory.faults = 0;
        memory.rests_until = None;
    }

    /// Notes whether a recipient was refused for good; whether that makes too many (brief, "error share").
    pub(super) fn is_too_much(&self, id: NewsletterId, refused: bool) -> bool {
        if self.halt_percent == 0 {
            return false;
        }
        let mut memory = self.memory.lock();
        let outcomes = memory.outcomes.entry(id).or_default();
        outcomes.push_back(refused);
        if outcomes.len() > WINDOW {
            outcomes.pop_front();
        }
        let bad = outcomes.iter().filter(|refused| **refused).count();
        let is_too_much =
            refused && outcomes.len() >= ENOUGH && bad * 100 > outcomes.len() * self.halt_percent;
        if is_too_much {
            outcomes.clear();
        }
        is_too_much
    }

    /// Halts a newsletter by ourselves.
    pub(super) async fn halt(&self, pool: &Pool, id: NewsletterId, why: PauseWhy, detail: &str) {
        let (now, detail) = (self.clock.now(), detail.to_owned());
        let done = self
            .db
            .tx(
                move |conn| match ops::pause(conn, id, (None, why, &detail), now) {
                    // Somebody was faster.
                    Err(AppError::Conflict { .. }) => Ok(false),
                    other => other,
                },
            )
            .await;
        if let Err(cause) = done {
            tracing::warn!(newsletter = %id, %cause, "a newsletter should halt and does not");
        }
        tracing::warn!(newsletter = %id, why = why.as_str(), "a newsletter halts");
        // Its leases are void already.
        pool.drain(Some(id));
    }
}

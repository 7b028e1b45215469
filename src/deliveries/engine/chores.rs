//! What goes on beside the sending: schedules, freezing, tests of subjects, sweeping up, ends.

use super::super::{freeze, pace, schedule, sweep};
use super::Inner;
use crate::error::{AppError, AppResult};
use crate::newsletters::NewsletterId;
use crate::newsletters::model::by_id;

/// Recipients that get the winning subject in one transaction.
const CHOSEN: i64 = 5_000;
/// Seconds between two signs of life.
const HEARTBEAT_SECONDS: i64 = 60;

impl Inner {
    /// Does what is due. Each chore looks first: an idle installation writes nothing but a sign of life a minute.
    pub(super) async fn chores(&self) -> AppResult<()> {
        self.live().await?;
        let now = self.clock.now();
        let is_held = self.db.read(schedule::is_held).await?;
        if !is_held {
            for id in self.db.read(move |conn| schedule::due(conn, now)).await? {
                let started = self.start(id).await;
                self.or_halt(id, started).await?;
            }
        }
        for id in self.db.read(freeze::unfrozen).await? {
            let frozen = self.freeze(id).await;
            self.or_halt(id, frozen).await?;
        }
        let over = self
            .db
            .read(move |conn| schedule::tests_over(conn, now))
            .await?;
        for id in over {
            let chosen = self.choose(id).await;
            self.or_halt(id, chosen).await?;
        }
        if self
            .db
            .read(move |conn| sweep::any_lapsed(conn, now))
            .await?
        {
            let swept = self.db.tx(move |conn| sweep::sweep(conn, now)).await?;
            tracing::info!(swept, "swept up after a worker whose lease ran out");
        }
        while self.db.read(sweep::any_cancelled).await?
            && self
                .db
                .tx(move |conn| sweep::skip_cancelled(conn, now))
                .await?
        {}
        if !self.db.read(sweep::finished).await?.is_empty() {
            let ended = self.db.tx(move |conn| sweep::finish(conn, now)).await?;
            let mut memory = self.memory.lock();
            for id in ended {
                memory.ready.remove(&id);
                memory.put_off.remove(&id);
                memory.outcomes.remove(&id);
            }
        }
        Ok(())
    }

    /// A sign of life; the first asks whether nobody had lived for an hour (N18).
    async fn live(&self) -> AppResult<()> {
        let now = self.clock.now();
        let last = self.memory.lock().alive;
        let is_due = last.is_none_or(|last| now.seconds() - last.seconds() >= HEARTBEAT_SECONDS);
        if !is_due {
            return Ok(());
        }
        let is_first = last.is_none();
        let halted = self
            .db
            .tx(move |conn| {
                pace::tidy(conn, now)?;
                schedule::alive(conn, is_first, now)
            })
            .await?;
        for id in halted {
            tracing::warn!(newsletter = %id, "a newsletter halts: nothing ran for more than an hour in its midst");
        }
        self.memory.lock().alive = Some(now);
        Ok(())
    }

    /// Starts a scheduled newsletter, or leaves it to a person: also when its readers have become so many meanwhile that
    /// mailboxes ask for what is missing (N8).
    async fn start(&self, id: NewsletterId) -> AppResult<()> {
        let now = self.clock.now();
        let newsletter = self.db.read(move |conn| by_id(conn, id)).await?;
        match self.clear(&newsletter.audience.0).await {
            Err(AppError::Conflict { .. }) => {
                self.db.tx(move |conn| schedule::ask(conn, id, now)).await
            }
            Err(other) => Err(other),
            Ok(()) => {
                let started = self.db.tx(move |conn| schedule::start(conn, id, now));
                started.await.map(|_| ())
            }
        }
    }

    async fn freeze(&self, id: NewsletterId) -> AppResult<()> {
        let domain = self.house.domain().to_owned();
        loop {
            let (ids, domain, now) = (freeze::PieceIds::new(), domain.clone(), self.clock.now());
            let is_last = self
                .db
                .tx(move |conn| freeze::piece(conn, id, &ids, &domain, now))
                .await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// The rest of a test's readers get the subject that did better.
    async fn choose(&self, id: NewsletterId) -> AppResult<()> {
        let winner = self
            .db
            .read(move |conn| super::super::tests_of_subjects::winner(conn, id))
            .await?;
        while !self
            .db
            .tx(move |conn| schedule::choose(conn, id, winner, CHOSEN))
            .await?
        {}
        Ok(())
    }
}

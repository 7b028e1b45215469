//! The registrar: gathers what all lines have to write down and whom they want to mark, and makes one transaction of it.
//!
//! With ten lines some five share a commit; none waits for more than one. A database that is away is asked again until it
//! answers: what a server took must not be forgotten because of that.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::super::turn::{Done, Marked, Next, turn};
use crate::db::Db;
use crate::kernel::Clock;

/// Turns in one transaction at most.
const TOGETHER: usize = 64;
/// How long the database is left alone after a fault.
const PAUSE: Duration = Duration::from_millis(200);

/// What a line wants written.
pub(super) struct Wish {
    pub(super) done: Vec<Done>,
    pub(super) next: Option<Next>,
    /// Whether `next` was marked.
    pub(super) answer: oneshot::Sender<bool>,
}

/// The lines' way to the registrar.
#[derive(Clone)]
pub(super) struct Desk(mpsc::Sender<Wish>);

impl Desk {
    /// Has results written and, if asked, a recipient marked; whether it was.
    pub(super) async fn turn(&self, done: Vec<Done>, next: Option<Next>) -> bool {
        let (answer, answered) = oneshot::channel();
        let wish = Wish { done, next, answer };
        self.0.send(wish).await.is_ok() && answered.await.unwrap_or(false)
    }
}

/// A registrar, and the lines' way to it. It ends when no line is left.
pub(super) fn open(
    db: Db,
    clock: Clock,
    lease: chrono::Duration,
) -> (Desk, tokio::task::JoinHandle<()>) {
    let (wishes, mut waiting) = mpsc::channel::<Wish>(TOGETHER);
    let task = tokio::spawn(async move {
        while let Some(first) = waiting.recv().await {
            let mut all = vec![first];
            // Whoever is about to ask may come along.
            tokio::task::yield_now().await;
            while all.len() < TOGETHER {
                match waiting.try_recv() {
                    Ok(more) => all.push(more),
                    Err(_) => break,
                }
            }
            write(&db, &clock, lease, all).await;
        }
    });
    (Desk(wishes), task)
}

async fn write(db: &Db, clock: &Clock, lease: chrono::Duration, all: Vec<Wish>) {
    let mut done = Vec::new();
    let (mut next, mut answers) = (Vec::new(), Vec::new());
    for wish in all {
        done.extend(wish.done);
        let asked = wish.next.map(|one| {
            let claim = (one.claimed.id, one.claimed.token.clone());
            next.push(one);
            claim
        });
        answers.push((asked, wish.answer));
    }
    let (done, next) = (Arc::new(done), Arc::new(next));
    let mut marked: Marked = loop {
        let (done, next, now) = (Arc::clone(&done), Arc::clone(&next), clock.now());
        match db
            .tx(move |conn| turn(conn, &done, &next, lease, now))
            .await
        {
            Ok(marked) => break marked,
            Err(cause) => {
                tracing::warn!(%cause, "results of deliveries cannot be written; trying again");
                metrics::counter!("selvedge_deliveries_unwritten_total").increment(1);
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    for (asked, answer) in answers {
        let is_marked = asked.is_some_and(|claim| marked.remove(&claim));
        if answer.send(is_marked).is_err() {
            tracing::debug!("a line did not wait for its turn");
        }
    }
}

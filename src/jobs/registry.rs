//! Which handler does which kind of job, and which kinds come by the clock.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::error::AppResult;

type Work = Pin<Box<dyn Future<Output = AppResult<()>> + Send>>;
pub(super) type Handler = Arc<dyn Fn(Value) -> Work + Send + Sync>;

/// A kind of job that is enqueued at a steady interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    pub name: &'static str,
    pub seconds: i64,
    pub kind: &'static str,
}

/// The list of everything that can be worked.
#[derive(Default)]
pub struct Registry {
    pub(super) handlers: HashMap<&'static str, Handler>,
    pub(super) schedules: Vec<Schedule>,
}

impl Registry {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Jobs of `kind` are done by `handler`, which must be idempotent. An error or panic makes the job come again
    /// later; the error's text is kept with the job, so it names ids and causes, never people.
    pub fn on<F, Fut>(&mut self, kind: &'static str, handler: F)
    where
        F: Fn(Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = AppResult<()>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |payload| Box::pin(handler(payload)));
        if self.handlers.insert(kind, handler).is_some() {
            tracing::warn!(
                kind,
                "a kind of job has two handlers; the later one is used"
            );
        }
    }

    /// Every `seconds` a job of `kind` with an empty payload is enqueued, by one of all instances, unless the last
    /// one still waits. `name` is the schedule's row; after a pause it comes once, not once per turn missed.
    pub fn every(&mut self, name: &'static str, seconds: i64, kind: &'static str) {
        self.schedules.push(Schedule {
            name,
            seconds: seconds.max(1),
            kind,
        });
    }

    pub(super) fn kinds(&self) -> Vec<&'static str> {
        self.handlers.keys().copied().collect()
    }
}

//! What views depend on, and when it last changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Beyond this many scopes, those that no view holds are swept out.
const SWEEP_ABOVE: usize = 4_096;

/// A scope that changed less than this ago is remembered although no view holds it: a rendering that has read the
/// records before the change, but has not said yet what it depends on, must still learn of it.
const REMEMBER: Duration = Duration::from_secs(60);

/// One thing that views depend on, as two moments of the [`Changes`] counter.
#[derive(Debug, Default)]
pub(super) struct Scope {
    changed: AtomicU64,
    withdrawn: AtomicU64,
}

impl Scope {
    pub(super) fn unchanged_since(&self, moment: u64) -> bool {
        self.changed.load(Ordering::Acquire) <= moment
    }

    pub(super) fn not_withdrawn_since(&self, moment: u64) -> bool {
        self.withdrawn.load(Ordering::Acquire) <= moment
    }
}

/// Counts changes and knows the last one of every scope.
#[derive(Default)]
pub(super) struct Changes {
    moment: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    scopes: HashMap<String, (Arc<Scope>, Instant)>,
    /// How many the last sweep left: the next one waits until there are twice as many.
    left: usize,
}

impl Known {
    fn scope(&mut self, kind: &str, id: &str) -> &mut (Arc<Scope>, Instant) {
        if self.scopes.len() > SWEEP_ABOVE.max(self.left * 2) {
            self.scopes
                .retain(|_, (scope, at)| Arc::strong_count(scope) > 1 || at.elapsed() < REMEMBER);
            self.left = self.scopes.len();
        }
        self.scopes
            .entry(format!("{kind}\0{id}"))
            .or_insert_with(|| (Arc::default(), Instant::now()))
    }
}

impl Changes {
    /// The moment that a rendering begins at.
    pub(super) fn now(&self) -> u64 {
        self.moment.load(Ordering::Acquire)
    }

    pub(super) fn scope(&self, kind: &str, id: &str) -> Arc<Scope> {
        Arc::clone(&self.known.lock().scope(kind, id).0)
    }

    /// Notes a change, even of what no view holds yet. The lock orders two changes of one scope.
    pub(super) fn change(&self, kind: &str, id: &str, withdraw: bool) {
        let mut known = self.known.lock();
        let (scope, at) = known.scope(kind, id);
        let moment = self.moment.fetch_add(1, Ordering::AcqRel) + 1;
        scope.changed.store(moment, Ordering::Release);
        if withdraw {
            scope.withdrawn.store(moment, Ordering::Release);
        }
        *at = Instant::now();
    }
}

//! The one place where passwords are hashed (S3): a few at a time, a short queue before it, and "come back later" beyond.
//!
//! The hashing threads are our own and as many as may hash at once: each keeps its 19 MiB and uses them again, so however many ask, memory
//! stays flat, and the threads that serve files and the database never wait behind a hash.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};

use super::password::{self, Password, Workspace};
use crate::config;
use crate::error::{AppError, AppResult};

type Work = Box<dyn FnOnce(&mut Workspace) + Send>;

/// Fits no password: checked when there is none to check, so that an unknown address takes as long as a known one (S4).
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2VsdmVkZ2Utbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords and checks them.
pub struct Hashing {
    queue: SyncSender<Work>,
    /// Those being worked and those that wait.
    places: Arc<Semaphore>,
    done: AtomicU64,
}

impl Hashing {
    /// Starts the threads that the settings ask for; they end with this value.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(settings: &config::Auth) -> AppResult<Self> {
        let at_once = settings.hashes_at_once.max(1);
        let places = at_once + settings.hashes_waiting;
        let (queue, works) = sync_channel::<Work>(places);
        let works = Arc::new(Mutex::new(works));
        for _ in 0..at_once {
            let works = Arc::clone(&works);
            std::thread::Builder::new()
                .name("hashing".into())
                .spawn(move || work_off(&works))
                .map_err(AppError::internal)?;
        }
        Ok(Self {
            queue,
            places: Arc::new(Semaphore::new(places)),
            done: AtomicU64::new(0),
        })
    }

    /// The PHC string to store for a password.
    ///
    /// # Errors
    /// [`AppError::Unavailable`] when too many wait.
    pub async fn hash(&self, password: Password) -> AppResult<String> {
        self.turn(move |space| password.hash_in(space)).await
    }

    /// Whether this is the password that `phc` was made of. Without `phc` nothing fits, and it takes as long (S4).
    ///
    /// # Errors
    /// [`AppError::Unavailable`] when too many wait.
    pub async fn fits(&self, password: Password, phc: Option<String>) -> AppResult<bool> {
        self.turn(move |space| match phc {
            Some(phc) => password.fits_in(&phc, space),
            None => password.fits_in(NOBODYS, space).map(|_| false),
        })
        .await
    }

    /// The hash to store instead of `phc`, when that was made at other costs than today's and fits `password`.
    ///
    /// # Errors
    /// As [`Hashing::hash`].
    pub async fn renewed(&self, password: Password, phc: &str) -> AppResult<Option<String>> {
        if password::is_outdated(phc) {
            self.hash(password).await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// How many hashes were made or checked: for tests that hold known and unknown addresses to the same work (S4).
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    async fn turn<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Workspace) -> AppResult<T> + Send + 'static,
    {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| busy())?;
        let (answer, told) = oneshot::channel();
        let work: Work = Box::new(move |space| {
            // Whoever asked may have gone: then nothing is hashed.
            if !answer.is_closed() && answer.send(work(space)).is_err() {
                tracing::debug!("nobody waits for this hash any more");
            }
            drop(place);
        });
        self.queue.try_send(work).map_err(|_| busy())?;
        self.done.fetch_add(1, Ordering::Relaxed);
        told.await.map_err(AppError::internal)?
    }
}

fn busy() -> AppError {
    metrics::counter!("selvedge_hashes_refused_total").increment(1);
    AppError::Unavailable {
        what: "Many people are signing in right now. Please try again in a few seconds.".into(),
        retry_after: 3,
    }
}

fn work_off(works: &Mutex<Receiver<Work>>) {
    let mut space = Workspace::default();
    loop {
        let next = works.lock().recv();
        let Ok(work) = next else {
            return;
        };
        if std::panic::catch_unwind(AssertUnwindSafe(|| work(&mut space))).is_err() {
            tracing::error!("hashing panicked");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn gate(at_once: usize, waiting: usize) -> Hashing {
        Hashing::start(&config::Auth {
            staff_second_factor: true,
            hashes_at_once: at_once,
            hashes_waiting: waiting,
            login_per_minute: 1,
            login_burst: 1,
            mails_per_hour: 1,
        })
        .unwrap()
    }

    fn typed() -> Password {
        Password::parse("a quiet blue loom").unwrap()
    }

    #[tokio::test]
    async fn more_than_may_wait_are_told_to_come_back() {
        let gate = gate(1, 2);
        let all = futures_util::future::join_all((0..12).map(|_| gate.fits(typed(), None))).await;
        let refused = all
            .iter()
            .filter(|one| matches!(one, Err(AppError::Unavailable { .. })))
            .count();
        assert_eq!((all.len() - refused, refused), (3, 9));
        assert!(gate.fits(typed(), None).await.is_ok(), "places come back");
    }

    #[tokio::test]
    async fn nobodys_hash_fits_nothing_and_costs_as_much() {
        assert!(!password::is_outdated(NOBODYS));
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODYS).is_ok());
        let gate = gate(1, 1);
        assert!(!gate.fits(typed(), None).await.unwrap());
        let phc = gate.hash(typed()).await.unwrap();
        assert!(gate.fits(typed(), Some(phc)).await.unwrap());
        assert_eq!(gate.done(), 3);
    }

    #[tokio::test]
    async fn only_a_hash_of_other_costs_is_renewed() {
        let gate = gate(1, 1);
        let today = typed().hash().unwrap();
        assert_eq!(gate.renewed(typed(), &today).await.unwrap(), None);
        let old = today.replace("m=19456", "m=9216");
        assert!(gate.renewed(typed(), &old).await.unwrap().is_some());
    }
}

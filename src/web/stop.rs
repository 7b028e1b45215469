//! How a process is told to stop: once for "finish what is in flight", twice for "now" (F10).

use tokio::sync::watch;

/// Hears the wish to stop. Clones hear the same wish.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: watch::Receiver<u32>,
}

/// Utters the wish to stop.
#[derive(Debug, Clone)]
pub struct StopSwitch {
    ask: watch::Sender<u32>,
}

impl StopSwitch {
    /// Asks once more to stop: the first time gracefully, the second time at once.
    pub fn ask(&self) {
        self.ask.send_modify(|times| *times += 1);
    }
}

impl Stop {
    /// A stop that the program itself asks for (tests, `demo`).
    pub fn by_hand() -> (StopSwitch, Self) {
        let (ask, asked) = watch::channel(0);
        (StopSwitch { ask }, Self { asked })
    }

    /// A stop that SIGTERM or SIGINT asks for. Runs on the tokio runtime that calls it.
    ///
    /// # Errors
    /// When the signals cannot be listened for.
    pub fn on_signals() -> std::io::Result<(StopSwitch, Self)> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (switch, stop) = Self::by_hand();
        let asking = switch.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = terminate.recv() => asking.ask(),
                    Some(()) = interrupt.recv() => asking.ask(),
                    else => break,
                }
            }
        });
        Ok((switch, stop))
    }

    /// Whether a stop has been asked for.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow() > 0
    }

    /// Waits until a stop was asked for the `times`-th time; never comes when nobody is left to ask.
    pub async fn asked(&self, times: u32) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|so_far| *so_far >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

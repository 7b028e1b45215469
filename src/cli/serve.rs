//! `selvedge serve [--no-worker]`

use std::process::ExitCode;

use actix_web::web::ServiceConfig;
use clap::Args;
use tokio::sync::watch;

use super::CliResult;
use crate::app::App;
use crate::config::Config;
use crate::error::AppResult;
use crate::kernel::Clock;
use crate::web::server;

/// Web and workers in one process.
#[derive(Args)]
pub(super) struct Serve {
    /// Serves pages alone; jobs are left to `selvedge worker`.
    #[arg(long)]
    no_worker: bool,
}

impl Serve {
    pub(super) async fn run(&self, config: Config) -> CliResult {
        let app = App::build(config, Clock::system()).await?;
        serve(&app, !self.no_worker, |_| {}).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Serves until a signal, then stops in order: no new requests, those in flight, workers, database (F10).
///
/// # Errors
/// When the listener cannot be had.
pub(super) async fn serve(app: &App, workers: bool, ready: impl FnOnce(std::net::SocketAddr)) -> AppResult<()> {
    let (stop, stopped) = watch::channel(false);
    let mounted = app.clone();
    let configure = move |cfg: &mut ServiceConfig| mounted.routes(cfg);
    let running = server::start(app.site.clone(), configure).await?;
    ready(running.address);
    let mut background = Vec::new();
    if workers {
        background.extend(app.start_workers(&stopped));
    }
    background.extend(app.start_sandbox(&stopped));
    let checking = app.giving.clone();
    background.push(tokio::spawn(async move { checking.check_processor().await }));
    running.until_signal().await;
    stop.send_replace(true);
    for task in background {
        if let Err(error) = task.await {
            tracing::error!(cause = %error, "a worker did not stop in order");
        }
    }
    app.site.db.close().await;
    Ok(())
}

//! `selvedge serve [--no-worker]`

use std::process::ExitCode;

use actix_web::web::ServiceConfig;
use clap::Args;
use tokio::sync::watch;

use super::CliResult;
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::kernel::Clock;
use crate::web::server::Bound;
use crate::web::stop::Stop;

/// Web and workers in one process.
#[derive(Args)]
pub(super) struct Serve {
    /// Serves pages alone; jobs are left to `selvedge worker`.
    #[arg(long)]
    no_worker: bool,
}

impl Serve {
    pub(super) async fn run(&self, mut config: Config) -> CliResult {
        let bound = bind(&mut config)?;
        let app = App::build(config, Clock::system()).await?;
        serve(&app, bound, !self.no_worker).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes the listeners before anything else begins; port 0 becomes the port that was had.
pub(super) fn bind(config: &mut Config) -> AppResult<Bound> {
    let bound = Bound::new(config)?;
    config.http.port = bound.address().port();
    Ok(bound)
}

/// Serves until a signal, then stops in order: no new requests, those in flight, workers, database (F10).
///
/// # Errors
/// When the server cannot start or breaks.
pub(super) async fn serve(app: &App, bound: Bound, workers: bool) -> AppResult<()> {
    let (_switch, signalled) = Stop::on_signals().map_err(AppError::internal)?;
    let (stop, stopped) = watch::channel(false);
    let mounted = app.clone();
    let configure = move |cfg: &mut ServiceConfig| mounted.routes(cfg);
    let mut background = Vec::new();
    if workers {
        background.extend(app.start_workers(&stopped));
    }
    background.extend(app.start_web_tasks(&stopped));
    let served = bound.serve(app.site.clone(), configure, signalled).await;
    stop.send_replace(true);
    finish(background).await;
    app.site.db.close().await;
    served
}

/// Waits for the workers to put down what they hold.
pub(super) async fn finish(tasks: Vec<tokio::task::JoinHandle<()>>) {
    for task in tasks {
        if let Err(error) = task.await {
            tracing::error!(cause = %error, "a worker did not stop in order");
        }
    }
}

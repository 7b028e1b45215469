//! `selvedge worker`

use std::process::ExitCode;

use tokio::sync::watch;

use super::CliResult;
use crate::app::App;
use crate::config::Config;
use crate::kernel::Clock;
use crate::web::server;

/// Works off events, jobs and mail until a signal.
pub(super) async fn run(config: Config) -> CliResult {
    let app = App::build(config, Clock::system()).await?;
    let (stop, stopped) = watch::channel(false);
    let tasks = app.start_workers(&stopped);
    server::signal().await;
    stop.send_replace(true);
    for task in tasks {
        if let Err(error) = task.await {
            tracing::error!(cause = %error, "a worker did not stop in order");
        }
    }
    app.site.db.close().await;
    Ok(ExitCode::SUCCESS)
}

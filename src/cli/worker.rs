//! `selvedge worker`

use std::process::ExitCode;

use tokio::sync::watch;

use super::{CliResult, serve};
use crate::app::App;
use crate::config::Config;
use crate::kernel::Clock;
use crate::web::stop::Stop;

/// Works off events, jobs and mail until a signal.
pub(super) async fn run(config: Config) -> CliResult {
    let app = App::build(config, Clock::system()).await?;
    let (_switch, signalled) = Stop::on_signals()?;
    let (stop, stopped) = watch::channel(false);
    let tasks = app.start_workers(&stopped);
    signalled.asked(1).await;
    stop.send_replace(true);
    serve::finish(tasks).await;
    app.site.db.close().await;
    Ok(ExitCode::SUCCESS)
}

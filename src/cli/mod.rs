//! The command line: one file a subcommand.

mod backup;
mod check;
pub use check::findings;
mod config;
mod demo;
mod migrate;
mod openapi;
mod serve;
mod user;
mod worker;

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::error::AppError;
use crate::web::logs::{self, Lines};

/// Selvedge: awareness campaigns that raise funds, and the whole path of a gift.
#[derive(Parser)]
#[command(name = "selvedge", version, about)]
struct Cli {
    /// A TOML file over the built-in settings.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the demo season, with test cards and a test mailbox; needs no configuration.
    Demo(demo::Demo),
    /// Web and workers in one process.
    Serve(serve::Serve),
    /// Workers alone.
    Worker,
    /// Brings the schema up to this binary's, or takes back the newest migrations.
    Migrate(migrate::Migrate),
    /// Proves ledger, totals, seals and configuration: exit 0 if all hold, 1 with findings, 2 if it could not run.
    Check(check::Check),
    /// Staff and tokens without a browser.
    #[command(subcommand)]
    User(user::User),
    /// Writes a copy of the live database, after checking it.
    Backup(backup::Backup),
    /// Prints the API document.
    Openapi,
    /// Prints the settings in force, secrets masked.
    Config,
}

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{0}")]
    App(#[from] AppError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Said(String),
}

type CliResult = Result<ExitCode, CliError>;

/// Reads the arguments and does what they say.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // Only builds that hold the tests have places to arm (kernel::crash); they are read from FAILPOINTS.
    let _armed = fail::has_failpoints().then(fail::FailScenario::setup);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("selvedge: {error}");
            return ExitCode::from(2);
        }
    };
    let failure = match &cli.command {
        Command::Check(_) => 2,
        _ => 1,
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        // Whoever read the output has seen enough (`| head`).
        Err(CliError::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("selvedge: {error}");
            ExitCode::from(failure)
        }
    }
}

async fn dispatch(cli: Cli) -> CliResult {
    let load = |presets: &[(&str, String)]| {
        let environment: HashMap<String, String> = std::env::vars().collect();
        Config::load(cli.config.as_deref(), &environment, presets)
    };
    match cli.command {
        Command::Demo(demo) => {
            log(Lines::Readable)?;
            demo.run(load(&demo.presets())?).await
        }
        Command::Serve(serve) => {
            log(Lines::Json)?;
            serve.run(load(&[])?).await
        }
        Command::Worker => {
            log(Lines::Json)?;
            worker::run(load(&[])?).await
        }
        Command::Migrate(migrate) => migrate.run(load(&[])?).await,
        Command::Check(check) => check.run(load(&[])?).await,
        Command::User(user) => user.run(load(&[])?).await,
        Command::Backup(backup) => backup.run(load(&[])?).await,
        Command::Openapi => openapi::run(),
        Command::Config => config::run(&load(&[])?),
    }
}

fn log(lines: Lines) -> Result<(), AppError> {
    logs::begin(lines, std::env::var("RUST_LOG").ok().as_deref())
}

/// A spinner on a terminal, plain lines elsewhere: long work says what it is doing.
fn progress(what: &'static str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    if bar.is_hidden() {
        eprintln!("{what} …");
    }
    bar
}

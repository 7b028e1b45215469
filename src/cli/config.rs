//! `selvedge config`

use std::io::Write;
use std::process::ExitCode;

use super::CliResult;
use crate::config::Config;

pub(super) fn run(config: &Config) -> CliResult {
    write!(std::io::stdout(), "{}", config.printable())?;
    Ok(ExitCode::SUCCESS)
}

//! `selvedge config`

use std::process::ExitCode;

use super::CliResult;
use crate::config::Config;

pub(super) fn run(config: &Config) -> CliResult {
    print!("{}", config.printable());
    Ok(ExitCode::SUCCESS)
}

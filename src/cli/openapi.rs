//! `selvedge openapi`

use std::io::Write;
use std::process::ExitCode;

use super::{CliError, CliResult};

pub(super) fn run() -> CliResult {
    let document = crate::openapi::document();
    let json = document
        .to_pretty_json()
        .map_err(|e| CliError::Said(e.to_string()))?;
    writeln!(std::io::stdout(), "{json}")?;
    Ok(ExitCode::SUCCESS)
}

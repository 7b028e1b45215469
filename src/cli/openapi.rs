//! `selvedge openapi`

use std::process::ExitCode;

use super::{CliError, CliResult};

pub(super) fn run() -> CliResult {
    let document = crate::openapi::document();
    println!(
        "{}",
        document
            .to_pretty_json()
            .map_err(|e| CliError::Said(e.to_string()))?
    );
    Ok(ExitCode::SUCCESS)
}

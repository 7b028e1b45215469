//! The command line. Everything else is in the library; `lib.rs` is the map.

use std::process::ExitCode;

fn main() -> ExitCode {
    selvedge::cli::run()
}

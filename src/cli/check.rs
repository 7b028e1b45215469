//! `selvedge check [--json]`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{CliResult, progress};
use crate::app::App;
use crate::books;
use crate::config::Config;
use crate::db::{Db, migrations};
use crate::error::{AppError, AppResult};

/// Proves ledger, totals, seals and configuration.
#[derive(Args)]
pub(super) struct Check {
    /// Prints one JSON object instead of lines.
    #[arg(long)]
    json: bool,
    /// Proves a downloaded copy of a campaign's books instead; needs no database.
    #[arg(long, value_name = "FILE")]
    books: Option<PathBuf>,
}

impl Check {
    pub(super) async fn run(&self, config: Config) -> CliResult {
        if let Some(file) = &self.books {
            return self.prove_copy(file);
        }
        let db = App::open_db(&config, false).await?;
        let bar = progress("proving schema, ledger, gifts and seals");
        let findings = findings(&db).await?;
        bar.finish_and_clear();
        let good =
            "everything holds: ledger balanced, gifts posted, totals, books and seals as shown";
        Ok(self.tell(&findings, good))
    }

    /// Exit 2 when the file cannot be read, as for a proof that could not be run.
    fn prove_copy(&self, file: &Path) -> CliResult {
        let bytes = std::fs::read(file)
            .map_err(|error| AppError::internal(format!("{}: {error}", file.display())))?;
        let proved = match String::from_utf8(bytes) {
            Ok(text) => books::file::prove(&text),
            Err(error) => {
                let place = error.utf8_error().valid_up_to();
                Err(format!(
                    "byte {place}: this is no text, so it is no copy of the books"
                ))
            }
        };
        Ok(match proved {
            Ok(proved) => {
                let good = format!(
                    "every byte holds: {} closed days of {}, up to transfer {}; compare the last hash with the one that the campaign's books show: {}",
                    proved.days, proved.campaign, proved.transfer, proved.last_hash
                );
                self.tell(&[], &good)
            }
            Err(why) => self.tell(&[format!("books: {why}")], ""),
        })
    }

    fn tell(&self, findings: &[String], good: &str) -> ExitCode {
        if self.json {
            println!(
                "{}",
                serde_json::json!({ "ok": findings.is_empty(), "findings": findings })
            );
        } else if findings.is_empty() {
            println!("{good}");
        } else {
            for finding in findings {
                println!("{finding}");
            }
        }
        if findings.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        }
    }
}

/// Everything that does not hold, a line each.
///
/// # Errors
/// When the proof could not be run.
pub async fn findings(db: &Db) -> AppResult<Vec<String>> {
    let pending = db.exclusive(migrations::pending).await?;
    if !pending.is_empty() {
        return Ok(vec![format!(
            "schema: {} migrations have not run: run `selvedge migrate`",
            pending.len()
        )]);
    }
    db.proof(|conn| {
        let mut all = crate::ledger::check::findings(conn)?;
        all.extend(crate::donations::check::findings(conn)?);
        all.extend(crate::funds::check::findings(conn)?);
        all.extend(books::check::findings(conn)?);
        all.extend(crate::grants::check::findings(conn)?);
        all.extend(crate::diary::check::findings(conn)?);
        Ok(all)
    })
    .await
}

//! `selvedge check [--json]`

use std::process::ExitCode;

use clap::Args;

use super::{CliResult, progress};
use crate::app::App;
use crate::config::Config;
use crate::db::{Db, migrations};
use crate::error::AppResult;

/// Proves ledger, totals, seals and configuration.
#[derive(Args)]
pub(super) struct Check {
    /// Prints one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(&self, config: Config) -> CliResult {
        let db = App::open_db(&config, false).await?;
        let bar = progress("proving schema, ledger, gifts and seals");
        let findings = findings(&db).await?;
        bar.finish_and_clear();
        if self.json {
            println!(
                "{}",
                serde_json::json!({ "ok": findings.is_empty(), "findings": findings })
            );
        } else if findings.is_empty() {
            println!("everything holds: ledger balanced, gifts posted, totals and seals as shown");
        } else {
            for finding in &findings {
                println!("{finding}");
            }
        }
        Ok(if findings.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
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
        all.extend(crate::matching::check::findings(conn)?);
        all.extend(crate::payouts::check::findings(conn)?);
        all.extend(crate::diary::check::findings(conn)?);
        Ok(all)
    })
    .await
}

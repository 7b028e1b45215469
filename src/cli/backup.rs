//! `selvedge backup FILE`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{CliError, CliResult, progress};
use crate::app::App;
use crate::config::Config;
use crate::db::{Db, DbSettings, DbUrl, Engine};
use crate::deliveries::schedule;

/// Writes a copy of the live database, after checking it (F16).
#[derive(Args)]
pub(super) struct Backup {
    /// Where to write; must not exist yet.
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(&self, config: Config) -> CliResult {
        let db = App::open_db(&config, false).await?;
        if db.engine() == Engine::Postgres {
            return Err(CliError::Said(
                "a PostgreSQL database is backed up with its own tools: pg_dump --format=custom --file=FILE \"$DATABASE_URL\"".into(),
            ));
        }
        if self.file.exists() {
            return Err(CliError::Said(format!(
                "{} is there already; name another file",
                self.file.display()
            )));
        }
        let partial = self.file.with_extension("partial");
        if partial.exists() {
            std::fs::remove_file(&partial)?;
        }
        let bar = progress("copying and checking the copy");
        copy(&db, &partial).await?;
        let findings = prove(&partial).await?;
        bar.finish_and_clear();
        if !findings.is_empty() {
            std::fs::remove_file(&partial)?;
            return Err(CliError::Said(format!(
                "the copy does not hold, so it was not kept:\n{}",
                findings.join("\n")
            )));
        }
        std::fs::File::open(&partial)?.sync_all()?;
        std::fs::rename(&partial, &self.file)?;
        if let Some(folder) = self
            .file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::File::open(folder)?.sync_all()?;
        }
        println!(
            "{} ({} bytes), checked",
            self.file.display(),
            std::fs::metadata(&self.file)?.len()
        );
        Ok(ExitCode::SUCCESS)
    }
}

async fn copy(db: &Db, to: &Path) -> Result<(), CliError> {
    let path = to
        .to_str()
        .ok_or_else(|| CliError::Said("the file's path is not UTF-8".into()))?;
    let statement = format!("VACUUM INTO '{}'", path.replace('\'', "''"));
    Ok(db
        .exclusive(move |conn| conn.execute_batch(&statement))
        .await?)
}

/// Runs the proofs over the copy, not the original, and notes in it that it is one: newsletters wait there for a person.
async fn prove(copy: &Path) -> Result<Vec<String>, CliError> {
    let db = Db::open(DbSettings::new(DbUrl::Sqlite(copy.to_path_buf()))).await?;
    let findings = super::check::findings(&db).await?;
    // Whoever puts the copy in place must not send again what the original has sent since (N18).
    db.tx(schedule::hold).await?;
    db.close().await;
    drop(db);
    for ending in ["partial-wal", "partial-shm"] {
        let beside = copy.with_extension(ending);
        if beside.exists() {
            std::fs::remove_file(beside)?;
        }
    }
    Ok(findings)
}

//! `selvedge migrate [--down N]`

use std::process::ExitCode;

use clap::Args;

use super::{CliResult, progress};
use crate::app::App;
use crate::config::Config;
use crate::db::migrations;

/// Brings the schema up to this binary's, or takes back the newest migrations.
#[derive(Args)]
pub(super) struct Migrate {
    /// Takes back so many of the newest migrations, and the rows that they made room for.
    #[arg(long, value_name = "N")]
    down: Option<usize>,
}

impl Migrate {
    pub(super) async fn run(&self, config: Config) -> CliResult {
        make_parent(&config)?;
        let db = App::open_db(&config, true).await?;
        let bar = progress("migrating");
        match self.down {
            Some(steps) => {
                let done = db
                    .exclusive(move |conn| migrations::down(conn, steps))
                    .await?;
                bar.finish_and_clear();
                println!("{done} migrations taken back");
            }
            None => {
                let ran = db.exclusive(migrations::up).await?;
                bar.finish_and_clear();
                match ran.as_slice() {
                    [] => println!("the schema is current"),
                    ran => println!("ran {}", ran.join(", ")),
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The folder of a SQLite file is made; the file itself is made by opening.
pub(super) fn make_parent(config: &Config) -> std::io::Result<()> {
    if let Ok(crate::db::DbUrl::Sqlite(path)) = config.database_url()
        && let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
    {
        std::fs::create_dir_all(parent)?;
    }
    Ok(())
}

//! `selvedge demo [--port] [--data DIR] [--reset]`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{CliError, CliResult, migrate, progress, serve};
use crate::app::App;
use crate::config::Config;
use crate::db::{Engine, migrations};
use crate::demo::{self, DemoSeed, DiarySeed, LetterSeed, ReaderSeed, ReportSeed, SegmentSeed};
use crate::kernel::Clock;
use crate::partners::PartnerLetters;

/// Shows the demo season.
#[derive(Args)]
pub(super) struct Demo {
    /// Where it listens.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where it keeps its files.
    #[arg(long, default_value = "var/demo")]
    data: PathBuf,
    /// Begins anew: takes the demo's files away first.
    #[arg(long)]
    reset: bool,
}

/// What the demo writes into its folder.
const FILES: [&str; 6] = [
    "selvedge.db",
    "selvedge.db-wal",
    "selvedge.db-shm",
    "sandbox.db",
    "sandbox.db-wal",
    "sandbox.db-shm",
];

impl Demo {
    /// What the demo sets; file and environment still win.
    pub(super) fn presets(&self) -> Vec<(&'static str, String)> {
        let database = self.data.join("selvedge.db");
        vec![
            ("http.port", self.port.to_string()),
            ("site.data_dir", self.data.display().to_string()),
            ("database.url", format!("sqlite://{}", database.display())),
            ("payments.processor", "sandbox".into()),
            ("payments.requests_per_second", "1000".into()),
            ("payments.ask_after_seconds", "15".into()),
            ("mail.transport", "sandbox".into()),
            ("mail.from", "campaign@selvedge.example".into()),
            // One login a role is printed for a first look: nobody should need a phone for it.
            ("auth.staff_second_factor", "false".into()),
        ]
    }

    pub(super) async fn run(&self, mut config: Config) -> CliResult {
        let bound = serve::bind(&mut config)?;
        if self.reset {
            self.remove_files()?;
        }
        std::fs::create_dir_all(&self.data)?;
        migrate::make_parent(&config)?;
        let clock = Clock::system();
        let db = App::open_db(&config, true).await?;
        if self.reset && db.engine() == Engine::Postgres {
            return Err(CliError::Said(
                "--reset takes files away; drop and make the PostgreSQL database yourself".into(),
            ));
        }
        let bar = progress("preparing the demo season");
        db.exclusive(migrations::up).await?;
        let (seed, now) = (DemoSeed::new(demo::logins()?), clock.now());
        let is_new = db.tx(move |conn| demo::seed(conn, &seed, now)).await?;
        bar.finish_and_clear();
        let app = App::with_db(config, clock, db).await?;
        if is_new {
            let (site, mails) = (app.site.clone(), app.giving.mails.clone());
            let seed = DiarySeed::new()?;
            app.site
                .db
                .tx(move |conn| demo::diaries(conn, &seed, (&site.config, &mails), now))
                .await?;
            if let Some(signers) = app.site.db.read(demo::signers).await? {
                demo::stories(&app.site, &app.safe, signers).await?;
                let (seed, [by, _]) = (ReaderSeed::new()?, signers);
                app.site
                    .db
                    .tx(move |conn| demo::readers(conn, &seed, by, now))
                    .await?;
                let seed = SegmentSeed::new();
                app.site
                    .db
                    .tx(move |conn| demo::segments(conn, &seed, signers[1], now))
                    .await?;
            }
            let letters = PartnerLetters::new(app.giving.mails.clone(), &app.site.config);
            let seed = ReportSeed::new();
            app.site
                .db
                .tx(move |conn| demo::reports(conn, &seed, &letters, now))
                .await?;
            let (seed, name) = (LetterSeed::new(), app.site.config.site.name.clone());
            app.site
                .db
                .tx(move |conn| demo::letters(conn, &seed, &name, now))
                .await?;
        }
        println!("{}", demo::welcome(&app.site.config));
        let giving = app.giving.get_ref().clone();
        let givers = tokio::spawn(async move {
            demo::givers(giving.clone()).await;
            demo::first_grant(giving).await;
        });
        serve::serve(&app, bound, true).await?;
        givers.abort();
        Ok(ExitCode::SUCCESS)
    }

    fn remove_files(&self) -> std::io::Result<()> {
        for file in FILES.map(|name| self.data.join(name)) {
            if file.exists() {
                std::fs::remove_file(file)?;
            }
        }
        Ok(())
    }
}

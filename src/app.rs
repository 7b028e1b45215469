//! Everything that is mounted: the parts put together once, and the two lists, routes and jobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::bounces::Notary;
use crate::coaching::Coach;
use crate::config::{Config, MailTransport, ProcessorKind};
use crate::consent_vault::Safe;
use crate::db::{Db, DbSettings, installation, migrations};
use crate::deliveries::Engine;
use crate::donations::{self, Giving};
use crate::error::{AppError, AppResult};
use crate::jobs::{Registry, Runner};
use crate::kernel::Clock;
use crate::kernel::secret::{SecretString, random_token};
use crate::mail::{Dkim, Mails, Origin, Sender, Transport};
use crate::pages::PageMails;
use crate::partners::PartnerLetters;
use crate::payments::client::Processor;
use crate::payments::sandbox::{self, Sandbox, SandboxSettings};
use crate::subscribers::Subscribing;
use crate::teams::Desk;
use crate::teams::mails::Letters;
use crate::web::Site;
use crate::web::templates::Templates;
use crate::{
    accounts, analytics, books, campaigns, coaching, console, desk, diary, grants, home, impact,
    mail, media, membership, newsletters, openapi, pages, partners, payouts, sequences, stories,
    subscribers, teams,
};

/// The program's parts. Clones share them.
#[derive(Clone)]
pub struct App {
    /// Settings, database, clock, templates, views.
    pub site: Data<Site>,
    /// The path of a gift.
    pub giving: Data<Giving>,
    /// What the handlers of teams hold.
    pub desk: Data<Desk>,
    /// Keeps participants company.
    pub coach: Data<Coach>,
    /// Signing up, signing in, one's own account.
    pub accounts: Data<Accounts>,
    /// Opens and closes the vault of consents.
    pub safe: Data<Safe>,
    /// Readers: joining, leaving, choosing.
    pub subscribing: Data<Subscribing>,
    /// Works off jobs.
    pub runner: Arc<Runner>,
    /// Sends mail.
    pub sender: Arc<Sender>,
    /// Sends newsletters.
    pub engine: Engine,
    /// Checks what Amazon says about them.
    pub notary: Data<Notary>,
    /// The sandbox processor, where that takes the money.
    pub sandbox: Option<Data<Sandbox>>,
}

impl App {
    /// Opens the database and puts the parts together; the schema must be current.
    ///
    /// # Errors
    /// What keeps the program from starting, in words that say how to mend it.
    pub async fn build(config: Config, clock: Clock) -> AppResult<Self> {
        let db = Self::open_db(&config, false).await?;
        let pending = db.exclusive(migrations::pending).await?;
        if !pending.is_empty() {
            return Err(AppError::internal(format!(
                "the database lacks {} migrations; run `selvedge migrate`",
                pending.len()
            )));
        }
        Self::with_db(config, clock, db).await
    }

    /// Opens the database as the settings say.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open_db(config: &Config, create: bool) -> AppResult<Db> {
        let mut settings = DbSettings::new(config.database_url().map_err(AppError::internal)?);
        settings.replica = config.replica_url().map_err(AppError::internal)?;
        settings.readers = config.database.readers;
        settings.writers = config.database.writers;
        settings.patience = std::time::Duration::from_secs(config.database.patience_seconds);
        settings.create = create;
        Db::open(settings).await
    }

    /// What writes into the outbox.
    ///
    /// # Errors
    /// What is wrong with a mail's templates.
    pub fn mails(config: &Config) -> AppResult<Mails> {
        let templates = mail::Templates::load(own_templates(config, "mail").as_deref())?;
        Ok(Mails::new(Arc::new(templates), &config.mail.from))
    }

    /// The same over an open database.
    ///
    /// # Errors
    /// As [`App::build`].
    pub async fn with_db(config: Config, clock: Clock, db: Db) -> AppResult<Self> {
        let web = own_templates(&config, "web");
        let templates = Templates::load(web.as_deref()).map_err(AppError::internal)?;
        let mails = Self::mails(&config)?;
        let is_sandbox = config.processor() == ProcessorKind::Sandbox;
        let secrets = webhook_secrets(&config, &db, is_sandbox).await?;
        // The sandbox is reached on this machine, however the outside reaches it.
        let own = own_url(&config);
        let sandbox = if is_sandbox {
            std::fs::create_dir_all(&config.site.data_dir).map_err(AppError::internal)?;
            let settings = SandboxSettings {
                file: config.site.data_dir.join("sandbox.db"),
                public_url: config.public_url(),
                webhook_url: format!("{own}/webhooks/stripe"),
                secrets: secrets.clone(),
                clock: clock.clone(),
            };
            Some(Data::new(
                Sandbox::open(settings).map_err(AppError::internal)?,
            ))
        } else {
            None
        };
        let processor = Processor::from_config(&config, &format!("{own}/sandbox/stripe"))?;
        let transport = Transport::from_config(&config, &db, &clock)?;
        let dkim = Arc::new(Dkim::load(&config.mail.dkim)?);
        let origin = Origin {
            email: config.mail.from.clone(),
            name: config.mail.from_name.clone(),
            dkim: Arc::clone(&dkim),
        };
        let sender = Sender::new(db.clone(), clock.clone(), transport, origin);
        let engine = Engine::open(&config, db.clone(), clock.clone(), dkim).await?;
        let concurrency = config.jobs.concurrency;
        let config = Arc::new(config);
        let mut site =
            Site::open(Arc::clone(&config), db.clone(), clock.clone(), templates).await?;
        site.error_context = crate::web::views::error::context(config);
        let site = Data::new(site);
        let giving = Giving::new(site.clone(), processor, mails.clone(), secrets);
        let safe = Data::new(Safe::open(&site.config, &site.db).await?);
        let accounts = Accounts::open(site.clone(), mails.clone()).await?;
        let off = accounts.off_links.clone();
        let coach = Coach::new(site.clone(), mails.clone(), off.clone());
        let letters = Letters::new(mails, off, &site.config);
        // One gate hashes and one count holds for all who ask for a password (S3, S5).
        let (hashing, tries) = (Arc::clone(&accounts.hashing), Arc::clone(&accounts.tries));
        let subscribing = Subscribing::open(site.clone(), giving.mails.clone(), Arc::clone(&tries));
        let subscribing = Data::new(subscribing.await?);
        let desk = Desk::new(letters, hashing, tries);
        let closed = Arc::clone(&giving.closed_because);
        site.add_readiness("payments", move || {
            let why = closed.read().clone();
            Box::pin(async move { why.map_or(Ok(()), Err) })
        });
        let mut registry = Registry::new();
        jobs(&mut registry, &giving, &coach, &desk);
        let runner = Arc::new(Runner::new(db, clock, registry, concurrency));
        Ok(Self {
            site,
            giving: Data::new(giving),
            desk: Data::new(desk),
            coach: Data::new(coach),
            accounts: Data::new(accounts),
            safe,
            subscribing,
            runner,
            sender: Arc::new(sender),
            engine,
            notary: Data::new(Notary::default()),
            sandbox,
        })
    }

    /// Mounts every route.
    pub fn routes(&self, cfg: &mut ServiceConfig) {
        cfg.app_data(self.site.clone())
            .app_data(self.giving.clone())
            .app_data(self.desk.clone())
            .app_data(self.coach.clone())
            .app_data(self.accounts.clone())
            .app_data(self.safe.clone())
            .app_data(self.subscribing.clone())
            .app_data(Data::from(Arc::clone(&self.accounts.hashing)))
            .app_data(Data::new(self.giving.mails.clone()))
            .app_data(Data::new(self.engine.clone()))
            .app_data(self.notary.clone());
        let mails = PageMails::new(self.giving.mails.clone(), &self.site.config);
        cfg.app_data(Data::new(mails));
        let letters = PartnerLetters::new(self.giving.mails.clone(), &self.site.config);
        cfg.app_data(Data::new(letters));
        cfg.app_data(Data::new(self.site.db.clone()))
            .app_data(Data::new(self.site.clock.clone()));
        if let Some(sandbox) = &self.sandbox {
            cfg.app_data(sandbox.clone());
            sandbox::routes(cfg);
        }
        if self.site.config.mail_transport() == MailTransport::Sandbox {
            mail::mailbox::routes(cfg);
        }
        routes(cfg);
    }

    /// Starts what works in the background, until `stop`: the processor's events, jobs, mail, newsletters.
    pub fn start_workers(&self, stop: &watch::Receiver<bool>) -> Vec<tokio::task::JoinHandle<()>> {
        let (runner, sender) = (Arc::clone(&self.runner), Arc::clone(&self.sender));
        let (for_jobs, for_mail, for_events) = (stop.clone(), stop.clone(), stop.clone());
        let (engine, for_newsletters) = (self.engine.clone(), stop.clone());
        let giving = self.giving.get_ref().clone();
        vec![
            tokio::spawn(async move { runner.run(for_jobs).await }),
            tokio::spawn(async move { sender.run(for_mail).await }),
            tokio::spawn(async move { engine.run(for_newsletters).await }),
            tokio::spawn(giving.run_events(for_events)),
        ]
    }

    /// Starts what belongs to the process that serves HTTP: the check of the processor's settings (P23), and the sandbox
    /// processor's sender of webhooks.
    pub fn start_web_tasks(
        &self,
        stop: &watch::Receiver<bool>,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let giving = self.giving.clone();
        let mut tasks = vec![tokio::spawn(async move { giving.check_processor().await })];
        if let Some(sandbox) = self.sandbox.clone() {
            let stop = stop.clone();
            tasks.push(tokio::spawn(
                async move { sandbox.deliver_webhooks(stop).await },
            ));
        }
        tasks
    }
}

/// The operator's folder of templates that take precedence, if there is one.
fn own_templates(config: &Config, name: &str) -> Option<PathBuf> {
    let all = Some(&config.site.templates_dir).filter(|all| !all.is_empty())?;
    Some(Path::new(all).join(name)).filter(|folder| folder.is_dir())
}

/// Every slice's routes.
fn routes(cfg: &mut ServiceConfig) {
    media::routes(cfg);
    home::routes(cfg);
    campaigns::routes(cfg);
    books::routes(cfg);
    pages::routes(cfg);
    membership::routes(cfg);
    teams::routes(cfg);
    partners::routes(cfg);
    impact::routes(cfg);
    stories::routes(cfg);
    newsletters::routes(cfg);
    analytics::routes(cfg);
    donations::routes(cfg);
    accounts::routes(cfg);
    subscribers::routes(cfg);
    diary::routes(cfg);
    coaching::routes(cfg);
    desk::routes(cfg);
    console::routes(cfg);
    crate::bounces::routes(cfg);
    openapi::routes(cfg);
    crate::web::assets::routes(cfg);
}

/// Every slice's jobs.
fn jobs(registry: &mut Registry, giving: &Giving, coach: &Coach, desk: &Desk) {
    donations::jobs(registry, giving);
    payouts::jobs(registry, giving);
    diary::jobs(registry, &giving.site, &giving.mails);
    grants::jobs(registry, &giving.site);
    coaching::jobs(registry, coach.clone());
    media::jobs(registry, &giving.site);
    accounts::jobs(registry, &giving.site);
    let reminders = stories::Reminders::new(giving.mails.clone(), &giving.site.config);
    stories::jobs(registry, &giving.site, &reminders);
    subscribers::jobs(registry, &giving.site);
    books::jobs(registry, &giving.site);
    sequences::jobs(registry, &giving.site);
    let letters = PartnerLetters::new(giving.mails.clone(), &giving.site.config);
    impact::reports::jobs(registry, &giving.site, &letters);
    teams::messages::jobs(registry, &giving.site, &desk.letters);
}

/// The address of this process's own listener.
fn own_url(config: &Config) -> String {
    let host = match config.http.host.as_str() {
        "0.0.0.0" => "127.0.0.1",
        "::" | "[::]" => "[::1]",
        host => host,
    };
    format!("http://{host}:{}", config.http.port)
}

/// The secrets in force; the sandbox gets one of its own, kept in the database, when none is set.
async fn webhook_secrets(
    config: &Config,
    db: &Db,
    is_sandbox: bool,
) -> AppResult<Vec<SecretString>> {
    let set = config.webhook_secrets();
    if !set.is_empty() || !is_sandbox {
        return Ok(set);
    }
    let fresh = format!("whsec_{}", random_token()?);
    let kept = db
        .tx(move |conn| installation::keep(conn, "sandbox_webhook_secret", &fresh))
        .await?;
    Ok(vec![SecretString::from(kept)])
}

//! Settings: the built-in `config/default.toml`, a file over it, the environment over both.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::db::DbUrl;
use crate::kernel::{Currency, Email, Money};

/// The documented defaults, and the list of all settings.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// Why the program does not start: each line says what is wrong and how to mend it.
#[derive(Debug, thiserror::Error)]
#[error("the configuration needs mending:\n{}", .0.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// The settings in force. See `config/default.toml` for what each means.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Config {
    pub site: Site,
    pub http: Http,
    pub admin: Admin,
    pub database: Database,
    pub payments: Payments,
    pub mail: Mail,
    pub newsletters: Newsletters,
    pub jobs: Jobs,
    pub limits: Limits,
    pub auth: Auth,
    pub media: Media,
    pub grants: Grants,
    pub stories: Stories,
    /// Every setting as it was read, for [`Config::printable`].
    #[serde(skip)]
    effective: Effective,
}

/// Sections, and their settings by name.
type Effective = BTreeMap<String, BTreeMap<String, serde_json::Value>>;

/// `[site]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Site {
    pub name: String,
    pub public_url: String,
    pub templates_dir: String,
    pub data_dir: PathBuf,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Http {
    pub host: String,
    pub port: u16,
    pub workers: usize,
    pub shutdown_seconds: u64,
    pub connections_per_ip: usize,
    pub trusted_proxies: String,
}

/// `[admin]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Admin {
    pub host: String,
    pub port: u16,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Database {
    pub url: SecretString,
    pub replica_url: SecretString,
    pub readers: usize,
    pub writers: usize,
    pub patience_seconds: u64,
}

/// `[payments]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Payments {
    pub processor: String,
    pub stripe_secret_key: SecretString,
    pub stripe_webhook_secret: SecretString,
    pub stripe_api_base: String,
    pub timeout_seconds: u64,
    pub tries: u32,
    pub requests_per_second: u32,
    pub concurrency: usize,
    pub currencies: String,
    pub cover_basis_points: i64,
    pub cover_fixed: i64,
    pub ask_after_seconds: i64,
    pub checkout_seconds: i64,
}

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Mail {
    pub transport: String,
    pub smtp_url: SecretString,
    pub from: Email,
    pub from_name: String,
    pub dkim: String,
    pub connections: usize,
    pub timeout_seconds: u64,
}

/// `[newsletters]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Newsletters {
    pub from: String,
    pub smtp_url: SecretString,
    pub connections: usize,
    pub lease_seconds: i64,
    pub paused: bool,
    pub per_second: u32,
    pub domain_per_second: u32,
    pub domain_connections: usize,
    pub groups: String,
    pub per_hour: i64,
    pub per_day: i64,
    pub warm_up: String,
    pub bounce_domain: String,
    pub inbound_secret: SecretString,
    pub postmark_secret: SecretString,
    pub sendgrid_key: String,
    pub sns_topic: String,
    pub relay_selectors: String,
    pub pause_at_failed_percent: u32,
}

/// `[jobs]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Jobs {
    pub concurrency: usize,
    pub settle_batch: i64,
}

/// `[auth]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Auth {
    pub staff_second_factor: bool,
    pub hashes_at_once: usize,
    pub hashes_waiting: usize,
    pub login_per_minute: u32,
    pub login_burst: u32,
    pub mails_per_hour: u32,
}

/// `[stories]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Stories {
    pub exit_url: String,
    pub vault_secret: SecretString,
}

/// `[media]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Media {
    pub dir: String,
    pub decodes_at_once: usize,
}

/// `[grants]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Grants {
    pub two_people_above: i64,
}

impl Grants {
    /// Above what a grant of this currency needs two people.
    pub fn two_above(&self, currency: Currency) -> Money {
        let minor = self.two_people_above.saturating_mul(currency.scale());
        Money::new(minor, currency)
    }
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Limits {
    pub enabled: bool,
    pub read_per_minute: u32,
    pub read_burst: u32,
    pub write_per_minute: u32,
    pub write_burst: u32,
}

/// Which processor takes the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessorKind {
    /// The built-in one, of test cards.
    Sandbox,
    /// Stripe.
    Stripe,
    /// None is set up: pages show, giving says so.
    None,
}

/// How mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTransport {
    /// To a server.
    Smtp,
    /// To files.
    File,
    /// To the sandbox mailbox.
    Sandbox,
}

/// Customary environment names and the settings they stand for.
const CUSTOMARY: [(&str, &str); 6] = [
    ("DATABASE_URL", "database.url"),
    ("DATABASE_REPLICA_URL", "database.replica_url"),
    ("STRIPE_SECRET_KEY", "payments.stripe_secret_key"),
    ("STRIPE_WEBHOOK_SECRET", "payments.stripe_webhook_secret"),
    ("STRIPE_API_BASE", "payments.stripe_api_base"),
    ("SMTP_URL", "mail.smtp_url"),
];

impl Config {
    /// Reads the settings and checks them against each other.
    ///
    /// # Errors
    /// [`ConfigError`] names every setting to mend.
    pub fn load(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
        overrides: &[(&str, String)],
    ) -> Result<Self, ConfigError> {
        let fault = |error: config::ConfigError| ConfigError(vec![error.to_string()]);
        // What a command presets (`demo`) stands between the built-in file and what the operator says.
        let mut layered = config::Config::builder()
            .add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
        for (key, value) in overrides {
            layered = layered.add_source(single(key, value).map_err(fault)?);
        }
        if let Some(path) = file {
            layered = layered.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        for (name, key) in CUSTOMARY {
            if let Some(value) = environment.get(name).filter(|value| !value.is_empty()) {
                layered = layered.add_source(single(key, value).map_err(fault)?);
            }
        }
        let source = environment
            .iter()
            .filter(|(name, _)| name.starts_with("SELVEDGE__"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let layered = layered.add_source(
            config::Environment::with_prefix("SELVEDGE")
                .prefix_separator("__")
                .separator("__")
                .try_parsing(true)
                .source(Some(source)),
        );
        let built = layered.build().map_err(fault)?;
        let mut config: Self = built.clone().try_deserialize().map_err(fault)?;
        config.effective = built.try_deserialize().map_err(fault)?;
        config.checked()
    }

    /// Holds the settings against each other.
    /// Where photographs lie.
    pub fn media_dir(&self) -> std::path::PathBuf {
        match self.media.dir.as_str() {
            "" => self.site.data_dir.join("media"),
            dir => dir.into(),
        }
    }

    fn checked(self) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        if let Err(error) = self.database_url() {
            faults.push(error.to_string());
        }
        let key = self.payments.stripe_secret_key.expose_secret();
        let live = key.starts_with("sk_live_") || key.starts_with("rk_live_");
        if !key.is_empty() && !live && !key.starts_with("sk_test_") && !key.starts_with("rk_test_")
        {
            faults.push("payments.stripe_secret_key: a key begins with sk_live_, rk_live_, sk_test_ or rk_test_".into());
        }
        if live && self.sandbox_wanted() {
            faults.push("a live key stands beside the sandbox: take STRIPE_SECRET_KEY away, or set payments.processor to \"stripe\" and mail.transport to \"smtp\"".into());
        }
        let exit = url::Url::parse(&self.stories.exit_url);
        if !exit.is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            faults.push("stories.exit_url: name a site that says nothing about this one, like https://www.wikipedia.org/".into());
        }
        let sealing = self.stories.vault_secret.expose_secret().len();
        if sealing > 0 && sealing < 32 {
            faults.push("stories.vault_secret: use at least 32 characters".into());
        }
        if live && !self.limits.enabled {
            faults.push("limits.enabled is false beside a live key: switch the limits on".into());
        }
        if live && !self.auth.staff_second_factor {
            faults.push("auth.staff_second_factor is false beside a live key: staff need a second factor (S6)".into());
        }
        if self.grants.two_people_above < 0 {
            faults.push(
                "grants.two_people_above: write 0, so that two people approve every grant, or more"
                    .into(),
            );
        }
        if live && cfg!(debug_assertions) {
            faults
                .push("a debug build does not take live money (P28): build with --release".into());
        }
        if self.payments.processor == "stripe" {
            if key.is_empty() {
                faults.push("payments.processor is \"stripe\": set STRIPE_SECRET_KEY".into());
            }
            if self.webhook_secrets().is_empty() {
                faults.push("payments.processor is \"stripe\": set STRIPE_WEBHOOK_SECRET to the endpoint's whsec_…".into());
            }
        }
        if !["", "sandbox", "stripe"].contains(&self.payments.processor.as_str()) {
            faults.push("payments.processor: write \"sandbox\", \"stripe\" or nothing".into());
        }
        if !["", "smtp", "file", "sandbox"].contains(&self.mail.transport.as_str()) {
            faults.push("mail.transport: write \"smtp\", \"file\", \"sandbox\" or nothing".into());
        }
        if self.mail.transport == "smtp" && self.mail.smtp_url.expose_secret().is_empty() {
            faults.push("mail.transport is \"smtp\": set SMTP_URL".into());
        }
        if !self.newsletters.from.is_empty() && self.newsletters.from.parse::<Email>().is_err() {
            faults.push("newsletters.from: write one mail address, or nothing".into());
        }
        if self.newsletters.lease_seconds < 1 {
            faults.push("newsletters.lease_seconds: write at least 1".into());
        }
        if self.warm_up().is_none() {
            faults.push("newsletters.warm_up: write numbers of mails with commas".into());
        }
        if let Err(error) = self.currencies() {
            faults.push(format!("payments.currencies: {error}"));
        }
        let public = self.public_url();
        if url::Url::parse(&public).is_err() || public.ends_with('/') {
            faults.push("site.public_url: write https://host without a slash at the end".into());
        }
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(ConfigError(faults))
        }
    }

    fn sandbox_wanted(&self) -> bool {
        self.payments.processor == "sandbox" || self.mail.transport == "sandbox"
    }

    /// Whom newsletters come from.
    pub fn newsletters_from(&self) -> Email {
        let own = self.newsletters.from.parse();
        own.unwrap_or_else(|_| self.mail.from.clone())
    }

    /// Mails on the first days of sending, in order; none where a part is no number.
    pub fn warm_up(&self) -> Option<Vec<i64>> {
        let parts = self.newsletters.warm_up.split(',').map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        parts
            .map(|part| part.parse().ok().filter(|mails| *mails > 0))
            .collect()
    }

    /// Where the database is.
    ///
    /// # Errors
    /// When the setting is no database URL.
    pub fn database_url(&self) -> Result<DbUrl, crate::db::BadDbUrl> {
        self.database.url.expose_secret().parse()
    }

    /// The replica, where one is set.
    ///
    /// # Errors
    /// When the setting is no database URL.
    pub fn replica_url(&self) -> Result<Option<DbUrl>, crate::db::BadDbUrl> {
        let text = self.database.replica_url.expose_secret();
        if text.is_empty() {
            Ok(None)
        } else {
            text.parse().map(Some)
        }
    }

    /// How the outside reaches this installation, without a slash at the end.
    pub fn public_url(&self) -> String {
        match self.site.public_url.as_str() {
            "" => format!("http://{}:{}", self.http.host, self.http.port),
            url => url.to_owned(),
        }
    }

    /// Whether cookies are Secure and HSTS is sent.
    pub fn is_https(&self) -> bool {
        self.site.public_url.starts_with("https://")
    }

    /// Which processor takes the money.
    pub fn processor(&self) -> ProcessorKind {
        match self.payments.processor.as_str() {
            "sandbox" => ProcessorKind::Sandbox,
            "stripe" => ProcessorKind::Stripe,
            _ if self.payments.stripe_secret_key.expose_secret().is_empty() => ProcessorKind::None,
            _ => ProcessorKind::Stripe,
        }
    }

    /// Whether the key is a live one: only then are `livemode` events taken (P11).
    pub fn is_live(&self) -> bool {
        let key = self.payments.stripe_secret_key.expose_secret();
        key.starts_with("sk_live_") || key.starts_with("rk_live_")
    }

    /// The webhook secrets in force; the first signs in the sandbox.
    pub fn webhook_secrets(&self) -> Vec<SecretString> {
        self.payments
            .stripe_webhook_secret
            .expose_secret()
            .split(',')
            .map(str::trim)
            .filter(|secret| !secret.is_empty())
            .map(|secret| SecretString::from(secret.to_owned()))
            .collect()
    }

    /// The currencies offered (P2).
    ///
    /// # Errors
    /// When a code is unknown.
    pub fn currencies(&self) -> Result<Vec<Currency>, crate::kernel::money::BadCurrency> {
        let codes = self.payments.currencies.split(',');
        codes
            .map(str::trim)
            .filter(|code| !code.is_empty())
            .map(str::parse)
            .collect()
    }

    /// How mail leaves.
    pub fn mail_transport(&self) -> MailTransport {
        match self.mail.transport.as_str() {
            "smtp" => MailTransport::Smtp,
            "sandbox" => MailTransport::Sandbox,
            "file" => MailTransport::File,
            _ if self.mail.smtp_url.expose_secret().is_empty() => MailTransport::File,
            _ => MailTransport::Smtp,
        }
    }

    /// The settings in force as TOML lines, secrets masked.
    pub fn printable(&self) -> String {
        let mut text = String::new();
        for (section, settings) in self.effective.iter() {
            text.push_str(&format!("[{section}]\n"));
            for (key, value) in settings {
                text.push_str(&format!("{key} = {}\n", shown(key, value)));
            }
            text.push('\n');
        }
        text
    }
}

/// A setting's value as TOML has it: secrets masked, a database address without its password.
fn shown(key: &str, value: &serde_json::Value) -> String {
    let text = value.as_str().unwrap_or_default();
    if text.is_empty() {
        return value.to_string();
    }
    let secret = key.contains("secret") || key == "smtp_url";
    let hidden = match url::Url::parse(text) {
        _ if secret => Some("********".to_owned()),
        Ok(mut url) if url.password().is_some() => url
            .set_password(Some("********"))
            .ok()
            .map(|()| url.to_string()),
        _ => None,
    };
    serde_json::Value::from(hidden.unwrap_or_else(|| text.to_owned())).to_string()
}

/// A layer of one setting.
fn single(key: &str, value: &str) -> Result<config::Config, config::ConfigError> {
    config::Config::builder().set_override(key, value)?.build()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Config::load(None, &environment, &[])
    }

    #[test]
    fn the_environment_wins_and_secrets_do_not_print() {
        let config = load(&[
            ("SELVEDGE__HTTP__PORT", "9001"),
            ("DATABASE_URL", "postgres://u:hush@db/selvedge"),
            ("STRIPE_SECRET_KEY", "sk_test_hush"),
            ("SMTP_URL", "smtp://u:hush@mail"),
        ])
        .unwrap();
        assert_eq!(config.http.port, 9001);
        let text = config.printable();
        assert!(!text.contains("hush"), "{text}");
        assert!(
            text.contains("port = 9001") && text.contains("[limits]"),
            "{text}"
        );
    }

    #[test]
    fn what_is_wrong_is_said_all_at_once() {
        let told = |environment: &[(&str, &str)]| match load(environment) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("accepted"),
        };
        let live = told(&[
            ("STRIPE_SECRET_KEY", "sk_live_1"),
            ("SELVEDGE__PAYMENTS__PROCESSOR", "sandbox"),
            ("SELVEDGE__LIMITS__ENABLED", "false"),
        ]);
        assert!(
            live.contains("sandbox") && live.contains("limits.enabled"),
            "{live}"
        );
        // P28: a debug build takes no live money.
        assert!(live.contains("--release"), "{live}");
        assert!(told(&[("DATABASE_URL", "mysql://x")]).contains("DATABASE_URL"));
        assert!(told(&[("SELVEDGE__HTTP__PROT", "1")]).contains("prot"));
        assert!(told(&[("STRIPE_SECRET_KEY", "hush")]).contains("sk_test_"));
    }
}

//! What the large mailboxes ask of whoever sends many (N8), looked up before a newsletter goes out: SPF, DKIM, DMARC, and leaving
//! with one click. Google counts 5,000 a day to its own mailboxes per domain, and for good; so a newsletter to more than that
//! many readers is not started while one of them is missing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_resolver::proto::rr::RData;

use super::bulk::House;

/// A newsletter to more readers than this must pass.
pub const MANY: i64 = 5_000;
/// How long one name is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer of the DNS: its texts, none where there is no such name, or why nobody knows.
pub type Texts = Result<Vec<String>, String>;

/// Looks names up. Tests have one of their own.
pub trait Resolver: Send + Sync {
    /// The TXT records of `name`.
    fn texts<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Texts> + Send + 'a>>;
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// `spf`, `dkim`, `dmarc` or `one_click`.
    pub name: &'static str,
    /// Whether it holds.
    pub is_met: bool,
    /// What was found, or how to mend it.
    pub said: String,
}

fn check(name: &'static str, result: Result<String, String>) -> Check {
    let is_met = result.is_ok();
    let said = result.unwrap_or_else(|why| why);
    Check { name, is_met, said }
}

/// Looks at everything. `relay_selectors` names the keys with which a relay signs, where signing is left to one.
pub async fn look(resolver: &dyn Resolver, house: &House, relay_selectors: &str) -> Vec<Check> {
    let domain = house.domain();
    let envelope = house.return_path.domain().unwrap_or(domain);
    vec![
        check("spf", spf(resolver, domain, envelope).await),
        check("dkim", dkim(resolver, house, relay_selectors).await),
        check("dmarc", dmarc(resolver, domain).await),
        check("one_click", one_click(&house.public_url)),
    ]
}

async fn ask(resolver: &dyn Resolver, name: &str) -> Texts {
    match tokio::time::timeout(PATIENCE, resolver.texts(name)).await {
        Ok(found) => found.map_err(|why| format!("{name} could not be looked up: {why}")),
        Err(_) => Err(format!("{name} could not be looked up in time")),
    }
}

/// Whether one domain is the other's, or below it (relaxed alignment, without a list of public suffixes: the shorter one must
/// have a dot of its own).
fn is_aligned(one: &str, other: &str) -> bool {
    let (long, short) = if one.len() >= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    long == short || (short.contains('.') && long.ends_with(&format!(".{short}")))
}

/// RFC 7208: one record at the envelope's domain, not one that lets everybody; aligned with From.
async fn spf(resolver: &dyn Resolver, domain: &str, envelope: &str) -> Result<String, String> {
    let texts = ask(resolver, envelope).await?;
    let records: Vec<&String> = texts
        .iter()
        .filter(|text| *text == "v=spf1" || text.starts_with("v=spf1 "))
        .collect();
    let [record] = records.as_slice() else {
        return Err(match records.len() {
            0 => format!("{envelope} has no SPF record: publish one that names your mail server"),
            _ => format!(
                "{envelope} has {} SPF records: there may be one",
                records.len()
            ),
        });
    };
    if record
        .split_whitespace()
        .any(|term| term == "+all" || term == "all")
    {
        return Err(format!(
            "{envelope}: its SPF record lets everybody send; end it with ~all or -all"
        ));
    }
    if !is_aligned(domain, envelope) {
        return Err(format!(
            "bounces go to {envelope}, which is not of {domain}: SPF would not count for DMARC"
        ));
    }
    Ok(format!("{envelope} names who may send for it"))
}

/// RFC 6376: the public half of each key that signs is where verifiers look for it.
async fn dkim(resolver: &dyn Resolver, house: &House, relay: &str) -> Result<String, String> {
    let domain = house.domain();
    let mut found = Vec::new();
    for key in house.dkim.iter() {
        let name = key.record(domain);
        let published = public_key(&ask(resolver, &name).await?);
        match published {
            Some(published) if published == key.public_key() => found.push(name),
            Some(_) => return Err(format!("{name} holds another key than the one that signs")),
            None => return Err(format!("{name} holds no key: publish {}", key.published())),
        }
    }
    for selector in relay.split_whitespace() {
        let name = format!("{selector}._domainkey.{domain}");
        match public_key(&ask(resolver, &name).await?) {
            Some(_) => found.push(name),
            None => return Err(format!("{name} holds no key")),
        }
    }
    if found.is_empty() {
        return Err("nothing is known to sign: set mail.dkim, or name your relay's keys in newsletters.relay_selectors".into());
    }
    Ok(format!("{} holds the key that signs", found.join(", ")))
}

/// The bytes of `p=` in a key's record.
fn public_key(texts: &[String]) -> Option<Vec<u8>> {
    texts.iter().find_map(|text| {
        let value = text
            .split(';')
            .find_map(|tag| tag.trim().strip_prefix("p="))?;
        let compact: String = value.chars().filter(|sign| !sign.is_whitespace()).collect();
        STANDARD.decode(compact).ok().filter(|key| !key.is_empty())
    })
}

/// RFC 7489: a policy at the domain, or at one above it.
async fn dmarc(resolver: &dyn Resolver, domain: &str) -> Result<String, String> {
    let mut at = domain;
    loop {
        let name = format!("_dmarc.{at}");
        let texts = ask(resolver, &name).await?;
        let policy = texts.iter().find(|text| text.starts_with("v=DMARC1"));
        if let Some(policy) = policy {
            let has_policy = policy.split(';').any(|tag| tag.trim().starts_with("p="));
            return if has_policy {
                Ok(format!(
                    "{name} says what becomes of mail that is not yours"
                ))
            } else {
                Err(format!("{name} names no policy: add p=none at least"))
            };
        }
        match at.split_once('.') {
            Some((_, above)) if above.contains('.') => at = above,
            _ => {
                return Err(format!(
                    "_dmarc.{domain} has no record: publish v=DMARC1; p=none at least"
                ));
            }
        }
    }
}

/// RFC 8058: the POST goes to HTTPS.
fn one_click(public_url: &str) -> Result<String, String> {
    if public_url.starts_with("https://") {
        Ok("leaving takes one click".to_owned())
    } else {
        Err("site.public_url does not begin with https://: mail programs offer no one-click leaving without it".to_owned())
    }
}

/// The DNS of this machine; where its settings cannot be read, nothing can be looked up.
pub(super) fn of_machine() -> Arc<dyn Resolver> {
    match Dns::of_machine() {
        Ok(dns) => Arc::new(dns),
        Err(why) => Arc::new(Nobody(why)),
    }
}

struct Nobody(String);

impl Resolver for Nobody {
    fn texts<'a>(&'a self, _: &'a str) -> Pin<Box<dyn Future<Output = Texts> + Send + 'a>> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }
}

/// The DNS of this machine.
pub struct Dns(hickory_resolver::TokioResolver);

impl Dns {
    /// As this machine is set up.
    ///
    /// # Errors
    /// When its settings cannot be read.
    pub fn of_machine() -> Result<Self, String> {
        hickory_resolver::TokioResolver::builder_tokio()
            .and_then(|builder| builder.build())
            .map(Self)
            .map_err(|cause| cause.to_string())
    }
}

impl Resolver for Dns {
    fn texts<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Texts> + Send + 'a>> {
        Box::pin(async move {
            // With its last dot: no search list is tried.
            match self.0.txt_lookup(format!("{name}.")).await {
                Ok(found) => Ok(found
                    .answers()
                    .iter()
                    .filter_map(|record| match &record.data {
                        RData::TXT(text) => Some(text.txt_data.concat()),
                        _ => None,
                    })
                    .map(|text| String::from_utf8_lossy(&text).into_owned())
                    .collect()),
                Err(cause) if cause.is_no_records_found() => Ok(Vec::new()),
                Err(cause) => Err(cause.to_string()),
            }
        })
    }
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;

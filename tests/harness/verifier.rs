//! An independent verifier of DKIM signatures (N9): the `mail-auth` crate over the published halves of the tests' keys.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;
use std::time::Instant;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
};

/// The DNS as it would be: two keys, and nothing else is asked.
struct Published(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Published {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

/// Asks whether every signature of a mail holds.
pub struct Verifier {
    published: Published,
    authenticator: MessageAuthenticator,
}

impl Verifier {
    pub fn new() -> Self {
        let rsa = include_str!("data/dkim_rsa.pub");
        let ed = include_str!("data/dkim_ed25519.pub");
        let mut published = HashMap::new();
        for (selector, kind, key) in [("rsa", "rsa", rsa), ("ed", "ed25519", ed)] {
            let record = format!("v=DKIM1; k={kind}; p={}", key.trim());
            let record = Txt::from(DomainKey::parse(record.as_bytes()).unwrap());
            let name = format!("{selector}._domainkey.selvedge.example.");
            published.insert(name.into_boxed_str(), record);
        }
        Self {
            published: Published(published),
            authenticator: MessageAuthenticator::new(
                ResolverConfig::default(),
                ResolverOpts::default(),
            )
            .unwrap(),
        }
    }

    /// Whether a mail has as many signatures as are expected, and each of them holds.
    pub async fn believes(&self, message: &str, signatures: usize) -> bool {
        let parsed = AuthenticatedMessage::parse(message.as_bytes()).unwrap();
        let asked = Parameters::new(&parsed).with_txt_cache(&self.published);
        let results = self.authenticator.verify_dkim(asked).await;
        results.len() == signatures
            && results
                .iter()
                .all(|one| matches!(one.result(), DkimResult::Pass))
    }
}

/// The setting `mail.dkim` with both keys, written into `folder` as files that their owner alone may read.
pub fn keys_in(folder: &Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let key = |name: &str, pem: &str| {
        let file = folder.join(name);
        std::fs::write(&file, pem).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        file.display().to_string()
    };
    let rsa = key("rsa.pem", include_str!("data/dkim_rsa.pem"));
    let ed = key("ed.pem", include_str!("data/dkim_ed25519.pem"));
    format!("rsa:{rsa} ed:{ed}")
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use super::super::return_path::ReturnPath;
use super::*;
use crate::mail::Dkim;

const RSA: &str = include_str!("../../tests/harness/data/dkim_rsa.pem");
const RSA_PUBLIC: &str = include_str!("../../tests/harness/data/dkim_rsa.pub");
const ED25519: &str = include_str!("../../tests/harness/data/dkim_ed25519.pem");
const ED25519_PUBLIC: &str = include_str!("../../tests/harness/data/dkim_ed25519.pub");

/// A DNS of its own; a name whose text is `fault` cannot be looked up.
struct Fake(BTreeMap<String, Vec<String>>);

impl Resolver for Fake {
    fn texts<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Texts> + Send + 'a>> {
        let found = self.0.get(name).cloned().unwrap_or_default();
        Box::pin(async move {
            if found.iter().any(|text| text == "fault") {
                return Err("SERVFAIL".to_owned());
            }
            Ok(found)
        })
    }
}

fn good() -> BTreeMap<String, Vec<String>> {
    [
        (
            "back.selvedge.example",
            "v=spf1 include:_spf.relay.example -all".to_owned(),
        ),
        (
            "rsa._domainkey.selvedge.example",
            format!("v=DKIM1; k=rsa; p={RSA_PUBLIC}"),
        ),
        (
            "ed._domainkey.selvedge.example",
            format!("v=DKIM1; k=ed25519; p={ED25519_PUBLIC}"),
        ),
        (
            "_dmarc.selvedge.example",
            "v=DMARC1; p=none; rua=mailto:d@selvedge.example".to_owned(),
        ),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), vec![text]))
    .collect()
}

async fn missing(
    records: BTreeMap<String, Vec<String>>,
    url: &str,
    keys: bool,
) -> Vec<&'static str> {
    let (db, _folder) = crate::jobs::tests::fresh_db().await;
    let return_path = db
        .tx(|conn| ReturnPath::open(conn, "back.selvedge.example", &"k".repeat(43)))
        .await
        .unwrap();
    let dkim = if keys {
        vec![
            Dkim::new("rsa", RSA).unwrap(),
            Dkim::new("ed", ED25519).unwrap(),
        ]
    } else {
        Vec::new()
    };
    let config = crate::config::Config::load(None, &std::collections::HashMap::new(), &[]).unwrap();
    let links = crate::subscribers::links::Links::load(&db, &config)
        .await
        .unwrap();
    let house = House {
        links,
        written: crate::newsletters::house::House::of(&config),
        public_url: url.to_owned(),
        from: "news@selvedge.example".parse().unwrap(),
        return_path,
        dkim: Arc::new(dkim),
    };
    let all = look(&Fake(records), &house, "").await;
    all.into_iter()
        .filter(|check| !check.is_met)
        .map(|check| check.name)
        .collect()
}

/// N8: eight cases.
#[tokio::test]
async fn what_is_missing_is_told() {
    let with = |name: &str, text: &str| {
        let mut records = good();
        records.insert(name.to_owned(), vec![text.to_owned()]);
        records
    };
    let https = "https://selvedge.example";
    let (spf, dmarc) = ("back.selvedge.example", "_dmarc.selvedge.example");
    let rsa = "rsa._domainkey.selvedge.example";
    assert!(missing(good(), https, true).await.is_empty());
    assert_eq!(
        missing(good(), "http://selvedge.example", true).await,
        ["one_click"]
    );
    assert_eq!(
        missing(with(spf, "verification=1"), https, true).await,
        ["spf"]
    );
    assert_eq!(
        missing(with(spf, "v=spf1 +all"), https, true).await,
        ["spf"]
    );
    assert_eq!(
        missing(with(rsa, "v=DKIM1; p="), https, true).await,
        ["dkim"]
    );
    assert_eq!(
        missing(with(rsa, "v=DKIM1; p=AAAA"), https, true).await,
        ["dkim"]
    );
    assert_eq!(
        missing(with(dmarc, "v=DMARC1; rua=mailto:x@y"), https, true).await,
        ["dmarc"]
    );
    assert_eq!(missing(with(dmarc, "fault"), https, true).await, ["dmarc"]);
    assert_eq!(missing(good(), https, false).await, ["dkim"]);
    let nothing = missing(BTreeMap::new(), "http://x", true).await;
    assert_eq!(nothing, ["spf", "dkim", "dmarc", "one_click"]);
}

#[test]
fn a_domain_below_is_aligned_and_a_stranger_is_not() {
    assert!(is_aligned("news.selvedge.example", "selvedge.example"));
    assert!(is_aligned("selvedge.example", "back.selvedge.example"));
    assert!(!is_aligned("selvedge.example", "xselvedge.example"));
    assert!(!is_aligned("selvedge.example", "example"));
}

//! DKIM (RFC 6376): a message says, provably, that its domain sent it.
//!
//! RSA-SHA256 with 2,048 bits (RFC 8301) or Ed25519-SHA256 (RFC 8463), relaxed/relaxed, over ring: lettre's own signer takes three
//! to four times as long a mail (quality §2). A message may carry one signature of each: old verifiers read the first.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use sha2::{Digest, Sha256};

use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// The headers that are signed, where a message has them (N9). `from` stands twice: a second one could not be added unseen.
const SIGNED: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "mime-version",
    "content-type",
    "from",
];
/// Shortest RSA key that is used, in bytes of its modulus (RFC 8301).
const RSA_LEAST: usize = 256;

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

/// One key, and under which name its public half stands in the DNS.
pub struct Dkim {
    selector: String,
    key: Key,
    random: SystemRandom,
}

impl Dkim {
    /// Reads `selector:file selector:file`.
    ///
    /// # Errors
    /// When a file is missing, open to others than its owner, or no key; the text says how to mend it.
    pub fn load(setting: &str) -> AppResult<Vec<Self>> {
        setting.split_whitespace().map(Self::read).collect()
    }

    fn read(part: &str) -> AppResult<Self> {
        let bad = |why: String| AppError::internal(format!("mail.dkim: {part}: {why}"));
        let (selector, file) = part
            .split_once(':')
            .ok_or_else(|| bad("write selector:file".into()))?;
        is_private(Path::new(file)).map_err(bad)?;
        let pem = std::fs::read_to_string(file).map_err(|cause| bad(cause.to_string()))?;
        Self::new(selector, &pem).map_err(|why| bad(why.to_owned()))
    }

    /// A key from its PEM: PKCS#8 of RSA or Ed25519, or PKCS#1 of RSA.
    ///
    /// # Errors
    /// Why it is not used.
    pub fn new(selector: &str, pem: &str) -> Result<Self, &'static str> {
        let is_name = |symbol: char| symbol.is_ascii_alphanumeric() || "-._".contains(symbol);
        if selector.is_empty() || !selector.chars().all(is_name) {
            return Err("the selector is no name of the DNS");
        }
        let body: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .map(str::trim)
            .collect();
        let der = STANDARD.decode(body).map_err(|_| "not a PEM file")?;
        let key = if pem.contains("BEGIN RSA PRIVATE KEY") {
            RsaKeyPair::from_der(&der).map(|key| Key::Rsa(Box::new(key)))
        } else {
            RsaKeyPair::from_pkcs8(&der)
                .map(|key| Key::Rsa(Box::new(key)))
                .or_else(|_| {
                    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
                        .map(|key| Key::Ed25519(Box::new(key)))
                })
        };
        let key = key.map_err(|_| "neither an RSA key nor an Ed25519 key")?;
        if let Key::Rsa(key) = &key
            && key.public().modulus_len() < RSA_LEAST
        {
            return Err("an RSA key needs 2,048 bits at least");
        }
        Ok(Self {
            selector: selector.to_owned(),
            key,
            random: SystemRandom::new(),
        })
    }

    /// Under which name the public half stands: `<selector>._domainkey.<domain>`.
    pub fn record(&self, domain: &str) -> String {
        format!("{}._domainkey.{domain}", self.selector)
    }

    /// The public half as verifiers read it in `p=`: the DER of an RSA key, the bytes of an Ed25519 one.
    pub fn public_key(&self) -> Vec<u8> {
        match &self.key {
            // SubjectPublicKeyInfo (RFC 5280) around what ring gives (RFC 8017).
            Key::Rsa(key) => spki(key.public_key().as_ref()),
            Key::Ed25519(key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// The record to publish.
    pub fn published(&self) -> String {
        let kind = match &self.key {
            Key::Rsa(_) => "rsa",
            Key::Ed25519(_) => "ed25519",
        };
        format!(
            "v=DKIM1; k={kind}; p={}",
            STANDARD.encode(self.public_key())
        )
    }

    /// The header that signs `source` for `domain`, with its line's end.
    ///
    /// # Errors
    /// When the message has no head, or the key does not sign.
    pub fn sign(&self, source: &[u8], domain: &str, now: Timestamp) -> Result<Vec<u8>, String> {
        let text = std::str::from_utf8(source).map_err(|_| "the message is not UTF-8")?;
        let (head, body) = text
            .split_once("\r\n\r\n")
            .ok_or("the message has no body")?;
        let fields = unfolded(head);
        let mut names: Vec<&str> = SIGNED
            .into_iter()
            .filter(|name| fields.iter().any(|(known, _)| known == name))
            .collect();
        if names.first() != Some(&"from") {
            return Err("the message has no From".to_owned());
        }
        let algorithm = match &self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let header = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n\td={domain}; s={}; t={};\r\n\th={};\r\n\tbh={};\r\n\tb=",
            self.selector,
            now.seconds(),
            names.join(":"),
            STANDARD.encode(Sha256::digest(relaxed_body(body))),
        );
        // The second `from` stands for one that is not there.
        names.pop();
        let mut signed = String::new();
        for name in names {
            for (_, value) in fields
                .iter()
                .filter(|(known, _)| known == name)
                .rev()
                .take(1)
            {
                signed.push_str(name);
                signed.push(':');
                signed.push_str(value);
                signed.push_str("\r\n");
            }
        }
        signed.push_str("dkim-signature:");
        signed.push_str(&relaxed(
            header.split_once(':').map_or("", |(_, value)| value),
        ));
        let signature = self.signature(signed.as_bytes())?;
        Ok(folded(header, &signature).into_bytes())
    }

    fn signature(&self, data: &[u8]) -> Result<String, String> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &self.random, data, &mut signature)
                    .map_err(|_| "the key does not sign")?;
                Ok(STANDARD.encode(signature))
            }
            // RFC 8463: what is signed is the digest.
            Key::Ed25519(key) => Ok(STANDARD.encode(key.sign(&Sha256::digest(data)))),
        }
    }
}

/// A DER element: tag, length, content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match (content.len(), u8::try_from(length.len())) {
        (0..=127, _) => out.push(u8::try_from(content.len()).unwrap_or(0)),
        (_, Ok(count)) => {
            out.push(0x80 | count);
            out.extend(length);
        }
        (_, Err(_)) => {}
    }
    out.extend_from_slice(content);
    out
}

/// An RSA public key as a SubjectPublicKeyInfo.
fn spki(key: &[u8]) -> Vec<u8> {
    /// rsaEncryption, NULL.
    const ALGORITHM: [u8; 13] = [
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let mut bits = vec![0];
    bits.extend_from_slice(key);
    let mut inner = element(0x30, &ALGORITHM);
    inner.extend(element(0x03, &bits));
    element(0x30, &inner)
}

/// A key that others can read is no key.
#[cfg(unix)]
fn is_private(file: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let meta = std::fs::metadata(file).map_err(|cause| cause.to_string())?;
    if meta.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err("others than its owner may read it: chmod 600".to_owned())
    }
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> Result<(), String> {
    Ok(())
}

/// The header fields in order: lower-case names, relaxed values (RFC 6376, 3.4.2).
fn unfolded(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        match (line.starts_with([' ', '\t']), fields.last_mut()) {
            (true, Some((_, value))) => {
                value.push_str("\r\n");
                value.push_str(line);
            }
            _ => {
                if let Some((name, value)) = line.split_once(':') {
                    fields.push((name.trim_end().to_lowercase(), value.to_owned()));
                }
            }
        }
    }
    for (_, value) in &mut fields {
        *value = relaxed(value);
    }
    fields
}

/// White space folded into single blanks, none at either end.
fn relaxed(value: &str) -> String {
    let words: Vec<&str> = value
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// RFC 6376, 3.4.4: white space in a line is one blank, none stands at its end, no empty line at the body's.
fn relaxed_body(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for line in body.split("\r\n") {
        let start = out.len();
        let mut is_blank = false;
        for symbol in line.chars() {
            match symbol {
                ' ' | '\t' => is_blank = true,
                other => {
                    if is_blank {
                        out.push(' ');
                        is_blank = false;
                    }
                    out.push(other);
                }
            }
        }
        debug_assert!(out.len() >= start);
        out.push_str("\r\n");
    }
    while out.ends_with("\r\n\r\n") {
        out.truncate(out.len() - 2);
    }
    if out == "\r\n" {
        out.clear();
    }
    out
}

/// The header with its signature in lines of mail's length.
fn folded(mut header: String, signature: &str) -> String {
    let mut rest = signature;
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(70).unwrap_or((rest, ""));
        header.push_str(line);
        if !more.is_empty() {
            header.push_str("\r\n\t");
        }
        rest = more;
    }
    header.push_str("\r\n");
    header
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_headers_are_relaxed_as_the_standard_shows() {
        // RFC 6376, 3.4.5.
        assert_eq!(relaxed_body(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        assert_eq!(relaxed_body(""), "");
        assert_eq!(relaxed_body("\r\n\r\n"), "");
        assert_eq!(relaxed_body("a"), "a\r\n");
        let fields = unfolded("A: X\r\nB : Y\t\r\n\tZ  ");
        assert_eq!(
            fields,
            [
                ("a".to_owned(), "X".to_owned()),
                ("b".to_owned(), "Y Z".to_owned())
            ]
        );
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        std::fs::write(&file, "nonsense").unwrap();
        let setting = format!("s1:{}", file.display());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
            let why = Dkim::load(&setting).err().unwrap().to_string();
            assert!(why.contains("chmod 600"), "{why}");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert!(Dkim::load(&setting).is_err());
        assert!(Dkim::load("no-file").is_err());
        assert!(Dkim::load("").unwrap().is_empty());
    }
}

//! The links of bulk mail: leaving without a login (N7, RFC 8058), and the preference centre.
//!
//! A leaving link names the reader, the lists that are left, and what it came with (a newsletter, a sequence), so that whoever
//! left can be counted there; a seal over all of it makes it unguessable. It needs no row, holds for good, since a mail may be
//! read after years, and can do nothing but leave. Making one costs one HMAC: no query a mail.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

use super::model::{ListId, SubscriberId};
use crate::config::Config;
use crate::db::{Conn, Db, installation};
use crate::error::AppResult;
use crate::kernel::secret::{equal, hmac_sha256_hex, random_token};

/// Under which name the installation keeps the key of links and digests.
pub(super) const KEY_NAME: &str = "subscriber_links_key";

/// What a seal is for: a link of one kind opens nothing of another.
const LEAVE: &[u8] = b"leave:";
const COUNT: &[u8] = b"count:";

/// Bytes of the seal: 192 bit (N7 asks for 128).
const SEAL: usize = 24;
/// Bytes of an id without its prefix.
const ID: usize = 16;
/// Bytes of what a link came with: three letters and an id.
const SOURCE: usize = 3 + ID;
/// So many lists fit into one link; a mail that comes through more names none, which leaves everything.
pub const LISTS: usize = 8;

/// What a leaving link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    /// Who leaves.
    pub subscriber: SubscriberId,
    /// What it came with: the id of a newsletter (`nws_…`) or of a sequence, in text. For counting alone.
    pub source: Option<String>,
    /// The lists through which it came. None: then leaving can only mean everything.
    pub lists: Vec<ListId>,
}

/// What a counted address says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The newsletter's id, in text.
    pub source: String,
    /// Whose mail it stood in, where that reader agreed to be known.
    pub reader: Option<SubscriberId>,
}

/// Makes and opens links. Clones share the installation's key.
#[derive(Clone)]
pub struct Links {
    key: String,
    base: String,
}

impl fmt::Debug for Links {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Links(…)")
    }
}

impl Links {
    /// Reads the installation's key; a first call makes it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(db: &Db, config: &Config) -> AppResult<Self> {
        let key = match db.read(|conn| installation::kept(conn, KEY_NAME)).await? {
            Some(key) => key,
            None => {
                let made = random_token()?;
                db.tx(move |conn| installation::keep(conn, KEY_NAME, &made))
                    .await?
            }
        };
        Ok(Self {
            key,
            base: config.public_url(),
        })
    }

    /// The whole address of the page on which `subscriber` leaves `lists`, which is also what a mail program's one-click POST
    /// is sent to (`List-Unsubscribe`). `source` is the id of what it is put into.
    pub fn unsubscribe(
        &self,
        subscriber: SubscriberId,
        source: Option<&dyn fmt::Display>,
        lists: &[ListId],
    ) -> String {
        format!(
            "{}/unsubscribe/{}",
            self.base,
            self.leave_token(subscriber, source, lists)
        )
    }

    /// The last part of [`Links::unsubscribe`], for a `mailto:` link's subject.
    pub fn leave_token(
        &self,
        subscriber: SubscriberId,
        source: Option<&dyn fmt::Display>,
        lists: &[ListId],
    ) -> String {
        let mut bytes = bare(&subscriber.to_string()).unwrap_or_default();
        let source = source.and_then(source_bytes);
        bytes.push(u8::from(source.is_some()));
        bytes.extend(source.unwrap_or_default());
        for list in lists.iter().take(LISTS) {
            bytes.extend(bare(&list.to_string()).unwrap_or_default());
        }
        self.sealed(LEAVE, bytes)
    }

    /// What a leaving link says, if it is one of ours. Whether the person still exists is not asked here.
    pub fn open(&self, token: &str) -> Option<Leave> {
        let said = self.opened(LEAVE, token)?;
        let (subscriber, rest) = said.split_at_checked(ID)?;
        let (has_source, rest) = rest.split_first()?;
        let (source, lists) = match has_source {
            0 => (None, rest),
            _ => {
                let (source, lists) = rest.split_at_checked(SOURCE)?;
                (Some(source_text(source)?), lists)
            }
        };
        let lists = lists.chunks(ID);
        let lists = lists.map(|id| format!("lst_{}", hex::encode(id)).parse().ok());
        Some(Leave {
            subscriber: format!("sub_{}", hex::encode(subscriber)).parse().ok()?,
            source,
            lists: lists.collect::<Option<Vec<ListId>>>()?,
        })
    }

    /// What counts openings and clicks of a newsletter's mail: followed by `/` and what is counted. `reader` is named only where
    /// they agreed to it; without, every mail carries the same address.
    pub fn counted(&self, source: &dyn fmt::Display, reader: Option<SubscriberId>) -> String {
        let mut bytes = source_bytes(source).unwrap_or_default();
        bytes.extend(
            reader
                .and_then(|one| bare(&one.to_string()))
                .unwrap_or_default(),
        );
        format!("{}/n/{}", self.base, self.sealed(COUNT, bytes))
    }

    /// What a counted address says, if it is one of ours.
    pub fn open_counted(&self, token: &str) -> Option<Counted> {
        let said = self.opened(COUNT, token)?;
        let (source, reader) = said.split_at_checked(SOURCE)?;
        let reader = match reader {
            [] => None,
            id => Some(format!("sub_{}", hex::encode(id)).parse().ok()?),
        };
        Some(Counted {
            source: source_text(source)?,
            reader,
        })
    }

    /// The whole address of the preference centre of whoever has this token ([`super::Subscriber::token`]).
    pub fn preferences(&self, token: &str) -> String {
        format!("{}/preferences/{token}", self.base)
    }

    /// An address of the network as it is kept with a proof: nobody without this installation's key can tell it.
    pub fn network_digest(&self, client: Option<u128>) -> Option<String> {
        let client = client?.to_be_bytes();
        Some(hmac_sha256_hex(
            self.key.as_bytes(),
            &[b"network:", &client],
        ))
    }

    fn sealed(&self, purpose: &[u8], mut said: Vec<u8>) -> String {
        let seal = self.seal(purpose, &said);
        said.extend(seal);
        URL_SAFE_NO_PAD.encode(said)
    }

    fn opened(&self, purpose: &[u8], token: &str) -> Option<Vec<u8>> {
        if token.len() > 400 {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let seal = bytes.split_off(bytes.len().checked_sub(SEAL)?);
        equal(&self.seal(purpose, &bytes), &seal).then_some(bytes)
    }

    fn seal(&self, purpose: &[u8], said: &[u8]) -> Vec<u8> {
        let mac = hmac_sha256_hex(self.key.as_bytes(), &[purpose, said]);
        let mut seal = hex::decode(mac).unwrap_or_default();
        seal.truncate(SEAL);
        seal
    }
}

/// The key, made where there is none yet.
///
/// # Errors
/// The database's; when the operating system has no randomness to give.
pub(super) fn key(conn: &mut Conn) -> AppResult<String> {
    match installation::kept(conn, KEY_NAME)? {
        Some(key) => Ok(key),
        None => installation::keep(conn, KEY_NAME, &random_token()?),
    }
}

/// What a link came with, in bytes: the three letters of its kind and its id.
fn source_bytes(source: &dyn fmt::Display) -> Option<Vec<u8>> {
    let id = source.to_string();
    let prefix = id.get(..3).filter(|text| text.is_ascii())?.as_bytes();
    Some([prefix, &bare(&id)?].concat())
}

fn source_text(bytes: &[u8]) -> Option<String> {
    let (prefix, id) = bytes.split_at_checked(3)?;
    let prefix = std::str::from_utf8(prefix).ok()?;
    Some(format!("{prefix}_{}", hex::encode(id)))
}

/// The bytes of an id's text after its prefix.
fn bare(id: &str) -> Option<Vec<u8>> {
    let (_, rest) = id.split_once('_')?;
    hex::decode(rest).ok().filter(|bytes| bytes.len() == ID)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn links(key: &str) -> Links {
        Links {
            key: key.to_owned(),
            base: "https://give.example.org".into(),
        }
    }

    fn token(url: &str) -> &str {
        url.rsplit('/').next().unwrap()
    }

    #[test]
    fn a_link_says_who_leaves_what_and_whence() {
        let (maya, lists) = (SubscriberId::new(), [ListId::new(), ListId::new()]);
        let newsletter = "nws_019acf5e800070008000000000000001";
        let url = links("a").unsubscribe(maya, Some(&newsletter), &lists);
        assert!(url.starts_with("https://give.example.org/unsubscribe/"));
        let leave = links("a").open(token(&url)).unwrap();
        assert_eq!(leave.subscriber, maya);
        assert_eq!(leave.source.as_deref(), Some(newsletter));
        assert_eq!(leave.lists, lists);
        let bare = links("a").unsubscribe(maya, None, &[]);
        let leave = links("a").open(token(&bare)).unwrap();
        assert_eq!((leave.source, leave.lists), (None, Vec::new()));
    }

    #[test]
    fn no_link_is_made_by_guessing_or_by_changing_one() {
        let url = links("a").unsubscribe(SubscriberId::new(), None, &[ListId::new()]);
        let good = token(&url);
        assert_eq!(links("b").open(good), None);
        for at in 0..good.len() {
            let mut other = good.as_bytes().to_vec();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            // The last sign carries bits that no byte has; a strict decoder refuses them.
            assert_eq!(links("a").open(&other), None, "{at}");
        }
        for text in ["", "nonsense", &"A".repeat(86), &"A".repeat(10_000)] {
            assert_eq!(links("a").open(text), None);
            assert_eq!(links("a").open_counted(text), None);
        }
    }

    #[test]
    fn a_counted_link_names_whoever_agreed_and_is_no_way_out() {
        let (maya, newsletter) = (SubscriberId::new(), "nws_019acf5e800070008000000000000001");
        for reader in [None, Some(maya)] {
            let url = links("a").counted(&newsletter, reader);
            let counted = links("a").open_counted(token(&url)).unwrap();
            assert_eq!(
                (counted.source.as_str(), counted.reader),
                (newsletter, reader)
            );
            assert_eq!(links("a").open(token(&url)), None);
            assert_eq!(links("b").open_counted(token(&url)), None);
        }
        assert_eq!(
            links("a").counted(&newsletter, None),
            links("a").counted(&newsletter, None)
        );
        let leave = links("a").unsubscribe(maya, Some(&newsletter), &[]);
        assert_eq!(links("a").open_counted(token(&leave)), None);
    }
}

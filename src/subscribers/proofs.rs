//! The proof of every yes and every no (N20): who, to what, when, by which door, in which words, from which network.
//!
//! Rows are added, never changed; erasing a person takes the network away and leaves that there was a yes.

use diesel::prelude::*;

use super::model::{ListId, SubscriberId};
use crate::db::Conn;
use crate::db::schema::subscription_proofs;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;

crate::words! {
    /// What was said.
    pub enum Act {
        /// Somebody typed the address; a link was mailed to it.
        Asked = "asked",
        /// A yes.
        Agreed = "agreed",
        /// A no to one list.
        Left = "left",
        /// A no to everything.
        LeftAll = "left_all",
        /// A yes to being counted by name.
        Counted = "counted",
        /// A no to it.
        Uncounted = "uncounted",
    }
}

crate::words! {
    /// By which door.
    pub enum Door {
        /// The public form.
        Form = "form",
        /// The link that was mailed to confirm an address.
        Link = "link",
        /// A ticked box beside a gift.
        Gift = "gift",
        /// A file that staff imported.
        Import = "import",
        /// Staff, by hand.
        Staff = "staff",
        /// The page behind a mail's leaving link.
        LeavePage = "leave_page",
        /// A mail program's one-click request (RFC 8058).
        OneClick = "one_click",
        /// A mail to the leaving address.
        Mail = "mail",
        /// The preference centre.
        Preferences = "preferences",
    }
}

/// What stands beside a yes or a no.
#[derive(Debug, Clone)]
pub struct Said {
    /// By which door.
    pub door: Door,
    /// The id of the gift, import or newsletter that it came by.
    pub source: Option<String>,
    /// The words that were agreed to; empty of a no.
    pub wording: String,
    /// The digest of the network it came from ([`super::Links::network_digest`]).
    pub network: Option<String>,
    /// When it was said, where that is not the moment in which it takes effect.
    pub at: Option<Timestamp>,
}

impl Said {
    /// By `door`, and nothing else is known.
    pub fn by(door: Door) -> Self {
        Self {
            door,
            source: None,
            wording: String::new(),
            network: None,
            at: None,
        }
    }

    /// From a network.
    #[must_use]
    pub fn from_network(mut self, digest: Option<String>) -> Self {
        self.network = digest;
        self
    }

    /// With what it came by.
    #[must_use]
    pub fn because_of(mut self, source: Option<String>) -> Self {
        self.source = source;
        self
    }

    /// Said then.
    #[must_use]
    pub fn said_at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    /// In these words.
    #[must_use]
    pub fn in_words(mut self, wording: &str) -> Self {
        wording.clone_into(&mut self.wording);
        self
    }
}

/// A proof on record.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = subscription_proofs)]
pub struct Proof {
    /// Its place in the record.
    pub id: i64,
    /// Who.
    pub subscriber_id: SubscriberId,
    /// To which list; to everything, where none is named.
    pub list_id: Option<ListId>,
    /// What was said.
    pub act: Act,
    /// By which door.
    pub door: Door,
    /// What it came by.
    pub source_id: Option<String>,
    /// In which words.
    pub wording: String,
    /// From which network.
    pub ip_hash: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Keeps one proof, of `at` unless it was said at another time.
///
/// # Errors
/// The database's.
pub fn keep(
    conn: &mut Conn,
    (subscriber, list): (SubscriberId, Option<ListId>),
    act: Act,
    said: &Said,
    at: Timestamp,
) -> AppResult<()> {
    let row = (
        subscription_proofs::subscriber_id.eq(subscriber),
        subscription_proofs::list_id.eq(list),
        subscription_proofs::act.eq(act),
        subscription_proofs::door.eq(said.door),
        subscription_proofs::source_id.eq(said.source.as_deref()),
        subscription_proofs::wording.eq(&said.wording),
        subscription_proofs::ip_hash.eq(said.network.as_deref()),
        subscription_proofs::at.eq(said.at.unwrap_or(at)),
    );
    each!(conn, c => diesel::insert_into(subscription_proofs::table).values(row).execute(c))?;
    Ok(())
}

/// The newest proofs of somebody, newest first.
///
/// # Errors
/// The database's.
pub fn of_subscriber(conn: &mut Conn, id: SubscriberId, most: i64) -> AppResult<Vec<Proof>> {
    let query = subscription_proofs::table
        .filter(subscription_proofs::subscriber_id.eq(id))
        .order(subscription_proofs::id.desc())
        .limit(most);
    Ok(each!(conn, c => query.select(Proof::as_select()).load(c))?)
}

/// How many people left by the links of `source` (a newsletter's id), whatever they left; each counts once.
///
/// # Errors
/// The database's.
pub fn left_by(conn: &mut Conn, source: &str) -> AppResult<i64> {
    use diesel::dsl::count;
    let query = subscription_proofs::table
        .filter(subscription_proofs::source_id.eq(source))
        .filter(subscription_proofs::act.eq_any([Act::Left, Act::LeftAll]))
        .select(count(subscription_proofs::subscriber_id).aggregate_distinct());
    Ok(each!(conn, c => query.first(c))?)
}

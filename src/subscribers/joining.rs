//! Joining lists by double opt-in (N20): an address is typed, a link is mailed, and its owner says yes.
//!
//! Until the link is used, what was typed lies in the link's own row: no stranger's address becomes a subscriber. Whoever types
//! is told the same whatever we know of the address.

use diesel::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::erased;
use super::model::{ListId, by_email};
use super::ops::{self, Fresh, Known};
use super::proofs::{self, Act, Door, Said};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::auth::mailed::{self, NewMailed, Purpose};
use crate::config::Config;
use crate::db::Conn;
use crate::db::schema::lists;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};
use crate::mail::{MailId, Mails, NewMail};
use crate::web::views::palette::DEFAULT_ACCENT;

/// What a reader agrees to on the form; kept with the proof. Change the mark in front with the words.
pub const JOIN_WORDING: &str = "[2026-11] Write to me about this at the address above. I can leave at any time with one click, in every mail.";

/// What the mailed link is shown with; kept with the proof.
pub const CONFIRM_WORDING: &str = "[2026-11] Yes, this is my address, and I want these newsletters. I can leave at any time with one click, in every mail.";

/// The longest name.
pub const NAME_MOST: usize = 80;

/// What a link carries until it is used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    /// How they call themselves, or nothing.
    pub name: String,
    /// Where the link went.
    pub email: Email,
    /// The lists that were asked for.
    pub lists: Vec<ListId>,
    /// When it was typed.
    pub asked_at: Timestamp,
    /// From which network.
    pub network: Option<String>,
    /// The member of staff who typed it.
    pub by_staff: Option<UserId>,
}

/// A link and its mail, made outside the transaction.
pub struct Ask {
    waiting: Waiting,
    fresh: Fresh,
    link: NewMailed,
    mail: NewMail,
}

impl Ask {
    /// Prepares link and mail; `names` are those of the lists.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make(config: &Config, waiting: Waiting, names: &[String]) -> AppResult<Self> {
        let payload = serde_json::to_string(&waiting)?;
        let (link, secret) = NewMailed::make(Purpose::Subscribe, None, &payload)?;
        let mail = letter(config, &waiting, names, &secret);
        Ok(Self {
            waiting,
            fresh: Fresh::new()?,
            link,
            mail,
        })
    }

    /// Stores the link and queues its mail. Where staff typed the address, the person is there at once and waits for
    /// themselves: to be seen among subscribers, and on no list.
    ///
    /// # Errors
    /// The database's.
    pub fn send(&self, conn: &mut Conn, mails: &Mails, now: Timestamp) -> AppResult<()> {
        mailed::insert(conn, &self.link, now)?;
        mails.queue(conn, std::slice::from_ref(&self.mail), now)?;
        let Some(staff) = self.waiting.by_staff else {
            return Ok(());
        };
        let email = &self.waiting.email;
        // Who had everything erased is nobody here until they say yes; the record holds the digest of the address alone.
        if erased::is_erased(conn, email)? {
            let mark = erased::mark_of(conn, email)?.unwrap_or_default();
            let deed = Deed::new(staff, "subscriber.invite", ("suppression", mark));
            return audit::record(conn, &deed, now);
        }
        let person = match by_email(conn, email)? {
            // What staff typed of somebody who is known waits for that person's yes.
            Some(known) => known,
            None => ops::ensure(conn, email, &self.waiting.known(), &self.fresh, now)?,
        };
        let said = Said::by(Door::Staff).because_of(Some(staff.to_string()));
        for list in &self.waiting.lists {
            ops::wait(conn, (person.id, *list), now)?;
            proofs::keep(conn, (person.id, Some(*list)), Act::Asked, &said, now)?;
        }
        let deed = Deed::new(
            staff,
            "subscriber.invite",
            ("subscriber", person.id.to_string()),
        );
        audit::record(conn, &deed, now)
    }
}

impl Waiting {
    fn known(&self) -> Known {
        Known {
            name: self.name.clone(),
            ..Known::default()
        }
    }
}

fn letter(config: &Config, waiting: &Waiting, names: &[String], secret: &SecretString) -> NewMail {
    let id = MailId::new();
    NewMail {
        id,
        kind: "subscribe_confirm",
        // Each asking is a fact of its own.
        source_id: id.to_string(),
        to: waiting.email.clone(),
        to_name: (!waiting.name.is_empty()).then(|| waiting.name.clone()),
        context: json!({
            "name": (!waiting.name.is_empty()).then_some(&waiting.name),
            "by_staff": waiting.by_staff.is_some(),
            "lists": names,
            "link": format!("{}/subscribe/{}", config.public_url(), secret.expose_secret()),
            "holds": format!("{} days", Purpose::Subscribe.holds().num_days()),
            "accent": DEFAULT_ACCENT,
            "organisation": config.site.name,
        }),
    }
}

/// What a link would do, and what its lists are called; `None` when it does not hold.
///
/// # Errors
/// The database's.
pub fn peek(
    conn: &mut Conn,
    secret: &str,
    now: Timestamp,
) -> AppResult<Option<(Waiting, Vec<String>)>> {
    let Some(link) = mailed::peek(conn, Purpose::Subscribe, secret, now)? else {
        return Ok(None);
    };
    let waiting: Waiting = serde_json::from_str(&link.payload)?;
    let open = open_lists(conn, &waiting.lists)?;
    let names = open.into_iter().map(|(_, name)| name).collect();
    Ok(Some((waiting, names)))
}

/// Uses a link: its owner is on the lists now, with proof of both steps. `None` when it does not hold. A list that was put
/// away meanwhile is left out.
///
/// # Errors
/// The database's.
pub fn confirm(
    conn: &mut Conn,
    secret: &str,
    fresh: &Fresh,
    network: Option<&str>,
    now: Timestamp,
) -> AppResult<Option<String>> {
    let Some(link) = mailed::use_up(conn, Purpose::Subscribe, secret, now)? else {
        return Ok(None);
    };
    let waiting: Waiting = serde_json::from_str(&link.payload)?;
    let person = ops::ensure(conn, &waiting.email, &waiting.known(), fresh, now)?;
    ops::prove_address(conn, &waiting.email)?;
    let asked = Said::by(Door::Form)
        .in_words(JOIN_WORDING)
        .from_network(waiting.network.clone());
    let agreed = Said::by(Door::Link)
        .in_words(CONFIRM_WORDING)
        .from_network(network.map(str::to_owned));
    for (list, _) in open_lists(conn, &waiting.lists)? {
        if waiting.by_staff.is_none() {
            let about = (person.id, Some(list));
            proofs::keep(conn, about, Act::Asked, &asked, waiting.asked_at)?;
        }
        ops::agree(conn, person.id, list, &agreed, now)?;
    }
    Ok(Some(person.token))
}

/// Those of `wanted` that are not put away, by name.
fn open_lists(conn: &mut Conn, wanted: &[ListId]) -> AppResult<Vec<(ListId, String)>> {
    let query = lists::table
        .filter(lists::id.eq_any(wanted))
        .filter(lists::archived_at.is_null())
        .order(lists::name)
        .select((lists::id, lists::name));
    Ok(each!(conn, c => query.load(c))?)
}

//! The demo's readers of newsletters: three lists, three topics, some people in each state. Donors who tick the box come by
//! themselves. All of them are invented.

use crate::auth::UserId;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::subscribers::joining::{CONFIRM_WORDING, JOIN_WORDING};
use crate::subscribers::ops::{self, Fresh, Known};
use crate::subscribers::proofs::{self, Act, Door, Said};
use crate::subscribers::topics::{self, ListForm};
use crate::subscribers::{ListId, SubscriberId, SuppressionReason};

/// Slug, name, about, whether anybody may join.
const LISTS: [(&str, &str, &str, bool); 2] = [
    (
        "kolkata-letters",
        "Kolkata letters",
        "Four times a year: what was reported from Kolkata, with its figures and where they come from.",
        true,
    ),
    (
        "volunteers",
        "Volunteers",
        "Who helps at our stalls: dates and shifts.",
        false,
    ),
];

const TOPICS: [(&str, &str, &str); 3] = [
    (
        "impact",
        "What gifts have done",
        "Reports, figures, grants.",
    ),
    (
        "stories",
        "Stories",
        "People who tell of themselves, and agreed to it.",
    ),
    ("season", "The season", "Days, matches, how to take part."),
];

/// Name, address, language, zone, lists by their place, how they stand.
type Reader = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [usize],
    Stands,
);

#[derive(Clone, Copy, PartialEq)]
enum Stands {
    On,
    Left,
    LeftAll,
    Bounced,
}

const READERS: &[Reader] = &[
    (
        "Ines Caldera",
        "ines@example.net",
        "es",
        "America/Mexico_City",
        &[0],
        Stands::On,
    ),
    (
        "অনন্যা সেন",
        "ananya@example.net",
        "bn",
        "Asia/Kolkata",
        &[0],
        Stands::On,
    ),
    (
        "Hugo Falk",
        "hugo@example.net",
        "en",
        "Europe/Stockholm",
        &[0, 1],
        Stands::On,
    ),
    (
        "Ruth Amsel",
        "giver0@example.net",
        "en",
        "America/New_York",
        &[0],
        Stands::On,
    ),
    (
        "Wren Okoye",
        "wren@example.net",
        "en",
        "Africa/Lagos",
        &[1],
        Stands::On,
    ),
    (
        "Petra Novak",
        "petra@example.net",
        "de",
        "Europe/Vienna",
        &[0],
        Stands::Left,
    ),
    (
        "Sol Marin",
        "sol@example.net",
        "es",
        "Europe/Madrid",
        &[0, 1],
        Stands::LeftAll,
    ),
    (
        "Old Mailbox",
        "gone@example.net",
        "en",
        "",
        &[0],
        Stands::Bounced,
    ),
];

/// What the seed needs from outside, since a transaction may run twice.
pub struct ReaderSeed {
    lists: [ListId; LISTS.len()],
    fresh: Vec<Fresh>,
}

impl ReaderSeed {
    /// Ids and tokens.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn new() -> AppResult<Self> {
        let fresh: AppResult<Vec<Fresh>> = READERS.iter().map(|_| Fresh::new()).collect();
        Ok(Self {
            lists: super::ids(ListId::new),
            fresh: fresh?,
        })
    }
}

/// Makes lists, topics and readers, by the verbs that everybody's go by.
///
/// # Errors
/// The database's.
pub fn readers(conn: &mut Conn, seed: &ReaderSeed, by: UserId, now: Timestamp) -> AppResult<()> {
    for (id, (slug, name, about, is_public)) in seed.lists.iter().zip(LISTS) {
        let form = ListForm {
            campaign: None,
            slug: super::slug(slug)?,
            name: super::line(name)?,
            about: about.to_owned(),
            is_public,
            takes_gifts: false,
        };
        topics::make_list(conn, *id, &form, by, now)?;
    }
    for (slug, name, about) in TOPICS {
        let words = (&super::line(name)?, about);
        topics::save_topic(conn, &super::slug(slug)?, words, false, by, now)?;
    }
    for (reader, fresh) in READERS.iter().zip(&seed.fresh) {
        person(conn, reader, (fresh, &seed.lists), now)?;
    }
    Ok(())
}

fn person(
    conn: &mut Conn,
    (name, email, language, zone, lists, stands): &Reader,
    (fresh, ids): (&Fresh, &[ListId]),
    now: Timestamp,
) -> AppResult<()> {
    let known = Known {
        name: (*name).to_owned(),
        language: (*language).to_owned(),
        country: String::new(),
        time_zone: (!zone.is_empty()).then(|| (*zone).to_owned()),
    };
    let email = super::parsed(email)?;
    let id: SubscriberId = ops::ensure(conn, &email, &known, fresh, now)?.id;
    let asked = Said::by(Door::Form).in_words(JOIN_WORDING);
    let agreed = Said::by(Door::Link).in_words(CONFIRM_WORDING);
    for list in lists.iter().filter_map(|at| ids.get(*at)) {
        proofs::keep(conn, (id, Some(*list)), Act::Asked, &asked, now)?;
        ops::agree(conn, id, *list, &agreed, now)?;
        if *stands == Stands::Left {
            ops::leave_list(conn, id, *list, &Said::by(Door::OneClick), now)?;
        }
    }
    match stands {
        Stands::LeftAll => {
            ops::leave_all(conn, id, &Said::by(Door::Preferences), now)?;
        }
        Stands::Bounced => {
            let reason = SuppressionReason::HardBounce;
            ops::suppress(conn, &email, reason, "5.1.1 no such mailbox", now)?;
        }
        Stands::On | Stands::Left => {}
    }
    Ok(())
}

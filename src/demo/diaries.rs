//! The demo's first conversations and sponsors of days, and, once its December has begun, the days worn so far: written
//! by the same verbs as a participant's.

use super::{line, parsed};
use crate::auth::mailed::MailedId;
use crate::config::Config;
use crate::db::Conn;
use crate::diary::model::EntryId;
use crate::diary::ops::{self, Photo, SaveDay};
use crate::diary::sponsors::Letterhead;
use crate::diary::sponsors::model::SponsorId;
use crate::diary::sponsors::ops::{NewPromise, confirm, promise};
use crate::diary::talks::ops::{TellTalk, tell};
use crate::diary::talks::{TalkId, Who};
use crate::diary::{Outfit, Season};
use crate::error::AppResult;
use crate::kernel::secret::random_token;
use crate::kernel::{Currency, Money, Timestamp};
use crate::mail::Mails;
use crate::pages::by_slug;

/// Whose page, who asked, and whether they learned, signed and gave. Invented.
type TalkText = (&'static str, Who, [bool; 3]);

const TALKS: [TalkText; 14] = [
    (
        "greta-and-the-book-club",
        Who::Colleague,
        [true, false, false],
    ),
    (
        "greta-and-the-book-club",
        Who::Neighbour,
        [true, false, true],
    ),
    ("greta-and-the-book-club", Who::Family, [true, true, false]),
    (
        "greta-and-the-book-club",
        Who::Stranger,
        [false, false, false],
    ),
    ("greta-and-the-book-club", Who::Friend, [true, true, true]),
    ("tomas-brandt", Who::Class, [true, false, false]),
    ("tomas-brandt", Who::Class, [true, true, false]),
    ("tomas-brandt", Who::Colleague, [false, false, true]),
    ("maya-roy", Who::Stranger, [true, false, false]),
    ("maya-roy", Who::Friend, [true, false, true]),
    ("priya-nair", Who::Colleague, [true, false, false]),
    ("sam-okafor", Who::Online, [true, true, false]),
    ("lena-brook", Who::Class, [true, false, false]),
    ("lena-brook", Who::Colleague, [true, false, true]),
];

/// On whose page, who promises how many cents a day and how many at most, and whether by name. Invented.
const SPONSORS: [(&str, &str, i64, i64, bool); 3] = [
    ("maya-roy", "Ruth Amsel", 200, 5_000, true),
    ("maya-roy", "Jonas Pietsch", 100, 3_100, false),
    ("sam-okafor", "The Harbour Runners", 500, 15_500, true),
];

/// Whose page, what is worn as a rule, and every how-manieth day is left out. Invented.
const WEARERS: [(&str, Outfit, usize); 6] = [
    ("maya-roy", Outfit::Repeat, 9),
    ("tomas-brandt", Outfit::Tie, 12),
    ("priya-nair", Outfit::Uniform, 6),
    ("sam-okafor", Outfit::Sport, 40),
    ("johanna-lindqvist", Outfit::Dress, 7),
    ("lena-brook", Outfit::Tie, 10),
];

/// Days of a season that the demo writes at most.
const DAYS: usize = 31;

/// The ids and secrets of what is written, made outside the transaction.
#[derive(Debug, Clone)]
pub struct DiarySeed {
    talks: [TalkId; TALKS.len()],
    sponsors: Vec<(SponsorId, String, MailedId)>,
    entries: Vec<EntryId>,
}

impl DiarySeed {
    /// New ones.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn new() -> AppResult<Self> {
        let sponsors = SPONSORS
            .iter()
            .map(|_| Ok((SponsorId::new(), random_token()?, MailedId::new())));
        Ok(Self {
            talks: super::ids(TalkId::new),
            sponsors: sponsors.collect::<AppResult<_>>()?,
            entries: (0..WEARERS.len() * DAYS).map(|_| EntryId::new()).collect(),
        })
    }
}

/// Writes them into a demo season that has just been made.
///
/// # Errors
/// The database's. Mistakes in these texts are unforeseen errors.
pub fn diaries(
    conn: &mut Conn,
    seed: &DiarySeed,
    (config, mails): (&Config, &Mails),
    now: Timestamp,
) -> AppResult<()> {
    for (id, (slug, who, [learned, signed, gave])) in seed.talks.iter().zip(TALKS) {
        let of = by_slug(conn, &parsed(slug)?)?;
        let Some(day) = Season::of(&of.campaign).today(now) else {
            continue;
        };
        let talk = TellTalk {
            id: *id,
            day,
            who,
            learned,
            signed,
            gave,
            note: String::new(),
        };
        tell(conn, &of, &talk, now)?;
    }
    let with = Letterhead::new(config, mails);
    for ((id, secret, earlier), (slug, name, per_day, cap, is_named)) in
        seed.sponsors.iter().zip(SPONSORS)
    {
        let of = by_slug(conn, &parsed(slug)?)?;
        let address = name.to_lowercase().replace(' ', ".");
        let new = NewPromise {
            id: *id,
            name: line(name)?,
            email: parsed(&format!("{address}@example.net"))?,
            per_day: Money::new(per_day, Currency::USD),
            cap: Money::new(cap, Currency::USD),
            is_named,
            secret: secret.clone(),
            earlier: *earlier,
        };
        promise(conn, &of, &new, &with, now)?;
        confirm(conn, secret, &with, now)?;
    }
    wear(conn, &seed.entries, now)
}

/// The days worn so far; none before the season begins.
fn wear(conn: &mut Conn, ids: &[EntryId], now: Timestamp) -> AppResult<()> {
    for ((slug, outfit, gap), ids) in WEARERS.into_iter().zip(ids.chunks(DAYS)) {
        let of = by_slug(conn, &parsed(slug)?)?;
        let season = Season::of(&of.campaign);
        let today = season.today(now);
        let worn = season.days().zip(ids).enumerate();
        for (place, (day, id)) in worn.filter(|(place, _)| (place + 1) % gap != 0) {
            if season.may_write(day, today).is_err() {
                continue;
            }
            let save = SaveDay {
                id: *id,
                day,
                outfit: if place == 0 { Outfit::Dress } else { outfit },
                note: None,
                photo: Photo::Keep,
                photo_alt: None,
                is_public: Some(place % 11 != 5),
            };
            ops::save(conn, &of, &save, now)?;
        }
    }
    Ok(())
}

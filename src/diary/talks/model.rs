//! Rows of conversations, and how they are found.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::Conn;
use crate::db::schema::conversations;
use crate::each;
use crate::error::AppResult;
use crate::ids::PageId;
use crate::kernel::{Day, Limit, Listed, Timestamp};
use crate::totals::Tally;

crate::id!(
    /// A conversation.
    pub TalkId,
    "tlk"
);

crate::words! {
    /// Who asked. Never a name.
    pub enum Who {
        /// A friend.
        Friend = "friend",
        /// Family.
        Family = "family",
        /// Somebody from work.
        Colleague = "colleague",
        /// Somebody who lives near.
        Neighbour = "neighbour",
        /// Somebody unknown.
        Stranger = "stranger",
        /// A class or another group.
        Class = "class",
        /// Somebody online.
        Online = "online",
        /// Somebody else.
        Other = "other",
    }
}

impl Who {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Friend => "A friend",
            Self::Family => "Family",
            Self::Colleague => "A colleague",
            Self::Neighbour => "A neighbour",
            Self::Stranger => "A stranger",
            Self::Class => "A class or group",
            Self::Online => "Somebody online",
            Self::Other => "Somebody else",
        }
    }
}

/// A conversation.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = conversations)]
pub struct Talk {
    /// The id.
    pub id: TalkId,
    /// Of whose page.
    pub page_id: PageId,
    /// On which day, in the campaign's time zone.
    pub day: Day,
    /// Who asked.
    pub who: Who,
    /// They learned something new.
    pub learned: bool,
    /// They signed something.
    pub signed: bool,
    /// They gave.
    pub gave: bool,
    /// For the owner alone; may be empty.
    pub note: String,
    /// When it was told.
    pub created_at: Timestamp,
}

/// What a conversation counts for.
pub fn counts((learned, signed, gave): (bool, bool, bool)) -> Tally {
    Tally {
        days: 0,
        conversations: 1,
        learned: i64::from(learned),
        signed: i64::from(signed),
        gave: i64::from(gave),
    }
}

impl Talk {
    /// What it counts for.
    pub fn counts(&self) -> Tally {
        counts((self.learned, self.signed, self.gave))
    }
}

/// Where a list of conversations goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkPlace {
    day: Day,
    id: TalkId,
}

/// The conversations of a page, newest first, for its owner alone.
///
/// # Errors
/// The database's.
pub fn of_page(
    conn: &mut Conn,
    page: PageId,
    after: Option<&TalkPlace>,
    limit: Limit,
) -> AppResult<Listed<Talk>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            each!(conn, c => conversations::table
                .filter(conversations::page_id.eq(page))
                $(.filter($condition))?
                .order((conversations::day.desc(), conversations::id.desc()))
                .limit(limit.and_one())
                .select(Talk::as_select())
                .load(c))
        };
    }
    let rows: Vec<Talk> = match after {
        None => load!(),
        Some(place) => load!(
            conversations::day.lt(place.day).or(conversations::day
                .eq(place.day)
                .and(conversations::id.lt(place.id)))
        ),
    }?;
    Ok(Listed::cut(rows, limit, |talk| TalkPlace {
        day: talk.day,
        id: talk.id,
    }))
}

/// One conversation of a page.
///
/// # Errors
/// The database's.
pub fn one(conn: &mut Conn, page: PageId, id: TalkId) -> AppResult<Option<Talk>> {
    let query = conversations::table
        .find(id)
        .filter(conversations::page_id.eq(page));
    Ok(each!(conn, c => query.select(Talk::as_select()).first(c).optional())?)
}

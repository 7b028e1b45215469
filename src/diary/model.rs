//! Rows of diary entries, and how they are found.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{diary_entries, pages};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::PageId;
use crate::kernel::{Day, Limit, Listed, Timestamp};

crate::id!(
    /// A diary entry.
    pub EntryId,
    "dia"
);

crate::words! {
    /// What was worn. All of them count alike.
    pub enum Outfit {
        /// A dress.
        Dress = "dress",
        /// A tie.
        Tie = "tie",
        /// The same as before: buying new is not the point.
        Repeat = "repeat",
        /// What work asks one to wear.
        Uniform = "uniform",
        /// What sport asks one to wear.
        Sport = "sport",
    }
}

impl Outfit {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Dress => "Dress",
            Self::Tie => "Tie",
            Self::Repeat => "Same again",
            Self::Uniform => "Uniform",
            Self::Sport => "Sport",
        }
    }
}

/// Characters that a note holds.
pub const NOTE_MOST: usize = 500;

/// No season is longer: what a page lists at once.
const DAYS_MOST: i64 = 400;

/// One day of a page's diary.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = diary_entries)]
pub struct Entry {
    /// The id.
    pub id: EntryId,
    /// On which page.
    pub page_id: PageId,
    /// Which day, in the campaign's time zone.
    pub day: Day,
    /// What was worn.
    pub outfit: Outfit,
    /// In the participant's words; may be empty.
    pub note: String,
    /// The photograph, if there is one.
    pub photo: Option<String>,
    /// What the photograph shows.
    pub photo_alt: String,
    /// Whether strangers see it, on a page whose diary is public.
    pub is_public: bool,
    /// Written after the day it tells of.
    pub is_backfill: bool,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Every entry of a page, in the order of days: for its owner and for counting alone.
///
/// # Errors
/// The database's.
pub fn all_of(conn: &mut Conn, page: PageId) -> AppResult<Vec<Entry>> {
    let query = diary_entries::table
        .filter(diary_entries::page_id.eq(page))
        .order(diary_entries::day)
        .limit(DAYS_MOST);
    Ok(each!(conn, c => query.select(Entry::as_select()).load(c))?)
}

/// The public entries of a page whose diary is public, in the order of days; none of a private diary.
///
/// # Errors
/// The database's.
pub fn public_of(conn: &mut Conn, page: PageId) -> AppResult<Vec<Entry>> {
    let query = diary_entries::table
        .inner_join(pages::table.on(pages::id.eq(diary_entries::page_id)))
        .filter(diary_entries::page_id.eq(page))
        .filter(diary_entries::is_public.eq(true))
        .filter(pages::is_diary_public.eq(true))
        .order(diary_entries::day)
        .limit(DAYS_MOST);
    Ok(each!(conn, c => query.select(Entry::as_select()).load(c))?)
}

/// The same, newest day first, a page of the list at a time.
///
/// # Errors
/// The database's.
pub fn public_list(
    conn: &mut Conn,
    page: PageId,
    before: Option<Day>,
    limit: Limit,
) -> AppResult<Listed<Entry>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            each!(conn, c => diary_entries::table
                .inner_join(pages::table.on(pages::id.eq(diary_entries::page_id)))
                .filter(diary_entries::page_id.eq(page))
                .filter(diary_entries::is_public.eq(true))
                .filter(pages::is_diary_public.eq(true))
                $(.filter($condition))?
                .order(diary_entries::day.desc())
                .limit(limit.and_one())
                .select(Entry::as_select())
                .load(c))
        };
    }
    let rows: Vec<Entry> = match before {
        None => load!(),
        Some(day) => load!(diary_entries::day.lt(day)),
    }?;
    Ok(Listed::cut(rows, limit, |entry| entry.day))
}

/// The entry of one day, for the page's owner.
///
/// # Errors
/// The database's.
pub fn of_day(conn: &mut Conn, page: PageId, day: Day) -> AppResult<Option<Entry>> {
    let query = diary_entries::table
        .filter(diary_entries::page_id.eq(page))
        .filter(diary_entries::day.eq(day));
    Ok(each!(conn, c => query.select(Entry::as_select()).first(c).optional())?)
}

/// Whether a page shows its diary to strangers.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn is_public(conn: &mut Conn, page: PageId) -> AppResult<bool> {
    let query = pages::table.find(page).select(pages::is_diary_public);
    each!(conn, c => query.first(c).optional())?.ok_or(AppError::NotFound("the page"))
}

//! Writing the diary. Every verb leaves entry and counts as they belong together.

use diesel::prelude::*;

use super::model::{Entry, EntryId, Outfit, of_day};
use super::rules::{Season, Timing};
use crate::db::Conn;
use crate::db::schema::{diary_entries, pages};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::PageId;
use crate::kernel::{Day, Timestamp};
use crate::media::{self, MediaId, NewMedia};
use crate::pages::model::PageOverview;
use crate::pages::{PageStatus, photos};
use crate::totals::tallies::{self, Counted, Tally};

/// Where counts of a page go.
pub fn counted(overview: &PageOverview) -> Counted {
    Counted {
        page: overview.page.id,
        campaign: overview.campaign.id,
        is_shown: overview.page.status == PageStatus::Live,
    }
}

/// What becomes of an entry's photograph.
#[derive(Debug, Clone, Default)]
pub enum Photo {
    /// It stays as it is.
    #[default]
    Keep,
    /// This one, whose files lie there, takes its place.
    Set(NewMedia),
    /// There is none any more.
    Remove,
}

/// A day as its owner wants it.
#[derive(Debug, Clone)]
pub struct SaveDay {
    /// The id of the entry if there is none yet, made by the caller.
    pub id: EntryId,
    /// Which day.
    pub day: Day,
    /// What was worn.
    pub outfit: Outfit,
    /// In the participant's words; `None` leaves what stands.
    pub note: Option<String>,
    /// What becomes of the photograph.
    pub photo: Photo,
    /// What the photograph shows.
    pub photo_alt: Option<String>,
    /// Whether strangers see it; `None` leaves what stands, and shows a new entry.
    pub is_public: Option<bool>,
}

/// What came of saving.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The entry as it stands now.
    pub entry: Entry,
    /// It was not there before.
    pub is_new: bool,
    /// Photographs that must not be seen any more: [`media::withdrawn`] after the commit.
    pub withdrawn: Vec<MediaId>,
}

/// Writes a day: a new entry where the season lets it be written, or what stands there changed. Sent twice, it is one entry.
///
/// # Errors
/// [`AppError::Invalid`] of `day` for a new entry that the season does not let be written.
pub fn save(
    conn: &mut Conn,
    of: &PageOverview,
    save: &SaveDay,
    now: Timestamp,
) -> AppResult<Saved> {
    let season = Season::of(&of.campaign);
    let page = of.page.id;
    let allowed = season.may_write(save.day, season.today(now));
    let before = of_day(conn, page, save.day)?;
    if before.is_none() {
        // Neither there nor to be written: nothing is recorded for it, and the season says why.
        allowed?;
    }
    if let Photo::Set(new) = &save.photo {
        media::insert(conn, new, now)?;
    }
    let is_new = match allowed {
        Ok(timing) => insert(conn, page, save, timing, now)?,
        Err(_) => false,
    };
    if !is_new && change(conn, page, save, now)? == 0 {
        // Taken out at the same moment.
        return Err(AppError::NotFound("the day"));
    }
    let entry = of_day(conn, page, save.day)?.ok_or(AppError::NotFound("the day"))?;
    let old = before.and_then(|before| before.photo);
    let old = old.filter(|old| entry.photo != Some(*old));
    if let Some(old) = old {
        media::remove(conn, old, now)?;
    }
    let mut withdrawn = photos::follow(conn, page, now)?.hidden;
    withdrawn.extend(old);
    if is_new {
        tallies::add(conn, counted(of), Tally::DAY)?;
    }
    Ok(Saved {
        entry,
        is_new,
        withdrawn,
    })
}

/// The one tap: the same again today. A day that is written already stays as it is.
///
/// # Errors
/// As [`save`].
pub fn same_again(
    conn: &mut Conn,
    of: &PageOverview,
    id: EntryId,
    now: Timestamp,
) -> AppResult<bool> {
    let season = Season::of(&of.campaign);
    let today = season.is_open(season.today(now))?;
    let timing = season.may_write(today, Some(today))?;
    let day = SaveDay {
        id,
        day: today,
        outfit: Outfit::Repeat,
        note: None,
        photo: Photo::Keep,
        photo_alt: None,
        is_public: None,
    };
    let is_new = insert(conn, of.page.id, &day, timing, now)?;
    if is_new {
        tallies::add(conn, counted(of), Tally::DAY)?;
    }
    Ok(is_new)
}

/// Inserts an entry unless the day has one; the unique index decides, whoever else writes at the same moment.
fn insert(
    conn: &mut Conn,
    page: PageId,
    save: &SaveDay,
    timing: Timing,
    now: Timestamp,
) -> AppResult<bool> {
    let photo = match &save.photo {
        Photo::Set(new) => Some(new.id),
        Photo::Keep | Photo::Remove => None,
    };
    let row = (
        diary_entries::id.eq(save.id),
        diary_entries::page_id.eq(page),
        diary_entries::day.eq(save.day),
        diary_entries::outfit.eq(save.outfit),
        diary_entries::note.eq(save.note.as_deref().unwrap_or_default()),
        diary_entries::photo.eq(photo),
        diary_entries::photo_alt.eq(save.photo_alt.as_deref().unwrap_or_default()),
        diary_entries::is_public.eq(save.is_public.unwrap_or(true)),
        diary_entries::is_backfill.eq(timing == Timing::Backfill),
        diary_entries::created_at.eq(now),
        diary_entries::updated_at.eq(now),
    );
    let inserted = each!(conn, c => diesel::insert_into(diary_entries::table)
        .values(row)
        .on_conflict((diary_entries::page_id, diary_entries::day))
        .do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

#[derive(AsChangeset)]
#[diesel(table_name = diary_entries)]
struct Change<'a> {
    outfit: Outfit,
    note: Option<&'a str>,
    photo: Option<Option<MediaId>>,
    photo_alt: Option<&'a str>,
    is_public: Option<bool>,
    updated_at: Timestamp,
}

fn change(conn: &mut Conn, page: PageId, save: &SaveDay, now: Timestamp) -> AppResult<usize> {
    let change = Change {
        outfit: save.outfit,
        note: save.note.as_deref(),
        photo: match &save.photo {
            Photo::Keep => None,
            Photo::Set(new) => Some(Some(new.id)),
            Photo::Remove => Some(None),
        },
        photo_alt: save.photo_alt.as_deref(),
        is_public: save.is_public,
        updated_at: now,
    };
    let target = diary_entries::table
        .filter(diary_entries::page_id.eq(page))
        .filter(diary_entries::day.eq(save.day));
    Ok(each!(conn, c => diesel::update(target).set(&change).execute(c))?)
}

/// Takes a day out, whenever its owner wants, with its photograph. Answers the entry that was there; nothing the second time.
///
/// # Errors
/// The database's.
pub fn remove(
    conn: &mut Conn,
    of: &PageOverview,
    day: Day,
    now: Timestamp,
) -> AppResult<Option<Entry>> {
    let Some(entry) = of_day(conn, of.page.id, day)? else {
        return Ok(None);
    };
    let target = diary_entries::table.find(entry.id);
    if each!(conn, c => diesel::delete(target).execute(c))? == 0 {
        return Ok(None);
    }
    if let Some(photo) = entry.photo {
        media::remove(conn, photo, now)?;
    }
    tallies::add(conn, counted(of), Tally::DAY.off())?;
    Ok(Some(entry))
}

/// Shows a page's diary to strangers, or to its owner alone. Answers the photographs that must not be seen any more.
///
/// # Errors
/// The database's.
pub fn set_public(
    conn: &mut Conn,
    page: PageId,
    is_public: bool,
    now: Timestamp,
) -> AppResult<Vec<MediaId>> {
    let target = pages::table.find(page);
    each!(conn, c => diesel::update(target)
        .set(pages::is_diary_public.eq(is_public))
        .execute(c))?;
    Ok(photos::follow(conn, page, now)?.hidden)
}

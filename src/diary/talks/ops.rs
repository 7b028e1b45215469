//! Telling of conversations. Counts are written with them.

use diesel::prelude::*;

use super::model::{Talk, TalkId, Who, counts, one};
use crate::db::Conn;
use crate::db::schema::conversations;
use crate::diary::ops::counted;
use crate::diary::rules::Season;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Timestamp};
use crate::pages::model::PageOverview;
use crate::totals::tallies;

/// A conversation as it is told.
#[derive(Debug, Clone)]
pub struct TellTalk {
    /// Made when the form was, so that the form tells of one conversation however often it is sent.
    pub id: TalkId,
    /// On which day.
    pub day: Day,
    /// Who asked.
    pub who: Who,
    /// They learned something new.
    pub learned: bool,
    /// They signed something.
    pub signed: bool,
    /// They gave.
    pub gave: bool,
    /// For the owner alone; empty for none.
    pub note: String,
}

/// Tells of a conversation; answers whether it is new. The same id a second time changes nothing.
///
/// # Errors
/// [`AppError::Invalid`] of `day` when the season does not take it.
pub fn tell(
    conn: &mut Conn,
    of: &PageOverview,
    talk: &TellTalk,
    now: Timestamp,
) -> AppResult<bool> {
    let season = Season::of(&of.campaign);
    season.may_tell(talk.day, season.today(now))?;
    let row = (
        conversations::id.eq(talk.id),
        conversations::page_id.eq(of.page.id),
        conversations::day.eq(talk.day),
        conversations::who.eq(talk.who),
        conversations::learned.eq(talk.learned),
        conversations::signed.eq(talk.signed),
        conversations::gave.eq(talk.gave),
        conversations::note.eq(&talk.note),
        conversations::created_at.eq(now),
    );
    let told = each!(conn, c => diesel::insert_into(conversations::table)
        .values(row)
        .on_conflict(conversations::id)
        .do_nothing()
        .execute(c))?;
    if told == 1 {
        let delta = counts((talk.learned, talk.signed, talk.gave));
        tallies::add(conn, counted(of), delta)?;
    }
    Ok(told == 1)
}

/// Changes what was told.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Invalid`] of `day` when it is moved to a day that the season does not take.
pub fn change(
    conn: &mut Conn,
    of: &PageOverview,
    talk: &TellTalk,
    now: Timestamp,
) -> AppResult<Talk> {
    let before = found(conn, of, talk.id)?;
    if before.day != talk.day {
        let season = Season::of(&of.campaign);
        season.may_tell(talk.day, season.today(now))?;
    }
    let target = conversations::table.find(talk.id);
    each!(conn, c => diesel::update(target)
        .set((
            conversations::day.eq(talk.day),
            conversations::who.eq(talk.who),
            conversations::learned.eq(talk.learned),
            conversations::signed.eq(talk.signed),
            conversations::gave.eq(talk.gave),
            conversations::note.eq(&talk.note),
        ))
        .execute(c))?;
    let after = counts((talk.learned, talk.signed, talk.gave));
    tallies::add(conn, counted(of), after.plus(before.counts(), -1))?;
    found(conn, of, talk.id)
}

fn found(conn: &mut Conn, of: &PageOverview, id: TalkId) -> AppResult<Talk> {
    one(conn, of.page.id, id)?.ok_or(AppError::NotFound("the conversation"))
}

/// Takes a conversation out; answers whether it was there.
///
/// # Errors
/// The database's.
pub fn remove(conn: &mut Conn, of: &PageOverview, id: TalkId) -> AppResult<bool> {
    let Some(talk) = one(conn, of.page.id, id)? else {
        return Ok(false);
    };
    let target = conversations::table.find(id);
    if each!(conn, c => diesel::delete(target).execute(c))? == 0 {
        return Ok(false);
    }
    tallies::add(conn, counted(of), talk.counts().off())?;
    Ok(true)
}

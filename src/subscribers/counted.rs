//! A reader's word on being counted by name: which newsletters they open, which links they follow. Off until they tick it;
//! a no takes what was noted with it.

use diesel::prelude::*;

use super::model::{Subscriber, SubscriberId};
use super::proofs::{self, Act, Said};
use crate::db::Conn;
use crate::db::schema::{newsletter_signs, newsletters, subscribers};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;

/// What the tick in the preference centre says; kept with the proof.
pub const COUNTED_WORDING: &str = "[2026-11] Ticked in the preference centre: you may note, with my name, which newsletters I open and which of their links I follow, until I untick this.";

/// Keeps a reader's word: a yes from now on, with its proof; a no wipes what was noted of them. A repeat changes nothing.
///
/// # Errors
/// The database's.
pub fn keep(
    conn: &mut Conn,
    reader: SubscriberId,
    wants: bool,
    said: &Said,
    now: Timestamp,
) -> AppResult<()> {
    if !wants {
        let agreed = subscribers::table
            .find(reader)
            .filter(subscribers::counted_since.is_not_null());
        let changed = each!(conn, c => diesel::update(agreed)
            .set(subscribers::counted_since.eq(None::<Timestamp>))
            .execute(c))?;
        if changed > 0 {
            proofs::keep(conn, (reader, None), Act::Uncounted, said, now)?;
        }
        return forget(conn, reader);
    }
    let silent = subscribers::table
        .find(reader)
        .filter(subscribers::counted_since.is_null());
    let changed = each!(conn, c => diesel::update(silent)
        .set(subscribers::counted_since.eq(now))
        .execute(c))?;
    if changed > 0 {
        let said = said.clone().in_words(COUNTED_WORDING);
        proofs::keep(conn, (reader, None), Act::Counted, &said, now)?;
    }
    Ok(())
}

/// Wipes what was noted of a reader; counts without names stay.
///
/// # Errors
/// The database's.
pub(super) fn forget(conn: &mut Conn, reader: SubscriberId) -> AppResult<()> {
    let noted = newsletter_signs::table.filter(newsletter_signs::subscriber_id.eq(reader));
    each!(conn, c => diesel::delete(noted).execute(c))?;
    Ok(())
}

/// Two readers are one: by name only where both agreed, and then with what was noted of either.
///
/// # Errors
/// The database's.
pub(super) fn unite(
    conn: &mut Conn,
    (old, kept): (&Subscriber, &Subscriber),
    now: Timestamp,
) -> AppResult<()> {
    if old.counted_since.is_none() || kept.counted_since.is_none() {
        forget(conn, old.id)?;
        let said = Said::by(proofs::Door::Staff);
        return keep(conn, kept.id, false, &said, now);
    }
    type Row = (String, String, i32, Timestamp);
    let query = newsletter_signs::table
        .filter(newsletter_signs::subscriber_id.eq(old.id))
        .select((
            newsletter_signs::newsletter_id,
            newsletter_signs::kind,
            newsletter_signs::link,
            newsletter_signs::at,
        ));
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    let row = |(newsletter, kind, link, at): Row| {
        (
            newsletter_signs::newsletter_id.eq(newsletter),
            newsletter_signs::subscriber_id.eq(kept.id),
            newsletter_signs::kind.eq(kind),
            newsletter_signs::link.eq(link),
            newsletter_signs::at.eq(at),
        )
    };
    let rows: Vec<_> = rows.into_iter().map(row).collect();
    for chunk in rows.chunks(1_000) {
        each!(conn, c => diesel::insert_into(newsletter_signs::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    forget(conn, old.id)
}

/// What a reader did with a newsletter, as they and staff see it.
#[derive(Debug, Clone, Queryable)]
pub struct Noted {
    /// The newsletter.
    pub title: String,
    /// `open` or `click`.
    pub kind: String,
    /// The link's number; 0 of an opening.
    pub link: i32,
    /// When, the last time.
    pub at: Timestamp,
}

/// What was noted of a reader, newest first.
///
/// # Errors
/// The database's.
pub fn noted(conn: &mut Conn, reader: SubscriberId, most: i64) -> AppResult<Vec<Noted>> {
    let query = newsletter_signs::table
        .inner_join(newsletters::table.on(newsletters::id.eq(newsletter_signs::newsletter_id)))
        .filter(newsletter_signs::subscriber_id.eq(reader))
        .order(newsletter_signs::at.desc())
        .limit(most)
        .select((
            newsletters::title,
            newsletter_signs::kind,
            newsletter_signs::link,
            newsletter_signs::at,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

//! Writing down what was opened and followed.

use chrono::Duration;
use diesel::prelude::*;

use super::HitKind;
use super::judge::{AT_ONCE_SECONDS, is_a_sweep, is_too_soon};
use super::settings::{self, Counting};
use crate::db::Conn;
use crate::db::schema::{
    deliveries, newsletter_hits, newsletter_links, newsletter_signs, subscribers,
};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::NewsletterId;
use crate::subscribers::SubscriberId;
use crate::subscribers::model::standing_for;

/// Something that was fetched.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// Of which newsletter.
    pub newsletter: NewsletterId,
    /// In whose mail, where they had agreed when it was made.
    pub reader: Option<SubscriberId>,
    /// The link's number; none of an opening.
    pub link: Option<i32>,
    /// Whether the request gave itself away as a machine's ([`super::judge::is_machine`]).
    pub is_machine: bool,
}

/// Keeps where the links of a newsletter lead, by number; again changes nothing.
///
/// # Errors
/// The database's.
pub fn keep_links(conn: &mut Conn, id: NewsletterId, links: &[String]) -> AppResult<()> {
    let rows: Vec<_> = (0..)
        .zip(links)
        .map(|(number, url): (i32, &String)| {
            (
                newsletter_links::newsletter_id.eq(id),
                newsletter_links::link.eq(number),
                newsletter_links::url.eq(url),
            )
        })
        .collect();
    each!(conn, c => diesel::insert_into(newsletter_links::table)
        .values(&rows)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Where a link leads.
///
/// # Errors
/// The database's.
pub fn target(conn: &mut Conn, id: NewsletterId, link: i32) -> AppResult<Option<String>> {
    let query = newsletter_links::table
        .find((id, link))
        .select(newsletter_links::url);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// Counts a hit, and notes it of its reader, where they agree still. Nothing happens while counting is switched off.
///
/// # Errors
/// The database's.
pub fn hit(conn: &mut Conn, hit: &Hit, now: Timestamp) -> AppResult<()> {
    let (on, settled) = (settings::now(conn)?, settings::of(conn, hit.newsletter)?);
    let wanted = |of: Counting| {
        if hit.link.is_some() {
            of.clicks
        } else {
            of.opens
        }
    };
    if !wanted(on) || !wanted(settled) {
        return Ok(());
    }
    let reader = match hit.reader {
        Some(reader) => agreeing(conn, reader)?,
        None => None,
    };
    let is_machine = match (reader, hit.link) {
        _ if hit.is_machine => true,
        (Some(reader), Some(link)) => is_scanner(conn, hit.newsletter, (reader, link), now)?,
        _ => false,
    };
    let kind = match (hit.link, is_machine) {
        (None, false) => HitKind::Open,
        (None, true) => HitKind::MachineOpen,
        (Some(_), false) => HitKind::Click,
        (Some(_), true) => HitKind::MachineClick,
    };
    count(conn, hit.newsletter, (kind, hit.link.unwrap_or(0)), now)?;
    match reader {
        Some(reader) if !is_machine => note(conn, hit, reader, kind, now),
        _ => Ok(()),
    }
}

/// The reader as they stand now, if they agree to be known.
fn agreeing(conn: &mut Conn, reader: SubscriberId) -> AppResult<Option<SubscriberId>> {
    let here = subscribers::table.find(reader).count();
    let here: i64 = each!(conn, c => here.get_result(c))?;
    if here == 0 {
        return Ok(None);
    }
    let standing = standing_for(conn, reader)?;
    Ok(standing.counted_since.map(|_| standing.id))
}

/// Whether a click of somebody's mail comes from what scans it. Links that went before within the same moment were the
/// scanner's too: they are taken back.
fn is_scanner(
    conn: &mut Conn,
    newsletter: NewsletterId,
    (reader, link): (SubscriberId, i32),
    now: Timestamp,
) -> AppResult<bool> {
    let sent = deliveries::table
        .filter(deliveries::newsletter_id.eq(newsletter))
        .filter(deliveries::subscriber_id.eq(reader))
        .select(deliveries::sent_at);
    let sent: Option<Option<Timestamp>> = each!(conn, c => sent.first(c).optional())?;
    if is_too_soon(sent.flatten(), now) {
        return Ok(true);
    }
    let recent = newsletter_signs::table
        .filter(newsletter_signs::newsletter_id.eq(newsletter))
        .filter(newsletter_signs::subscriber_id.eq(reader))
        .filter(newsletter_signs::kind.eq_any([HitKind::Click, HitKind::MachineClick]))
        .filter(newsletter_signs::at.ge(now.minus(Duration::seconds(AT_ONCE_SECONDS))))
        .select((
            newsletter_signs::kind,
            newsletter_signs::link,
            newsletter_signs::at,
        ));
    let recent: Vec<(HitKind, i32, Timestamp)> = each!(conn, c => recent.load(c))?;
    let last: Vec<(i32, Timestamp)> = recent.iter().map(|(_, link, at)| (*link, *at)).collect();
    if !is_a_sweep(link, now, &last) {
        return Ok(false);
    }
    for (kind, link, at) in recent {
        if kind == HitKind::Click {
            take_back(conn, newsletter, (reader, link), at)?;
        }
    }
    sign(conn, newsletter, reader, (HitKind::MachineClick, link), now)?;
    Ok(true)
}

/// A click that turns out to be a scanner's: it stays as that, so that the rest of the sweep is known by it.
fn take_back(
    conn: &mut Conn,
    newsletter: NewsletterId,
    (reader, link): (SubscriberId, i32),
    at: Timestamp,
) -> AppResult<()> {
    let key = (newsletter, reader, HitKind::Click, link);
    each!(conn, c => diesel::delete(newsletter_signs::table.find(key)).execute(c))?;
    sign(conn, newsletter, reader, (HitKind::MachineClick, link), at)?;
    let counted = newsletter_hits::table
        .find((newsletter, HitKind::Click, link, hour_of(at)))
        .filter(newsletter_hits::hits.gt(0));
    each!(conn, c => diesel::update(counted)
        .set(newsletter_hits::hits.eq(newsletter_hits::hits - 1))
        .execute(c))?;
    count(conn, newsletter, (HitKind::MachineClick, link), at)
}

/// The hour since 1970 that a moment lies in.
pub(super) fn hour_of(at: Timestamp) -> i64 {
    at.seconds().div_euclid(3_600)
}

fn count(
    conn: &mut Conn,
    newsletter: NewsletterId,
    (kind, link): (HitKind, i32),
    at: Timestamp,
) -> AppResult<()> {
    let row = (
        newsletter_hits::newsletter_id.eq(newsletter),
        newsletter_hits::kind.eq(kind),
        newsletter_hits::link.eq(link),
        newsletter_hits::hour.eq(hour_of(at)),
        newsletter_hits::hits.eq(1),
    );
    let key = (
        newsletter_hits::newsletter_id,
        newsletter_hits::kind,
        newsletter_hits::link,
        newsletter_hits::hour,
    );
    each!(conn, c => diesel::insert_into(newsletter_hits::table)
        .values(row)
        .on_conflict(key)
        .do_update()
        .set(newsletter_hits::hits.eq(newsletter_hits::hits + 1))
        .execute(c))?;
    Ok(())
}

/// Notes who it was: the first opening, and the last click of each link, since a gift follows the last one.
fn note(
    conn: &mut Conn,
    hit: &Hit,
    reader: SubscriberId,
    kind: HitKind,
    now: Timestamp,
) -> AppResult<()> {
    if kind == HitKind::Click {
        let link = hit.link.unwrap_or(0);
        sign(conn, hit.newsletter, reader, (kind, link), now)?;
    }
    // Who follows a link has opened the mail, whether their mail program shows pictures or not.
    let counts = settings::of(conn, hit.newsletter)?.opens;
    if kind == HitKind::Open || counts {
        let row = row(hit.newsletter, reader, (HitKind::Open, 0), now);
        each!(conn, c => diesel::insert_into(newsletter_signs::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Notes something of a reader, with the time of the last one.
fn sign(
    conn: &mut Conn,
    newsletter: NewsletterId,
    reader: SubscriberId,
    what: (HitKind, i32),
    at: Timestamp,
) -> AppResult<()> {
    let key = (
        newsletter_signs::newsletter_id,
        newsletter_signs::subscriber_id,
        newsletter_signs::kind,
        newsletter_signs::link,
    );
    let row = row(newsletter, reader, what, at);
    each!(conn, c => diesel::insert_into(newsletter_signs::table)
        .values(row)
        .on_conflict(key)
        .do_update()
        .set(newsletter_signs::at.eq(at))
        .execute(c))?;
    Ok(())
}

type Sign = (
    diesel::dsl::Eq<newsletter_signs::newsletter_id, NewsletterId>,
    diesel::dsl::Eq<newsletter_signs::subscriber_id, SubscriberId>,
    diesel::dsl::Eq<newsletter_signs::kind, HitKind>,
    diesel::dsl::Eq<newsletter_signs::link, i32>,
    diesel::dsl::Eq<newsletter_signs::at, Timestamp>,
);

fn row(
    newsletter: NewsletterId,
    reader: SubscriberId,
    (kind, link): (HitKind, i32),
    at: Timestamp,
) -> Sign {
    (
        newsletter_signs::newsletter_id.eq(newsletter),
        newsletter_signs::subscriber_id.eq(reader),
        newsletter_signs::kind.eq(kind),
        newsletter_signs::link.eq(link),
        newsletter_signs::at.eq(at),
    )
}

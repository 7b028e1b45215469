//! Which newsletter a gift followed: the one whose link was followed last, within seven days, decided when it is paid.
//!
//! Two things tell: the gift came by a newsletter's link itself (its `utm_source` is the newsletter's id), or its donor is a reader who
//! agreed to be counted and followed a link before. No cookie is set, so what else there is stays unknown.

use std::collections::BTreeMap;

use chrono::Duration;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{donations, newsletter_gifts, newsletter_signs, newsletters, subscribers};
use crate::each;
use crate::error::AppResult;
use crate::ids::DonationId;
use crate::kernel::Timestamp;

/// A gift counts as following a link for so many days.
pub const DAYS: i64 = 7;

/// Notes which of these gifts, paid now, followed a newsletter. Two queries for a batch that followed none.
///
/// # Errors
/// The database's.
pub fn follow(conn: &mut Conn, paid: &[DonationId], now: Timestamp) -> AppResult<()> {
    let mut followed: BTreeMap<DonationId, String> = BTreeMap::new();
    for chunk in paid.chunks(1_000) {
        let query = donations::table
            .inner_join(
                subscribers::table
                    .on(subscribers::supporter_id.eq(donations::supporter_id.nullable())),
            )
            .inner_join(
                newsletter_signs::table.on(newsletter_signs::subscriber_id.eq(subscribers::id)),
            )
            .filter(donations::id.eq_any(chunk))
            .filter(subscribers::counted_since.is_not_null())
            .filter(newsletter_signs::kind.eq("click"))
            .filter(newsletter_signs::at.ge(now.minus(Duration::days(DAYS))))
            .order(newsletter_signs::at)
            .select((donations::id, newsletter_signs::newsletter_id));
        // The last one stays.
        followed.extend(each!(conn, c => query.load::<(DonationId, String)>(c))?);
        // By the link itself: nothing was followed later.
        let query = donations::table
            .inner_join(newsletters::table.on(donations::source.eq(newsletters::id.nullable())))
            .filter(donations::id.eq_any(chunk))
            .select((donations::id, newsletters::id));
        followed.extend(each!(conn, c => query.load::<(DonationId, String)>(c))?);
    }
    let rows: Vec<_> = followed
        .into_iter()
        .map(|(gift, newsletter)| {
            (
                newsletter_gifts::donation_id.eq(gift),
                newsletter_gifts::newsletter_id.eq(newsletter),
                newsletter_gifts::at.eq(now),
            )
        })
        .collect();
    for chunk in rows.chunks(1_000) {
        each!(conn, c => diesel::insert_into(newsletter_gifts::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

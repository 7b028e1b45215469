//! Who got a bulk mail when: newsletters, steps of sequences and the coach's letters alike.

use std::collections::BTreeMap;

use chrono::Duration;
use diesel::dsl::max;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{coaching_mails, deliveries, subscribers};
use crate::deliveries::DeliveryState;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::subscribers::SubscriberId;

/// No sequence keeps more days between mails.
pub const MOST_DAYS: i32 = 60;

/// When each of these people last got a bulk mail, or had one put on its way. Three queries, by index, over the last
/// [`MOST_DAYS`] days.
///
/// # Errors
/// The database's.
pub fn last_mails(
    conn: &mut Conn,
    people: &[SubscriberId],
    now: Timestamp,
) -> AppResult<BTreeMap<SubscriberId, Timestamp>> {
    let since = now.minus(Duration::try_days(i64::from(MOST_DAYS)).unwrap_or_default());
    let mut last: BTreeMap<SubscriberId, Timestamp> = BTreeMap::new();
    let mut note = |rows: Vec<(SubscriberId, Option<Timestamp>)>| {
        for (person, at) in rows {
            if let Some(at) = at {
                let known = last.entry(person).or_insert(at);
                *known = at.max(*known);
            }
        }
    };
    for chunk in people.chunks(1_000) {
        let sent = deliveries::table
            .filter(deliveries::subscriber_id.eq_any(chunk))
            .filter(deliveries::sent_at.gt(since))
            .group_by(deliveries::subscriber_id)
            .select((deliveries::subscriber_id, max(deliveries::sent_at)));
        note(each!(conn, c => sent.load(c))?);
        let on_the_way = deliveries::table
            .filter(deliveries::subscriber_id.eq_any(chunk))
            .filter(deliveries::sent_at.is_null())
            .filter(deliveries::state.eq_any([
                DeliveryState::Queued,
                DeliveryState::Sending,
                DeliveryState::Unknown,
            ]))
            .group_by(deliveries::subscriber_id)
            .select((deliveries::subscriber_id, max(deliveries::changed_at)));
        note(each!(conn, c => on_the_way.load(c))?);
        let coached = subscribers::table
            .inner_join(
                coaching_mails::table
                    .on(coaching_mails::user_id.nullable().eq(subscribers::user_id)),
            )
            .filter(subscribers::id.eq_any(chunk))
            .filter(coaching_mails::is_mailed.eq(true))
            .filter(coaching_mails::decided_at.gt(since))
            .group_by(subscribers::id)
            .select((subscribers::id, max(coaching_mails::decided_at)));
        note(each!(conn, c => coached.load(c))?);
    }
    Ok(last)
}

//! Who got a bulk mail when: newsletters, steps of sequences and the coach's letters alike.

use std::collections::BTreeMap;

use chrono::Duration;
use diesel::dsl::max;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{coaching_mails, deliveries, newsletters, subscribers};
use crate::deliveries::DeliveryState;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::NewsletterState;
use crate::subscribers::SubscriberId;

/// No sequence keeps more days between mails.
pub const MOST_DAYS: i32 = 60;

/// When each of these people last got a bulk mail, or had one put on its way. Four queries, by index, over the last
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
        // What is still to leave leaves at any moment.
        let under_way = [NewsletterState::Sending, NewsletterState::Paused];
        let waiting = deliveries::table
            .inner_join(newsletters::table.on(newsletters::id.eq(deliveries::newsletter_id)))
            .filter(deliveries::subscriber_id.eq_any(chunk))
            .filter(deliveries::state.eq_any([DeliveryState::Queued, DeliveryState::Sending]))
            .filter(newsletters::state.eq_any(under_way))
            .select(deliveries::subscriber_id)
            .distinct();
        let waiting: Vec<SubscriberId> = each!(conn, c => waiting.load(c))?;
        note(
            waiting
                .into_iter()
                .map(|person| (person, Some(now)))
                .collect(),
        );
        let in_doubt = deliveries::table
            .filter(deliveries::subscriber_id.eq_any(chunk))
            .filter(deliveries::sent_at.is_null())
            .filter(deliveries::state.eq(DeliveryState::Unknown))
            .group_by(deliveries::subscriber_id)
            .select((deliveries::subscriber_id, max(deliveries::changed_at)));
        note(each!(conn, c => in_doubt.load(c))?);
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

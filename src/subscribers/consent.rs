//! Who may be written to: asked when an audience is frozen, and again in the transaction that claims (N5).

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::model::{ListId, SubscriberId, SubscriptionState};
use crate::db::Conn;
use crate::db::schema::{subscribers, subscriptions, suppressions, topic_mutes};
use crate::each;
use crate::error::AppResult;

crate::words! {
    /// Why somebody is passed over.
    pub enum Why {
        /// They left everything.
        LeftAll = "left_all",
        /// They left every list through which this newsletter came to them.
        LeftList = "left_list",
        /// Their address is suppressed.
        Suppressed = "suppressed",
        /// They switched this topic off.
        TopicOff = "topic_off",
        /// They had enough mail lately.
        Capped = "capped",
    }
}

/// Who of `people` must not get bulk mail that comes through `through`, and why. A newsletter that goes through no list (to
/// participants of a season, say) asks with none.
///
/// # Errors
/// The database's.
pub fn refused_among(
    conn: &mut Conn,
    people: &[SubscriberId],
    through: &[ListId],
) -> AppResult<BTreeMap<SubscriberId, Why>> {
    refused_about(conn, people, through, None)
}

/// As [`refused_among`], of mail about `topic`, which a reader may have switched off. The gravest reason is told: suppressed,
/// left everything, left the list, switched the topic off.
///
/// # Errors
/// The database's.
pub fn refused_about(
    conn: &mut Conn,
    people: &[SubscriberId],
    through: &[ListId],
    topic: Option<&str>,
) -> AppResult<BTreeMap<SubscriberId, Why>> {
    let mut refused = BTreeMap::new();
    for chunk in people.chunks(1_000) {
        if let Some(topic) = topic {
            let off = topic_mutes::table
                .filter(topic_mutes::subscriber_id.eq_any(chunk))
                .filter(topic_mutes::topic.eq(topic))
                .select(topic_mutes::subscriber_id);
            let off: Vec<SubscriberId> = each!(conn, c => off.load(c))?;
            refused.extend(off.into_iter().map(|id| (id, Why::TopicOff)));
        }
        if !through.is_empty() {
            let on = subscriptions::table
                .filter(subscriptions::subscriber_id.eq_any(chunk))
                .filter(subscriptions::list_id.eq_any(through))
                .filter(subscriptions::state.eq(SubscriptionState::Confirmed))
                .select(subscriptions::subscriber_id);
            let on: Vec<SubscriberId> = each!(conn, c => on.load(c))?;
            let on: BTreeSet<SubscriberId> = on.into_iter().collect();
            let off = chunk.iter().filter(|id| !on.contains(id));
            refused.extend(off.map(|id| (*id, Why::LeftList)));
        }
        let left = subscribers::table
            .filter(subscribers::id.eq_any(chunk))
            .filter(subscribers::left_all_at.is_not_null())
            .select(subscribers::id);
        let left: Vec<SubscriberId> = each!(conn, c => left.load(c))?;
        refused.extend(left.into_iter().map(|id| (id, Why::LeftAll)));
        let suppressed = subscribers::table
            .inner_join(
                suppressions::table.on(suppressions::email_folded.eq(subscribers::email_folded)),
            )
            .filter(subscribers::id.eq_any(chunk))
            .select(subscribers::id);
        let suppressed: Vec<SubscriberId> = each!(conn, c => suppressed.load(c))?;
        refused.extend(suppressed.into_iter().map(|id| (id, Why::Suppressed)));
    }
    Ok(refused)
}

/// Who of `people` is on no list at all.
///
/// # Errors
/// The database's.
pub fn on_no_list(conn: &mut Conn, people: &[SubscriberId]) -> AppResult<Vec<SubscriberId>> {
    let mut none = Vec::new();
    for chunk in people.chunks(1_000) {
        let on = subscriptions::table
            .filter(subscriptions::subscriber_id.eq_any(chunk))
            .filter(subscriptions::state.eq(SubscriptionState::Confirmed))
            .select(subscriptions::subscriber_id)
            .distinct();
        let on: Vec<SubscriberId> = each!(conn, c => on.load(c))?;
        let on: BTreeSet<SubscriberId> = on.into_iter().collect();
        none.extend(chunk.iter().filter(|id| !on.contains(id)));
    }
    Ok(none)
}

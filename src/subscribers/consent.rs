//! Who may be written to: asked when an audience is frozen, and again in the transaction that claims (N5).

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{ListId, SubscriberId, SubscriptionState};
use crate::db::Conn;
use crate::db::schema::{subscribers, subscriptions, suppressions};
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
    let mut refused = BTreeMap::new();
    for chunk in people.chunks(1_000) {
        if !through.is_empty() {
            let on = subscriptions::table
                .filter(subscriptions::subscriber_id.eq_any(chunk))
                .filter(subscriptions::list_id.eq_any(through))
                .filter(subscriptions::state.eq(SubscriptionState::Confirmed))
                .select(subscriptions::subscriber_id);
            let on: Vec<SubscriberId> = each!(conn, c => on.load(c))?;
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

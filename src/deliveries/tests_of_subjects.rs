//! Which of two subjects did better.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::DeliveryState;
use crate::db::Conn;
use crate::db::schema::{deliveries, newsletter_signs};
use crate::each;
use crate::error::AppResult;
use crate::newsletters::NewsletterId;

/// The subject whose readers followed more links, or else opened more, of a hundred written to; the first one, where
/// neither is known (analytics are off unless an organisation switches them on).
pub(super) fn winner(conn: &mut Conn, id: NewsletterId) -> AppResult<&'static str> {
    let query = deliveries::table
        .filter(deliveries::newsletter_id.eq(id))
        .filter(deliveries::state.eq(DeliveryState::Sent))
        .group_by(deliveries::variant)
        .select((deliveries::variant, diesel::dsl::count_star()));
    let sent: Vec<(String, i64)> = each!(conn, c => query.load(c))?;
    let sent: BTreeMap<String, i64> = sent.into_iter().collect();
    for kind in ["click", "open"] {
        let query = newsletter_signs::table
            .inner_join(
                deliveries::table.on(deliveries::newsletter_id
                    .eq(newsletter_signs::newsletter_id)
                    .and(deliveries::subscriber_id.eq(newsletter_signs::subscriber_id))),
            )
            .filter(newsletter_signs::newsletter_id.eq(id))
            .filter(newsletter_signs::kind.eq(kind))
            .group_by(deliveries::variant)
            .select((
                deliveries::variant,
                diesel::dsl::count(newsletter_signs::subscriber_id).aggregate_distinct(),
            ));
        let seen: Vec<(String, i64)> = each!(conn, c => query.load(c))?;
        let seen: BTreeMap<String, i64> = seen.into_iter().collect();
        let of = |all: &BTreeMap<String, i64>, word: &str| all.get(word).copied().unwrap_or(0);
        // a/sent_a against b/sent_b, without fractions.
        let a = of(&seen, "a").saturating_mul(of(&sent, "b").max(1));
        let b = of(&seen, "b").saturating_mul(of(&sent, "a").max(1));
        if a != b {
            return Ok(if a > b { "a" } else { "b" });
        }
    }
    Ok("a")
}

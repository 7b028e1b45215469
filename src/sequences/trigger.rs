//! To whom it happened, as one query: raw SQL around the audience's, for the same reasons ([`crate::segments::compile()`]).

use super::rules::Trigger;
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::{Day, Timestamp, Zone};
use crate::segments::{Audience, Bind, Compiled};

/// A season, as far as a trigger needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Season {
    pub(super) id: CampaignId,
    pub(super) zone: Zone,
    pub(super) giving_until: Day,
}

impl Season {
    /// Of a sequence, if it has one.
    pub(super) fn of(conn: &mut Conn, id: Option<CampaignId>) -> AppResult<Option<Self>> {
        let Some(id) = id else {
            return Ok(None);
        };
        let season = crate::campaigns::model::by_id(conn, id)?;
        Ok(Some(Self {
            id,
            zone: season.time_zone,
            giving_until: season.giving_until,
        }))
    }

    /// Nine in the morning of the day so many days before giving ends.
    fn nearly_over(&self, days: i64) -> Option<Timestamp> {
        let before = chrono::Duration::try_days(days)?;
        let day = self.giving_until.date().checked_sub_signed(before)?;
        let local = day.and_hms_opt(9, 0, 0)?.and_local_timezone(self.zone.tz());
        Some(local.earliest()?.with_timezone(&chrono::Utc).into())
    }
}

const GIVEN: &str = "d.status NOT IN ('pending', 'failed', 'expired', 'refunded', 'disputed')";

fn text(value: impl ToString) -> Compiled {
    Compiled::value(Bind::Text(value.to_string()))
}

fn in_season(sql: Compiled, table: &str, season: Option<Season>) -> Compiled {
    match season {
        Some(season) => sql
            .and(&format!(" AND {table}.campaign_id = "))
            .then(&text(season.id)),
        None => sql,
    }
}

/// When it happened to `s`, as an expression that is NULL where it did not; `None` where it cannot happen to anybody. With
/// `since`, only what had not happened before then: a page that was past a share of its goal reaches it no more.
pub(super) fn happened(
    trigger: Trigger,
    audience: &Audience,
    season: Option<Season>,
    since: Option<Timestamp>,
) -> Option<Compiled> {
    let gift = |which: &str| {
        let sql = format!(
            "(SELECT {which}(d.paid_at) FROM donations d WHERE d.supporter_id = s.supporter_id AND {GIVEN}"
        );
        in_season(Compiled::plain(&sql), "d", season).and(")")
    };
    let page = |when: &str, state: &str| {
        let sql = format!(
            "(SELECT MIN({when}) FROM pages p WHERE p.owner_id = s.user_id AND p.status {state}"
        );
        in_season(Compiled::plain(&sql), "p", season).and(")")
    };
    Some(match trigger {
        Trigger::SignedUp if audience.lists.is_empty() => {
            page("p.created_at", "IN ('draft', 'live')")
        }
        Trigger::SignedUp => {
            let mut sql = Compiled::plain(
                "(SELECT MIN(o.changed_at) FROM subscriptions o WHERE o.subscriber_id = s.id AND o.state = 'confirmed' AND o.list_id IN (NULL",
            );
            for list in &audience.lists {
                sql = sql.and(", ").then(&text(list));
            }
            sql.and("))")
        }
        Trigger::PageLive => page("COALESCE(p.published_at, p.created_at)", "= 'live'"),
        Trigger::FirstGift => gift("MIN"),
        Trigger::NoGift { .. } => gift("MAX"),
        Trigger::Milestone { percent } => {
            let percent = Compiled::value(Bind::Number(percent));
            let mut sql = Compiled::plain("(SELECT MIN(t.reached_at) FROM pages p JOIN totals t ON t.scope = 'page' AND t.scope_id = p.id WHERE p.owner_id = s.user_id AND p.status = 'live' AND p.goal > 0 AND t.raised * 100 >= p.goal * ")
                .then(&percent);
            if let Some(since) = since {
                sql = sql
                    .and(&format!(" AND (SELECT COALESCE(SUM(d.charged), 0) FROM donations d WHERE d.page_id = p.id AND {GIVEN} AND d.paid_at < "))
                    .then(&Compiled::value(Bind::Time(since)))
                    .and(") * 100 < p.goal * ")
                    .then(&percent);
            }
            in_season(sql, "p", season).and(")")
        }
        Trigger::RecurringFailed => return None,
        Trigger::SeasonEnds { days } => {
            let at = season?.nearly_over(days)?;
            Compiled::value(Bind::Time(at))
        }
    })
}

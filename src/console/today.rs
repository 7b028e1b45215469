//! What waits for staff, and the numbers of a season: the reads of the console's home.

use chrono::Duration;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::scope::Scope;
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::{findings, jobs, offline_gifts, page_reports, pages};
use crate::each;
use crate::error::AppResult;
use crate::impact::reports::ReportState;
use crate::jobs::JobState;
use crate::kernel::{Day, Money, Timestamp};
use crate::pages::model::PageStatus;
use crate::stories::consents_waiting;

/// How many of what waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Waiting {
    /// Pages that were sent in.
    pub(super) pages: i64,
    /// Reports that nobody has looked at.
    pub(super) reports: i64,
    /// Offline entries that nobody has confirmed or declined.
    pub(super) offline: i64,
    /// Partners' reports that nobody has reviewed.
    pub(super) partner_reports: i64,
    /// Consents that lack a signature.
    pub(super) consents: i64,
    /// Consents that end within 30 days.
    pub(super) consents_ending: i64,
    /// Jobs that were given up.
    pub(super) jobs: i64,
    /// Findings of checks and reconciliation that are open.
    pub(super) findings: i64,
}

/// The most of one kind that is counted: beyond it the number stands for "many".
const MOST: i64 = 1_000;

/// Counts what waits within `scope`.
///
/// # Errors
/// The database's.
pub(super) fn waiting(conn: &mut Conn, scope: &Scope, now: Timestamp) -> AppResult<Waiting> {
    let mine: Option<Vec<_>> = scope.ids().map(<[_]>::to_vec);
    macro_rules! count {
        ($query:expr, $column:expr) => {{
            let found: Vec<i32> = each!(conn, c: Db => {
                let mut query = $query
                    .select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"))
                    .limit(MOST)
                    .into_boxed::<Db>();
                if let Some(mine) = &mine {
                    query = query.filter($column.eq_any(mine.clone()));
                }
                query.load(c)
            })?;
            i64::try_from(found.len()).unwrap_or(MOST)
        }};
    }
    let waits = pages::table.filter(pages::status.eq(PageStatus::Submitted));
    let pages = count!(waits, pages::campaign_id);
    let open = page_reports::table
        .inner_join(pages::table.on(pages::id.eq(page_reports::page_id)))
        .filter(page_reports::state.eq("open"));
    let reports = count!(open, pages::campaign_id);
    let pending = offline_gifts::table.filter(offline_gifts::state.eq("pending"));
    let offline = count!(pending, offline_gifts::campaign_id);
    let sent_in = super::partner_reports::visible(conn, scope, ReportState::InReview)?;
    // The vault is no season's: only who runs all of them is asked.
    let (consents, consents_ending) = if scope.is_whole() {
        consents_waiting(conn, now)?
    } else {
        (0, 0)
    };
    let dead = jobs::table.filter(jobs::state.eq(JobState::Dead)).count();
    let open = findings::table
        .filter(findings::closed_at.is_null())
        .count();
    Ok(Waiting {
        pages,
        reports,
        offline,
        partner_reports: i64::try_from(sent_in.len()).unwrap_or(MOST),
        consents,
        consents_ending,
        jobs: each!(conn, c => dead.get_result(c))?,
        findings: each!(conn, c => open.get_result(c))?,
    })
}

/// What one day of a season brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayFacts {
    /// The day, in the season's time zone.
    pub(super) day: Day,
    /// Pages made.
    pub(super) pages: i64,
    /// Gifts paid.
    pub(super) gifts: i64,
    /// What they were charged together, refunds taken off.
    pub(super) raised: Money,
}

/// How many days the charts show.
pub(super) const DAYS: i64 = 42;

#[derive(QueryableByName)]
struct Slot {
    #[diesel(sql_type = Text)]
    slot: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = BigInt)]
    sum: i64,
}

/// Ten minutes are the smallest slot in which every zone's days begin and end, but those that are off by a quarter of
/// an hour; both engines write an instant as `2026-12-01 10:3…`.
const GIFTS: &str = "SELECT substr(CAST(paid_at AS TEXT), 1, 15) AS slot, COUNT(*) AS n, \
     CAST(SUM(charged - refunded) AS BIGINT) AS sum FROM donations \
     WHERE campaign_id = $1 AND paid_at >= $2 GROUP BY 1";
const PAGES: &str = "SELECT substr(CAST(created_at AS TEXT), 1, 15) AS slot, COUNT(*) AS n, CAST(0 AS BIGINT) AS sum \
     FROM pages WHERE campaign_id = $1 AND created_at >= $2 GROUP BY 1";

/// The last days of a season up to today, in its time zone, in two statements whose cost is that of those days.
///
/// # Errors
/// The database's.
pub(super) fn days(
    conn: &mut Conn,
    campaign: &Campaign,
    now: Timestamp,
) -> AppResult<Vec<DayFacts>> {
    let since = now.minus(Duration::days(DAYS));
    let mut facts: Vec<DayFacts> = (0..DAYS)
        .rev()
        .filter_map(|back| campaign.time_zone.day_of(now.minus(Duration::days(back))))
        .map(|day| DayFacts {
            day,
            pages: 0,
            gifts: 0,
            raised: Money::zero(campaign.currency),
        })
        .collect();
    facts.dedup_by_key(|facts| facts.day);
    for (query, is_gifts) in [(GIFTS, true), (PAGES, false)] {
        let slots: Vec<Slot> = each!(conn, c => diesel::sql_query(query)
            .bind::<Text, _>(campaign.id.to_string())
            .bind::<diesel::sql_types::Timestamp, _>(since.naive())
            .load(c))?;
        for slot in slots {
            let Some(day) = begins(&slot.slot).and_then(|at| campaign.time_zone.day_of(at)) else {
                continue;
            };
            let Some(facts) = facts.iter_mut().find(|facts| facts.day == day) else {
                continue;
            };
            if is_gifts {
                facts.gifts += slot.n;
                facts.raised = facts.raised.plus(Money::new(slot.sum, campaign.currency))?;
            } else {
                facts.pages += slot.n;
            }
        }
    }
    Ok(facts)
}

/// When a slot begins.
fn begins(slot: &str) -> Option<Timestamp> {
    let text = format!("{slot}0:00").replace('T', " ");
    chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S")
        .ok()
        .map(|at| at.and_utc().into())
}

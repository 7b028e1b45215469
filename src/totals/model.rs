//! Reading totals.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::Conn;
use crate::db::schema::totals;
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::{Currency, Limit, Listed, Money, Timestamp};

crate::words! {
    /// What a total is of.
    pub enum TotalScope {
        /// Every gift of the season.
        Campaign = "campaign",
        /// The gifts on one page.
        Page = "page",
        /// The gifts to a team and on its members' pages.
        Team = "team",
    }
}

/// What was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = totals)]
pub struct Total {
    /// Minor units, of `currency`.
    raised: i64,
    currency: Currency,
    /// Paid gifts.
    pub donations: i64,
    /// People who gave them.
    pub donors: i64,
    /// When `raised` came to be what it is.
    pub reached_at: Timestamp,
    /// What match pools add to these gifts, minor units; not in `raised`.
    matched: i64,
}

impl Total {
    /// The total of what nothing was given to yet.
    pub fn nothing(currency: Currency, since: Timestamp) -> Self {
        Self {
            raised: 0,
            currency,
            donations: 0,
            donors: 0,
            reached_at: since,
            matched: 0,
        }
    }

    /// What sponsors' match pools add to these gifts; it comes on top of [`Self::raised`].
    pub fn matched(&self) -> Money {
        Money::new(self.matched, self.currency)
    }

    /// What the cards were charged together, covered fees included, refunds taken off: the processor's gross.
    pub fn raised(&self) -> Money {
        Money::new(self.raised, self.currency)
    }
}

/// One place of a ranking.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = totals)]
pub struct Ranked {
    /// The id of the page or team.
    pub scope_id: String,
    /// What it raised.
    #[diesel(embed)]
    pub total: Total,
}

/// Where a ranking goes on: after this total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    raised: i64,
    reached_at: i64,
    scope_id: String,
}

impl Ranked {
    /// The place after this one.
    pub fn place(&self) -> Place {
        Place {
            raised: self.total.raised,
            reached_at: self.total.reached_at.micros(),
            scope_id: self.scope_id.clone(),
        }
    }
}

/// The total of one thing; `None` when the thing was never made.
///
/// # Errors
/// The database's.
pub fn of(conn: &mut Conn, scope: TotalScope, scope_id: &str) -> AppResult<Option<Total>> {
    let query = totals::table.find((scope, scope_id));
    Ok(each!(conn, c => query.select(Total::as_select()).first(c).optional())?)
}

/// The pages or teams of a campaign by what they raised, most first; ties by who got there first, then by id.
///
/// Its cost is that of `limit` rows however long the ranking is and wherever in it `after` points: the order is the
/// index `totals_ranked`, and the place after which it goes on is reached by up to three ranges of that index (same
/// amount at the same instant, same amount later, smaller amounts), since no engine turns one `OR` over mixed
/// directions into a range.
///
/// # Errors
/// The database's.
pub fn ranked(
    conn: &mut Conn,
    campaign: CampaignId,
    scope: TotalScope,
    after: Option<&Place>,
    limit: Limit,
) -> AppResult<Listed<Ranked>> {
    let mut rows = Vec::new();
    for range in ranges(after) {
        let missing = limit.and_one() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if missing > 0 {
            rows.extend(in_range(conn, campaign, scope, &range, missing)?);
        }
    }
    Ok(Listed::cut(rows, limit, Ranked::place))
}

/// A stretch of the ranking that is one range of its index.
enum Range {
    All,
    SameInstant(i64, Timestamp, String),
    SameAmountLater(i64, Timestamp),
    SmallerAmount(i64),
}

fn ranges(after: Option<&Place>) -> Vec<Range> {
    let Some(place) = after else {
        return vec![Range::All];
    };
    let smaller = Range::SmallerAmount(place.raised);
    match Timestamp::from_micros(place.reached_at) {
        Some(at) => vec![
            Range::SameInstant(place.raised, at, place.scope_id.clone()),
            Range::SameAmountLater(place.raised, at),
            smaller,
        ],
        None => vec![smaller],
    }
}

/// Ranges are written out rather than boxed, so that each is one statement whose plan a test can read.
macro_rules! ranking {
    ($campaign:expr, $scope:expr $(, $condition:expr)*) => {
        totals::table
            .filter(totals::campaign_id.eq($campaign))
            .filter(totals::scope.eq($scope))
            $(.filter($condition))*
            .order((totals::raised.desc(), totals::reached_at.asc(), totals::scope_id.asc()))
    };
}

#[cfg(test)]
pub(crate) use ranking;

fn in_range(
    conn: &mut Conn,
    campaign: CampaignId,
    scope: TotalScope,
    range: &Range,
    limit: i64,
) -> AppResult<Vec<Ranked>> {
    macro_rules! load {
        ($($condition:expr),*) => {
            each!(conn, c => ranking!(campaign, scope $(, $condition)*)
                .limit(limit)
                .select(Ranked::as_select())
                .load(c))
        };
    }
    Ok(match range {
        Range::All => load!(),
        Range::SameInstant(raised, at, id) => load!(
            totals::raised.eq(raised),
            totals::reached_at.eq(at),
            totals::scope_id.gt(id)
        ),
        Range::SameAmountLater(raised, at) => {
            load!(totals::raised.eq(raised), totals::reached_at.gt(at))
        }
        Range::SmallerAmount(raised) => load!(totals::raised.lt(raised)),
    }?)
}

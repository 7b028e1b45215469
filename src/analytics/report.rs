//! What came of newsletters, for staff: counts without names, shares of those who agreed to be known, gifts that followed.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::HitKind;
use crate::db::Conn;
use crate::db::schema::{
    deliveries, donations, newsletter_gifts, newsletter_hits, newsletter_links, newsletter_signs,
    subscribers,
};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Currency, Money, Timestamp};
use crate::newsletters::NewsletterId;
use crate::newsletters::facts::{COUNTS, GIVEN};

/// What came of one newsletter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaction {
    /// Openings and clicks, machines' among them: how often, not by whom.
    pub hits: BTreeMap<HitKind, i64>,
    /// How many of its readers agree to be counted by name.
    pub agreed: i64,
    /// How many of these opened it.
    pub opened_by: i64,
    /// How many of these followed one of its links.
    pub clicked_by: i64,
    /// Gifts that followed one of its links within seven days.
    pub gifts: i64,
    /// What they came to, without what went back, by currency.
    pub given: Vec<Money>,
}

impl Reaction {
    /// How often something was done.
    pub fn of(&self, kind: HitKind) -> i64 {
        self.hits.get(&kind).copied().unwrap_or(0)
    }
}

/// What came of these newsletters: five queries, however many they are.
///
/// # Errors
/// The database's.
pub fn reactions(
    conn: &mut Conn,
    ids: &[NewsletterId],
) -> AppResult<BTreeMap<NewsletterId, Reaction>> {
    let mut all: BTreeMap<NewsletterId, Reaction> = BTreeMap::new();
    let query = newsletter_hits::table
        .filter(newsletter_hits::newsletter_id.eq_any(ids))
        .group_by((newsletter_hits::newsletter_id, newsletter_hits::kind))
        .select((
            newsletter_hits::newsletter_id,
            newsletter_hits::kind,
            diesel::dsl::sql::<BigInt>("CAST(SUM(newsletter_hits.hits) AS BIGINT)"),
        ));
    for (id, kind, hits) in each!(conn, c => query.load::<(NewsletterId, HitKind, i64)>(c))? {
        all.entry(id).or_default().hits.insert(kind, hits);
    }
    let query = subscribers::table
        .inner_join(deliveries::table.on(deliveries::subscriber_id.eq(subscribers::id)))
        .filter(subscribers::counted_since.is_not_null())
        .filter(deliveries::newsletter_id.eq_any(ids))
        .filter(deliveries::sent_at.is_not_null())
        .group_by(deliveries::newsletter_id)
        .select((deliveries::newsletter_id, diesel::dsl::count_star()));
    for (id, agreed) in each!(conn, c => query.load::<(NewsletterId, i64)>(c))? {
        all.entry(id).or_default().agreed = agreed;
    }
    for kind in [HitKind::Open, HitKind::Click] {
        let query = newsletter_signs::table
            .filter(newsletter_signs::newsletter_id.eq_any(ids))
            .filter(newsletter_signs::kind.eq(kind))
            .group_by(newsletter_signs::newsletter_id)
            .select((
                newsletter_signs::newsletter_id,
                diesel::dsl::count(newsletter_signs::subscriber_id).aggregate_distinct(),
            ));
        for (id, people) in each!(conn, c => query.load::<(NewsletterId, i64)>(c))? {
            let one = all.entry(id).or_default();
            match kind {
                HitKind::Open => one.opened_by = people,
                _ => one.clicked_by = people,
            }
        }
    }
    let query = newsletter_gifts::table
        .inner_join(donations::table.on(donations::id.eq(newsletter_gifts::donation_id)))
        .filter(newsletter_gifts::newsletter_id.eq_any(ids))
        .filter(donations::status.eq_any(COUNTS))
        .group_by((newsletter_gifts::newsletter_id, donations::currency))
        .order((newsletter_gifts::newsletter_id, donations::currency))
        .select((
            newsletter_gifts::newsletter_id,
            donations::currency,
            diesel::dsl::count_star(),
            diesel::dsl::sql::<BigInt>(GIVEN),
        ));
    for (id, currency, gifts, sum) in
        each!(conn, c => query.load::<(NewsletterId, Currency, i64, i64)>(c))?
    {
        let one = all.entry(id).or_default();
        one.gifts += gifts;
        one.given.push(Money::new(sum, currency));
    }
    Ok(all)
}

/// A link of a newsletter, and how it was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Where it leads.
    pub url: String,
    /// How often it was followed.
    pub clicks: i64,
    /// By how many of those who agreed to be known.
    pub people: i64,
}

/// A newsletter's links, in their order.
///
/// # Errors
/// The database's.
pub fn links(conn: &mut Conn, id: NewsletterId) -> AppResult<Vec<LinkRow>> {
    let query = newsletter_links::table
        .filter(newsletter_links::newsletter_id.eq(id))
        .order(newsletter_links::link)
        .select((newsletter_links::link, newsletter_links::url));
    let all: Vec<(i32, String)> = each!(conn, c => query.load(c))?;
    let query = newsletter_hits::table
        .filter(newsletter_hits::newsletter_id.eq(id))
        .filter(newsletter_hits::kind.eq(HitKind::Click))
        .group_by(newsletter_hits::link)
        .select((
            newsletter_hits::link,
            diesel::dsl::sql::<BigInt>("CAST(SUM(newsletter_hits.hits) AS BIGINT)"),
        ));
    let clicks: Vec<(i32, i64)> = each!(conn, c => query.load(c))?;
    let clicks: BTreeMap<i32, i64> = clicks.into_iter().collect();
    let query = newsletter_signs::table
        .filter(newsletter_signs::newsletter_id.eq(id))
        .filter(newsletter_signs::kind.eq(HitKind::Click))
        .group_by(newsletter_signs::link)
        .select((newsletter_signs::link, diesel::dsl::count_star()));
    let people: Vec<(i32, i64)> = each!(conn, c => query.load(c))?;
    let people: BTreeMap<i32, i64> = people.into_iter().collect();
    Ok(all
        .into_iter()
        .map(|(link, url)| LinkRow {
            url,
            clicks: clicks.get(&link).copied().unwrap_or(0),
            people: people.get(&link).copied().unwrap_or(0),
        })
        .collect())
}

/// What happened in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    /// When it began.
    pub at: Timestamp,
    /// Openings.
    pub opens: i64,
    /// Clicks.
    pub clicks: i64,
}

/// The first `most` hours of a newsletter from its start on, empty ones too; none before anything happened.
///
/// # Errors
/// The database's.
pub fn hours(
    conn: &mut Conn,
    id: NewsletterId,
    started: Timestamp,
    most: i64,
) -> AppResult<Vec<Hour>> {
    let first = super::record::hour_of(started);
    let query = newsletter_hits::table
        .filter(newsletter_hits::newsletter_id.eq(id))
        .filter(newsletter_hits::kind.eq_any([HitKind::Open, HitKind::Click]))
        .filter(newsletter_hits::hour.between(first, first + most - 1))
        .group_by((newsletter_hits::hour, newsletter_hits::kind))
        .select((
            newsletter_hits::hour,
            newsletter_hits::kind,
            diesel::dsl::sql::<BigInt>("CAST(SUM(newsletter_hits.hits) AS BIGINT)"),
        ));
    let rows: Vec<(i64, HitKind, i64)> = each!(conn, c => query.load(c))?;
    let Some(last) = rows.iter().map(|row| row.0).max() else {
        return Ok(Vec::new());
    };
    let of = |hour, kind| {
        rows.iter()
            .find(|row| row.0 == hour && row.1 == kind)
            .map_or(0, |row| row.2)
    };
    Ok((first..=last)
        .filter_map(|hour| {
            Some(Hour {
                at: Timestamp::from_seconds(hour * 3_600)?,
                opens: of(hour, HitKind::Open),
                clicks: of(hour, HitKind::Click),
            })
        })
        .collect())
}

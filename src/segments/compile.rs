//! An audience as one query.
//!
//! Raw SQL: a rule's shape is known at run time only, and a boxed expression of diesel's for two engines would be longer and
//! tell a reader less than the query itself. Every value is a bind, `$n` appear in order (SQLite numbers them so), and every
//! condition is an `EXISTS` or a sum about one subscriber that an index answers: its cost is that of the subscribers looked
//! at, whatever the planner thinks. `IN (SELECT …)` under an `OR` or a `NOT` would be read once per subscriber on
//! PostgreSQL as soon as its rows do not fit `work_mem`.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{self, Audience};
use super::rule::Rule;
use super::sql::Sql;
use crate::db::Conn;
use crate::db::schema::campaigns;
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::{Timestamp, Zone};
use crate::subscribers::SubscriberId;

/// A value in a compiled query, in the order of its `$n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// TEXT.
    Text(String),
    /// BIGINT.
    Number(i64),
    /// TIMESTAMP.
    Time(Timestamp),
}

/// A query that both engines read: its text with `$1 … $n` in order, and the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Selects subscribers' ids as `id`, each once.
    pub sql: String,
    /// What stands for `$1 … $n`.
    pub binds: Vec<Bind>,
}

/// What a rule needs to know of the seasons that it names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Season {
    pub(super) zone: Zone,
    pub(super) previous: Option<CampaignId>,
}

/// What every condition is compiled with.
pub(super) struct With {
    pub(super) seasons: BTreeMap<CampaignId, Season>,
    /// The season that is meant where a condition names none.
    pub(super) within: Option<CampaignId>,
    pub(super) now: Timestamp,
}

impl With {
    /// The season that a condition is about.
    pub(super) fn season(&self, named: Option<CampaignId>) -> Option<CampaignId> {
        named.or(self.within)
    }

    pub(super) fn zone(&self, season: Option<CampaignId>) -> Zone {
        let known = season.and_then(|id| self.seasons.get(&id));
        known.map_or(Zone::UTC, |season| season.zone)
    }
}

/// Among whom a rule is asked.
#[derive(Debug, Clone, Copy)]
pub enum Among<'a> {
    /// Those for whom something is.
    Audience(&'a Audience),
    /// Whoever could be written to: on a list, or with a page that is shown; of one season, or of any.
    Reachable(Option<CampaignId>),
    /// These people (a thousand at most), whether they may be written to or not.
    These(&'a [SubscriberId]),
}

/// Who is meant by `audience` now and may be written to: left, unconfirmed and suppressed addresses are out.
///
/// # Errors
/// When a segment that it names is gone or cannot be read.
pub fn compile(conn: &mut Conn, audience: &Audience, now: Timestamp) -> AppResult<Compiled> {
    let mut sql = begun(Among::Audience(audience));
    for (id, word) in [(audience.segment, "AND"), (audience.without, "AND NOT")] {
        if let Some(id) = id {
            let segment = model::by_id(conn, id)?;
            narrow(
                conn,
                &mut sql,
                word,
                (&segment.rule()?, segment.campaign_id),
                now,
            )?;
        }
    }
    Ok(sql.done())
}

/// Who among `among` a rule is true of; conditions that name no season are about `within`, if that is one.
///
/// # Errors
/// The database's.
pub fn compile_rule(
    conn: &mut Conn,
    among: Among<'_>,
    rule: (&Rule, Option<CampaignId>),
    now: Timestamp,
) -> AppResult<Compiled> {
    let mut sql = begun(among);
    narrow(conn, &mut sql, "AND", rule, now)?;
    Ok(sql.done())
}

fn narrow(
    conn: &mut Conn,
    sql: &mut Sql,
    word: &str,
    (rule, within): (&Rule, Option<CampaignId>),
    now: Timestamp,
) -> AppResult<()> {
    let mut named = rule.seasons();
    named.extend(within);
    let query = campaigns::table
        .filter(campaigns::id.eq_any(named))
        .select((campaigns::id, campaigns::time_zone, campaigns::previous_id));
    let rows: Vec<(CampaignId, Zone, Option<CampaignId>)> = each!(conn, c => query.load(c))?;
    let seasons = rows
        .into_iter()
        .map(|(id, zone, previous)| (id, Season { zone, previous }))
        .collect();
    let with = With {
        seasons,
        within,
        now,
    };
    sql.put(" ").put(word).put(" ");
    sql.rule(rule, &with);
    Ok(())
}

/// Ends an `EXISTS` that asks by a subscriber's own id. SQLite (3.51 and later) would make a join of it and, where a piece of an
/// audience begins behind some id (`s.id > …`), look up everybody behind that id instead of the one who is asked about; not
/// so with a limit. PostgreSQL leaves it away.
pub(super) const ONE: &str = " LIMIT 1";

fn begun(among: Among<'_>) -> Sql {
    let mut sql = Sql::default();
    sql.put("SELECT s.id AS id FROM subscribers s WHERE ");
    match among {
        Among::These(people) => {
            sql.put("s.id IN (");
            sql.listed(people.iter().map(ToString::to_string));
            sql.put(")");
            return sql;
        }
        Among::Audience(audience) => {
            sql.put("(EXISTS (SELECT 1 FROM subscriptions o WHERE o.subscriber_id = s.id AND o.state = 'confirmed'");
            if !(audience.lists.is_empty() && audience.grant.is_some()) {
                sql.put(" AND o.list_id IN (");
                sql.listed(audience.lists.iter().map(ToString::to_string));
                sql.put(")");
            }
            sql.put(ONE).put(")");
            if let Some(season) = audience.participants {
                sql.put(" OR ").own_page(Some(season));
            }
            if audience.one_by_one {
                sql.put(") AND (1 = 0");
            }
            if let Some(grant) = audience.grant {
                sql.put(") AND EXISTS (SELECT 1 FROM donations d JOIN grant_layers l ON l.donation_id = d.id JOIN grant_tranches t ON t.id = l.tranche_id WHERE d.supporter_id = s.supporter_id AND l.origin = 'gift' AND t.state <> 'returned' AND t.grant_id = ")
                    .text(grant.to_string());
            }
        }
        Among::Reachable(None) => {
            sql.put("(EXISTS (SELECT 1 FROM subscriptions o WHERE o.subscriber_id = s.id AND o.state = 'confirmed'")
                .put(ONE)
                .put(") OR ")
                .own_page(None);
        }
        Among::Reachable(Some(season)) => {
            sql.put("(EXISTS (SELECT 1 FROM subscriptions o JOIN lists l ON l.id = o.list_id WHERE o.subscriber_id = s.id AND o.state = 'confirmed' AND l.campaign_id = ")
                .text(season.to_string());
            sql.put(ONE).put(") OR ").own_page(Some(season));
        }
    }
    sql.put(") AND s.left_all_at IS NULL AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.email_folded = s.email_folded)");
    sql
}

impl Compiled {
    /// Text without values.
    pub fn plain(text: &str) -> Self {
        Self {
            sql: text.to_owned(),
            binds: Vec::new(),
        }
    }

    /// One value.
    pub fn value(bind: Bind) -> Self {
        Self {
            sql: "$1".to_owned(),
            binds: vec![bind],
        }
    }

    /// This, and `next` behind it.
    #[must_use]
    pub fn then(mut self, next: &Self) -> Self {
        self.sql.push_str(&next.moved(self.binds.len()));
        self.binds.extend_from_slice(&next.binds);
        self
    }

    /// This, and `text` behind it.
    #[must_use]
    pub fn and(mut self, text: &str) -> Self {
        self.sql.push_str(text);
        self
    }

    /// The query's text with every `$n` moved by so many: to stand behind other binds.
    pub fn moved(&self, by: usize) -> String {
        let mut parts = self.sql.split('$');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.chars().take_while(char::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            let number = number.parse::<usize>().unwrap_or_default() + by;
            text.push_str(&format!("${number}{rest}"));
        }
        text
    }
}

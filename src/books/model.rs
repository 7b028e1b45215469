//! The books of one campaign, read: the kept sums and the few transfers since.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::project::{self, STEP};
use super::{Entry, Line};
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::{book_sums, donations, funds, programs};
use crate::each;
use crate::error::AppResult;
use crate::ids::{CampaignId, FundId, ProgramId};
use crate::kernel::{Currency, Day, Money, Slug, Timestamp};
use crate::ledger::seals::{self, Seal};

/// What a campaign's books say of one fund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundBook {
    /// The fund.
    pub fund: FundId,
    /// Its name.
    pub name: String,
    /// The program that it is restricted to; `None` for the campaign's own fund.
    pub program: Option<(ProgramId, Slug)>,
    /// Set aside in it, less what late fees took, minor units.
    pub allocated: i64,
    /// Added to it from match pools, less what went back to them.
    pub matched: i64,
    /// Gone back out of it to donors.
    pub given_back: i64,
    /// Paid to the partner out of it.
    pub granted: i64,
    /// What lies in it.
    pub held: i64,
    /// The day of the oldest gift of which something lies in it.
    pub held_since: Option<Day>,
    /// Whole days for which its money has lain there, on average by amount.
    pub held_days: i64,
}

/// A campaign's books.
#[derive(Debug, Clone)]
pub struct Books {
    /// Every sum that is not nothing, by day, line and fund.
    pub entries: Vec<Entry>,
    /// The funds that had a part in them, by name.
    pub funds: Vec<FundBook>,
    /// Begun and not yet paid or closed, minor units.
    pub pending: i64,
    /// Of which currency everything is.
    pub currency: Currency,
    /// The last transfer that they hold.
    pub transfer: i64,
    /// The newest seal of the ledger.
    pub seal: Option<Seal>,
}

impl Books {
    /// The sum of a line over all days and funds.
    pub fn total(&self, line: Line) -> Money {
        let sum = self
            .entries
            .iter()
            .filter(|entry| entry.line == line)
            .map(|entry| entry.amount)
            .sum();
        Money::new(sum, self.currency)
    }

    /// By how much `raised - refunded - disputed + matched + carried` differs from `fees borne + held + granted`: nothing,
    /// unless somebody touched the sums.
    pub fn difference(&self) -> i64 {
        let sum = |line| self.total(line).minor();
        sum(Line::Raised) - sum(Line::Refunded) - sum(Line::Disputed)
            + sum(Line::Matched)
            + sum(Line::Carried)
            - sum(Line::FeePart)
            - sum(Line::Held)
            - sum(Line::Granted)
    }
}

/// The books of `campaign` as they stand: as many rows as it has days and funds, and the transfers since the last step.
///
/// # Errors
/// The database's.
pub fn read(conn: &mut Conn, campaign: &Campaign, now: Timestamp) -> AppResult<Books> {
    let mut sums = kept(conn, campaign.id)?;
    let mut transfer = project::position(conn)?;
    // A step at most: were the job behind by more, the books would be late and say so by their position.
    let rows = project::movements(conn, transfer, STEP)?;
    if let Some(last) = rows.last() {
        transfer = last.id;
        for ((of, day, line, fund), amount) in project::fold(conn, &rows)?.campaigns {
            if of == campaign.id {
                *sums.entry((day, line, fund)).or_default() += amount;
            }
        }
    }
    let entries: Vec<Entry> = sums
        .into_iter()
        .filter(|(_, amount)| *amount != 0)
        .map(|((day, line, fund), amount)| Entry {
            day,
            line,
            fund,
            amount,
        })
        .collect();
    let today = campaign.time_zone.day_of(now);
    Ok(Books {
        funds: fund_books(conn, &entries, today)?,
        entries,
        pending: pending(conn, campaign.id)?,
        currency: campaign.currency,
        transfer,
        seal: seals::newest(conn)?,
    })
}

type Kept = BTreeMap<(Day, Line, String), i64>;

fn kept(conn: &mut Conn, campaign: CampaignId) -> AppResult<Kept> {
    let query = book_sums::table
        .filter(book_sums::campaign_id.eq(campaign))
        .select((
            book_sums::day,
            book_sums::line,
            book_sums::fund_id,
            book_sums::amount,
        ));
    let rows: Vec<(Day, Line, String, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(day, line, fund, amount)| ((day, line, fund), amount))
        .collect())
}

/// What is begun and open: as long as the gifts that wait for the processor, which end within a day.
fn pending(conn: &mut Conn, campaign: CampaignId) -> AppResult<i64> {
    let query = donations::table
        .filter(donations::status.eq("pending"))
        .filter(donations::campaign_id.eq(campaign))
        .select(diesel::dsl::sql::<BigInt>(
            "CAST(COALESCE(SUM(charged), 0) AS BIGINT)",
        ));
    Ok(each!(conn, c => query.first(c))?)
}

fn fund_books(conn: &mut Conn, entries: &[Entry], today: Option<Day>) -> AppResult<Vec<FundBook>> {
    let mut ids: Vec<&str> = entries.iter().map(|entry| entry.fund.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| !id.is_empty());
    let query = funds::table
        .left_join(programs::table.on(programs::id.nullable().eq(funds::program_id)))
        .filter(funds::id.eq_any(ids))
        .order((funds::name, funds::id))
        .select((
            funds::id,
            funds::name,
            programs::id.nullable(),
            programs::slug.nullable(),
        ));
    let rows: Vec<(FundId, String, Option<ProgramId>, Option<Slug>)> =
        each!(conn, c => query.load(c))?;
    let book = |(fund, name, program, slug): (FundId, String, Option<ProgramId>, Option<Slug>)| {
        let id = fund.to_string();
        let own: Vec<&Entry> = entries.iter().filter(|entry| entry.fund == id).collect();
        let sum = |line| -> i64 {
            let of = own.iter().filter(|entry| entry.line == line);
            of.map(|entry| entry.amount).sum()
        };
        let (held_since, held_days) = lain(&own, today);
        FundBook {
            program: program.zip(slug),
            allocated: sum(Line::Allocated),
            matched: sum(Line::Matched),
            given_back: sum(Line::GivenBack),
            granted: sum(Line::Granted),
            held: sum(Line::Held),
            held_since,
            held_days,
            fund,
            name,
        }
    };
    Ok(rows.into_iter().map(book).collect())
}

/// Since when money lies in a fund, and for how many days on average by amount.
fn lain(own: &[&Entry], today: Option<Day>) -> (Option<Day>, i64) {
    let held = || {
        own.iter()
            .filter(|entry| entry.line == Line::Held && entry.amount > 0)
    };
    let since = held().map(|entry| entry.day).min();
    let Some(today) = today else {
        return (since, 0);
    };
    let sum: i128 = held().map(|entry| i128::from(entry.amount)).sum();
    let days: i128 = held()
        .map(|entry| i128::from(entry.amount) * i128::from(entry.day.days_to(today).max(0)))
        .sum();
    let average = if sum == 0 { 0 } else { days / sum };
    (since, i64::try_from(average).unwrap_or(i64::MAX))
}

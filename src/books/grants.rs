//! The grants of a campaign's books: those that its gifts paid, and what is promised in its name.
//!
//! A program's fund is fed by every season that names the program, and a grant takes its oldest layers, whosever they are. So
//! a grant may be paid by gifts of several campaigns; each campaign's books tell its own part beside the whole, and the parts
//! add up to what they say was paid to partners.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;

use super::model::Books;
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{book_sums, grant_tranches, grants, partners, programs};
use crate::each;
use crate::error::AppResult;
use crate::ids::{FundId, GrantId, TrancheId};
use crate::kernel::{Day, Money, Slug, Timestamp};
use crate::web::views::money::MoneyView;
use crate::web::views::shell::Link;

/// Grants that are looked at, newest first.
const MOST: i64 = 200;

/// A grant with its tranches.
pub(super) struct BookGrant {
    row: Row,
    tranches: Vec<Tranche>,
}

#[derive(Debug, Clone, Queryable)]
struct Row {
    id: GrantId,
    number: String,
    purpose: String,
    state: String,
    amount: i64,
    campaign: CampaignId,
    fund: FundId,
    partner: (String, Slug),
    program: (String, Slug),
}

struct Tranche {
    amount: i64,
    /// What gifts to the campaign paid of it.
    part: i64,
    is_paid: bool,
    on: Option<Day>,
}

impl BookGrant {
    fn part(&self) -> i64 {
        self.tranches.iter().map(|tranche| tranche.part).sum()
    }

    fn paid(&self) -> i64 {
        let paid = self.tranches.iter().filter(|tranche| tranche.is_paid);
        paid.map(|tranche| tranche.amount).sum()
    }

    fn waits(&self) -> bool {
        self.tranches.iter().any(|tranche| !tranche.is_paid)
    }
}

#[derive(QueryableByName)]
struct Part {
    #[diesel(sql_type = Text)]
    tranche: String,
    #[diesel(sql_type = BigInt)]
    part: i64,
}

/// What a campaign's gifts paid of each tranche out of funds that other campaigns feed as well.
const PARTS: &str = "
    SELECT t.id AS tranche, CAST(SUM(l.amount) AS BIGINT) AS part
    FROM grant_layers l
    JOIN grant_tranches t ON t.id = l.tranche_id
    JOIN donations d ON d.id = l.donation_id
    WHERE d.campaign_id = $1 AND t.state <> 'returned'
      AND l.fund_id IN (SELECT fund_id FROM book_sums WHERE line = 'held' AND campaign_id <> $2)
    GROUP BY t.id";

/// The grants that gifts to the campaign paid, wholly or in part, and those in its own name of which something is still to be
/// paid; newest first.
///
/// # Errors
/// The database's.
pub(super) fn read(
    conn: &mut Conn,
    campaign: CampaignId,
    books: &Books,
) -> AppResult<Vec<BookGrant>> {
    let own: Vec<FundId> = books.funds.iter().map(|fund| fund.fund).collect();
    let query = grants::table
        .inner_join(partners::table.on(partners::id.eq(grants::partner_id)))
        .inner_join(programs::table.on(programs::id.eq(grants::program_id)))
        .filter(
            grants::campaign_id
                .eq(campaign)
                .or(grants::fund_id.eq_any(&own)),
        )
        .filter(grants::state.ne_all(["planned", "cancelled"]))
        .order(grants::number.desc())
        .limit(MOST)
        .select((
            grants::id,
            grants::number,
            grants::purpose,
            grants::state,
            grants::amount,
            grants::campaign_id,
            grants::fund_id,
            (partners::name, partners::slug),
            (programs::name, programs::slug),
        ));
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    let mut tranches = tranches(conn, &rows)?;
    let shared = shared(conn, campaign, &own)?;
    let parts = if shared.is_empty() {
        BTreeMap::new()
    } else {
        parts(conn, campaign)?
    };
    let listed = rows.into_iter().map(|row| {
        let mut own_tranches = tranches.remove(&row.id).unwrap_or_default();
        for (id, tranche) in own_tranches.iter_mut().filter(|(_, one)| one.is_paid) {
            tranche.part = if shared.contains(&row.fund) {
                parts.get(&id.to_string()).copied().unwrap_or_default()
            } else if own.contains(&row.fund) {
                // Nobody else's gifts lie there.
                tranche.amount
            } else {
                0
            };
        }
        BookGrant {
            tranches: own_tranches.into_iter().map(|(_, one)| one).collect(),
            row,
        }
    });
    Ok(listed
        .filter(|one| one.part() > 0 || (one.row.campaign == campaign && one.waits()))
        .collect())
}

type Tranches = BTreeMap<GrantId, Vec<(TrancheId, Tranche)>>;

/// The tranches of grants in their order, without those that came back and those that will not be paid.
fn tranches(conn: &mut Conn, rows: &[Row]) -> AppResult<Tranches> {
    let ids: Vec<GrantId> = rows.iter().map(|row| row.id).collect();
    let query = grant_tranches::table
        .filter(grant_tranches::grant_id.eq_any(ids))
        .filter(grant_tranches::state.ne_all(["returned", "cancelled"]))
        .order((grant_tranches::grant_id, grant_tranches::position))
        .select((
            grant_tranches::grant_id,
            grant_tranches::id,
            grant_tranches::amount,
            grant_tranches::paid_at,
            grant_tranches::paid_on,
        ));
    type Found = (GrantId, TrancheId, i64, Option<Timestamp>, Option<Day>);
    let found: Vec<Found> = each!(conn, c => query.load(c))?;
    let mut all = Tranches::new();
    for (grant, id, amount, paid_at, on) in found {
        let tranche = Tranche {
            amount,
            part: 0,
            is_paid: paid_at.is_some(),
            on,
        };
        all.entry(grant).or_default().push((id, tranche));
    }
    Ok(all)
}

/// Those of the campaign's funds in which gifts to others lie, or lay, as well.
fn shared(conn: &mut Conn, campaign: CampaignId, own: &[FundId]) -> AppResult<BTreeSet<FundId>> {
    let ids: Vec<String> = own.iter().map(ToString::to_string).collect();
    let query = book_sums::table
        .filter(book_sums::campaign_id.ne(campaign))
        .filter(book_sums::line.eq("held"))
        .filter(book_sums::fund_id.eq_any(ids))
        .select(book_sums::fund_id)
        .distinct();
    let found: Vec<String> = each!(conn, c => query.load(c))?;
    Ok(found.iter().filter_map(|id| id.parse().ok()).collect())
}

fn parts(conn: &mut Conn, campaign: CampaignId) -> AppResult<BTreeMap<String, i64>> {
    let own = campaign.to_string();
    let rows: Vec<Part> = each!(conn, c => diesel::sql_query(PARTS)
        .bind::<Text, _>(&own)
        .bind::<Text, _>(&own)
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tranche, row.part))
        .collect())
}

/// A grant on the page.
#[derive(Debug, Serialize)]
pub(super) struct GrantView {
    number: String,
    purpose: String,
    partner: Link,
    program: Link,
    amount: MoneyView,
    /// What gifts to this campaign paid, where gifts to others paid as well.
    part: Option<MoneyView>,
    state: String,
    tranches: Vec<TrancheView>,
}

#[derive(Debug, Serialize)]
struct TrancheView {
    /// What gifts to this campaign paid of it.
    amount: MoneyView,
    /// All of it, where that is more.
    whole: Option<MoneyView>,
    on: Option<String>,
}

pub(super) fn view(books: &Books, grant: &BookGrant) -> GrantView {
    let money = |minor| MoneyView::from(Money::new(minor, books.currency));
    let (row, part) = (&grant.row, grant.part());
    let paid = grant.tranches.iter().filter(|tranche| tranche.is_paid);
    GrantView {
        number: row.number.clone(),
        purpose: row.purpose.clone(),
        partner: Link::new(&row.partner.0, &format!("/partners/{}", row.partner.1)),
        program: Link::new(&row.program.0, &format!("/programs/{}", row.program.1)),
        amount: money(row.amount),
        part: (part != grant.paid()).then(|| money(part)),
        state: row.state.replace('_', " "),
        tranches: paid
            .map(|tranche| TrancheView {
                amount: money(tranche.part),
                whole: (tranche.part != tranche.amount).then(|| money(tranche.amount)),
                on: tranche.on.map(|day| day.to_string()),
            })
            .collect(),
    }
}

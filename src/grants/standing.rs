//! How funds and reserves stand, for finance: what lies in them, what of it is promised, what went to partners.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp as SqlTimestamp};

use crate::db::Conn;
use crate::db::schema::accounts;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, FundId, GrantId};
use crate::kernel::{Currency, Money, Timestamp};

/// A fund, minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundStanding {
    /// The fund.
    pub id: FundId,
    /// Its name.
    pub name: String,
    /// The season whose undesignated money it holds; `None` for a program's fund.
    pub campaign: Option<CampaignId>,
    /// What lies in it.
    pub held: Money,
    /// What of it is approved and unpaid.
    pub promised: Money,
    /// What was paid out of it to partners.
    pub granted: Money,
}

impl FundStanding {
    /// By how much more is promised than lies there; nothing when it suffices.
    pub fn lacks(&self) -> Money {
        let minor = (self.promised.minor() - self.held.minor()).max(0);
        Money::new(minor, self.held.currency())
    }
}

#[derive(QueryableByName)]
struct FundRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    campaign_id: Option<String>,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = BigInt)]
    promised: i64,
    #[diesel(sql_type = BigInt)]
    granted: i64,
}

/// From running sums and open tranches: nothing here grows with the gifts.
const FUNDS: &str = "
    SELECT f.id AS id, f.name AS name, f.campaign_id AS campaign_id, f.currency AS currency,
        CAST(COALESCE(a.credits - a.debits, 0) AS BIGINT) AS held,
        CAST(COALESCE((SELECT SUM(t.amount) FROM grant_tranches t JOIN grants g ON g.id = t.grant_id
            WHERE g.fund_id = f.id AND g.approved_at IS NOT NULL AND t.state = 'planned'), 0) AS BIGINT) AS promised,
        CAST(COALESCE((SELECT SUM(t.amount) FROM grant_tranches t JOIN grants g ON g.id = t.grant_id
            WHERE g.fund_id = f.id AND t.state IN ('paid', 'report_due', 'reported')), 0) AS BIGINT) AS granted
    FROM funds f LEFT JOIN accounts a ON a.name = 'fund:' || f.id AND a.currency = f.currency
    ORDER BY f.kind, f.name, f.id";

/// Every fund.
///
/// # Errors
/// The database's.
pub fn funds(conn: &mut Conn) -> AppResult<Vec<FundStanding>> {
    let rows: Vec<FundRow> = each!(conn, c => diesel::sql_query(FUNDS).load(c))?;
    rows.into_iter()
        .map(|row| {
            let currency: Currency = row.currency.parse().map_err(AppError::internal)?;
            let campaign = row
                .campaign_id
                .map(|id| id.parse::<CampaignId>())
                .transpose();
            Ok(FundStanding {
                id: row.id.parse().map_err(AppError::internal)?,
                name: row.name,
                campaign: campaign.map_err(AppError::internal)?,
                held: Money::new(row.held, currency),
                promised: Money::new(row.promised, currency),
                granted: Money::new(row.granted, currency),
            })
        })
        .collect()
}

/// What a grant's tranches took: how many layers, of how many gifts, and from when to when those were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayersTaken {
    /// Layers.
    pub layers: i64,
    /// Gifts.
    pub gifts: i64,
    /// When the oldest was set aside.
    pub oldest: Option<Timestamp>,
    /// When the youngest was.
    pub youngest: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct LayersRow {
    #[diesel(sql_type = BigInt)]
    layers: i64,
    #[diesel(sql_type = BigInt)]
    gifts: i64,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    oldest: Option<Timestamp>,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    youngest: Option<Timestamp>,
}

/// Sums up the layers of a grant.
///
/// # Errors
/// The database's.
pub fn layers_of(conn: &mut Conn, grant: GrantId) -> AppResult<LayersTaken> {
    const LAYERS: &str = "
        SELECT CAST(COUNT(*) AS BIGINT) AS layers, CAST(COUNT(DISTINCT l.donation_id) AS BIGINT) AS gifts,
            MIN(s.settled_at) AS oldest, MAX(s.settled_at) AS youngest
        FROM grant_layers l
        JOIN grant_tranches t ON t.id = l.tranche_id
        JOIN splits s ON s.donation_id = l.donation_id AND s.fund_id = l.fund_id AND s.origin = l.origin
        WHERE t.grant_id = $1 AND t.state <> 'returned'";
    let row: LayersRow = each!(conn, c => diesel::sql_query(LAYERS)
        .bind::<Text, _>(grant.to_string())
        .get_result(c))?;
    Ok(LayersTaken {
        layers: row.layers,
        gifts: row.gifts,
        oldest: row.oldest,
        youngest: row.youngest,
    })
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// How many findings are open, by kind: what does not match and waits for somebody.
///
/// # Errors
/// The database's.
pub fn open_findings(conn: &mut Conn) -> AppResult<BTreeMap<String, i64>> {
    const OPEN: &str = "SELECT kind, CAST(COUNT(*) AS BIGINT) AS number FROM findings WHERE closed_at IS NULL GROUP BY kind";
    let rows: Vec<Counted> = each!(conn, c => diesel::sql_query(OPEN).load(c))?;
    Ok(rows.into_iter().map(|row| (row.kind, row.number)).collect())
}

/// Where money is: the bank, a processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The account's name.
    pub name: String,
    /// What the books show there.
    pub holds: Money,
}

/// What the books show at the bank and at processors.
///
/// # Errors
/// The database's.
pub fn places(conn: &mut Conn) -> AppResult<Vec<Place>> {
    let query = accounts::table
        .filter(
            accounts::name
                .eq("bank")
                .or(accounts::name.like("processor:%")),
        )
        .order((accounts::name, accounts::currency))
        .select((
            accounts::name,
            accounts::currency,
            accounts::debits,
            accounts::credits,
        ));
    let rows: Vec<(String, Currency, i64, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(name, currency, debits, credits)| Place {
            name,
            holds: Money::new(debits - credits, currency),
        })
        .collect())
}

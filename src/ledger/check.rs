//! What the ledger can prove of itself (L10 a, d, e; L11). The gifts prove their part in `donations::check`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::seals;
use crate::db::Conn;
use crate::each;
use crate::error::AppResult;

#[derive(QueryableByName)]
struct Difference {
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    off: i64,
}

/// Each running sum against the sum of the transfers, both ways: an account without transfers and transfers without
/// an account show as well.
const SUMS: &str = "
    SELECT account, currency, CAST(SUM(delta) AS BIGINT) AS off FROM (
        SELECT debit AS account, currency, amount AS delta FROM transfers
        UNION ALL SELECT credit, currency, -amount FROM transfers
        UNION ALL SELECT name, currency, credits - debits FROM accounts
    ) AS every GROUP BY account, currency HAVING SUM(delta) <> 0 ORDER BY account LIMIT 20";

/// Debits equal credits within the accounts' own books, per currency.
const BALANCED: &str = "
    SELECT 'all accounts' AS account, currency, CAST(SUM(debits) - SUM(credits) AS BIGINT) AS off
    FROM accounts GROUP BY currency HAVING SUM(debits) <> SUM(credits) ORDER BY currency LIMIT 20";

/// Transfers that claim to take back more than there was (L4).
const OVER_REVERSED: &str = "
    SELECT CAST(o.id AS TEXT) AS account, o.currency, CAST(SUM(r.amount) - o.amount AS BIGINT) AS off
    FROM transfers r JOIN transfers o ON o.id = r.reverses
    GROUP BY o.id, o.currency, o.amount HAVING SUM(r.amount) > o.amount ORDER BY o.id LIMIT 20";

/// Everything wrong with the ledger, a line each; nothing when it holds.
///
/// # Errors
/// The database's.
pub fn findings(conn: &mut Conn) -> AppResult<Vec<String>> {
    let mut found = Vec::new();
    for (query, what) in [
        (SUMS, "running sums differ from the transfers"),
        (BALANCED, "debits and credits differ"),
        (
            OVER_REVERSED,
            "reversals exceed the transfer they take back",
        ),
    ] {
        let rows: Vec<Difference> = each!(conn, c => diesel::sql_query(query).load(c))?;
        found.extend(rows.into_iter().map(|row| {
            format!(
                "ledger: {what}: {} is off by {} {}",
                row.account, row.off, row.currency
            )
        }));
    }
    if let Some(broken) = seals::verify(conn)? {
        found.push(format!("ledger: {broken}"));
    }
    Ok(found)
}

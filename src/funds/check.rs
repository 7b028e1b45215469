//! What the funds can prove (L10 i): every policy shares out the whole, and no fund holds less than is set aside in it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::Conn;
use crate::each;
use crate::error::AppResult;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = BigInt)]
    off: i64,
}

const PROOFS: &[(&str, &str)] = &[
    (
        "an allocation policy whose shares are not the whole",
        "SELECT p.id AS subject, CAST(COALESCE(SUM(s.basis_points), 0) - 10000 AS BIGINT) AS off FROM allocation_policies p
         LEFT JOIN allocation_shares s ON s.policy_id = p.id GROUP BY p.id HAVING COALESCE(SUM(s.basis_points), 0) <> 10000 LIMIT 20",
    ),
    (
        "a fund that does not hold the sum of its layers",
        "SELECT f.id AS subject, CAST(COALESCE(a.held, 0) - COALESCE(s.held, 0) AS BIGINT) AS off FROM funds f
         LEFT JOIN (SELECT name, SUM(credits - debits) AS held FROM accounts GROUP BY name) a ON a.name = 'fund:' || f.id
         LEFT JOIN (SELECT fund_id, SUM(held) AS held FROM splits GROUP BY fund_id) s ON s.fund_id = f.id
         WHERE COALESCE(a.held, 0) <> COALESCE(s.held, 0) LIMIT 20",
    ),
];

/// Everything about the funds that does not hold, a line each.
///
/// # Errors
/// The database's.
pub fn findings(conn: &mut Conn) -> AppResult<Vec<String>> {
    let mut found = Vec::new();
    for (what, query) in PROOFS {
        let rows: Vec<Found> = each!(conn, c => diesel::sql_query(*query).load(c))?;
        found.extend(
            rows.into_iter()
                .map(|row| format!("funds: {what}: {} (off by {})", row.subject, row.off)),
        );
    }
    Ok(found)
}

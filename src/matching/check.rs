//! What match pools can prove: reserved = matched + released + held, and a pledge = arrived + waived + outstanding.

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
        "a match pool of which matched, released and held do not make up what was reserved",
        "SELECT p.id AS subject, CAST(CASE WHEN p.confirmed_at IS NULL THEN 0 ELSE p.amount END - COALESCE(m.added, 0) - COALESCE(r.released, 0) - COALESCE(a.held, 0) AS BIGINT) AS off
         FROM match_pools p
         LEFT JOIN (SELECT pool_id, SUM(amount - reversed) AS added FROM matches GROUP BY pool_id) m ON m.pool_id = p.id
         LEFT JOIN (SELECT pool_id, SUM(amount) AS released FROM match_releases WHERE state = 'done' GROUP BY pool_id) r ON r.pool_id = p.id
         LEFT JOIN (SELECT name, SUM(credits - debits) AS held FROM accounts WHERE name LIKE 'match:%' GROUP BY name) a ON a.name = 'match:' || p.id
         WHERE CASE WHEN p.confirmed_at IS NULL THEN 0 ELSE p.amount END <> COALESCE(m.added, 0) + COALESCE(r.released, 0) + COALESCE(a.held, 0) LIMIT 20",
    ),
    (
        "a pledge of which arrived, waived and outstanding do not make up what was promised",
        "SELECT p.id AS subject, CAST(p.amount - COALESCE(v.arrived, 0) - COALESCE(w.waived, 0) - COALESCE(a.held, 0) AS BIGINT) AS off
         FROM match_pools p
         LEFT JOIN (SELECT pool_id, SUM(amount) AS arrived FROM match_arrivals GROUP BY pool_id) v ON v.pool_id = p.id
         LEFT JOIN (SELECT credit, SUM(amount) AS waived FROM transfers WHERE source_kind = 'match_release' AND credit LIKE 'pledged:%' GROUP BY credit) w ON w.credit = 'pledged:' || p.id
         LEFT JOIN (SELECT name, SUM(debits - credits) AS held FROM accounts WHERE name LIKE 'pledged:%' GROUP BY name) a ON a.name = 'pledged:' || p.id
         WHERE p.basis = 'pledge' AND p.confirmed_at IS NOT NULL AND p.amount <> COALESCE(v.arrived, 0) + COALESCE(w.waived, 0) + COALESCE(a.held, 0) LIMIT 20",
    ),
    (
        "a gift to which another amount was added than its match says",
        "SELECT d.donation_id AS subject, CAST(d.added - COALESCE(m.amount - m.reversed, 0) AS BIGINT) AS off
         FROM (SELECT donation_id, SUM(amount - reversed) AS added FROM splits WHERE origin = 'match' GROUP BY donation_id) d
         LEFT JOIN matches m ON m.donation_id = d.donation_id
         WHERE d.added <> COALESCE(m.amount - m.reversed, 0) LIMIT 20",
    ),
    (
        "a match that no part of its gift shows",
        "SELECT m.donation_id AS subject, CAST(m.amount - COALESCE(SUM(s.amount), 0) AS BIGINT) AS off FROM matches m
         LEFT JOIN splits s ON s.donation_id = m.donation_id AND s.origin = 'match'
         GROUP BY m.donation_id, m.amount HAVING m.amount <> COALESCE(SUM(s.amount), 0) LIMIT 20",
    ),
    (
        "a gift that a pool added to beyond its cap or its ratio",
        "SELECT m.donation_id AS subject, CAST(m.amount AS BIGINT) AS off FROM matches m
         JOIN match_pools p ON p.id = m.pool_id JOIN donations d ON d.id = m.donation_id
         WHERE m.amount > COALESCE(p.cap, m.amount)
            OR CAST(m.amount AS NUMERIC) * 10000 > CAST(d.amount AS NUMERIC) * p.ratio LIMIT 20",
    ),
];

/// Everything about the match pools that does not hold, a line each.
///
/// # Errors
/// The database's.
pub fn findings(conn: &mut Conn) -> AppResult<Vec<String>> {
    let mut found = Vec::new();
    for (what, query) in PROOFS {
        let rows: Vec<Found> = each!(conn, c => diesel::sql_query(*query).load(c))?;
        found.extend(
            rows.into_iter()
                .map(|row| format!("matching: {what}: {} (off by {})", row.subject, row.off)),
        );
    }
    Ok(found)
}

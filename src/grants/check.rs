//! What the grants can prove against the ledger and the layers (L9, L10 i).

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

/// Each proof: what a row of the query would mean, and the query. `off` is by how many minor units or rows.
const PROOFS: &[(&str, &str)] = &[
    (
        "a layer of which grants took another sum than it says",
        "SELECT s.donation_id || ' ' || s.fund_id AS subject, CAST(s.granted - COALESCE(l.took, 0) AS BIGINT) AS off FROM splits s
         LEFT JOIN (SELECT k.donation_id, k.fund_id, k.origin, SUM(k.amount) AS took FROM grant_layers k JOIN grant_tranches t ON t.id = k.tranche_id
            WHERE t.state <> 'returned' GROUP BY k.donation_id, k.fund_id, k.origin) l
            ON l.donation_id = s.donation_id AND l.fund_id = s.fund_id AND l.origin = s.origin
         WHERE s.granted <> COALESCE(l.took, 0) LIMIT 20",
    ),
    (
        "what was taken of a layer that is not there",
        "SELECT l.tranche_id AS subject, CAST(l.amount AS BIGINT) AS off FROM grant_layers l
         LEFT JOIN splits s ON s.donation_id = l.donation_id AND s.fund_id = l.fund_id AND s.origin = l.origin
         WHERE s.donation_id IS NULL LIMIT 20",
    ),
    (
        "a tranche whose layers are not its amount",
        "SELECT t.id AS subject, CAST(COALESCE(l.took, 0) - CASE WHEN t.state IN ('paid', 'report_due', 'reported', 'returned') THEN t.amount ELSE 0 END AS BIGINT) AS off
         FROM grant_tranches t LEFT JOIN (SELECT tranche_id, SUM(amount) AS took FROM grant_layers GROUP BY tranche_id) l ON l.tranche_id = t.id
         WHERE COALESCE(l.took, 0) <> CASE WHEN t.state IN ('paid', 'report_due', 'reported', 'returned') THEN t.amount ELSE 0 END LIMIT 20",
    ),
    (
        "a tranche that took of another fund than its grant's",
        "SELECT l.tranche_id AS subject, CAST(l.amount AS BIGINT) AS off FROM grant_layers l
         JOIN grant_tranches t ON t.id = l.tranche_id JOIN grants g ON g.id = t.grant_id WHERE l.fund_id <> g.fund_id LIMIT 20",
    ),
    (
        "a grant that is not the sum of its tranches",
        "SELECT g.number AS subject, CAST(g.amount - COALESCE(t.whole, 0) AS BIGINT) AS off FROM grants g
         LEFT JOIN (SELECT grant_id, SUM(amount) AS whole FROM grant_tranches WHERE state <> 'returned' GROUP BY grant_id) t ON t.grant_id = g.id
         WHERE g.amount <> COALESCE(t.whole, 0) LIMIT 20",
    ),
    (
        "a grant of which the ledger shows another sum than its paid tranches",
        "SELECT g.number AS subject, CAST(COALESCE(a.sum, 0) - COALESCE(t.paid, 0) AS BIGINT) AS off FROM grants g
         LEFT JOIN (SELECT name, SUM(credits - debits) AS sum FROM accounts GROUP BY name) a ON a.name = 'granted:' || g.id
         LEFT JOIN (SELECT grant_id, SUM(amount) AS paid FROM grant_tranches WHERE state IN ('paid', 'report_due', 'reported') GROUP BY grant_id) t ON t.grant_id = g.id
         WHERE COALESCE(a.sum, 0) <> COALESCE(t.paid, 0) LIMIT 20",
    ),
    (
        "a partner whose account is not the sum of what was paid to it",
        "SELECT every.subject AS subject, CAST(SUM(every.delta) AS BIGINT) AS off FROM (
            SELECT name || ' ' || currency AS subject, debits - credits AS delta FROM accounts WHERE name LIKE 'partner:%'
            UNION ALL SELECT 'partner:' || g.partner_id || ' ' || g.currency, -t.amount FROM grant_tranches t JOIN grants g ON g.id = t.grant_id
                WHERE t.state IN ('paid', 'report_due', 'reported')
         ) every GROUP BY every.subject HAVING SUM(every.delta) <> 0 LIMIT 20",
    ),
    (
        "an account of a grant that is not there",
        "SELECT a.name AS subject, CAST(a.credits - a.debits AS BIGINT) AS off FROM accounts a
         LEFT JOIN grants g ON a.name = 'granted:' || g.id WHERE a.name LIKE 'granted:%' AND g.id IS NULL LIMIT 20",
    ),
    (
        "a paid tranche without day, bank reference or the grant's approval",
        "SELECT t.id AS subject, CAST(1 AS BIGINT) AS off FROM grant_tranches t JOIN grants g ON g.id = t.grant_id
         WHERE t.state IN ('paid', 'report_due', 'reported')
            AND (t.paid_on IS NULL OR t.paid_at IS NULL OR t.bank_reference IS NULL OR g.approved_at IS NULL
                OR NOT EXISTS (SELECT 1 FROM grant_approvals p WHERE p.grant_id = g.id)) LIMIT 20",
    ),
    (
        "numbers of grants with a gap",
        "SELECT r.series AS subject, CAST(r.last - COALESCE(n.number, 0) AS BIGINT) AS off FROM receipt_series r
         LEFT JOIN (SELECT SUBSTR(number, 1, 6) AS series, COUNT(*) AS number FROM grants GROUP BY SUBSTR(number, 1, 6)) n ON n.series = r.series
         WHERE r.series LIKE 'G-%' AND r.last <> COALESCE(n.number, 0) LIMIT 20",
    ),
    (
        "a reserve that is not what it carries and what covered it",
        "SELECT every.subject AS subject, CAST(SUM(every.delta) AS BIGINT) AS off FROM (
            SELECT name || ' ' || currency AS subject, credits - debits AS delta FROM accounts WHERE name LIKE 'reserve:%'
            UNION ALL SELECT 'reserve:' || d.campaign_id || ' ' || d.currency, s.carried FROM splits s JOIN donations d ON d.id = s.donation_id WHERE s.carried > 0
            UNION ALL SELECT 'reserve:' || campaign_id || ' ' || currency, -amount FROM reserve_covers WHERE state = 'booked'
         ) every GROUP BY every.subject HAVING SUM(every.delta) <> 0 LIMIT 20",
    ),
];

/// Everything about the grants that does not hold, a line each; nothing when all does.
///
/// # Errors
/// The database's.
pub fn findings(conn: &mut Conn) -> AppResult<Vec<String>> {
    let mut found = Vec::new();
    for (what, query) in PROOFS {
        let rows: Vec<Found> = each!(conn, c => diesel::sql_query(*query).load(c))?;
        found.extend(
            rows.into_iter()
                .map(|row| format!("grants: {what}: {} (off by {})", row.subject, row.off)),
        );
    }
    Ok(found)
}

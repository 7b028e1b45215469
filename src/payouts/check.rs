//! What the payouts can prove (L10 j, P21): each is in the books as it arrived, and what differs is a finding.

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
        "a payout that is not in the ledger as it was booked",
        "SELECT p.id AS subject, CAST(COALESCE(SUM(t.amount), 0) - CASE WHEN p.booked_at IS NULL THEN 0 ELSE p.amount END AS BIGINT) AS off
         FROM payouts p LEFT JOIN (
            SELECT source_id, amount FROM transfers WHERE source_kind = 'payout' AND debit = 'bank' AND credit LIKE 'processor:%'
            UNION ALL SELECT source_id, -amount FROM transfers WHERE source_kind = 'payout' AND credit = 'bank' AND debit LIKE 'processor:%'
         ) t ON t.source_id = p.id
         GROUP BY p.id, p.amount, p.booked_at
         HAVING COALESCE(SUM(t.amount), 0) <> CASE WHEN p.booked_at IS NULL THEN 0 ELSE p.amount END LIMIT 20",
    ),
    (
        "a payout that came back and is not taken out of the ledger as it was",
        "SELECT p.id AS subject, CAST(COALESCE(SUM(t.amount), 0) - CASE WHEN p.reversed_at IS NULL THEN 0 ELSE p.amount END AS BIGINT) AS off
         FROM payouts p LEFT JOIN (
            SELECT source_id, amount FROM transfers WHERE source_kind = 'payout_failed' AND credit = 'bank' AND debit LIKE 'processor:%'
            UNION ALL SELECT source_id, -amount FROM transfers WHERE source_kind = 'payout_failed' AND debit = 'bank' AND credit LIKE 'processor:%'
         ) t ON t.source_id = p.id
         GROUP BY p.id, p.amount, p.reversed_at
         HAVING COALESCE(SUM(t.amount), 0) <> CASE WHEN p.reversed_at IS NULL THEN 0 ELSE p.amount END LIMIT 20",
    ),
    (
        "a payout that has reached the bank and is in no book, which no finding tells",
        "SELECT p.id AS subject, CAST(p.amount AS BIGINT) AS off FROM payouts p
         WHERE p.amount <> 0 AND ((p.state IN ('paid', 'failed', 'canceled') AND p.booked_at IS NULL) OR (p.state IN ('failed', 'canceled') AND p.reversed_at IS NULL))
           AND NOT EXISTS (SELECT 1 FROM findings f WHERE f.kind = 'payout_not_booked' AND f.subject = p.id) LIMIT 20",
    ),
    (
        "transfers of a payout that is not known",
        "SELECT t.source_id AS subject, CAST(t.amount AS BIGINT) AS off FROM transfers t LEFT JOIN payouts p ON p.id = t.source_id
         WHERE t.source_kind IN ('payout', 'payout_failed') AND p.id IS NULL LIMIT 20",
    ),
    (
        "a payout that is not the sum of its entries, which no finding tells",
        "SELECT p.id AS subject, CAST(p.amount - COALESCE(i.net, 0) AS BIGINT) AS off FROM payouts p
         LEFT JOIN (SELECT payout_id, SUM(net) AS net FROM payout_items GROUP BY payout_id) i ON i.payout_id = p.id
         WHERE p.amount <> COALESCE(i.net, 0)
           AND NOT EXISTS (SELECT 1 FROM findings f WHERE f.kind = 'payout_sum_differs' AND f.subject = p.id) LIMIT 20",
    ),
    (
        "an entry of a payout that is not ours, which no finding tells",
        "SELECT i.transaction_id AS subject, CAST(i.net - COALESCE(i.ours, 0) AS BIGINT) AS off FROM payout_items i
         WHERE (i.ours IS NULL OR i.ours <> i.net)
           AND NOT EXISTS (SELECT 1 FROM findings f WHERE f.kind IN ('payout_item_missing', 'payout_item_differs') AND f.subject = i.transaction_id) LIMIT 20",
    ),
];

/// Everything about the payouts that does not hold, a line each.
///
/// # Errors
/// The database's.
pub fn findings(conn: &mut Conn) -> AppResult<Vec<String>> {
    let mut found = Vec::new();
    for (what, query) in PROOFS {
        let rows: Vec<Found> = each!(conn, c => diesel::sql_query(*query).load(c))?;
        found.extend(
            rows.into_iter()
                .map(|row| format!("payouts: {what}: {} (off by {})", row.subject, row.off)),
        );
    }
    Ok(found)
}

//! What the gifts can prove against the ledger (L8, L10 b, c, d, f, g, i).

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
        "a paid gift whose capture is not in the ledger exactly once, at its amount",
        "SELECT d.id AS subject, CAST(COALESCE(SUM(t.amount), 0) - d.charged AS BIGINT) AS off FROM donations d
         LEFT JOIN transfers t ON t.donation_id = d.id AND t.source_kind IN ('charge', 'offline_gift', 'match_release') AND t.code = 'gift'
         WHERE d.paid_at IS NOT NULL GROUP BY d.id, d.charged
         HAVING COUNT(t.id) <> 1 OR SUM(t.amount) <> d.charged LIMIT 20",
    ),
    (
        "a paid gift of which fee, set aside and refunded do not make up the charge",
        "SELECT d.id AS subject, CAST(d.charged - d.refunded - COALESCE(s.held, 0) - COALESCE(r.held, 0) AS BIGINT) AS off
         FROM donations d
         LEFT JOIN (SELECT donation_id, SUM(amount - reversed) AS held FROM splits WHERE origin = 'gift' GROUP BY donation_id) s ON s.donation_id = d.id
         LEFT JOIN (SELECT donation_id, SUM(CASE WHEN credit LIKE 'received:%' THEN amount ELSE -amount END) AS held FROM transfers
                    WHERE credit LIKE 'received:%' OR debit LIKE 'received:%' GROUP BY donation_id) r ON r.donation_id = d.id
         WHERE d.paid_at IS NOT NULL AND d.charged - d.refunded - COALESCE(s.held, 0) - COALESCE(r.held, 0) <> 0 LIMIT 20",
    ),
    (
        "a part of a gift that is not what the ledger set aside for it in that fund",
        "SELECT s.donation_id AS subject, CAST(s.aside - COALESCE(SUM(CASE WHEN t.credit = 'fund:' || s.fund_id THEN t.amount ELSE -t.amount END), 0) AS BIGINT) AS off
         FROM (SELECT donation_id, fund_id, SUM(amount - reversed + carried) AS aside FROM splits GROUP BY donation_id, fund_id) s
         LEFT JOIN transfers t ON t.donation_id = s.donation_id AND (t.credit = 'fund:' || s.fund_id OR t.debit = 'fund:' || s.fund_id)
         GROUP BY s.donation_id, s.fund_id, s.aside
         HAVING s.aside <> COALESCE(SUM(CASE WHEN t.credit = 'fund:' || s.fund_id THEN t.amount ELSE -t.amount END), 0) LIMIT 20",
    ),
    (
        "a gift of which the reserve carries another amount than the ledger says",
        "SELECT d.id AS subject, CAST(COALESCE(s.carried, 0) - COALESCE(t.carried, 0) AS BIGINT) AS off FROM donations d
         LEFT JOIN (SELECT donation_id, SUM(carried) AS carried FROM splits GROUP BY donation_id) s ON s.donation_id = d.id
         LEFT JOIN (SELECT donation_id, SUM(CASE WHEN debit LIKE 'reserve:%' THEN amount ELSE -amount END) AS carried FROM transfers
                    WHERE debit LIKE 'reserve:%' OR credit LIKE 'reserve:%' GROUP BY donation_id) t ON t.donation_id = d.id
         WHERE COALESCE(s.carried, 0) <> COALESCE(t.carried, 0) LIMIT 20",
    ),
    (
        "a gift whose refunded sum is not that of its refunds",
        "SELECT d.id AS subject, CAST(d.refunded - COALESCE(SUM(r.amount), 0) AS BIGINT) AS off FROM donations d
         LEFT JOIN refunds r ON r.donation_id = d.id AND r.state = 'posted'
         GROUP BY d.id, d.refunded HAVING d.refunded <> COALESCE(SUM(r.amount), 0) LIMIT 20",
    ),
    (
        "a dispute that is not in the books as it stands",
        // What the bank holds of it, under the dispute's id or that and a movement's: no more than it took, and nothing once
        // all came back.
        "SELECT d.id AS subject, CAST(d.amount - COALESCE(SUM(r.amount), 0) AS BIGINT) AS off FROM disputes d
         LEFT JOIN refunds r ON r.donation_id = d.donation_id AND (r.id = d.id OR r.id LIKE d.id || ':%') AND r.state = 'posted'
         GROUP BY d.id, d.amount, d.state
         HAVING (d.state IN ('open', 'lost') AND (COALESCE(SUM(r.amount), 0) <= 0 OR SUM(r.amount) > d.amount))
             OR (d.state IN ('asked', 'won') AND COUNT(r.id) > 0) LIMIT 20",
    ),
    (
        "a gift that is called disputed and is not, or the other way round",
        "SELECT g.id AS subject, CAST(1 AS BIGINT) AS off FROM donations g
         LEFT JOIN (SELECT DISTINCT donation_id FROM disputes WHERE state IN ('open', 'lost')) d ON d.donation_id = g.id
         WHERE (g.status = 'disputed') <> (d.donation_id IS NOT NULL) LIMIT 20",
    ),
    (
        "transfers of a gift that is not paid, or of none",
        "SELECT COALESCE(t.donation_id, t.source_kind || ' ' || t.source_id) AS subject, CAST(t.amount AS BIGINT) AS off FROM transfers t
         LEFT JOIN donations d ON d.id = t.donation_id
         WHERE t.source_kind IN ('charge', 'balance_transaction', 'refund', 'refund_failed', 'dispute', 'dispute_won', 'offline_gift', 'match', 'match_refund', 'match_refund_failed') AND (d.id IS NULL OR d.paid_at IS NULL) LIMIT 20",
    ),
    (
        "a total shown that differs from the gifts",
        "SELECT t.scope || ' ' || t.scope_id AS subject, CAST(t.raised - COALESCE(g.raised, 0) AS BIGINT) AS off FROM totals t
         LEFT JOIN (
            SELECT 'campaign' AS scope, campaign_id AS scope_id, SUM(charged - refunded) AS raised, SUM(CASE WHEN refunded < charged THEN 1 ELSE 0 END) AS gifts FROM donations WHERE paid_at IS NOT NULL GROUP BY campaign_id
            UNION ALL SELECT 'page', page_id, SUM(charged - refunded), SUM(CASE WHEN refunded < charged THEN 1 ELSE 0 END) FROM donations WHERE paid_at IS NOT NULL AND page_id IS NOT NULL GROUP BY page_id
            UNION ALL SELECT 'team', team_id, SUM(charged - refunded), SUM(CASE WHEN refunded < charged THEN 1 ELSE 0 END) FROM donations WHERE paid_at IS NOT NULL AND team_id IS NOT NULL GROUP BY team_id
         ) g ON g.scope = t.scope AND g.scope_id = t.scope_id
         WHERE t.raised <> COALESCE(g.raised, 0) OR t.donations <> COALESCE(g.gifts, 0) LIMIT 20",
    ),
    (
        "a matched sum shown that differs from what pools add to the gifts",
        "SELECT t.scope || ' ' || t.scope_id AS subject, CAST(t.matched - COALESCE(g.matched, 0) AS BIGINT) AS off FROM totals t
         LEFT JOIN (
            SELECT 'campaign' AS scope, d.campaign_id AS scope_id, SUM(m.amount - m.reversed) AS matched FROM matches m JOIN donations d ON d.id = m.donation_id GROUP BY d.campaign_id
            UNION ALL SELECT 'page', d.page_id, SUM(m.amount - m.reversed) FROM matches m JOIN donations d ON d.id = m.donation_id WHERE d.page_id IS NOT NULL GROUP BY d.page_id
            UNION ALL SELECT 'team', d.team_id, SUM(m.amount - m.reversed) FROM matches m JOIN donations d ON d.id = m.donation_id WHERE d.team_id IS NOT NULL GROUP BY d.team_id
         ) g ON g.scope = t.scope AND g.scope_id = t.scope_id
         WHERE t.matched <> COALESCE(g.matched, 0) LIMIT 20",
    ),
    (
        "a number of donors shown that differs from those who gave",
        "SELECT t.scope || ' ' || t.scope_id AS subject, CAST(t.donors - COALESCE(g.donors, 0) AS BIGINT) AS off FROM totals t
         LEFT JOIN (SELECT scope, scope_id, COUNT(*) AS donors FROM givers WHERE gifts > 0 GROUP BY scope, scope_id) g
            ON g.scope = t.scope AND g.scope_id = t.scope_id
         WHERE t.donors <> COALESCE(g.donors, 0) LIMIT 20",
    ),
    (
        "a paid gift without a receipt",
        "SELECT d.id AS subject, CAST(1 AS BIGINT) AS off FROM donations d JOIN supporters s ON s.id = d.supporter_id
         LEFT JOIN mails m ON m.kind = 'receipt' AND m.source_id = d.id
         WHERE d.paid_at IS NOT NULL AND (d.receipt IS NULL OR (m.id IS NULL AND s.email NOT LIKE '%.invalid')) LIMIT 20",
    ),
    (
        "a confirmed entry whose donation is not there as it says",
        "SELECT o.id AS subject, CAST(o.amount - COALESCE(d.charged, 0) AS BIGINT) AS off FROM offline_gifts o LEFT JOIN donations d ON d.id = o.donation_id
         WHERE o.state = 'confirmed' AND (d.id IS NULL OR d.paid_at IS NULL OR d.charged <> o.amount OR d.method = 'online') LIMIT 20",
    ),
    (
        "cash and cheques in hand that are not the gifts that staff hold",
        "SELECT h.account AS subject, CAST(SUM(h.held) AS BIGINT) AS off FROM (
            SELECT name AS account, currency, debits - credits AS held FROM accounts WHERE name LIKE 'in_hand:%'
            UNION ALL SELECT 'in_hand:' || o.campaign_id, d.currency, d.refunded - d.charged FROM offline_gifts o JOIN donations d ON d.id = o.donation_id
                WHERE o.state = 'confirmed' AND o.by_bank = FALSE AND NOT EXISTS (SELECT 1 FROM deposit_items i WHERE i.donation_id = d.id)
            UNION ALL SELECT 'in_hand:' || p.campaign_id, p.currency, -p.amount FROM deposits p WHERE p.state = 'taken'
         ) h GROUP BY h.account, h.currency HAVING SUM(h.held) <> 0 LIMIT 20",
    ),
    (
        "a deposit that is not the sum of its gifts",
        "SELECT p.id AS subject, CAST(p.amount - COALESCE(SUM(i.amount), 0) AS BIGINT) AS off FROM deposits p
         LEFT JOIN deposit_items i ON i.deposit_id = p.id GROUP BY p.id, p.amount HAVING p.amount <> COALESCE(SUM(i.amount), 0) LIMIT 20",
    ),
    (
        "a deposit that is not in the ledger as the bank counted it",
        "SELECT p.id AS subject, CAST(COALESCE(p.banked, 0) - COALESCE(SUM(t.amount), 0) AS BIGINT) AS off FROM deposits p
         LEFT JOIN transfers t ON t.source_kind = 'deposit' AND t.source_id = p.id AND t.debit = 'bank'
         GROUP BY p.id, p.banked HAVING COALESCE(p.banked, 0) <> COALESCE(SUM(t.amount), 0) LIMIT 20",
    ),
    (
        "a deposit that the bank counted otherwise, which no finding tells",
        "SELECT p.id AS subject, CAST(p.banked - p.amount AS BIGINT) AS off FROM deposits p
         WHERE p.banked IS NOT NULL AND p.banked <> p.amount
           AND NOT EXISTS (SELECT 1 FROM findings f WHERE f.kind = 'deposit_differs' AND f.subject = p.id) LIMIT 20",
    ),
];

/// Everything about the gifts that does not hold, a line each; nothing when all does.
///
/// # Errors
/// The database's.
pub fn findings(conn: &mut Conn) -> AppResult<Vec<String>> {
    let mut found = Vec::new();
    for (what, query) in PROOFS {
        let rows: Vec<Found> = each!(conn, c => diesel::sql_query(*query).load(c))?;
        found.extend(
            rows.into_iter()
                .map(|row| format!("gifts: {what}: {} (off by {})", row.subject, row.off)),
        );
    }
    Ok(found)
}

//! What the counts of days and conversations can prove: each is what the rows say.

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

/// Each proof: what a row of the query would mean, and the query. `off` is by how many.
const PROOFS: &[(&str, &str)] = &[
    (
        "a page's days that are not its entries",
        "SELECT p.id AS subject, CAST(COALESCE(t.days, 0) - COALESCE(e.days, 0) AS BIGINT) AS off FROM pages p
         LEFT JOIN tallies t ON t.scope = 'page' AND t.scope_id = p.id
         LEFT JOIN (SELECT page_id, COUNT(*) AS days FROM diary_entries GROUP BY page_id) e ON e.page_id = p.id
         WHERE COALESCE(t.days, 0) <> COALESCE(e.days, 0) LIMIT 20",
    ),
    (
        "a page's conversations that are not those told",
        "SELECT p.id AS subject, CAST(COALESCE(t.conversations, 0) - COALESCE(c.told, 0) AS BIGINT) AS off FROM pages p
         LEFT JOIN tallies t ON t.scope = 'page' AND t.scope_id = p.id
         LEFT JOIN (SELECT page_id, COUNT(*) AS told, SUM(CASE WHEN learned THEN 1 ELSE 0 END) AS learned,
                    SUM(CASE WHEN signed THEN 1 ELSE 0 END) AS signed, SUM(CASE WHEN gave THEN 1 ELSE 0 END) AS gave
                    FROM conversations GROUP BY page_id) c ON c.page_id = p.id
         WHERE COALESCE(t.conversations, 0) <> COALESCE(c.told, 0) OR COALESCE(t.learned, 0) <> COALESCE(c.learned, 0)
            OR COALESCE(t.signed, 0) <> COALESCE(c.signed, 0) OR COALESCE(t.gave, 0) <> COALESCE(c.gave, 0) LIMIT 20",
    ),
    (
        "a campaign's counts that are not those of its shown pages",
        "SELECT t.scope_id AS subject, CAST(t.days - COALESCE(s.days, 0) AS BIGINT) AS off FROM tallies t
         LEFT JOIN (SELECT campaign_id, SUM(days) AS days, SUM(conversations) AS conversations, SUM(learned) AS learned,
                    SUM(signed) AS signed, SUM(gave) AS gave
                    FROM tallies WHERE scope = 'page' AND is_counted GROUP BY campaign_id) s ON s.campaign_id = t.campaign_id
         WHERE t.scope = 'campaign' AND (t.days <> COALESCE(s.days, 0) OR t.conversations <> COALESCE(s.conversations, 0)
            OR t.learned <> COALESCE(s.learned, 0) OR t.signed <> COALESCE(s.signed, 0) OR t.gave <> COALESCE(s.gave, 0)) LIMIT 20",
    ),
    (
        "a page that counts though it is hidden, or does not though it is shown",
        "SELECT p.id AS subject, CAST(t.days AS BIGINT) AS off FROM pages p
         JOIN tallies t ON t.scope = 'page' AND t.scope_id = p.id
         WHERE (p.status = 'live' AND NOT t.is_counted) OR (p.status <> 'live' AND t.is_counted) LIMIT 20",
    ),
    (
        "a request to a sponsor of a day that is more than was promised",
        "SELECT s.id AS subject, CAST(s.requested AS BIGINT) AS off FROM day_sponsors s
         WHERE s.requested IS NOT NULL AND (s.requested > s.cap OR s.requested > s.per_day * COALESCE(s.days, 0)) LIMIT 20",
    ),
];

/// Everything about the diary that does not hold, a line each; nothing when all does.
///
/// # Errors
/// The database's.
pub fn findings(conn: &mut Conn) -> AppResult<Vec<String>> {
    let mut found = Vec::new();
    for (what, query) in PROOFS {
        let rows: Vec<Found> = each!(conn, c => diesel::sql_query(*query).load(c))?;
        found.extend(
            rows.into_iter()
                .map(|row| format!("diary: {what}: {} (off by {})", row.subject, row.off)),
        );
    }
    Ok(found)
}

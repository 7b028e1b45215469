//! An audience as one query.

use super::model::Audience;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::Timestamp;

/// A value in a compiled query, in the order of its `$n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// TEXT.
    Text(String),
    /// BIGINT.
    Number(i64),
    /// TIMESTAMP.
    Time(Timestamp),
}

/// A query that both engines read: its text with `$1 … $n` in order, and the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Selects subscribers' ids as `id`, each once.
    pub sql: String,
    /// What stands for `$1 … $n`.
    pub binds: Vec<Bind>,
}

/// Who is meant by `audience` now and may be written to: left, unconfirmed and suppressed addresses are out.
///
/// # Errors
/// When a segment that it names is gone or cannot be read.
pub fn compile(_conn: &mut Conn, audience: &Audience, _now: Timestamp) -> AppResult<Compiled> {
    let marks: Vec<String> = (1..=audience.lists.len())
        .map(|n| format!("${n}"))
        .collect();
    let on = if !marks.is_empty() {
        format!("o.list_id IN ({})", marks.join(", "))
    } else if audience.grant.is_some() {
        "1 = 1".to_owned()
    } else {
        "1 = 0".to_owned()
    };
    let mut sql = format!(
        "SELECT s.id AS id FROM subscribers s WHERE s.left_all_at IS NULL \
         AND EXISTS (SELECT 1 FROM subscriptions o WHERE o.subscriber_id = s.id AND o.state = 'confirmed' AND {on}) \
         AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.email_folded = s.email_folded)"
    );
    let mut binds: Vec<Bind> = audience
        .lists
        .iter()
        .map(|list| Bind::Text(list.to_string()))
        .collect();
    if let Some(grant) = audience.grant {
        binds.push(Bind::Text(grant.to_string()));
        sql.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM donations d JOIN grant_layers l ON l.donation_id = d.id \
             JOIN grant_tranches t ON t.id = l.tranche_id \
             WHERE d.supporter_id = s.supporter_id AND l.origin = 'gift' AND t.state <> 'returned' AND t.grant_id = ${})",
            binds.len()
        ));
    }
    Ok(Compiled { sql, binds })
}

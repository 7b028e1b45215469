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
    let marks = if marks.is_empty() {
        "NULL".to_owned()
    } else {
        marks.join(", ")
    };
    let sql = format!(
        "SELECT s.id AS id FROM subscribers s WHERE s.left_all_at IS NULL \
         AND EXISTS (SELECT 1 FROM subscriptions o WHERE o.subscriber_id = s.id AND o.state = 'confirmed' AND o.list_id IN ({marks})) \
         AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.email_folded = s.email_folded)"
    );
    let binds = audience
        .lists
        .iter()
        .map(|list| Bind::Text(list.to_string()))
        .collect();
    Ok(Compiled { sql, binds })
}

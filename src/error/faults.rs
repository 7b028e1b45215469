//! Telling apart the ways in which a database fails.

use diesel::result::{DatabaseErrorKind, Error};

/// A fault that passes by itself: the database is away, full, locked or overloaded (F5, F9). Answered 503.
pub fn is_passing(error: &Error) -> bool {
    if is_connection_lost(error) || is_conflict(error) {
        return true;
    }
    message(error).is_some_and(|text| {
        [
            "database or disk is full",
            "database is locked",
            "disk I/O error",
            "statement timeout",
            "lock timeout",
            "could not extend file",
            "No space left on device",
            "too many clients",
            "too many connections",
            "remaining connection slots",
            "attempt to write a readonly database",
        ]
        .iter()
        .any(|known| text.contains(known))
    })
}

/// The connection is gone; another may serve.
pub fn is_connection_lost(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection, _)
        | Error::BrokenTransactionManager => true,
        _ => message(error).is_some_and(|text| {
            [
                "connection closed",
                "connection refused",
                "Connection refused",
                "error communicating with the server",
                "terminating connection",
                "the database system is",
                "Broken pipe",
                "Connection reset",
            ]
            .iter()
            .any(|known| text.contains(known))
        }),
    }
}

/// PostgreSQL's 40001 and 40P01: another transaction won, the same work may be run again.
pub fn is_conflict(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        _ => message(error).is_some_and(|text| text.contains("deadlock detected")),
    }
}

/// A unique constraint was met.
pub fn is_duplicate(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

fn message(error: &Error) -> Option<&str> {
    match error {
        Error::DatabaseError(_, info) => Some(info.message()),
        _ => None,
    }
}

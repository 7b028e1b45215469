//! `DATABASE_URL`, parsed.

use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

/// Which engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file, in this process.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// The engine's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Where the database is: `sqlite:///abs/file.db`, `sqlite://rel.db` or `postgres://…`.
#[derive(Debug, Clone)]
pub enum DbUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the URL may hold a password.
    Postgres(SecretString),
}

/// The text is no database URL.
#[derive(Debug, thiserror::Error)]
#[error(
    "DATABASE_URL: write sqlite:///absolute/file.db, sqlite://relative.db or postgres://user:password@host/database"
)]
pub struct BadDbUrl;

impl DbUrl {
    /// Which engine this is for.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

impl FromStr for DbUrl {
    type Err = BadDbUrl;

    fn from_str(text: &str) -> Result<Self, BadDbUrl> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return match path {
                "" | "/" | ":memory:" => Err(BadDbUrl),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(SecretString::from(text.to_owned())));
        }
        Err(BadDbUrl)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_an_engine_or_are_refused() {
        let path = |text: &str| match text.parse::<DbUrl>() {
            Ok(DbUrl::Sqlite(path)) => path.display().to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(path("sqlite:///var/s.db"), "/var/s.db");
        assert_eq!(path("sqlite://s.db"), "s.db");
        assert!("postgres://u:secret@h/db".parse::<DbUrl>().is_ok());
        for text in [
            "",
            "sqlite://",
            "mysql://x",
            "/var/s.db",
            "sqlite://:memory:",
        ] {
            assert!(text.parse::<DbUrl>().is_err(), "{text}");
        }
        assert!(!format!("{:?}", "postgres://u:secret@h/db".parse::<DbUrl>()).contains("secret"));
    }
}

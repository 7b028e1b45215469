//! The schema's history, one tree an engine, embedded in the binary.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Conn;
use crate::error::{AppError, AppResult};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// One instance migrates at a time (F15): any number, the same in every release.
const LOCK: i64 = 0x5e1_7ed6e;

/// Brings the schema up to this binary's; answers the names of the migrations that ran.
///
/// # Errors
/// When the database is newer than the binary, or a migration fails.
pub fn up(conn: &mut Conn) -> AppResult<Vec<String>> {
    refuse_newer(conn)?;
    let ran = match conn {
        Conn::Sqlite(c) => names(c.run_pending_migrations(SQLITE))?,
        Conn::Postgres(c) => {
            c.batch_execute(&format!(
                "SET statement_timeout = 0; SELECT pg_advisory_lock({LOCK})"
            ))?;
            let ran = names(c.run_pending_migrations(POSTGRES));
            c.batch_execute(&format!(
                "SELECT pg_advisory_unlock({LOCK}); RESET statement_timeout"
            ))?;
            ran?
        }
    };
    Ok(ran)
}

fn names(
    ran: diesel::migration::Result<Vec<diesel::migration::MigrationVersion<'_>>>,
) -> AppResult<Vec<String>> {
    ran.map(|versions| versions.iter().map(ToString::to_string).collect())
        .map_err(AppError::internal)
}

/// Takes back the newest `steps` migrations.
///
/// # Errors
/// When one fails.
pub fn down(conn: &mut Conn, steps: usize) -> AppResult<usize> {
    for done in 0..steps {
        let applied = applied(conn)?.len();
        if applied == 0 {
            return Ok(done);
        }
        match conn {
            Conn::Sqlite(c) => c.revert_last_migration(SQLITE).map(|_| ()),
            Conn::Postgres(c) => c.revert_last_migration(POSTGRES).map(|_| ()),
        }
        .map_err(AppError::internal)?;
    }
    Ok(steps)
}

/// The migrations that this binary knows and the database lacks.
///
/// # Errors
/// When the database cannot be asked, or is newer than the binary.
pub fn pending(conn: &mut Conn) -> AppResult<Vec<String>> {
    refuse_newer(conn)?;
    let applied = applied(conn)?;
    Ok(known(conn)?
        .into_iter()
        .filter(|version| !applied.contains(version))
        .collect())
}

/// What [`pending`] answers, by reading alone: the library's own question makes its table where there is none, which a
/// read-only transaction of PostgreSQL refuses.
///
/// # Errors
/// The database's, also where no migration ever ran.
pub fn lacking(conn: &mut Conn) -> AppResult<Vec<String>> {
    #[derive(diesel::QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let query = "SELECT version FROM __diesel_schema_migrations";
    let applied: Vec<Applied> =
        crate::each!(conn, c => diesel::RunQueryDsl::load(diesel::sql_query(query), c))?;
    Ok(known(conn)?
        .into_iter()
        .filter(|known| applied.iter().all(|row| row.version != *known))
        .collect())
}

/// A database newer than the binary is refused: an old binary would misread its rows.
fn refuse_newer(conn: &mut Conn) -> AppResult<()> {
    let known = known(conn)?;
    match applied(conn)?
        .into_iter()
        .find(|version| !known.contains(version))
    {
        Some(version) => Err(AppError::internal(format!(
            "the database has migration {version}, which this binary does not know; run the newer binary"
        ))),
        None => Ok(()),
    }
}

fn applied(conn: &mut Conn) -> AppResult<Vec<String>> {
    let versions = crate::each!(conn, c => c.applied_migrations()).map_err(AppError::internal)?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

fn known(conn: &Conn) -> AppResult<Vec<String>> {
    fn versions<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> AppResult<Vec<String>>
    where
        EmbeddedMigrations: MigrationSource<DB>,
    {
        let migrations: Vec<Box<dyn Migration<DB>>> =
            source.migrations().map_err(AppError::internal)?;
        Ok(migrations
            .iter()
            .map(|m| m.name().version().as_owned().to_string())
            .collect())
    }
    match conn {
        Conn::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        Conn::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    }
}

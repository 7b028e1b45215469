//! PostgreSQL: pure-Rust connections, SERIALIZABLE transactions with bounded retry.

use std::sync::Arc;
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::config::SslMode;

use super::conn::{Conn, PgConn, Pool};
use crate::error::faults;
use crate::error::{AppError, AppResult};

/// Tries of one transaction at most (L13).
const TRIES: u32 = 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects. Writers work SERIALIZABLE, readers over a read-only snapshot; no statement runs longer than 5 s.
///
/// Must be called on a thread of the database runtime, which then drives the socket.
pub(super) fn open(url: &SecretString, read_only: bool) -> AppResult<Conn> {
    let handle = tokio::runtime::Handle::try_current().map_err(AppError::internal)?;
    let mut config: tokio_postgres::Config = url
        .expose_secret()
        .parse()
        .map_err(|e| AppError::internal(format!("DATABASE_URL: {e}")))?;
    let session = if read_only {
        "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
    } else {
        "-c default_transaction_isolation=serializable"
    };
    let asked = config.get_options().unwrap_or_default().to_owned();
    config
        .connect_timeout(CONNECT_TIMEOUT)
        .application_name("selvedge")
        .options(format!(
            "{asked} {session} -c statement_timeout=5000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c jit=off"
        ));
    let connect = async {
        match config.get_ssl_mode() {
            SslMode::Disable => connect_with(&config, tokio_postgres::NoTls).await,
            _ => connect_with(&config, tls()).await,
        }
    };
    let inner = handle
        .block_on(async { tokio::time::timeout(CONNECT_TIMEOUT, connect).await })
        .map_err(|_| AppError::database_away())??;
    Ok(Conn::Postgres(PgConn::from(inner)))
}

async fn connect_with<T>(config: &tokio_postgres::Config, tls: T) -> AppResult<AsyncPgConnection>
where
    T: tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket> + Send + 'static,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await.map_err(|error| {
        tracing::warn!(cause = %error, "PostgreSQL cannot be reached");
        match error.as_db_error() {
            Some(refused)
                if refused.code().code().starts_with("28") || refused.code().code() == "3D000" =>
            {
                AppError::internal(format!(
                    "PostgreSQL refused the connection: {}",
                    refused.message()
                ))
            }
            _ => AppError::database_away(),
        }
    })?;
    AsyncPgConnection::try_from_client_and_connection(client, connection)
        .await
        .map_err(|error| {
            tracing::warn!(cause = %error, "PostgreSQL session could not be set up");
            AppError::database_away()
        })
}

fn tls() -> tokio_postgres_rustls::MakeRustlsConnect {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let config = match builder.with_safe_default_protocol_versions() {
        Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
        Err(_) => rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    };
    tokio_postgres_rustls::MakeRustlsConnect::new(config)
}

/// Runs `work` SERIALIZABLE, again after 40001 and 40P01, with growing pauses of random length.
pub(super) fn serializable<T>(
    pool: &Pool,
    patience: Duration,
    mut work: impl FnMut(&mut Conn) -> AppResult<T>,
) -> AppResult<T> {
    let mut tries = 0;
    loop {
        tries += 1;
        let result = pool.with(patience, |conn| conn.atomically(&mut work));
        match result {
            Err(AppError::Database(cause)) if faults::is_conflict(&cause) && tries < TRIES => {
                metrics::counter!("selvedge_transaction_retries_total").increment(1);
                std::thread::sleep(pause(tries));
            }
            Err(AppError::Database(cause)) if faults::is_conflict(&cause) => {
                tracing::warn!(tries, "a transaction lost every race");
                return Err(AppError::database_away());
            }
            other => return other,
        }
    }
}

/// Up to 2, 4, 8 … 128 ms, at random, so that losers do not meet again.
fn pause(tries: u32) -> Duration {
    let ceiling = 1000u64 << tries.min(7);
    let mut bytes = [0u8; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Duration::from_micros(u64::from_le_bytes(bytes) % ceiling),
        Err(_) => Duration::from_micros(ceiling),
    }
}

//! Connecting to a PostgreSQL server.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use super::ACQUIRE_TIMEOUT;
use crate::db::Db;
use crate::error::{StoreError, Trouble, advice};

/// Connections of one host.
const CONNECTIONS_MAX: u32 = 16;
/// How long the first connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Prepared statements a connection keeps: all of them.
const STATEMENTS_MAX: usize = 256;

pub(super) async fn open(url: &str) -> Result<Db, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| {
        StoreError::Unavailable(Trouble::new(
            "the PostgreSQL URL is not valid; use `postgres://user:password@host:5432/database` and write special characters of the password as `%40` and the like",
            error,
        ))
    })?;
    let options = options.application_name("octi").statement_cache_capacity(STATEMENTS_MAX);
    probe(&options).await?;
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(ACQUIRE_TIMEOUT).connect_lazy_with(options);
    Ok(Db::Postgres(pool))
}

/// Connects once by hand: a pool would try again for its whole timeout and then only say that it timed out.
async fn probe(options: &PgConnectOptions) -> Result<(), StoreError> {
    let place = format!("{}:{}", options.get_host(), options.get_port());
    let trouble = match timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(Ok(connection)) => {
            // The server answered; how it takes the goodbye does not matter.
            let _ = connection.close().await;
            return Ok(());
        }
        Ok(Err(error @ (sqlx::Error::Io(_) | sqlx::Error::Tls(_)))) => Trouble::new(
            format!(
                "cannot reach PostgreSQL at `{place}`; check that the server runs there and that the database URL names the right host and port"
            ),
            error,
        ),
        Ok(Err(error)) => {
            let advice = advice(&error).unwrap_or("check the database URL");
            Trouble::new(format!("PostgreSQL at `{place}` turned octi away: {advice}"), error)
        }
        Err(elapsed) => Trouble::new(
            format!(
                "PostgreSQL at `{place}` did not answer within {} seconds; check the host, the port and firewalls",
                CONNECT_TIMEOUT.as_secs()
            ),
            elapsed,
        ),
    };
    Err(StoreError::Unavailable(trouble))
}

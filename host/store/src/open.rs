//! Opening a database by its URL, with errors that say what to correct.

mod postgres;
mod sqlite;

use std::time::Duration;

use crate::db::Db;
use crate::error::StoreError;

/// How long a caller waits for a connection, and a connection for the server.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens what the URL names.
pub(crate) async fn open(url: &str) -> Result<Db, StoreError> {
    if let Some(target) = url.strip_prefix("sqlite:") {
        sqlite::open(target).await
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        postgres::open(url).await
    } else {
        // The rest of the URL may hold a password, so only its scheme is repeated.
        let scheme = url.split_once(':').map_or("nothing", |(scheme, _)| scheme);
        Err(StoreError::Unavailable(
            format!(
                "the database URL starts with `{}`, which octi does not know; use `sqlite:///path/octi.db` or `postgres://user:password@host/database`",
                scheme.chars().take(20).collect::<String>()
            )
            .into(),
        ))
    }
}

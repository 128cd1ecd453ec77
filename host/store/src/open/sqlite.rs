//! Opening a SQLite file, or one in memory.

use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::ACQUIRE_TIMEOUT;
use crate::db::Db;
use crate::error::{StoreError, Trouble, advice};

/// Readers beside the writer.
const READERS_MAX: u32 = 8;
/// How long a connection waits while another program holds the file's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements a connection keeps: all of them.
const STATEMENTS_MAX: usize = 256;

/// `target` is what follows `sqlite:`.
pub(super) async fn open(target: &str) -> Result<Db, StoreError> {
    if target.trim_start_matches("//") == ":memory:" {
        return open_memory().await;
    }
    if target.contains('?') {
        return Err(StoreError::Unavailable("octi takes no options after `?` in a SQLite URL; remove them".into()));
    }
    let options = SqliteConnectOptions::from_str(&format!("sqlite:{target}")).map_err(|error| {
        StoreError::Unavailable(Trouble::new("the SQLite URL is not valid; use `sqlite:///path/octi.db`", error))
    })?;
    let path = options.get_filename().to_owned();
    create(&path).await?;

    // WAL lets readers read while the writer writes. FULL waits for the disk on every commit: without it a power cut could
    // bring back a revoked token or a withdrawn permission, and PostgreSQL keeps the same promise. A commit is one fsync,
    // which nobody sees beside a model call.
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS_MAX);
    let writer = pool(1, options.clone()).await.map_err(|error| refused(&path, error))?;
    let readers = pool(READERS_MAX, options.pragma("query_only", "ON")).await.map_err(|error| refused(&path, error))?;
    Ok(Db::Sqlite { writer, readers })
}

async fn open_memory() -> Result<Db, StoreError> {
    let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true).statement_cache_capacity(STATEMENTS_MAX);
    let memory = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(|error| refused(Path::new(":memory:"), error))?;
    Ok(Db::Sqlite { writer: memory.clone(), readers: memory })
}

async fn pool(connections_max: u32, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new().max_connections(connections_max).acquire_timeout(ACQUIRE_TIMEOUT).connect_with(options).await
}

/// Creates the file if it is absent, for its owner only: it holds conversations and password hashes. SQLite gives its
/// side files the same permissions.
async fn create(path: &Path) -> Result<(), StoreError> {
    let created = tokio::fs::OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).await;
    let Err(error) = created else { return Ok(()) };
    let folder = path.parent().unwrap_or(Path::new(".")).display();
    let shown = path.display();
    let advice = match error.kind() {
        io::ErrorKind::NotFound => {
            format!(
                "cannot create the database `{shown}`: the folder `{folder}` does not exist; create it or correct the database URL"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "cannot write the database `{shown}`: permission denied; make it and the folder `{folder}` writable for the user that runs octi"
            )
        }
        io::ErrorKind::IsADirectory => {
            format!("the database `{shown}` is a folder; name a file in it, such as `{shown}/octi.db`")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!(
                "cannot write the database `{shown}`: its disk is mounted read-only; choose another place in the database URL"
            )
        }
        io::ErrorKind::StorageFull => format!("cannot create the database `{shown}`: the disk is full; free some space"),
        _ => format!("cannot open the database `{shown}`; check the path in the database URL and the permissions of `{folder}`"),
    };
    Err(StoreError::Unavailable(Trouble::new(advice, error)))
}

fn refused(path: &Path, error: sqlx::Error) -> StoreError {
    let advice = advice(&error).unwrap_or("check the path in the database URL");
    StoreError::Unavailable(Trouble::new(format!("cannot open the database `{}`: {advice}", path.display()), error))
}

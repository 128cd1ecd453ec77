//! The store: opening, migrating, and beginning transactions.

use std::sync::Arc;

use octi_domain::principal::Principal;

use crate::db::{Backend, Db};
use crate::error::{StoreError, Subject, classify};
use crate::migrate;
use crate::open;
use crate::remembered::Memory;
use crate::tx::{Connection, Tx};

const SUBJECT: Subject = Subject::new("database", "the row", "the row");

/// A database. Cloning it is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
    pub(crate) memory: Arc<Memory>,
}

impl Store {
    /// Opens `sqlite:///path/octi.db` (created, for its owner only, if absent), `sqlite::memory:` or `postgres://…`.
    ///
    /// # Errors
    /// `Unavailable` with a sentence that says what to correct. The URL's password is never repeated.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let db = open::open(url).await.inspect_err(|error| {
            tracing::error!(%error, detail = error.detail(), "cannot open the database");
        })?;
        Ok(Self { db, memory: Arc::default() })
    }

    /// Creates and updates the tables. Running it again, or from several hosts at once, is fine.
    ///
    /// # Errors
    /// `Migration` when the database is newer than this program or a step fails; failed steps leave nothing behind.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(&self.db).await.inspect_err(|error| {
            tracing::error!(%error, detail = error.detail(), "cannot migrate the database");
        })
    }

    /// Which database this is.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        match self.db {
            Db::Postgres(_) => Backend::Postgres,
            Db::Sqlite { .. } => Backend::Sqlite,
        }
    }

    /// Whether the database answers, for health checks.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let answer = match &self.db {
            Db::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop),
            // Asks for a table, so that the file is really read.
            Db::Sqlite { readers, .. } => sqlx::query("SELECT COUNT(*) FROM sqlite_schema").execute(readers).await.map(drop),
        };
        answer.map_err(|error| classify(error, SUBJECT))
    }

    /// Begins a change. On SQLite changes happen one after another: keep them short, and never begin a second one while
    /// holding a first.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer or stays busy.
    pub async fn write<'a>(&'a self, principal: &Principal) -> Result<Tx<'a>, StoreError> {
        let connection = match &self.db {
            Db::Postgres(pool) => pool.begin().await.map(Connection::Postgres),
            Db::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Connection::Sqlite),
        };
        self.begun(connection, principal, false).await
    }

    /// Begins reading: everything read comes from one moment in time.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn read<'a>(&'a self, principal: &Principal) -> Result<Tx<'a>, StoreError> {
        let connection = match &self.db {
            Db::Postgres(pool) => {
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Connection::Postgres)
            }
            Db::Sqlite { readers, .. } => readers.begin().await.map(Connection::Sqlite),
        };
        self.begun(connection, principal, true).await
    }

    async fn begun<'a>(
        &'a self,
        connection: Result<Connection<'a>, sqlx::Error>,
        principal: &Principal,
        reading: bool,
    ) -> Result<Tx<'a>, StoreError> {
        let connection = connection.map_err(|error| classify(error, SUBJECT))?;
        let mut tx = Tx::new(connection, principal.clone(), reading, &self.memory);
        tx.announce().await?;
        Ok(tx)
    }

    /// Closes every connection, after the transactions that are still open.
    pub async fn close(&self) {
        match &self.db {
            Db::Postgres(pool) => pool.close().await,
            Db::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

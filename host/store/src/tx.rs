//! One transaction, and the macros that run the same query text on both databases.

use std::fmt;

use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use sqlx::{Postgres, Sqlite, Transaction};
use uuid::Uuid;

use crate::error::{StoreError, Subject, classify};
use crate::remembered::{Changes, Memory};

/// What one transaction speaks to.
pub(crate) enum Connection<'a> {
    Postgres(Transaction<'a, Postgres>),
    Sqlite(Transaction<'a, Sqlite>),
}

/// A transaction of one principal. Dropped without [`save`](Self::save), it leaves nothing behind.
pub struct Tx<'a> {
    pub(crate) connection: Connection<'a>,
    /// Whose rows may be seen; none for the host itself, which sees all. Every query text compares its owner column with it.
    pub(crate) owner: Option<Uuid>,
    principal: Principal,
    /// Begun by `Store::read`: changes are refused before they reach the database.
    reading: bool,
    failed: bool,
    memory: &'a Memory,
    /// What is forgotten of it once this is kept.
    pub(crate) changes: Changes,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: Connection<'a>, principal: Principal, reading: bool, memory: &'a Memory) -> Self {
        let owner = principal.user_id().map(UserId::as_uuid);
        Self { connection, owner, principal, reading, failed: false, memory, changes: Changes::default() }
    }

    /// Tells PostgreSQL on whose behalf this runs, for row-level security, and bounds how long it may take.
    pub(crate) async fn announce(&mut self) -> Result<(), StoreError> {
        if let Connection::Postgres(tx) = &mut self.connection {
            let user = self.owner.map_or_else(String::new, |owner| owner.to_string());
            sqlx::query(
                "
                SELECT SET_CONFIG('app.user_id', $1, TRUE)
                     , SET_CONFIG('statement_timeout', '30s', TRUE)
                     , SET_CONFIG('lock_timeout', '10s', TRUE)
                     , SET_CONFIG('idle_in_transaction_session_timeout', '60s', TRUE)
                ",
            )
            .bind(user)
            .execute(&mut **tx)
            .await
            .map_err(|error| classify(error, Subject::new("pg_settings", "the row", "the row")))?;
        }
        Ok(())
    }

    /// Keeps everything this transaction did.
    ///
    /// # Errors
    /// `Aborted` when an earlier call on this transaction failed, otherwise what the database said; nothing is kept then.
    pub async fn save(self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Aborted);
        }
        let result = match self.connection {
            Connection::Postgres(tx) => tx.commit().await,
            Connection::Sqlite(tx) => tx.commit().await,
        };
        // Also after an error: the database may have kept the change and lost only its answer.
        self.memory.forget(self.changes);
        result.map_err(|error| classify(error, Subject::new("database", "the row", "the row")))
    }

    /// On whose behalf this runs.
    #[must_use]
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether this is the host itself and not a person.
    pub(crate) const fn is_system(&self) -> bool {
        self.owner.is_none()
    }

    /// Refuses a row that belongs to somebody else than the principal.
    pub(crate) fn own(&mut self, user: UserId, what: &'static str) -> Result<(), StoreError> {
        match self.owner {
            Some(owner) if owner != user.as_uuid() => self.refuse(StoreError::Foreign { what }),
            _ => Ok(()),
        }
    }

    /// Refuses more bytes or rows than allowed.
    pub(crate) fn bound(&mut self, what: &'static str, size: usize, max: usize) -> Result<(), StoreError> {
        if size > max {
            return self.refuse(StoreError::Limit { what, max: u64::try_from(max).unwrap_or(u64::MAX) });
        }
        Ok(())
    }

    /// Refuses a change on a transaction that was begun for reading: a mistake in the calling code.
    pub(crate) fn changing(&mut self) -> Result<(), StoreError> {
        if self.reading {
            let mistake = "a change was sent through `Store::read`; begin the transaction with `Store::write`";
            return self.refuse(StoreError::Driver(sqlx::Error::InvalidArgument(mistake.to_owned())));
        }
        Ok(())
    }

    /// An error of ours, after which nothing is saved.
    pub(crate) fn refuse<T>(&mut self, error: StoreError) -> Result<T, StoreError> {
        self.failed = true;
        Err(error)
    }

    /// The result of a statement. PostgreSQL gives a transaction up after an error and SQLite does not; here both do.
    pub(crate) fn checked<T>(&mut self, subject: Subject, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            self.failed = true;
            let error = classify(error, subject);
            tracing::debug!(table = subject.table, detail = error.detail(), %error, "a statement failed");
            error
        })
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("principal", &self.principal).field("failed", &self.failed).finish_non_exhaustive()
    }
}

/// How many rows a query may return at most.
pub(crate) fn rows(limit: u32) -> i64 {
    i64::from(limit.min(limits::STORE_ROWS_MAX))
}

/// How many rows a query without a limit of its own returns at most.
pub(crate) const ALL_ROWS: i64 = limits::STORE_ROWS_MAX as i64;

/// Runs one query text, with its values, on the database of the transaction.
macro_rules! on_database {
    ($tx:ident, $subject:expr, $query:ident, $fetch:ident, $sql:expr $(, $value:expr)*) => {{
        let result = match &mut $tx.connection {
            crate::tx::Connection::Postgres(connection) => sqlx::$query($sql)$(.bind($value))*.$fetch(&mut **connection).await,
            crate::tx::Connection::Sqlite(connection) => sqlx::$query($sql)$(.bind($value))*.$fetch(&mut **connection).await,
        };
        $tx.checked($subject, result)
    }};
}

/// The row, if there is one.
macro_rules! fetch_optional {
    ($tx:ident, $subject:expr, $sql:expr $(, $value:expr)* $(,)?) => { on_database!($tx, $subject, query_as, fetch_optional, $sql $(, $value)*) };
}

/// All rows.
macro_rules! fetch_all {
    ($tx:ident, $subject:expr, $sql:expr $(, $value:expr)* $(,)?) => { on_database!($tx, $subject, query_as, fetch_all, $sql $(, $value)*) };
}

/// The one row there must be.
macro_rules! fetch_one {
    ($tx:ident, $subject:expr, $sql:expr $(, $value:expr)* $(,)?) => { on_database!($tx, $subject, query_as, fetch_one, $sql $(, $value)*) };
}

/// A change; returns how many rows it touched.
macro_rules! execute {
    ($tx:ident, $subject:expr, $sql:expr $(, $value:expr)* $(,)?) => {{
        $tx.changing()?;
        let result = match &mut $tx.connection {
            crate::tx::Connection::Postgres(connection) => {
                sqlx::query($sql)$(.bind($value))*.execute(&mut **connection).await.map(|done| done.rows_affected())
            }
            crate::tx::Connection::Sqlite(connection) => {
                sqlx::query($sql)$(.bind($value))*.execute(&mut **connection).await.map(|done| done.rows_affected())
            }
        };
        $tx.checked($subject, result)
    }};
}

//! The two databases behind one enum.

use sqlx::{PgPool, SqlitePool};

/// Which database this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A file (or memory) of this process: nothing to install.
    Sqlite,
    /// A server, for several hosts or many people.
    Postgres,
}

impl Backend {
    /// The word shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The pools. SQLite has one writer, so writers wait in our queue and not in the file's lock, and readers beside it; a
/// database in memory is seen by one connection only, which then does both.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    Postgres(PgPool),
    Sqlite { writer: SqlitePool, readers: SqlitePool },
}

//! What can go wrong, said twice: `Display` for a person, [`StoreError::detail`] for the log.

use std::fmt;

use sqlx::error::ErrorKind;

/// Why the store could not do what was asked. The text never holds words of the database driver, an address with a
/// password, or stored data, so it may be shown to a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be used now; the text says what to do about it.
    #[error("{0}")]
    Unavailable(Trouble),
    /// What was to be added is there already.
    #[error("{what} already exists")]
    Conflict { what: &'static str },
    /// What a row was to belong to is not there, or belongs to somebody else.
    #[error("{what} does not exist")]
    Missing { what: &'static str },
    /// A person's principal came with a row of somebody else: a mistake in the calling code.
    #[error("{what} belongs to somebody else")]
    Foreign { what: &'static str },
    /// More than a limit allows.
    #[error("{what} is over the limit of {max}")]
    Limit { what: &'static str, max: u64 },
    /// Saving after an error: half of a change must not survive.
    #[error("nothing was saved, because an earlier step of the same change failed")]
    Aborted,
    /// A row holds what this version cannot read.
    #[error(
        "the database holds a row in `{table}` that this version of octi cannot read (`{column}`); if a newer version wrote it, run that one"
    )]
    Inconsistent { table: &'static str, column: String, detail: String },
    /// The database refused a statement for a reason a person cannot mend.
    #[error("the database refused a statement; the log says why")]
    Driver(#[source] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("{0}")]
    Migration(Trouble),
}

impl StoreError {
    /// What the driver said, for the log only.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Unavailable(trouble) | Self::Migration(trouble) => trouble.detail.clone(),
            Self::Inconsistent { detail, .. } => Some(detail.clone()),
            Self::Driver(error) => Some(error.to_string()),
            Self::Conflict { .. } | Self::Missing { .. } | Self::Foreign { .. } | Self::Limit { .. } | Self::Aborted => None,
        }
    }

    /// Whether the same call may succeed a moment later.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    pub(crate) fn inconsistent(table: &'static str, column: &str, detail: impl fmt::Display) -> Self {
        Self::Inconsistent { table, column: column.to_owned(), detail: detail.to_string() }
    }
}

/// A sentence for a person, and what the driver said for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    advice: String,
    detail: Option<String>,
}

impl Trouble {
    pub(crate) fn new(advice: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self { advice: advice.into(), detail: Some(detail.to_string()) }
    }
}

impl<T: Into<String>> From<T> for Trouble {
    fn from(advice: T) -> Self {
        Self { advice: advice.into(), detail: None }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.advice)
    }
}

/// The words for one statement's subject: what exists already when it collides, what is missing when its parent is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) table: &'static str,
    pub(crate) conflict: &'static str,
    pub(crate) parent: &'static str,
}

impl Subject {
    pub(crate) const fn new(table: &'static str, conflict: &'static str, parent: &'static str) -> Self {
        Self { table, conflict, parent }
    }
}

/// Turns a driver's error into ours.
pub(crate) fn classify(error: sqlx::Error, subject: Subject) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => match database.kind() {
            ErrorKind::UniqueViolation => return StoreError::Conflict { what: subject.conflict },
            ErrorKind::ForeignKeyViolation => return StoreError::Missing { what: subject.parent },
            _ => {}
        },
        sqlx::Error::ColumnDecode { index, source } => {
            return StoreError::inconsistent(subject.table, index.trim_matches('"'), source);
        }
        _ => {}
    }
    match advice(&error) {
        Some(advice) => StoreError::Unavailable(Trouble::new(advice, error)),
        None => StoreError::Driver(error),
    }
}

/// What a person can do about a driver's error; none when it is a mistake of ours.
pub(crate) fn advice(error: &sqlx::Error) -> Option<&'static str> {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => {
            Some("the connection to the database broke; check that the database is running, then try again")
        }
        sqlx::Error::PoolTimedOut => {
            Some("the database did not answer in time; check that it is running and not overloaded, then try again")
        }
        sqlx::Error::PoolClosed => Some("octi is shutting down and has closed its database"),
        sqlx::Error::Database(database) => advice_for_code(&database.code()?, database.message()),
        _ => None,
    }
}

/// SQLite's result codes (the low byte of the extended one) and PostgreSQL's SQLSTATE do not overlap: five characters or fewer digits.
fn advice_for_code(code: &str, message: &str) -> Option<&'static str> {
    if code.len() == 5
        && let Some(advice) = advice_for_postgres(code)
    {
        return Some(advice);
    }
    match code.parse::<u32>().ok()? & 0xff {
        1 if message.starts_with("no such table") => Some(NOT_SET_UP),
        5 | 6 => Some("the database is busy: another program holds its lock; close that program or try again"),
        8 => Some(
            "the database file cannot be written; check its permissions, those of its folder, and that the disk is not mounted read-only",
        ),
        10 => Some("the disk with the database reports errors; check the disk and the system log"),
        11 => Some("the database file is damaged; restore it from a backup"),
        13 => Some("the disk with the database is full; free some space and try again"),
        14 => Some("the database file cannot be opened; check that it and its folder exist and can be written"),
        26 => Some("the file is not a SQLite database; check the path in the database URL"),
        _ => None,
    }
}

const NOT_SET_UP: &str = "the database has not been set up for this version of octi; start octi without `SKIP_MIGRATIONS` so that it creates its tables";

fn advice_for_postgres(code: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" | "28000" => "PostgreSQL refused the user name or password; check both in the database URL",
        "3D000" => "PostgreSQL has no database of that name; create it, or correct the name in the database URL",
        "42501" => "the PostgreSQL user may not do this; grant it the rights of the owner of octi's database",
        "42P01" => NOT_SET_UP,
        "53100" => "the disk of the PostgreSQL server is full; free some space and try again",
        "53300" => "PostgreSQL has no connection left; raise its `max_connections` or close other programs",
        "55P03" | "57014" => "the database took too long, because other work holds it up; try again",
        "40001" | "40P01" => "the change collided with another one; try again",
        "57P01" | "57P02" | "57P03" => "PostgreSQL is shutting down or starting; try again when it is up",
        "25006" => "PostgreSQL accepts no changes now (it is read-only); connect octi to the primary server",
        _ if code.starts_with("08") => "the connection to PostgreSQL broke; check that the server is running, then try again",
        _ => return None,
    })
}

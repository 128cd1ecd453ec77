//! Bringing the tables up to date. The files lie in `migrations/` at the root of the repository; its README has the rules.

use sqlx::migrate::{MigrateError, Migrator};

use crate::db::Db;
use crate::error::{StoreError, Subject, Trouble, advice, classify};

static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");

const SUBJECT: Subject = Subject::new("_sqlx_migrations", "a migration", "a table");

/// Applies what is missing. Several hosts may start at once: PostgreSQL's migrator takes an advisory lock, and on SQLite
/// everything happens in one transaction that holds the write lock.
pub(crate) async fn migrate(db: &Db) -> Result<(), StoreError> {
    match db {
        Db::Postgres(pool) => {
            let mut connection = pool.acquire().await.map_err(|error| classify(error, SUBJECT))?;
            POSTGRES.run_direct(None, &mut *connection, false).await.map_err(explain)
        }
        Db::Sqlite { writer, .. } => {
            let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| classify(error, SUBJECT))?;
            SQLITE.run_direct(None, &mut *tx, false).await.map_err(explain)?;
            tx.commit().await.map_err(|error| classify(error, SUBJECT))
        }
    }
}

fn explain(error: MigrateError) -> StoreError {
    let text = match &error {
        MigrateError::VersionMissing(version) => format!(
            "the database was set up by a newer version of octi (its migration {version} is unknown here); run that version, or restore a backup from before"
        ),
        MigrateError::VersionMismatch(version) => format!(
            "migration {version} of the database is not the one of this version of octi; run the version that set the database up, or restore a backup"
        ),
        MigrateError::Dirty(version) => {
            format!("migration {version} of the database was broken off half-way; restore a backup from before")
        }
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => match advice(cause) {
            Some(advice) => format!("the database could not be brought up to date: {advice}"),
            None => {
                "the database could not be brought up to date; nothing of the failed step was kept, the log says why".to_owned()
            }
        },
        _ => "the database could not be brought up to date; the log says why".to_owned(),
    };
    StoreError::Migration(Trouble::new(text, error))
}

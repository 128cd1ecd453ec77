//! Migrations: twice, from two hosts, forgotten, and from the future.

use octi_store::{Backend, Store, StoreError};

use crate::db::TestDb;
use crate::fixtures::{SYSTEM, look, save};
use crate::on_both;

/// Runs a statement behind the store's back.
async fn tamper(db: &TestDb, statement: &'static str) {
    match db.store.backend() {
        Backend::Postgres => {
            let pool = sqlx::PgPool::connect(&db.url).await.unwrap();
            sqlx::raw_sql(statement).execute(&pool).await.unwrap();
        }
        Backend::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&db.url).await.unwrap();
            sqlx::raw_sql(statement).execute(&pool).await.unwrap();
        }
    }
}

on_both! {
    async fn running_again_changes_nothing(db) {
        save!(db.store, SYSTEM, |tx| tx.put_setting("kept", &serde_json::json!(true)).await.unwrap());
        db.store.migrate().await.unwrap();
        db.store.migrate().await.unwrap();
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.setting("kept").await), Some(serde_json::json!(true)));
    }

    async fn two_hosts_may_start_at_once(db) {
        tamper(db, "DROP TABLE settings; DROP TABLE audit_log; DELETE FROM _sqlx_migrations WHERE version = 7").await;
        let other = Store::open(&db.url).await.unwrap();
        let (one, two) = tokio::join!(db.store.migrate(), other.migrate());
        one.unwrap();
        two.unwrap();
        save!(db.store, SYSTEM, |tx| tx.put_setting("a", &serde_json::json!(1)).await.unwrap());
        other.close().await;
    }

    async fn a_newer_database_is_refused(db) {
        tamper(
            db,
            "
            INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            SELECT 9999, 'from the future', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1
            ",
        )
        .await;
        let error = db.store.migrate().await.unwrap_err();
        assert!(matches!(error, StoreError::Migration(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("newer version of octi (its migration 9999 is unknown here); run that version"), "{text}");
    }

    async fn a_changed_migration_is_refused(db) {
        tamper(db, "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 1) WHERE version = 2").await;
        let text = db.store.migrate().await.unwrap_err().to_string();
        assert!(text.contains("migration 2 of the database is not the one of this version of octi"), "{text}");
    }

    async fn a_forgotten_migration_is_explained(db) {
        tamper(db, "DROP TABLE settings").await;
        let error = db.store.read(&SYSTEM).await.unwrap().setting("a").await.unwrap_err();
        assert!(error.to_string().contains("start octi without `SKIP_MIGRATIONS`"), "{error}");
        assert!(!error.to_string().contains("settings"), "driver text leaks: {error}");
        assert!(error.detail().is_some_and(|detail| detail.contains("settings")));
    }

    async fn a_failing_migration_leaves_nothing_behind(db) {
        // The seventh creates `settings` first, and then a table that is there already.
        tamper(db, "DROP TABLE settings; DELETE FROM _sqlx_migrations WHERE version = 7").await;
        let error = db.store.migrate().await.unwrap_err();
        assert!(matches!(error, StoreError::Migration(_)), "{error:?}");
        assert!(!error.to_string().contains("audit_log"), "driver text leaks: {error}");
        tamper(db, "DROP TABLE audit_log").await;
        db.store.migrate().await.unwrap();
    }
}

//! Opening: what a person reads when it does not work.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use octi_store::{Backend, Store, StoreError};

use crate::db::TestDb;
use crate::fixtures::{SYSTEM, save, time};
use crate::on_both;

async fn trouble(url: &str) -> String {
    let error = Store::open(url).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(error.retryable());
    error.to_string()
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

#[tokio::test]
async fn a_new_file_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("octi.db");
    let store = Store::open(&url(&path)).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.backend(), Backend::Sqlite);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = trouble(&url(&folder.path().join("gone/octi.db"))).await;
    let gone = folder.path().join("gone");
    assert!(
        text.contains(&format!("the folder `{}` does not exist; create it or correct the database URL", gone.display())),
        "{text}"
    );
}

#[tokio::test]
async fn an_unwritable_path_is_named() {
    // Nobody, root included, can create a file there.
    let text = trouble("sqlite:///sys/octi.db").await;
    assert!(text.starts_with("cannot write the database `/sys/octi.db`: "), "{text}");
}

#[tokio::test]
async fn a_folder_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let text = trouble(&url(folder.path())).await;
    assert!(text.contains("is a folder; name a file in it"), "{text}");
}

#[tokio::test]
async fn another_file_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "milk, eggs, bread ".repeat(100)).unwrap();
    let text = trouble(&url(&path)).await;
    assert!(text.contains("the file is not a SQLite database; check the path in the database URL"), "{text}");
}

#[tokio::test]
async fn a_wrong_scheme_names_the_right_ones_and_no_password() {
    let text = trouble("mysql://bob:hunter2@localhost/octi").await;
    assert!(text.contains("starts with `mysql`") && text.contains("sqlite:///path/octi.db"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn options_in_a_sqlite_url_are_refused() {
    let text = trouble("sqlite:///tmp/octi.db?mode=memory").await;
    assert!(text.contains("takes no options"), "{text}");
}

#[tokio::test]
async fn an_invalid_postgres_url_shows_a_valid_one() {
    let text = trouble("postgres://bob:hunter2@host:notaport/octi").await;
    assert!(text.contains("postgres://user:password@host:5432/database"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn an_unreachable_server_is_named_without_the_password() {
    let text = trouble("postgres://bob:hunter2@127.0.0.1:1/octi").await;
    assert!(text.contains("cannot reach PostgreSQL at `127.0.0.1:1`; check that the server runs"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_missing_database_and_a_wrong_password_are_told_apart() {
    let Some(db) = TestDb::open(Backend::Postgres).await else { return };
    let (place, _) = db.url.rsplit_once('/').unwrap();
    let text = trouble(&format!("{place}/no_such_database")).await;
    assert!(text.contains("has no database of that name; create it"), "{text}");

    let wrong = db.url.replacen("postgres:postgres@", "postgres:hunter2@", 1);
    assert_ne!(wrong, db.url, "the server's URL must hold its password");
    let text = trouble(&wrong).await;
    assert!(text.contains("refused the user name or password"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_server_that_goes_away_is_noticed_and_explained() {
    let Some(db) = TestDb::open(Backend::Postgres).await else { return };
    db.store.ping().await.unwrap();
    let (place, name) = db.url.rsplit_once('/').unwrap();
    let mut other = <sqlx::PgConnection as sqlx::Connection>::connect(&format!("{place}/postgres")).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut other).await.unwrap();
    for _ in 0..3 {
        let error = db.store.ping().await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(error.detail().is_some());
    }
}

#[tokio::test]
async fn a_file_locked_by_another_program_is_explained() {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let path = db.url.strip_prefix("sqlite://").unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let other = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let _lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = db.store.write(&SYSTEM).await.unwrap_err();
    assert_eq!(error.to_string(), "the database is busy: another program holds its lock; close that program or try again");
    assert!(error.detail().is_some_and(|detail| detail.contains("locked")));
}

#[tokio::test]
async fn a_database_in_memory_works_and_is_private() {
    let one = Store::open("sqlite::memory:").await.unwrap();
    let two = Store::open("sqlite::memory:").await.unwrap();
    for store in [&one, &two] {
        store.migrate().await.unwrap();
    }
    save!(one, SYSTEM, |tx| tx.put_setting("a", &serde_json::json!(1)).await.unwrap());
    assert!(one.read(&SYSTEM).await.unwrap().setting("a").await.unwrap().is_some());
    assert!(two.read(&SYSTEM).await.unwrap().setting("a").await.unwrap().is_none());
}

on_both! {
    async fn a_closed_store_says_so(db) {
        db.store.ping().await.unwrap();
        db.store.close().await;
        let error = db.store.ping().await.unwrap_err();
        assert_eq!(error.to_string(), "octi is shutting down and has closed its database");
        assert!(db.store.write(&SYSTEM).await.is_err());
        assert!(db.store.read(&SYSTEM).await.is_err());
        // What was saved is still there for the next start.
        let again = Store::open(&db.url).await.unwrap();
        let at = time(0);
        again.migrate().await.unwrap();
        assert!(again.write(&SYSTEM).await.unwrap().interrupt_running("restart", at).await.unwrap().is_empty());
        again.close().await;
    }
}

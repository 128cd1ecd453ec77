//! Transactions: all or nothing, and the same values on both databases.

use chrono::{DateTime, Utc};
use octi_domain::message::Part;
use octi_store::StoreError;
use serde_json::json;

use crate::fixtures::{self, SYSTEM, look, save, stored_session};
use crate::on_both;

on_both! {
    async fn a_crash_leaves_nothing(db) {
        let (user, alice) = db.user("alice").await;
        let session = fixtures::session(&db.ambient, user.id);
        {
            let mut tx = db.store.write(&alice).await.unwrap();
            tx.insert_session(&session).await.unwrap();
            tx.append_message(fixtures::message(&db.ambient, session.id, "hello")).await.unwrap();
            assert_eq!(tx.messages(session.id, 0, 10).await.unwrap().len(), 1);
        }
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.session(session.id).await), None);
        // The writer is free again.
        save!(db.store, alice, |tx| tx.insert_session(&session).await.unwrap());
    }

    async fn a_task_that_is_cancelled_frees_the_writer(db) {
        for _ in 0..20 {
            let work = async {
                let mut tx = db.store.write(&SYSTEM).await.unwrap();
                tx.put_setting("half", &json!(1)).await.unwrap();
                tx.put_setting("half", &json!(2)).await.unwrap();
                std::future::pending::<()>().await;
            };
            let _ = tokio::time::timeout(std::time::Duration::from_millis(2), work).await;
        }
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.setting("half").await), None);
        save!(db.store, SYSTEM, |tx| tx.put_setting("whole", &json!(1)).await.unwrap());
    }

    async fn half_a_change_cannot_be_saved(db) {
        let mut tx = db.store.write(&SYSTEM).await.unwrap();
        tx.put_setting("first", &json!(1)).await.unwrap();
        let missing = fixtures::session(&db.ambient, db.ambient.id());
        let error = tx.insert_session(&missing).await.unwrap_err();
        assert!(matches!(error, StoreError::Missing { what: "the user" }), "{error:?}");
        assert_eq!(error.to_string(), "the user does not exist");
        let error = tx.save().await.unwrap_err();
        assert!(matches!(error, StoreError::Aborted), "{error:?}");
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.setting("first").await), None);
    }

    async fn reading_changes_nothing(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let mut tx = db.store.read(&alice).await.unwrap();
        assert!(matches!(tx.set_session_title(session.id, "no").await.unwrap_err(), StoreError::Driver(_)));
        let mut tx = db.store.read(&alice).await.unwrap();
        let error = tx.append_message(fixtures::message(&db.ambient, session.id, "no")).await.unwrap_err();
        assert_eq!(error.to_string(), "the database refused a statement; the log says why");
        assert!(error.detail().is_some_and(|detail| detail.contains("Store::write")));
        assert!(tx.save().await.is_err());
        assert_eq!(look!(db.store, alice, |tx| tx.session(session.id).await), Some(session));
    }

    async fn a_reader_sees_one_moment(db) {
        let mut reader = db.store.read(&SYSTEM).await.unwrap();
        assert_eq!(reader.setting("a").await.unwrap(), None);
        save!(db.store, SYSTEM, |tx| tx.put_setting("a", &json!(1)).await.unwrap());
        assert_eq!(reader.setting("a").await.unwrap(), None);
        reader.save().await.unwrap();
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.setting("a").await), Some(json!(1)));
    }

    async fn times_are_cut_to_microseconds(db) {
        let (user, alice) = db.user("alice").await;
        let mut session = fixtures::session(&db.ambient, user.id);
        session.created_at = DateTime::from_timestamp(1_800_000_000, 123_456_789).unwrap();
        session.updated_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        save!(db.store, alice, |tx| tx.insert_session(&session).await.unwrap());
        let found = look!(db.store, alice, |tx| tx.session(session.id).await).unwrap();
        assert_eq!(found.created_at, DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap());
        assert_eq!(found.updated_at, session.updated_at);
    }

    async fn times_that_no_calendar_has_are_stored_as_the_last_ones(db) {
        let (user, alice) = db.user("alice").await;
        let mut session = fixtures::session(&db.ambient, user.id);
        session.created_at = DateTime::<Utc>::MIN_UTC;
        session.updated_at = DateTime::<Utc>::MAX_UTC;
        save!(db.store, alice, |tx| tx.insert_session(&session).await.unwrap());
        let found = look!(db.store, alice, |tx| tx.session(session.id).await).unwrap();
        assert_eq!(found.created_at, DateTime::UNIX_EPOCH);
        assert_eq!(found.updated_at.to_rfc3339(), "9999-12-31T23:59:59+00:00");
    }

    async fn what_was_said_comes_back_letter_for_letter(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let mut message = fixtures::message(&db.ambient, session.id, "");
        message.parts = fixtures::difficult_parts(&db.ambient);
        let parts = message.parts.clone();
        let appended = save!(db.store, alice, |tx| tx.append_message(message).await.unwrap());
        let found = look!(db.store, alice, |tx| tx.messages(session.id, 0, 10).await);
        assert_eq!(found, vec![appended]);
        assert_eq!(found[0].parts, parts);
        // Equality of JSON objects does not look at the order of keys, and a provider's prompt cache does.
        let Part::ToolCall(call) = &found[0].parts[2] else { panic!("not a tool call") };
        assert!(call.arguments.to_string().starts_with(r#"{"zeta":1.0,"alpha":18446744073709551615,"#), "{}", call.arguments);
    }

    async fn nul_in_a_text_fails_nowhere(db) {
        let (user, alice) = db.user("al\0ice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        save!(db.store, alice, |tx| tx.set_session_title(session.id, "a\0b").await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.session(session.id).await).unwrap().title.as_deref(), Some("a\u{fffd}b"));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.user_by_name("al\0ice").await).unwrap().0.id, user.id);
        assert!(look!(db.store, alice, |tx| tx.model("\0").await).is_none());
    }

    async fn writers_wait_for_each_other(db) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..10 {
            let store = db.store.clone();
            tasks.spawn(async move {
                let mut tx = store.write(&SYSTEM).await.unwrap();
                tx.put_setting(&format!("key {number}"), &json!(number)).await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                tx.save().await.unwrap();
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_settings().await).len(), 10);
    }

    async fn a_row_that_cannot_be_read_is_named(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        save!(db.store, alice, |tx| tx.append_message(fixtures::message(&db.ambient, session.id, "secret words")).await.unwrap());
        let statement = r#"UPDATE messages SET parts = '[{"type":"hologram","text":"secret words"}]'"#;
        match db.store.backend() {
            octi_store::Backend::Postgres => {
                let pool = sqlx::PgPool::connect(&db.url).await.unwrap();
                sqlx::raw_sql(statement).execute(&pool).await.unwrap();
            }
            octi_store::Backend::Sqlite => {
                let pool = sqlx::SqlitePool::connect(&db.url).await.unwrap();
                sqlx::raw_sql(statement).execute(&pool).await.unwrap();
            }
        }
        let error = db.store.read(&alice).await.unwrap().messages(session.id, 0, 10).await.unwrap_err();
        assert!(matches!(&error, StoreError::Inconsistent { table: "messages", column, .. } if column == "parts"), "{error:?}");
        assert!(!error.to_string().contains("hologram"), "{error}");
        assert!(error.detail().is_some_and(|detail| detail.contains("hologram")));
    }
}

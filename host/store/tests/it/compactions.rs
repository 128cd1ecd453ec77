//! Summaries of conversations.

use octi_domain::limits;
use octi_store::{CompactionRow, StoreError, TouchedFiles};

use crate::fixtures::{self, look, refused, save, stored_session};
use crate::on_both;

on_both! {
    async fn the_newest_summary_counts_until_all_are_forgotten(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let other = stored_session(&db.store, &db.ambient, user.id).await;
        let first = fixtures::compaction(&db.ambient, &session);
        let second = CompactionRow {
            last_seq: 40,
            summary: "They planned it\0, and went.".to_owned(),
            files: TouchedFiles { read: Vec::new(), changed: vec!["\0 🦑".to_owned()] },
            focus: None,
            tokens_before: u64::MAX,
            ..fixtures::compaction(&db.ambient, &session)
        };
        let elsewhere = fixtures::compaction(&db.ambient, &other);
        assert_eq!(look!(db.store, alice, |tx| tx.last_compaction(session.id).await), None);
        save!(db.store, alice, |tx| {
            tx.insert_compaction(&first).await.unwrap();
            assert_eq!(tx.last_compaction(session.id).await.unwrap(), Some(first));
            tx.insert_compaction(&second).await.unwrap();
            tx.insert_compaction(&elsewhere).await.unwrap();
        });
        let kept = CompactionRow {
            summary: "They planned it\u{fffd}, and went.".to_owned(),
            tokens_before: i64::MAX.unsigned_abs(),
            ..second
        };
        assert_eq!(look!(db.store, alice, |tx| tx.last_compaction(session.id).await), Some(kept));
        save!(db.store, alice, |tx| assert_eq!(tx.forget_compactions(session.id).await.unwrap(), 2));
        assert_eq!(look!(db.store, alice, |tx| tx.last_compaction(session.id).await), None);
        assert_eq!(look!(db.store, alice, |tx| tx.last_compaction(other.id).await), Some(elsewhere));
    }

    async fn one_that_is_overtaken_or_too_long_is_refused(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let row = CompactionRow { last_seq: 40, ..fixtures::compaction(&db.ambient, &session) };
        save!(db.store, alice, |tx| tx.insert_compaction(&row).await.unwrap());
        for last_seq in [40, 39] {
            let late = CompactionRow { last_seq, ..fixtures::compaction(&db.ambient, &session) };
            let error = refused!(db.store, alice, |tx| tx.insert_compaction(&late).await);
            assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
        }
        let summary = "x".repeat(limits::COMPACTION_SUMMARY_BYTES_MAX + 1);
        let long = CompactionRow { last_seq: 41, summary, ..fixtures::compaction(&db.ambient, &session) };
        let error = refused!(db.store, alice, |tx| tx.insert_compaction(&long).await);
        assert!(matches!(error, StoreError::Limit { .. }), "{error:?}");
    }

    async fn a_deleted_session_takes_its_summaries_along(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        save!(db.store, alice, |tx| tx.insert_compaction(&fixtures::compaction(&db.ambient, &session)).await.unwrap());
        save!(db.store, alice, |tx| assert!(tx.delete_session(session.id).await.unwrap()));
        assert_eq!(look!(db.store, crate::fixtures::SYSTEM, |tx| tx.last_compaction(session.id).await), None);
    }
}

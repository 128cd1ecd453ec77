//! Requests that may come twice.

use chrono::TimeDelta;
use octi_domain::limits;
use octi_store::{Asked, StoreError};

use crate::fixtures::{refused, save, time};
use crate::on_both;

on_both! {
    async fn a_key_is_first_then_running_then_answered_and_in_the_end_forgotten(db) {
        let (user, alice) = db.user("alice").await;
        let now = time(1);
        let answered = Asked::Answered { status: 201, media_type: Some("text/plain".to_owned()), body: b"x".to_vec() };
        save!(db.store, alice, |tx| {
            assert_eq!(tx.ask_once(user.id, "k", b"one", now).await.unwrap(), Asked::First);
            assert_eq!(tx.ask_once(user.id, "k", b"one", now).await.unwrap(), Asked::Running);
            assert_eq!(tx.ask_once(user.id, "k", b"two", now).await.unwrap(), Asked::Different);
            tx.answer_once(user.id, "k", (201, Some("text/plain"), b"x")).await.unwrap();
            assert_eq!(tx.ask_once(user.id, "k", b"one", now).await.unwrap(), answered);
            let next_day = now + TimeDelta::hours(limits::IDEMPOTENCY_HOURS) + TimeDelta::seconds(1);
            assert_eq!(tx.ask_once(user.id, "k", b"two", next_day).await.unwrap(), Asked::First);
            tx.forget_once(user.id, "k").await.unwrap();
            assert_eq!(tx.ask_once(user.id, "k", b"three", next_day).await.unwrap(), Asked::First);
            // The host went away while it answered.
            let later = next_day + TimeDelta::minutes(limits::IDEMPOTENCY_RUNNING_MINUTES_MAX) + TimeDelta::seconds(1);
            assert_eq!(tx.ask_once(user.id, "k", b"three", later).await.unwrap(), Asked::First);
        });
    }

    async fn the_number_of_keys_and_the_size_of_answers_are_bounded(db) {
        let (user, alice) = db.user("alice").await;
        save!(db.store, alice, |tx| {
            for number in 0..limits::IDEMPOTENCY_KEYS_PER_USER_MAX + 1 {
                let at = time(1) + TimeDelta::milliseconds(number);
                assert_eq!(tx.ask_once(user.id, &format!("k{number}"), b"", at).await.unwrap(), Asked::First);
            }
            let at = time(1) + TimeDelta::seconds(10);
            assert_eq!(tx.ask_once(user.id, "k3", b"", at).await.unwrap(), Asked::Running);
            assert_eq!(tx.ask_once(user.id, "k0", b"", at).await.unwrap(), Asked::First, "the oldest was forgotten");
        });
        let large = vec![0; limits::IDEMPOTENCY_ANSWER_BYTES_MAX + 1];
        let error = refused!(db.store, alice, |tx| tx.answer_once(user.id, "k3", (200, None, &large)).await);
        assert!(matches!(error, StoreError::Limit { .. }), "{error:?}");
    }

    async fn nobody_reads_or_takes_the_keys_of_somebody_else(db) {
        let (user, _) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let error = refused!(db.store, bob, |tx| tx.ask_once(user.id, "k", b"", time(1)).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    }
}

//! What people were told of.

use chrono::TimeDelta;
use octi_domain::ids::{NotificationId, SessionId, UserId};
use octi_domain::limits;
use octi_domain::notification::{Notification, NotificationKind, NotificationPreferences};
use octi_store::StoreError;

use crate::db::TestDb;
use crate::fixtures::{SYSTEM, look, refused, save, stored_session, time};
use crate::on_both;

/// Told so many seconds after the beginning.
fn notification(db: &TestDb, user: UserId, session: Option<SessionId>, seconds: i64) -> Notification {
    Notification {
        id: db.ambient.id(),
        user_id: user,
        kind: NotificationKind::AgentCompleted,
        title: "Done: plans".to_owned(),
        body: "All three are ready.\0".to_owned(),
        session_id: session,
        run_id: Some(db.ambient.id()),
        request_id: None,
        created_at: time(seconds),
        read_at: None,
    }
}

fn ids(found: &[Notification]) -> Vec<NotificationId> {
    found.iter().map(|one| one.id).collect()
}

on_both! {
    async fn they_are_told_newest_first_in_pages_and_read_one_by_one_or_together(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let told: Vec<_> = (0..5).map(|seconds| notification(db, user.id, Some(session.id), seconds)).collect();
        save!(db.store, alice, |tx| for one in &told {
            tx.insert_notification(one).await.unwrap();
        });
        let mut newest_first = ids(&told);
        newest_first.reverse();

        let first = look!(db.store, alice, |tx| tx.list_notifications(user.id, false, None, 3).await);
        assert_eq!(ids(&first), newest_first[..3]);
        assert_eq!(first[0].body, "All three are ready.\u{fffd}");
        assert_eq!(Notification { body: told[4].body.clone(), ..first[0].clone() }, told[4]);
        let place = (first[2].created_at, first[2].id);
        let rest = look!(db.store, alice, |tx| tx.list_notifications(user.id, false, Some(place), 3).await);
        assert_eq!(ids(&rest), newest_first[3..]);

        save!(db.store, alice, |tx| {
            assert!(tx.read_notification(told[3].id, time(9)).await.unwrap());
            assert!(!tx.read_notification(told[3].id, time(10)).await.unwrap(), "it was read before");
            assert_eq!(tx.notification(told[3].id).await.unwrap().unwrap().read_at, Some(time(9)));
            assert_eq!(tx.unread_notifications(user.id).await.unwrap(), 4);
        });
        let unread = look!(db.store, alice, |tx| tx.list_notifications(user.id, true, None, 2).await);
        assert_eq!(ids(&unread), [told[4].id, told[2].id]);
        save!(db.store, alice, |tx| {
            assert_eq!(tx.read_all_notifications(user.id, time(11)).await.unwrap(), 4);
            assert_eq!(tx.read_all_notifications(user.id, time(12)).await.unwrap(), 0);
            assert_eq!(tx.unread_notifications(user.id).await.unwrap(), 0);
            assert_eq!(tx.notification(told[3].id).await.unwrap().unwrap().read_at, Some(time(9)), "that stays");
        });
    }

    async fn an_answer_reads_what_asked_for_it(db) {
        let (user, alice) = db.user("alice").await;
        let (asked, other) = (db.ambient.id(), db.ambient.id());
        let question = Notification { request_id: Some(asked), ..notification(db, user.id, None, 1) };
        let another = Notification { request_id: Some(other), ..notification(db, user.id, None, 2) };
        save!(db.store, alice, |tx| {
            tx.insert_notification(&question).await.unwrap();
            tx.insert_notification(&another).await.unwrap();
            assert_eq!(tx.read_notifications_of(user.id, asked, time(3)).await.unwrap(), [question.id]);
            assert!(tx.read_notifications_of(user.id, asked, time(4)).await.unwrap().is_empty());
        });
        let unread = look!(db.store, alice, |tx| tx.list_notifications(user.id, true, None, 10).await);
        assert_eq!(ids(&unread), [another.id]);
    }

    async fn the_oldest_make_room_and_those_of_a_deleted_session_go_with_it(db) {
        let (user, alice) = db.user("alice").await;
        let (bob_user, bob) = db.user("bob").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let oldest = notification(db, user.id, None, 0);
        let bobs = notification(db, bob_user.id, None, 0);
        save!(db.store, bob, |tx| tx.insert_notification(&bobs).await.unwrap());
        save!(db.store, alice, |tx| {
            tx.insert_notification(&oldest).await.unwrap();
            for number in 1..=limits::NOTIFICATIONS_PER_USER_MAX {
                let at = time(1) + TimeDelta::milliseconds(number);
                let one = Notification { created_at: at, ..notification(db, user.id, Some(session.id), 1) };
                tx.insert_notification(&one).await.unwrap();
            }
            assert_eq!(tx.notification(oldest.id).await.unwrap(), None);
            assert_eq!(tx.unread_notifications(user.id).await.unwrap(), limits::NOTIFICATIONS_PER_USER_MAX);
            assert!(tx.delete_session(session.id).await.unwrap());
            assert_eq!(tx.unread_notifications(user.id).await.unwrap(), 0);
        });
        assert_eq!(look!(db.store, bob, |tx| tx.unread_notifications(bob_user.id).await), 1);
        let late = notification(db, user.id, Some(session.id), 2);
        let error = refused!(db.store, alice, |tx| tx.insert_notification(&late).await);
        assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    }

    async fn everything_is_wanted_until_the_person_chooses(db) {
        let (user, alice) = db.user("alice").await;
        let all = NotificationPreferences::default();
        assert_eq!(look!(db.store, alice, |tx| tx.notification_preferences(user.id).await), all);
        let some = NotificationPreferences { agent_completed: false, ..all };
        for chosen in [some, NotificationPreferences { permission_request: false, ..some }] {
            save!(db.store, alice, |tx| tx.put_notification_preferences(user.id, chosen).await.unwrap());
            assert_eq!(look!(db.store, SYSTEM, |tx| tx.notification_preferences(user.id).await), chosen);
        }
    }

    async fn a_stranger_sees_reads_and_adds_nothing(db) {
        let (user, alice) = db.user("alice").await;
        let (bob_user, bob) = db.user("bob").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let request = db.ambient.id();
        let one = Notification { request_id: Some(request), ..notification(db, user.id, Some(session.id), 1) };
        save!(db.store, alice, |tx| tx.insert_notification(&one).await.unwrap());
        save!(db.store, bob, |tx| {
            assert_eq!(tx.notification(one.id).await.unwrap(), None);
            assert!(!tx.read_notification(one.id, time(2)).await.unwrap());
            assert!(tx.read_notifications_of(bob_user.id, request, time(2)).await.unwrap().is_empty());
            assert_eq!(tx.read_all_notifications(bob_user.id, time(2)).await.unwrap(), 0);
            assert!(tx.list_notifications(bob_user.id, false, None, 10).await.unwrap().is_empty());
        });
        let refusals = [
            refused!(db.store, bob, |tx| tx.insert_notification(&notification(db, user.id, None, 2)).await),
            refused!(db.store, bob, |tx| tx.list_notifications(user.id, false, None, 10).await),
            refused!(db.store, bob, |tx| tx.unread_notifications(user.id).await),
            refused!(db.store, bob, |tx| tx.read_all_notifications(user.id, time(2)).await),
            refused!(db.store, bob, |tx| tx.read_notifications_of(user.id, request, time(2)).await),
            refused!(db.store, bob, |tx| tx.notification_preferences(user.id).await),
            refused!(db.store, bob, |tx| tx.put_notification_preferences(user.id, NotificationPreferences::default()).await),
        ];
        for error in refusals {
            assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        }
        let hanging = notification(db, bob_user.id, Some(session.id), 2);
        let error = refused!(db.store, bob, |tx| tx.insert_notification(&hanging).await);
        assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
        let seen = look!(db.store, alice, |tx| tx.list_notifications(user.id, true, None, 10).await);
        assert_eq!(ids(&seen), [one.id]);
    }
}

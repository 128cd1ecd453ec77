//! The vault, permission rules and permission requests.

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::limits;
use octi_domain::permission::{Answer, Level, RequestStatus};
use octi_store::{Store, StoreError};

use crate::fixtures::{self, SYSTEM, look, refused, save, stored_session, time};
use crate::on_both;

on_both! {
    async fn a_secret_keeps_its_id_when_it_is_replaced(db) {
        let (user, alice) = db.user("alice").await;
        let first = fixtures::secret(&db.ambient, user.id, "openai");
        let mut second = fixtures::secret(&db.ambient, user.id, "openai");
        second.ciphertext = vec![1, 2, 3];
        second.key_version = 2;
        second.updated_at = time(9);
        save!(db.store, alice, |tx| tx.put_secret(&first).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.secret("model", "openai").await), Some(first.clone()));
        save!(db.store, alice, |tx| tx.put_secret(&second).await.unwrap());
        second.id = first.id;
        assert_eq!(look!(db.store, alice, |tx| tx.secret("model", "openai").await), Some(second));
        assert_eq!(look!(db.store, alice, |tx| tx.secret("plugin", "openai").await), None);
        let listed = look!(db.store, alice, |tx| tx.list_secrets().await);
        let listed: Vec<_> = listed.into_iter().map(|one| (one.scope, one.name, one.created_at, one.updated_at)).collect();
        assert_eq!(listed, vec![("model".to_owned(), "openai".to_owned(), first.created_at, time(9))]);
        save!(db.store, alice, |tx| {
            assert!(tx.delete_secret("model", "openai").await.unwrap());
            assert!(!tx.delete_secret("model", "openai").await.unwrap());
        });
    }

    async fn the_host_finds_no_secret_by_name(db) {
        let (user, alice) = db.user("alice").await;
        save!(db.store, alice, |tx| tx.put_secret(&fixtures::secret(&db.ambient, user.id, "openai")).await.unwrap());
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.secret("model", "openai").await), None);
        save!(db.store, SYSTEM, |tx| assert!(!tx.delete_secret("model", "openai").await.unwrap()));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_secrets().await).len(), 1);
    }

    async fn secrets_have_a_largest_number_and_size(db) {
        let (user, alice) = db.user("alice").await;
        let named = |number: usize| fixtures::secret(&db.ambient, user.id, &number.to_string());
        save!(db.store, alice, |tx| for number in 0..limits::SECRETS_PER_USER_MAX {
            tx.put_secret(&named(number)).await.unwrap();
        });
        let error = refused!(db.store, alice, |tx| tx.put_secret(&named(limits::SECRETS_PER_USER_MAX)).await);
        assert!(matches!(error, StoreError::Limit { max: 200, .. }), "{error:?}");
        save!(db.store, alice, |tx| tx.put_secret(&named(0)).await.unwrap());

        let (user, bob) = db.user("bob").await;
        let sized = |name: &str, bytes| {
            let mut secret = fixtures::secret(&db.ambient, user.id, name);
            secret.ciphertext = vec![0; bytes];
            secret
        };
        let half = limits::SECRETS_BYTES_PER_USER_MAX / 2;
        save!(db.store, bob, |tx| {
            tx.put_secret(&sized("a", half)).await.unwrap();
            tx.put_secret(&sized("b", half)).await.unwrap();
            tx.put_secret(&sized("b", half)).await.unwrap();
        });
        let error = refused!(db.store, bob, |tx| tx.put_secret(&sized("b", half + 1)).await);
        assert_eq!(error.to_string(), "the size of all secrets together, in bytes, is over the limit of 262144");
    }

    async fn rules_hold_everywhere_or_in_one_session(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let other = stored_session(&db.store, &db.ambient, user.id).await;
        let everywhere = fixtures::rule(&db.ambient, user.id, None);
        let mut here = fixtures::rule(&db.ambient, user.id, Some(session.id));
        here.level = Level::Deny;
        here.created_at = time(10);
        save!(db.store, alice, |tx| {
            tx.insert_rule(&everywhere).await.unwrap();
            tx.insert_rule(&here).await.unwrap();
        });
        assert_eq!(look!(db.store, alice, |tx| tx.list_rules(Some(session.id)).await), vec![everywhere.clone(), here.clone()]);
        assert_eq!(look!(db.store, alice, |tx| tx.list_rules(Some(other.id)).await), vec![everywhere.clone()]);
        assert_eq!(look!(db.store, alice, |tx| tx.list_rules(None).await), vec![everywhere]);
        save!(db.store, alice, |tx| {
            assert!(tx.delete_rule(here.id).await.unwrap());
            assert!(!tx.delete_rule(here.id).await.unwrap());
        });
    }

    async fn remembered_rules_follow_every_change(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let rule = fixtures::rule(&db.ambient, user.id, None);
        assert!(db.store.rules(&alice, None).await.unwrap().is_empty());
        save!(db.store, alice, |tx| tx.insert_rule(&rule).await.unwrap());
        assert_eq!(*db.store.rules(&alice, None).await.unwrap(), *std::slice::from_ref(&rule));
        assert!(db.store.rules(&bob, None).await.unwrap().is_empty());
        let mut dropped = db.store.write(&alice).await.unwrap();
        assert!(dropped.delete_rule(rule.id).await.unwrap());
        drop(dropped);
        assert_eq!(*db.store.rules(&alice, None).await.unwrap(), *std::slice::from_ref(&rule));
        save!(db.store, alice, |tx| assert!(tx.delete_rule(rule.id).await.unwrap()));
        assert!(db.store.rules(&alice, None).await.unwrap().is_empty());
    }

    async fn a_rule_set_by_another_host_is_seen_soon(db) {
        let (user, alice) = db.user("alice").await;
        let other = Store::open(&db.url).await.unwrap();
        assert!(db.store.rules(&alice, None).await.unwrap().is_empty());
        save!(other, alice, |tx| tx.insert_rule(&fixtures::rule(&db.ambient, user.id, None)).await.unwrap());
        let seen = async {
            while db.store.rules(&alice, None).await.unwrap().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), seen).await.expect("rules are not remembered for ever");
        other.close().await;
    }

    async fn rules_have_a_largest_number(db) {
        let (user, alice) = db.user("alice").await;
        save!(db.store, alice, |tx| for _ in 0..limits::RULES_PER_USER_MAX {
            tx.insert_rule(&fixtures::rule(&db.ambient, user.id, None)).await.unwrap();
        });
        let error = refused!(db.store, alice, |tx| tx.insert_rule(&fixtures::rule(&db.ambient, user.id, None)).await);
        assert!(matches!(error, StoreError::Limit { max: 1_000, .. }), "{error:?}");
        assert_eq!(look!(db.store, alice, |tx| tx.list_rules(None).await).len(), limits::RULES_PER_USER_MAX);
    }

    async fn a_question_is_answered_once(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        let mut request = fixtures::request(&db.ambient, &run);
        save!(db.store, alice, |tx| tx.insert_request(&request).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.pending_requests().await), vec![request.clone()]);

        let mut tasks = tokio::task::JoinSet::new();
        for answer in [Answer::Once, Answer::Session, Answer::Always, Answer::Deny] {
            let (store, alice, id) = (db.store.clone(), alice.clone(), request.id);
            tasks.spawn(async move {
                let status = RequestStatus::Answered(answer);
                let won = save!(store, alice, |tx| tx.resolve_request(id, status, time(8)).await.unwrap());
                won.then_some(status)
            });
        }
        let mut won = Vec::new();
        while let Some(task) = tasks.join_next().await {
            won.extend(task.unwrap());
        }
        assert_eq!(won.len(), 1);
        request.status = won[0];
        assert_eq!(look!(db.store, alice, |tx| tx.permission_request(request.id).await), Some(request));
        assert!(look!(db.store, alice, |tx| tx.pending_requests().await).is_empty());
    }

    async fn questions_expire_in_time_and_at_a_restart(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        let early = fixtures::request(&db.ambient, &run);
        let mut late = fixtures::request(&db.ambient, &run);
        late.expires_at += TimeDelta::hours(1);
        let answered = fixtures::request(&db.ambient, &run);
        save!(db.store, alice, |tx| {
            for request in [&early, &late, &answered] {
                tx.insert_request(request).await.unwrap();
            }
            assert!(tx.resolve_request(answered.id, RequestStatus::Answered(Answer::Deny), time(8)).await.unwrap());
        });
        let just_before = early.expires_at - TimeDelta::microseconds(1);
        assert!(save!(db.store, SYSTEM, |tx| tx.expire_requests(just_before).await.unwrap()).is_empty());
        let expired = save!(db.store, SYSTEM, |tx| tx.expire_requests(early.expires_at).await.unwrap());
        assert_eq!(expired.iter().map(|request| (request.id, request.status)).collect::<Vec<_>>(), [(early.id, RequestStatus::Expired)]);
        save!(db.store, alice, |tx| assert!(!tx.resolve_request(early.id, RequestStatus::Answered(Answer::Once), time(9)).await.unwrap()));
        let rest = save!(db.store, SYSTEM, |tx| tx.expire_requests(DateTime::<Utc>::MAX_UTC).await.unwrap());
        assert_eq!(rest.iter().map(|request| request.id).collect::<Vec<_>>(), [late.id]);
    }
}

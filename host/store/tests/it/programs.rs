//! Programs that people let in.

use chrono::TimeDelta;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_store::{OauthClient, OauthSecret, Program, SecretKind, StoreError};

use crate::db::TestDb;
use crate::fixtures::{SYSTEM, look, refused, save, time};
use crate::on_both;

fn program(db: &TestDb, user_id: UserId, begun: bool) -> Program {
    Program {
        id: db.ambient.id(),
        user_id,
        client_id: "client_x".to_owned(),
        client_name: "Editor".to_owned(),
        redirect_uri: "http://127.0.0.1/cb".to_owned(),
        scope: "mcp".to_owned(),
        resource: "http://127.0.0.1:3005/mcp".to_owned(),
        created_at: time(0),
        begun_at: begun.then(|| time(1)),
        last_used_at: None,
        expires_at: time(60),
    }
}

fn secret(program: &Program, kind: SecretKind) -> OauthSecret {
    OauthSecret {
        program_id: program.id,
        user_id: program.user_id,
        kind,
        scope: "mcp:read".to_owned(),
        challenge: (kind == SecretKind::Code).then(|| "abc".to_owned()),
        created_at: time(0),
        expires_at: time(60),
        used_at: None,
    }
}

fn client(id: &str, from: &str, seconds: i64, used: Option<i64>) -> OauthClient {
    OauthClient {
        id: id.to_owned(),
        name: "Editor".to_owned(),
        redirect_uris: vec!["http://127.0.0.1/cb".to_owned(), "https://a.example/".to_owned()],
        registered_from: from.to_owned(),
        created_at: time(seconds),
        last_used_at: used.map(time),
    }
}

on_both! {
    async fn a_program_goes_with_everything_it_was_given(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let stored = program(db, user.id, false);
        let code = secret(&stored, SecretKind::Code);
        save!(db.store, alice, |tx| {
            tx.insert_program(&stored).await.unwrap();
            tx.insert_oauth_secret(&code, &[1; 32]).await.unwrap();
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.oauth_secret(&[1; 32]).await), Some(code.clone()));
        assert_eq!(look!(db.store, alice, |tx| tx.oauth_secret(&[1; 32]).await), None, "only the host looks secrets up");
        save!(db.store, SYSTEM, |tx| {
            assert!(tx.use_oauth_secret(&[1; 32], time(2)).await.unwrap());
            assert!(!tx.use_oauth_secret(&[1; 32], time(3)).await.unwrap(), "once");
            assert!(tx.renew_program(stored.id, time(2), time(90)).await.unwrap());
            assert!(tx.renew_program(stored.id, time(3), time(95)).await.unwrap());
            assert!(tx.touch_program(stored.id, time(4)).await.unwrap());
        });
        let renewed = Program { begun_at: Some(time(2)), last_used_at: Some(time(4)), expires_at: time(95), ..stored.clone() };
        assert_eq!(look!(db.store, alice, |tx| tx.list_programs().await), std::slice::from_ref(&renewed));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.program(stored.id).await), Some(renewed.clone()));

        let error = refused!(db.store, bob, |tx| tx.insert_program(&program(db, user.id, true)).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        let error = refused!(db.store, bob, |tx| tx.insert_oauth_secret(&code, &[2; 32]).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        save!(db.store, bob, |tx| {
            assert!(tx.list_programs().await.unwrap().is_empty());
            assert_eq!(tx.program(stored.id).await.unwrap(), None);
            assert!(!tx.use_oauth_secret(&[1; 32], time(9)).await.unwrap());
            assert!(!tx.renew_program(stored.id, time(9), time(9)).await.unwrap());
            assert!(!tx.touch_program(stored.id, time(9)).await.unwrap());
            tx.clear_oauth_secrets(stored.id).await.unwrap();
            assert!(!tx.delete_program(stored.id).await.unwrap());
        });
        assert_eq!(look!(db.store, alice, |tx| tx.program(stored.id).await), Some(renewed));
        save!(db.store, alice, |tx| {
            assert!(tx.delete_program(stored.id).await.unwrap());
            assert!(!tx.delete_program(stored.id).await.unwrap());
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.oauth_secret(&[1; 32]).await), None);
    }

    async fn a_secret_is_of_the_program_of_its_owner(db) {
        let (alice, _) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let stored = program(db, alice.id, true);
        save!(db.store, SYSTEM, |tx| tx.insert_program(&stored).await.unwrap());
        let stolen = OauthSecret { user_id: bob.user_id().unwrap(), ..secret(&stored, SecretKind::Access) };
        let error = refused!(db.store, bob, |tx| tx.insert_oauth_secret(&stolen, &[2; 32]).await);
        assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    }

    async fn access_tokens_and_old_used_ones_are_cleared(db) {
        let (user, alice) = db.user("alice").await;
        let stored = program(db, user.id, true);
        let hash = |number: u8| { let mut hash = [7; 32]; hash[0] = number; hash };
        let kept = u8::try_from(limits::OAUTH_USED_KEPT).unwrap();
        save!(db.store, alice, |tx| {
            tx.insert_program(&stored).await.unwrap();
            tx.insert_oauth_secret(&secret(&stored, SecretKind::Code), &[1; 32]).await.unwrap();
            tx.insert_oauth_secret(&secret(&stored, SecretKind::Access), &[2; 32]).await.unwrap();
            tx.insert_oauth_secret(&secret(&stored, SecretKind::Refresh), &[3; 32]).await.unwrap();
            for number in 0..=kept {
                let used = OauthSecret { used_at: Some(time(i64::from(number))), ..secret(&stored, SecretKind::Refresh) };
                tx.insert_oauth_secret(&used, &hash(number)).await.unwrap();
            }
            tx.clear_oauth_secrets(stored.id).await.unwrap();
        });
        let mut tx = db.store.read(&SYSTEM).await.unwrap();
        for (hash, stays) in [([1; 32], true), ([2; 32], false), ([3; 32], true), (hash(0), false), (hash(1), true), (hash(kept), true)] {
            assert_eq!(tx.oauth_secret(&hash).await.unwrap().is_some(), stays, "{hash:?}");
        }
    }

    async fn registrations_are_the_hosts_and_are_forgotten(db) {
        let (_, alice) = db.user("alice").await;
        save!(db.store, SYSTEM, |tx| {
            for client in [client("a", "here", 0, None), client("b", "here", 5, None), client("c", "there", 1, None), client("d", "here", 0, Some(7))] {
                tx.insert_oauth_client(&client).await.unwrap();
            }
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.oauth_client("d").await), Some(client("d", "here", 0, Some(7))));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.count_oauth_clients("here").await), (4, 2));
        let error = refused!(db.store, alice, |tx| tx.insert_oauth_client(&client("e", "here", 0, None)).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        save!(db.store, alice, |tx| {
            assert_eq!(tx.oauth_client("a").await.unwrap(), None);
            assert_eq!(tx.count_oauth_clients("here").await.unwrap(), (0, 0));
            assert!(!tx.touch_oauth_client("a", time(9)).await.unwrap() && !tx.forget_oldest_oauth_client(None).await.unwrap());
            assert_eq!(tx.forget_oauth_clients(time(99), time(99)).await.unwrap(), 0);
        });
        save!(db.store, SYSTEM, |tx| {
            assert!(tx.forget_oldest_oauth_client(Some("there")).await.unwrap());
            assert!(!tx.forget_oldest_oauth_client(Some("there")).await.unwrap());
            assert!(tx.forget_oldest_oauth_client(None).await.unwrap(), "`a`, which is the oldest that nobody let in");
            assert!(tx.touch_oauth_client("b", time(9)).await.unwrap());
            let unused = time(0) + TimeDelta::days(1);
            assert_eq!(tx.forget_oauth_clients(unused, time(8)).await.unwrap(), 1, "`d`, which came before then");
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.count_oauth_clients("here").await), (1, 0));
    }
}

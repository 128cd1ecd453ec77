//! Users and tokens.

use octi_domain::persona::Persona;
use octi_domain::session::User;
use octi_store::{PersonSkill, StoreError};

use crate::db::TestDb;
use crate::fixtures::{self, SYSTEM, look, refused, save, time};
use crate::on_both;

fn admin(db: &TestDb, name: &str, created: i64) -> User {
    User {
        id: db.ambient.id(),
        username: name.to_owned(),
        is_admin: true,
        is_active: true,
        created_at: time(created),
        last_login_at: None,
    }
}

on_both! {
    async fn users_are_found_by_name_and_id(db) {
        let user = admin(db, "Ada", 0);
        save!(db.store, SYSTEM, |tx| tx.insert_user(&user, "hash 1").await.unwrap());
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.user_by_name("Ada").await), Some((user.clone(), "hash 1".to_owned())));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.user_by_name("nobody").await), None);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.user(user.id).await), Some(user.clone()));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_users().await), vec![user]);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.count_users().await), 1);
    }

    async fn a_name_is_taken_once(db) {
        save!(db.store, SYSTEM, |tx| tx.insert_user(&admin(db, "ada", 0), "hash").await.unwrap());
        let error = refused!(db.store, SYSTEM, |tx| tx.insert_user(&admin(db, "ada", 1), "hash").await);
        assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
        assert_eq!(error.to_string(), "a user with this name already exists");
        assert_eq!(error.detail(), None);
    }

    async fn passwords_and_sign_ins_are_updated(db) {
        let user = admin(db, "ada", 0);
        save!(db.store, SYSTEM, |tx| {
            tx.insert_user(&user, "hash 1").await.unwrap();
            assert!(tx.set_password(user.id, "hash 2").await.unwrap());
            assert!(tx.record_login(user.id, time(9)).await.unwrap());
            assert!(!tx.set_password(db.ambient.id(), "x").await.unwrap());
        });
        let (found, hash) = look!(db.store, SYSTEM, |tx| tx.user_by_name("ada").await).unwrap();
        assert_eq!(hash, "hash 2");
        assert_eq!(found.last_login_at, Some(time(9)));
    }

    async fn the_oldest_active_administrator_is_the_owner(db) {
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.oldest_admin().await), None);
        let asleep = User { is_active: false, ..admin(db, "asleep", 0) };
        let (second, first) = (admin(db, "second", 20), admin(db, "first", 10));
        db.user("somebody").await;
        save!(db.store, SYSTEM, |tx| for user in [&asleep, &second, &first] {
            tx.insert_user(user, "hash").await.unwrap();
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.oldest_admin().await), Some(first));
    }

    async fn a_token_lives_until_it_is_revoked(db) {
        let (user, alice) = db.user("alice").await;
        let token = fixtures::token(&db.ambient, user.id);
        let hash = [9; 32];
        save!(db.store, alice, |tx| tx.insert_token(&token, &hash).await.unwrap());
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.token_by_hash(&hash).await), Some((token.clone(), user)));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.token_by_hash(&[8; 32]).await), None);
        let (id, stranger) = (token.id, fixtures::token(&db.ambient, token.user_id).id);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.token_and_user(id).await).map(|(token, _)| token.id), Some(id));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.token_and_user(stranger).await), None);
        assert_eq!(look!(db.store, alice, |tx| tx.token_and_user(id).await), None, "people do not look tokens up");

        save!(db.store, SYSTEM, |tx| assert!(tx.touch_token(token.id, time(3)).await.unwrap()));
        save!(db.store, alice, |tx| {
            assert!(tx.revoke_token(token.id, time(4)).await.unwrap());
            assert!(!tx.revoke_token(token.id, time(5)).await.unwrap());
        });
        let found = look!(db.store, alice, |tx| tx.list_tokens().await);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].last_used_at, found[0].revoked_at), (Some(time(3)), Some(time(4))));
    }

    async fn tokens_are_listed_page_by_page(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let mut made = Vec::new();
        for number in 0..5_u8 {
            let mut token = fixtures::token(&db.ambient, user.id);
            token.created_at = time(i64::from(number / 2));
            save!(db.store, alice, |tx| tx.insert_token(&token, &[number; 32]).await.unwrap());
            made.push(token);
        }
        made.sort_by_key(|token| std::cmp::Reverse((token.created_at, token.id)));
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = look!(db.store, alice, |tx| tx.page_of_tokens(before, 2).await);
            let Some(last) = page.last() else { break };
            before = Some((last.created_at, last.id));
            found.extend(page);
        }
        assert_eq!(found, made);
        assert!(look!(db.store, bob, |tx| tx.page_of_tokens(None, 10).await).is_empty());
    }

    async fn skills_are_switched_and_counted_for_each_person_alone(db) {
        let (_, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let (reviews, pdf) = ("code-review".to_owned(), "pdf".to_owned());
        save!(db.store, alice, |tx| {
            tx.count_skills(&[reviews.clone(), pdf.clone()], time(1)).await.unwrap();
            tx.switch_skill("pdf", true).await.unwrap();
            tx.count_skills(std::slice::from_ref(&reviews), time(2)).await.unwrap();
        });
        let kept = |skill: &str, is_off, uses, at| PersonSkill { skill: skill.to_owned(), is_off, uses, used_at: Some(time(at)) };
        let all = vec![kept("code-review", false, 2, 2), kept("pdf", true, 1, 1)];
        assert_eq!(look!(db.store, alice, |tx| tx.person_skills().await), all);
        assert_eq!(look!(db.store, alice, |tx| tx.skills_off().await).into_iter().collect::<Vec<_>>(), ["pdf"]);
        save!(db.store, bob, |tx| tx.switch_skill("code-review", true).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.person_skills().await), all, "his choice is not hers");
        assert_eq!(look!(db.store, bob, |tx| tx.person_skills().await).len(), 1);
        save!(db.store, alice, |tx| tx.switch_skill("pdf", false).await.unwrap());
        assert!(look!(db.store, alice, |tx| tx.skills_off().await).is_empty());
        assert!(look!(db.store, SYSTEM, |tx| tx.person_skills().await).is_empty());
        let error = refused!(db.store, SYSTEM, |tx| tx.switch_skill("pdf", true).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        let error = refused!(db.store, SYSTEM, |tx| tx.count_skills(&[pdf], time(3)).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    }

    async fn a_persona_is_kept_for_its_person_only(db) {
        let (_, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        assert_eq!(look!(db.store, alice, |tx| tx.persona().await), Persona::default());
        let facts = vec!["I live in Rome".to_owned(), "\"quotes\", ä and \\".to_owned()];
        let mut told = Persona { name: Some("Ada".to_owned()), tone: None, facts };
        save!(db.store, alice, |tx| tx.put_persona(&told, time(1)).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.persona().await), told);
        told = Persona { name: None, tone: Some("dry".to_owned()), facts: Vec::new() };
        save!(db.store, alice, |tx| tx.put_persona(&told, time(2)).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.persona().await), told);
        assert_eq!(look!(db.store, bob, |tx| tx.persona().await), Persona::default());
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.persona().await), Persona::default());
        let error = refused!(db.store, SYSTEM, |tx| tx.put_persona(&told, time(3)).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    }

    async fn a_hash_belongs_to_one_token(db) {
        let (user, alice) = db.user("alice").await;
        save!(db.store, alice, |tx| tx.insert_token(&fixtures::token(&db.ambient, user.id), &[9; 32]).await.unwrap());
        let error = refused!(db.store, alice, |tx| tx.insert_token(&fixtures::token(&db.ambient, user.id), &[9; 32]).await);
        assert_eq!(error.to_string(), "this token already exists");
    }

    async fn a_browser_is_signed_in_until_its_row_goes(db) {
        let (user, alice) = db.user("alice").await;
        let (old, new) = (fixtures::sign_in(&db.ambient, user.id), fixtures::sign_in(&db.ambient, user.id));
        save!(db.store, alice, |tx| {
            tx.insert_sign_in(&old, &[9; 32]).await.unwrap();
            tx.insert_sign_in(&new, &[8; 32]).await.unwrap();
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.sign_in_by_hash(&[9; 32]).await), Some((old.clone(), user)));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.sign_in_by_hash(&[7; 32]).await), None);
        save!(db.store, SYSTEM, |tx| assert!(tx.touch_sign_in(new.id, time(3)).await.unwrap()));
        let listed = look!(db.store, alice, |tx| tx.list_sign_ins().await);
        assert_eq!(listed.iter().map(|sign_in| (sign_in.id, sign_in.last_seen_at)).collect::<Vec<_>>(), [(new.id, time(3)), (old.id, time(0))]);
        save!(db.store, alice, |tx| {
            assert!(tx.delete_sign_in(old.id).await.unwrap());
            assert!(!tx.delete_sign_in(old.id).await.unwrap());
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.sign_in_by_hash(&[9; 32]).await), None);
    }

    async fn a_user_takes_another_name_that_is_free(db) {
        let (alice, _) = db.user("alice").await;
        db.user("bob").await;
        save!(db.store, SYSTEM, |tx| assert!(tx.rename_user(alice.id, "ann").await.unwrap()));
        assert!(look!(db.store, SYSTEM, |tx| tx.user_by_name("ann").await).is_some());
        let error = refused!(db.store, SYSTEM, |tx| tx.rename_user(alice.id, "bob").await.map(drop));
        assert_eq!(error.to_string(), "a user with this name already exists");
    }
}

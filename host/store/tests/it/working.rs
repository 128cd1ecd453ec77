//! Workspaces, and where conversations work.

use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::session::Session;
use octi_domain::workspace::{Place, Workspace};
use octi_store::StoreError;

use crate::db::TestDb;
use crate::fixtures::{self, SYSTEM, look, refused, save, stored_session, time};
use crate::on_both;

fn workspace(db: &TestDb, user: UserId, slug: &str) -> Workspace {
    Workspace {
        id: db.ambient.id(),
        user_id: user,
        slug: slug.to_owned(),
        name: slug.to_uppercase(),
        folder: slug.to_owned(),
        is_default: false,
        created_at: time(0),
        updated_at: time(0),
    }
}

fn slugs(found: &[Workspace]) -> Vec<&str> {
    found.iter().map(|one| one.slug.as_str()).collect()
}

on_both! {
    async fn there_is_one_default_and_it_takes_the_conversations_from_before(db) {
        let (user, alice) = db.user("alice").await;
        let before = stored_session(&db.store, &db.ambient, user.id).await;
        assert_eq!(look!(db.store, alice, |tx| tx.place_of_session(before.id).await), Some(Place::default()));
        let usual = async || db.store.place(&alice, user.id, (None, None)).await.unwrap().map(|place| place.folder);
        assert_eq!(usual().await, None);

        let (first, late) = (workspace(db, user.id, "default"), workspace(db, user.id, "late"));
        save!(db.store, alice, |tx| {
            tx.insert_first_workspace(&first).await.unwrap();
            tx.insert_first_workspace(&late).await.unwrap();
        });
        let found = look!(db.store, alice, |tx| tx.list_workspaces(user.id).await);
        assert_eq!(found, [Workspace { is_default: true, ..first.clone() }]);
        let session = look!(db.store, alice, |tx| tx.session(before.id).await).unwrap();
        assert_eq!(session.workspace_id, Some(first.id));
        assert_eq!(usual().await.as_deref(), Some("default"));

        let site = workspace(db, user.id, "site");
        save!(db.store, alice, |tx| {
            tx.insert_workspace(&site).await.unwrap();
            assert!(tx.make_default_workspace(site.id, time(5)).await.unwrap());
            assert!(!tx.make_default_workspace(db.ambient.id(), time(5)).await.unwrap());
        });
        let found = look!(db.store, alice, |tx| tx.list_workspaces(user.id).await);
        assert_eq!(slugs(&found), ["site", "default"]);
        assert!(found[0].is_default && !found[1].is_default, "{found:?}");
        assert_eq!(usual().await.as_deref(), Some("site"));
        assert_eq!(db.store.place(&alice, user.id, (None, Some(first.id))).await.unwrap().unwrap().folder, "default");
        // What was in the old one stays there.
        assert_eq!(look!(db.store, alice, |tx| tx.place_of_session(before.id).await), Some(Place::default()));
    }

    async fn a_conversation_works_where_it_was_put_until_that_is_gone(db) {
        let (user, alice) = db.user("alice").await;
        let (first, site) = (workspace(db, user.id, "default"), workspace(db, user.id, "site"));
        save!(db.store, alice, |tx| {
            tx.insert_first_workspace(&first).await.unwrap();
            tx.insert_workspace(&site).await.unwrap();
        });
        let begun = Session { workspace_id: Some(site.id), project: Some("a\0b".to_owned()), ..fixtures::session(&db.ambient, user.id) };
        save!(db.store, alice, |tx| tx.insert_session(&begun).await.unwrap());
        // From memory: each change is seen by the next who asks.
        let works = async || db.store.place(&alice, user.id, (Some(begun.id), None)).await.unwrap();
        let place = |folder: &str, project: Option<&str>| Some(Place { folder: folder.to_owned(), project: project.map(str::to_owned) });
        assert_eq!(works().await, place("site", Some("a\u{fffd}b")));

        save!(db.store, alice, |tx| {
            assert!(tx.place_session(begun.id, site.id, Some("pages")).await.unwrap());
            assert!(!tx.place_session(begun.id, db.ambient.id(), None).await.unwrap(), "no such workspace");
            assert!(!tx.place_session(db.ambient.id(), site.id, None).await.unwrap(), "no such conversation");
            assert!(tx.rename_workspace(site.id, ("Pages", "pages"), time(3)).await.unwrap());
        });
        assert_eq!(works().await, place("site", Some("pages")), "the folder stays");
        save!(db.store, alice, |tx| {
            assert!(!tx.delete_workspace(first.id).await.unwrap(), "the default stays");
            assert!(tx.delete_workspace(site.id).await.unwrap());
            assert!(!tx.delete_workspace(site.id).await.unwrap());
        });
        let session = look!(db.store, alice, |tx| tx.session(begun.id).await).unwrap();
        assert_eq!((session.workspace_id, session.project), (None, None));
        assert_eq!(works().await, place("default", None));
        let kept = look!(db.store, alice, |tx| tx.find_workspace(user.id, Some("default")).await);
        assert!(kept.is_some_and(|kept| kept.is_default));
    }

    async fn words_are_unique_for_each_person_and_there_is_a_largest_number(db) {
        let (user, alice) = db.user("alice").await;
        let (bob_user, bob) = db.user("bob").await;
        save!(db.store, alice, |tx| tx.insert_workspace(&workspace(db, user.id, "site")).await.unwrap());
        save!(db.store, bob, |tx| tx.insert_workspace(&workspace(db, bob_user.id, "site")).await.unwrap());
        let again = Workspace { folder: "other".to_owned(), ..workspace(db, user.id, "site") };
        let error = refused!(db.store, alice, |tx| tx.insert_workspace(&again).await);
        assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
        let same_folder = Workspace { slug: "other".to_owned(), ..workspace(db, user.id, "site") };
        let error = refused!(db.store, alice, |tx| tx.insert_workspace(&same_folder).await);
        assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
        save!(db.store, alice, |tx| for number in 1..limits::WORKSPACES_PER_USER_MAX {
            tx.insert_workspace(&workspace(db, user.id, &number.to_string())).await.unwrap();
        });
        let error = refused!(db.store, alice, |tx| tx.insert_workspace(&workspace(db, user.id, "more")).await);
        assert!(matches!(error, StoreError::Limit { max: 50, .. }), "{error:?}");
    }

    async fn a_stranger_finds_moves_and_deletes_nothing(db) {
        let (user, alice) = db.user("alice").await;
        let (bob_user, bob) = db.user("bob").await;
        let (hers, his) = (workspace(db, user.id, "site"), workspace(db, bob_user.id, "mine"));
        save!(db.store, alice, |tx| tx.insert_workspace(&hers).await.unwrap());
        save!(db.store, bob, |tx| tx.insert_workspace(&his).await.unwrap());
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let bobs = stored_session(&db.store, &db.ambient, bob_user.id).await;
        save!(db.store, bob, |tx| {
            assert_eq!(tx.workspace(hers.id).await.unwrap(), None);
            assert_eq!(tx.place_of_session(session.id).await.unwrap(), None);
            assert!(!tx.rename_workspace(hers.id, ("x", "x"), time(1)).await.unwrap());
            assert!(!tx.make_default_workspace(hers.id, time(1)).await.unwrap());
            assert!(!tx.delete_workspace(hers.id).await.unwrap());
            assert!(!tx.place_session(session.id, his.id, None).await.unwrap());
            assert!(!tx.place_session(bobs.id, hers.id, None).await.unwrap(), "his conversation, her workspace");
        });
        for error in [
            refused!(db.store, bob, |tx| tx.list_workspaces(user.id).await),
            refused!(db.store, bob, |tx| tx.find_workspace(user.id, None).await),
            refused!(db.store, bob, |tx| tx.insert_workspace(&workspace(db, user.id, "more")).await),
            refused!(db.store, bob, |tx| tx.insert_first_workspace(&workspace(db, user.id, "more")).await),
        ] {
            assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        }
        let in_hers = Session { workspace_id: Some(hers.id), ..fixtures::session(&db.ambient, bob_user.id) };
        for who in [&bob, &SYSTEM] {
            let error = refused!(db.store, who, |tx| tx.insert_session(&in_hers).await);
            assert!(matches!(error, StoreError::Missing { what: "the workspace" }), "{error:?}");
            // Not even the host mixes them up by mistake.
            save!(db.store, who, |tx| assert!(!tx.place_session(bobs.id, hers.id, None).await.unwrap()));
        }
        assert_eq!(look!(db.store, alice, |tx| tx.list_workspaces(user.id).await), [hers]);
    }
}

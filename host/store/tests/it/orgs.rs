//! Organisations, who is in them, and what that means for plugins.

use octi_domain::ids::{OrgId, UserId};
use octi_domain::limits;
use octi_domain::org::{Org, OrgMember, OrgRole};
use octi_domain::plugin_access::Whom;
use octi_domain::session::User;
use octi_store::{PluginGrant, Store, StoreError};

use crate::db::TestDb;
use crate::fixtures::{SYSTEM, look, refused, save, time};
use crate::on_both;

const X: &str = "acme/x";

fn org(db: &TestDb, slug: &str) -> Org {
    Org { id: db.ambient.id(), slug: slug.to_owned(), name: "House".to_owned(), created_by: db.ambient.id(), created_at: time(1) }
}

/// An organisation that is stored.
async fn stored_org(db: &TestDb, slug: &str) -> Org {
    let org = org(db, slug);
    save!(db.store, SYSTEM, |tx| tx.insert_org(&org).await.unwrap());
    org
}

fn member(org: OrgId, user: UserId) -> OrgMember {
    OrgMember { org_id: org, user_id: user, role: OrgRole::Member, joined_at: time(2) }
}

fn grant(whom: Whom, allowed: bool) -> PluginGrant {
    PluginGrant { plugin: X.to_owned(), whom, allowed, set_at: time(1) }
}

async fn may(store: &Store, user: UserId) -> bool {
    store.plugin_access().await.unwrap().allows(X, Some(user))
}

on_both! {
    async fn an_organisation_is_made_found_joined_left_and_deleted(db) {
        let (ada, _) = db.user("ada").await;
        let (bob, _) = db.user("bob").await;
        let (works, house) = (stored_org(db, "works").await, stored_org(db, "house").await);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_orgs().await), vec![house.clone(), works.clone()]);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.org_by_slug("house").await), Some(house.clone()));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.org_by_slug("House").await), None);
        let error = refused!(db.store, SYSTEM, |tx| tx.insert_org(&org(db, "house")).await);
        assert_eq!(error.to_string(), "an organisation with this word already exists");

        let admin = OrgMember { role: OrgRole::Admin, ..member(house.id, ada.id) };
        let late = OrgMember { joined_at: time(9), ..member(house.id, bob.id) };
        save!(db.store, SYSTEM, |tx| {
            tx.put_org_member(&late).await.unwrap();
            tx.put_org_member(&member(house.id, ada.id)).await.unwrap();
            // Another role, and the day they came stays.
            tx.put_org_member(&OrgMember { joined_at: time(5), ..admin.clone() }).await.unwrap();
            tx.put_org_member(&member(works.id, ada.id)).await.unwrap();
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_org_members(house.id).await), vec![admin, late]);
        for nobody in [member(house.id, db.ambient.id()), member(db.ambient.id(), ada.id)] {
            let error = refused!(db.store, SYSTEM, |tx| tx.put_org_member(&nobody).await);
            assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
        }
        save!(db.store, SYSTEM, |tx| {
            assert!(tx.delete_org_member(house.id, bob.id).await.unwrap());
            assert!(!tx.delete_org_member(house.id, bob.id).await.unwrap());
            assert!(tx.delete_org(house.id).await.unwrap());
            assert!(!tx.delete_org(house.id).await.unwrap());
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_org_members(house.id).await), vec![]);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_orgs().await), vec![works]);
    }

    async fn who_joins_or_leaves_is_seen_by_the_next_call(db) {
        let (ada, of_ada) = db.user("ada").await;
        let (bob, of_bob) = db.user("bob").await;
        let (house, works) = (stored_org(db, "house").await, stored_org(db, "works").await);
        let (of_house, of_works) = (grant(Whom::Org(house.id), true), grant(Whom::Org(works.id), false));
        save!(db.store, SYSTEM, |tx| {
            tx.put_plugin_grant(&grant(Whom::Everyone, false)).await.unwrap();
            tx.put_plugin_grant(&of_house).await.unwrap();
            tx.put_plugin_grant(&of_works).await.unwrap();
        });
        assert!(!may(&db.store, ada.id).await, "like everyone");
        save!(db.store, SYSTEM, |tx| tx.put_org_member(&member(house.id, ada.id)).await.unwrap());
        assert!(may(&db.store, ada.id).await && !may(&db.store, bob.id).await);
        let seen = look!(db.store, of_ada, |tx| tx.list_plugin_grants(None).await);
        assert_eq!(seen, vec![grant(Whom::Everyone, false), of_house], "what is said of other organisations is theirs");
        assert_eq!(look!(db.store, of_bob, |tx| tx.list_plugin_grants(None).await), vec![grant(Whom::Everyone, false)]);
        let own = look!(db.store, of_ada, |tx| tx.plugin_access().await);
        assert!(own.allows(X, Some(ada.id)) && own.deciding_org(X, ada.id) == Some(house.id));

        save!(db.store, SYSTEM, |tx| tx.put_org_member(&member(works.id, ada.id)).await.unwrap());
        assert!(!may(&db.store, ada.id).await, "one of the two says no");
        save!(db.store, SYSTEM, |tx| assert!(tx.delete_org_member(works.id, ada.id).await.unwrap()));
        assert!(may(&db.store, ada.id).await);
        save!(db.store, SYSTEM, |tx| assert!(tx.delete_org_member(house.id, ada.id).await.unwrap()));
        assert!(!may(&db.store, ada.id).await);
    }

    async fn an_organisation_takes_along_what_was_said_of_it(db) {
        let (ada, _) = db.user("ada").await;
        let house = stored_org(db, "house").await;
        save!(db.store, SYSTEM, |tx| {
            tx.put_org_member(&member(house.id, ada.id)).await.unwrap();
            tx.put_plugin_grant(&grant(Whom::Org(house.id), false)).await.unwrap();
        });
        assert!(!may(&db.store, ada.id).await);
        save!(db.store, SYSTEM, |tx| assert!(tx.delete_org(house.id).await.unwrap()));
        assert!(may(&db.store, ada.id).await, "they are in none any more");
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_plugin_grants(None).await), vec![]);
        let error = refused!(db.store, SYSTEM, |tx| tx.put_plugin_grant(&grant(Whom::Org(house.id), true)).await);
        assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    }

    async fn one_grant_is_taken_back_and_the_others_stay(db) {
        let (ada, _) = db.user("ada").await;
        let house = stored_org(db, "house").await;
        save!(db.store, SYSTEM, |tx| {
            for whom in [Whom::Everyone, Whom::Org(house.id), Whom::Person(ada.id)] {
                tx.put_plugin_grant(&grant(whom, false)).await.unwrap();
            }
            assert!(tx.delete_plugin_grants(X, Some(Whom::Org(house.id))).await.unwrap());
            assert!(!tx.delete_plugin_grants(X, Some(Whom::Org(house.id))).await.unwrap());
        });
        let left = look!(db.store, SYSTEM, |tx| tx.list_plugin_grants(None).await);
        assert_eq!(left, vec![grant(Whom::Everyone, false), grant(Whom::Person(ada.id), false)]);
    }

    async fn a_person_finds_and_changes_no_organisation(db) {
        let (ada, of_ada) = db.user("ada").await;
        let (bob, _) = db.user("bob").await;
        let house = stored_org(db, "house").await;
        save!(db.store, SYSTEM, |tx| for user in [ada.id, bob.id] {
            tx.put_org_member(&member(house.id, user)).await.unwrap();
        });
        save!(db.store, of_ada, |tx| {
            assert_eq!(tx.list_orgs().await.unwrap(), vec![]);
            assert_eq!(tx.org_by_slug("house").await.unwrap(), None);
            assert_eq!(tx.list_org_members(house.id).await.unwrap(), vec![member(house.id, ada.id)]);
            assert!(!tx.delete_org(house.id).await.unwrap());
        });
        let refusals = [
            refused!(db.store, of_ada, |tx| tx.insert_org(&org(db, "mine")).await),
            refused!(db.store, of_ada, |tx| tx.put_org_member(&member(house.id, ada.id)).await),
            refused!(db.store, of_ada, |tx| tx.delete_org_member(house.id, ada.id).await),
            refused!(db.store, of_ada, |tx| tx.put_plugin_grant(&grant(Whom::Org(house.id), true)).await),
        ];
        for error in refusals {
            assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        }
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_org_members(house.id).await).len(), 2);
    }

    async fn organisations_and_their_people_have_a_largest_number(db) {
        let full = stored_org(db, "full").await;
        save!(db.store, SYSTEM, |tx| for number in 1..limits::ORGS_MAX {
            tx.insert_org(&org(db, &format!("org-{number}"))).await.unwrap();
        });
        let error = refused!(db.store, SYSTEM, |tx| tx.insert_org(&org(db, "one-more")).await);
        assert!(matches!(error, StoreError::Limit { .. }), "{error:?}");

        let user = |number: usize| User {
            id: db.ambient.id(),
            username: format!("user {number}"),
            is_admin: false,
            is_active: true,
            created_at: time(0),
            last_login_at: None,
        };
        let people: Vec<User> = (0..=limits::ORG_MEMBERS_MAX).map(user).collect();
        let (last, others) = people.split_last().unwrap();
        save!(db.store, SYSTEM, |tx| {
            for user in &people {
                tx.insert_user(user, "no hash").await.unwrap();
            }
            for user in others {
                tx.put_org_member(&member(full.id, user.id)).await.unwrap();
            }
            tx.put_plugin_grant(&grant(Whom::Org(full.id), false)).await.unwrap();
        });
        let error = refused!(db.store, SYSTEM, |tx| tx.put_org_member(&member(full.id, last.id)).await);
        assert!(matches!(error, StoreError::Limit { .. }), "{error:?}");
        save!(db.store, SYSTEM, |tx| tx.put_org_member(&member(full.id, others[0].id)).await.unwrap());
        let access = db.store.plugin_access().await.unwrap();
        assert!(others.iter().all(|user| !access.allows(X, Some(user.id))), "every one of them is kept");
        assert!(access.allows(X, Some(last.id)));
    }
}

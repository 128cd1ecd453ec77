//! Who may use which plugin.

use octi_domain::limits;
use octi_domain::plugin_access::Whom;
use octi_store::{PluginGrant, StoreError};

use crate::fixtures::{SYSTEM, look, refused, save, time};
use crate::on_both;

const X: &str = "acme/x";

fn grant(whom: Whom, allowed: bool) -> PluginGrant {
    PluginGrant { plugin: X.to_owned(), whom, allowed, set_at: time(1) }
}

on_both! {
    async fn a_grant_is_replaced_taken_back_and_seen_by_the_next_call(db) {
        let (ada, of_ada) = db.user("ada").await;
        let (bob, of_bob) = db.user("bob").await;
        let may = async |user| db.store.plugin_access().await.unwrap().allows(X, Some(user));
        assert!(may(ada.id).await, "nothing was said");
        save!(db.store, SYSTEM, |tx| {
            tx.put_plugin_grant(&grant(Whom::Everyone, false)).await.unwrap();
            tx.put_plugin_grant(&grant(Whom::Person(ada.id), false)).await.unwrap();
            tx.put_plugin_grant(&grant(Whom::Person(ada.id), true)).await.unwrap();
        });
        assert!(may(ada.id).await && !may(bob.id).await);
        let seen = look!(db.store, of_ada, |tx| tx.list_plugin_grants(None).await);
        assert_eq!(seen, vec![grant(Whom::Everyone, false), grant(Whom::Person(ada.id), true)]);
        let seen = look!(db.store, of_bob, |tx| tx.list_plugin_grants(Some(X)).await);
        assert_eq!(seen, vec![grant(Whom::Everyone, false)], "what is said of others is theirs");
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_plugin_grants(Some("acme/y")).await), vec![]);
        save!(db.store, SYSTEM, |tx| {
            assert!(tx.delete_plugin_grants(X, Some(Whom::Person(ada.id))).await.unwrap());
            assert!(!tx.delete_plugin_grants(X, Some(Whom::Person(ada.id))).await.unwrap());
        });
        assert!(!may(ada.id).await, "like everyone");
        save!(db.store, SYSTEM, |tx| assert!(tx.delete_plugin_grants(X, None).await.unwrap()));
        assert!(may(bob.id).await);
    }

    async fn a_person_says_nothing_of_grants(db) {
        let (ada, of_ada) = db.user("ada").await;
        let error = refused!(db.store, of_ada, |tx| tx.put_plugin_grant(&grant(Whom::Person(ada.id), true)).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        let error = refused!(db.store, of_ada, |tx| tx.delete_plugin_grants(X, None).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        let nobody = grant(Whom::Person(db.ambient.id()), true);
        let error = refused!(db.store, SYSTEM, |tx| tx.put_plugin_grant(&nobody).await);
        assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    }

    async fn grants_have_a_largest_number(db) {
        let of = |number: usize| PluginGrant { plugin: format!("acme/p{number}"), ..grant(Whom::Everyone, false) };
        save!(db.store, SYSTEM, |tx| for number in 0..limits::PLUGIN_GRANTS_MAX {
            tx.put_plugin_grant(&of(number)).await.unwrap();
        });
        let error = refused!(db.store, SYSTEM, |tx| tx.put_plugin_grant(&of(limits::PLUGIN_GRANTS_MAX)).await);
        assert!(matches!(error, StoreError::Limit { .. }), "{error:?}");
        save!(db.store, SYSTEM, |tx| tx.put_plugin_grant(&of(0)).await.unwrap());
        let access = db.store.plugin_access().await.unwrap();
        assert!(!access.allows_everyone(&of(limits::PLUGIN_GRANTS_MAX - 1).plugin), "every one of them is kept");
    }
}

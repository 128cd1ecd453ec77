//! The memory of plugins.

use octi_domain::limits;
use octi_store::{KvWrite, StoreError};

use crate::fixtures::{SYSTEM, look, refused, save};
use crate::on_both;

const PLUGIN: &str = "octi.tasks";
const PLENTY: u64 = 100_000_000;

on_both! {
    async fn versions_grow_and_decide_who_was_first(db) {
        let (user, _) = db.user("alice").await;
        let store = &db.store;
        let set = async |value: &[u8], expected| save!(store, SYSTEM, |tx| tx.kv_set(PLUGIN, user.id, "k", value, expected, PLENTY).await.unwrap());
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.kv_get(PLUGIN, user.id, "k").await), None);
        assert_eq!(set(b"a", Some(1)).await, KvWrite::Conflict(0));
        assert_eq!(set(b"a", Some(0)).await, KvWrite::Written(1));
        assert_eq!(set(b"b", Some(0)).await, KvWrite::Conflict(1));
        assert_eq!(set(b"b", Some(1)).await, KvWrite::Written(2));
        assert_eq!(set(b"c", None).await, KvWrite::Written(3));
        assert_eq!(set(b"d", Some(u64::MAX)).await, KvWrite::Conflict(3));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.kv_get(PLUGIN, user.id, "k").await), Some((b"c".to_vec(), 3)));
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.kv_get("another", user.id, "k").await), None);
        save!(db.store, SYSTEM, |tx| {
            assert!(tx.kv_delete(PLUGIN, user.id, "k").await.unwrap());
            assert!(!tx.kv_delete(PLUGIN, user.id, "k").await.unwrap());
        });
        assert_eq!(set(b"e", Some(0)).await, KvWrite::Written(1));
    }

    async fn keys_come_in_byte_order(db) {
        let (user, alice) = db.user("alice").await;
        let keys = ["b", "B", "a/1", "a/10", "a/2", "a-b", "a", "ä", "_", "", "a\0", "🦑", "zz"];
        save!(db.store, alice, |tx| for key in keys {
            tx.kv_set(PLUGIN, user.id, key, b"", None, PLENTY).await.unwrap();
        });
        let mut sorted = keys;
        sorted.sort_unstable();
        let mut tx = db.store.read(&alice).await.unwrap();
        assert_eq!(tx.kv_keys(PLUGIN, user.id, "", None, 100).await.unwrap(), sorted);
        assert_eq!(tx.kv_keys(PLUGIN, user.id, "a/", None, 100).await.unwrap(), ["a/1", "a/10", "a/2"]);
        assert_eq!(tx.kv_keys(PLUGIN, user.id, "a/", Some("a/1"), 100).await.unwrap(), ["a/10", "a/2"]);
        assert_eq!(tx.kv_keys(PLUGIN, user.id, "a/", Some("b"), 100).await.unwrap(), [] as [&str; 0]);
        assert_eq!(tx.kv_keys(PLUGIN, user.id, "ä", None, 100).await.unwrap(), ["ä"]);
        assert_eq!(tx.kv_keys(PLUGIN, user.id, "🦑", None, 100).await.unwrap(), ["🦑"]);
        assert_eq!(tx.kv_keys(PLUGIN, user.id, "", None, 2).await.unwrap(), sorted[..2]);
        assert!(tx.kv_keys("another", user.id, "", None, 100).await.unwrap().is_empty());
    }

    async fn a_plugin_has_so_many_bytes_for_a_person(db) {
        let (user, _) = db.user("alice").await;
        let (other, _) = db.user("bob").await;
        let store = &db.store;
        let set = async |key: &str, bytes: usize, max| save!(store, SYSTEM, |tx| tx.kv_set(PLUGIN, user.id, key, &vec![1; bytes], None, max).await.unwrap());
        assert_eq!(set("aa", 98, 100).await, KvWrite::Written(1));
        assert_eq!(set("b", 0, 100).await, KvWrite::Full);
        assert_eq!(set("aa", 99, 100).await, KvWrite::Full);
        assert_eq!(set("aa", 50, 100).await, KvWrite::Written(2));
        assert_eq!(set("b", 47, 100).await, KvWrite::Written(1));
        assert_eq!(set("c", 0, 100).await, KvWrite::Full);
        // The grant shrank: what makes the memory smaller is still fine, and what does not is not.
        assert_eq!(set("aa", 49, 10).await, KvWrite::Written(3));
        assert_eq!(set("aa", 50, 10).await, KvWrite::Full);
        save!(db.store, SYSTEM, |tx| assert!(tx.kv_delete(PLUGIN, user.id, "aa").await.unwrap()));
        assert_eq!(set("c", 51, 100).await, KvWrite::Written(1));
        assert_eq!(set("d", 0, 100).await, KvWrite::Full);
        // Another person and another plugin have their own.
        save!(db.store, SYSTEM, |tx| {
            assert_eq!(tx.kv_set(PLUGIN, other.id, "a", &[1; 99], None, 100).await.unwrap(), KvWrite::Written(1));
            assert_eq!(tx.kv_set("another", user.id, "a", &[1; 99], None, 100).await.unwrap(), KvWrite::Written(1));
        });
    }

    async fn racing_writers_lose_no_update_and_no_byte(db) {
        let (user, _) = db.user("alice").await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let store = db.store.clone();
            let user = user.id;
            tasks.spawn(async move {
                let mut added = 0;
                while added < 5 {
                    let stored = look!(store, SYSTEM, |tx| tx.kv_get(PLUGIN, user, "counter").await);
                    let (mut value, version) = stored.unwrap_or_default();
                    value.push(1);
                    match save!(store, SYSTEM, |tx| tx.kv_set(PLUGIN, user, "counter", &value, Some(version), PLENTY).await.unwrap()) {
                        KvWrite::Written(_) => added += 1,
                        KvWrite::Conflict(_) => {}
                        KvWrite::Full => panic!("full"),
                    }
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        let (value, version) = look!(db.store, SYSTEM, |tx| tx.kv_get(PLUGIN, user.id, "counter").await).unwrap();
        assert_eq!((value.len(), version), (30, 30));
        // 37 bytes are used: one more fits into 39 with its key, and two do not.
        save!(db.store, SYSTEM, |tx| {
            assert_eq!(tx.kv_set(PLUGIN, user.id, "x", b"12", None, 39).await.unwrap(), KvWrite::Full);
            assert_eq!(tx.kv_set(PLUGIN, user.id, "x", b"1", None, 39).await.unwrap(), KvWrite::Written(1));
        });
    }

    async fn keys_values_and_listings_have_largest_sizes(db) {
        let (user, _) = db.user("alice").await;
        let key = "k".repeat(limits::KV_KEY_BYTES_MAX);
        let value = vec![0; limits::KV_VALUE_BYTES_MAX];
        save!(db.store, SYSTEM, |tx| tx.kv_set(PLUGIN, user.id, &key, &value, None, PLENTY).await.unwrap());
        let error = refused!(db.store, SYSTEM, |tx| tx.kv_set(PLUGIN, user.id, &format!("{key}k"), b"", None, PLENTY).await);
        assert!(matches!(error, StoreError::Limit { what: "the key", max: 512 }), "{error:?}");
        let error = refused!(db.store, SYSTEM, |tx| tx.kv_set(PLUGIN, user.id, "k", &[&value[..], b"1"].concat(), None, PLENTY).await);
        assert!(matches!(error, StoreError::Limit { what: "the value", max: 1_048_576 }), "{error:?}");

        save!(db.store, SYSTEM, |tx| for number in 0..limits::KV_LIST_MAX {
            tx.kv_set(PLUGIN, user.id, &number.to_string(), b"", None, PLENTY).await.unwrap();
        });
        let listed = look!(db.store, SYSTEM, |tx| tx.kv_keys(PLUGIN, user.id, "", None, u32::MAX).await);
        assert_eq!(listed.len(), usize::try_from(limits::KV_LIST_MAX).unwrap());
    }

    async fn memory_needs_its_person(db) {
        let error = refused!(db.store, SYSTEM, |tx| tx.kv_set(PLUGIN, db.ambient.id(), "k", b"v", None, PLENTY).await);
        assert_eq!(error.to_string(), "the user does not exist");
    }
}

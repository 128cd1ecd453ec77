//! Settings and the audit log.

use octi_domain::limits;
use octi_store::AuditFilter;
use serde_json::json;

use crate::fixtures::{self, SYSTEM, look, save, time};
use crate::on_both;

on_both! {
    async fn settings_are_written_replaced_and_removed(db) {
        save!(db.store, SYSTEM, |tx| {
            tx.put_setting("b", &json!({"z": 1, "a": [1.5, null]})).await.unwrap();
            tx.put_setting("B", &json!("text")).await.unwrap();
            tx.put_setting("b", &json!({"z": 2})).await.unwrap();
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.setting("b").await), Some(json!({"z": 2})));
        let listed = look!(db.store, SYSTEM, |tx| tx.list_settings().await);
        assert_eq!(listed, vec![("B".to_owned(), json!("text")), ("b".to_owned(), json!({"z": 2}))]);
        save!(db.store, SYSTEM, |tx| {
            assert!(tx.delete_setting("b").await.unwrap());
            assert!(!tx.delete_setting("b").await.unwrap());
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.setting("b").await), None);
    }

    async fn the_audit_log_is_read_from_its_end(db) {
        let (user, alice) = db.user("alice").await;
        let mut rows = Vec::new();
        for number in 0..3 {
            let mut row = fixtures::audit(&db.ambient, Some(user.id));
            row.created_at = time(number);
            save!(db.store, alice, |tx| tx.append_audit(&row).await.unwrap());
            rows.insert(0, row);
        }
        let nobody = fixtures::audit(&db.ambient, None);
        save!(db.store, SYSTEM, |tx| tx.append_audit(&nobody).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.list_audit(None, 10).await), rows);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_audit(None, 2).await), vec![nobody, rows[0].clone()]);
    }

    async fn the_audit_log_is_searched_by_action_and_time(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let mut rows = Vec::new();
        for number in 0..4 {
            let mut row = fixtures::audit(&db.ambient, Some(user.id));
            row.created_at = time(number);
            row.action = if number % 2 == 0 { "login" } else { "rule_set" }.to_owned();
            save!(db.store, alice, |tx| tx.append_audit(&row).await.unwrap());
            rows.push(row);
        }
        let logins = AuditFilter { action: Some("login"), ..AuditFilter::default() };
        let middle = AuditFilter { since: Some(time(1)), until: Some(time(3)), ..AuditFilter::default() };
        for who in [&alice, &SYSTEM] {
            let found = look!(db.store, who, |tx| tx.find_audit(logins, None, 10).await);
            assert_eq!(found, vec![rows[2].clone(), rows[0].clone()]);
            let found = look!(db.store, who, |tx| tx.find_audit(middle, None, 10).await);
            assert_eq!(found, vec![rows[2].clone(), rows[1].clone()]);
        }
        assert!(look!(db.store, bob, |tx| tx.find_audit(logins, None, 10).await).is_empty());
    }

    async fn a_query_returns_so_many_rows(db) {
        let max = usize::try_from(limits::STORE_ROWS_MAX).unwrap();
        save!(db.store, SYSTEM, |tx| for _ in 0..=max {
            tx.append_audit(&fixtures::audit(&db.ambient, None)).await.unwrap();
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_audit(None, u32::MAX).await).len(), max);
    }
}

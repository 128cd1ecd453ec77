//! Settings and the audit log.

use octi_domain::limits;
use octi_store::{AuditFilter, McpPinRow, McpServerRow, StoreError};
use serde_json::json;

use crate::fixtures::{self, SYSTEM, look, refused, save, time};
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

    async fn mcp_servers_are_the_hosts_and_go_with_what_was_accepted_of_them(db) {
        let (user, alice) = db.user("alice").await;
        let server = |name: &str, command: &str| McpServerRow {
            name: name.to_owned(),
            added_by: user.id,
            config: json!({"command": command, "args": ["\u{0}"]}),
            updated_at: time(1),
        };
        let pin = |server: &str, tool: &str, text: &str| McpPinRow {
            server: server.to_owned(),
            tool: tool.to_owned(),
            accepted: json!({"description": text}),
            accepted_at: time(2),
        };
        save!(db.store, SYSTEM, |tx| {
            tx.put_mcp_server(&server("b", "/old")).await.unwrap();
            tx.put_mcp_server(&server("a", "/a")).await.unwrap();
            tx.put_mcp_server(&server("b", "/new")).await.unwrap();
            for row in [pin("b", "two", "old"), pin("b", "one", "x"), pin("b", "two", "new"), pin("file", "one", "y")] {
                tx.put_mcp_pin(&row).await.unwrap();
            }
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_mcp_servers().await), vec![server("a", "/a"), server("b", "/new")]);
        let pins = vec![pin("b", "one", "x"), pin("b", "two", "new"), pin("file", "one", "y")];
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_mcp_pins().await), pins);

        save!(db.store, alice, |tx| {
            assert!(tx.list_mcp_servers().await.unwrap().is_empty() && tx.list_mcp_pins().await.unwrap().is_empty());
            assert!(!tx.delete_mcp_server("a").await.unwrap() && !tx.delete_mcp_pin("b", "one").await.unwrap());
        });
        let error = refused!(db.store, alice, |tx| tx.put_mcp_server(&server("c", "/c")).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        let error = refused!(db.store, alice, |tx| tx.put_mcp_pin(&pin("b", "one", "mine")).await);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        let large = server("c", &"x".repeat(limits::MCP_CONFIG_BYTES_MAX));
        let error = refused!(db.store, SYSTEM, |tx| tx.put_mcp_server(&large).await);
        assert!(matches!(error, StoreError::Limit { .. }), "{error:?}");

        save!(db.store, SYSTEM, |tx| {
            assert!(tx.delete_mcp_pin("b", "one").await.unwrap() && !tx.delete_mcp_pin("b", "one").await.unwrap());
            assert!(tx.delete_mcp_server("b").await.unwrap() && !tx.delete_mcp_server("b").await.unwrap());
        });
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_mcp_servers().await), vec![server("a", "/a")]);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_mcp_pins().await), vec![pin("file", "one", "y")]);
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

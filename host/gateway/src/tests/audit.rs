//! Who did what can be read afterwards.

use octi_api::error::ErrorCode;
use octi_api::v1::audit::AuditQuery;
use octi_api::v1::auth::{CreateToken, Login};
use octi_api::v1::permissions::{Level, SetRule};
use octi_api::v1::plugins::InstallQuery;
use octi_client::Client;
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;
use octi_store::AuditRow;

use super::host::{Host, host_on};

/// Every row so far, the oldest first.
async fn rows(host: &Host) -> Vec<AuditRow> {
    host.gateway.audit.flush().await;
    let mut tx = host.gateway.store.read(&Principal::system("test")).await.unwrap();
    let mut rows = tx.list_audit(None, 1_000).await.unwrap();
    rows.reverse();
    rows
}

/// Whether somebody did exactly this, once.
fn once(rows: &[AuditRow], who: Option<UserId>, action: &str, resource: &str) -> bool {
    rows.iter().filter(|row| (row.user_id, row.action.as_str(), row.resource.as_str()) == (who, action, resource)).count() == 1
}

octi_testkit::on_both! {
    async fn signing_in_and_tokens_are_told(db) {
        let host = host_on(db, []).await;
        let first = host.gateway.auth.bootstrap_admin().await.unwrap().unwrap();
        let stranger = Client::anonymous(host.url.clone()).unwrap();
        let login = Login { username: first.username.clone(), password: first.password().to_owned() };
        let admin: UserId = stranger.login(&login).await.unwrap().user.id.into();
        assert!(stranger.login(&Login { password: "guess".to_owned(), ..login }).await.is_err());

        let ann = host.person("ann").await;
        let made = ann.client.create_token(&CreateToken { name: "ci".to_owned(), expires_in_days: None, ..CreateToken::default() }).await.unwrap();
        ann.client.revoke_token(made.token.id.into()).await.unwrap();
        assert!(ann.client.revoke_token(made.token.id.into()).await.is_err());

        let rows = rows(&host).await;
        let (user, token) = (format!("user:{admin}"), format!("token:{}", made.token.id));
        assert!(once(&rows, Some(admin), "login", &user), "{rows:?}");
        assert!(once(&rows, None, "login_failed", &user), "{rows:?}");
        assert!(once(&rows, Some(ann.id), "token_created", &token), "{rows:?}");
        assert!(once(&rows, Some(ann.id), "token_revoked", &token), "{rows:?}");
        let text = format!("{rows:?}");
        assert!(!text.contains(&made.secret) && !text.contains(first.password()) && !text.contains("guess"));
    }

    async fn a_person_reads_what_was_done_in_their_name_page_by_page(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let mut made = Vec::new();
        for name in ["first", "second", "third"] {
            let token = ann.client.create_token(&CreateToken { name: name.to_owned(), expires_in_days: None, ..CreateToken::default() }).await.unwrap();
            made.insert(0, format!("token:{}", token.token.id));
        }
        let mut told = Vec::new();
        let mut query = AuditQuery { limit: Some(2), ..AuditQuery::default() };
        loop {
            let page = ann.client.list_audit(&query).await.unwrap();
            assert!(page.items.len() <= 2 && page.items.is_sorted_by(|one, other| one.created_at >= other.created_at));
            told.extend(page.items.into_iter().filter(|entry| made.contains(&entry.resource)).map(|entry| entry.resource));
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        assert_eq!(told, made, "each once, the last first");
        let strangers = bob.client.list_audit(&AuditQuery::default()).await.unwrap();
        assert!(strangers.items.iter().all(|entry| !made.contains(&entry.resource)), "{strangers:?}");
        let wrong = AuditQuery { cursor: Some("yesterday".to_owned()), ..AuditQuery::default() };
        assert_eq!(ann.client.list_audit(&wrong).await.unwrap_err().code(), Some(ErrorCode::InvalidField));
    }

    async fn the_audit_log_is_searched_by_action_and_time(db) {
        let host = host_on(db, []).await;
        let ann = host.person("ann").await;
        let token = ann.client.create_token(&CreateToken { name: "ci".to_owned(), ..CreateToken::default() }).await.unwrap();
        ann.client.revoke_token(token.token.id.into()).await.unwrap();
        let revoked = AuditQuery { action: Some("token_revoked".to_owned()), ..AuditQuery::default() };
        let found = ann.client.list_audit(&revoked).await.unwrap().items;
        assert_eq!((found.len(), found[0].resource.as_str()), (1, format!("token:{}", token.token.id).as_str()));
        let at = found[0].created_at;
        let from_then_on = AuditQuery { since: Some(at), ..revoked.clone() };
        assert_eq!(ann.client.list_audit(&from_then_on).await.unwrap().items, found);
        let before = AuditQuery { until: Some(at), ..revoked };
        assert!(ann.client.list_audit(&before).await.unwrap().items.is_empty());
    }

    async fn rules_and_plugins_are_told_with_whoever_changed_them(db) {
        let host = host_on(db, []).await;
        let (ann, root) = (host.person("ann").await, host.admin().await);
        let rule = SetRule { rule: "notes.write(*)".to_owned(), level: Level::Deny, session_id: None };
        let rule = ann.client.set_rule(&rule).await.unwrap();
        ann.client.delete_rule(rule.id.into()).await.unwrap();

        let named = |name: &str| InstallQuery { file_name: Some(name.to_owned()), ..InstallQuery::default() };
        root.client.install_plugin(b"\0asm\x0d\0\x01\0".to_vec(), &named("new.wasm")).await.unwrap();
        assert!(root.client.install_plugin(b"text".to_vec(), &named("text.wasm")).await.is_err());
        assert!(ann.client.install_plugin(b"text".to_vec(), &named("ann.wasm")).await.is_err());
        root.client.reload_plugins(Some("acme/notes")).await.unwrap();
        root.client.reload_plugins(None).await.unwrap();
        assert!(root.client.remove_plugin("acme/notes").await.is_err());
        root.client.rollback_plugin("acme/new").await.unwrap();
        assert!(root.client.rollback_plugin("acme/notes").await.is_err());
        root.client.remove_plugin("acme/new").await.unwrap();

        let rows = rows(&host).await;
        let of_rule = format!("rule:{}", rule.id);
        assert!(once(&rows, Some(ann.id), "rule_set", &of_rule), "{rows:?}");
        assert!(once(&rows, Some(ann.id), "rule_removed", &of_rule), "{rows:?}");
        let set = rows.iter().find(|row| row.action == "rule_set").unwrap();
        assert_eq!((&set.details["rule"], &set.details["level"]), (&"notes.write(*)".into(), &"deny".into()));

        for (action, resource) in [
            ("plugin_installed", "plugin:acme/new"),
            ("plugin_refused", "plugin:text.wasm"),
            ("plugin_reloaded", "plugin:acme/notes"),
            ("plugin_reloaded", "plugin"),
            ("plugin_rolled_back", "plugin:acme/new"),
            ("plugin_removed", "plugin:acme/new"),
        ] {
            assert!(once(&rows, Some(root.id), action, resource), "{action} {resource}: {rows:?}");
        }
        let of_plugins = rows.iter().filter(|row| row.action.starts_with("plugin_")).count();
        assert_eq!(of_plugins, 6, "what was not allowed or did not happen is no row: {rows:?}");
        let refused = rows.iter().find(|row| row.action == "plugin_refused").unwrap();
        assert!(refused.details["why"].as_str().unwrap().contains("not WebAssembly"), "{refused:?}");
    }
}

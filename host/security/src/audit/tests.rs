//! What the audit log keeps, and what it must not.

use std::net::Ipv4Addr;

use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::permission::Answer;
use octi_domain::principal::Principal;
use octi_store::{AuditRow, Store};
use uuid::Uuid;

use super::*;

const SYSTEM: Principal = Principal::system("test");

async fn audit(home: &tempfile::TempDir) -> (Store, Audit) {
    let store = Store::open(&format!("sqlite://{}", home.path().join("octi.db").display())).await.unwrap();
    store.migrate().await.unwrap();
    let audit = Audit::start(store.clone(), Ambient::system());
    (store, audit)
}

async fn rows(store: &Store) -> Vec<AuditRow> {
    store.read(&SYSTEM).await.unwrap().list_audit(None, u32::MAX).await.unwrap()
}

#[tokio::test]
async fn what_was_noted_before_the_end_is_written() {
    let home = tempfile::tempdir().unwrap();
    let (store, audit) = audit(&home).await;
    let user = UserId::from(Uuid::from_u128(7));
    audit.note(None, &Deed::LoginFailed { user: Some(user), address: Ipv4Addr::LOCALHOST.into() });
    audit.note(Some(user), &Deed::PluginInstalled { plugin: "acme/x", version: "1.0.0", digest: "00" });
    audit.close().await;
    let rows = rows(&store).await;
    let told: Vec<_> = rows.iter().map(|row| (row.user_id, row.action.as_str(), row.resource.clone())).collect();
    let installed = (Some(user), "plugin_installed", "plugin:acme/x".to_owned());
    let failed = (None, "login_failed", format!("user:{user}"));
    assert!(told.len() == 2 && told.contains(&installed) && told.contains(&failed), "{told:?}");
    // After the end a row can only be logged; nothing panics and nothing waits.
    audit.note(None, &Deed::PluginReloaded { plugin: None });
    audit.flush().await;
}

#[tokio::test]
async fn a_full_queue_makes_nobody_wait() {
    let home = tempfile::tempdir().unwrap();
    let (store, audit) = audit(&home).await;
    // The writer has no turn on this thread before the first wait.
    for _ in 0..limits::AUDIT_QUEUE_MAX + 5 {
        audit.note(None, &Deed::PluginReloaded { plugin: None });
    }
    audit.flush().await;
    assert_eq!(rows(&store).await.len(), limits::AUDIT_QUEUE_MAX);
}

#[tokio::test]
async fn a_change_that_is_not_saved_leaves_no_row() {
    let home = tempfile::tempdir().unwrap();
    let (store, _audit) = audit(&home).await;
    let deed = Deed::SecretStored { scope: "user", name: "TOKEN" };
    for save in [false, true] {
        let mut tx = store.write(&SYSTEM).await.unwrap();
        append(&mut tx, &Ambient::system(), None, &deed).await.unwrap();
        if save {
            tx.save().await.unwrap();
        }
        assert_eq!(rows(&store).await.len(), usize::from(save));
    }
    assert_eq!(rows(&store).await[0].resource, "secret:user/TOKEN");
}

#[test]
fn texts_from_outside_are_cleaned_and_cut() {
    let long = "ä".repeat(limits::AUDIT_TEXT_BYTES_MAX);
    let details = Deed::PluginRefused { plugin: None, why: &format!("\u{1b}[31m{long}") }.details();
    let why = details["why"].as_str().unwrap();
    assert!(why.len() <= limits::AUDIT_TEXT_BYTES_MAX && why.starts_with('ä') && long.starts_with(why));
}

#[test]
fn a_no_reads_differently_from_a_yes() {
    let deed = |answer| Deed::PermissionAnswered { request: Uuid::nil().into(), operation: "shell.run", answer };
    let words: Vec<_> = [Answer::Once, Answer::Session, Answer::Always, Answer::Deny].map(|answer| deed(answer).action()).into();
    assert_eq!(words, ["permission_granted", "permission_granted", "permission_granted", "permission_denied"]);
    assert_eq!(deed(Answer::Always).details()["answer"], "always");
}

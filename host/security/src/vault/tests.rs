//! Nobody opens what is not theirs, and nothing opens after it was touched.

use octi_domain::session::User;

use super::*;

#[expect(clippy::disallowed_methods, reason = "a test signs people in without credentials")]
async fn people(store: &Store, ambient: &Ambient) -> (Principal, Principal) {
    let mut found = Vec::new();
    let mut tx = store.write(&Principal::system("test")).await.unwrap();
    for name in ["alice", "bob"] {
        let user = User {
            id: ambient.id(),
            username: name.into(),
            is_admin: false,
            is_active: true,
            created_at: ambient.now(),
            last_login_at: None,
        };
        tx.insert_user(&user, "hash").await.unwrap();
        found.push(Principal::authenticated(user.id, false));
    }
    tx.save().await.unwrap();
    (found[0].clone(), found[1].clone())
}

async fn vault() -> (tempfile::TempDir, Vault, Principal, Principal) {
    let home = tempfile::tempdir().unwrap();
    let ambient = Ambient::system();
    let store = Store::open(&format!("sqlite://{}", home.path().join("octi.db").display())).await.unwrap();
    store.migrate().await.unwrap();
    let (alice, bob) = people(&store, &ambient).await;
    let master = MasterKey::load_or_create(&home.path().join("master.key"), None, &ambient).unwrap();
    (home, Vault::new(store, master, ambient), alice, bob)
}

#[tokio::test]
async fn a_secret_comes_back_to_its_owner_only() {
    let (_home, vault, alice, bob) = vault().await;
    vault.put(&alice, "model", "openai", "sk-alice".into()).await.unwrap();
    let found = vault.get(&alice, "model", "openai").await.unwrap().unwrap();
    assert_eq!(found.expose_secret(), "sk-alice");
    assert!(vault.get(&bob, "model", "openai").await.unwrap().is_none());
    assert!(vault.get(&Principal::system("x"), "model", "openai").await.is_err());
    assert!(!format!("{vault:?}").contains("alice"));
}

#[tokio::test]
async fn a_row_moved_to_another_person_or_name_does_not_open() {
    let (_home, vault, alice, bob) = vault().await;
    vault.put(&alice, "model", "openai", "sk-alice".into()).await.unwrap();
    let mut sealed = vault.store.read(&alice).await.unwrap().secret("model", "openai").await.unwrap().unwrap();

    sealed.name = "other".into();
    sealed.id = vault.ambient.id();
    let mut tx = vault.store.write(&alice).await.unwrap();
    tx.put_secret(&sealed).await.unwrap();
    tx.save().await.unwrap();
    assert!(matches!(vault.get(&alice, "model", "other").await, Err(VaultError::Sealed { .. })));

    sealed.name = "openai".into();
    sealed.id = vault.ambient.id();
    sealed.user_id = bob.user_id().unwrap();
    let mut tx = vault.store.write(&bob).await.unwrap();
    tx.put_secret(&sealed).await.unwrap();
    tx.save().await.unwrap();
    assert!(matches!(vault.get(&bob, "model", "openai").await, Err(VaultError::Sealed { .. })));
}

#[tokio::test]
async fn a_changed_byte_does_not_open() {
    let (_home, vault, alice, _) = vault().await;
    vault.put(&alice, "model", "openai", "sk-alice".into()).await.unwrap();
    let mut sealed = vault.store.read(&alice).await.unwrap().secret("model", "openai").await.unwrap().unwrap();
    *sealed.ciphertext.last_mut().unwrap() ^= 1;
    let mut tx = vault.store.write(&alice).await.unwrap();
    tx.put_secret(&sealed).await.unwrap();
    tx.save().await.unwrap();
    let error = vault.get(&alice, "model", "openai").await.unwrap_err().to_string();
    assert!(error.contains("restore `master.key`"), "{error}");
    assert!(vault.reveal_all(&alice).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_without_the_value() {
    let (_home, vault, alice, _) = vault().await;
    vault.put(&alice, USER_SCOPE, "key", "value-of-alice".into()).await.unwrap();
    assert!(vault.delete(&alice, USER_SCOPE, "key").await.unwrap());
    assert!(!vault.delete(&alice, USER_SCOPE, "key").await.unwrap());
    let rows = vault.store.read(&alice).await.unwrap().list_audit(None, 10).await.unwrap();
    let mut told: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.resource.as_str())).collect();
    told.sort();
    assert_eq!(told, [("secret_removed", "secret:user/key"), ("secret_stored", "secret:user/key")]);
    assert!(!format!("{rows:?}").contains("value-of-alice"));
}

#[tokio::test]
async fn a_secret_has_a_bound() {
    let (_home, vault, alice, _) = vault().await;
    let long = "x".repeat(limits::SECRET_BYTES_MAX + 1);
    assert!(matches!(vault.put(&alice, "model", "long", long.into()).await, Err(VaultError::TooLong { .. })));
    assert!(matches!(vault.put(&alice, "model", "", "x".into()).await, Err(VaultError::Name { .. })));
}

#[test]
fn a_master_key_is_made_once_and_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("master.key");
    let first = MasterKey::load_or_create(&path, None, &Ambient::system()).unwrap();
    let again = MasterKey::load_or_create(&path, None, &Ambient::system()).unwrap();
    assert_eq!(first.derive("x"), again.derive("x"));
    assert_ne!(first.derive("x"), first.derive("y"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = MasterKey::load_or_create(&path, None, &Ambient::system()).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    assert!(MasterKey::load_or_create(&path, Some(&"zz".into()), &Ambient::system()).is_err());
}

#[tokio::test]
async fn a_secret_of_the_host_opens_under_its_own_name_and_key_only() {
    let (home, vault, ..) = vault().await;
    let sealed = vault.seal_for_host("metrics.token", &"scraper-word".into()).unwrap();
    assert_eq!(vault.open_for_host("metrics.token", &sealed).unwrap().expose_secret(), "scraper-word");
    assert_ne!(vault.seal_for_host("metrics.token", &"scraper-word".into()).unwrap(), sealed, "a nonce is used once");
    let mut touched = sealed.clone();
    *touched.last_mut().unwrap() ^= 1;
    let other = MasterKey::load_or_create(&home.path().join("other.key"), None, &vault.ambient).unwrap();
    let stranger = Vault::new(vault.store.clone(), other, vault.ambient.clone());
    for opened in [
        vault.open_for_host("another.token", &sealed),
        vault.open_for_host("metrics.token", &touched),
        vault.open_for_host("metrics.token", &sealed[..5]),
        stranger.open_for_host("metrics.token", &sealed),
    ] {
        assert!(matches!(opened, Err(VaultError::Sealed { .. })), "{opened:?}");
    }
    let long = "x".repeat(limits::SECRET_BYTES_MAX + 1);
    assert!(matches!(vault.seal_for_host("metrics.token", &long.into()), Err(VaultError::TooLong { .. })));
}

//! People with sessions.

use octi_domain::ambient::Ambient;
use octi_domain::ids::{SessionId, UserId};
use octi_domain::principal::Principal;
use octi_domain::session::{Session, SessionStatus, User};
use octi_store::{SealedSecret, Store};

/// Adds a person and signs them in.
///
/// # Panics
/// When the store refuses.
pub async fn person(store: &Store, ambient: &Ambient, username: &str) -> Principal {
    let id: UserId = ambient.id();
    let user = User {
        id,
        // The database may be shared with other tests.
        username: format!("{username}-{id}"),
        is_admin: false,
        is_active: true,
        created_at: ambient.now(),
        last_login_at: None,
    };
    let saved = async {
        let mut tx = store.write(&Principal::system("a test adds a person")).await?;
        tx.insert_user(&user, "no password fits").await?;
        tx.save().await
    };
    saved.await.unwrap_or_else(|error| panic!("the person cannot be added: {error}"));
    crate::db::principal(id)
}

/// Begins a conversation.
///
/// # Panics
/// When the store refuses, or the principal is not a person.
pub async fn session(store: &Store, ambient: &Ambient, principal: &Principal) -> SessionId {
    let Some(user_id) = principal.user_id() else { panic!("only people have sessions") };
    let session = Session {
        id: ambient.id(),
        user_id,
        title: None,
        status: SessionStatus::Active,
        message_count: 0,
        workspace_id: None,
        project: None,
        created_at: ambient.now(),
        updated_at: ambient.now(),
    };
    let saved = async {
        let mut tx = store.write(principal).await?;
        tx.insert_session(&session).await?;
        tx.save().await
    };
    saved.await.unwrap_or_else(|error| panic!("the session cannot be added: {error}"));
    session.id
}

/// Keeps a secret that nobody can open: that it is there is all that most of the host may know of it.
///
/// # Panics
/// When the store refuses, or the principal is not a person.
pub async fn secret(store: &Store, ambient: &Ambient, principal: &Principal, name: &str) {
    let Some(user_id) = principal.user_id() else { panic!("only people have secrets") };
    let secret = SealedSecret {
        id: ambient.id(),
        user_id,
        // `octi_security::vault::USER_SCOPE`; not every test has that crate.
        scope: "user".to_owned(),
        name: name.to_owned(),
        nonce: vec![0; 12],
        ciphertext: vec![0; 32],
        key_version: 1,
        created_at: ambient.now(),
        updated_at: ambient.now(),
    };
    let saved = async {
        let mut tx = store.write(principal).await?;
        tx.put_secret(&secret).await?;
        tx.save().await
    };
    saved.await.unwrap_or_else(|error| panic!("the secret cannot be kept: {error}"));
}

//! Machines that sign in without sending a secret.

use std::sync::Arc;

use chrono::TimeDelta;
use octi_client::api::error::ErrorCode;
use octi_client::api::frames::{ClientType, close};
use octi_client::api::v1::auth::{CreateToken, CreatedToken};
use octi_client::{ClientError, SigningKey};
use octi_domain::ambient::{Ambient, ManualClock, SystemEntropy};
use octi_domain::limits;
use octi_store::Backend;
use octi_testkit::db::TestDb;
use secrecy::SecretString;
use serde_json::json;

use super::host::{Host, Person, host_at, host_on};
use super::socket::{Got, Raw};

/// A key of the person's.
async fn key(person: &Person) -> (CreatedToken, SigningKey) {
    let wanted = CreateToken { name: "adapter".to_owned(), hmac: true, ..CreateToken::default() };
    let made = person.client.create_token(&wanted).await.unwrap();
    let key = SigningKey::new(made.token.id.into(), SecretString::from(made.secret.clone()));
    (made, key)
}

/// What a connection that says these words is told before it is closed.
async fn refused(host: &Host, credentials: &str) -> String {
    let mut raw = Raw::open(host).await;
    raw.say(json!({"type": "auth", "method": "hmac", "credentials": credentials, "clientType": "channel"}).to_string()).await;
    let error = raw.frame().await;
    assert_eq!(error["type"], "auth_error", "{error}");
    assert_eq!(raw.hear().await, Got::Closed(close::UNAUTHENTICATED));
    error["message"].as_str().unwrap().to_owned()
}

octi_testkit::on_both! {
    async fn a_machine_signs_in_until_its_key_is_revoked(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let (made, key) = key(&ann).await;
        assert!(made.token.hmac && made.secret.starts_with(&made.token.prefix) && made.secret.len() > 50, "{made:?}");
        let listed = ann.client.list_tokens().await.unwrap().items;
        assert_eq!(listed.iter().map(|token| token.hmac).collect::<Vec<_>>(), [false, true]);

        let nobody = octi_client::Client::anonymous(host.url.clone()).unwrap();
        let ambient = &host.gateway.ambient;
        let mut socket = nobody.connect_signed(&key, ClientType::Channel, ambient).await.unwrap();
        let second = nobody.connect_signed(&key, ClientType::Channel, ambient).await.unwrap();
        assert_eq!((socket.hello().user_id, second.hello().user_id), (ann.id.as_uuid(), ann.id.as_uuid()));

        assert!(bob.client.revoke_token(made.token.id.into()).await.is_err(), "of somebody else there is no such key");
        ann.client.revoke_token(made.token.id.into()).await.unwrap();
        let closed = tokio::time::timeout(std::time::Duration::from_secs(10), socket.next()).await.unwrap().unwrap();
        assert!(matches!(closed, Err(ClientError::Closed { code: close::DEACTIVATED, .. })), "{closed:?}");
        let again = nobody.connect_signed(&key, ClientType::Channel, ambient).await.unwrap_err();
        assert!(matches!(&again, ClientError::Refused(text) if text.contains("revoked")), "{again}");
        let kept = host.gateway.vault.list(&principal(&ann)).await.unwrap();
        assert!(kept.is_empty(), "the secret went with its key: {kept:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the test made this user")]
fn principal(person: &Person) -> octi_domain::principal::Principal {
    octi_domain::principal::Principal::authenticated(person.id, false)
}

#[tokio::test]
async fn the_secret_of_a_key_opens_nothing_when_it_is_sent() {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let host = host_on(&db, []).await;
    let (made, _) = key(&host.person("ann").await).await;
    let error = host.client(&made.secret).me().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Unauthenticated));
    assert!(error.to_string().contains("method `hmac`"), "{error}");
    assert!(matches!(host.client(&made.secret).connect().await, Err(ClientError::Refused(text)) if text.contains("`hmac`")));
}

#[tokio::test]
async fn what_was_overheard_is_worth_nothing_and_every_refusal_says_what_to_do() {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let clock = Arc::new(ManualClock::new(db.ambient.now()));
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let host = host_at(&db, ambient.clone(), []).await;
    let (_, key) = key(&host.person("ann").await).await;
    let (_, of_bob) = self::key(&host.person("bob").await).await;

    let overheard = key.sign(&ambient);
    let mut raw = Raw::open(&host).await;
    raw.say(json!({"type": "auth", "method": "hmac", "credentials": overheard, "clientType": "channel"}).to_string()).await;
    assert_eq!(raw.frame().await["type"], "auth_ok");
    assert!(refused(&host, &overheard).await.contains("another nonce"));

    let (ours, theirs) = (key.sign(&ambient), of_bob.sign(&ambient));
    let (body, _) = ours.rsplit_once('.').unwrap();
    let (_, signature) = theirs.rsplit_once('.').unwrap();
    assert!(refused(&host, &format!("{body}.{signature}")).await.contains("octi token create"));
    assert!(refused(&host, "octi_whatever").await.contains("HMAC-SHA256 of `TIMESTAMP.ID.NONCE`"));

    let waited = key.sign(&ambient);
    clock.advance(TimeDelta::seconds(limits::SIGNATURE_SECONDS_MAX) + TimeDelta::milliseconds(1));
    let told = refused(&host, &waited).await;
    assert!(told.contains("set the clock") && told.contains(&ambient.now().timestamp_millis().to_string()), "{told}");
    let ahead = Arc::new(ManualClock::new(ambient.now() + TimeDelta::seconds(limits::SIGNATURE_SECONDS_MAX + 1)));
    let early = key.sign(&Ambient::new(ahead, Arc::new(SystemEntropy)));
    assert!(refused(&host, &early).await.contains("set the clock"));
}

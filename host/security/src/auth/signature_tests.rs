//! What is signed, by whom, and how often it works.

use std::path::PathBuf;
use std::sync::Arc;

use octi_domain::ambient::{Ambient, ManualClock, SystemEntropy};
use octi_store::Store;

use super::*;
use crate::audit::Audit;
use crate::vault::MasterKey;

const NONCE: &str = "0123456789abcdef";

struct House {
    home: tempfile::TempDir,
    store: Store,
    ambient: Ambient,
    clock: Arc<ManualClock>,
    auth: Auth,
    vault: Vault,
    owner: Principal,
    key: Token,
    secret: SecretString,
}

async fn house() -> House {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH + TimeDelta::days(20_000)));
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let store = Store::open(&format!("sqlite://{}", home.path().join("octi.db").display())).await.unwrap();
    store.migrate().await.unwrap();
    let auth = Auth::new(store.clone(), ambient.clone(), Audit::start(store.clone(), ambient.clone()));
    let vault = vault(&store, &ambient, home.path().join("master.key"));
    auth.bootstrap_admin().await.unwrap().unwrap();
    let owner = auth.local_owner().await.unwrap();
    let (key, secret) = auth.create_signing_key(&vault, &owner, "adapter", None).await.unwrap();
    House { home, store, ambient, clock, auth, vault, owner, key, secret }
}

fn vault(store: &Store, ambient: &Ambient, path: PathBuf) -> Vault {
    Vault::new(store.clone(), MasterKey::load_or_create(&path, None, ambient).unwrap(), ambient.clone())
}

fn signed_with(secret: &str, id: TokenId, timestamp: i64, nonce: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.{id}.{nonce}").as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{id}.{timestamp}.{nonce}.{signature}")
}

impl House {
    /// What the key signs that many milliseconds from now.
    fn signed(&self, offset: i64, nonce: &str) -> String {
        let timestamp = self.ambient.now().timestamp_millis() + offset;
        signed_with(self.secret.expose_secret(), self.key.id, timestamp, nonce)
    }

    async fn check(&self, words: &str) -> Result<TokenId, AuthError> {
        self.auth.by_signature(&self.vault, words).await
    }
}

/// Checked against `printf '%s' TEXT | openssl dgst -sha256 -hmac SECRET`.
#[test]
fn the_signature_is_what_every_other_program_makes_of_it() {
    let id = Uuid::nil().into();
    let words = signed_with("octi_sign_secret", id, 1_700_000_000_000, NONCE);
    let expected = "000d9f8d5014ca548c4b6eb05603ee006f9f827d1b6f84c7ffd31099519814da";
    assert_eq!(words, format!("{id}.1700000000000.{NONCE}.{expected}"));
    assert_eq!(Signed::parse(&words).unwrap().text(), format!("1700000000000.{id}.{NONCE}"));
}

#[tokio::test]
async fn a_right_signature_works_once() {
    let house = house().await;
    let words = house.signed(0, NONCE);
    assert_eq!(house.check(&words).await.unwrap(), house.key.id);
    assert!(matches!(house.check(&words).await, Err(AuthError::SignatureUsed)));
    let (rest, signature) = words.rsplit_once('.').unwrap();
    let louder = format!("{rest}.{}", signature.to_uppercase());
    assert!(matches!(house.check(&louder).await, Err(AuthError::SignatureUsed)), "in other letters it is the same");
    assert!(house.check(&house.signed(0, "another-nonce-of-mine")).await.is_ok());
    assert_eq!(house.auth.by_signing_key(house.key.id).await.unwrap(), house.owner);
    let used = house.store.read(&house.owner).await.unwrap().list_tokens().await.unwrap()[0].last_used_at;
    assert_eq!(used, Some(house.ambient.now()));
}

#[tokio::test]
async fn a_signature_is_good_for_five_minutes_and_waits_for_its_time() {
    let house = house().await;
    house.clock.advance(TimeDelta::hours(1));
    let edge = limits::SIGNATURE_SECONDS_MAX * 1_000;
    for offset in [-edge - 1, limits::SIGNATURE_AHEAD_SECONDS_MAX * 1_000 + 1] {
        let Err(AuthError::SignatureTime { now }) = house.check(&house.signed(offset, NONCE)).await else { panic!("{offset}") };
        assert_eq!(now, house.ambient.now().timestamp_millis());
    }
    let (old, early) = (house.signed(-edge, NONCE), house.signed(50, NONCE));
    assert!(house.check(&old).await.is_ok() && house.check(&early).await.is_ok());
    // As long as it would be good, it is remembered.
    house.clock.advance(TimeDelta::milliseconds(edge + 50));
    assert!(matches!(house.check(&early).await, Err(AuthError::SignatureUsed)));
    house.clock.advance(TimeDelta::milliseconds(1));
    assert!(matches!(house.check(&early).await, Err(AuthError::SignatureTime { .. })));
}

#[tokio::test]
async fn what_was_signed_before_the_start_may_have_been_used_then() {
    let house = house().await;
    let words = house.signed(0, NONCE);
    assert!(house.check(&words).await.is_ok());
    house.clock.advance(TimeDelta::seconds(1));
    let audit = Audit::start(house.store.clone(), house.ambient.clone());
    let again = Auth::new(house.store.clone(), house.ambient.clone(), audit);
    assert!(matches!(again.by_signature(&house.vault, &words).await, Err(AuthError::SignatureBeforeStart)));
    assert!(again.by_signature(&house.vault, &house.signed(0, NONCE)).await.is_ok());
}

#[tokio::test]
async fn a_wrong_secret_another_text_and_an_unknown_key_read_the_same() {
    let house = house().await;
    let now = house.ambient.now().timestamp_millis();
    let (_, other) = house.auth.create_signing_key(&house.vault, &house.owner, "other", None).await.unwrap();
    let (token, value) = house.auth.create_token(&house.owner, "plain", None).await.unwrap();
    let right = house.signed(0, NONCE);
    for words in [
        signed_with(other.expose_secret(), house.key.id, now, NONCE),
        signed_with(house.secret.expose_secret(), Uuid::from_u128(7).into(), now, NONCE),
        // A token that is sent does not sign, not even with its own value.
        signed_with(&value, token.id, now, NONCE),
        right.replace(NONCE, "0123456789abcdeF"),
        right.replace(&now.to_string(), &(now + 1).to_string()),
    ] {
        assert!(matches!(house.check(&words).await, Err(AuthError::WrongSignature)), "{words}");
    }
    assert!(house.check(&right).await.is_ok(), "what was tried in vain takes no room");
}

#[tokio::test]
async fn words_of_another_form_are_told_the_form() {
    let house = house().await;
    let right = house.signed(0, NONCE);
    let short = house.signed(0, &"x".repeat(15));
    let long = house.signed(0, &"x".repeat(65));
    for words in ["", "a.b.c.d", &right[1..], &format!("{right}.x"), &right[..right.len() - 1], &short, &long] {
        let error = house.check(words).await.unwrap_err();
        assert!(matches!(error, AuthError::SignatureForm), "{words}");
        assert!(error.to_string().contains("`ID.TIMESTAMP.NONCE.SIGNATURE`"), "{error}");
    }
    for nonce in ["x".repeat(16), "x".repeat(64)] {
        assert!(house.check(&house.signed(0, &nonce)).await.is_ok());
    }
}

#[tokio::test]
async fn a_revoked_key_and_one_that_is_over_sign_nothing_more() {
    let house = house().await;
    let made_at = house.ambient.now();
    let end = made_at + TimeDelta::minutes(1);
    let (key, secret) = house.auth.create_signing_key(&house.vault, &house.owner, "brief", Some(end)).await.unwrap();
    let words = |nonce| signed_with(secret.expose_secret(), key.id, made_at.timestamp_millis(), nonce);
    assert!(house.check(&words(NONCE)).await.is_ok() && house.auth.by_signing_key(key.id).await.is_ok());
    house.clock.advance(TimeDelta::minutes(1));
    assert!(matches!(house.check(&words("another-nonce-of-mine")).await, Err(AuthError::WrongSignature)));
    assert!(matches!(house.auth.by_signing_key(key.id).await, Err(AuthError::WrongSignature)));

    let mut tx = house.store.write(&house.owner).await.unwrap();
    assert!(tx.revoke_token(house.key.id, house.ambient.now()).await.unwrap());
    tx.save().await.unwrap();
    assert!(matches!(house.check(&house.signed(0, NONCE)).await, Err(AuthError::WrongSignature)));
    assert!(matches!(house.auth.by_signing_key(house.key.id).await, Err(AuthError::WrongSignature)));
}

#[tokio::test]
async fn the_secret_of_a_key_is_no_token_and_the_database_alone_signs_nothing() {
    let house = house().await;
    let error = house.auth.by_token(house.secret.expose_secret()).await.unwrap_err();
    assert!(matches!(error, AuthError::SecretSent) && error.to_string().contains("revoke"), "{error}");
    // A copy of the database under another master key.
    let stranger = vault(&house.store, &house.ambient, house.home.path().join("stolen.key"));
    let error = house.auth.by_signature(&stranger, &house.signed(0, NONCE)).await.unwrap_err();
    assert!(matches!(error, AuthError::Vault(_)), "{error}");
}

#[test]
fn the_memory_of_signatures_is_bounded_for_each_person_and_for_all() {
    let (seen, now) = (Seen::default(), DateTime::UNIX_EPOCH);
    let clock = Arc::new(ManualClock::new(now));
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let signature = |number: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes
    };
    let person = |number: usize| UserId::from(Uuid::from_u128(number as u128));
    let note = |seen: &Seen, whose, number| seen.note(whose, signature(number), &ambient, ambient.now() + window());
    for number in 0..limits::SIGNATURES_PER_PERSON_MAX {
        note(&seen, person(0), number).unwrap();
    }
    assert!(matches!(note(&seen, person(0), usize::MAX), Err(AuthError::SignaturesTooMany)));
    assert!(note(&seen, person(1), 0).is_ok(), "somebody else is not kept out");
    let late = seen.note(person(2), signature(0), &ambient, now - TimeDelta::microseconds(1));
    assert!(matches!(late, Err(AuthError::SignatureTime { .. })), "what may be forgotten works no more");
    clock.advance(window() + TimeDelta::microseconds(1));
    assert!(note(&seen, person(0), usize::MAX).is_ok(), "what is too old makes room");

    let seen = Seen::default();
    for number in 0..limits::SIGNATURES_MAX {
        note(&seen, person(number / 8), number).unwrap();
    }
    assert!(matches!(note(&seen, person(usize::MAX), 0), Err(AuthError::SignaturesTooMany)));
}

//! Machines that sign: the secret stays where it is, and what goes over the wire works once.
//!
//! A key is a token without a value of its own. Its secret is sealed in the vault, because a signature cannot be checked
//! against a hash of the secret without making that hash as good as the secret.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use octi_domain::ambient::Ambient;
use octi_domain::ids::{TokenId, UserId};
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_store::Token;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;

use super::token::{PREFIX_CHARS, token_hash};
use super::{Auth, AuthError, JOB, TOUCH_EVERY, is_valid, lock, principal_of, random_word};
use crate::audit::{self, Deed};
use crate::vault::Vault;

/// The scope of the secrets of keys, each under its token's id.
pub const SIGNING_SCOPE: &str = "signing";
/// What the row of a key says of it.
const SIGNS: &str = "sign";
/// The beginning of every key's secret.
pub(super) const SECRET_PREFIX: &str = "octi_sign_";
/// Characters of a nonce.
const NONCE_CHARS: std::ops::RangeInclusive<usize> = 16..=64;

/// Whether a token signs, and is no value to be sent.
#[must_use]
pub fn signs(token: &Token) -> bool {
    token.scopes.iter().any(|scope| scope == SIGNS)
}

/// `ID.TIMESTAMP.NONCE.SIGNATURE`, taken apart.
struct Signed<'a> {
    token: TokenId,
    timestamp: i64,
    nonce: &'a str,
    signature: [u8; 32],
}

impl<'a> Signed<'a> {
    fn parse(words: &'a str) -> Option<Self> {
        let mut parts = words.split('.');
        let token = Uuid::try_parse(parts.next()?).ok()?.into();
        let timestamp = parts.next()?.parse().ok()?;
        let nonce = parts.next()?;
        let signature = unhex(parts.next()?)?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_whole = parts.next().is_none() && NONCE_CHARS.contains(&nonce.len()) && nonce.chars().all(is_word);
        is_whole.then_some(Self { token, timestamp, nonce, signature })
    }

    /// What was signed.
    fn text(&self) -> String {
        format!("{}.{}.{}", self.timestamp, self.token, self.nonce)
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Signatures, and when each is of no use any more.
type Ends = HashMap<[u8; 32], DateTime<Utc>>;

/// The signatures that were used and are not too old yet, by their person: many keys take nobody else's room.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<HashMap<UserId, Ends>>);

impl Seen {
    /// Notes a signature, which is of no use from `expires_at` on. It was checked before, so strangers take no room here.
    fn note(&self, person: UserId, signature: [u8; 32], ambient: &Ambient, expires_at: DateTime<Utc>) -> Result<(), AuthError> {
        let mut seen = lock(&self.0);
        // The time is read here: with an older one, a signature that was forgotten meanwhile would work again.
        let now = ambient.now();
        if now > expires_at {
            return Err(AuthError::SignatureTime { now: now.timestamp_millis() });
        }
        seen.retain(|_, signatures| {
            signatures.retain(|_, end| now <= *end);
            !signatures.is_empty()
        });
        let all: usize = seen.values().map(HashMap::len).sum();
        let theirs = seen.entry(person).or_default();
        if theirs.contains_key(&signature) {
            return Err(AuthError::SignatureUsed);
        }
        if theirs.len() >= limits::SIGNATURES_PER_PERSON_MAX || all >= limits::SIGNATURES_MAX {
            return Err(AuthError::SignaturesTooMany);
        }
        theirs.insert(signature, expires_at);
        Ok(())
    }
}

impl Auth {
    /// Makes a key that signs; its secret is returned this once and kept sealed.
    ///
    /// # Errors
    /// [`AuthError::Vault`], [`AuthError::Store`].
    pub async fn create_signing_key(
        &self,
        vault: &Vault,
        principal: &Principal,
        name: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(Token, SecretString), AuthError> {
        let user_id = principal.user_id().ok_or(AuthError::WrongToken)?;
        let secret = format!("{SECRET_PREFIX}{}", random_word(&self.ambient));
        let token = Token {
            id: self.ambient.id(),
            user_id,
            name: name.to_owned(),
            prefix: secret.chars().take(SECRET_PREFIX.len() + PREFIX_CHARS - "octi_".len()).collect(),
            scopes: vec![SIGNS.to_owned()],
            created_at: self.ambient.now(),
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let secret = SecretString::from(secret);
        // A hash of what nobody knows: as a value to be sent the key is worth nothing.
        let hash = token_hash(&random_word(&self.ambient));
        let mut tx = self.store.write(principal).await?;
        tx.insert_token(&token, &hash).await?;
        vault.put_in(&mut tx, principal, SIGNING_SCOPE, &token.id.to_string(), &secret).await?;
        let created = Deed::TokenCreated { token: token.id, name, expires_at };
        audit::append(&mut tx, &self.ambient, Some(user_id), &created).await?;
        tx.save().await?;
        Ok((token, secret))
    }

    /// The key that signed these words, `ID.TIMESTAMP.NONCE.SIGNATURE`. They are used up.
    ///
    /// # Errors
    /// [`AuthError`] says what is wrong with the words; of a signature that does not fit it says nothing more.
    pub async fn by_signature(&self, vault: &Vault, words: &str) -> Result<TokenId, AuthError> {
        let signed = Signed::parse(words).ok_or(AuthError::SignatureForm)?;
        let now = self.ambient.now();
        let made_at = self.check_time(signed.timestamp, now)?;
        let found = self.store.read(&JOB).await?.token_and_user(signed.token).await?;
        let good = found.filter(|(token, user)| user.is_active && is_valid(token, now) && signs(token));
        let (token, user) = good.ok_or(AuthError::WrongSignature)?;
        let secret = vault.get(&principal_of(&user), SIGNING_SCOPE, &token.id.to_string()).await?;
        let secret = secret.ok_or(AuthError::WrongSignature)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| AuthError::WrongSignature)?;
        mac.update(signed.text().as_bytes());
        // Compared in a time that does not depend on where they differ.
        mac.verify_slice(&signed.signature).map_err(|_| AuthError::WrongSignature)?;
        if let Ok(early) = (made_at - self.ambient.now()).to_std() {
            tokio::time::sleep(early).await;
        }
        self.seen.note(user.id, signed.signature, &self.ambient, made_at + window())?;
        if token.last_used_at.is_none_or(|last| now - last > TOUCH_EVERY) {
            let mut tx = self.store.write(&JOB).await?;
            tx.touch_token(token.id, now).await?;
            tx.save().await?;
        }
        Ok(token.id)
    }

    /// Whose key this is, for as long as what it signed once is good.
    ///
    /// # Errors
    /// [`AuthError::WrongSignature`] when it was revoked, is over, or its person was deactivated.
    pub async fn by_signing_key(&self, id: TokenId) -> Result<Principal, AuthError> {
        let now = self.ambient.now();
        let found = self.store.read(&JOB).await?.token_and_user(id).await?;
        let good = found.filter(|(token, user)| user.is_active && is_valid(token, now) && signs(token));
        good.map(|(_, user)| principal_of(&user)).ok_or(AuthError::WrongSignature)
    }

    /// When the words were signed, if that is near enough. What was signed before this host started may have been used then,
    /// which nobody remembers.
    fn check_time(&self, timestamp: i64, now: DateTime<Utc>) -> Result<DateTime<Utc>, AuthError> {
        let made_at = DateTime::from_timestamp_millis(timestamp).ok_or(AuthError::SignatureForm)?;
        if now - made_at > window() || made_at - now > TimeDelta::seconds(limits::SIGNATURE_AHEAD_SECONDS_MAX) {
            return Err(AuthError::SignatureTime { now: now.timestamp_millis() });
        }
        if timestamp < self.started.timestamp_millis() {
            return Err(AuthError::SignatureBeforeStart);
        }
        Ok(made_at)
    }
}

const fn window() -> TimeDelta {
    TimeDelta::seconds(limits::SIGNATURE_SECONDS_MAX)
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;

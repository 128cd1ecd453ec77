//! Secrets at rest: sealed with AES-256-GCM under a key of each person's own, which is derived and never stored.

mod host;
mod master;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_store::{SealedSecret, SecretName, Store, StoreError, Tx};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::audit::{self, Deed};

pub use master::{MasterKey, MasterKeyError};

/// The scope of the secrets that people keep for their tools. Models keep their keys under `model`.
pub const USER_SCOPE: &str = "user";

/// How keys are derived: 1 is HKDF-SHA256 (RFC 5869) of the master key.
const KEY_VERSION: i32 = 1;

/// Why a secret could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("secrets belong to a person, and this call is nobody's")]
    Nobody,
    #[error("the secret `{name}` is longer than {max} bytes")]
    TooLong { name: String, max: usize },
    #[error("a secret's scope and name have 1 to {max} characters without control characters")]
    Name { max: usize },
    /// The master key is another one, or the row was changed.
    #[error(
        "the secret `{name}` cannot be opened: the master key is not the one it was sealed with, or the row was changed; restore `master.key`, or set the secret again"
    )]
    Sealed { name: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The secrets of every person of this host.
pub struct Vault {
    store: Store,
    master: MasterKey,
    ambient: Ambient,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// Secrets kept in this store under this key.
    #[must_use]
    pub const fn new(store: Store, master: MasterKey, ambient: Ambient) -> Self {
        Self { store, master, ambient }
    }

    /// Keeps a secret, or replaces the one of that scope and name.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn put(&self, principal: &Principal, scope: &str, name: &str, value: SecretString) -> Result<(), VaultError> {
        let mut tx = self.store.write(principal).await?;
        self.put_in(&mut tx, principal, scope, name, &value).await?;
        tx.save().await?;
        Ok(())
    }

    /// Keeps a secret together with what else the transaction changes.
    pub(crate) async fn put_in(
        &self,
        tx: &mut Tx<'_>,
        principal: &Principal,
        scope: &str,
        name: &str,
        value: &SecretString,
    ) -> Result<(), VaultError> {
        let user_id = owner(principal)?;
        check_name(scope)?;
        check_name(name)?;
        if value.expose_secret().len() > limits::SECRET_BYTES_MAX {
            return Err(VaultError::TooLong { name: name.to_owned(), max: limits::SECRET_BYTES_MAX });
        }
        let nonce = self.ambient.bytes::<12>();
        let place = Place { user_id, scope, name };
        let ciphertext = self.seal(&place, &nonce, value.expose_secret().as_bytes())?;
        let now = self.ambient.now();
        let sealed = SealedSecret {
            id: self.ambient.id(),
            user_id,
            scope: scope.to_owned(),
            name: name.to_owned(),
            nonce: nonce.to_vec(),
            ciphertext,
            key_version: KEY_VERSION,
            created_at: now,
            updated_at: now,
        };
        tx.put_secret(&sealed).await?;
        audit::append(tx, &self.ambient, Some(user_id), &Deed::SecretStored { scope, name }).await?;
        Ok(())
    }

    /// The secret, if there is one.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] when it cannot be opened.
    pub async fn get(&self, principal: &Principal, scope: &str, name: &str) -> Result<Option<SecretString>, VaultError> {
        let user_id = owner(principal)?;
        let sealed = self.store.read(principal).await?.secret(scope, name).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        // The place is what was asked for, not what the row says: a row moved elsewhere does not open.
        self.open(&Place { user_id, scope, name }, &sealed).map(Some)
    }

    /// Every secret's scope, name and times; never a value.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn list(&self, principal: &Principal) -> Result<Vec<SecretName>, VaultError> {
        owner(principal)?;
        Ok(self.store.read(principal).await?.list_secrets().await?)
    }

    /// Every secret with its scope and name, to keep it out of what is shown.
    ///
    /// # Errors
    /// [`VaultError`]. A secret that cannot be opened is left out: it cannot leak either.
    pub async fn reveal_all(&self, principal: &Principal) -> Result<Vec<(SecretName, SecretString)>, VaultError> {
        let mut found = Vec::new();
        for secret in self.list(principal).await? {
            match self.get(principal, &secret.scope, &secret.name).await {
                Ok(Some(value)) => found.push((secret, value)),
                Ok(None) => {}
                Err(VaultError::Sealed { name }) => tracing::warn!(name, "a secret cannot be opened"),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Forgets a secret. False when there was none.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn delete(&self, principal: &Principal, scope: &str, name: &str) -> Result<bool, VaultError> {
        let user_id = owner(principal)?;
        let mut tx = self.store.write(principal).await?;
        let deleted = tx.delete_secret(scope, name).await?;
        if deleted {
            audit::append(&mut tx, &self.ambient, Some(user_id), &Deed::SecretRemoved { scope, name }).await?;
        }
        tx.save().await?;
        Ok(deleted)
    }

    fn cipher(&self, place: &Place<'_>) -> Aes256Gcm {
        let key: Zeroizing<[u8; 32]> = self.master.of_person(place.user_id, place.scope);
        Aes256Gcm::new(&(*key).into())
    }

    fn seal(&self, place: &Place<'_>, nonce: &[u8; 12], value: &[u8]) -> Result<Vec<u8>, VaultError> {
        let payload = Payload { msg: value, aad: &place.authenticated() };
        self.cipher(place).encrypt(&Nonce::from(*nonce), payload).map_err(|_| place.sealed())
    }

    fn open(&self, place: &Place<'_>, sealed: &SealedSecret) -> Result<SecretString, VaultError> {
        let nonce: [u8; 12] = sealed.nonce.as_slice().try_into().map_err(|_| place.sealed())?;
        if sealed.key_version != KEY_VERSION {
            return Err(place.sealed());
        }
        let payload = Payload { msg: &sealed.ciphertext, aad: &place.authenticated() };
        let bytes = self.cipher(place).decrypt(&Nonce::from(nonce), payload).map_err(|_| place.sealed())?;
        let bytes = Zeroizing::new(bytes);
        std::str::from_utf8(&bytes).map(SecretString::from).map_err(|_| place.sealed())
    }
}

/// Where a secret belongs. It is authenticated with the secret, so a row copied to another person, scope or name does not open.
struct Place<'a> {
    user_id: UserId,
    scope: &'a str,
    name: &'a str,
}

impl Place<'_> {
    fn authenticated(&self) -> Vec<u8> {
        let mut bytes = self.user_id.as_uuid().as_bytes().to_vec();
        for text in [self.scope, self.name] {
            // Lengths first: `a|bc` and `ab|c` must differ.
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    fn sealed(&self) -> VaultError {
        VaultError::Sealed { name: self.name.to_owned() }
    }
}

fn owner(principal: &Principal) -> Result<UserId, VaultError> {
    principal.user_id().ok_or(VaultError::Nobody)
}

fn check_name(name: &str) -> Result<(), VaultError> {
    let fits = !name.is_empty() && name.chars().count() <= limits::NAME_CHARS_MAX && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(VaultError::Name { max: limits::NAME_CHARS_MAX }) }
}

#[cfg(test)]
mod tests;

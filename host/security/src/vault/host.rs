//! Secrets of the host itself. They have no row in the vault, whose rows belong to people: whoever keeps one seals it here and stores
//! what comes out.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use octi_domain::limits;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{Vault, VaultError};

/// Bytes of the nonce that stands before the ciphertext.
const NONCE_BYTES: usize = 12;

impl Vault {
    /// Seals a secret of the host under its name. Opened under another name, it is refused.
    ///
    /// # Errors
    /// [`VaultError::TooLong`].
    pub fn seal_for_host(&self, name: &str, value: &SecretString) -> Result<Vec<u8>, VaultError> {
        if value.expose_secret().len() > limits::SECRET_BYTES_MAX {
            return Err(VaultError::TooLong { name: name.to_owned(), max: limits::SECRET_BYTES_MAX });
        }
        let nonce = self.ambient.bytes::<NONCE_BYTES>();
        let payload = Payload { msg: value.expose_secret().as_bytes(), aad: name.as_bytes() };
        let sealed = self.host_cipher().encrypt(&Nonce::from(nonce), payload).map_err(|_| closed(name))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Self::seal_for_host`] sealed.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] when the master key or the name is another one, or the bytes were changed.
    pub fn open_for_host(&self, name: &str, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(|| closed(name))?;
        let payload = Payload { msg: ciphertext, aad: name.as_bytes() };
        let bytes = self.host_cipher().decrypt(&Nonce::from(*nonce), payload).map_err(|_| closed(name))?;
        let bytes = Zeroizing::new(bytes);
        std::str::from_utf8(&bytes).map(SecretString::from).map_err(|_| closed(name))
    }

    fn host_cipher(&self) -> Aes256Gcm {
        let key = Zeroizing::new(self.master.derive("host-secrets"));
        Aes256Gcm::new(&(*key).into())
    }
}

fn closed(name: &str) -> VaultError {
    VaultError::Sealed { name: name.to_owned() }
}

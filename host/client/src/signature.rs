//! Signing in without sending a secret, for programs that stay connected.

use hmac::{Hmac, KeyInit, Mac};
use octi_domain::ambient::Ambient;
use octi_domain::ids::TokenId;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A key that signs, as `octi token create NAME --hmac` shows it.
#[derive(Debug, Clone)]
pub struct SigningKey {
    id: TokenId,
    secret: SecretString,
}

impl SigningKey {
    /// The key with that id and secret.
    #[must_use]
    pub const fn new(id: TokenId, secret: SecretString) -> Self {
        Self { id, secret }
    }

    /// What is sent for one sign-in, at this moment: `ID.TIMESTAMP.NONCE.SIGNATURE`.
    #[must_use]
    pub fn sign(&self, ambient: &Ambient) -> String {
        let (id, timestamp) = (self.id, ambient.now().timestamp_millis());
        let nonce = hex(&ambient.bytes::<16>());
        // HMAC takes keys of every length, so there is no error to be told.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret().as_bytes()) else { return String::new() };
        mac.update(format!("{timestamp}.{id}.{nonce}").as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        format!("{id}.{timestamp}.{nonce}.{signature}")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

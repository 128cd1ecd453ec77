//! Keys: what a publisher signs with, and what everybody else knows them by.

mod owner;
mod rotation;
mod secret;
mod trust;
mod trust_file;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha256};

use crate::digest::{hex, unhex};
use crate::text::{TextError, serde_as_text};

pub use owner::Owner;
pub use rotation::Rotation;
pub use secret::{KeyFileError, SecretKey};
pub use trust::{How, Known, Retired, RevokedKey, Standing, Trust, TrustError, Use};
pub use trust_file::{TrustFile, TrustFileError};

const PREFIX: &str = "ed25519:";
const EXPECTED: &str = "a public key: `ed25519:` and 44 characters of base64, or the public key of minisign (`RW…`)";

/// What others check a publisher's signatures with, written `ed25519:` and base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// A name for the key that a person can compare. It points to a key; trust is always in the key itself.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let digest: [u8; 32] = Sha256::digest(self.0).into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        KeyId(id)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A point of the curve that is not of small order: for such a one, a signature of everything can be made without a secret.
    fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(|_| Self(*bytes))
    }

    /// `Ed`, eight bytes that the tool calls the key by, and the key.
    fn from_minisign(text: &str) -> Option<Self> {
        let bytes: [u8; 42] = STANDARD.decode(text).ok()?.try_into().ok()?;
        let key = bytes.strip_prefix(b"Ed")?.last_chunk()?;
        Self::from_bytes(key)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = TextError;

    /// Reads the key as it is shown, or as the minisign tool shows it: the line alone, or its file with the comment above.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        let key = match (text.strip_prefix(PREFIX), text.split_once('\n')) {
            (Some(encoded), _) => {
                STANDARD.decode(encoded).ok().and_then(|bytes| bytes.try_into().ok()).and_then(|bytes| Self::from_bytes(&bytes))
            }
            (None, Some((comment, key))) if comment.starts_with("untrusted comment:") => Self::from_minisign(key.trim()),
            (None, _) => Self::from_minisign(text),
        };
        key.ok_or_else(|| TextError::new(text, EXPECTED))
    }
}

serde_as_text!(PublicKey);

/// What a key is called for short: the first half of its SHA-256, as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        unhex(text).map(Self).ok_or_else(|| TextError::new(text, "the id of a key: 32 lower-case hexadecimal digits"))
    }
}

serde_as_text!(KeyId);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_of_minisign_is_the_same_key() {
        let bare = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
        let file = format!("untrusted comment: minisign public key E7620F1842B4E81F\n{bare}\n");
        let (Ok(from_line), Ok(from_file)) = (bare.parse::<PublicKey>(), file.parse::<PublicKey>()) else { panic!("not read") };
        assert_eq!(from_line, from_file);
        assert_eq!(from_line.to_string().parse(), Ok(from_line));
        insta::assert_snapshot!(format!("{from_line}\n{}", from_line.id()));
    }

    #[test]
    fn what_is_no_key_is_told_what_one_looks_like() {
        let error = |text: &str| text.parse::<PublicKey>().map_err(|error| error.to_string()).err().unwrap_or_default();
        insta::assert_snapshot!(error("ssh-ed25519 AAAA"), @"`ssh-ed25519 AAAA` is not a public key: `ed25519:` and 44 characters of base64, or the public key of minisign (`RW…`)");
        for other in ["", "ed25519:", "ed25519:AAAA", "RWQf", "untrusted comment: x", "untrusted comment: x\n"] {
            assert!(!error(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn a_key_for_which_anybody_can_sign_is_refused() {
        let of_small_order = [[0_u8; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }];
        for bytes in of_small_order {
            assert!(format!("ed25519:{}", STANDARD.encode(bytes)).parse::<PublicKey>().is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_reads_back_and_no_two_share_a_spelling(seed: [u8; 32]) {
            let key = SecretKey::from_seed(&seed).public();
            prop_assert_eq!(key.to_string().parse(), Ok(key));
            prop_assert_eq!(key.id().to_string().parse(), Ok(key.id()));
        }
    }
}

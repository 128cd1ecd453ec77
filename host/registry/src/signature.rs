//! Signatures that stand beside what they sign: ours, and those of the minisign tool.

mod minisign;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use octi_domain::limits::REGISTRY_SIGNATURE_BYTES_MAX;

use crate::keys::{KeyId, PublicKey};
use crate::text::is_numbered;
use minisign::Minisign;

const HEADER: &str = "octi signature 1";

/// A signature of some bytes.
#[derive(Clone)]
pub struct Signature(Form);

#[derive(Clone)]
enum Form {
    /// Ed25519 of the bytes as they stand, with the name of the key.
    Own { key: KeyId, bytes: [u8; 64] },
    /// What `minisign -S` wrote.
    Minisign(Box<Minisign>),
}

/// Why a signature is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature has {0} bytes, more than the {REGISTRY_SIGNATURE_BYTES_MAX} allowed; it is not a signature")]
    TooLong(usize),
    #[error("the signature is damaged: {0}; get it again from where the plugin is published")]
    Malformed(&'static str),
    #[error(
        "the signature has a format that this octi does not know; update octi, or ask its publisher to sign with an older one"
    )]
    UnknownFormat,
    #[error("{}", wrong_key(*signed_by, *expected))]
    WrongKey {
        /// The key that the signature names; one of minisign's does not name any.
        signed_by: Option<KeyId>,
        expected: KeyId,
    },
    #[error("what was signed with key {0}, or its signature, was changed afterwards; do not use it, and get it again")]
    Changed(KeyId),
}

fn wrong_key(signed_by: Option<KeyId>, expected: KeyId) -> String {
    let by = signed_by.map_or_else(|| "another key".to_owned(), |key| format!("key {key}"));
    format!(
        "it is signed with {by}, and not with {expected}; compare both with what its publisher says elsewhere before you trust either"
    )
}

impl Signature {
    pub(crate) fn own(key: KeyId, bytes: [u8; 64]) -> Self {
        Self(Form::Own { key, bytes })
    }

    /// Reads a signature of ours, or one of minisign's.
    ///
    /// # Errors
    /// [`SignatureError`] when it is neither.
    pub fn parse(text: &[u8]) -> Result<Self, SignatureError> {
        if text.len() > REGISTRY_SIGNATURE_BYTES_MAX {
            return Err(SignatureError::TooLong(text.len()));
        }
        let text = std::str::from_utf8(text).map_err(|_| SignatureError::Malformed("it is not text"))?;
        if text.starts_with("untrusted comment:") {
            return Minisign::parse(text).map(|signature| Self(Form::Minisign(Box::new(signature))));
        }
        let mut lines = text.split('\n');
        match lines.next() {
            Some(HEADER) => {}
            Some(other) if is_numbered(other, "octi signature ") => return Err(SignatureError::UnknownFormat),
            _ => return Err(SignatureError::Malformed("its first line is neither of octi nor of minisign")),
        }
        let malformed = || SignatureError::Malformed("after its first line come `key ID`, `ed25519 BASE64` and nothing else");
        let key = lines.next().and_then(|line| line.strip_prefix("key ")).and_then(|id| id.parse().ok()).ok_or_else(malformed)?;
        let encoded = lines.next().and_then(|line| line.strip_prefix("ed25519 ")).ok_or_else(malformed)?;
        let bytes = STANDARD.decode(encoded).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?;
        if lines.next() != Some("") || lines.next().is_some() {
            return Err(malformed());
        }
        Ok(Self::own(key, bytes))
    }

    /// Refuses the signature unless this key made it of these bytes.
    ///
    /// # Errors
    /// [`SignatureError::WrongKey`] or [`SignatureError::Changed`].
    pub fn verify(&self, message: &[u8], key: &PublicKey) -> Result<(), SignatureError> {
        match &self.0 {
            Form::Minisign(signature) => signature.verify(message, key),
            Form::Own { key: signed_by, .. } if *signed_by != key.id() => {
                Err(SignatureError::WrongKey { signed_by: Some(*signed_by), expected: key.id() })
            }
            Form::Own { bytes, .. } => {
                if is_signed(message, bytes, key) {
                    Ok(())
                } else {
                    Err(SignatureError::Changed(key.id()))
                }
            }
        }
    }
}

/// Whether the key signed the message. Strictly: no second spelling of a signature passes.
pub(crate) fn is_signed(message: &[u8], signature: &[u8; 64], key: &PublicKey) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    VerifyingKey::from_bytes(key.as_bytes()).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

/// As it stands in a file.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Own { key, bytes } => write!(f, "{HEADER}\nkey {key}\ned25519 {}\n", STANDARD.encode(bytes)),
            Form::Minisign(signature) => f.write_str(signature.as_str()),
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;

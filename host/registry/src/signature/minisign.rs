//! A signature of the ordinary minisign tool.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{SignatureError, is_signed};
use crate::keys::PublicKey;

/// What `minisign -S` writes: four lines, of which the first is signed by nobody and says nothing here.
#[derive(Clone)]
pub(super) struct Minisign {
    text: String,
    decoded: minisign_verify::Signature,
    /// What the tool calls the key by: random bytes, which anybody can copy.
    named: [u8; 8],
    /// The signature, and the trusted comment.
    commented: Vec<u8>,
    /// The second signature, of [`Self::commented`].
    comment: [u8; 64],
}

impl Minisign {
    pub(super) fn parse(text: &str) -> Result<Self, SignatureError> {
        Self::read(text).ok_or(SignatureError::Malformed("it is not what `minisign -S` writes"))
    }

    fn read(text: &str) -> Option<Self> {
        let decoded = minisign_verify::Signature::decode(text).ok()?;
        let signature: [u8; 74] = STANDARD.decode(text.lines().nth(1)?).ok()?.try_into().ok()?;
        let comment = STANDARD.decode(text.lines().nth(3)?).ok()?.try_into().ok()?;
        let mut named = [0; 8];
        named.copy_from_slice(&signature[2..10]);
        let commented = [&signature[10..], decoded.trusted_comment().as_bytes()].concat();
        Some(Self { text: text.to_owned(), decoded, named, commented, comment })
    }

    pub(super) fn verify(&self, message: &[u8], key: &PublicKey) -> Result<(), SignatureError> {
        // The tool's name for a key says nothing of the key: the key that counts is given the name the signature has.
        let named = [b"Ed".as_slice(), &self.named, key.as_bytes()].concat();
        let wrong_key = SignatureError::WrongKey { signed_by: None, expected: key.id() };
        let Ok(expected) = minisign_verify::PublicKey::from_base64(&STANDARD.encode(named)) else { return Err(wrong_key) };
        // Either way of the tool will do: it signs the bytes, or their BLAKE2b.
        if expected.verify(message, &self.decoded, true).is_ok() {
            return Ok(());
        }
        // The second signature is of the first and its comment: where it holds, the key is right and the message is not.
        if is_signed(&self.commented, &self.comment, key) { Err(SignatureError::Changed(key.id())) } else { Err(wrong_key) }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

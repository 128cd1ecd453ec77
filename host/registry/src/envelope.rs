//! DSSE envelopes (github.com/secure-systems-lab/dsse): a payload, what it is, and who signed it, in one JSON.
//!
//! One file instead of two: a document and its signature cannot come from two different moments. The payload is signed with its type,
//! so that none passes for another kind, and nothing of it is read before its signature holds.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octi_domain::limits::REGISTRY_SIGNATURES_MAX;
use serde::{Deserialize, Serialize};

use crate::keys::{KeyId, PublicKey, SecretKey};
use crate::signature::is_signed;
use crate::text::{explained, shown};

/// What an envelope holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    Index,
    Revocations,
    Rotation,
}

impl Document {
    const fn noun(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Revocations => "feed of revocations",
            Self::Rotation => "rotation of a key",
        }
    }

    /// The type without its version.
    const fn family(self) -> &'static str {
        match self {
            Self::Index => "application/vnd.octi.index.",
            Self::Revocations => "application/vnd.octi.revocations.",
            Self::Rotation => "application/vnd.octi.rotation.",
        }
    }

    fn payload_type(self) -> String {
        format!("{}v1+json", self.family())
    }
}

/// Why an envelope is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("the {document} has {bytes} bytes, more than the {bytes_max} allowed; ask who runs the registry")]
    TooLong { document: &'static str, bytes: usize, bytes_max: usize },
    #[error("the {document} is damaged: {problem}; get it again from the registry")]
    Malformed { document: &'static str, problem: String },
    #[error("the {document} has a format that this octi does not know (`{found}`); update octi")]
    UnknownFormat { document: &'static str, found: String },
    #[error("where the {document} should be is `{found}`; ask who runs the registry")]
    OtherDocument { document: &'static str, found: String },
    #[error("{}", wrong_key(.document, .signed_by, .trusted))]
    WrongKey { document: &'static str, signed_by: Vec<String>, trusted: Vec<KeyId> },
    #[error("the {document} that key {key} signed, or its signature, was changed afterwards; do not use it, and get it again")]
    Changed { document: &'static str, key: KeyId },
}

fn wrong_key(document: &str, signed_by: &[String], trusted: &[KeyId]) -> String {
    let trusted: Vec<String> = trusted.iter().map(KeyId::to_string).collect();
    let none = |keys: &[String]| if keys.is_empty() { "nobody".to_owned() } else { keys.join(", ") };
    format!(
        "the {document} is signed with {}, and trusted is {}; compare the keys with what its owner says elsewhere before you trust another",
        none(signed_by),
        none(&trusted)
    )
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Serialize, Deserialize)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

/// What is signed: DSSE's pre-authentication encoding.
fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Signs a payload and puts it into an envelope.
pub(crate) fn seal(document: Document, payload: &[u8], key: &SecretKey) -> Vec<u8> {
    let payload_type = document.payload_type();
    let sig = STANDARD.encode(key.sign_raw(&signed_bytes(&payload_type, payload)));
    let signatures = vec![EnvelopeSignature { keyid: key.public().id().to_string(), sig }];
    serde_json::to_vec(&Envelope { payload_type, payload: STANDARD.encode(payload), signatures }).unwrap_or_default()
}

/// The payload, when one of the trusted keys signed it, and which.
pub(crate) fn open(
    document: Document,
    envelope: &[u8],
    trusted: &[PublicKey],
    bytes_max: usize,
) -> Result<(Vec<u8>, PublicKey), EnvelopeError> {
    let noun = document.noun();
    let malformed = |problem: &dyn fmt::Display| EnvelopeError::Malformed { document: noun, problem: explained(problem) };
    if envelope.len() > bytes_max {
        return Err(EnvelopeError::TooLong { document: noun, bytes: envelope.len(), bytes_max });
    }
    let envelope: Envelope = serde_json::from_slice(envelope).map_err(|error| malformed(&error))?;
    if envelope.payload_type != document.payload_type() {
        let found = shown(&envelope.payload_type);
        let is_newer = envelope.payload_type.starts_with(document.family());
        return Err(if is_newer {
            EnvelopeError::UnknownFormat { document: noun, found }
        } else {
            EnvelopeError::OtherDocument { document: noun, found }
        });
    }
    if envelope.signatures.len() > REGISTRY_SIGNATURES_MAX {
        return Err(malformed(&format!("it has more than {REGISTRY_SIGNATURES_MAX} signatures")));
    }
    let payload = STANDARD.decode(&envelope.payload).map_err(|_| malformed(&"its payload is not base64"))?;
    let message = signed_bytes(&envelope.payload_type, &payload);
    let mut changed = None;
    for signature in &envelope.signatures {
        let named = trusted.iter().find(|key| key.id().to_string() == signature.keyid);
        let Some(key) = named else { continue };
        let bytes = STANDARD.decode(&signature.sig).ok().and_then(|bytes| bytes.try_into().ok());
        if bytes.is_some_and(|bytes| is_signed(&message, &bytes, key)) {
            return Ok((payload, *key));
        }
        changed = Some(key.id());
    }
    Err(match changed {
        Some(key) => EnvelopeError::Changed { document: noun, key },
        None => EnvelopeError::WrongKey {
            document: noun,
            signed_by: envelope.signatures.iter().map(|signature| shown(&signature.keyid)).collect(),
            trusted: trusted.iter().map(PublicKey::id).collect(),
        },
    })
}

/// Reads the JSON of a payload that was opened.
pub(crate) fn read<'de, T: Deserialize<'de>>(document: Document, payload: &'de [u8]) -> Result<T, EnvelopeError> {
    serde_json::from_slice(payload)
        .map_err(|error| EnvelopeError::Malformed { document: document.noun(), problem: explained(&error) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{flipped, key};
    use proptest::prelude::*;

    const MAX: usize = 10_000;

    fn refusal(envelope: &[u8]) -> EnvelopeError {
        open(Document::Index, envelope, &[key(1).public()], MAX).unwrap_err()
    }

    #[test]
    fn an_envelope_is_what_the_specification_says() {
        // The example of the specification: its protocol's text over its payload.
        let encoded = signed_bytes("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        insta::assert_snapshot!(String::from_utf8_lossy(&seal(Document::Index, b"{}", &key(1))));
    }

    #[test]
    fn one_trusted_key_is_enough_and_is_told() {
        let envelope = seal(Document::Index, b"{}", &key(1));
        let trusted = [key(2).public(), key(1).public()];
        assert_eq!(open(Document::Index, &envelope, &trusted, MAX), Ok((b"{}".to_vec(), key(1).public())));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let good = seal(Document::Index, b"{}", &key(1));
        let newer = String::from_utf8_lossy(&good).replace("index.v1", "index.v2");
        let two = serde_json::json!({ "keyid": "a", "sig": "b" });
        let many = serde_json::json!({
            "payloadType": "application/vnd.octi.index.v1+json", "payload": "", "signatures": vec![two; REGISTRY_SIGNATURES_MAX + 1],
        });
        let changed = String::from_utf8_lossy(&good).replace("\"e30=\"", "\"e31=\"").replace("e31", "W10");
        let refusals = [
            open(Document::Index, &good, &[key(2).public()], MAX).unwrap_err(),
            open(Document::Index, &good, &[], MAX).unwrap_err(),
            open(Document::Index, &good, &[key(1).public()], good.len() - 1).unwrap_err(),
            refusal(newer.as_bytes()),
            refusal(&seal(Document::Revocations, b"{}", &key(1))),
            refusal(changed.as_bytes()),
            refusal(b"{"),
            refusal(many.to_string().as_bytes()),
        ];
        insta::assert_snapshot!(refusals.map(|error| error.to_string()).join("\n"));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_with_its_key_and_no_other(payload: Vec<u8>) {
            let envelope = seal(Document::Rotation, &payload, &key(1));
            prop_assert_eq!(open(Document::Rotation, &envelope, &[key(1).public()], MAX), Ok((payload, key(1).public())));
            prop_assert!(open(Document::Rotation, &envelope, &[key(2).public()], MAX).is_err());
            prop_assert!(open(Document::Index, &envelope, &[key(1).public()], MAX).is_err());
        }

        #[test]
        fn no_byte_of_an_envelope_can_be_changed(payload: Vec<u8>, place: usize, bits: u8) {
            let changed = flipped(&seal(Document::Index, &payload, &key(1)), place, bits);
            prop_assert!(open(Document::Index, &changed, &[key(1).public()], MAX).is_err(), "{}", String::from_utf8_lossy(&changed));
        }
    }
}

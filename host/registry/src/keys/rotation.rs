//! A key says which key comes after it.

use chrono::{DateTime, Utc};
use octi_domain::limits::REGISTRY_ROTATION_BYTES_MAX;
use serde::{Deserialize, Serialize};

use super::{Owner, PublicKey, SecretKey};
use crate::envelope::{self, Document, EnvelopeError};
use crate::text::serde_time;

/// That an owner signs with a new key from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    pub owner: Owner,
    pub old: PublicKey,
    pub new: PublicKey,
    #[serde(with = "serde_time")]
    pub created: DateTime<Utc>,
}

impl Rotation {
    /// Says it with the old key.
    #[must_use]
    pub fn seal(owner: Owner, old: &SecretKey, new: PublicKey, created: DateTime<Utc>) -> Vec<u8> {
        let rotation = Self { owner, old: old.public(), new, created };
        envelope::seal(Document::Rotation, &serde_json::to_vec(&rotation).unwrap_or_default(), old)
    }

    /// Reads a rotation that the old key signed.
    ///
    /// # Errors
    /// [`EnvelopeError`] when it is not this key's, or does not say that this key is followed by another.
    pub fn verify(envelope: &[u8], old: &PublicKey) -> Result<Self, EnvelopeError> {
        let (payload, _key) =
            envelope::open(Document::Rotation, envelope, std::slice::from_ref(old), REGISTRY_ROTATION_BYTES_MAX)?;
        let rotation: Self = envelope::read(Document::Rotation, &payload)?;
        if rotation.old != *old || rotation.new == rotation.old {
            let problem = "`old` is not the key that signed it, or `new` is the same".to_owned();
            return Err(EnvelopeError::Malformed { document: "rotation of a key", problem });
        }
        Ok(rotation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{flipped, key, morning};
    use proptest::prelude::*;

    fn owner() -> Owner {
        Owner::Publisher("acme".to_owned())
    }

    fn sealed() -> Vec<u8> {
        Rotation::seal(owner(), &key(1), key(2).public(), morning(0))
    }

    #[test]
    fn the_old_key_names_the_new_one() {
        let rotation = Rotation::verify(&sealed(), &key(1).public()).unwrap();
        assert_eq!(rotation, Rotation { owner: owner(), old: key(1).public(), new: key(2).public(), created: morning(0) });
    }

    #[test]
    fn the_new_key_cannot_name_itself() {
        let forged = Rotation { owner: owner(), old: key(1).public(), new: key(2).public(), created: morning(0) };
        let forged = envelope::seal(Document::Rotation, &serde_json::to_vec(&forged).unwrap(), &key(2));
        assert!(matches!(Rotation::verify(&forged, &key(1).public()), Err(EnvelopeError::WrongKey { .. })));
        assert!(matches!(Rotation::verify(&forged, &key(2).public()), Err(EnvelopeError::Malformed { .. })));
        let to_itself = Rotation::seal(owner(), &key(1), key(1).public(), morning(0));
        assert!(matches!(Rotation::verify(&to_itself, &key(1).public()), Err(EnvelopeError::Malformed { .. })));
    }

    #[test]
    fn a_rotation_is_short() {
        let long = vec![b' '; REGISTRY_ROTATION_BYTES_MAX + 1];
        assert!(matches!(Rotation::verify(&long, &key(1).public()), Err(EnvelopeError::TooLong { .. })));
    }

    proptest! {
        #[test]
        fn no_byte_of_a_rotation_can_be_changed(place: usize, bits: u8) {
            prop_assert!(Rotation::verify(&flipped(&sealed(), place, bits), &key(1).public()).is_err());
        }
    }
}

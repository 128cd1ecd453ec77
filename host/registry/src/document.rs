//! What a registry signs of itself, as OCI artifacts: so that a folder, a registry and any tool between them can carry it.

use std::borrow::Cow;

use crate::digest::Digest;
use crate::oci::{Descriptor, EMPTY, EMPTY_TYPE, ImageManifest, MANIFEST_TYPE, SCHEMA_VERSION};
use crate::package::{PackageError, Packed};
use crate::text::explained;

const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// What a registry signs of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    Index,
    Revocations,
}

impl Document {
    /// What it is called in a folder, where no plugin is called like it: a plugin's id has a `/`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Index => "octi-index",
            Self::Revocations => "octi-revocations",
        }
    }

    pub(crate) const fn artifact_type(self) -> &'static str {
        match self {
            Self::Index => "application/vnd.octi.index.v1+json",
            Self::Revocations => "application/vnd.octi.revocations.v1+json",
        }
    }

    /// The artifact that carries this envelope.
    #[must_use]
    pub fn pack(self, envelope: &[u8]) -> Packed<'_> {
        let manifest = ImageManifest {
            schema_version: SCHEMA_VERSION,
            media_type: MANIFEST_TYPE.to_owned(),
            artifact_type: Some(self.artifact_type().to_owned()),
            config: Descriptor::of(EMPTY_TYPE, EMPTY),
            layers: vec![Descriptor::of(ENVELOPE, envelope)],
            annotations: [].into(),
        };
        let oci_manifest = serde_json::to_vec(&manifest).unwrap_or_default();
        Packed { digest: Digest::of(&oci_manifest), oci_manifest, blobs: vec![Cow::Borrowed(envelope), Cow::Borrowed(EMPTY)] }
    }

    /// Where the envelope is, by the artifact's manifest. Nothing of either was verified.
    ///
    /// # Errors
    /// [`PackageError::Malformed`] when the manifest is of something else.
    pub fn envelope(self, oci_manifest: &[u8]) -> Result<Descriptor, PackageError> {
        let manifest: ImageManifest =
            serde_json::from_slice(oci_manifest).map_err(|error| PackageError::Malformed(explained(&error)))?;
        match <[Descriptor; 1]>::try_from(manifest.layers) {
            Ok([layer]) if layer.media_type == ENVELOPE => Ok(layer),
            _ => Err(PackageError::Malformed("it has not one layer with an envelope".to_owned())),
        }
    }
}

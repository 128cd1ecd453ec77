//! The few structures of OCI that a package consists of (github.com/opencontainers/image-spec).
//!
//! Annotations are sorted, so that the same package has the same digest whenever it is made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The media type of an OCI manifest, which a registry is told with it.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
/// The content of [`EMPTY_TYPE`].
pub(crate) const EMPTY: &[u8] = b"{}";
/// The version of both manifests and indexes.
pub(crate) const SCHEMA_VERSION: u32 = 2;
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Some content: of which type, under which digest, how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    pub(crate) fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: BTreeMap::new(),
        }
    }

    pub(crate) fn with(mut self, annotation: &str, value: impl Into<String>) -> Self {
        self.annotations.insert(annotation.to_owned(), value.into());
        self
    }
}

/// What a package, or another artifact, consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageManifest {
    pub(crate) schema_version: u32,
    pub(crate) media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// `index.json` of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageIndex {
    pub(crate) schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    pub(crate) manifests: Vec<Descriptor>,
}

impl Default for ImageIndex {
    fn default() -> Self {
        Self { schema_version: SCHEMA_VERSION, media_type: Some(INDEX_TYPE.to_owned()), manifests: Vec::new() }
    }
}

/// The file `oci-layout`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LayoutVersion {
    pub(crate) image_layout_version: String,
}

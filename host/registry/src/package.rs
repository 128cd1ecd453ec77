//! A version of a plugin as an OCI artifact: its file, its manifest, what its publisher says of it, and its bill of materials.
//!
//! The `.wasm` file is the first layer under the media type of the CNCF, so that other tools of WebAssembly find it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use octi_domain::limits::{
    MANIFEST_BYTES_MAX, PLUGIN_BYTES_MAX, REGISTRY_LAYERS_MAX, REGISTRY_MANIFEST_BYTES_MAX, REGISTRY_ROTATION_BYTES_MAX,
    REGISTRY_ROTATIONS_MAX, REGISTRY_SBOM_BYTES_MAX, REGISTRY_SIGNATURE_BYTES_MAX, REGISTRY_STATEMENT_BYTES_MAX,
};
use serde_json::json;

use crate::digest::Digest;
use crate::keys::PublicKey;
use crate::oci::{Descriptor, ImageManifest, MANIFEST_TYPE, SCHEMA_VERSION};
use crate::statement::Parts;
use crate::text::{explained, shown};

const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The annotation of a signature's layer with the key that made it.
const KEY: &str = "vnd.octi.key";

/// What a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Wasm,
    Manifest,
    Statement,
    Signature,
    Sbom,
    Rotation,
}

impl Layer {
    const ALL: [Self; 6] = [Self::Wasm, Self::Manifest, Self::Statement, Self::Signature, Self::Sbom, Self::Rotation];

    const fn media_type(self) -> &'static str {
        match self {
            Self::Wasm => "application/wasm",
            Self::Manifest => "application/vnd.octi.manifest.v1+json",
            Self::Statement => "application/vnd.octi.statement.v1",
            Self::Signature => "application/vnd.octi.signature.v1",
            Self::Sbom => "application/vnd.cyclonedx+json",
            Self::Rotation => "application/vnd.octi.rotation.v1+json",
        }
    }

    /// What other tools name the file when they unpack the artifact.
    const fn title(self) -> &'static str {
        match self {
            Self::Wasm => "plugin.wasm",
            Self::Manifest => "manifest.json",
            Self::Statement => "statement",
            Self::Signature => "statement.sig",
            Self::Sbom => "sbom.cdx.json",
            Self::Rotation => "rotation.json",
        }
    }

    const fn bytes_max(self) -> usize {
        match self {
            Self::Wasm => PLUGIN_BYTES_MAX,
            Self::Manifest => MANIFEST_BYTES_MAX,
            Self::Statement => REGISTRY_STATEMENT_BYTES_MAX,
            Self::Signature => REGISTRY_SIGNATURE_BYTES_MAX,
            Self::Sbom => REGISTRY_SBOM_BYTES_MAX,
            Self::Rotation => REGISTRY_ROTATION_BYTES_MAX,
        }
    }

    fn describe(self, bytes: &[u8]) -> Result<Descriptor, PackageError> {
        let descriptor = Descriptor::of(self.media_type(), bytes).with("org.opencontainers.image.title", self.title());
        self.check_size(&descriptor)?;
        Ok(descriptor)
    }

    fn check_size(self, descriptor: &Descriptor) -> Result<(), PackageError> {
        if descriptor.size > self.bytes_max() as u64 {
            return Err(PackageError::TooLarge { what: self.title(), bytes: descriptor.size, bytes_max: self.bytes_max() });
        }
        Ok(())
    }
}

/// Everything that is published of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub wasm: Vec<u8>,
    /// The bytes of its `octi:manifest` section: who reviews what it may reach reads these alone.
    pub manifest: Vec<u8>,
    pub statement: Vec<u8>,
    /// Ours or minisign's.
    pub signature: Vec<u8>,
    /// The key that made the signature.
    pub key: PublicKey,
    /// CycloneDX, as JSON.
    pub sbom: Option<Vec<u8>>,
    /// From the first key of the publisher to this one, each signed by the one before.
    pub rotations: Vec<Vec<u8>>,
    /// What the component imports and exports, for other tools.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

/// A package as it is stored: an OCI manifest, and the blobs it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed<'a> {
    /// Of the OCI manifest; what the index names.
    pub digest: Digest,
    pub oci_manifest: Vec<u8>,
    pub blobs: Vec<Cow<'a, [u8]>>,
}

/// Why a package cannot be made, or is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    #[error("`{what}` has {bytes} bytes, more than the {bytes_max} allowed; make it smaller")]
    TooLarge { what: &'static str, bytes: u64, bytes_max: usize },
    #[error("the package has more than {REGISTRY_ROTATIONS_MAX} rotations of keys")]
    TooManyRotations,
    #[error("the package is damaged: {0}; get it again from the registry")]
    Malformed(String),
    #[error("the package has no `{0}`, so nobody can say whose it is; ask its publisher to sign it")]
    Missing(&'static str),
}

impl Package {
    /// Makes the artifact. The same package gives the same bytes.
    ///
    /// # Errors
    /// [`PackageError`] when a part is larger than anybody would read.
    pub fn pack(&self) -> Result<Packed<'_>, PackageError> {
        if self.rotations.len() > REGISTRY_ROTATIONS_MAX {
            return Err(PackageError::TooManyRotations);
        }
        let mut layers = vec![
            (Layer::Wasm, &self.wasm),
            (Layer::Manifest, &self.manifest),
            (Layer::Statement, &self.statement),
            (Layer::Signature, &self.signature),
        ];
        layers.extend(self.sbom.iter().map(|sbom| (Layer::Sbom, sbom)));
        layers.extend(self.rotations.iter().map(|rotation| (Layer::Rotation, rotation)));
        let mut descriptors = Vec::with_capacity(layers.len());
        for (layer, bytes) in &layers {
            let descriptor = layer.describe(bytes)?;
            descriptors.push(if *layer == Layer::Signature { descriptor.with(KEY, self.key.to_string()) } else { descriptor });
        }
        let config = self.config(descriptors[0].digest);
        let manifest = ImageManifest {
            schema_version: SCHEMA_VERSION,
            media_type: MANIFEST_TYPE.to_owned(),
            artifact_type: None,
            config: Descriptor::of(CONFIG, &config),
            layers: descriptors,
            annotations: BTreeMap::new(),
        };
        let oci_manifest = serde_json::to_vec(&manifest).unwrap_or_default();
        if oci_manifest.len() > REGISTRY_MANIFEST_BYTES_MAX {
            let bytes = oci_manifest.len() as u64;
            return Err(PackageError::TooLarge { what: "the OCI manifest", bytes, bytes_max: REGISTRY_MANIFEST_BYTES_MAX });
        }
        let blobs = layers.into_iter().map(|(_, bytes)| Cow::Borrowed(bytes.as_slice())).chain([Cow::Owned(config)]).collect();
        Ok(Packed { digest: Digest::of(&oci_manifest), oci_manifest, blobs })
    }

    /// What the CNCF's tools read.
    fn config(&self, wasm: Digest) -> Vec<u8> {
        let config = json!({
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [wasm],
            "component": { "exports": self.exports, "imports": self.imports },
        });
        serde_json::to_vec(&config).unwrap_or_default()
    }
}

/// What an OCI manifest says a package consists of. None of it is there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub wasm: Descriptor,
    pub manifest: Descriptor,
    pub statement: Descriptor,
    pub signature: Descriptor,
    /// The key that is said to have signed: only a verified signature says so, and only the trust store whose it is.
    pub key: PublicKey,
    pub sbom: Option<Descriptor>,
    pub rotations: Vec<Descriptor>,
}

impl Contents {
    /// Reads an OCI manifest. Every part has a bounded size then.
    ///
    /// # Errors
    /// [`PackageError`] when it is not a package of octi, or one without a signature.
    pub fn read(oci_manifest: &[u8]) -> Result<Self, PackageError> {
        let malformed = |problem: &dyn fmt::Display| PackageError::Malformed(explained(problem));
        if oci_manifest.len() > REGISTRY_MANIFEST_BYTES_MAX {
            let bytes = oci_manifest.len() as u64;
            return Err(PackageError::TooLarge { what: "the OCI manifest", bytes, bytes_max: REGISTRY_MANIFEST_BYTES_MAX });
        }
        let read: ImageManifest = serde_json::from_slice(oci_manifest).map_err(|error| malformed(&error))?;
        if read.schema_version != SCHEMA_VERSION || read.media_type != MANIFEST_TYPE {
            return Err(malformed(&format!("it is a `{}`, not an OCI manifest", shown(&read.media_type))));
        }
        if read.layers.len() > REGISTRY_LAYERS_MAX {
            return Err(malformed(&format!("it has more than {REGISTRY_LAYERS_MAX} layers")));
        }
        if read.layers.first().is_none_or(|layer| layer.media_type != Layer::Wasm.media_type()) {
            return Err(malformed(&"its first layer is not `application/wasm`"));
        }
        let mut found: BTreeMap<&str, Vec<Descriptor>> = BTreeMap::new();
        for descriptor in read.layers {
            // A layer of a type that this octi does not know is no part of the plugin.
            let Some(layer) = Layer::ALL.into_iter().find(|layer| layer.media_type() == descriptor.media_type) else { continue };
            layer.check_size(&descriptor)?;
            found.entry(layer.media_type()).or_default().push(descriptor);
        }
        let rotations = found.remove(Layer::Rotation.media_type()).unwrap_or_default();
        if rotations.len() > REGISTRY_ROTATIONS_MAX {
            return Err(PackageError::TooManyRotations);
        }
        let mut one = |layer: Layer| match found.remove(layer.media_type()) {
            Some(mut several) if several.len() == 1 => Ok(several.pop()),
            Some(_) => Err(malformed(&format!("it has more than one `{}`", layer.title()))),
            None => Ok(None),
        };
        let mut needed = |layer: Layer| one(layer)?.ok_or(PackageError::Missing(layer.title()));
        let (wasm, manifest) = (needed(Layer::Wasm)?, needed(Layer::Manifest)?);
        let (statement, signature) = (needed(Layer::Statement)?, needed(Layer::Signature)?);
        let sbom = one(Layer::Sbom)?;
        let key = signature.annotations.get(KEY).ok_or_else(|| malformed(&format!("its signature has no annotation `{KEY}`")))?;
        let key = key.parse().map_err(|error: crate::TextError| malformed(&error))?;
        Ok(Self { wasm, manifest, statement, signature, key, sbom, rotations })
    }

    /// The digests to compare with what was signed, before anything large is fetched.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts { wasm: self.wasm.digest, manifest: self.manifest.digest, sbom: self.sbom.as_ref().map(|sbom| sbom.digest) }
    }
}

#[cfg(test)]
mod tests;

//! The manifest inside a `.wasm` file, byte for byte as it is signed.

use octi_domain::limits::MANIFEST_BYTES_MAX;
use octi_extension::manifest::SECTION;
use wasmparser::{Encoding, Parser, Payload};

use crate::digest::Digest;
use crate::statement::Parts;
use crate::text::explained;

/// Why a file is not a plugin that can be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SectionError {
    #[error("it is not a WebAssembly component: {0}; compile it for `wasm32-wasip2`")]
    NotComponent(String),
    #[error("it has no `{SECTION}` section; make a plugin of it with `octi plugin pack`")]
    NoManifest,
    #[error("it has more than one `{SECTION}` section; build it anew")]
    TwoManifests,
    #[error("its manifest has {0} bytes, more than the {MANIFEST_BYTES_MAX} allowed; shorten its descriptions")]
    TooLong(usize),
}

/// The bytes of a component's `octi:manifest` section. The component is not validated, and not run.
///
/// # Errors
/// [`SectionError`] when it is no component, or has not exactly one.
pub fn manifest(wasm: &[u8]) -> Result<&[u8], SectionError> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| SectionError::NotComponent(explained(&error)))? {
            Payload::Version { encoding, .. } => {
                depth += 1;
                if depth == 1 && encoding != Encoding::Component {
                    return Err(SectionError::NotComponent("it is a core module".to_owned()));
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            // One of a component inside says nothing of the whole.
            Payload::CustomSection(section) if depth == 1 && section.name() == SECTION => found.push(section.data()),
            _ => {}
        }
    }
    match found.as_slice() {
        [manifest] if manifest.len() > MANIFEST_BYTES_MAX => Err(SectionError::TooLong(manifest.len())),
        [manifest] => Ok(manifest),
        [] => Err(SectionError::NoManifest),
        _ => Err(SectionError::TwoManifests),
    }
}

impl Parts {
    /// The digests of a plugin's file, of the manifest inside it, and of its bill of materials.
    ///
    /// # Errors
    /// [`SectionError`] when the file is not a plugin.
    pub fn of(wasm: &[u8], sbom: Option<&[u8]>) -> Result<Self, SectionError> {
        let manifest = Digest::of(manifest(wasm)?);
        Ok(Self { wasm: Digest::of(wasm), manifest, sbom: sbom.map(Digest::of) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::component;
    use proptest::prelude::*;

    /// A custom section of a component: an empty component inside.
    fn nested(inner: &[u8]) -> Vec<u8> {
        let mut bytes = component(&[]);
        bytes.push(4);
        bytes.push(u8::try_from(inner.len()).unwrap());
        bytes.extend_from_slice(inner);
        bytes
    }

    #[test]
    fn the_section_is_found_as_it_was_written() {
        assert_eq!(manifest(&component(&[b"{ }"])), Ok(&b"{ }"[..]));
        let parts = Parts::of(&component(&[b"{ }"]), Some(b"sbom")).unwrap();
        assert_eq!((parts.manifest, parts.sbom), (Digest::of(b"{ }"), Some(Digest::of(b"sbom"))));
    }

    #[test]
    fn what_is_no_plugin_says_what_to_do() {
        let long = vec![b' '; MANIFEST_BYTES_MAX + 1];
        let files = [
            b"\0asm\x01\0\0\0".to_vec(),
            component(&[]),
            component(&[b"{}", b"{}"]),
            component(&[&long]),
            nested(&component(&[b"{}"])),
        ];
        insta::assert_snapshot!(files.map(|file| manifest(&file).unwrap_err().to_string()).join("\n"));
        assert!(matches!(manifest(b"#!/bin/sh"), Err(SectionError::NotComponent(_))));
        assert!(matches!(manifest(b""), Err(SectionError::NotComponent(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _either = manifest(&bytes);
            let _either = manifest(&[&component(&[]), bytes.as_slice()].concat());
        }
    }
}

//! Reads a plugin file without running it: what it is, what it says of itself, what it imports and exports.

mod validity;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::OFlag;
use octi_domain::limits;
use octi_extension::manifest::{Manifest, SECTION};
use sha2::{Digest, Sha256};
use wasmparser::types::Types;
use wasmparser::{Encoding, Parser, Payload, WasmFeatures};

use crate::install::InstallError;
use crate::reflect::{self, Reflected};
use crate::text;

/// A plugin file, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    pub manifest: Manifest,
    /// Interfaces such as `octi:fs/files@1.0.0`, in the file's order.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    pub bytes: u64,
    /// The custom sections and their sizes.
    pub sections: Vec<(String, u64)>,
    /// What its tools are, when it has no manifest.
    pub(crate) reflected: Option<Arc<Reflected>>,
}

impl Inspection {
    /// The functions of a component without a manifest that are no tools, each with the reason.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        self.reflected.as_ref().map_or(&[], |reflected| &reflected.left_out)
    }

    fn of(parts: Parts, manifest: Manifest, reflected: Option<Reflected>) -> Self {
        Self {
            manifest,
            imports: parts.imports,
            exports: parts.exports,
            digest: parts.digest,
            bytes: parts.bytes,
            sections: parts.sections,
            reflected: reflected.map(Arc::new),
        }
    }
}

/// A component before its manifest is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub(crate) manifest: Option<Vec<u8>>,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) sections: Vec<(String, u64)>,
    /// What the sections say that a component without a manifest is known by.
    pub(crate) texts: BTreeMap<String, Vec<u8>>,
    pub(crate) digest: String,
    pub(crate) bytes: u64,
}

/// The WebAssembly features that guests may use: what Rust, C, JavaScript and Python compile to, and no more.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        .union(WasmFeatures::TAIL_CALL)
        .union(WasmFeatures::EXTENDED_CONST)
        .union(WasmFeatures::MULTI_MEMORY)
        .union(WasmFeatures::COMPONENT_MODEL)
        .difference(WasmFeatures::GC_TYPES)
}

/// Checks everything that can be checked without compiling: size, kind, validity, manifest.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Inspection, InstallError> {
    let parts = parts(bytes)?;
    let manifest = Manifest::from_section(parts.manifest.as_deref().ok_or(InstallError::NoManifest)?)?;
    Ok(Inspection::of(parts, manifest, None))
}

/// The same for a file that may also be a component without a manifest, whose name then comes from the file's.
pub(crate) fn inspect_file(bytes: &[u8], file_name: &str) -> Result<Inspection, InstallError> {
    let (parts, types) = opened(bytes)?;
    if reflect::is_bare(&parts) {
        let (manifest, reflected) = reflect::reflect(&parts, &types, file_name)?;
        return Ok(Inspection::of(parts, manifest, Some(reflected)));
    }
    let manifest = Manifest::from_section(parts.manifest.as_deref().ok_or(InstallError::NoManifest)?)?;
    Ok(Inspection::of(parts, manifest, None))
}

/// Reads a file that may be a plugin, however large it has become since somebody looked; one that is too large is not read.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A pipe that was put in its place must not be waited for.
    let file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    file.take(limits::PLUGIN_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limits::PLUGIN_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {} bytes", limits::PLUGIN_BYTES_MAX)));
    }
    Ok(bytes)
}

/// SHA-256 in hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes a component apart; core modules, compiled code and anything else are refused.
pub(crate) fn parts(bytes: &[u8]) -> Result<Parts, InstallError> {
    opened(bytes).map(|(parts, _)| parts)
}

/// The same with the types of everything in it.
fn opened(bytes: &[u8]) -> Result<(Parts, Types), InstallError> {
    if bytes.len() > limits::PLUGIN_BYTES_MAX {
        return Err(InstallError::TooLarge { bytes: bytes.len() });
    }
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(InstallError::NotComponent(
            "it is native code compiled from a component, which is never accepted".to_owned(),
        ));
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(InstallError::NotComponent("it does not start with the WebAssembly header".to_owned()));
    }
    if Parser::is_core_wasm(bytes) {
        return Err(InstallError::NotComponent("it is a core module".to_owned()));
    }
    let time_max = Duration::from_secs(limits::PLUGIN_VALIDATE_SECONDS_MAX);
    let types = validity::validate(bytes, features(), time_max).map_err(|error| refused(bytes, time_max, error))?;
    Ok((read(bytes)?, types))
}

/// Why a component is not taken: by the name of the function, if it is one of those that go on while others run.
fn refused(bytes: &[u8], time_max: Duration, error: InstallError) -> InstallError {
    if !matches!(error, InstallError::Invalid(_)) {
        return error;
    }
    let later = WasmFeatures::CM_ASYNC | WasmFeatures::CM_ASYNC_STACKFUL | WasmFeatures::CM_ERROR_CONTEXT;
    let types = validity::validate(bytes, features().union(later), time_max);
    let first = types.ok().and_then(|types| reflect::first_async(&read(bytes).ok()?, &types));
    first.map_or(error, InstallError::Invalid)
}

/// The error may repeat names of the file.
fn invalid(error: &wasmparser::BinaryReaderError) -> InstallError {
    InstallError::Invalid(text::clean(&error.to_string(), limits::PLUGIN_TEXT_BYTES_MAX))
}

fn read(bytes: &[u8]) -> Result<Parts, InstallError> {
    let mut parts = Parts { digest: digest(bytes), bytes: bytes.len() as u64, ..Parts::default() };
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| invalid(&error))? {
            Payload::Version { encoding, .. } => {
                depth += 1;
                if depth == 1 && encoding != Encoding::Component {
                    return Err(InstallError::NotComponent("it is a core module".to_owned()));
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(reader) if depth == 1 => {
                for import in reader {
                    parts.imports.push(import.map_err(|error| invalid(&error))?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(reader) if depth == 1 => {
                for export in reader {
                    parts.exports.push(export.map_err(|error| invalid(&error))?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if depth == 1 => {
                parts.sections.push((section.name().to_owned(), section.data().len() as u64));
                if section.name() == SECTION {
                    if parts.manifest.is_some() {
                        return Err(InstallError::Invalid(format!("it has more than one `{SECTION}` section")));
                    }
                    parts.manifest = Some(section.data().to_vec());
                } else if reflect::KEPT_SECTIONS.contains(&section.name())
                    && section.data().len() <= limits::REFLECT_DOCS_BYTES_MAX
                {
                    parts.texts.entry(section.name().to_owned()).or_insert_with(|| section.data().to_vec());
                }
            }
            _ => {}
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_grew_is_not_read() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(limits::PLUGIN_BYTES_MAX as u64).expect("a file of holes");
        assert_eq!(read_file(file.path()).expect("as large as may be").len(), limits::PLUGIN_BYTES_MAX);
        file.as_file().set_len(1 << 40).expect("more holes than there is memory");
        let error = read_file(file.path()).expect_err("too large").to_string();
        assert_eq!(error, "it has more than 33554432 bytes");
    }
}

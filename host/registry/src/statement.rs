//! What a publisher says of one version of a plugin, and signs.
//!
//! It is a text of lines in a fixed order, each a name and a value without spaces, so that it has exactly one encoding, a person can
//! read it, and any tool that signs files can sign it:
//!
//! ```text
//! octi plugin statement 1
//! name acme/weather
//! version 1.2.0
//! wasm sha256:…
//! manifest sha256:…
//! sbom none
//! wit 1.0
//! created 2026-11-29T10:42:21Z
//! ```

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use octi_domain::limits::REGISTRY_STATEMENT_BYTES_MAX;
use serde::Deserialize;

use crate::digest::Digest;
use crate::keys::{PublicKey, SecretKey};
use crate::name::{Contract, PluginName, Version};
use crate::signature::{Signature, SignatureError};
use crate::text::{self, explained, is_numbered, shown};

/// The first line. What is signed begins with what it is, so a signature of it is one of nothing else.
const HEADER: &str = "octi plugin statement 1";
const NO_SBOM: &str = "none";

/// What a publisher says of one version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub name: PluginName,
    pub version: Version,
    /// Of the whole `.wasm` file.
    pub wasm: Digest,
    /// Of the bytes of its `octi:manifest` section.
    pub manifest: Digest,
    /// Of its bill of materials, where it has one.
    pub sbom: Option<Digest>,
    /// The contract it was built for.
    pub wit: Contract,
    /// When it was signed, to the second.
    pub created: DateTime<Utc>,
}

/// The digests of what is there, to be compared with what was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    pub wasm: Digest,
    pub manifest: Digest,
    pub sbom: Option<Digest>,
}

/// Which part of a plugin is not the one that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Wasm,
    Manifest,
    Sbom,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wasm => "`.wasm` file",
            Self::Manifest => "manifest",
            Self::Sbom => "bill of materials",
        })
    }
}

/// Why a statement is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    #[error("the statement has {0} bytes, more than the {REGISTRY_STATEMENT_BYTES_MAX} allowed; it is not a statement")]
    TooLong(usize),
    #[error("the statement is damaged: `{field}`: {problem}; get it again from where the plugin is published")]
    Malformed { field: &'static str, problem: String },
    #[error(
        "the statement has a format that this octi does not know (`{0}`); update octi, or choose an older version of the plugin"
    )]
    UnknownFormat(String),
    #[error("statement: {0}")]
    Signature(#[from] SignatureError),
    #[error(
        "`{asked}` was asked for, but the statement is about `{found}`; somebody passes one plugin off as another, do not use it"
    )]
    OtherName { asked: PluginName, found: PluginName },
    #[error(
        "version {asked} of `{name}` was asked for, but the statement is about {found}; somebody passes one version off as another, do not use it"
    )]
    OtherVersion { name: PluginName, asked: Version, found: Version },
    #[error(
        "the {part} is not the one that was signed (signed {signed}, found {found}); it was changed afterwards, do not use it, and get it again"
    )]
    Tampered { part: Part, signed: Digest, found: Digest },
    #[error("the manifest is not JSON with `id`, `version` and `wit`: {0}; ask its publisher to build it anew")]
    UnreadableManifest(String),
    #[error(
        "the manifest does not agree with the statement: its `{field}` is `{found}`, and signed is `{signed}`; ask its publisher"
    )]
    Disagrees { field: &'static str, signed: String, found: String },
    #[error("a bill of materials was signed ({0}) and is not there; get the plugin again, with it")]
    SbomMissing(Digest),
    #[error("there is a bill of materials ({0}) that was not signed; do not believe it")]
    SbomUnsigned(Digest),
}

impl Statement {
    /// The bytes that are signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// Signs it.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> Signature {
        key.sign(&self.encode())
    }

    /// Reads a statement, of which nobody knows yet who made it.
    ///
    /// # Errors
    /// [`StatementError`] names the line, or says that a newer octi is needed.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > REGISTRY_STATEMENT_BYTES_MAX {
            return Err(StatementError::TooLong(bytes.len()));
        }
        let malformed = |problem: &str| StatementError::Malformed { field: "octi plugin statement", problem: problem.to_owned() };
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not text"))?;
        let mut lines = text.split('\n');
        match lines.next() {
            Some(HEADER) => {}
            Some(other) if is_numbered(other, "octi plugin statement ") => {
                return Err(StatementError::UnknownFormat(shown(other)));
            }
            _ => return Err(malformed("its first line is another one")),
        }
        let statement = Self {
            name: field(&mut lines, "name")?,
            version: field(&mut lines, "version")?,
            wasm: field(&mut lines, "wasm")?,
            manifest: field(&mut lines, "manifest")?,
            sbom: field::<Sbom>(&mut lines, "sbom")?.0,
            wit: field(&mut lines, "wit")?,
            created: field::<Created>(&mut lines, "created")?.0,
        };
        if lines.next() != Some("") || lines.next().is_some() {
            return Err(malformed("something stands behind its last line"));
        }
        Ok(statement)
    }

    /// Reads a statement that this key signed: not a word of it is looked at before.
    ///
    /// # Errors
    /// [`StatementError::Signature`] when it is not this key's.
    pub fn verify(bytes: &[u8], signature: &Signature, key: &PublicKey) -> Result<Self, StatementError> {
        if bytes.len() > REGISTRY_STATEMENT_BYTES_MAX {
            return Err(StatementError::TooLong(bytes.len()));
        }
        signature.verify(bytes, key)?;
        Self::parse(bytes)
    }

    /// Refuses the statement unless it is about this plugin, and this version where one was asked for.
    ///
    /// # Errors
    /// [`StatementError::OtherName`] or [`StatementError::OtherVersion`].
    pub fn is_about(&self, name: &PluginName, version: Option<&Version>) -> Result<(), StatementError> {
        if self.name != *name {
            return Err(StatementError::OtherName { asked: name.clone(), found: self.name.clone() });
        }
        match version {
            Some(asked) if *asked != self.version => {
                Err(StatementError::OtherVersion { name: name.clone(), asked: asked.clone(), found: self.version.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses what is there unless it is what was signed.
    ///
    /// # Errors
    /// Names the part that is another one.
    pub fn covers(&self, parts: &Parts) -> Result<(), StatementError> {
        let same = |part, signed: Digest, found: Digest| {
            if signed == found { Ok(()) } else { Err(StatementError::Tampered { part, signed, found }) }
        };
        // The manifest first: it is in the file, so a changed manifest changes both, and it is the more telling of the two.
        same(Part::Manifest, self.manifest, parts.manifest)?;
        same(Part::Wasm, self.wasm, parts.wasm)?;
        self.covers_sbom(parts.sbom)
    }

    /// Refuses a manifest that says something else of the plugin than its publisher signed.
    ///
    /// # Errors
    /// [`StatementError::Disagrees`] names the field.
    pub fn describes(&self, manifest: &[u8]) -> Result<(), StatementError> {
        let Described { id, version, wit } =
            serde_json::from_slice(manifest).map_err(|error| StatementError::UnreadableManifest(explained(&error)))?;
        let said = [
            ("id", self.name.to_string(), id),
            ("version", self.version.to_string(), version),
            ("wit", self.wit.to_string(), wit),
        ];
        match said.into_iter().find(|(_, signed, found)| signed != found) {
            Some((field, signed, found)) => Err(StatementError::Disagrees { field, signed, found: shown(&found) }),
            None => Ok(()),
        }
    }

    fn covers_sbom(&self, found: Option<Digest>) -> Result<(), StatementError> {
        match (self.sbom, found) {
            (Some(signed), Some(found)) if signed != found => Err(StatementError::Tampered { part: Part::Sbom, signed, found }),
            (Some(signed), None) => Err(StatementError::SbomMissing(signed)),
            (None, Some(found)) => Err(StatementError::SbomUnsigned(found)),
            (Some(_), Some(_)) | (None, None) => Ok(()),
        }
    }
}

/// Of a manifest, what a statement says too. The rest may be of a contract that this octi does not serve.
#[derive(Deserialize)]
struct Described {
    id: String,
    version: String,
    wit: String,
}

/// The value of the next line, which must have this name.
fn field<T: FromStr<Err: fmt::Display>>(lines: &mut std::str::Split<'_, char>, name: &'static str) -> Result<T, StatementError> {
    let malformed = |problem| StatementError::Malformed { field: name, problem };
    let line = lines.next().unwrap_or_default();
    let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
    let value = value.ok_or_else(|| malformed(format!("its line is `{}`", shown(line))))?;
    value.parse().map_err(|error: T::Err| malformed(error.to_string()))
}

struct Sbom(Option<Digest>);

impl FromStr for Sbom {
    type Err = text::TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == NO_SBOM { Ok(Self(None)) } else { text.parse().map(|digest| Self(Some(digest))) }
    }
}

struct Created(DateTime<Utc>);

impl FromStr for Created {
    type Err = text::TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text::parse_time(text).map(Self)
    }
}

/// As it is signed.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        writeln!(f, "name {}", self.name)?;
        writeln!(f, "version {}", self.version)?;
        writeln!(f, "wasm {}", self.wasm)?;
        writeln!(f, "manifest {}", self.manifest)?;
        match &self.sbom {
            Some(sbom) => writeln!(f, "sbom {sbom}")?,
            None => writeln!(f, "sbom {NO_SBOM}")?,
        }
        writeln!(f, "wit {}", self.wit)?;
        writeln!(f, "created {}", text::time(self.created))
    }
}

#[cfg(test)]
mod tests;

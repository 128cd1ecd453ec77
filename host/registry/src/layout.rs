//! A folder of packages that needs no network: an OCI image layout, which other tools (`oras`, `skopeo`) can copy to a registry.
//!
//! Content is found by its digest only, and a digest is the only thing a path is made of; what is read is hashed. Blobs appear whole
//! under their names, and `index.json`, which names them, comes last.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use octi_domain::limits::{REGISTRY_LAYOUT_INDEX_BYTES_MAX, REGISTRY_MANIFEST_BYTES_MAX};
use serde::de::DeserializeOwned;

use crate::digest::Digest;
pub use crate::document::Document;
use crate::name::{PluginName, Version};
use crate::oci::{Descriptor, ImageIndex, LayoutVersion, MANIFEST_TYPE, REF_NAME, SCHEMA_VERSION};
use crate::package::{PackageError, Packed};
use crate::text::{explained, shown};

const LAYOUT_FILE: &str = "oci-layout";
const INDEX_FILE: &str = "index.json";
const BLOBS: &str = "blobs/sha256";
const VERSION: &str = "1.0.0";
/// Bytes of [`LAYOUT_FILE`].
const LAYOUT_FILE_BYTES_MAX: usize = 1024;

/// A folder of packages.
pub struct Layout {
    dir: Dir,
    path: PathBuf,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    #[error(
        "`{0}` is not a folder of plugins (an OCI image layout): it has no valid `{LAYOUT_FILE}`; name one that has, or an empty one"
    )]
    NotALayout(PathBuf),
    #[error("`{path}` has the layout version {version}, and this octi knows {VERSION}; update octi", path = .path.display())]
    UnknownVersion { path: PathBuf, version: String },
    #[error("`{path}` has no {what}; copy the whole folder, or ask who made it", path = .path.display())]
    Missing { path: PathBuf, what: String },
    #[error("{what} of `{path}` has more than the {bytes_max} bytes allowed; do not use it", path = .path.display())]
    TooLarge { path: PathBuf, what: String, bytes_max: usize },
    #[error("{what} of `{path}` is damaged: {problem}; copy the folder again", path = .path.display())]
    Damaged { path: PathBuf, what: String, problem: String },
    #[error("cannot use {what} of `{path}`", path = .path.display())]
    Io { path: PathBuf, what: String, source: io::Error },
}

impl Layout {
    /// Opens a folder that is a layout.
    ///
    /// # Errors
    /// [`LayoutError`] when it is none, or one of a version that this octi does not know.
    pub fn open(path: &Path) -> Result<Self, LayoutError> {
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(|source| LayoutError::Io {
            path: path.to_owned(),
            what: "the folder".to_owned(),
            source,
        })?;
        let layout = Self { dir, path: path.to_owned() };
        let version: LayoutVersion = match layout.json(LAYOUT_FILE, LAYOUT_FILE_BYTES_MAX) {
            Err(LayoutError::Missing { path, .. } | LayoutError::Damaged { path, .. } | LayoutError::TooLarge { path, .. }) => {
                return Err(LayoutError::NotALayout(path));
            }
            other => other?,
        };
        if version.image_layout_version != VERSION {
            return Err(LayoutError::UnknownVersion { path: layout.path, version: shown(&version.image_layout_version) });
        }
        Ok(layout)
    }

    /// Opens a folder, which is made, or made a layout, when there is nothing in it.
    ///
    /// # Errors
    /// [`LayoutError`], also when the folder holds other things.
    pub fn create(path: &Path) -> Result<Self, LayoutError> {
        let io = |source| LayoutError::Io { path: path.to_owned(), what: "the folder".to_owned(), source };
        std::fs::create_dir_all(path).map_err(io)?;
        if !is_half_made(path).map_err(io)? {
            return Self::open(path);
        }
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(io)?;
        let layout = Self { dir, path: path.to_owned() };
        layout.dir.create_dir_all(BLOBS).map_err(|error| layout.io(BLOBS, error))?;
        layout.write_json(INDEX_FILE, &ImageIndex::default())?;
        layout.write_json(LAYOUT_FILE, &LayoutVersion { image_layout_version: VERSION.to_owned() })?;
        Ok(layout)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a version of a plugin. It is found when all of it is there.
    ///
    /// # Errors
    /// [`LayoutError`] when the folder cannot be written.
    pub fn add_package(&self, name: &PluginName, version: &Version, package: &Packed<'_>) -> Result<(), LayoutError> {
        let _lock = self.lock()?;
        for blob in &package.blobs {
            self.put(blob)?;
        }
        self.put(&package.oci_manifest)?;
        self.tag(&format!("{name}:{version}"), Descriptor::of(MANIFEST_TYPE, &package.oci_manifest))
    }

    /// Puts a signed index or feed of revocations in the place of the one before.
    ///
    /// # Errors
    /// [`LayoutError`] when the folder cannot be written.
    pub fn set_document(&self, document: Document, envelope: &[u8]) -> Result<(), LayoutError> {
        let packed = document.pack(envelope);
        let _lock = self.lock()?;
        for blob in &packed.blobs {
            self.put(blob)?;
        }
        self.put(&packed.oci_manifest)?;
        let mut descriptor = Descriptor::of(MANIFEST_TYPE, &packed.oci_manifest);
        descriptor.artifact_type = Some(document.artifact_type().to_owned());
        self.tag(document.tag(), descriptor)
    }

    /// The signed index or feed of revocations. Nothing of it was verified.
    ///
    /// # Errors
    /// [`LayoutError::Missing`] when there is none.
    pub fn document(&self, document: Document, bytes_max: usize) -> Result<Vec<u8>, LayoutError> {
        let tag = document.tag();
        let descriptor = self.tagged(tag)?.ok_or_else(|| self.missing(tag))?;
        let manifest = self.blob(descriptor.digest, REGISTRY_MANIFEST_BYTES_MAX)?;
        let layer = document.envelope(&manifest).map_err(|error| match error {
            PackageError::Malformed(problem) => self.damaged(tag, &problem),
            other => self.damaged(tag, &other),
        })?;
        self.blob(layer.digest, bytes_max)
    }

    /// The OCI manifest under the id and version of a plugin, for who has no index.
    ///
    /// # Errors
    /// [`LayoutError`] when the folder cannot be read.
    pub fn package(&self, name: &PluginName, version: &Version) -> Result<Option<Digest>, LayoutError> {
        Ok(self.tagged(&format!("{name}:{version}"))?.map(|descriptor| descriptor.digest))
    }

    /// The content with that digest.
    ///
    /// # Errors
    /// [`LayoutError::Damaged`] when it is not what its name says.
    pub fn blob(&self, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, LayoutError> {
        let what = format!("{BLOBS}/{}", digest.hex());
        let bytes = self.read(&what, bytes_max)?;
        let found = Digest::of(&bytes);
        if found == digest { Ok(bytes) } else { Err(self.damaged(&what, &format!("its content is {found}"))) }
    }

    /// Keeps what was there under that tag as a blob, which nothing names any more.
    fn tag(&self, tag: &str, descriptor: Descriptor) -> Result<(), LayoutError> {
        let mut index: ImageIndex = self.json(INDEX_FILE, REGISTRY_LAYOUT_INDEX_BYTES_MAX)?;
        index.manifests.retain(|other| other.annotations.get(REF_NAME).is_none_or(|name| name != tag));
        index.manifests.push(descriptor.with(REF_NAME, tag));
        self.write_json(INDEX_FILE, &index)
    }

    fn tagged(&self, tag: &str) -> Result<Option<Descriptor>, LayoutError> {
        let index: ImageIndex = self.json(INDEX_FILE, REGISTRY_LAYOUT_INDEX_BYTES_MAX)?;
        if index.schema_version != SCHEMA_VERSION {
            return Err(self.damaged(INDEX_FILE, &"it has another `schemaVersion` than 2"));
        }
        let mut named = index.manifests.into_iter().filter(|it| it.annotations.get(REF_NAME).is_some_and(|name| name == tag));
        match (named.next(), named.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => Err(self.damaged(INDEX_FILE, &format!("it names more than one `{tag}`"))),
        }
    }

    fn put(&self, bytes: &[u8]) -> Result<(), LayoutError> {
        let digest = Digest::of(bytes);
        let is_there = self.blob(digest, bytes.len()).is_ok();
        if is_there { Ok(()) } else { self.write(&format!("{BLOBS}/{}", digest.hex()), bytes) }
    }

    fn json<T: DeserializeOwned>(&self, what: &str, bytes_max: usize) -> Result<T, LayoutError> {
        let bytes = self.read(what, bytes_max)?;
        serde_json::from_slice(&bytes).map_err(|error| self.damaged(what, &error))
    }

    fn read(&self, what: &str, bytes_max: usize) -> Result<Vec<u8>, LayoutError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => self.missing(what),
            _ => self.io(what, error),
        };
        // Not a link, which could lead to any of the folder's files, nor a pipe, which would be waited for.
        if !self.dir.symlink_metadata(what).map_err(failed)?.is_file() {
            return Err(self.damaged(what, &"it is not a file"));
        }
        let mut options = OpenOptions::new();
        let file = self.dir.open_with(what, options.read(true).follow(FollowSymlinks::No)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > bytes_max {
            return Err(LayoutError::TooLarge { path: self.path.clone(), what: format!("`{what}`"), bytes_max });
        }
        Ok(bytes)
    }

    fn write_json<T: serde::Serialize>(&self, what: &str, content: &T) -> Result<(), LayoutError> {
        let bytes = serde_json::to_vec(content).map_err(|error| self.io(what, error.into()))?;
        if bytes.len() > REGISTRY_LAYOUT_INDEX_BYTES_MAX {
            let bytes_max = REGISTRY_LAYOUT_INDEX_BYTES_MAX;
            return Err(LayoutError::TooLarge { path: self.path.clone(), what: format!("`{what}`"), bytes_max });
        }
        self.write(what, &bytes)
    }

    /// Writes a file beside it and gives it the name when it is whole. One of us at a time: see [`Self::lock`].
    fn write(&self, what: &str, bytes: &[u8]) -> Result<(), LayoutError> {
        let temporary = match what.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/.new"),
            None => ".new".to_owned(),
        };
        let written = (|| {
            let _of_one_that_was_ended = self.dir.remove_file(&temporary);
            let mut file = self.dir.open_with(&temporary, OpenOptions::new().write(true).create_new(true))?;
            file.write_all(bytes)?;
            file.sync_all()?;
            self.dir.rename(&temporary, &self.dir, what)
        })();
        if written.is_err() {
            let _gone = self.dir.remove_file(&temporary);
        }
        written.map_err(|error| self.io(what, error))
    }

    /// Holds everybody else off who would write here.
    fn lock(&self) -> Result<std::fs::File, LayoutError> {
        let lock = self.dir.open(LAYOUT_FILE).map(File::into_std).map_err(|error| self.io(LAYOUT_FILE, error))?;
        lock.lock().map_err(|error| self.io(LAYOUT_FILE, error))?;
        Ok(lock)
    }

    fn missing(&self, what: &str) -> LayoutError {
        LayoutError::Missing { path: self.path.clone(), what: format!("`{what}`") }
    }

    fn damaged(&self, what: &str, problem: &dyn fmt::Display) -> LayoutError {
        LayoutError::Damaged { path: self.path.clone(), what: format!("`{what}`"), problem: explained(problem) }
    }

    fn io(&self, what: &str, source: io::Error) -> LayoutError {
        LayoutError::Io { path: self.path.clone(), what: format!("`{what}`"), source }
    }
}

/// Whether there is nothing in the folder, or only what a program left that was ended while it made it a layout: [`LAYOUT_FILE`]
/// comes last, and nothing is added before.
fn is_half_made(path: &Path) -> io::Result<bool> {
    let is_ours = |name: &OsStr| [".new", INDEX_FILE].map(OsStr::new).contains(&name);
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let is_left = match entry.file_type()? {
            kind if kind.is_dir() => entry.file_name() == "blobs" && is_without_blobs(&entry.path())?,
            kind => kind.is_file() && is_ours(&entry.file_name()),
        };
        if !is_left {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_without_blobs(blobs: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(blobs)? {
        let entry = entry?;
        let is_empty = || Ok::<_, io::Error>(std::fs::read_dir(entry.path())?.next().is_none());
        if entry.file_name() != "sha256" || !entry.file_type()?.is_dir() || !is_empty()? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layout").field(&self.path).finish()
    }
}

#[cfg(test)]
mod tests;

//! A registry of plugins in a folder, and a publisher who puts plugins on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ambient::{Ambient, CountingEntropy, SystemClock};
use octi_registry::freshness::Freshness;
use octi_registry::index::{Entry, Index, Plugins, Release};
use octi_registry::layout::{Document, Layout};
use octi_registry::revocation::{Feed, Revocation, Target};
use octi_registry::section;
use octi_registry::{Digest, Package, PluginName, SecretKey, Statement, Version};

use crate::guests::{Guest, manifest, with_manifest};

/// A registry in a folder.
pub struct Shelf {
    folder: PathBuf,
    /// Of whoever runs the registry.
    pub key: SecretKey,
    /// Of the publisher `acme`.
    pub publisher: SecretKey,
    plugins: Plugins,
    revocations: Vec<Revocation>,
    sequence: u64,
}

/// The secret key of that number; the same in each run.
#[must_use]
pub fn key(number: u8) -> SecretKey {
    let ambient = Ambient::new(Arc::new(SystemClock), Arc::new(CountingEntropy::default()));
    for _ in 1..number {
        let _before: [u8; 1] = ambient.bytes();
    }
    SecretKey::generate(&ambient)
}

/// A plugin file whose tool `run` answers with that JSON; `extra` is more of its manifest.
#[must_use]
pub fn plugin(id: &str, version: &str, extra: &str, json: &str) -> Vec<u8> {
    with_manifest(Guest::default().answers(json).component(), &manifest(id, version, extra))
}

fn must<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

impl Shelf {
    /// An empty registry.
    ///
    /// # Panics
    /// When the folder cannot be written.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        must("a layout", Layout::create(folder));
        let mut shelf = Self {
            folder: folder.to_owned(),
            key: key(1),
            publisher: key(5),
            plugins: BTreeMap::new(),
            revocations: Vec::new(),
            sequence: 0,
        };
        shelf.seal();
        shelf
    }

    /// The section of `config.toml` under which it is known by that name.
    #[must_use]
    pub fn config(&self, name: &str) -> String {
        format!("[registries.{name}]\nlocation = '{}'\nkeys = ['{}']\n", self.folder.display(), self.key.public())
    }

    /// Publishes a plugin file; the digest of the package.
    ///
    /// # Panics
    /// When it is no plugin.
    pub fn publish(&mut self, wasm: &[u8]) -> Digest {
        self.publish_changed(wasm, |_| {})
    }

    /// The same after somebody changed what was signed.
    ///
    /// # Panics
    /// When it is no plugin.
    pub fn publish_changed(&mut self, wasm: &[u8], change: impl FnOnce(&mut Package)) -> Digest {
        let section = must("a plugin", section::manifest(wasm)).to_vec();
        let manifest: serde_json::Value = must("a manifest", serde_json::from_slice(&section));
        let text = |field: &str| manifest[field].as_str().unwrap_or_default().to_owned();
        let name: PluginName = must("an id", text("id").parse());
        let version: Version = must("a version", text("version").parse());
        let statement = Statement {
            name: name.clone(),
            version: version.clone(),
            wasm: Digest::of(wasm),
            manifest: Digest::of(&section),
            sbom: None,
            wit: must("a contract", text("wit").parse()),
            created: must("a time", "2026-11-29T10:42:21Z".parse()),
        };
        let mut package = Package {
            wasm: wasm.to_vec(),
            manifest: section,
            signature: statement.sign(&self.publisher).to_string().into_bytes(),
            statement: statement.encode(),
            key: self.publisher.public(),
            sbom: None,
            rotations: Vec::new(),
            imports: Vec::new(),
            exports: Vec::new(),
        };
        change(&mut package);
        let packed = must("a package", package.pack());
        must("the folder", self.layout().add_package(&name, &version, &packed));
        let release = Release {
            package: packed.digest,
            wasm: Digest::of(&package.wasm),
            manifest: Digest::of(&package.manifest),
            yanked: None,
        };
        let new = || Entry { description: text("description"), kinds: ["tool".to_owned()].into(), versions: BTreeMap::new() };
        self.plugins.entry(name).or_insert_with(new).versions.insert(version, release);
        self.seal();
        packed.digest
    }

    /// Takes a version back.
    ///
    /// # Panics
    /// When it is not there.
    pub fn yank(&mut self, id: &str, version: &str, why: &str) {
        let (name, version): (PluginName, Version) = (must("an id", id.parse()), must("a version", version.parse()));
        let release = self.plugins.get_mut(&name).and_then(|entry| entry.versions.get_mut(&version));
        release.unwrap_or_else(|| panic!("`{id}` {version} is not there")).yanked = Some(why.to_owned());
        self.seal();
    }

    /// Revokes something.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn revoke(&mut self, target: Target, reason: &str) {
        self.revocations.push(Revocation { target, reason: reason.to_owned(), revoked: now() });
        self.seal();
    }

    /// Signs index and revocations anew.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn seal(&mut self) {
        self.sequence += 1;
        let created = now() - TimeDelta::hours(1);
        self.seal_as(Freshness { sequence: self.sequence, created, expires: created + TimeDelta::days(2) });
    }

    /// The same at another time, or in another place of the row.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn seal_as(&self, freshness: Freshness) {
        let index = must("an index", Index::seal(freshness, &self.plugins, &self.key));
        must("the folder", self.layout().set_document(Document::Index, &index));
        let feed = must("a feed", Feed::seal(freshness, &self.revocations, &self.key));
        must("the folder", self.layout().set_document(Document::Revocations, &feed));
    }

    /// The sequence of the newest documents.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The file of some content, for a test that damages it.
    #[must_use]
    pub fn blob(&self, digest: Digest) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.hex())
    }

    fn layout(&self) -> Layout {
        must("a layout", Layout::open(&self.folder))
    }
}

/// The target of a revocation: that version, whatever its bytes are.
///
/// # Panics
/// When one of them is not valid.
#[must_use]
pub fn release(id: &str, version: &str) -> Target {
    Target::Release { name: must("an id", id.parse()), version: must("a version", version.parse()) }
}

/// The clock of the programs under test.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Ambient::system().now()
}

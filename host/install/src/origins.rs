//! Where the plugin files of this host came from, by their bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use octi_domain::limits::{PLUGIN_ORIGINS_BYTES_MAX, PLUGIN_ORIGINS_MAX};
use octi_registry::state::{self, StateError};
use octi_registry::{Digest, PluginName, PublicKey, Version};
use serde::{Deserialize, Serialize};

/// Where one file came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub name: PluginName,
    pub version: Version,
    /// The registry's name in `config.toml`.
    pub registry: String,
    /// Of the OCI manifest.
    pub package: Digest,
    /// The key that its statement was signed with.
    pub publisher: PublicKey,
    pub fetched: DateTime<Utc>,
}

/// By the digest of the file.
pub(crate) type Origins = BTreeMap<Digest, Origin>;

/// The file of origins of this host.
#[derive(Debug, Clone)]
pub(crate) struct OriginsFile(PathBuf);

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    #[serde(default)]
    origins: Origins,
}

impl OriginsFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// All of them. It waits for the disk.
    pub(crate) fn load(&self) -> Result<Origins, StateError> {
        let file: Option<File> = state::read(&self.0, PLUGIN_ORIGINS_BYTES_MAX)?;
        Ok(file.unwrap_or_default().origins)
    }

    /// Remembers one, and the newest few of each plugin that is installed. It waits for the disk.
    pub(crate) fn add(&self, wasm: Digest, origin: Origin, installed: &BTreeSet<String>) -> Result<Origins, StateError> {
        let _lock = state::lock(&self.0)?;
        let mut origins = self.load()?;
        origins.insert(wasm, origin.clone());
        origins.retain(|_, old| old.name == origin.name || installed.contains(old.name.as_str()));
        let mut of_it: Vec<(DateTime<Utc>, Digest)> =
            origins.iter().filter(|(_, old)| old.name == origin.name).map(|(digest, old)| (old.fetched, *digest)).collect();
        of_it.sort();
        for (_, digest) in of_it.iter().rev().filter(|(_, digest)| *digest != wasm).skip(PLUGIN_ORIGINS_MAX - 1) {
            origins.remove(digest);
        }
        let file = File { origins };
        state::write(&self.0, &file, PLUGIN_ORIGINS_BYTES_MAX)?;
        Ok(file.origins)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use octi_testkit::shelf::key;

    use super::*;

    #[test]
    fn the_newest_few_of_what_is_installed_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let file = OriginsFile::new(folder.path().join("origins.json"));
        let origin = |name: &str, minutes: i64| Origin {
            name: name.parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            registry: "main".to_owned(),
            package: Digest::of(b"p"),
            publisher: key(1).public(),
            fetched: DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes),
        };
        let installed = BTreeSet::from(["acme/x".to_owned()]);
        file.add(Digest::of(b"gone"), origin("acme/gone", 0), &installed).unwrap();
        for minute in 0..10_u8 {
            file.add(Digest::of(&[minute]), origin("acme/x", minute.into()), &installed).unwrap();
        }
        let origins = file.load().unwrap();
        assert_eq!(origins.len(), PLUGIN_ORIGINS_MAX);
        assert!(origins.contains_key(&Digest::of(&[9])) && !origins.contains_key(&Digest::of(&[0])), "{origins:?}");
    }

    #[test]
    fn a_file_beyond_every_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("origins.json");
        std::fs::File::create(&path).unwrap().set_len(PLUGIN_ORIGINS_BYTES_MAX as u64 + 1).unwrap();
        assert!(matches!(OriginsFile::new(path).load(), Err(StateError::Damaged(..))));
    }
}

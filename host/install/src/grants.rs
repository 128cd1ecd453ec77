//! What was granted to which plugin of which publisher, when a person installed it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use octi_domain::limits::PLUGIN_GRANTS_BYTES_MAX;
use octi_registry::state::{self, StateError};
use octi_registry::{Digest, PluginName, PublicKey};
use serde::{Deserialize, Serialize};

use crate::rights::Right;

/// The file of grants of this host.
#[derive(Debug, Clone)]
pub(crate) struct GrantsFile(PathBuf);

/// One right that somebody granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Granted {
    right: Right,
    /// The manifest that they saw then.
    manifest: Digest,
}

/// What the plugin of one publisher was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    publisher: PublicKey,
    rights: Vec<Granted>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    #[serde(default)]
    plugins: BTreeMap<PluginName, Entry>,
}

impl GrantsFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// What the plugin was granted under one of these keys. It waits for the disk.
    pub(crate) fn of(&self, plugin: &PluginName, keys: &[PublicKey]) -> Result<Vec<Right>, StateError> {
        let file: File = state::read(&self.0, PLUGIN_GRANTS_BYTES_MAX)?.unwrap_or_default();
        let entry = file.plugins.get(plugin).filter(|entry| keys.contains(&entry.publisher));
        Ok(entry.map(|entry| entry.rights.iter().map(|granted| granted.right.clone()).collect()).unwrap_or_default())
    }

    /// Grants exactly these rights. One that was granted before keeps the manifest that it was granted for. It waits for the disk.
    pub(crate) fn set(
        &self,
        plugin: &PluginName,
        publisher: PublicKey,
        rights: Vec<Right>,
        manifest: Digest,
    ) -> Result<(), StateError> {
        let _lock = state::lock(&self.0)?;
        let mut file: File = state::read(&self.0, PLUGIN_GRANTS_BYTES_MAX)?.unwrap_or_default();
        let before = file.plugins.remove(plugin).map(|entry| entry.rights).unwrap_or_default();
        let kept = |right: &Right| before.iter().find(|granted| granted.right == *right).map(|granted| granted.manifest);
        let granted = |right: Right| Granted { manifest: kept(&right).unwrap_or(manifest), right };
        let entry = Entry { publisher, rights: rights.into_iter().map(granted).collect() };
        file.plugins.insert(plugin.clone(), entry);
        state::write(&self.0, &file, PLUGIN_GRANTS_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use octi_testkit::shelf::key;

    use super::*;

    #[test]
    fn a_grant_is_of_one_publisher_and_ends_with_the_version_that_needs_it_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = GrantsFile::new(folder.path().join("grants.json"));
        let name: PluginName = "acme/x".parse().unwrap();
        let (theirs, other) = (key(1).public(), key(2).public());
        let (few, many) = (Right::Kv { bytes_max: 1 }, Right::Shell { profile: "git".to_owned() });
        file.set(&name, theirs, vec![few.clone(), many], Digest::of(b"1")).unwrap();
        assert_eq!(file.of(&name, &[theirs]).unwrap().len(), 2);
        assert_eq!(file.of(&name, &[other]).unwrap(), []);
        file.set(&name, theirs, vec![few.clone()], Digest::of(b"2")).unwrap();
        assert_eq!(file.of(&name, &[other, theirs]).unwrap(), [few]);
        let text = std::fs::read_to_string(folder.path().join("grants.json")).unwrap();
        assert!(text.contains(&Digest::of(b"1").to_string()) && !text.contains(&Digest::of(b"2").to_string()), "{text}");
    }

    #[test]
    fn a_file_beyond_every_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grants.json");
        std::fs::File::create(&path).unwrap().set_len(PLUGIN_GRANTS_BYTES_MAX as u64 + 1).unwrap();
        assert!(matches!(GrantsFile::new(path).of(&"acme/x".parse().unwrap(), &[]), Err(StateError::Damaged(..))));
    }
}

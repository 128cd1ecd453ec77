//! `plugins.lock`: exactly which plugins of registries run here, so that another host can run the same.

use std::collections::BTreeMap;

use octi_domain::limits::PLUGIN_LOCK_BYTES_MAX;
use octi_registry::{Digest, PluginName, PublicKey, Version};
use serde::{Deserialize, Serialize};

const FORMAT: u32 = 1;
const HEADER: &str = "# Written by octi at each change: the plugins of registries that this host runs.\n\
                      # `octi plugin install --locked` installs exactly these elsewhere.\n\n";

/// One plugin, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    pub name: PluginName,
    pub version: Version,
    /// The registry's name in `config.toml`.
    pub registry: String,
    /// Of the OCI manifest.
    pub package: Digest,
    pub wasm: Digest,
    pub publisher: PublicKey,
}

/// The plugins of a lock file, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock(BTreeMap<PluginName, Locked>);

/// Why a text is no lock file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    #[error("the lock file has {0} bytes, more than the {PLUGIN_LOCK_BYTES_MAX} allowed")]
    TooLong(usize),
    #[error("the lock file is not valid: {0}; take it from the host that wrote it")]
    Malformed(String),
    #[error("the lock file has format {0}, and this octi knows {FORMAT}; update octi")]
    UnknownFormat(u32),
    #[error("the lock file names `{0}` twice; take it from the host that wrote it")]
    Twice(PluginName),
}

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    #[serde(default, rename = "plugin", skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<Locked>,
}

#[derive(Deserialize)]
struct OnlyFormat {
    format: u32,
}

impl Lock {
    /// A lock of these plugins.
    #[must_use]
    pub fn of(plugins: impl IntoIterator<Item = Locked>) -> Self {
        Self(plugins.into_iter().map(|locked| (locked.name.clone(), locked)).collect())
    }

    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// [`LockError`] names the line.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        if text.len() > PLUGIN_LOCK_BYTES_MAX {
            return Err(LockError::TooLong(text.len()));
        }
        let malformed = |error: toml::de::Error| LockError::Malformed(error.to_string());
        let OnlyFormat { format } = toml::from_str(text).map_err(malformed)?;
        if format != FORMAT {
            return Err(LockError::UnknownFormat(format));
        }
        let file: File = toml::from_str(text).map_err(malformed)?;
        let mut plugins = BTreeMap::new();
        for locked in file.plugins {
            if let Some(twice) = plugins.insert(locked.name.clone(), locked) {
                return Err(LockError::Twice(twice.name));
            }
        }
        Ok(Self(plugins))
    }

    /// The plugins, by name.
    pub fn plugins(&self) -> impl Iterator<Item = &Locked> {
        self.0.values()
    }
}

impl std::fmt::Display for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = File { format: FORMAT, plugins: self.0.values().cloned().collect() };
        f.write_str(HEADER)?;
        f.write_str(&toml::to_string(&file).map_err(|_| std::fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use octi_testkit::shelf::key;

    use super::*;

    fn locked(name: &str) -> Locked {
        Locked {
            name: name.parse().unwrap(),
            version: "1.2.0".parse().unwrap(),
            registry: "main".to_owned(),
            package: Digest::of(b"package"),
            wasm: Digest::of(b"wasm"),
            publisher: key(1).public(),
        }
    }

    #[test]
    fn a_lock_has_one_text_whatever_the_order() {
        let lock = Lock::of([locked("acme/weather"), locked("acme/calendar")]);
        let text = lock.to_string();
        assert_eq!(text, Lock::of([locked("acme/calendar"), locked("acme/weather")]).to_string());
        assert_eq!(Lock::parse(&text).unwrap(), lock);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_is_no_lock_is_refused_with_what_to_do() {
        let twice = format!(
            "{}{}",
            Lock::of([locked("acme/x")]),
            Lock::of([locked("acme/x")]).to_string().split_once("\n\n").unwrap().1.replace("format = 1\n", "")
        );
        assert_eq!(Lock::parse(&twice), Err(LockError::Twice("acme/x".parse().unwrap())), "{twice}");
        assert_eq!(Lock::parse("format = 2\nsurprise = 1"), Err(LockError::UnknownFormat(2)));
        assert_eq!(Lock::parse(&" ".repeat(PLUGIN_LOCK_BYTES_MAX + 1)), Err(LockError::TooLong(PLUGIN_LOCK_BYTES_MAX + 1)));
        for text in ["", "format = 1\n[[plugin]]\nname = 'acme/x'", "format = 1\nplugin = 3"] {
            assert!(matches!(Lock::parse(text), Err(LockError::Malformed(_))), "{text}");
        }
    }
}

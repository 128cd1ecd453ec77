//! The signed index of a registry: which plugins there are, and which bytes each version is.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use octi_domain::limits::{
    REGISTRY_INDEX_BYTES_MAX, REGISTRY_INDEX_DAYS_MAX, REGISTRY_KINDS_MAX, REGISTRY_PLUGINS_MAX, REGISTRY_TEXT_BYTES_MAX,
    REGISTRY_VERSIONS_MAX,
};
use octi_extension::manifest::{is_name, one_line};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::envelope::{self, Document, EnvelopeError};
use crate::freshness::{Freshness, FreshnessError};
use crate::keys::{PublicKey, SecretKey};
use crate::name::{PluginName, Version};

/// What a registry offers, as it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    freshness: Freshness,
    plugins: Plugins,
    digest: Digest,
}

/// The plugins of an index.
pub type Plugins = BTreeMap<PluginName, Entry>;

/// As it is signed. Fields that this octi does not know are passed over: a registry may say more than it can read.
#[derive(Serialize, Deserialize)]
struct Payload<P> {
    #[serde(flatten)]
    freshness: Freshness,
    plugins: P,
}

/// One plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// One line.
    pub description: String,
    /// Such as `tool` and `role`; names, because a newer plugin may be of a kind that this octi does not know.
    #[serde(default)]
    pub kinds: BTreeSet<String>,
    pub versions: BTreeMap<Version, Release>,
}

/// One version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Of the OCI manifest: what to fetch.
    pub package: Digest,
    pub wasm: Digest,
    /// Of the plugin's manifest.
    pub manifest: Digest,
    /// Why it should not be installed any more. What is installed goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
}

/// Why an index is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    #[error("the index of the registry is not valid now: {0}")]
    Freshness(#[from] FreshnessError),
    #[error("the index of the registry: `{field}`: {problem}; ask who runs the registry to mend it")]
    Field { field: String, problem: String },
}

impl Index {
    /// Reads an index that one of these keys signed and that holds now.
    /// Whether something newer was seen before is for [`Seen`](crate::seen::Seen) to say.
    ///
    /// # Errors
    /// [`IndexError`], a different one for each reason.
    pub fn verify(envelope: &[u8], trusted: &[PublicKey], now: DateTime<Utc>) -> Result<Self, IndexError> {
        let index = Self::verify_kept(envelope, trusted)?;
        index.freshness.check(now, REGISTRY_INDEX_DAYS_MAX)?;
        Ok(index)
    }

    /// Reads an index of which it does not matter whether it holds now: for its owner, who signs the next one.
    ///
    /// # Errors
    /// [`IndexError`], a different one for each reason.
    pub fn verify_kept(envelope: &[u8], trusted: &[PublicKey]) -> Result<Self, IndexError> {
        let (payload, _key) = envelope::open(Document::Index, envelope, trusted, REGISTRY_INDEX_BYTES_MAX)?;
        let Payload { freshness, plugins } = envelope::read::<Payload<Plugins>>(Document::Index, &payload)?;
        check(&plugins)?;
        Ok(Self { freshness, plugins, digest: Digest::of(&payload) })
    }

    /// Signs an index of these plugins.
    ///
    /// # Errors
    /// What would be refused by everybody who reads it.
    pub fn seal(freshness: Freshness, plugins: &Plugins, key: &SecretKey) -> Result<Vec<u8>, IndexError> {
        freshness.check_span(REGISTRY_INDEX_DAYS_MAX)?;
        check(plugins)?;
        let payload = serde_json::to_vec(&Payload { freshness, plugins }).unwrap_or_default();
        let envelope = envelope::seal(Document::Index, &payload, key);
        if envelope.len() > REGISTRY_INDEX_BYTES_MAX {
            let too_long =
                EnvelopeError::TooLong { document: "index", bytes: envelope.len(), bytes_max: REGISTRY_INDEX_BYTES_MAX };
            return Err(too_long.into());
        }
        Ok(envelope)
    }

    /// All plugins.
    #[must_use]
    pub const fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    /// Its place in the row of indexes, and how long it holds.
    #[must_use]
    pub const fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// What two indexes with the same sequence must have in common.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The newest version that one would install unasked: neither yanked nor before its release.
    #[must_use]
    pub fn newest(&self, name: &PluginName) -> Option<(&Version, &Release)> {
        let versions = &self.plugins.get(name)?.versions;
        versions.iter().rev().find(|(version, release)| release.yanked.is_none() && !version.is_pre_release())
    }

    /// One version of a plugin.
    #[must_use]
    pub fn release(&self, name: &PluginName, version: &Version) -> Option<&Release> {
        self.plugins.get(name)?.versions.get(version)
    }
}

fn check(plugins: &Plugins) -> Result<(), IndexError> {
    let field = |field: String, problem: String| Err(IndexError::Field { field, problem });
    if plugins.len() > REGISTRY_PLUGINS_MAX {
        let problem = format!("{} plugins are more than the {REGISTRY_PLUGINS_MAX} allowed", plugins.len());
        return field("plugins".to_owned(), problem);
    }
    for (name, entry) in plugins {
        if let Err((what, problem)) = entry.check() {
            return field(format!("plugins.{name}.{what}"), problem);
        }
    }
    Ok(())
}

impl Entry {
    fn check(&self) -> Result<(), (String, String)> {
        check_text(&self.description).map_err(|problem| ("description".to_owned(), problem))?;
        if self.kinds.len() > REGISTRY_KINDS_MAX || !self.kinds.iter().all(|kind| is_name(kind)) {
            let problem = format!("its kinds are not up to {REGISTRY_KINDS_MAX} names in lower case, such as `tool`");
            return Err(("kinds".to_owned(), problem));
        }
        if self.versions.len() > REGISTRY_VERSIONS_MAX {
            let problem = format!("{} versions are more than the {REGISTRY_VERSIONS_MAX} allowed", self.versions.len());
            return Err(("versions".to_owned(), problem));
        }
        for (version, release) in &self.versions {
            let yanked = release.yanked.as_deref().unwrap_or_default();
            check_text(yanked).map_err(|problem| (format!("versions.{version}.yanked"), problem))?;
        }
        Ok(())
    }
}

/// A line that a person reads, of a bounded length.
pub(crate) fn check_text(text: &str) -> Result<(), String> {
    if text.len() > REGISTRY_TEXT_BYTES_MAX {
        return Err(format!("{} bytes are more than the {REGISTRY_TEXT_BYTES_MAX} allowed", text.len()));
    }
    one_line(text)
}

#[cfg(test)]
mod tests;

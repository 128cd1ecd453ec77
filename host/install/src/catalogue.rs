//! What registries have, and what of it is newer than what runs.

use std::collections::BTreeMap;

use octi_domain::limits::PLUGIN_VERSIONS_SHOWN_MAX;
use octi_registry::index::Entry;
use octi_registry::{PluginName, Version, is_reserved};

use crate::installer::Installer;
use crate::refusal::Refusal;
use crate::registries::{ANSWER_TIME, in_time};
use crate::text::harmless;

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// All of them when absent.
    pub registry: Option<String>,
    /// In the id or the description, in any case.
    pub text: Option<String>,
    /// Only what is newer than what runs.
    pub outdated: bool,
    /// Only what comes after this registry and plugin.
    pub after: Option<(String, String)>,
    pub count_max: usize,
}

/// A plugin that a registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Available {
    pub registry: String,
    pub name: PluginName,
    /// The newest that one would install unasked.
    pub version: Version,
    /// The newest versions, the newest first, each with why its publisher took it back.
    pub versions: Vec<(Version, Option<String>)>,
    pub description: String,
    pub kinds: Vec<String>,
    /// The version that runs now, when it came from this registry.
    pub installed: Option<String>,
}

impl Installer {
    /// What registries have, by registry and name.
    ///
    /// # Errors
    /// [`Refusal`] when one of them does not answer: a list that is silently short would look like the whole.
    pub async fn available(&self, search: &Search) -> Result<Vec<Available>, Refusal> {
        let mut found = Vec::new();
        for registry in self.registries.asked(search.registry.as_deref())? {
            let index = in_time(registry, ANSWER_TIME, async {
                let opened = self.registries.open(registry).await?;
                opened.index().await.map_err(Refusal::of(registry))
            });
            let index = index.await?;
            let installed = self.installed(registry);
            for (name, entry) in index.plugins() {
                if found.len() >= search.count_max {
                    return Ok(found);
                }
                let is_later = search.after.as_ref().is_none_or(|(of, after)| (registry, name.as_str()) > (of, after));
                if is_reserved(name.publisher()) || !is_later || !search.fits(name, entry) {
                    continue;
                }
                let Some((version, _)) = index.newest(name) else { continue };
                let installed = installed.get(name.as_str()).cloned();
                let is_outdated = installed.as_ref().is_some_and(|installed| Self::is_newer(installed, version));
                if !search.outdated || is_outdated {
                    found.push(Available {
                        registry: registry.to_owned(),
                        name: name.clone(),
                        version: version.clone(),
                        versions: newest(entry),
                        description: harmless(&entry.description),
                        kinds: entry.kinds.iter().cloned().collect(),
                        installed,
                    });
                }
            }
        }
        Ok(found)
    }

    /// The versions that run now and came from that registry, by id.
    fn installed(&self, registry: &str) -> BTreeMap<String, String> {
        let is_theirs = |digest: &str| self.origin(digest).is_some_and(|origin| origin.registry == registry);
        let theirs = self.installed_files().into_iter().filter(|plugin| is_theirs(&plugin.digest));
        theirs.map(|plugin| (plugin.id, plugin.version)).collect()
    }
}

fn newest(entry: &Entry) -> Vec<(Version, Option<String>)> {
    let versions = entry.versions.iter().rev().take(PLUGIN_VERSIONS_SHOWN_MAX);
    versions.map(|(version, release)| (version.clone(), release.yanked.as_deref().map(harmless))).collect()
}

impl Search {
    fn fits(&self, name: &PluginName, entry: &Entry) -> bool {
        let Some(text) = &self.text else { return true };
        let text = text.to_lowercase();
        name.as_str().contains(&text) || entry.description.to_lowercase().contains(&text)
    }
}

//! What of an index somebody looks for.

use octi_registry::index::{Entry, Index};
use octi_registry::{PluginName, Version};

/// A plugin that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    pub name: &'a PluginName,
    pub entry: &'a Entry,
    /// The version that one would install unasked; none when all are yanked, or before their release.
    pub newest: Option<&'a Version>,
}

/// The plugins whose name, description and kinds have all of these words, those with a word in their name first. Without words, all.
#[must_use]
pub fn search<'a>(index: &'a Index, words: &[String]) -> Vec<Hit<'a>> {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let mut found: Vec<(bool, Hit<'a>)> = Vec::new();
    for (name, entry) in index.plugins() {
        let said =
            format!("{name} {} {}", entry.description, entry.kinds.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
        let said = said.to_lowercase();
        if words.iter().all(|word| said.contains(word.as_str())) {
            let is_named = words.iter().any(|word| name.as_str().contains(word.as_str()));
            let newest = index.newest(name).map(|(version, _)| version);
            found.push((!is_named, Hit { name, entry, newest }));
        }
    }
    found.sort_by_key(|(is_later, hit)| (*is_later, hit.name));
    found.into_iter().map(|(_, hit)| hit).collect()
}

//! `[registries.NAME]`: where plugins may be installed from, and whose word counts there.

use std::collections::BTreeMap;
use std::path::Path;

use octi_domain::limits::{REGISTRIES_MAX, REGISTRY_KEYS_MAX};
use serde::Deserialize;

/// One registry of plugins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Where it is: the absolute path of a folder, or an address with its scheme.
    pub location: String,
    /// The public keys of who runs it, of which one signs the index and the revocations. More than one while a key changes.
    pub keys: Vec<String>,
}

/// By the name that commands and the lock file know each by.
pub type Registries = BTreeMap<String, Registry>;

/// Checks what can be told without asking anybody. Whether a key is one is for whoever uses it to say.
pub(crate) fn check(registries: &Registries) -> Result<(), (String, String)> {
    if registries.len() > REGISTRIES_MAX {
        let problem = format!("{} registries are more than the {REGISTRIES_MAX} allowed", registries.len());
        return Err(("registries".to_owned(), problem));
    }
    registries.iter().try_for_each(|(name, registry)| {
        let place = format!("registries.{name}");
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 64 || name.starts_with('-') || !name.chars().all(is_plain) {
            let problem = "a registry's name is lower case letters, digits and `-`, such as `main`";
            return Err((place, problem.to_owned()));
        }
        registry.check().map_err(|(field, problem)| (format!("{place}.{field}"), problem))
    })
}

impl Registry {
    fn check(&self) -> Result<(), (&'static str, String)> {
        let is_address = self.location.split_once("://").is_some_and(|(scheme, rest)| {
            !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_lowercase()) && !rest.is_empty()
        });
        if !is_address && !Path::new(&self.location).is_absolute() {
            let problem = format!("`{}` is neither the absolute path of a folder nor an address with its scheme", self.location);
            return Err(("location", problem));
        }
        if self.location.contains(|c: char| c.is_control() || c == '`') {
            return Err(("location", "it holds a character that no place has in its name".to_owned()));
        }
        if self.keys.is_empty() {
            let problem = "without a key nobody can say what the registry signed: get its public key from who runs it, not from the registry";
            return Err(("keys", problem.to_owned()));
        }
        if self.keys.len() > REGISTRY_KEYS_MAX {
            return Err(("keys", format!("{} keys are more than the {REGISTRY_KEYS_MAX} allowed", self.keys.len())));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let registries: Registries = toml::from_str(text).expect("well-formed");
        check(&registries).err().map_or_else(String::new, |(place, problem)| format!("{place}: {problem}"))
    }

    #[test]
    fn a_registry_has_a_place_and_a_key() {
        assert_eq!(problem("[main]\nlocation = '/srv/plugins'\nkeys = ['ed25519:x']"), "");
        assert_eq!(problem("[main]\nlocation = 'oci://registry.example/plugins'\nkeys = ['ed25519:x']"), "");
        for (text, part) in [
            ("[main]\nlocation = 'plugins'\nkeys = ['x']", "registries.main.location: `plugins` is neither"),
            ("[main]\nlocation = '://x'\nkeys = ['x']", "registries.main.location: `://x` is neither"),
            (
                "[main]\nlocation = '/srv/\\u001b'\nkeys = ['x']".replace('\'', "\"").as_str(),
                "registries.main.location: it holds",
            ),
            ("[main]\nlocation = '/srv'\nkeys = []", "registries.main.keys: without a key"),
            ("[Main]\nlocation = '/srv'\nkeys = ['x']", "registries.Main: a registry's name"),
        ] {
            assert!(problem(text).starts_with(part), "{text}: {}", problem(text));
        }
    }

    #[test]
    fn there_are_few_registries_and_each_has_few_keys() {
        let many: String = (0..=REGISTRIES_MAX).map(|n| format!("[r{n}]\nlocation = '/srv'\nkeys = ['x']\n")).collect();
        assert!(problem(&many).starts_with("registries: 17 registries are more than"), "{}", problem(&many));
        let keys = ["'x'"; REGISTRY_KEYS_MAX + 1].join(", ");
        let problem = problem(&format!("[main]\nlocation = '/srv'\nkeys = [{keys}]"));
        assert!(problem.starts_with("registries.main.keys: 9 keys are more than"), "{problem}");
    }
}

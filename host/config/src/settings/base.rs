//! What environment, file and defaults say: the value that holds when the database has none.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use ipnet::IpNet;
use serde_json::Value;

use super::check::networks;
use super::{DEFINITIONS, Definition, Source, check, parse};
use crate::env::Environment;
use crate::load::ConfigError;

/// One value below the database. The value of a secret is in it.
#[derive(Clone, PartialEq)]
pub struct Given {
    pub source: Source,
    /// Null for nothing.
    pub value: Value,
}

/// The values of all settings below the database, by key.
#[derive(Clone, Default)]
pub struct Base(BTreeMap<&'static str, Given>);

impl Base {
    /// Reads every setting. `file` is the content of `config.toml`, whose keys were checked already.
    pub(crate) fn read(environment: &Environment, path: &Path, file: &toml::Table) -> Result<Self, ConfigError> {
        let mut all = BTreeMap::new();
        for definition in DEFINITIONS {
            all.insert(definition.key, read(definition, environment, path, file)?);
        }
        Ok(Self(all))
    }

    /// What holds for a setting.
    #[must_use]
    pub fn get(&self, definition: &Definition) -> Given {
        let default = || Given { source: Source::Default, value: (definition.default)() };
        self.0.get(definition.key).cloned().unwrap_or_else(default)
    }

    /// Shows another value than what was given, such as an address without its password.
    pub(crate) fn show(&mut self, key: &str, value: Value) {
        if let Some(given) = self.0.get_mut(key) {
            given.value = value;
        }
    }

    #[cfg(test)]
    pub(crate) fn number(&self, key: &str) -> u64 {
        self.0.get(key).and_then(|given| given.value.as_u64()).unwrap_or_default()
    }

    /// The networks of a setting that was read, and so checked.
    pub(crate) fn networks(&self, key: &str) -> Vec<IpNet> {
        self.0.get(key).and_then(|given| networks(&given.value).ok()).unwrap_or_default()
    }

    /// The text that environment or file give, and not the default.
    pub(crate) fn given_text(&self, key: &str) -> Option<String> {
        let given = self.0.get(key).filter(|given| given.source != Source::Default)?;
        given.value.as_str().map(str::to_owned)
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(key, given)| (key, given.source))).finish()
    }
}

fn read(definition: &Definition, environment: &Environment, path: &Path, file: &toml::Table) -> Result<Given, ConfigError> {
    if let Some(name) = definition.variable
        && let Some(text) = environment.get(name)
    {
        let value = parse(definition, text).and_then(|value| check(definition, &value).map(|()| value));
        return match value {
            // Nobody reads it from here, so that it is not kept a second time.
            Ok(_) if definition.is_secret && definition.fixed.is_some() => {
                Ok(Given { source: Source::Environment, value: Value::Bool(true) })
            }
            Ok(value) => Ok(Given { source: Source::Environment, value }),
            Err(problem) => {
                // An address may have a password in it.
                let hides = definition.is_secret || definition.key == super::key::DATABASE_URL || text.contains('@');
                let value = if hides { "…".to_owned() } else { text.to_owned() };
                Err(ConfigError::Variable { name, value, expected: problem.to_string() })
            }
        };
    }
    if let Some(place) = definition.file_key
        && let Some(value) = look_up(file, place)
    {
        let invalid = |problem: String| ConfigError::File { path: path.into(), problem };
        let value = serde_json::to_value(value).map_err(|error| invalid(format!("`{place}`: {error}")))?;
        check(definition, &value).map_err(|problem| {
            let dot = if problem.path.is_empty() || problem.path.starts_with('[') { "" } else { "." };
            invalid(format!("`{place}{dot}{}`: {}", problem.path, problem.message))
        })?;
        return Ok(Given { source: Source::File, value });
    }
    Ok(Given { source: Source::Default, value: (definition.default)() })
}

fn look_up<'a>(file: &'a toml::Table, place: &str) -> Option<&'a toml::Value> {
    let (tables, last) = place.rsplit_once('.').map_or((None, place), |(tables, last)| (Some(tables), last));
    let mut table = file;
    for name in tables.into_iter().flat_map(|tables| tables.split('.')) {
        table = table.get(name)?.as_table()?;
    }
    table.get(last)
}

//! The value of each setting at one moment, and where it comes from.

use std::collections::BTreeMap;
use std::fmt;

use octi_config::settings::{Base, DEFINITIONS, Definition, Source};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::checks::check;

/// What the database holds of one setting.
pub(crate) enum Stored {
    Value(Value),
    /// Opened already; the error says why it cannot be.
    Secret(Result<SecretString, String>),
}

/// One setting at one moment.
#[derive(Clone)]
pub struct Entry {
    pub definition: &'static Definition,
    pub source: Source,
    /// Why what is stored is ignored.
    pub problem: Option<String>,
    value: Value,
    secret: Option<SecretString>,
    /// Every secret that is set somewhere, also where another place is stronger or the value cannot be used.
    secrets: Vec<SecretString>,
}

impl Entry {
    fn new(definition: &'static Definition, base: &Base, stored: Option<Stored>) -> Self {
        let given = base.get(definition);
        let (source, value) = (given.source, Value::Null);
        let mut entry = Self { definition, source, problem: None, value, secret: None, secrets: Vec::new() };
        entry.hold(given.value);
        entry.secrets.extend(entry.secret.clone());
        if let Some(Stored::Secret(Ok(secret))) = &stored {
            entry.secrets.push(secret.clone());
        }
        let usable = match stored {
            None => return entry,
            Some(_) if definition.fixed.is_some() => Err("it is set outside of the database".to_owned()),
            Some(Stored::Value(_)) if definition.is_secret => Err("it is not sealed".to_owned()),
            Some(Stored::Value(value)) => check(definition, &value).map(|()| value).map_err(|problem| problem.to_string()),
            Some(Stored::Secret(opened)) => opened.and_then(|secret| {
                let value = Value::from(secret.expose_secret());
                check(definition, &value).map(|()| value).map_err(|problem| problem.to_string())
            }),
        };
        match usable {
            Ok(value) => {
                entry.source = Source::Database;
                entry.hold(value);
            }
            Err(problem) => entry.problem = Some(problem),
        }
        entry
    }

    fn hold(&mut self, value: Value) {
        if self.definition.is_secret {
            self.secret = match value {
                Value::Null => None,
                Value::String(text) => Some(text.into()),
                other => Some(other.to_string().into()),
            };
        } else {
            self.value = value;
        }
    }

    /// The value; none for a secret, and for what has none.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        Some(&self.value).filter(|value| !value.is_null())
    }

    /// What holds when it is set nowhere; none for a secret.
    #[must_use]
    pub fn default(&self) -> Option<Value> {
        Some((self.definition.default)()).filter(|value| !value.is_null() && !self.definition.is_secret)
    }

    /// Whether somebody set it, wherever.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.source != Source::Default
    }

    /// Whether somebody who sees everything would see a difference.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        let secret = |entry: &Self| entry.secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        let secrets = |entry: &Self| entry.secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect::<Vec<_>>();
        (self.source, &self.value, &self.problem) != (other.source, &other.value, &other.problem)
            || secret(self) != secret(other)
            || secrets(self) != secrets(other)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("key", &self.definition.key).field("source", &self.source).finish_non_exhaustive()
    }
}

/// Every setting at one moment, in the order of the list.
#[derive(Debug, Clone)]
pub struct Snapshot(Vec<Entry>);

impl Snapshot {
    pub(crate) fn new(base: &Base, mut stored: BTreeMap<String, Stored>) -> Self {
        Self(DEFINITIONS.iter().map(|definition| Entry::new(definition, base, stored.remove(definition.key))).collect())
    }

    /// All of them.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    /// The setting of that name.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.definition.key == key)
    }

    pub(crate) fn value(&self, key: &str) -> &Value {
        self.entry(key).map_or(&Value::Null, |entry| &entry.value)
    }

    pub(crate) fn secret(&self, key: &str) -> Option<&SecretString> {
        self.entry(key)?.secret.as_ref()
    }

    /// Every secret that is set for a key, wherever.
    pub(crate) fn secrets_of(&self, key: &str) -> &[SecretString] {
        self.entry(key).map_or(&[], |entry| &entry.secrets)
    }

    /// A number of the list. It was checked against the bounds of its setting.
    pub(crate) fn number(&self, key: &str) -> u64 {
        self.value(key).as_u64().unwrap_or_default()
    }

    /// The keys whose entries are not as in the other one.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.0.iter().zip(&other.0);
        pairs.filter(|(one, other)| one.differs(other)).map(|(one, _)| one.definition.key).collect()
    }
}

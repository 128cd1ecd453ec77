//! What a plugin's host functions lead to, without a database.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;
use octi_extension::services::{KvError, KvItem, KvScope, KvStore, SecretError, SecretSource};
use secrecy::SecretString;

type Place = (String, UserId, String);

/// A memory for plugins that is gone with the test.
#[derive(Debug, Default)]
pub struct Memory {
    items: Mutex<BTreeMap<Place, KvItem>>,
    silent: Option<&'static str>,
}

impl Memory {
    /// Reading this key never ends.
    #[must_use]
    pub const fn with_silent(mut self, key: &'static str) -> Self {
        self.silent = Some(key);
        self
    }

    fn items(&self) -> MutexGuard<'_, BTreeMap<Place, KvItem>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(scope: &KvScope, key: &str) -> Place {
    (scope.plugin.clone(), scope.user_id, key.to_owned())
}

fn is_mine(scope: &KvScope, (plugin, user, _): &Place) -> bool {
    *plugin == scope.plugin && *user == scope.user_id
}

#[async_trait]
impl KvStore for Memory {
    async fn get(&self, scope: &KvScope, key: &str) -> Result<Option<KvItem>, KvError> {
        if self.silent == Some(key) {
            std::future::pending::<()>().await;
        }
        Ok(self.items().get(&place(scope, key)).cloned())
    }

    async fn set(&self, scope: &KvScope, key: &str, value: Vec<u8>, expected: Option<u64>) -> Result<u64, KvError> {
        let mut items = self.items();
        let place = place(scope, key);
        let actual = items.get(&place).map_or(0, |item| item.version);
        if expected.is_some_and(|expected| expected != actual) {
            return Err(KvError::Conflict { actual });
        }
        let others = items.iter().filter(|(other, _)| is_mine(scope, other) && **other != place);
        let bytes: usize = others.map(|((_, _, key), item)| key.len() + item.value.len()).sum();
        if (bytes + key.len() + value.len()) as u64 > scope.bytes_max {
            return Err(KvError::Full { limit: scope.bytes_max });
        }
        items.insert(place, KvItem { value, version: actual + 1 });
        Ok(actual + 1)
    }

    async fn delete(&self, scope: &KvScope, key: &str) -> Result<(), KvError> {
        self.items().remove(&place(scope, key));
        Ok(())
    }

    async fn keys(&self, scope: &KvScope, prefix: &str, start: Option<&str>, max: u32) -> Result<Vec<String>, KvError> {
        let items = self.items();
        let keys = items.keys().filter(|place| is_mine(scope, place)).map(|(_, _, key)| key);
        let keys = keys.filter(|key| key.starts_with(prefix) && start.is_none_or(|start| key.as_str() > start));
        Ok(keys.take(max as usize).cloned().collect())
    }
}

/// Secrets that everybody has.
#[derive(Debug, Default)]
pub struct Secrets(BTreeMap<String, SecretString>);

impl Secrets {
    /// One secret.
    #[must_use]
    pub fn of(name: &str, value: &str) -> Self {
        Self(BTreeMap::from([(name.to_owned(), value.into())]))
    }
}

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, _: &Principal, name: &str) -> Result<Option<SecretString>, SecretError> {
        Ok(self.0.get(name).cloned())
    }
}

//! What the host functions of a throw-away engine lead to: a memory and secrets that are gone with it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use octi_domain::ambient::{Clock, SystemClock};
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;
use octi_extension::services::{KvError, KvItem, KvScope, KvStore, SecretError, SecretSource};
use secrecy::SecretString;
use serde::Deserialize;

type Place = (String, UserId, String);

/// Plugins' memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    items: Mutex<BTreeMap<Place, KvItem>>,
    faults: Mutex<BTreeMap<UserId, KvFault>>,
}

/// What goes wrong with a person's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KvFault {
    /// The database does not answer.
    Unavailable,
    /// Whatever version a write expects, another one came first.
    Conflict,
}

impl Memory {
    fn items(&self) -> MutexGuard<'_, BTreeMap<Place, KvItem>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something go wrong for a person, or nothing any more.
    pub(crate) fn fail(&self, person: UserId, fault: Option<KvFault>) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => faults.insert(person, fault),
            None => faults.remove(&person),
        };
    }

    fn fault(&self, scope: &KvScope) -> Option<KvFault> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).get(&scope.user_id).copied()
    }

    fn answers(&self, scope: &KvScope) -> Result<(), KvError> {
        if self.fault(scope) == Some(KvFault::Unavailable) { Err(KvError::Unavailable) } else { Ok(()) }
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
        self.answers(scope)?;
        Ok(self.items().get(&place(scope, key)).cloned())
    }

    async fn set(&self, scope: &KvScope, key: &str, value: Vec<u8>, expected: Option<u64>) -> Result<u64, KvError> {
        self.answers(scope)?;
        let mut items = self.items();
        let place = place(scope, key);
        let actual = items.get(&place).map_or(0, |item| item.version);
        if let Some(expected) = expected.filter(|_| self.fault(scope) == Some(KvFault::Conflict)) {
            return Err(KvError::Conflict { actual: expected + 1 });
        }
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
        self.answers(scope)?;
        self.items().remove(&place(scope, key));
        Ok(())
    }

    async fn keys(&self, scope: &KvScope, prefix: &str, start: Option<&str>, max: u32) -> Result<Vec<String>, KvError> {
        self.answers(scope)?;
        let items = self.items();
        let keys = items.keys().filter(|place| is_mine(scope, place)).map(|(_, _, key)| key);
        let keys = keys.filter(|key| key.starts_with(prefix) && start.is_none_or(|start| key.as_str() > start));
        Ok(keys.take(max as usize).cloned().collect())
    }
}

/// The time, or the one that a case has.
#[derive(Debug, Default)]
pub(crate) struct CaseClock(Mutex<Option<DateTime<Utc>>>);

impl CaseClock {
    /// Lets the time stand still there, or go on.
    pub(crate) fn set(&self, now: Option<DateTime<Utc>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for CaseClock {
    fn now(&self) -> DateTime<Utc> {
        let fixed = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fixed.unwrap_or_else(|| SystemClock.now())
    }
}

/// The secrets of each person.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<BTreeMap<(UserId, String), SecretString>>);

impl Secrets {
    /// Gives a person a secret.
    pub(crate) fn set(&self, person: UserId, name: &str, value: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((person, name.to_owned()), value.into());
    }
}

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, principal: &Principal, name: &str) -> Result<Option<SecretString>, SecretError> {
        let Some(person) = principal.user_id() else { return Ok(None) };
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(person, name.to_owned())).cloned())
    }
}

#[cfg(test)]
mod tests {
    use octi_domain::ambient::Ambient;

    use super::*;

    #[tokio::test]
    async fn the_memory_keeps_versions_bounds_and_people_apart() {
        let ambient = Ambient::system();
        let memory = Memory::default();
        let scope = KvScope { plugin: "acme/x".to_owned(), user_id: ambient.id(), bytes_max: 10 };
        assert_eq!(memory.set(&scope, "a", b"1".to_vec(), Some(0)).await, Ok(1));
        assert_eq!(memory.set(&scope, "a", b"2".to_vec(), Some(0)).await, Err(KvError::Conflict { actual: 1 }));
        assert_eq!(memory.set(&scope, "b", vec![0; 8], None).await, Err(KvError::Full { limit: 10 }));
        assert_eq!(memory.keys(&scope, "", None, 9).await, Ok(vec!["a".to_owned()]));
        let other = KvScope { user_id: ambient.id(), ..scope };
        assert_eq!(memory.get(&other, "a").await, Ok(None));
        memory.fail(other.user_id, Some(KvFault::Conflict));
        assert_eq!(memory.set(&other, "a", b"1".to_vec(), Some(0)).await, Err(KvError::Conflict { actual: 1 }));
        assert_eq!(memory.set(&other, "a", b"1".to_vec(), None).await, Ok(1));
        memory.fail(other.user_id, Some(KvFault::Unavailable));
        assert_eq!(memory.get(&other, "a").await, Err(KvError::Unavailable));
        memory.fail(other.user_id, None);
        assert!(memory.get(&other, "a").await.is_ok());
    }
}

//! What was read a moment ago, because every tool call asks for it and it hardly ever changes.
//!
//! A change through this store is seen by the next call; one by another host on the same database before long.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use octi_domain::ids::{SessionId, UserId, WorkspaceId};
use octi_domain::limits;
use octi_domain::permission::Rule;
use octi_domain::plugin_access::PluginAccess;
use octi_domain::principal::Principal;
use octi_domain::workspace::Place;
use tokio::time::Instant;

use crate::error::StoreError;

/// How long rules and places are taken for current.
const FRESH: Duration = Duration::from_secs(1);
/// The same for who may use which plugin.
const ACCESS_FRESH: Duration = Duration::from_secs(limits::PLUGIN_ACCESS_SECONDS_MAX);
/// Values of one kind that are kept.
const KEPT_MAX: usize = 1_024;

/// Who asks, whose it is, and the conversation or workspace that was named.
type PlaceKey = (Principal, UserId, Option<SessionId>, Option<WorkspaceId>);

/// Everything that is remembered.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) rules: Remembered<(Principal, Option<SessionId>), Arc<[Rule]>>,
    pub(crate) access: Remembered<(), Arc<PluginAccess>>,
    pub(crate) places: Remembered<PlaceKey, Option<Place>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { rules: Remembered::new(FRESH), access: Remembered::new(ACCESS_FRESH), places: Remembered::new(FRESH) }
    }
}

/// What a transaction changes of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Changes {
    pub(crate) rules: bool,
    pub(crate) access: bool,
    pub(crate) places: bool,
}

impl Memory {
    pub(crate) fn forget(&self, changes: Changes) {
        if changes.rules {
            self.rules.forget();
        }
        if changes.access {
            self.access.forget();
        }
        if changes.places {
            self.places.forget();
        }
    }
}

/// Values of one kind, by what was asked.
pub(crate) struct Remembered<K, V> {
    fresh: Duration,
    kept: Mutex<Kept<K, V>>,
}

/// The count of changes keeps out what was read before a change and handed in after it.
struct Kept<K, V> {
    changes: u64,
    values: HashMap<K, (Instant, V)>,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    fn new(fresh: Duration) -> Self {
        Self { fresh, kept: Mutex::new(Kept { changes: 0, values: HashMap::new() }) }
    }

    /// The value, or what reading it gives.
    ///
    /// # Errors
    /// When it has to be read, and cannot be.
    pub(crate) async fn get<F>(&self, key: K, read: impl FnOnce() -> F) -> Result<V, StoreError>
    where
        F: Future<Output = Result<V, StoreError>>,
    {
        let changes = match self.find(&key) {
            Ok(value) => return Ok(value),
            Err(changes) => changes,
        };
        let read_at = Instant::now();
        // Reading is a large future, and whoever finds the value here would carry it along for nothing.
        let value = Box::pin(read()).await?;
        self.keep(key, read_at, changes, value.clone());
        Ok(value)
    }

    fn find(&self, key: &K) -> Result<V, u64> {
        let kept = self.kept();
        match kept.values.get(key) {
            Some((read_at, value)) if read_at.elapsed() < self.fresh => Ok(value.clone()),
            _ => Err(kept.changes),
        }
    }

    fn keep(&self, key: K, read_at: Instant, changes: u64, value: V) {
        let mut kept = self.kept();
        if kept.changes != changes {
            return;
        }
        if kept.values.len() >= KEPT_MAX {
            kept.values.clear();
        }
        kept.values.insert(key, (read_at, value));
    }

    /// Forgets everything: something was changed.
    fn forget(&self) {
        let mut kept = self.kept();
        kept.changes += 1;
        kept.values.clear();
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> fmt::Debug for Remembered<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("fresh", &self.fresh).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let remembered = Remembered::new(FRESH);
        let changes = remembered.find(&"a").expect_err("nothing is known yet");
        remembered.forget();
        remembered.keep("a", Instant::now(), changes, 1);
        let changes = remembered.find(&"a").expect_err("it was read too early");
        remembered.keep("a", Instant::now(), changes, 2);
        assert_eq!(remembered.find(&"a"), Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_read_once_while_it_is_fresh() {
        let remembered = Remembered::new(FRESH);
        let get = |value| remembered.get("a", move || async move { Ok(value) });
        assert_eq!(get(1).await.expect("read"), 1);
        tokio::time::advance(FRESH - Duration::from_millis(1)).await;
        assert_eq!(get(2).await.expect("remembered"), 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(get(3).await.expect("read"), 3);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let remembered = Remembered::new(FRESH);
        for number in 0..=KEPT_MAX {
            remembered.keep(number, Instant::now(), 0, ());
        }
        assert_eq!(remembered.kept().values.len(), 1);
    }
}

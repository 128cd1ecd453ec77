//! Rules that were read a moment ago, because every tool call asks for them and they hardly ever change.
//!
//! A change through this store is seen by the next call. One by another host on the same database is seen within
//! [`FRESH`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octi_domain::ids::SessionId;
use octi_domain::permission::Rule;
use octi_domain::principal::Principal;
use tokio::time::Instant;

use crate::error::StoreError;
use crate::store::Store;

/// How long rules are taken for current.
const FRESH: Duration = Duration::from_secs(1);
/// People and conversations whose rules are kept.
const KEPT_MAX: usize = 1_024;

type Key = (Principal, Option<SessionId>);

/// What is kept. The count of changes keeps out what was read before a change and handed in after it.
#[derive(Default)]
pub(crate) struct RememberedRules(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    changes: u64,
    rules: HashMap<Key, (Instant, Arc<[Rule]>)>,
}

impl RememberedRules {
    fn find(&self, key: &Key) -> Result<Arc<[Rule]>, u64> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.rules.get(key) {
            Some((read_at, rules)) if read_at.elapsed() < FRESH => Ok(Arc::clone(rules)),
            _ => Err(kept.changes),
        }
    }

    fn keep(&self, key: Key, read_at: Instant, changes: u64, rules: &Arc<[Rule]>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.changes != changes {
            return;
        }
        if kept.rules.len() >= KEPT_MAX {
            kept.rules.clear();
        }
        kept.rules.insert(key, (read_at, Arc::clone(rules)));
    }

    /// Forgets everything: a rule was set or removed.
    pub(crate) fn forget(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.changes += 1;
        kept.rules.clear();
    }
}

impl fmt::Debug for RememberedRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberedRules").finish_non_exhaustive()
    }
}

impl Store {
    /// The rules that hold everywhere, and those of one conversation, oldest first: as [`list_rules`](crate::Tx::list_rules)
    /// gives them, from memory when they were read within the last second and not changed since.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rules(&self, principal: &Principal, session: Option<SessionId>) -> Result<Arc<[Rule]>, StoreError> {
        let key = (principal.clone(), session);
        let changes = match self.remembered.find(&key) {
            Ok(rules) => return Ok(rules),
            Err(changes) => changes,
        };
        let read_at = Instant::now();
        let rules: Arc<[Rule]> = self.read(principal).await?.list_rules(session).await?.into();
        self.remembered.keep(key, read_at, changes, &rules);
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> Arc<[Rule]> {
        Arc::new([])
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let remembered = RememberedRules::default();
        let key = (Principal::system("test"), None);
        let changes = remembered.find(&key).expect_err("nothing is known yet");
        remembered.forget();
        remembered.keep(key.clone(), Instant::now(), changes, &nobody());
        let changes = remembered.find(&key).expect_err("it was read too early");
        remembered.keep(key.clone(), Instant::now(), changes, &nobody());
        assert!(remembered.find(&key).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn rules_are_current_for_a_second() {
        let remembered = RememberedRules::default();
        let key = (Principal::system("test"), None);
        remembered.keep(key.clone(), Instant::now(), 0, &nobody());
        tokio::time::advance(FRESH - Duration::from_millis(1)).await;
        assert!(remembered.find(&key).is_ok());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(remembered.find(&key).is_err());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let remembered = RememberedRules::default();
        for number in 0..=KEPT_MAX {
            let session = SessionId::from(uuid::Uuid::from_u128(number as u128));
            remembered.keep((Principal::system("test"), Some(session)), Instant::now(), 0, &nobody());
        }
        assert_eq!(remembered.0.lock().unwrap_or_else(PoisonError::into_inner).rules.len(), 1);
    }
}

//! Who may run now: a bounded number of calls of each plugin, and of each engine. Others wait, for a bounded time.

use std::sync::Arc;
use std::time::Duration;

use octi_domain::limits;
use octi_extension::tool::Containment;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// A number that all numbers up to [`limits::PLUGIN_CALLS_MAX`] divide. A call takes this many parts divided by the plugin's
/// concurrency, so a new version with another concurrency shares the places with the calls of the old one.
const PARTS: u32 = {
    let (mut parts, mut number) = (1, 2);
    while number <= limits::PLUGIN_CALLS_MAX {
        parts = parts / gcd(parts, number) * number;
        number += 1;
    }
    parts as u32
};

const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The places of one plugin, the same for all of its generations.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PARTS as usize)))
    }
}

/// A place; giving it back is dropping it.
#[derive(Debug)]
pub(crate) struct Place {
    _own: OwnedSemaphorePermit,
    _shared: OwnedSemaphorePermit,
}

impl Places {
    /// Waits for a place: first one of the plugin, of which `concurrency` calls may run, then one of the engine.
    pub(crate) async fn enter(&self, concurrency: u32, engine: &Arc<Semaphore>, wait: Duration) -> Result<Place, Containment> {
        let parts = PARTS / concurrency.clamp(1, limits::PLUGIN_CALLS_MAX as u32);
        // Nearly always there are places, and a timer would cost more than the rest of this.
        if let Ok(own) = self.0.clone().try_acquire_many_owned(parts)
            && let Ok(shared) = engine.clone().try_acquire_owned()
        {
            return Ok(Place { _own: own, _shared: shared });
        }
        let both = async {
            let own = self.0.clone().acquire_many_owned(parts).await?;
            let shared = engine.clone().acquire_owned().await?;
            Ok::<_, AcquireError>(Place { _own: own, _shared: shared })
        };
        match tokio::time::timeout(wait, both).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Containment::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(5);

    #[tokio::test]
    async fn every_concurrency_is_kept_exactly() {
        let engine = Arc::new(Semaphore::new(100));
        for concurrency in 1..=limits::PLUGIN_CALLS_MAX as u32 {
            let places = Places::default();
            let mut held = Vec::new();
            for _ in 0..concurrency {
                held.push(places.enter(concurrency, &engine, WAIT).await.expect("a place"));
            }
            assert_eq!(places.enter(concurrency, &engine, WAIT).await.err(), Some(Containment::Busy), "{concurrency}");
            held.pop();
            assert!(places.enter(concurrency, &engine, WAIT).await.is_ok(), "{concurrency}");
        }
    }

    #[tokio::test]
    async fn an_engine_is_bounded_over_all_plugins() {
        let engine = Arc::new(Semaphore::new(1));
        let (one, other) = (Places::default(), Places::default());
        let held = one.enter(16, &engine, WAIT).await;
        assert_eq!(other.enter(16, &engine, WAIT).await.err(), Some(Containment::Busy));
        drop(held);
        assert!(other.enter(16, &engine, WAIT).await.is_ok(), "the wait in vain took no place of its own");
    }
}

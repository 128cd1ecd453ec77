//! How many turns run at once. A counter and not a semaphore, because an administrator may change how many there may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The places that are taken.
#[derive(Debug, Default)]
pub(super) struct Places(Arc<AtomicUsize>);

/// A place for one turn. Dropping it makes room.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Places {
    /// A place, if fewer than `count_max` are taken.
    pub(super) fn take(&self, count_max: usize) -> Option<Place> {
        let more = |taken: usize| (taken < count_max).then_some(taken + 1);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Place(Arc::clone(&self.0)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_places_send_nobody_away_and_let_nobody_in() {
        let places = Places::default();
        let (first, second) = (places.take(2), places.take(2));
        assert!(first.is_some() && second.is_some() && places.take(2).is_none());
        let third = places.take(3);
        assert!(third.is_some());
        drop(first);
        assert!(places.take(2).is_none(), "two are taken, and two is the limit now");
        drop((second, third));
        assert!(places.take(1).is_some());
    }
}

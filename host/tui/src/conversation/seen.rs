//! Which events were applied, so that none counts twice.

use std::collections::{HashSet, VecDeque};

use octi_domain::limits;
use uuid::Uuid;

/// The newest ids; older ones are far behind anything a server sends again.
#[derive(Debug, Default)]
pub(super) struct Seen {
    order: VecDeque<Uuid>,
    known: HashSet<Uuid>,
}

impl Seen {
    /// Remembers an id; false when it was there before.
    pub(super) fn insert(&mut self, id: Uuid) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > limits::TUI_EVENTS_SEEN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_ids_are_remembered() {
        let mut seen = Seen::default();
        let ids = 0..=limits::TUI_EVENTS_SEEN_MAX as u128;
        assert!(ids.clone().all(|id| seen.insert(Uuid::from_u128(id))));
        assert_eq!((seen.order.len(), seen.known.len()), (limits::TUI_EVENTS_SEEN_MAX, limits::TUI_EVENTS_SEEN_MAX));
        assert!(!seen.insert(Uuid::from_u128(*ids.end())), "the newest is known");
        assert!(seen.insert(Uuid::from_u128(0)), "the oldest was forgotten");
    }
}

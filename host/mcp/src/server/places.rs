//! How many calls may be under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use octi_domain::ids::UserId;
use octi_domain::limits;

/// The calls under way, by person.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<UserId, usize>>);

/// Room for one call. Dropping it makes room for the next.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    user_id: UserId,
}

impl Places {
    /// Room for one more call of that person, if there is any.
    pub(super) fn take(self: &Arc<Self>, user_id: UserId) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&user_id).copied().unwrap_or_default();
        if own >= limits::MCP_CALLS_PER_USER_MAX || all >= limits::MCP_CALLS_MAX {
            return None;
        }
        taken.insert(user_id, own + 1);
        Some(Place { places: Arc::clone(self), user_id })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
    }

    #[test]
    fn places_are_limited_for_one_and_for_all_and_become_free_again() {
        let places = Arc::new(Places::default());
        let mut taken: Vec<Place> = (0..limits::MCP_CALLS_PER_USER_MAX).map(|_| places.take(user(1)).unwrap()).collect();
        assert!(places.take(user(1)).is_none());
        taken.pop();
        taken.push(places.take(user(1)).unwrap());
        let mut other = 2;
        while taken.len() < limits::MCP_CALLS_MAX {
            taken.push(places.take(user(other)).unwrap());
            other += 1;
        }
        assert!(places.take(user(other)).is_none());
        taken.clear();
        assert!(places.0.lock().unwrap().is_empty());
    }
}

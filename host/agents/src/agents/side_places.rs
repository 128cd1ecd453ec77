//! How many model calls go on beside the turns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use octi_domain::ids::UserId;
use octi_domain::limits;

use crate::error::AgentsError;

/// The calls under way, by person.
#[derive(Default)]
pub(crate) struct SidePlaces(Mutex<HashMap<UserId, usize>>);

/// One call under way, until it is dropped.
pub(super) struct SidePlace {
    places: Arc<SidePlaces>,
    user: UserId,
}

impl SidePlaces {
    /// Room for one more call of this person.
    pub(super) fn take(self: &Arc<Self>, user: UserId) -> Result<SidePlace, AgentsError> {
        let mut taken = self.taken();
        let full = |count, whose| Err(AgentsError::TooManySideCalls { count, whose });
        if taken.get(&user).is_some_and(|count| *count >= limits::SIDE_CALLS_PER_USER_MAX) {
            return full(limits::SIDE_CALLS_PER_USER_MAX, "of yours");
        }
        if taken.values().sum::<usize>() >= limits::SIDE_CALLS_MAX {
            return full(limits::SIDE_CALLS_MAX, "of everybody");
        }
        *taken.entry(user).or_default() += 1;
        Ok(SidePlace { places: Arc::clone(self), user })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SidePlace {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(number: usize) -> UserId {
        Uuid::from_u128(number as u128).into()
    }

    #[test]
    fn a_person_and_everybody_together_have_so_many_places() {
        let places = Arc::<SidePlaces>::default();
        let mut held: Vec<_> = (0..limits::SIDE_CALLS_PER_USER_MAX).map(|_| places.take(user(0)).unwrap()).collect();
        assert!(places.take(user(0)).err().unwrap().to_string().contains("of yours"));
        held.pop();
        held.push(places.take(user(0)).unwrap());
        for number in held.len()..limits::SIDE_CALLS_MAX {
            held.push(places.take(user(number)).unwrap());
        }
        assert!(places.take(user(limits::SIDE_CALLS_MAX)).err().unwrap().to_string().contains("of everybody"));
        drop(held);
        assert!(places.taken().is_empty(), "nobody is remembered for nothing");
    }
}

//! Time that obeys the test.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ambient::{Ambient, Clock, SystemEntropy};

/// A clock that moves one millisecond whenever it is read, so that what happens later has a later time, and otherwise only
/// when told to.
#[derive(Debug)]
pub struct SteppingClock(Mutex<DateTime<Utc>>);

impl SteppingClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> DateTime<Utc> {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += TimeDelta::milliseconds(1);
        *now
    }
}

/// An ambient whose time begins at 2026-01-01 12:00 UTC, and its clock.
#[must_use]
pub fn manual() -> (Ambient, Arc<SteppingClock>) {
    let start = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_767_268_800);
    let clock = Arc::new(SteppingClock(Mutex::new(start)));
    (Ambient::new(clock.clone(), Arc::new(SystemEntropy)), clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_by_itself_and_on_demand() {
        let (ambient, clock) = manual();
        let first = ambient.now();
        assert_eq!(first.to_rfc3339(), "2026-01-01T12:00:00.001+00:00");
        clock.advance(TimeDelta::hours(1));
        assert_eq!(ambient.now() - first, TimeDelta::hours(1) + TimeDelta::milliseconds(1));
    }
}

//! A plugin that crashes three times in a minute rests for a minute, so that a bug or an attack does not keep the host busy
//! and the person gets one clear sentence instead of a row of crashes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::limits;
use octi_extension::tool::Containment;

/// The crashes of one generation. A new generation starts without any.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<VecDeque<DateTime<Utc>>>);

/// The plugin rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resting {
    pub(crate) seconds_left: i64,
}

impl Breaker {
    /// May it be called?
    pub(crate) fn check(&self, now: DateTime<Utc>) -> Result<(), Resting> {
        let crashes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = TimeDelta::seconds(limits::PLUGIN_REST_SECONDS);
        let (Some(first), Some(last)) = (crashes.front(), crashes.back()) else { return Ok(()) };
        let left = *last + rest - now;
        if crashes.len() < limits::PLUGIN_CRASHES_MAX || *last - *first > rest || left <= TimeDelta::zero() {
            return Ok(());
        }
        Err(Resting { seconds_left: left.num_seconds().max(1) })
    }

    /// A call was contained; true when that was the crash after which it rests. Only the plugin's own crashes count: a
    /// call that took long may have been asked for much.
    pub(crate) fn contained(&self, containment: Containment, now: DateTime<Utc>) -> bool {
        if !matches!(containment, Containment::Trap | Containment::Stack | Containment::Memory { .. }) {
            return false;
        }
        let mut crashes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        crashes.push_back(now);
        while crashes.len() > limits::PLUGIN_CRASHES_MAX {
            crashes.pop_front();
        }
        drop(crashes);
        self.check(now).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRASH: Containment = Containment::Trap;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn three_crashes_in_a_minute_are_a_minute_of_rest() {
        let breaker = Breaker::default();
        assert!(!breaker.contained(CRASH, at(0)) && !breaker.contained(CRASH, at(1)));
        assert_eq!(breaker.check(at(2)), Ok(()));
        assert!(breaker.contained(CRASH, at(2)));
        assert_eq!(breaker.check(at(12)), Err(Resting { seconds_left: 50 }));
        assert_eq!(breaker.check(at(62)), Ok(()));
    }

    #[test]
    fn crashes_far_apart_and_slow_calls_are_no_reason() {
        let breaker = Breaker::default();
        for second in [0, 40, 80, 120] {
            assert!(!breaker.contained(CRASH, at(second)), "{second}");
        }
        for _ in 0..5 {
            assert!(!breaker.contained(Containment::Time { ms_max: 1 }, at(121)));
        }
    }
}

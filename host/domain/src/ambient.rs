//! Time, randomness and ids as parameters.
//!
//! Everything that asks what time it is, or needs a random byte, takes an [`Ambient`]. Tests hand in a clock that stands
//! still and bytes that repeat, so an expiry can be tested without sleeping and a snapshot without redaction.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use uuid::{Builder, Uuid};

use crate::ids::TypedId;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The time now, in UTC, with microseconds (what both databases keep).
    fn now(&self) -> DateTime<Utc>;
}

/// Where random bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer with bytes nobody can guess.
    fn fill(&self, buffer: &mut [u8]);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for random bytes")]
    fn fill(&self, buffer: &mut [u8]) {
        rand::fill(buffer);
    }
}

/// Time, randomness and ids, handed to whoever needs them.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Ambient {
    /// What a running host uses.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// An ambient of chosen parts.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The time now, in UTC, with microseconds.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new id that sorts after the ones made before it.
    #[must_use]
    pub fn id<T: TypedId>(&self) -> T {
        T::from(self.uuid())
    }

    /// Random bytes, for secrets and nonces.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    fn uuid(&self) -> Uuid {
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()).into_uuid()
    }
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ambient").field("now", &self.now()).finish_non_exhaustive()
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: DateTime<Utc>) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that count up: ids are different from each other and the same in every run.
#[derive(Debug, Default)]
pub struct CountingEntropy(Mutex<u64>);

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        buffer.fill(0);
        for (place, byte) in buffer.iter_mut().rev().zip(count.to_le_bytes()) {
            *place = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SessionId;

    #[test]
    fn ids_made_in_a_later_millisecond_sort_later() {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        let ambient = Ambient::new(clock.clone(), Arc::new(CountingEntropy::default()));
        let first: SessionId = ambient.id();
        clock.advance(TimeDelta::milliseconds(1));
        let second: SessionId = ambient.id();
        assert!(first < second);
    }

    #[test]
    fn the_system_clock_keeps_no_nanoseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
    }
}

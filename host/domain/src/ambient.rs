//! Time, randomness and ids as parameters.
//!
//! Everything that asks what time it is, or needs a random byte, takes an [`Ambient`]. Tests hand in a clock that stands
//! still and bytes that repeat, so an expiry can be tested without sleeping and a snapshot without redaction.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use uuid::Uuid;

use self::sequence::Sequence;
use crate::ids::TypedId;

mod sequence;

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

/// Time, randomness and ids, handed to whoever needs them. Clones share everything.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    ids: Arc<Sequence>,
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
        Self { clock, entropy, ids: Arc::default() }
    }

    /// The time now, in UTC, with microseconds.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new id that sorts after every one that this ambient or a clone of it made before, also within a millisecond and when
    /// the clock was set back.
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
        self.ids.next(millis, self.bytes())
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
    fn ids_sort_as_they_were_made_whatever_the_clock_does() {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH + TimeDelta::hours(1)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
        let mut last: SessionId = ambient.id();
        for moved in [1, 0, 0, -60_000, 0, 59_999, 60_000] {
            clock.advance(TimeDelta::milliseconds(moved));
            for of in [&ambient, &ambient.clone()] {
                let next: SessionId = of.id();
                assert!(last < next, "{last} {next}");
                last = next;
            }
        }
    }

    #[test]
    fn threads_never_make_the_same_id_and_each_sees_its_own_sorted() {
        let ambient = Ambient::new(Arc::new(ManualClock::new(DateTime::UNIX_EPOCH)), Arc::new(SystemEntropy));
        let made = std::thread::scope(|scope| {
            let make = || (0..1_000).map(|_| ambient.id()).collect::<Vec<SessionId>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(made.iter().all(|ids| ids.is_sorted()));
        let all: std::collections::BTreeSet<_> = made.concat().into_iter().collect();
        assert_eq!(all.len(), 4_000);
    }

    #[test]
    fn scripted_ids_are_the_same_in_every_run() {
        let ambient = Ambient::new(Arc::new(ManualClock::new(DateTime::UNIX_EPOCH)), Arc::new(CountingEntropy::default()));
        let ids = [ambient.id::<SessionId>(), ambient.id()].map(|id| id.to_string());
        assert_eq!(ids, ["00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"]);
    }

    #[test]
    fn the_system_clock_keeps_no_nanoseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
    }
}

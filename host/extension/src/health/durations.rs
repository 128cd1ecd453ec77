//! A histogram of how long calls took. Each bound is at most a quarter above the one before it, so a quantile is as exact.

use std::time::Duration;

/// Bits of the shortest duration that is told from shorter ones: 16 µs.
const FIRST_BITS: u32 = 4;
/// Doublings from there: up to 35 minutes.
const DOUBLINGS: usize = 27;
/// Parts of a doubling.
const PARTS: usize = 4;

/// How many calls took how long.
#[derive(Debug, Clone)]
pub(super) struct Durations([u32; DOUBLINGS * PARTS]);

impl Default for Durations {
    fn default() -> Self {
        Self([0; DOUBLINGS * PARTS])
    }
}

impl Durations {
    /// Counts one.
    pub(super) fn add(&mut self, took: Duration) {
        let count = &mut self.0[place(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))];
        *count = count.saturating_add(1);
    }

    /// Counts those of another too.
    pub(super) fn join(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            *count = count.saturating_add(*more);
        }
    }

    /// Microseconds that so many of a hundred calls did not exceed.
    pub(super) fn quantile(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.0.iter().copied().map(u64::from).sum();
        let wanted = (all * percent).div_ceil(100).max(1);
        let mut passed = 0;
        self.0.iter().enumerate().find_map(|(place, count)| {
            passed += u64::from(*count);
            (passed >= wanted).then(|| bound(place))
        })
    }
}

fn place(micros: u64) -> usize {
    let micros = micros.max(1 << FIRST_BITS);
    let bits = micros.ilog2();
    let part = (micros >> (bits - 2)) & 3;
    let doubling = (bits - FIRST_BITS) as usize;
    (doubling * PARTS + part as usize).min(DOUBLINGS * PARTS - 1)
}

/// The largest duration of a place.
const fn bound(place: usize) -> u64 {
    let (doubling, part) = (place / PARTS, place % PARTS);
    ((PARTS + part + 1) as u64) << (doubling + FIRST_BITS as usize - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_at_most_a_quarter_above_what_it_bounds() {
        for micros in (0..40).map(|power| 3_u64 << power).take_while(|micros| *micros < 1 << 31) {
            let bound = bound(place(micros));
            assert!(bound >= micros, "{micros} µs stand below {bound}");
            assert!(micros < 16 || bound <= micros + micros / 4 + 1, "{micros} µs stand below {bound}");
        }
    }

    #[test]
    fn quantiles_are_of_what_was_counted() {
        let mut durations = Durations::default();
        assert_eq!(durations.quantile(50), None);
        for millis in 1..=100 {
            durations.add(Duration::from_millis(millis));
        }
        let near = |percent, millis: u64| {
            durations.quantile(percent).is_some_and(|micros| (millis * 1_000..=millis * 1_260).contains(&micros))
        };
        assert!(near(50, 50) && near(95, 95), "{:?} {:?}", durations.quantile(50), durations.quantile(95));
        durations.add(Duration::MAX);
        assert_eq!(durations.quantile(100), Some(bound(DOUBLINGS * PARTS - 1)));
    }
}

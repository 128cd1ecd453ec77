//! Sums since the host started, and the same of each five minutes of the last hour.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::CallSums;
use super::count::Used;
use super::durations::Durations;

/// How long one window is.
const SECONDS: u64 = 5 * 60;
/// Windows that are kept: an hour.
pub(super) const WINDOWS: usize = 12;

/// Everything that was counted.
#[derive(Debug, Default)]
pub(super) struct Windows {
    whole: Sums,
    /// By the number of the window, the newest last.
    recent: VecDeque<(u64, Sums)>,
}

/// What was counted in one span of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    calls: u64,
    errors: BTreeMap<&'static str, u64>,
    durations: Durations,
    memory_peak: u64,
    sent_bytes: u64,
    received_bytes: u64,
    denials: BTreeMap<&'static str, u64>,
    quotas: u64,
}

impl Windows {
    /// Counts something that happened in that second.
    pub(super) fn add(&mut self, second: u64, count: impl Fn(&mut Sums)) {
        count(&mut self.whole);
        let number = second / SECONDS;
        // Two calls that end at once may come in the wrong order; the newer window takes both.
        if self.recent.back().is_none_or(|(newest, _)| *newest < number) {
            if self.recent.len() >= WINDOWS {
                self.recent.pop_front();
            }
            self.recent.push_back((number, Sums::default()));
        }
        if let Some((_, sums)) = self.recent.back_mut() {
            count(sums);
        }
    }

    /// All of it, and the last hour before that second.
    pub(super) fn told(&self, second: u64) -> (Sums, Sums) {
        let oldest = (second / SECONDS + 1).saturating_sub(WINDOWS as u64);
        let mut hour = Sums::default();
        for (_, sums) in self.recent.iter().filter(|(number, _)| *number >= oldest) {
            hour.join(sums);
        }
        (self.whole.clone(), hour)
    }
}

impl Sums {
    pub(super) fn call(&mut self, code: &'static str, took: Duration) {
        self.calls += 1;
        self.durations.add(took);
        if code != "ok" {
            *self.errors.entry(code).or_default() += 1;
        }
    }

    pub(super) fn used(&mut self, used: &Used) {
        self.memory_peak = self.memory_peak.max(used.memory_peak);
        self.sent_bytes += used.sent_bytes;
        self.received_bytes += used.received_bytes;
        self.quotas += used.refused;
    }

    pub(super) fn denied(&mut self, capability: &'static str) {
        *self.denials.entry(capability).or_default() += 1;
    }

    fn join(&mut self, other: &Self) {
        self.calls += other.calls;
        self.durations.join(&other.durations);
        self.memory_peak = self.memory_peak.max(other.memory_peak);
        self.sent_bytes += other.sent_bytes;
        self.received_bytes += other.received_bytes;
        self.quotas += other.quotas;
        for (code, count) in &other.errors {
            *self.errors.entry(code).or_default() += count;
        }
        for (capability, count) in &other.denials {
            *self.denials.entry(capability).or_default() += count;
        }
    }

    pub(super) fn told(self) -> CallSums {
        CallSums {
            calls: self.calls,
            p50_us: self.durations.quantile(50),
            p95_us: self.durations.quantile(95),
            errors: self.errors,
            memory_peak: self.memory_peak,
            sent_bytes: self.sent_bytes,
            received_bytes: self.received_bytes,
            denials: self.denials,
            quotas: self.quotas,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hour_forgets_and_the_whole_does_not() {
        let mut windows = Windows::default();
        for minute in 0..180 {
            windows.add(minute * 60, |sums| sums.call("trap", Duration::from_millis(1)));
        }
        assert!(windows.recent.len() <= WINDOWS);
        let (whole, hour) = windows.told(179 * 60);
        assert_eq!((whole.calls, hour.calls), (180, 60));
        assert_eq!(hour.errors, BTreeMap::from([("trap", 60)]));
        let (whole, hour) = windows.told(400 * 60);
        assert_eq!((whole.calls, hour.calls), (180, 0), "nothing was called for long");
    }

    #[test]
    fn the_largest_memory_counts_and_bytes_add_up() {
        let mut windows = Windows::default();
        for (memory_peak, sent_bytes) in [(1, 10), (5, 20), (3, 30)] {
            windows.add(0, |sums| sums.used(&Used { memory_peak, sent_bytes, ..Used::default() }));
        }
        let told = windows.told(0).1.told();
        assert_eq!((told.memory_peak, told.sent_bytes, told.received_bytes), (5, 60, 0));
    }
}

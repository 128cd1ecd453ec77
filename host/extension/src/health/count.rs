//! Counters and a small histogram of each plugin, in memory.
//!
//! The metrics of the host are series for whoever collects them over many hosts; nobody has to collect anything for this.
//! A plugin that was never called costs a few bytes, one that was less than ten kilobytes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::limits;

use super::windows::Windows;
use super::{PluginHealth, RefusedCall};
use crate::tool::{Containment, ToolError};

/// What a call used, as far as it is summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Most bytes of linear memory at once.
    pub memory_peak: u64,
    /// Bytes of bodies sent over the network.
    pub sent_bytes: u64,
    /// Bytes of bodies received over the network.
    pub received_bytes: u64,
    /// Host calls that were refused because there were too many.
    pub refused: u64,
}

/// Those of every plugin of this run of the host, by id.
#[derive(Debug)]
pub struct Healths {
    began: Began,
    by_id: Mutex<BTreeMap<String, Arc<Health>>>,
}

/// When the host started, on both clocks.
#[derive(Debug, Clone, Copy)]
struct Began {
    at: DateTime<Utc>,
    instant: Instant,
}

impl Began {
    /// A moment, for people.
    fn date(&self, moment: Instant) -> DateTime<Utc> {
        let after = TimeDelta::from_std(moment.saturating_duration_since(self.instant)).unwrap_or_default();
        self.at.checked_add_signed(after).unwrap_or(self.at)
    }
}

impl Healths {
    /// Nothing was called yet.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { began: Began { at: now, instant: Instant::now() }, by_id: Mutex::default() }
    }

    /// When counting began.
    pub const fn since(&self) -> DateTime<Utc> {
        self.began.at
    }

    /// The one of a plugin, whichever of its generations asks.
    pub fn of(&self, id: &str) -> Arc<Health> {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(health) = by_id.get(id) {
            return health.clone();
        }
        // What is gone from here is remembered for a while, and not for ever.
        if by_id.len() >= limits::PLUGIN_HEALTHS_MAX {
            by_id.retain(|_, health| Arc::strong_count(health) > 1);
        }
        let health = Arc::new(Health::new(self.began));
        by_id.insert(id.to_owned(), health.clone());
        health
    }
}

/// How one plugin has been doing, over all of its generations.
#[derive(Debug)]
pub struct Health {
    began: Began,
    active: AtomicU64,
    /// None before the first call.
    record: Mutex<Option<Box<Record>>>,
}

#[derive(Debug, Default)]
struct Record {
    windows: Windows,
    last_call: Option<Instant>,
    /// The newest last.
    refusals: VecDeque<RefusedCall>,
}

impl Default for Health {
    fn default() -> Self {
        Self::new(Began { at: DateTime::UNIX_EPOCH, instant: Instant::now() })
    }
}

impl Health {
    fn new(began: Began) -> Self {
        Self { began, active: AtomicU64::new(0), record: Mutex::default() }
    }

    /// A call begins.
    pub fn begin(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a call from here until what is given is ended or dropped.
    #[must_use]
    pub fn call(self: Arc<Self>) -> Running {
        self.begin();
        // What ends without an end was dropped by its caller.
        Running { health: self, began: Instant::now(), code: Containment::Cancelled.code() }
    }

    /// A call that began is over, in whatever way.
    pub fn end(&self, code: &'static str, began: Instant, took: Duration) {
        self.active.fetch_sub(1, Ordering::Relaxed);
        let now = began + took;
        let mut record = self.record();
        let record = record.get_or_insert_default();
        record.last_call = Some(now);
        record.windows.add(self.second(now), |sums| sums.call(code, took));
    }

    /// What a call used.
    pub fn used(&self, used: &Used) {
        let second = self.second(Instant::now());
        self.record().get_or_insert_default().windows.add(second, |sums| sums.used(used));
    }

    /// A host call that nothing grants. The text is what a person may read: bounded, cleaned, and without the caller's secrets.
    pub fn denied(&self, capability: &'static str, text: String) {
        let now = Instant::now();
        let (at, second) = (self.began.date(now), self.second(now));
        let mut record = self.record();
        let record = record.get_or_insert_default();
        if record.refusals.len() >= limits::PLUGIN_REFUSALS_MAX {
            record.refusals.pop_front();
        }
        record.refusals.push_back(RefusedCall { at, capability, text });
        record.windows.add(second, |sums| sums.denied(capability));
    }

    /// What is known now.
    pub fn told(&self, id: &str) -> PluginHealth {
        let second = self.second(Instant::now());
        let record = self.record();
        let (whole, hour) = record.as_ref().map_or_else(Default::default, |record| record.windows.told(second));
        PluginHealth {
            id: id.to_owned(),
            active: self.active.load(Ordering::Relaxed),
            last_call: record.as_ref().and_then(|record| record.last_call).map(|moment| self.began.date(moment)),
            whole: whole.told(),
            hour: hour.told(),
            refusals: record.iter().flat_map(|record| record.refusals.iter().rev().cloned()).collect(),
        }
    }

    fn second(&self, moment: Instant) -> u64 {
        moment.saturating_duration_since(self.began.instant).as_secs()
    }

    fn record(&self) -> MutexGuard<'_, Option<Box<Record>>> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that runs, and is counted.
#[derive(Debug)]
pub struct Running {
    health: Arc<Health>,
    began: Instant,
    code: &'static str,
}

impl Running {
    /// The call is over.
    pub fn end(mut self, result: Result<(), &ToolError>) {
        self.code = result.map_or_else(ToolError::code, |()| "ok");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.health.end(self.code, self.began, self.began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(health: &Health, code: &'static str, took: Duration) {
        health.begin();
        health.end(code, Instant::now(), took);
    }

    #[test]
    fn calls_are_counted_by_how_they_ended() {
        let healths = Healths::new(DateTime::UNIX_EPOCH);
        let health = healths.of("acme/x");
        for _ in 0..19 {
            ended(&health, "ok", Duration::from_millis(1));
        }
        ended(&health, "trap", Duration::from_millis(500));
        health.begin();
        let told = healths.of("acme/x").told("acme/x");
        assert_eq!((told.whole.calls, told.active), (20, 1));
        assert_eq!(told.whole.errors, BTreeMap::from([("trap", 1)]));
        assert!(told.whole.p50_us.is_some_and(|p50| (1_000..=1_250).contains(&p50)), "{:?}", told.whole.p50_us);
        assert!(told.whole.p95_us.is_some_and(|p95| p95 <= 1_250), "nineteen of twenty were fast: {:?}", told.whole.p95_us);
        assert_eq!(told.hour, told.whole);
        assert!(told.last_call.is_some());
    }

    #[test]
    fn a_call_is_counted_however_it_ends() {
        let health = Arc::new(Health::default());
        health.clone().call().end(Ok(()));
        health.clone().call().end(Err(&ToolError::Failed("no".to_owned())));
        let running = health.clone().call();
        assert_eq!(health.told("acme/x").active, 1);
        drop(running);
        let told = health.told("acme/x");
        assert_eq!((told.active, told.whole.calls), (0, 3));
        assert_eq!(told.whole.errors, BTreeMap::from([("cancelled", 1), ("failed", 1)]));
    }

    #[test]
    fn only_the_newest_refusals_are_kept() {
        let health = Health::default();
        for number in 0..=limits::PLUGIN_REFUSALS_MAX {
            health.denied("http", format!("{number}"));
        }
        let told = health.told("acme/x");
        assert_eq!(told.refusals.len(), limits::PLUGIN_REFUSALS_MAX);
        assert_eq!(told.refusals[0].text, limits::PLUGIN_REFUSALS_MAX.to_string(), "the newest is first");
        assert_eq!(told.whole.denials, BTreeMap::from([("http", limits::PLUGIN_REFUSALS_MAX as u64 + 1)]));
    }

    #[test]
    fn plugins_that_are_gone_make_room() {
        let healths = Healths::new(DateTime::UNIX_EPOCH);
        let held = healths.of("acme/held");
        held.begin();
        for number in 0..limits::PLUGIN_HEALTHS_MAX {
            healths.of(&format!("acme/p{number}"));
        }
        let kept = healths.by_id.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert!(kept < limits::PLUGIN_HEALTHS_MAX, "{kept}");
        assert_eq!(healths.of("acme/held").told("acme/held").active, 1, "what runs stays");
    }

    #[test]
    fn a_plugin_that_was_never_called_says_so() {
        let told = Health::default().told("acme/x");
        assert_eq!((told.whole.calls, told.whole.p50_us, told.last_call), (0, None, None));
    }
}

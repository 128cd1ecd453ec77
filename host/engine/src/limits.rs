//! How much one call may use, and the limiter of its memory, tables and instances.
//!
//! wasmtime's own `StoreLimits` counts each memory alone, so a component with eight memories has eight budgets. This
//! limiter counts all of them together, and takes a growth back when the system could not provide it.

use std::time::Duration;

use octi_domain::limits;
use octi_domain::plugin_limits::PluginLimits;
use octi_extension::manifest::Limits;
use octi_extension::tool::Containment;
use wasmtime::ResourceLimiter;

use crate::quota::{CALLS_MAX, CallsMax};

/// How much one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Milliseconds of guest code.
    pub(crate) cpu_ms: u64,
    /// All of it, waiting included.
    pub(crate) wall: Duration,
    /// Over all memories.
    pub(crate) memory_bytes: usize,
    /// Of what the call returns.
    pub(crate) output_bytes: usize,
    /// Host resources that it holds at once.
    pub(crate) resources: usize,
    pub(crate) log_lines: u64,
    /// Host calls, by capability.
    pub(crate) calls: CallsMax,
    /// Calls of the plugin that may run at once.
    pub(crate) concurrency: u32,
    /// Instances that are made before they are needed.
    pub(crate) warm: usize,
}

impl Budget {
    /// What the manifest asks for and the host allows, or what the administrator says.
    pub(crate) fn of(asked: Limits, set: &PluginLimits) -> Self {
        let asked = asked.capped();
        let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let mut calls = CALLS_MAX;
        for (place, number) in calls.iter_mut().zip([set.fs_calls, set.kv_calls, set.processes, set.http_requests]) {
            *place = number.unwrap_or(*place);
        }
        Self {
            cpu_ms: set.cpu_ms.unwrap_or(asked.cpu_ms),
            wall: Duration::from_millis(set.time_ms.unwrap_or(asked.time_ms)),
            memory_bytes: whole(set.memory_mb.unwrap_or(u64::from(asked.memory_mb))) << 20,
            output_bytes: whole(set.output_bytes.unwrap_or(asked.output_bytes)),
            resources: set.resources.map_or(limits::GUEST_RESOURCES_MAX, whole),
            log_lines: set.log_lines.unwrap_or(limits::GUEST_LOG_LINES_MAX),
            calls,
            concurrency: u32::try_from(set.concurrency.unwrap_or(u64::from(asked.concurrency))).unwrap_or(u32::MAX),
            warm: set.warm.map_or(0, whole),
        }
    }

    /// For the trial run of a new plugin and for `describe`: the same memory, but less time, and no more than a call has.
    pub(crate) fn trial(self) -> Self {
        let seconds = limits::PLUGIN_SMOKE_SECONDS_MAX;
        Self { cpu_ms: self.cpu_ms.min(seconds * 1_000), wall: self.wall.min(Duration::from_secs(seconds)), ..self }
    }

    /// The wall clock, as people read it.
    pub(crate) fn wall_ms(&self) -> u64 {
        u64::try_from(self.wall.as_millis()).unwrap_or(u64::MAX)
    }
}

/// The limiter of one store.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_max: usize,
    memory_used: usize,
    memory_last: usize,
    memory_peak: usize,
    memory_refused: bool,
    table_used: usize,
    table_last: usize,
    table_refused: bool,
}

impl Limiter {
    /// A limiter for that many bytes over all memories.
    pub(crate) const fn new(memory_max: usize) -> Self {
        Self {
            memory_max,
            memory_used: 0,
            memory_last: 0,
            memory_peak: 0,
            memory_refused: false,
            table_used: 0,
            table_last: 0,
            table_refused: false,
        }
    }

    /// The most bytes that were in use at once.
    pub(crate) const fn memory_peak(&self) -> usize {
        self.memory_peak
    }

    /// What the guest was told that there is no more of, memory before table elements.
    pub(crate) const fn refused(&self) -> Option<Containment> {
        if self.memory_refused {
            Some(self.memory())
        } else if self.table_refused {
            Some(Containment::Table { elements_max: limits::GUEST_TABLE_ELEMENTS_MAX as u64 })
        } else {
            None
        }
    }

    /// The end of a call that needs more memory.
    pub(crate) const fn memory(&self) -> Containment {
        Containment::Memory { bytes_max: self.memory_max as u64 }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if self.memory_used.saturating_add(more) > self.memory_max {
            self.memory_last = 0;
            self.memory_refused = true;
            return Ok(false);
        }
        self.memory_last = more;
        self.memory_used += more;
        self.memory_peak = self.memory_peak.max(self.memory_used);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!(%error, "a guest's memory did not grow");
        self.memory_used = self.memory_used.saturating_sub(self.memory_last);
        self.memory_last = 0;
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if self.table_used.saturating_add(more) > limits::GUEST_TABLE_ELEMENTS_MAX {
            self.table_last = 0;
            self.table_refused = true;
            return Ok(false);
        }
        self.table_last = more;
        self.table_used += more;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!(%error, "a guest's table did not grow");
        self.table_used = self.table_used.saturating_sub(self.table_last);
        self.table_last = 0;
        Ok(())
    }

    fn instances(&self) -> usize {
        limits::GUEST_INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        limits::GUEST_TABLES_MAX
    }

    fn memories(&self) -> usize {
        limits::GUEST_MEMORIES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_has_no_more_time_than_a_call() {
        let most = Budget::of(Limits::default(), &PluginLimits::default());
        assert_eq!((most.trial().cpu_ms, most.trial().wall), (5_000, Duration::from_secs(5)));
        let modest = Budget { cpu_ms: 50, wall: Duration::from_millis(60), ..most };
        assert_eq!(modest.trial(), modest);
    }

    #[test]
    fn several_memories_share_one_budget() {
        let mut limiter = Limiter::new(100);
        assert_eq!(limiter.memory_growing(0, 60, None).ok(), Some(true));
        assert_eq!(limiter.memory_growing(0, 60, None).ok(), Some(false));
        assert_eq!(limiter.refused(), Some(Containment::Memory { bytes_max: 100 }));
        assert_eq!(limiter.memory_growing(0, 40, None).ok(), Some(true));
        assert_eq!(limiter.memory_peak(), 100);
    }

    #[test]
    fn a_growth_that_failed_is_given_back() {
        let mut limiter = Limiter::new(100);
        assert_eq!(limiter.memory_growing(0, 80, None).ok(), Some(true));
        assert!(limiter.memory_grow_failed(wasmtime::Error::msg("no memory")).is_ok());
        assert_eq!(limiter.memory_growing(0, 90, None).ok(), Some(true));
    }

    #[test]
    fn a_refused_growth_is_not_given_back_twice() {
        let mut limiter = Limiter::new(100);
        assert_eq!(limiter.memory_growing(0, 80, None).ok(), Some(true));
        assert_eq!(limiter.memory_growing(80, 180, None).ok(), Some(false));
        assert!(limiter.memory_grow_failed(wasmtime::Error::msg("refused")).is_ok());
        assert_eq!(limiter.memory_growing(0, 90, None).ok(), Some(false));
    }

    #[test]
    fn tables_are_bounded_together() {
        let mut limiter = Limiter::new(100);
        assert_eq!(limiter.table_growing(0, limits::GUEST_TABLE_ELEMENTS_MAX, None).ok(), Some(true));
        assert_eq!(limiter.refused(), None);
        assert_eq!(limiter.table_growing(0, 1, None).ok(), Some(false));
        assert_eq!(limiter.refused(), Some(Containment::Table { elements_max: 20_000 }));
    }
}

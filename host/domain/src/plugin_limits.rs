//! What an administrator sets for one plugin, in place of what its manifest asks for.

use std::ops::RangeInclusive;

use crate::limits;

/// How far above the usual number an administrator may set a count.
const COUNT_FACTOR_MAX: u64 = 100;

/// Limits of one plugin; what is not set follows from its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PluginLimits {
    /// MiB of linear memory of one call.
    pub memory_mb: Option<u64>,
    /// Milliseconds of wall clock of one call.
    pub time_ms: Option<u64>,
    /// Milliseconds of guest code of one call.
    pub cpu_ms: Option<u64>,
    /// Bytes that one call returns.
    pub output_bytes: Option<u64>,
    /// Calls that run at once.
    pub concurrency: Option<u64>,
    /// Host resources that one call holds.
    pub resources: Option<u64>,
    /// Log lines of one call.
    pub log_lines: Option<u64>,
    /// Calls of file functions in one tool call.
    pub fs_calls: Option<u64>,
    /// Calls of key-value functions in one tool call.
    pub kv_calls: Option<u64>,
    /// Processes that one tool call starts.
    pub processes: Option<u64>,
    /// Requests that one tool call sends.
    pub http_requests: Option<u64>,
    /// Instances that are made before a tool is called; none unless it is set.
    pub warm: Option<u64>,
}

impl PluginLimits {
    /// The first value that this host does not allow: its key, the value, and what is allowed.
    #[must_use]
    pub fn outside(&self) -> Option<(&'static str, u64, RangeInclusive<u64>)> {
        let counts = |usual: u64| 0..=usual * COUNT_FACTOR_MAX;
        [
            ("memory_mb", self.memory_mb, 1..=(limits::GUEST_BIG_MEMORY_BYTES_MAX >> 20) as u64),
            ("time_ms", self.time_ms, 1..=limits::GUEST_WALL_MS_CEILING),
            ("cpu_ms", self.cpu_ms, limits::GUEST_TICK_MS..=limits::GUEST_CPU_MS_CEILING),
            ("output_bytes", self.output_bytes, 1..=limits::ARTIFACT_BYTES_MAX as u64),
            ("concurrency", self.concurrency, 1..=limits::PLUGIN_CALLS_MAX as u64),
            ("resources", self.resources, counts(limits::GUEST_RESOURCES_MAX as u64)),
            ("log_lines", self.log_lines, counts(limits::GUEST_LOG_LINES_MAX)),
            ("fs_calls", self.fs_calls, counts(limits::GUEST_FS_CALLS_MAX)),
            ("kv_calls", self.kv_calls, counts(limits::GUEST_KV_CALLS_MAX)),
            ("processes", self.processes, counts(limits::GUEST_SPAWNS_MAX)),
            ("http_requests", self.http_requests, counts(limits::GUEST_HTTP_REQUESTS_MAX)),
            ("warm", self.warm, 0..=limits::PLUGIN_WARM_MAX as u64),
        ]
        .into_iter()
        .find_map(|(key, value, allowed)| value.filter(|value| !allowed.contains(value)).map(|value| (key, value, allowed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_caps_an_administrator_too() {
        assert_eq!(PluginLimits::default().outside(), None);
        let most =
            PluginLimits { memory_mb: Some(256), log_lines: Some(0), fs_calls: Some(1_000_000), ..PluginLimits::default() };
        assert_eq!(most.outside(), None);
        let over = PluginLimits { memory_mb: Some(257), ..PluginLimits::default() };
        assert_eq!(over.outside(), Some(("memory_mb", 257, 1..=256)));
        let none = PluginLimits { concurrency: Some(0), ..PluginLimits::default() };
        assert_eq!(none.outside(), Some(("concurrency", 0, 1..=16)));
        let warm = PluginLimits { warm: Some(5), ..PluginLimits::default() };
        assert_eq!(warm.outside(), Some(("warm", 5, 0..=4)));
    }
}

//! What the machine is, from `/proc`.

use std::fs::{read_dir, read_to_string};

use anyhow::Context;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use octi_tests::report::Machine;

/// The facts; what cannot be read is `unknown`.
pub(crate) fn facts() -> Machine {
    let unknown = || "unknown".to_owned();
    let first = |path: &str, field: &str| {
        let text = read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(field))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = first("/proc/meminfo", "MemTotal");
    let kib = memory.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default();
    let word = |path: &str| read_to_string(path).ok().and_then(|text| text.split_whitespace().next().map(str::to_owned));
    Machine {
        cpu: first("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
        cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        memory_mib: kib / 1024,
        kernel: word("/proc/sys/kernel/osrelease").unwrap_or_else(unknown),
        pagemap_scan: wasmtime::PoolingAllocationConfig::is_pagemap_scan_available(),
        profile: if cfg!(debug_assertions) { "unoptimised: these numbers mean nothing" } else { "optimised, as it ships" },
        load: word("/proc/loadavg").unwrap_or_else(unknown),
        stolen_percent: 0.0,
    }
}

/// What the processors have done since the machine started, in ticks.
#[derive(Clone, Copy)]
pub(crate) struct Processors {
    all: f64,
    stolen: f64,
}

impl Processors {
    /// The eighth column of `cpu` in `/proc/stat`, and the sum of the eight; see proc_stat(5).
    pub(crate) fn now() -> Self {
        let text = read_to_string("/proc/stat").unwrap_or_default();
        let ticks = text.split_whitespace().skip(1).take(8).filter_map(|number| number.parse::<f64>().ok());
        let ticks: Vec<f64> = ticks.collect();
        Self { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or_default() }
    }

    /// How much of their time since then went to other machines.
    pub(crate) fn stolen_percent_since(self, then: Self) -> f64 {
        100.0 * (self.stolen - then.stolen) / (self.all - then.all).max(1.0)
    }
}

/// All threads of this process on one processor, until it is dropped. Processors of a shared machine are not equally fast: what
/// shares its core with a neighbour's work takes half as long again.
pub(crate) struct Pinned {
    before: CpuSet,
}

impl Pinned {
    /// On the processor with that number, counted round those that this process may use.
    pub(crate) fn to(number: usize) -> anyhow::Result<Self> {
        let before = sched_getaffinity(Pid::this()).context("which processors this process may use is not told")?;
        let usable: Vec<usize> = (0..CpuSet::count()).filter(|at| before.is_set(*at).unwrap_or(false)).collect();
        let chosen = usable.get(number % usable.len().max(1)).context("this process may use no processor")?;
        let mut one = CpuSet::new();
        one.set(*chosen)?;
        let pinned = Self { before };
        every_thread_on(&one)?;
        Ok(pinned)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // What stays on one processor is measured there; nothing of it is wrong.
        let _where_it_was = every_thread_on(&self.before);
    }
}

fn every_thread_on(processors: &CpuSet) -> anyhow::Result<()> {
    for thread in read_dir("/proc/self/task")? {
        let Some(id) = thread?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        match sched_setaffinity(Pid::from_raw(id), processors) {
            // A thread that ended in the meantime.
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => return Err(error).context("a thread cannot be moved to a processor"),
        }
    }
    Ok(())
}

/// What this process holds.
#[derive(Clone, Copy)]
pub(crate) struct Footprint {
    /// Resident MB.
    pub(crate) memory: f64,
    pub(crate) descriptors: f64,
    pub(crate) threads: f64,
}

/// What this process holds now.
pub(crate) fn footprint() -> anyhow::Result<Footprint> {
    let process = std::process::id();
    Ok(Footprint {
        memory: field(process, "status", "VmRSS:")? * 1_024.0 / 1e6,
        descriptors: read_dir("/proc/self/fd")?.count() as f64,
        threads: field(process, "status", "Threads:")?,
    })
}

/// The number of a field such as `VmRSS:` (which is in KiB) in a file of `/proc/<process>`.
pub(crate) fn field(process: u32, file: &str, field: &str) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/{file}");
    let text = read_to_string(&path).map_err(|error| anyhow::anyhow!("`{path}` cannot be read: {error}"))?;
    let line = text.lines().find(|line| line.starts_with(field));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.ok_or_else(|| anyhow::anyhow!("`{path}` has no `{field}`"))
}

//! What this machine gives the engine, found once at the start: most reports of slow or failing plugins are explained by one of
//! these.

use std::fmt;
use std::fs;
use std::path::Path;

use octi_domain::telemetry;
use wasmtime::PoolingAllocationConfig;

use crate::engine::{Reach, Target};

/// An instance takes a handful of mappings, and the kernel's usual number of them is enough for the largest pool.
const MAPPINGS_WANTED: u64 = 65_530;
/// What the pools reserve, with room for the host itself.
const ADDRESS_SPACE_WANTED_BYTES: u64 = 192 << 30;
/// Below this, a full house of plugins can meet the kernel's killer: their guests, and what is kept resident after them.
const MEMORY_WANTED_BYTES: u64 = 2 << 30;

/// What this machine gives the engine. What could not be found out is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probes {
    /// The kernel can tell which pages a guest touched, so only those are cleared after a call.
    pub pagemap_scan: bool,
    /// Bytes of address space this process may use; none when unlimited.
    pub address_space_bytes_max: Option<u64>,
    /// Mappings this process may have (`vm.max_map_count`).
    pub mappings_max: Option<u64>,
    /// `vm.overcommit_memory`: 0 is a guess by the kernel, 1 always, 2 never.
    pub overcommit: Option<u8>,
    /// Bytes of memory that the control group of this process may use; none when unlimited or unknown.
    pub cgroup_memory_bytes_max: Option<u64>,
}

impl Probes {
    /// Looks at this machine.
    #[must_use]
    pub fn take() -> Self {
        Self {
            pagemap_scan: PoolingAllocationConfig::is_pagemap_scan_available(),
            address_space_bytes_max: text("/proc/self/limits").as_deref().and_then(address_space),
            mappings_max: number("/proc/sys/vm/max_map_count"),
            overcommit: number("/proc/sys/vm/overcommit_memory").and_then(|mode| u8::try_from(mode).ok()),
            cgroup_memory_bytes_max: text("/proc/self/cgroup")
                .as_deref()
                .and_then(|own| cgroup_memory(Path::new("/sys/fs/cgroup"), own)),
        }
    }

    /// Whether memories may take all the address space that their guests can name.
    pub(crate) const fn reach(&self) -> Reach {
        match self.address_space_bytes_max {
            None => Reach::Whole,
            Some(_) => Reach::Checked,
        }
    }

    /// What makes plugins slow or lets them fail here, each with what to do about it.
    #[must_use]
    pub fn concerns(&self) -> Vec<String> {
        let mut concerns = Vec::new();
        if !self.pagemap_scan {
            concerns.push("calls are slower, because the kernel has no PAGEMAP_SCAN: use Linux 6.7 or later".to_owned());
        }
        if let Some(bytes) = self.address_space_bytes_max.filter(|bytes| *bytes < ADDRESS_SPACE_WANTED_BYTES) {
            concerns
                .push(format!("fewer plugins run at once, because the address space is {} GiB: raise `ulimit -v`", bytes >> 30));
        }
        if let Some(count) = self.mappings_max.filter(|count| *count < MAPPINGS_WANTED) {
            concerns.push(format!(
                "plugins can fail when many run, because a process gets {count} mappings: set `vm.max_map_count` to {MAPPINGS_WANTED} or more"
            ));
        }
        if self.overcommit == Some(2) {
            concerns.push("the pool of instances may not fit, because `vm.overcommit_memory` is 2: set it to 0 or 1".to_owned());
        }
        if let Some(bytes) = self.cgroup_memory_bytes_max.filter(|bytes| *bytes < MEMORY_WANTED_BYTES) {
            concerns.push(format!(
                "the kernel may end octi when many plugins run, because its control group has {} MiB: give it {} or more",
                bytes >> 20,
                MEMORY_WANTED_BYTES >> 20
            ));
        }
        concerns
    }

    /// For the moment of a scrape. What could not be found out, or is unlimited, has no value.
    #[expect(clippy::cast_precision_loss, reason = "a scrape needs no more digits")]
    pub(crate) fn sample(&self) {
        let found = [
            ("pagemap_scan", Some(f64::from(u8::from(self.pagemap_scan)))),
            ("address_space_bytes_max", self.address_space_bytes_max.map(|bytes| bytes as f64)),
            ("mappings_max", self.mappings_max.map(|count| count as f64)),
            ("overcommit", self.overcommit.map(f64::from)),
            ("cgroup_memory_bytes_max", self.cgroup_memory_bytes_max.map(|bytes| bytes as f64)),
        ];
        for (probe, value) in found {
            if let Some(value) = value {
                metrics::gauge!(telemetry::PROBES.name, "probe" => probe).set(value);
            }
        }
    }

    /// One line for the log.
    pub(crate) fn log(&self, target: Target, pool_calls: Option<u32>) {
        tracing::info!(
            engine = target.name(),
            pagemap_scan = self.pagemap_scan,
            address_space_bytes_max = self.address_space_bytes_max,
            mappings_max = self.mappings_max,
            overcommit = self.overcommit,
            cgroup_memory_bytes_max = self.cgroup_memory_bytes_max,
            pool_calls,
            "the plugin engine starts"
        );
        for concern in self.concerns() {
            tracing::warn!("{concern}");
        }
    }
}

impl fmt::Display for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = |bytes: Option<u64>| bytes.map_or_else(|| "unlimited".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        let count = |number: Option<u64>| number.map_or_else(|| "unknown".to_owned(), |number| number.to_string());
        write!(
            f,
            "pagemap scan {}, address space {}, mappings {}, overcommit {}, control group {}",
            if self.pagemap_scan { "yes" } else { "no" },
            amount(self.address_space_bytes_max),
            count(self.mappings_max),
            count(self.overcommit.map(u64::from)),
            amount(self.cgroup_memory_bytes_max),
        )
    }
}

fn text(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn number(path: &str) -> Option<u64> {
    text(path)?.trim().parse().ok()
}

/// The soft limit in the line `Max address space  <soft>  <hard>  bytes` of `/proc/self/limits`.
fn address_space(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The lowest memory limit on the way from the process's control group to the root; `own` is `/proc/self/cgroup`.
fn cgroup_memory(root: &Path, own: &str) -> Option<u64> {
    let mut lowest: Option<u64> = None;
    for line in own.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let (base, file) = match controllers {
            "" => (root.to_owned(), "memory.max"),
            _ if controllers.split(',').any(|one| one == "memory") => (root.join("memory"), "memory.limit_in_bytes"),
            _ => continue,
        };
        let own = base.join(path.trim_start_matches('/'));
        // In a container the path is often that of the host, and only the root is there.
        for folder in own.ancestors().take_while(|folder| folder.starts_with(&base)) {
            let limit = fs::read_to_string(folder.join(file)).ok().and_then(|text| text.trim().parse::<u64>().ok());
            // The first version writes "no limit" as a number that is just below 2^63.
            lowest = [lowest, limit.filter(|bytes| *bytes < 1 << 62)].into_iter().flatten().min();
        }
    }
    lowest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_looked_at() {
        let probes = Probes::take();
        assert!(
            probes.mappings_max.is_some_and(|count| count > 0) && probes.overcommit.is_some_and(|mode| mode <= 2),
            "{probes}"
        );
    }

    #[test]
    fn the_address_space_is_read_from_the_limits() {
        let table = |soft: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max cpu time              unlimited            unlimited            seconds   \n\
                 Max address space         {soft}           unlimited            bytes     \n"
            )
        };
        assert_eq!(address_space(&table("unlimited")), None);
        assert_eq!(address_space(&table("1073741824")), Some(1 << 30));
    }

    #[test]
    fn the_lowest_limit_of_all_groups_above_holds() {
        let root = tempfile::tempdir().expect("a folder");
        let group = root.path().join("a/b");
        fs::create_dir_all(&group).expect("groups");
        fs::write(group.join("memory.max"), "max\n").expect("written");
        fs::write(root.path().join("a/memory.max"), "1000\n").expect("written");
        fs::write(root.path().join("memory.max"), "2000\n").expect("written");
        assert_eq!(cgroup_memory(root.path(), "0::/a/b\n"), Some(1_000));
        assert_eq!(cgroup_memory(root.path(), "0::/gone/far\n"), Some(2_000), "a container sees only its root");
        let old = root.path().join("memory/x");
        fs::create_dir_all(&old).expect("groups");
        fs::write(old.join("memory.limit_in_bytes"), "9223372036854771712\n").expect("written");
        assert_eq!(cgroup_memory(root.path(), "5:cpu,memory:/x\n3:pids:/x\n"), None);
        fs::write(old.join("memory.limit_in_bytes"), "500\n").expect("written");
        assert_eq!(cgroup_memory(root.path(), "5:cpu,memory:/x\n"), Some(500));
    }

    #[test]
    fn each_concern_says_what_to_do() {
        let poor = Probes {
            pagemap_scan: false,
            address_space_bytes_max: Some(4 << 30),
            mappings_max: Some(1_000),
            overcommit: Some(2),
            cgroup_memory_bytes_max: Some(256 << 20),
        };
        let said = poor.concerns();
        for word in ["Linux 6.7", "`ulimit -v`", "`vm.max_map_count`", "`vm.overcommit_memory`", "256 MiB"] {
            assert!(said.iter().any(|concern| concern.contains(word)), "{word}: {said:?}");
        }
        let good = Probes { pagemap_scan: true, overcommit: Some(0), mappings_max: Some(65_530), ..Probes::default() };
        assert_eq!(good.concerns(), Vec::<String>::new());
    }
}

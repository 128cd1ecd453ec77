//! Namespaces: no network, no view of other processes, no shared memory with them.

use std::fs;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use super::mounts;
use super::spec::LaunchSpec;
use crate::sandbox::process::types::{Level, Reached};

/// Process numbers below this are not given out a second time by the kernel.
const RESERVED_NUMBERS: u64 = 300;

/// Enters as many namespaces as this machine lets us. The process namespace begins with the next child.
pub(super) fn enter(level: Level) -> Reached {
    let mut reached = Reached::default();
    if level == Level::Off {
        return reached;
    }
    let ids = (geteuid(), getegid());
    let inner = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
    let attempts = [
        (false, inner | CloneFlags::CLONE_NEWPID),
        (true, inner | CloneFlags::CLONE_NEWPID),
        (false, inner),
        (true, inner),
        (false, CloneFlags::CLONE_NEWNET),
    ];
    for (with_user, flags) in attempts {
        let all = if with_user { flags | CloneFlags::CLONE_NEWUSER } else { flags };
        if unshare(all).is_ok() {
            reached.net_ns = true;
            reached.pid_ns = flags.contains(CloneFlags::CLONE_NEWPID);
            reached.user_ns = with_user && map_ids(ids.0.as_raw(), ids.1.as_raw()).is_ok();
            break;
        }
    }
    reached
}

/// The program keeps its numbers, so files it makes belong to whoever runs the host.
fn map_ids(user: u32, group: u32) -> std::io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

/// In the first process of the new namespace: a `/proc` that shows only what is in it, a bound on how many that can be, and no
/// way to change what is outside of the workspace.
pub(super) fn furnish(spec: &LaunchSpec, reached: &mut Reached) -> Result<(), String> {
    let own_mounts = unshare(CloneFlags::CLONE_NEWNS).is_ok()
        && mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>).is_ok();
    if !own_mounts {
        return Ok(());
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    reached.own_proc = mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).is_ok();
    if reached.own_proc && numbers_are_per_namespace() {
        let numbers = RESERVED_NUMBERS + spec.processes;
        reached.process_limit = fs::write("/proc/sys/kernel/pid_max", numbers.to_string()).is_ok();
    }
    // Last, because the bound above is written through `/proc`.
    reached.read_only = mounts::protect(spec).map_err(|error| format!("its directories could not be set up: {error}"))?;
    Ok(())
}

/// Since Linux 6.14 each process namespace has its own highest number. Before, writing it would change the whole machine.
fn numbers_are_per_namespace() -> bool {
    let Ok(release) = fs::read_to_string("/proc/sys/kernel/osrelease") else { return false };
    let mut parts = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (6, 14)
}

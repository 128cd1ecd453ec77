//! Namespaces: no network, no view of other processes, no shared memory with them.

use std::fs;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, getegid, geteuid};

use super::mounts::{self, Unprotected};
use super::spec::LaunchSpec;
use super::supervise::fork_process;
use crate::sandbox::process::types::{Level, Reached};

/// Process numbers below this are not given out a second time by the kernel.
const RESERVED_NUMBERS: u64 = 300;

/// Enters as many namespaces as this machine lets us. The process namespace begins with the next child.
///
/// # Errors
/// When it is in a namespace that it cannot use.
pub(super) fn enter(level: Level) -> Result<Reached, String> {
    let mut reached = Reached::default();
    if level == Level::Off {
        return Ok(reached);
    }
    let ids = (geteuid().as_raw(), getegid().as_raw());
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
        if (!with_user || is_whole(all, ids)) && unshare(all).is_ok() {
            reached.net_ns = true;
            reached.pid_ns = flags.contains(CloneFlags::CLONE_NEWPID);
            reached.user_ns = with_user;
            break;
        }
    }
    if reached.user_ns {
        map_ids(ids).map_err(|error| format!("its user could not be named in its namespace: {error}"))?;
    }
    Ok(reached)
}

/// Whether a user namespace that can be entered can also be used, found out by a process that ends with it: there is no way back
/// out of one, and in one without names for its users a program cannot make a file.
fn is_whole(flags: CloneFlags, ids: (u32, u32)) -> bool {
    match fork_process() {
        Ok(ForkResult::Child) => std::process::exit(i32::from(unshare(flags).is_err() || map_ids(ids).is_err())),
        Ok(ForkResult::Parent { child }) => matches!(waitpid(child, None), Ok(WaitStatus::Exited(_, 0))),
        Err(_) => false,
    }
}

/// The program keeps its numbers, so files it makes belong to whoever runs the host.
fn map_ids((user, group): (u32, u32)) -> std::io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

/// In the first process of the new namespace: a `/proc` that shows only what is in it, a bound on how many that can be, and no
/// way to change what is outside of the workspace. Returns why there is no such way, where this machine cannot do that.
///
/// # Errors
/// When it is done in part, with which no program may start.
pub(super) fn furnish(spec: &LaunchSpec, reached: &mut Reached) -> Result<Option<String>, String> {
    if let Err(why) = own_mounts() {
        return Ok(Some(why));
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    reached.own_proc = mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).is_ok();
    if reached.own_proc && numbers_are_per_namespace() {
        let numbers = RESERVED_NUMBERS + spec.processes;
        reached.process_limit = fs::write("/proc/sys/kernel/pid_max", numbers.to_string()).is_ok();
    }
    // Last, because the bound above is written through `/proc`.
    match mounts::protect(spec) {
        Ok(()) => {
            reached.read_only = true;
            Ok(None)
        }
        Err(Unprotected::Unchanged(why)) => Ok(Some(why)),
        Err(Unprotected::InPart(why)) => Err(format!(
            "its mounts were made in part only: {why}; a full table of mounts (`fs.mount-max`), a security module or the filter of a \
             container can be why: allow octi these mounts, or set the level to `off` where something else is the sandbox"
        )),
    }
}

/// A mount namespace from which nothing gets out.
fn own_mounts() -> Result<(), String> {
    unshare(CloneFlags::CLONE_NEWNS).map_err(|error| format!("there is no mount namespace to be had: {error}"))?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(|error| format!("its mounts cannot be kept apart from the machine's: {error}"))
}

/// Since Linux 6.14 each process namespace has its own highest number. Before, writing it would change the whole machine.
fn numbers_are_per_namespace() -> bool {
    let Ok(release) = fs::read_to_string("/proc/sys/kernel/osrelease") else { return false };
    let mut parts = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (6, 14)
}

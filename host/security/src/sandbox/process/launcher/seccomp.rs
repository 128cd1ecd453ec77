//! System calls that a program of a workspace never needs, and that have been ways out of sandboxes.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::super::types::Reached;

/// Landlock can tell which Unix sockets may be connected to from this version on.
const ABI_WITH_UNIX_SOCKETS: u32 = 9;

/// Of `linux/ioprio.h`.
const IOPRIO_WHO_PROCESS: i32 = 1;
/// The bits of a socket's type that are not flags.
const SOCKET_TYPES: u64 = 0xf;

/// On x86-64 every call has a second number with this bit, for the x32 ABI.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;
/// Calls whose x32 number is another: ptrace, kexec_load, process_vm_readv and process_vm_writev.
#[cfg(target_arch = "x86_64")]
const X32_OWN: [i64; 4] = [521, 528, 539, 540];

/// Refused with `EPERM`.
const REFUSED: [i64; 54] = [
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_madvise,
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    // Keys.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Parts of the kernel with a long record of holes.
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_perf_event_open,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    libc::SYS_vhangup,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_nfsservctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    // Files by handle, around every path.
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // The machine itself.
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];

/// Installs the filters for this process and all it starts. They can only be added to.
///
/// With `tunnel`, TCP over IPv4 is allowed, for a program that has a network of its own with nothing in it but the host's proxy.
pub(super) fn enforce(reached: &Reached, tunnel: bool) -> Result<(), String> {
    let fail = |error: &dyn std::fmt::Display| format!("the system call filter could not be installed: {error}");
    for program in programs(reached, tunnel).map_err(|error| fail(&error))? {
        seccompiler::apply_filter(&program).map_err(|error| fail(&error))?;
    }
    Ok(())
}

fn programs(reached: &Reached, tunnel: bool) -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    refused.insert(libc::SYS_socketpair, vec![argument_is_not(0, libc::AF_UNIX)?]);
    refused.insert(libc::SYS_socket, sockets(reached.landlock_abi, tunnel)?);
    refused.insert(libc::SYS_clone, namespace_flags()?);
    refused.insert(libc::SYS_ioctl, vec![argument_is(1, libc::TIOCSTI)?, argument_is(1, libc::TIOCLINUX)?]);
    if !reached.pid_ns {
        refused.extend(meddling()?);
    }
    // Its flags are behind a pointer that no filter can look at. The C library falls back to `clone` when it is not there.
    let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    Ok([compile(refused, libc::EPERM)?, compile(absent, libc::ENOSYS)?])
}

/// What sets limits and priorities of other processes, such as the host: the kernel asks for the same user only. A program may
/// set its own, which it names by zero.
fn meddling() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let of_others = [
        libc::SYS_prlimit64,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setattr,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setscheduler,
    ];
    let mut refused = BTreeMap::new();
    for call in of_others {
        refused.insert(call, vec![argument_is_not(0, 0)?]);
    }
    for call in [libc::SYS_setpriority, libc::SYS_ioprio_set] {
        // Which kind of id it is comes first. A user is named by zero as well, so only processes are left.
        let process = if call == libc::SYS_ioprio_set { IOPRIO_WHO_PROCESS } else { libc::PRIO_PROCESS.cast_signed() };
        refused.insert(call, vec![argument_is_not(0, process)?, argument_is_not(1, 0)?]);
    }
    Ok(refused)
}

/// Which sockets are refused: one rule for each way not to be allowed; no rule refuses all.
fn sockets(landlock_abi: u32, tunnel: bool) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    // A Unix socket leads to whatever listens on this machine, such as a container daemon, no matter the namespaces. Where Landlock
    // cannot bind them to the workspace there are only pairs.
    let unix = landlock_abi >= ABI_WITH_UNIX_SOCKETS;
    let families = [(unix, libc::AF_UNIX), (tunnel, libc::AF_INET)].into_iter().filter(|(allowed, _)| *allowed);
    let is_none = families.map(|(_, family)| condition(0, SeccompCmpOp::Ne, family as u64)).collect::<Result<Vec<_>, _>>()?;
    if is_none.is_empty() {
        return Ok(Vec::new());
    }
    let mut refused = vec![SeccompRule::new(is_none)?];
    if tunnel {
        // A filter cannot say "another type", so each other type is named: no datagrams, and nothing raw.
        for kind in (0..=SOCKET_TYPES).filter(|kind| *kind != libc::SOCK_STREAM as u64) {
            let of_inet = condition(0, SeccompCmpOp::Eq, libc::AF_INET as u64)?;
            refused.push(SeccompRule::new(vec![of_inet, condition(1, SeccompCmpOp::MaskedEq(SOCKET_TYPES), kind)?])?);
        }
    }
    Ok(refused)
}

fn compile(mut rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<BpfProgram, seccompiler::BackendError> {
    add_other_numbers(&mut rules);
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(errno.unsigned_abs()), arch)?.try_into()
}

#[cfg(target_arch = "x86_64")]
fn add_other_numbers(rules: &mut BTreeMap<i64, Vec<SeccompRule>>) {
    let twins: Vec<_> = rules.iter().map(|(call, rules)| (call | X32, rules.clone())).collect();
    rules.extend(twins);
    if rules.contains_key(&libc::SYS_ptrace) {
        rules.extend(X32_OWN.map(|call| (call | X32, Vec::new())));
        rules.extend([libc::SYS_iopl, libc::SYS_ioperm].map(|call| (call, Vec::new())));
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn add_other_numbers(_rules: &mut BTreeMap<i64, Vec<SeccompRule>>) {}

/// One rule for each flag, because a rule matches when all of its conditions do.
fn namespace_flags() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let flags = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ];
    flags.into_iter().map(|flag| rule(0, SeccompCmpOp::MaskedEq(flag as u64), flag as u64)).collect()
}

fn argument_is_not(index: u8, value: i32) -> Result<SeccompRule, seccompiler::BackendError> {
    rule(index, SeccompCmpOp::Ne, value as u64)
}

fn argument_is(index: u8, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    rule(index, SeccompCmpOp::Eq, value)
}

fn rule(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![condition(index, operator, value)?])
}

fn condition(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
}

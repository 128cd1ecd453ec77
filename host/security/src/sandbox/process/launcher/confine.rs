//! Limits, capabilities and Landlock: what the program may use, be and touch.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, LandlockStatus, NetPort, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::geteuid;
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::spec::LaunchSpec;
use crate::sandbox::process::types::Reached;

/// Programs and libraries: readable and executable.
pub(in crate::sandbox::process) const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// What programs need to know about the machine, and nothing that is secret: not the password hashes, not private keys.
const SETTINGS: [&str; 38] = [
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/debian_version",
    "/etc/environment",
    "/etc/fonts",
    "/etc/gitconfig",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/java",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/locale.alias",
    "/etc/locale.conf",
    "/etc/localtime",
    "/etc/lsb-release",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/perl",
    "/etc/pki/tls/certs",
    "/etc/profile",
    "/etc/profile.d",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
];

/// Devices that give and take nothing of interest.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Sets the bounds that the kernel keeps for each process.
pub(super) fn limit(spec: &LaunchSpec, reached: &mut Reached) -> Result<(), String> {
    let bounds = [
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_AS, spec.memory_bytes),
        (Resource::RLIMIT_FSIZE, spec.file_bytes),
        (Resource::RLIMIT_NOFILE, spec.open_files),
        (Resource::RLIMIT_CPU, spec.cpu_seconds),
    ];
    for (resource, bound) in bounds {
        lower(resource, bound).map_err(|error| format!("the limit {resource:?} could not be set: {error}"))?;
    }
    // The kernel counts processes by user, and does not hold root to it. In a user namespace it counts only what is in there.
    if !geteuid().is_root() {
        let others = if reached.user_ns { 2 } else { threads_of_this_user() };
        reached.process_limit |= lower(Resource::RLIMIT_NPROC, spec.processes.saturating_add(others)).is_ok();
    }
    Ok(())
}

/// Lowers both limits; one that is lower already stays.
fn lower(resource: Resource, bound: u64) -> nix::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    let bound = bound.min(hard);
    setrlimit(resource, bound, bound)
}

fn threads_of_this_user() -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let user = geteuid().as_raw();
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let own = processes.flatten().filter(|process| process.metadata().is_ok_and(|found| found.uid() == user));
    own.filter_map(|process| std::fs::read_dir(process.path().join("task")).ok()).map(|tasks| tasks.count() as u64).sum()
}

/// Gives up every capability, also those that root would get back with the next program. True when none is left.
pub(super) fn drop_capabilities() -> bool {
    for capability in CapabilitySet::all().iter() {
        // Numbers that this kernel does not know are refused; whether all went well is looked at below.
        let _dropped = rustix::thread::remove_capability_from_bounding_set(capability);
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    let _cleared = rustix::thread::clear_ambient_capability_set();
    let given_up = rustix::thread::set_capabilities(None, none).is_ok();
    let bounded = CapabilitySet::all().iter().all(|one| !rustix::thread::capability_is_in_bounding_set(one).unwrap_or(false));
    given_up && (bounded || !geteuid().is_root())
}

/// Files: the system to read, the workspace and the scratch directory to write, nothing else. TCP, signals and abstract sockets
/// to the outside are refused where the kernel can; the network namespace and seccomp refuse the rest.
pub(super) fn landlock(spec: &LaunchSpec, own_proc: bool) -> io::Result<u32> {
    enforce(spec, own_proc).map_err(io::Error::other)
}

fn enforce(spec: &LaunchSpec, own_proc: bool) -> Result<u32, landlock::RulesetError> {
    let newest = ABI::V10;
    let read = AccessFs::from_read(newest);
    let no_devices = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev;
    let write = AccessFs::from_all(newest) & !no_devices;
    let look = AccessFs::ReadFile | AccessFs::ReadDir;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, read))?
        .add_rules(path_beneath_rules(&spec.read, read))?
        .add_rules(path_beneath_rules(SETTINGS, look))?
        .add_rules(path_beneath_rules(DEVICES, AccessFs::ReadFile | AccessFs::WriteFile))?
        .add_rules(path_beneath_rules(["/sys/devices/system/cpu"], look))?
        .add_rules(path_beneath_rules([&spec.workspace, &spec.scratch], write))?
        .add_rules(path_beneath_rules(&spec.write, write))?;
    if let Some(port) = spec.tunnel {
        rules = rules.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
    }
    if own_proc {
        rules = rules.add_rules(path_beneath_rules([Path::new("/proc")], look))?;
    }
    let status = rules.restrict_self()?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => 0,
        (_, LandlockStatus::Available { effective_abi, .. }) => effective_abi as u32,
        _ => 0,
    })
}

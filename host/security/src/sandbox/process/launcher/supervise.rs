//! Starting the program, waiting for it, and leaving nothing of it behind.

use std::fs::{self, DirBuilder};
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use rustix::process::{PidfdFlags, pidfd_open};

use super::spec::{LaunchSpec, Report};
use super::{namespaces, network, report, target};
use crate::sandbox::process::types::{Ending, Reached};

/// How long orphans may take to die, in steps of [`SWEEP_PAUSE`].
const SWEEPS_MAX: usize = 1_000;
const SWEEP_PAUSE: Duration = Duration::from_millis(5);

/// Runs the program to its end.
pub(super) fn run(mut spec: LaunchSpec, control: &UnixStream, passing: Option<UnixStream>) -> Result<(), String> {
    nix::unistd::setsid().map_err(|error| format!("the launcher could not get a session of its own: {error}"))?;
    // Without a process namespace, what the program leaves behind becomes a child of this process, and is found.
    nix::sys::prctl::set_child_subreaper(true).map_err(|error| format!("orphans could not be adopted: {error}"))?;
    DirBuilder::new()
        .mode(0o700)
        .create(&spec.scratch)
        .map_err(|error| format!("the directory for temporary files could not be made: {error}"))?;
    let ended = namespaces::enter(spec.level).and_then(|mut reached| match network::open(&mut spec, &mut reached, passing) {
        Ok(()) => start(&spec, reached, control).and_then(|child| wait(child, control, reached.pid_ns)),
        Err(text) => {
            report(control, &Report::Refused(text));
            Ok(None)
        }
    });
    sweep();
    if let Err(error) = fs::remove_dir_all(&spec.scratch) {
        report(control, &Report::Failed(format!("the directory for temporary files could not be removed: {error}")));
    }
    if let Some(ending) = ended? {
        report(control, &Report::Ended(ending));
    }
    Ok(())
}

/// Forks the program, or the first process of its namespace.
fn start(spec: &LaunchSpec, reached: Reached, control: &UnixStream) -> Result<Pid, String> {
    match fork_process()? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child if reached.pid_ns => std::process::exit(first_process(spec, reached, control)),
        ForkResult::Child => std::process::exit(target::become_program(spec, reached, None, control)),
    }
}

#[expect(unsafe_code, reason = "the standard library cannot fork without starting a program")]
pub(super) fn fork_process() -> Result<ForkResult, String> {
    // SAFETY: the launcher has one thread, so the child's memory is whole: no lock is held by a thread that is not there.
    unsafe { fork() }.map_err(|error| format!("the system has no room for another process: {error}"))
}

/// The first process of a namespace must collect the others' remains, and when it ends, the kernel kills them all. The ending is
/// reported from here, because an exit code cannot say that the program was killed by a signal.
fn first_process(spec: &LaunchSpec, mut reached: Reached, control: &UnixStream) -> i32 {
    if nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).is_err() {
        return 126;
    }
    let unprotected = match namespaces::furnish(spec, &mut reached) {
        Ok(unprotected) => unprotected,
        Err(text) => {
            report(control, &target::in_part(spec.level, text));
            return 126;
        }
    };
    let program = match fork_process() {
        Ok(ForkResult::Parent { child }) => child,
        Ok(ForkResult::Child) => return target::become_program(spec, reached, unprotected.as_deref(), control),
        Err(text) => {
            report(control, &Report::Failed(text));
            return 126;
        }
    };
    loop {
        match waitpid(None, None) {
            Ok(status) if status.pid() == Some(program) => {
                if let Some(ending) = ending(status) {
                    report(control, &Report::Ended(ending));
                    return 0;
                }
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return 126,
        }
    }
}

/// Waits for the child, or for the host to close its end, which ends the child. None when the child has reported for itself, as the
/// first process of a namespace does unless it is killed.
fn wait(child: Pid, mut control: &UnixStream, reports: bool) -> Result<Option<Ending>, String> {
    let number = rustix::process::Pid::from_raw(child.as_raw()).ok_or("the system gave no process number")?;
    let handle = pidfd_open(number, PidfdFlags::empty()).map_err(|error| format!("the program cannot be watched: {error}"))?;
    let mut killed = false;
    loop {
        let mut watched = [PollFd::new(handle.as_fd(), PollFlags::POLLIN), PollFd::new(control.as_fd(), PollFlags::POLLIN)];
        // A closed end stays readable, so it is not watched any more once it was seen.
        let count = if killed { 1 } else { 2 };
        match poll(&mut watched[..count], PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(format!("the program cannot be watched: {error}")),
        }
        let news = |place: &PollFd<'_>| place.any().unwrap_or(false);
        if news(&watched[0]) {
            let status = waitpid(child, None).map_err(|error| format!("the program's end was lost: {error}"))?;
            return Ok(if reports && matches!(status, WaitStatus::Exited(_, 0)) { None } else { ending(status) });
        }
        if !killed && news(&watched[1]) {
            let mut byte = [0];
            killed = !matches!(control.read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::Interrupted);
            let _sent = kill(child, Signal::SIGKILL);
        }
    }
}

fn ending(status: WaitStatus) -> Option<Ending> {
    match status {
        WaitStatus::Exited(_, code) => Some(Ending::Exited(code)),
        WaitStatus::Signaled(_, signal, _) => Some(Ending::Signalled(signal as i32)),
        _ => None,
    }
}

/// Kills and collects everything that this process has become the parent of, until there is nothing.
fn sweep() {
    for _ in 0..SWEEPS_MAX {
        for child in children() {
            let _sent = kill(child, Signal::SIGKILL);
        }
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => break,
                Err(Errno::ECHILD) => return,
                Ok(_) | Err(_) => {}
            }
        }
        std::thread::sleep(SWEEP_PAUSE);
    }
}

fn children() -> Vec<Pid> {
    let own = std::process::id();
    let listed = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|number| number.parse().ok()).map(Pid::from_raw).collect()
}

//! The small program between the host and a sandboxed program: it builds the walls, and ends everything behind them.
//!
//! It runs in a process of its own, started as `octi __sandbox <descriptor> [<descriptor>]`, because what it changes (namespaces, privileges, limits)
//! must not happen in the host, and cannot be done safely between fork and exec of a process with threads. The descriptor is one end of
//! a socket: the host sends one line with a [`spec::LaunchSpec`] and then only keeps its end open. When that closes, on purpose or
//! because the host died, everything is killed. What happens is reported on the same socket. Secrets in the environment of the
//! program go over the socket too, so no argument list holds them.

mod confine;
mod mounts;
mod namespaces;
mod network;
mod seccomp;
pub(super) mod spec;
mod supervise;
mod target;

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use spec::{LaunchSpec, Report, SPEC_BYTES_MAX};

/// The system directory that a path lies in, if any.
pub(super) fn readable_above(path: &std::path::Path) -> Option<&'static str> {
    confine::SYSTEM.into_iter().find(|directory| path.starts_with(directory))
}

/// What `octi __sandbox` runs, before anything else and before any thread is started.
#[must_use]
pub fn launcher_main() -> ExitCode {
    let numbers: Vec<i32> = std::env::args().filter_map(|text| text.parse().ok()).filter(|number| *number > 2).collect();
    let Some(Ok(control)) = numbers.first().map(|number| adopt(*number)) else { return ExitCode::from(2) };
    // On the second one, the host is given the listener of a program that may use the network.
    let Ok(passing) = numbers.get(1).map(|number| adopt(*number)).transpose() else { return ExitCode::from(2) };
    let done = close_others([Some(&control), passing.as_ref()])
        .and_then(|()| read_spec(&control))
        .and_then(|spec| supervise::run(spec, &control, passing));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            report(&control, &Report::Failed(text));
            ExitCode::FAILURE
        }
    }
}

/// Takes the socket that the host left open for this process.
#[expect(unsafe_code, reason = "a descriptor that arrives by number can only be adopted this way")]
fn adopt(number: i32) -> nix::Result<UnixStream> {
    // SAFETY: this runs first in a fresh process, which has opened nothing: the only owner of this number is the host that
    // passed it, and it passed it to be taken over here.
    let control = UnixStream::from(unsafe { OwnedFd::from_raw_fd(number) });
    fcntl(control.as_fd(), FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(control)
}

/// Closes whatever else the host had open without meaning to pass it on.
fn close_others(kept: [Option<&UnixStream>; 2]) -> Result<(), String> {
    let fail = |error: io::Error| format!("the open files could not be listed: {error}");
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd").map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    let kept = kept.map(|socket| socket.map_or(-1, |socket| socket.as_raw_fd()));
    for number in numbers.into_iter().filter(|number| *number > 2 && !kept.contains(number)) {
        // The descriptor of the listing itself is in the list, and closed by now.
        let _closed = nix::unistd::close(number);
    }
    Ok(())
}

fn read_spec(control: &UnixStream) -> Result<LaunchSpec, String> {
    let mut line = String::new();
    let mut reader = BufReader::new(control).take(SPEC_BYTES_MAX);
    reader.read_line(&mut line).map_err(|error| format!("the launcher got no orders: {error}"))?;
    serde_json::from_str(&line).map_err(|error| format!("the launcher does not understand its orders: {error}"))
}

/// Tells the host. When the host is gone there is nobody to tell, and the supervisor will see that.
fn report(mut control: &UnixStream, report: &Report) {
    if let Ok(mut line) = serde_json::to_vec(report) {
        line.push(b'\n');
        let _told = control.write_all(&line);
    }
}

//! The last steps before the program: it walls itself in, checks that this is enough, and turns into the program.

use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::sys::signal::Signal;

use super::spec::{LaunchSpec, Report};
use super::{confine, report, seccomp};
use crate::sandbox::process::types::{Level, Reached};

/// Landlock before this version cannot keep a program from emptying files that it may not write.
const LANDLOCK_ABI_REQUIRED: u32 = 3;

/// Never returns to the supervisor's code: it becomes the program, or ends with what went wrong. `unprotected` is why the mounts
/// are not read-only, where that is known.
pub(super) fn become_program(spec: &LaunchSpec, reached: Reached, unprotected: Option<&str>, control: &UnixStream) -> i32 {
    match confine_self(spec, reached) {
        Ok(reached) => {
            if let Some(text) = shortfall(spec.level, &reached, unprotected) {
                report(control, &Report::Refused(text));
                return 126;
            }
            report(control, &Report::Reached(reached));
            execute(spec, control)
        }
        Err(text) => {
            report(control, &Report::Failed(text));
            126
        }
    }
}

fn confine_self(spec: &LaunchSpec, mut reached: Reached) -> Result<Reached, String> {
    let fail = |what: &str, error: nix::Error| format!("{what}: {error}");
    // The parent is single-threaded, so this fires when it dies, not when one of its threads does.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(|e| fail("the program could not be tied to its supervisor", e))?;
    nix::unistd::setsid().map_err(|e| fail("the program could not get a session of its own", e))?;
    std::env::set_current_dir(&spec.cwd).map_err(|error| format!("the directory to start in cannot be entered: {error}"))?;
    confine::limit(spec, &mut reached)?;
    if spec.level == Level::Off {
        return Ok(reached);
    }
    reached.no_capabilities = confine::drop_capabilities();
    reached.no_new_privs = nix::sys::prctl::set_no_new_privs().is_ok();
    reached.landlock_abi = confine::landlock(spec, reached.own_proc).unwrap_or(0);
    reached.seccomp = seccomp::enforce(&reached, spec.tunnel.is_some()).is_ok();
    Ok(reached)
}

/// What is told of layers that are neither there nor away.
pub(super) fn in_part(level: Level, text: String) -> Report {
    match level {
        Level::Required => Report::Refused(format!("the sandbox level is `required`, and {text}")),
        Level::Auto | Level::Off => Report::Failed(text),
    }
}

/// What is missing for the level, as a sentence; none when nothing is.
fn shortfall(level: Level, reached: &Reached, unprotected: Option<&str>) -> Option<String> {
    if level != Level::Required {
        return None;
    }
    let mut missing = Vec::new();
    if !reached.no_new_privs {
        missing.push("no_new_privs".to_owned());
    }
    if reached.landlock_abi < LANDLOCK_ABI_REQUIRED {
        missing.push(format!("Landlock (version {LANDLOCK_ABI_REQUIRED} or later, found {})", reached.landlock_abi));
    }
    if !reached.seccomp {
        missing.push("seccomp filters".to_owned());
    }
    if !reached.net_ns {
        missing.push("network namespaces (as root, or through user namespaces)".to_owned());
    }
    if !reached.read_only {
        let why = unprotected.map(|why| format!(" ({why})")).unwrap_or_default();
        missing.push(format!("a mount namespace whose mounts can be made read-only{why}"));
    }
    if missing.is_empty() {
        return None;
    }
    Some(format!(
        "the sandbox level is `required`, and this machine lacks {}: provide it, or set the level to `auto`",
        missing.join(", ")
    ))
}

#[expect(clippy::disallowed_methods, reason = "this is the launcher that the process door starts: here the program begins")]
fn execute(spec: &LaunchSpec, control: &UnixStream) -> i32 {
    let Some((program, arguments)) = spec.argv.split_first() else { return 0 };
    let error = Command::new(program).args(arguments).env_clear().envs(spec.env.iter().map(|(k, v)| (k, v))).exec();
    report(control, &Report::NotFound(format!("`{program}` cannot be started: {error}")));
    127
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Reached {
        Reached { no_new_privs: true, landlock_abi: 7, seccomp: true, net_ns: true, read_only: true, ..Reached::default() }
    }

    #[test]
    fn the_required_level_names_each_layer_that_is_missing() {
        assert_eq!(shortfall(Level::Required, &full(), None), None);
        let cases = [
            (Reached { no_new_privs: false, ..full() }, "no_new_privs"),
            (Reached { landlock_abi: 2, ..full() }, "Landlock (version 3 or later, found 2)"),
            (Reached { seccomp: false, ..full() }, "seccomp"),
            (Reached { net_ns: false, ..full() }, "network namespaces"),
            (Reached { read_only: false, ..full() }, "mounts can be made read-only (why it cannot)"),
        ];
        for (reached, word) in cases {
            let text = shortfall(Level::Required, &reached, Some("why it cannot")).unwrap();
            assert!(text.contains(word) && text.contains("`auto`"), "{text}");
            assert_eq!(shortfall(Level::Auto, &reached, None), None);
        }
    }
}

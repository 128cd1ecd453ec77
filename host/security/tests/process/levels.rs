//! What is reached here, and what happens on machines that have less.
//!
//! Lesser machines are made with a seccomp filter on the test's own thread: the launcher is started from that thread and inherits it.

use std::collections::BTreeMap;

use nix::libc;
use octi_security::sandbox::process::{Ending, Level, ProcessError, Reached};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, SeccompRule, TargetArch};

use crate::support::{Home, is_running, text};

/// Runs the future on a thread on which these system calls do not exist.
pub(crate) fn without<T: Send + 'static>(calls: &'static [i64], test: impl Future<Output = T> + Send + 'static) -> T {
    filtered(calls.iter().map(|call| (*call, Vec::new())).collect(), test)
}

/// Runs the future on a thread on which system calls that match these rules do not exist.
pub(crate) fn filtered<T: Send + 'static>(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    test: impl Future<Output = T> + Send + 'static,
) -> T {
    let thread = std::thread::spawn(move || {
        let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS.unsigned_abs()), arch);
        let program: BpfProgram = filter.unwrap().try_into().unwrap();
        seccompiler::apply_filter(&program).unwrap();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    });
    thread.join().unwrap()
}

#[tokio::test]
async fn the_probe_says_what_a_program_gets() {
    let home = Home::new(Level::Auto);
    let probed = home.door.probe().await.unwrap();
    assert_eq!(probed, home.run("true").await.reached);
    assert_eq!(Home::new(Level::Off).door.probe().await.unwrap().landlock_abi, 0);
}

#[tokio::test]
async fn required_runs_exactly_when_the_layers_are_there() {
    let home = Home::new(Level::Required);
    let Reached { no_new_privs, landlock_abi, seccomp, net_ns, read_only, .. } = Home::new(Level::Auto).run("true").await.reached;
    let complete = no_new_privs && landlock_abi >= 3 && seccomp && net_ns && read_only;
    match home.try_run("echo ran").await {
        Ok(output) => assert!(complete && output.stdout == b"ran\n"),
        Err(error) => assert!(!complete && matches!(error, ProcessError::Refused(_)), "{error}"),
    }
}

#[test]
fn required_refuses_without_landlock_and_names_it() {
    let answer = without(&[libc::SYS_landlock_create_ruleset], async {
        let home = Home::new(Level::Required);
        let mark = home.workspace().join("mark");
        let error = home.try_run("touch mark").await.unwrap_err();
        (error, mark.exists())
    });
    let (ProcessError::Refused(text), false) = answer else { panic!("{answer:?}") };
    assert!(text.contains("Landlock") && text.contains("`auto`") && !text.contains("seccomp"), "{text}");
}

#[test]
fn required_refuses_without_namespaces_and_names_them() {
    let error = without(&[libc::SYS_unshare], async { Home::new(Level::Required).try_run("true").await.unwrap_err() });
    assert!(matches!(&error, ProcessError::Refused(text) if text.contains("network namespaces")), "{error}");
}

#[test]
fn auto_takes_what_there_is_and_still_leaves_nothing_behind() {
    let (output, left) = without(&[libc::SYS_unshare, libc::SYS_landlock_create_ruleset], async {
        let home = Home::new(Level::Auto);
        let output = home.run("sleep 66.51 & setsid sleep 66.52 & (setsid sh -c 'sleep 66.53; true' &); exit 4").await;
        (output, ["66.51", "66.52", "66.53"].map(is_running))
    });
    assert_eq!(output.ending, Ending::Exited(4));
    assert!(output.reached.seccomp && output.reached.no_new_privs);
    assert_eq!((output.reached.landlock_abi, output.reached.net_ns, output.reached.pid_ns), (0, false, false));
    assert_eq!(left, [false; 3]);
}

#[test]
fn a_time_limit_ends_the_family_without_namespaces_too() {
    let (output, left) = without(&[libc::SYS_unshare], async {
        let home = Home::new(Level::Auto);
        let mut spawn = home.line("setsid sleep 67.51 & sleep 67.52");
        spawn.time_max = std::time::Duration::from_millis(700);
        (home.door.run(spawn).await.unwrap(), ["67.51", "67.52"].map(is_running))
    });
    assert_eq!(output.ending, Ending::TimedOut);
    assert_eq!(left, [false; 2]);
}

#[test]
fn without_a_network_namespace_sockets_are_still_refused() {
    let output = without(&[libc::SYS_unshare], async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Home::new(Level::Auto).run(&format!("exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected'")).await
    });
    assert!(!output.reached.net_ns && output.stdout.is_empty());
    assert_ne!(output.ending, Ending::Exited(0));
}

#[tokio::test]
async fn off_keeps_the_clean_environment_and_the_limits() {
    let home = Home::new(Level::Off);
    let output = home.run("ulimit -c; echo ${CARGO_MANIFEST_DIR:-clean}").await;
    assert_eq!(text(&output.stdout), "0\nclean\n");
    assert_eq!((output.reached.landlock_abi, output.reached.seccomp, output.reached.net_ns), (0, false, false));
}

#[tokio::test]
async fn a_launcher_that_is_not_one_is_an_error() {
    let config = octi_security::sandbox::process::ProcessConfig { launcher: "/bin/true".into(), level: Level::Auto };
    let home = Home::new(Level::Auto);
    let door = octi_security::sandbox::process::ProcessDoor::new(config);
    let error = door.run(home.line("true")).await.unwrap_err();
    assert!(matches!(&error, ProcessError::Failed(text) if text.contains("launcher")), "{error}");
}

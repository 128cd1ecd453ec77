//! Machines on which the mounts of a program can be made in part only, or not at all.
//!
//! They are made with filters of system calls on the test's own thread, and with mounts in a namespace of that thread: the machine
//! is as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use octi_security::sandbox::process::{Ending, Level, Output, ProcessError};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use crate::levels::filtered;
use crate::promise::{as_nobody, public_launcher};
use crate::support::{Home, eventually, text};

/// A system call that is refused when its arguments are like this.
type Refused = (i64, &'static [(u8, SeccompCmpOp, u64)]);

/// Putting what was kept back in its place, which comes last.
const PUT_BACK: Refused = (libc::SYS_move_mount, &[]);
/// The empty directory over a hidden one: the only mount with options.
const COVER: Refused = (libc::SYS_mount, &[(4, Ne, 0)]);
const TAKE: Refused = (libc::SYS_open_tree, &[]);
const READ_ONLY: Refused = (libc::SYS_mount_setattr, &[]);
const PRIVATE: Refused = (libc::SYS_mount, &[(3, MaskedEq(libc::MS_PRIVATE), libc::MS_PRIVATE)]);
const NAMESPACE: Refused = (libc::SYS_unshare, &[(0, MaskedEq(NEWNS), NEWNS)]);
/// The only mount with limits for what is in it that has no options.
const PROC: Refused = (libc::SYS_mount, &[(3, MaskedEq(libc::MS_NOSUID), libc::MS_NOSUID), (4, Eq, 0)]);
const NEWNS: u64 = libc::CLONE_NEWNS as u64;

/// What a launch came to.
struct Launch {
    answer: Result<Output, ProcessError>,
    /// Whether the line was run at all.
    ran: bool,
    home: PathBuf,
}

impl Launch {
    fn refusal(&self) -> String {
        match &self.answer {
            Err(error) if !self.ran => error.to_string(),
            _ => panic!("it ran: {:?}", self.answer),
        }
    }

    fn output(&self) -> &Output {
        self.answer.as_ref().unwrap()
    }
}

/// Runs a line in a home whose own directory is hidden, on a machine without that system call, and looks whether anything is left.
fn launch(level: Level, refused: Refused, line: &'static str) -> Launch {
    let (call, arguments) = refused;
    let conditions = arguments.iter().map(|(number, compared, value)| {
        SeccompCondition::new(*number, SeccompCmpArgLen::Qword, compared.clone(), *value).unwrap()
    });
    let rule = (!arguments.is_empty()).then(|| SeccompRule::new(conditions.collect()).unwrap());
    let rules = BTreeMap::from([(call, rule.into_iter().collect())]);
    filtered(rules, async move {
        let Home { door, dir } = Home::new(level);
        let home = Home { door: door.hiding(dir.path()), dir };
        std::fs::write(home.dir.path().join("master.key"), "topsecret").unwrap();
        let (mounts, scratch) = (mounts(), scratch());
        let answer = home.try_run(line).await;
        assert_eq!(mounts, self::mounts(), "nothing is mounted that was not before");
        assert_eq!(children(), "", "no process is left");
        let mut new = &self::scratch() - &scratch;
        // Other tests have theirs, which go by themselves.
        let gone = eventually(|| {
            new.retain(|path| path.exists());
            new.is_empty()
        });
        assert!(gone.await, "no directory is left: {new:?}");
        let ran = home.workspace().join("mark").exists();
        Launch { answer, ran, home: home.dir.path().canonicalize().unwrap() }
    })
}

fn mounts() -> String {
    std::fs::read_to_string("/proc/thread-self/mountinfo").unwrap()
}

/// The processes that this thread has started.
fn children() -> String {
    std::fs::read_to_string("/proc/thread-self/children").unwrap()
}

fn scratch() -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("octi-")).map(|entry| entry.path()).collect()
}

/// Whether this machine has all of it; where it has not, there is nothing to take away.
fn is_whole() -> bool {
    let output = filtered(BTreeMap::new(), async { Home::new(Level::Auto).run("true").await });
    let is_whole = output.reached.read_only && output.reached.own_proc;
    if !is_whole {
        println!("there is nothing to take away on this machine");
    }
    is_whole
}

#[test]
fn among_mounts_that_were_made_in_part_nothing_starts() {
    if !is_whole() {
        return;
    }
    for (refused, cannot_be) in [(PUT_BACK, "left writable"), (COVER, "hidden")] {
        for level in [Level::Auto, Level::Required] {
            let launch = launch(level, refused, "touch mark");
            let text = launch.refusal();
            let home = launch.home.display();
            assert!(text.contains(&format!("`{home}")) && text.contains(&format!("cannot be {cannot_be}: ")), "{text}");
            assert!(text.contains("made in part only") && text.contains("`fs.mount-max`") && text.contains("`off`"), "{text}");
            let of_the_level = matches!(&launch.answer, Err(ProcessError::Refused(_)));
            assert_eq!(of_the_level, level == Level::Required, "{text}");
            assert_eq!(text.contains("the sandbox level is `required`"), level == Level::Required, "{text}");
        }
    }
}

#[test]
fn mounts_that_cannot_even_begin_lower_the_level_and_the_reason_is_told() {
    if !is_whole() {
        return;
    }
    for (refused, own_proc, why) in [
        (TAKE, true, "files` cannot be kept as it is: "),
        (READ_ONLY, true, "`/` cannot be made read-only: "),
        (PRIVATE, false, "its mounts cannot be kept apart from the machine's: "),
        (NAMESPACE, false, "there is no mount namespace to be had: "),
    ] {
        let launched = launch(Level::Auto, refused, "touch mark && ls /proc; cat ../master.key");
        let output = launched.output();
        assert!(launched.ran, "{why}");
        assert_eq!((output.reached.read_only, output.reached.own_proc), (false, own_proc), "{why}");
        assert!(output.reached.landlock_abi > 0 && output.reached.net_ns && output.reached.pid_ns, "the rest holds: {why}");
        assert!(!text(&output.stdout).contains("topsecret"), "{why}");
        assert_eq!(text(&output.stdout).is_empty(), !own_proc, "no `/proc` but one's own: {why}");
        let text = launch(Level::Required, refused, "touch mark").refusal();
        assert!(text.contains("lacks a mount namespace whose mounts can be made read-only (") && text.contains(why), "{text}");
        assert!(text.contains("`auto`"), "{text}");
    }
}

#[test]
fn without_a_proc_of_its_own_a_program_has_none() {
    if !is_whole() {
        return;
    }
    let launch = launch(Level::Required, PROC, "touch mark; ls /proc; cat /proc/self/environ /proc/1/environ");
    let output = launch.output();
    assert!(launch.ran && output.reached.read_only && !output.reached.own_proc, "{}", output.reached);
    assert_eq!(text(&output.stdout), "");
}

/// Entering a user namespace works here, and naming a user in it does not: nobody in it could make a file.
#[test]
fn a_user_namespace_that_can_only_be_entered_is_left_alone() {
    if !nix::unistd::geteuid().is_root() {
        println!("only root can make such a machine");
        return;
    }
    let (_folder, launcher) = public_launcher();
    let prepared = move || {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>).unwrap();
        mount(None::<&str>, "/proc", None::<&str>, MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY, None::<&str>)
            .unwrap();
    };
    let (output, made) = as_nobody(prepared, async move {
        let home = Home::started_by(&launcher, Level::Auto, |_| {});
        let output = home.run("echo made > file").await;
        (output, std::fs::read_to_string(home.workspace().join("file")).unwrap_or_default())
    });
    assert_eq!((output.ending, made.as_str()), (Ending::Exited(0), "made\n"), "{}", text(&output.stderr));
    assert!(!output.reached.user_ns && !output.reached.net_ns && !output.reached.read_only, "{}", output.reached);
    assert!(output.reached.landlock_abi > 0 && output.reached.seccomp, "{}", output.reached);
}

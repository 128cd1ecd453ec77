//! The promise of the process door, kept in three ways: with the namespaces that root may have, with those of an ordinary user, and
//! with none. A program reads no vault, no database, no other workspace, no environment of the host, and reaches no network.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::libc;
use octi_security::sandbox::process::{Ending, Level, Reached};

use crate::levels::without;
use crate::support::{Home, LAUNCHER, text};

/// The user and group that own nothing.
const NOBODY: u32 = 65_534;

/// Tries everything, and returns the layers that held.
async fn nothing_leaks(launcher: &Path) -> Reached {
    let Home { door, dir } = Home::started_by(launcher, Level::Auto, |_| {});
    let home = Home { door: door.hiding(dir.path()), dir };
    let data = home.dir.path();
    let theirs = data.join("users/somebody/files");
    std::fs::create_dir_all(&theirs).unwrap();
    let secrets: Vec<PathBuf> =
        [data.join("master.key"), data.join("octi.db"), data.join("octi.db-wal"), theirs.join("diary")].into();
    for secret in &secrets {
        std::fs::write(secret, "topsecret").unwrap();
        // As open as can be: what keeps a program out must not be the mode of a file.
        std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o666)).unwrap();
    }
    for secret in &secrets {
        let path = secret.display();
        for line in [
            format!("cat {path}"),
            format!("exec 3<{path}; cat <&3"),
            format!("ln -s {path} link; cat link; rm link"),
            format!("ln {path} hard; cat hard; rm -f hard"),
            format!("cp {path} copy; cat copy"),
            format!("cat /proc/self/root{path}"),
            format!("cat /proc/1/root{path} /proc/$PPID/root{path}"),
            format!("cat /dev/fd/../..{path}"),
        ] {
            let output = home.door.run(home.line(&line)).await.unwrap();
            assert_eq!(text(&output.stdout), "", "{line}");
        }
        let output = home.run(&format!("echo x > {path}; : >> {path}; rm -f {path}; mv {path} here")).await;
        assert_ne!(output.ending, Ending::Exited(0), "{path}");
        assert_eq!(std::fs::read_to_string(secret).unwrap(), "topsecret", "{path}");
    }
    nothing_is_marked(&home, &secrets).await;
    nothing_is_told(&home, &secrets).await;
    let output = home.run(&format!("ls {0} {0}/users {1}; find {0} -name diary", data.display(), theirs.display())).await;
    assert_eq!(text(&output.stdout).lines().filter(|line| line.contains("diary") || line.contains("master")).count(), 0);
    no_environment(&home).await;
    no_network(&home).await;
    no_meddling(&home).await;
    home.run("true").await.reached
}

/// Modes and times are no content, but a key that everybody may read, or a database that nobody may, is lost all the same. Without a
/// mount namespace this is not promised: Landlock does not watch them.
async fn nothing_is_marked(home: &Home, secrets: &[PathBuf]) {
    // What is in octi's own directory cannot even be named, so something beside it as well.
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    let secrets = [secrets, &[elsewhere.path().to_owned()]].concat();
    let seen =
        || secrets.iter().map(|path| path.metadata().unwrap()).map(|found| (found.mode(), found.mtime())).collect::<Vec<_>>();
    let before = seen();
    for path in secrets.iter().map(|path| path.display()) {
        let output = home.run(&format!("chmod 000 {path}; touch -d @0 {path}; chmod 777 {path}")).await;
        if output.reached.read_only {
            assert_ne!(output.ending, Ending::Exited(0), "{path}");
            assert_eq!(seen(), before, "{path}");
        }
    }
    let output = home
        .run("touch -d @0 here && chmod 700 here && stat -c %a:%Y here && rm here && : > $TMPDIR/x && chmod 600 $TMPDIR/x")
        .await;
    assert_eq!((output.ending, text(&output.stdout)), (Ending::Exited(0), "700:0\n".into()), "{}", text(&output.stderr));
}

/// Whether a file is there, and when it is used, is told to nobody. Without a mount namespace this is not promised either.
async fn nothing_is_told(home: &Home, secrets: &[PathBuf]) {
    for secret in secrets {
        let above = secret.parent().unwrap();
        let output = home.run(&format!("stat {}; cd {} && pwd; true", secret.display(), above.display())).await;
        let holds_the_workspace = above == home.dir.path();
        if output.reached.read_only {
            // The directory above the workspace is there, and as good as empty.
            let expected = if holds_the_workspace { format!("{}\n", above.display()) } else { String::new() };
            assert_eq!(text(&output.stdout), expected, "{}", secret.display());
        }
    }
}

async fn no_environment(home: &Home) {
    // The test's own environment always has this one, set by cargo.
    let host = std::process::id();
    let line = format!("env; cat /proc/{host}/environ /proc/1/environ /proc/self/environ; tr '\\0' '\\n' < /proc/$PPID/environ");
    let output = home.run(&line).await;
    assert!(!text(&output.stdout).contains("CARGO"), "{}", text(&output.stdout));
    let output = home.run(&format!("cat /proc/{host}/cmdline /proc/{host}/maps /proc/{host}/mem; ls /proc/{host}/fd/")).await;
    assert_eq!(text(&output.stdout), "");
    if home.door.which("workspace-shell", "perl").unwrap().is_some() {
        // Signals do not leave either: the parent of all is the supervisor, or out of sight.
        let output = home.run(&format!("exec perl -e 'print kill(0, {host}) ? \"seen\" : \"unseen\"'")).await;
        if output.reached.pid_ns || output.reached.landlock_abi >= 6 {
            assert_eq!(text(&output.stdout), "unseen");
        }
    }
}

/// A program of the same user: its limits and priorities are out of reach, with and without a namespace that hides it.
#[expect(clippy::disallowed_methods, reason = "the stand-in is another program of the user, not one of octi")]
async fn no_meddling(home: &Home) {
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let pid = other.id();
    let told = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let nice = stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().to_owned();
        (std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap(), nice)
    };
    let before = told();
    // The tools are there, and a program may use them on itself.
    let own = home.run("renice -n 5 -p 0 && chrt --idle --pid 0 0; ionice -c 3 -p 0; prlimit --nofile=64:64 true").await;
    assert_ne!(own.ending, Ending::Exited(127), "{}", text(&own.stderr));
    for line in [
        format!("prlimit --pid {pid} --nofile=1:1"),
        format!("renice -n 19 -p {pid}"),
        format!("renice -n 19 -g {pid}"),
        format!("chrt --idle --pid 0 {pid}"),
        format!("ionice -c 3 -p {pid}"),
    ] {
        assert_ne!(home.run(&line).await.ending, Ending::Exited(0), "{line}");
        assert_eq!(told(), before, "{line}");
    }
    let own = home.run("prlimit --nofile=64:64 true && nice -n 5 true && ulimit -n 32 && echo mine").await;
    assert_eq!(text(&own.stdout), "mine\n", "{}", text(&own.stderr));
    other.kill().unwrap();
    other.wait().unwrap();
}

async fn no_network(home: &Home) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let abstract_name = format!("octi-promise-{port}");
    let address = <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(&abstract_name);
    let unix = std::os::unix::net::UnixListener::bind_addr(&address.unwrap()).unwrap();
    unix.set_nonblocking(true).unwrap();
    let daemon = home.dir.path().join("daemon.sock");
    let socket = std::os::unix::net::UnixListener::bind(&daemon).unwrap();
    socket.set_nonblocking(true).unwrap();
    for kind in ["tcp", "udp"] {
        let output = home.run(&format!("exec bash -c 'exec 3<>/dev/{kind}/127.0.0.1/{port} && echo connected'")).await;
        assert_ne!(output.ending, Ending::Exited(0), "{kind}");
        assert_eq!(text(&output.stdout), "", "{kind}");
    }
    if home.door.which("workspace-shell", "perl").unwrap().is_some() {
        let script = format!(
            "use Socket; for (\"\\0{abstract_name}\", \"{}\") {{ socket(S, AF_UNIX, SOCK_STREAM, 0); \
             print connect(S, pack_sockaddr_un($_)) ? \"connected\" : \"refused\", \" \" }}",
            daemon.display()
        );
        let mut spawn = home.line("exec perl -");
        spawn.stdin = Some(script.into_bytes());
        assert_eq!(text(&home.door.run(spawn).await.unwrap().stdout), "refused refused ");
    }
    assert!(listener.accept().is_err() && unix.accept().is_err() && socket.accept().is_err(), "nobody has connected");
}

/// A launcher that anybody may start, and the directory it is in.
pub(crate) fn public_launcher() -> (tempfile::TempDir, PathBuf) {
    let public = tempfile::TempDir::new().unwrap();
    std::fs::set_permissions(public.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let launcher = public.path().join("launcher");
    std::fs::copy(LAUNCHER, &launcher).unwrap();
    (public, launcher)
}

/// Runs the future on a thread that is nobody, and not root any more, once it has prepared itself as root.
pub(crate) fn as_nobody<T: Send + 'static>(
    prepare: impl FnOnce() + Send + 'static,
    test: impl Future<Output = T> + Send + 'static,
) -> T {
    let thread = std::thread::spawn(move || {
        prepare();
        become_nobody();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    });
    thread.join().unwrap()
}

/// The system calls themselves change one thread; the functions of the C library would change the whole process.
#[expect(unsafe_code, reason = "no safe function changes the user of a single thread")]
fn become_nobody() {
    let id = libc::c_long::from(NOBODY);
    // SAFETY: each of these takes numbers only, but for the null pointer of an empty list of groups.
    let done = unsafe {
        libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()) == 0
            && libc::syscall(libc::SYS_setresgid, id, id, id) == 0
            && libc::syscall(libc::SYS_setresuid, id, id, id) == 0
    };
    assert!(done, "{}", std::io::Error::last_os_error());
}

#[tokio::test]
async fn it_is_kept_with_the_rights_of_this_test() {
    let reached = nothing_leaks(LAUNCHER.as_ref()).await;
    assert!(reached.landlock_abi > 0 && reached.seccomp, "{reached}");
    assert_eq!(reached.read_only, reached.own_proc, "the mounts are one's own, or they are not");
}

#[test]
fn it_is_kept_with_the_namespaces_of_an_ordinary_user() {
    if !nix::unistd::geteuid().is_root() {
        // The test above was this one.
        return;
    }
    let (_public, launcher) = public_launcher();
    let reached = as_nobody(|| {}, async move { nothing_leaks(&launcher).await });
    assert!(reached.landlock_abi > 0 && reached.seccomp, "{reached}");
    assert_eq!(reached.read_only, reached.own_proc, "the mounts are one's own, or they are not");
    assert_eq!(reached.user_ns, reached.net_ns, "an ordinary user has namespaces through a user namespace only");
    let allowed = std::fs::read_to_string("/proc/sys/user/max_user_namespaces").is_ok_and(|most| most.trim() != "0");
    println!("user namespaces are allowed here: {allowed}");
}

#[test]
fn it_is_kept_without_any_namespace() {
    let reached = without(&[libc::SYS_unshare], async { nothing_leaks(LAUNCHER.as_ref()).await });
    assert!(
        !reached.net_ns
            && !reached.user_ns
            && !reached.pid_ns
            && !reached.read_only
            && reached.landlock_abi > 0
            && reached.seccomp,
        "{reached}"
    );
}
